-- tree.lua: the only way to a root: each card works in a directory of its own.
--
--   workspace/EPIC/cards/CARD   a card's tree: its start, with what the card changed
--   workspace/EPIC/tree         the epic's tree: its seed, with what finished cards changed
--
-- What a tree holds is said by the journal (file.written, file.deleted, tree.merged), not by the disk;
-- open() makes the directory equal to it. A manifest is a table path -> blob hash. A card changes its
-- own tree only; merge() carries its changes over, file by file, when the card is done.

local async = require("orket.async")
local cjson = require("cjson")
local disk = require("orket.tree.disk")
local errors = require("orket.errors")
local files = require("orket.tree.files")
local hash = require("orket.core.hash")
local heads = require("orket.tree.head")
local labels = require("orket.labels")
local list = require("orket.list")
local merging = require("orket.tree.merging")

local M = {}

local Tree = {}
Tree.__index = Tree

local OPEN_MAX = 2000 -- directories kept open while their agents wait for a model
local RECENT_MAX = 16 * 1024 -- bytes of a tree's files that are not read back when it is merged

---A directory name for an id: ids are free text, names are not.
---@param id string
---@return string
function M.name(id)
  if id:find("^[%w_-][%w._-]*$") then -- nearly every one is a name already
    return id
  end
  local name = id:gsub("[^%w._-]", function(c)
    return string.format("%%%02x", c:byte())
  end)
  return (name:gsub("^%.", "%%2e"))
end

local function epic_of(card)
  return card.epic or card.id
end

---Where the epic's tree is, below the project.
---@param epic string
---@return string
function M.epic_path(epic)
  return "workspace/" .. M.name(epic) .. "/tree"
end

---Where the trees of an epic's cards are, below the project.
---@param epic string
---@return string
function M.cards_path(epic)
  return "workspace/" .. M.name(epic) .. "/cards"
end

-- A directory of the epics that is used over and over: one descriptor per process.
local function kept_root(project, path)
  project.kept_roots = project.kept_roots or {}
  local root, err = project.kept_roots[path], nil
  if not root then
    root, err = errors.check(project.root:beneath(path, { create = true }))
    project.kept_roots[path] = root
  end
  return root, err
end

-- ---- a card's tree ----

-- Answers the root, and whether its directory is a new one.
local function open_root(self, again)
  local cards, err = kept_root(self.project, self.above)
  if not cards then
    return nil, err
  end
  local root, made, code = cards:beneath(M.name(self.card), { create = true })
  if code == "ERR_NOT_FOUND" and not again then -- somebody removed the directory above
    self.project.kept_roots[self.above] = nil
    return open_root(self, true)
  elseif not root then
    return errors.check(nil, made, code)
  end
  self.root = root
  self.project.open_trees = (self.project.open_trees or 0) + 1
  return root, made
end

---Opens the tree of a card: the directory is made equal to what the journal says.
---@param project table opened as owner
---@param store table
---@param card {id: string, epic: string|nil}
---@param look boolean|nil  notes in `found` what was there instead (hash, or false for nothing)
---@return table|nil tree {root, files = manifest, changes, found, ...}
---@return Error|nil
function M.open(project, store, card, look)
  local epic = epic_of(card)
  local seed, err = files.seed(project, store, epic, M.epic_path(epic))
  if not seed then
    return nil, err
  end
  local self = setmetatable({
    project = project, store = store, card = card.id, epic = epic, seed = seed, recent = {}, recent_left = RECENT_MAX,
    found = look and {} or nil,
  }, Tree)
  self.seed_labels = project.seeds.labels[epic]
  self.files, self.changes, self.made, self.labels = files.of_card(store, card.id, seed, self.seed_labels)
  if not self.files then
    return nil, self.changes
  end
  self.above = M.cards_path(epic)
  local root, new = open_root(self)
  if not root then
    return nil, new
  end
  local ok
  ok, err = disk.materialise(store, root, self.files, { made = self.made, new = new, found = self.found })
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

---The hash of what the tree holds: paths and bytes, nothing else.
---@return string
function Tree:hash()
  return M.hash(self.files)
end

---A manifest's hash.
---@param manifest table<string, string>
---@return string
function M.hash(manifest)
  local parts = {}
  for _, path in ipairs(list.keys(manifest)) do
    parts[#parts + 1] = path
    parts[#parts + 1] = manifest[path]
  end
  return hash.parts(parts)
end

---The bytes of a blob that the card just wrote, in case its merge wants them soon. Few are kept.
---@param blob string
---@param bytes string
function Tree:remember(blob, bytes)
  if #bytes <= self.recent_left and not self.recent[blob] then
    self.recent[blob] = bytes
    self.recent_left = self.recent_left - #bytes
  end
end

---Records that the card wrote (blob) or deleted (nil) a file that is on the disk already.
---@param tx table
---@param path string
---@param blob string|nil
---@param marks string[]|nil labels of what was written
---@param options {step: integer?, size: integer?}?  size: bytes that count
function Tree:changed(tx, path, blob, marks, options)
  local before = self.changes[path]
  local base
  if before then
    base = before.base
  else
    base = self.files[path]
  end
  self:record(tx, path, blob, base, marks, options)
end

---The labels of all that it holds: a program may read any file.
---@return string[]|nil
function Tree:all_labels()
  return labels.all(self.labels)
end

---Records a change together with what it stands against when it is merged.
function Tree:record(tx, path, blob, base, marks, options)
  if self.made[base] then -- merged from what it depends on, and in no journal yet
    tx:blob(self.made[base])
  end
  self.files[path], self.labels[path] = blob, blob and marks
  self.changes[path] = { blob = blob, base = base }
  local size = options and options.size
  tx:event(blob and "file.written" or "file.deleted", self.card, {
    path = path, blob = blob, base = base, labels = self.labels[path], size = size,
  }, size and { step = options.step } or options)
end

-- The bytes of a merge that is still being committed cannot be read yet: an empty commit comes after it.
local function merge(self)
  local head = heads.of(self.project, self.store, self.epic, self.seed, self.seed_labels)
  local merged, err = merging.merge(self, head)
  if merged or err.code ~= "ERR_NOT_FOUND" then
    return merged, err, head
  end
  local tx = self.project.board:begin()
  local ok
  ok, err = errors.check(async.await(tx.commit, tx))
  if not ok then
    return nil, err
  end
  head = heads.of(self.project, self.store, self.epic, self.seed, self.seed_labels)
  merged, err = merging.merge(self, head)
  return merged, err, head
end

---Carries the card's changes into the epic's tree, as events of tx, which has to be committed next; then
---comes publish(), or undo() when the commit failed. With conflicts nothing is carried over: they stand
---between markers in the card's own files, for the card to repair, and the next merge takes what it made
---of them.
---@param tx table
---@return {conflicts: string[]|nil, changes: table[]}|nil
---@return Error|nil
function Tree:merge(tx)
  local merged, err, head = merge(self)
  if not merged then
    return nil, err
  elseif #merged.conflicts > 0 then
    return merging.hand_back(self, merged, tx)
  end
  self.merged = merged
  merging.record(self, head, merged, tx)
  return { changes = merged.changes }
end

---Writes the merged files into the epic's directory, after their commit. A directory that falls behind
---is brought back when the project is opened again.
---@return boolean|nil ok
---@return Error|nil
function Tree:publish()
  if not self.merged then
    return true
  end
  local root, err = kept_root(self.project, M.epic_path(self.epic))
  if not root then
    return nil, err
  end
  local head = heads.of(self.project, self.store, self.epic, self.seed, self.seed_labels)
  for _, change in ipairs(self.merged.changes) do
    local bytes, ok
    bytes, err = merging.bytes(self, change)
    ok = not err
    if ok then
      ok, err = disk.put(root, change.path, bytes)
    end
    if not ok then
      return nil, err
    end
    head.bytes[change.blob or ""] = nil
  end
  self.merged = nil
  return true
end

---Brings the directory of an epic whose merges an earlier process made back to the journal: that one may have been
---killed before the last of them was published, and there need not be a card left whose tree would be opened.
---@param project table opened as owner
---@param store table
---@param epic string
---@return any|nil ok
---@return Error|nil
function M.catch_up(project, store, epic)
  if #store:read("tree", { tree = epic }) == 0 then
    return true
  end
  return files.seed(project, store, epic, M.epic_path(epic))
end

---The commit of a merge failed: it did not happen.
function Tree:undo()
  if self.merged then
    heads.forget(self.project, self.epic)
    self.merged = nil
  end
end

---Nothing will be read or written until wake(): with many trees open the directory is let go of, so that
---the number of agents that wait is not bounded by the number of files a process may open.
function Tree:rest()
  if self.project.open_trees > OPEN_MAX then
    self:close()
  end
end

---@return any root
---@return Error|nil
function Tree:wake()
  if self.root then
    return self.root
  end
  return open_root(self)
end

function Tree:close()
  if self.root then
    self.root:close()
    self.root = nil
    self.project.open_trees = self.project.open_trees - 1
  end
end

Tree.__close = Tree.close

-- The epic's directory, with all that its tree holds.
local function lay_out_epic(project, store, epic, seed)
  local manifest = (files.over(store, epic, seed))
  local root, err = kept_root(project, M.epic_path(epic))
  if not root then
    return nil, err
  end
  return disk.materialise(store, root, manifest)
end

---Makes the directories of a fork: its epic's, and those of the cards that have changed something.
---@param project table opened as owner
---@param store table
---@param epic string
---@param cards {id: string}[]
---@return boolean|nil ok
---@return Error|nil
function M.lay_out(project, store, epic, cards)
  local seed, err = files.seed(project, store, epic, M.epic_path(epic))
  if not seed then
    return nil, err
  end
  local ok
  ok, err = lay_out_epic(project, store, epic, seed)
  for _, card in ipairs(ok and cards or {}) do
    if #store:read("tree_delta", { tree = card.id }) > 0 then
      local tree <close>, why = M.open(project, store, { id = card.id, epic = epic })
      if not tree then
        return nil, why
      end
    end
  end
  return ok, err
end

-- What the epic's tree holds over its seed, and that what it held before is gone.
local function changes_of(was, is, seed, tx, made, marks)
  local paths, changes = {}, setmetatable({}, cjson.array_mt)
  for _, manifest in ipairs({ was, is, seed }) do
    for path in pairs(manifest) do
      paths[path] = true
    end
  end
  for _, path in ipairs(list.keys(paths)) do
    if is[path] ~= seed[path] or was[path] ~= is[path] then
      changes[#changes + 1] = { path = path, blob = is[path], base = seed[path], labels = marks[path] }
      if made[is[path]] then
        tx:blob(made[is[path]])
      end
    end
  end
  return changes
end

---Takes what some finished cards brought out of the epic's tree, as events of tx: it is made anew from its seed and
---the other finished cards. Its directory follows when it is opened.
---@param project table
---@param store table
---@param epic string
---@param without table<string, any> by card
---@param tx StoreTx
---@return true|nil ok
---@return Error|nil
function M.take_out(project, store, epic, without, tx)
  local forked = #store:read("lineage", { card = epic }) > 0
  local seed = forked and {} or files.seed_of(store, epic) -- a fork's tree no longer lies over its source's
  local is, made, marks = files.of_epic(store, epic, without)
  if not is then
    return nil, made
  end
  local changes = changes_of(M.snapshot(store, epic), is, seed, tx, made, marks)
  local parts = {}
  for _, change in ipairs(changes) do
    parts[#parts + 1] = change.path
    parts[#parts + 1] = change.blob or ""
  end
  tx:event("tree.opened", nil, { tree = epic, from = next(seed) and "seed:" .. epic or nil })
  tx:event("tree.merged", nil, { into = epic, hash = hash.parts(parts), changes = changes })
  if project.heads then
    heads.forget(project, epic)
  end
  return true
end

---The manifest of an epic's tree.
---@param store table
---@param epic string
---@return table<string, string>
function M.snapshot(store, epic)
  return files.snapshot(store, epic)
end

---A person answers for a file of an epic's tree: what is known of it here has to follow.
M.trust = files.trust

---Makes the directory of a root equal to a manifest.
M.materialise = disk.materialise

return M
