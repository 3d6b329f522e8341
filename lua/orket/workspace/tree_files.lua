-- tree_files.lua: manifests, as the journal tells them: of an epic's seed, of an epic, of a card.

local asides = require("orket.workspace.aside")
local async = require("orket.async")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local hold = require("orket.workspace.hold")
local epic_source = require("orket.repository.epic_source")
local labels = require("orket.governance.labels")
local manifest = require("orket.workspace.manifest")
local tables = require("orket.util.tables")
local merge = require("orket.core.merge")

local M = {}

local FILE_MAX = 64 * 1024 * 1024
local SEED_MAX = 256 * 1024 * 1024
local SEED_FILES = 32000 -- one transaction has all of them, each with its bytes and its event

-- ---- seeds ----

-- The files that lie in the epic's directory before anything was merged into it.
local function read_seed(root)
  local entries, more, code, fix = root:walk(".", disk.FILES_MAX)
  if not entries then
    return errors.check(nil, more, code, fix)
  elseif more then
    return nil, errors.new("ERR_TOO_LARGE", "the epic's directory has too many files to start from")
  end
  local texts, total = {}, 0
  for _, entry in ipairs(entries) do
    total = total + entry.size
    if total > SEED_MAX then
      return nil, errors.new("ERR_TOO_LARGE", "the epic's directory is too large to start from")
    elseif entry.type == "file" then
      local bytes, err = errors.check(root:read(entry.name, FILE_MAX))
      if not bytes then
        return nil, err
      end
      texts[entry.name] = bytes
    end
  end
  return texts
end

local function too_many(texts)
  local count = 0
  for _ in pairs(texts) do
    count = count + 1
  end
  return count > SEED_FILES and errors.new("ERR_TOO_LARGE",
    ("an epic starts from at most %d files, and there are %d"):format(SEED_FILES, count),
    'name the part that it works on: "subdir" in its "source"') or nil
end

local function begin(project)
  if not project.board then
    project:open_board("system")
  end
  return project.board:begin()
end

local function record_seed(project, tx, epic, texts)
  local outside, seed = labels.of_seed(project.config), "seed:" .. epic
  for _, path in ipairs(tables.keys(texts)) do
    tx:event("file.written", nil, { tree = seed, path = path, blob = tx:blob(texts[path]),
      labels = outside(path) })
  end
  tx:event("tree.opened", nil, { tree = epic, from = seed })
  return errors.check(async.await(tx.commit, tx))
end

-- What went from an epic's tree, and perhaps not yet from the disk.
local function remove_gone(store, epic, root, aside)
  for _, row in ipairs(store:read("tree_delta", { tree = epic })) do
    if not row.blob then
      local ok, err = disk.remove(root, row.path, aside)
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

---Whether an epic gets a directory of its files, in which a person finds them without a command. A large
---repository is not laid out once more: the journal has all of it.
---@param store table
---@param epic string
---@param seed table<string, string>|nil
---@return boolean
function M.has_directory(store, epic, seed)
  return seed and not manifest.is_large(seed) or #store:read("source", { tree = epic }) == 0
    or not manifest.is_large(seed or M.seed_of(store, epic))
end

---The same of one that may have a directory all the same, which is then kept up.
---@param project table
---@param store table
---@param epic string
---@param path string of the directory
---@param seed table<string, string>
---@return boolean
function M.are_laid_out(project, store, epic, path, seed)
  return M.has_directory(store, epic, seed) or project.root:kind(path) == "directory"
end

-- Brings the epic's directory back to the journal; what a person added to it stays there. What a person laid
-- into it before the first run is theirs to change; the files of a commit are not.
local function catch_up(project, store, epic, path, seed)
  if not M.are_laid_out(project, store, epic, path, seed) then
    return true
  end
  local root <close>, why, code, fix = project.root:beneath(path, { create = true })
  if not root then
    return errors.check(nil, why, code, fix)
  end
  local aside = asides.of(project, store, epic)
  local ok, err = remove_gone(store, epic, root, aside)
  if not ok then
    return asides.finish(aside, nil, err)
  end
  local imported = #store:read("source", { tree = epic }) > 0
  local files = M.over(store, epic, imported and seed or {})
  return disk.materialise(store, root, files, {
    keep = true, aside = aside, executable = M.executable(store, epic),
  })
end

-- What lies in the epic's directory, if anything does.
local function seed_of_directory(project, epic, root)
  local texts, err = read_seed(root)
  err = texts and too_many(texts) or err
  if not err and next(texts) then
    return record_seed(project, begin(project), epic, texts)
  end
  return not err and texts or nil, err
end

-- The files of a commit.
local function seed_of_source(project, epic, root, source)
  local there, err = read_seed(root)
  if there and next(there) then
    err = errors.new("ERR_CONFIG", "the epic has a source, and files in its directory: " .. next(there),
      "move them away: an epic starts from one of both")
  end
  local tree
  if not err then
    tree, err = epic_source.read(project, source, root)
    err = tree and too_many(tree.texts) or err
  end
  if err then
    return nil, err
  end
  local tx = begin(project)
  epic_source.record(tx, epic, source, tree)
  return record_seed(project, tx, epic, tree.texts)
end

local function new_seed(project, store, epic, path)
  local source = epic_source.of(project, store, epic)
  local root <close>, why, code, fix = project.root:beneath(path, { create = source ~= nil })
  if not root and code == "ERR_NOT_FOUND" then
    return true
  elseif not root then
    return errors.check(nil, why, code, fix)
  elseif not source then
    return seed_of_directory(project, epic, root)
  end
  local ok, err = seed_of_source(project, epic, root, source)
  project.root:delete(path) -- it is empty
  return ok, err
end

-- Its first merge may never have been published.
local function load_seed(project, store, epic, path)
  local known = store:read("tree", { tree = epic })[1]
  local ok, err = true, nil
  if not known then
    ok, err = new_seed(project, store, epic, path)
  end
  if not ok then
    return nil, err
  end
  local seed, marks = M.seed_of(store, epic)
  if known or #store:read("source", { tree = epic }) > 0 then
    ok, err = catch_up(project, store, epic, path, seed)
  end
  return ok and { files = seed, labels = marks }, err
end

---The files that may be executed, of the commit that was read last for an epic.
---@param store Store
---@param epic string
---@return string[] paths
function M.executable(store, epic)
  local sources = store:read("source", { tree = epic })
  return #sources > 0 and sources[#sources].executable or {}
end

---The links of the commit that was read last for an epic.
---@param store Store
---@param epic string
---@param seq integer|nil without what was merged into it since this event
---@return TreeLinks
function M.links(store, epic, seq)
  local sources, links = store:read("source", { tree = epic }), {}
  while #sources > 1 and seq and sources[#sources].seq > seq do
    table.remove(sources)
  end
  for _, link in ipairs(#sources > 0 and sources[#sources].links or {}) do
    links[link.path] = link.to
  end
  return links
end

---The manifest every card of the epic starts from; recorded when the epic is new. Done once per process:
---then the epic's directory is also brought back to the journal.
---@param project table
---@param store table
---@param epic string
---@param path string of the epic's directory
---@return table<string, string>|nil
---@return Error|nil
function M.seed(project, store, epic, path)
  project.seeds = project.seeds
    or { holds = hold.new(), of = {}, labels = {}, executable = {}, links = {} }
  local seeds = project.seeds
  if seeds.of[epic] then
    return seeds.of[epic]
  end
  local held <close>, err = hold.take(seeds.holds, epic)
  if held and not seeds.of[epic] then
    local loaded, why = load_seed(project, store, epic, path)
    if not loaded then
      return nil, why
    end
    seeds.of[epic], seeds.labels[epic] = loaded.files, loaded.labels
    seeds.executable[epic], seeds.links[epic] = M.executable(store, epic), M.links(store, epic)
  end
  return held and seeds.of[epic], err
end

---The next use reads it again.
---@param project table
---@param epic string
function M.forget_seed(project, epic)
  if project.seeds then
    for _, known in ipairs({ "of", "labels", "executable", "links" }) do
      project.seeds[known][epic] = nil
    end
  end
end

-- ---- manifests ----

---The files of an epic's tree now.
---@param store table
---@param epic string
---@return table<string, string>
function M.snapshot(store, epic)
  local files = {}
  for _, row in ipairs(store:read("tree_files", { tree = epic })) do
    files[row.path] = row.blob
  end
  return files
end

---A manifest's hash.
---@param files table<string, string>
---@return string
function M.hash(files)
  local parts, n = {}, 0
  for _, path in ipairs(manifest.paths(files)) do
    parts[n + 1], parts[n + 2], n = path, files[path], n + 2
  end
  return hash.parts(parts)
end

---A person answers for a file of the epic's tree.
---@param project table
---@param epic string
---@param path string
function M.trust(project, epic, path)
  local seeds, head = project.seeds, (project.heads or {})[epic]
  if seeds and seeds.labels[epic] then -- turns under way keep those that they began with
    seeds.labels[epic] = manifest.over(seeds.labels[epic])
    seeds.labels[epic][path] = nil
  end
  if head then
    head.labels[path] = nil
  end
end

-- A tree's own rows over what it lies on.
local function add_rows(store, tree, files, marks)
  for _, row in ipairs(store:read("tree_delta", { tree = tree })) do
    files[row.path], marks[row.path] = row.blob, row.labels
  end
  return files, marks
end

---A manifest with a tree's own rows over it.
---@param store table
---@param tree string
---@param below table<string, string> stays as it is
---@param below_labels table<string, string[]>|nil  of the files of below
---@return table<string, string> manifest
---@return table<string, string[]> labels of its files, by path
function M.over(store, tree, below, below_labels)
  return add_rows(store, tree, manifest.over(below), manifest.over(below_labels))
end

---The seed of an epic as it was after a commit.
---@param store table
---@param epic string no fork
---@param seq integer
---@return table<string, string> manifest
---@return table<string, string[]> labels
function M.seed_at(store, epic, seq)
  local files, marks = {}, {}
  for _, row in ipairs(store:read("tree_files", { tree = "seed:" .. epic, seq = seq })) do
    files[row.path], marks[row.path] = row.blob, row.labels
  end
  return files, marks
end

---The recorded seed of an epic; a fork's is that of what it was forked from, as it was then.
---@param store table
---@param epic string
---@return table<string, string> manifest
---@return table<string, string[]> labels
function M.seed_of(store, epic)
  local lineage = store:read("lineage", { card = epic })
  local first = lineage[#lineage]
  if first then
    return M.seed_at(store, first.source, first.upto)
  end
  return add_rows(store, "seed:" .. epic, {}, {})
end

-- Two dependencies changed one file: the changes of both, and of the later one where they meet (it was
-- merged after the other, so its card has seen and settled what met).
local function both(store, row, now, made)
  if not row.blob or not now then
    return row.blob
  end
  local texts = {}
  for i, blob in ipairs({ row.base or false, now, row.blob }) do
    local bytes, err = disk.bytes(store, blob or nil, made)
    if not bytes then
      return nil, err
    end
    texts[i] = bytes
  end
  local merged = merge.favor(texts[1], texts[2], texts[3])
  local blob = hash.of(merged)
  made[blob] = merged
  return blob
end

-- One change of a card that is depended on. What two made carries the labels of both.
local function fold(store, files, row, made, marks)
  local now = files[row.path]
  if now == row.base then
    files[row.path], marks[row.path] = row.blob, row.labels
    return true
  elseif now == row.blob then
    marks[row.path] = labels.union(marks[row.path], row.labels)
    return true
  end
  local blob, err = both(store, row, now, made)
  files[row.path] = blob
  marks[row.path] = blob and labels.union(marks[row.path], row.labels)
  return not err, err
end

-- What an epic's finished cards change: its seed, or what its source held when it was forked.
local function ground_of(store, epic)
  local source = store:read("lineage", { card = epic })[1]
  if not source then
    return add_rows(store, "seed:" .. epic, {}, {})
  end
  local files, marks = {}, {}
  for _, row in ipairs(store:read("tree_files", { tree = source.source, seq = source.upto })) do
    files[row.path], marks[row.path] = row.blob, row.labels
  end
  return files, marks
end

---An epic's manifest as its finished cards make it, but for some of them.
---@param store table
---@param epic string
---@param without table<string, any> by card
---@return {files: table<string, string>, made: table<string, string>, labels: table<string, string[]>}|nil
---  made: bytes of files that no blob holds
---@return Error|nil
function M.of_epic(store, epic, without)
  local files, marks = ground_of(store, epic)
  local made = {}
  for _, row in ipairs(store:read("tree_done", { epic = epic })) do
    if not without[row.card] then
      local ok, err = fold(store, files, row, made, marks)
      if not ok then
        return nil, err
      end
    end
  end
  return { files = files, made = made, labels = marks }
end

---@class CardFiles
---@field files table<string, string> the manifest (workspace/manifest.lua), over the seed
---@field start table<string, string|false> what of it differs from the seed before its own changes
---@field changes table<string, {blob: string|nil, base: string|nil}> its own, by path
---@field made table<string, string> bytes of files that no blob holds
---@field labels table<string, string[]>

---A card's manifest: the seed and the changes of all it depends on, also indirectly, then its own. Cards it
---does not depend on leave no trace, whenever they finished.
---@param store table
---@param card string
---@param seed table<string, string>
---@param seed_labels table<string, string[]>|nil
---@return CardFiles|nil
---@return Error|nil
function M.of_card(store, card, seed, seed_labels)
  local files, marks = manifest.over(seed), manifest.over(seed_labels)
  local found = { files = files, start = {}, changes = {}, made = {}, labels = marks }
  for _, row in ipairs(store:read("tree_card", { card = card })) do -- its own come last
    if row.own == 1 then
      files[row.path], marks[row.path] = row.blob, row.labels
      found.changes[row.path] = { blob = row.blob, base = row.base }
    else
      local ok, err = fold(store, files, row, found.made, marks)
      if not ok then
        return nil, err
      end
      found.start[row.path] = files[row.path] or false
    end
  end
  return found
end

return M
