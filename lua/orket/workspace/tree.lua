-- tree.lua: the only way to a root: each card works in a directory of its own.
--
--   workspace/EPIC/cards/CARD   a card's tree: its start, with what the card changed
--   workspace/EPIC/layers/CARD  the same over a large start: what it differs by (workspace/layers/upper.lua)
--   workspace/EPIC/tree         the epic's tree: its seed, with what finished cards changed
--
-- What a tree holds is said by the journal (file.written, file.deleted, tree.merged), not by the disk;
-- open() makes the directory equal to it. A manifest is a table path -> blob hash. A card changes its
-- own tree only; merge() carries its changes over, file by file, when the card is done. Its parts:
-- workspace/tree_files.lua, manifests; workspace/tree_root.lua, a card's directory; workspace/disk.lua,
-- directories; workspace/places.lua, where they are; workspace/merge/, merges; workspace/aside.lua, files of
-- people; workspace/epic_tree.lua, an epic's tree made anew.

local asides = require("orket.workspace.aside")
local disk = require("orket.workspace.disk")
local layers = require("orket.workspace.layers.layers")
local tree_files = require("orket.workspace.tree_files")
local tree_head = require("orket.workspace.merge.tree_head")
local tree_root = require("orket.workspace.tree_root")
local labels = require("orket.governance.labels")
local merging = require("orket.workspace.merge.merging")
local places = require("orket.workspace.places")

local M = {}

local Tree = {}
Tree.__index = Tree

local RECENT_MAX = 16 * 1024 -- bytes of a tree's files that are not read back when it is merged

local function epic_of(card)
  return card.epic or card.id
end

-- ---- a card's tree ----

---Opens the tree of a card: the directory is made equal to what the journal says.
---@param project table opened as owner
---@param store table
---@param card {id: string, epic: string|nil}
---@param look boolean|nil  notes in `found` what was there instead (hash, or false for nothing)
---@param is_known (fun(path: string, hash: string|nil): boolean)|nil of a file that need not be kept aside
---@return table|nil tree {root, files = manifest, changes, found, ...}
---@return Error|nil
function M.open(project, store, card, look, is_known)
  local epic = epic_of(card)
  local seed, err = tree_files.seed(project, store, epic, places.epic(epic))
  if not seed then
    return nil, err
  end
  local self = setmetatable({
    project = project, store = store, card = card.id, epic = epic, seed = seed, recent = {},
    recent_left = RECENT_MAX, found = look and {} or nil,
  }, Tree)
  self.seed_labels = project.seeds.labels[epic]
  local found
  found, err = tree_files.of_card(store, card.id, seed, self.seed_labels)
  if not found then
    return nil, err
  end
  self.files, self.changes, self.made, self.labels = found.files, found.changes, found.made, found.labels
  self.above, self.executable = places.cards(epic), project.seeds.executable[epic] or {}
  self.links = project.seeds.links[epic] or {}
  local ok
  ok, err = tree_root.open(self, found.start, is_known)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

---The hash of what the tree holds: paths and bytes, nothing else.
---@return string
function Tree:hash()
  return tree_files.hash(self.files)
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

-- The merge, and the head that it stands against.
local function meet(self)
  local head = tree_head.of(self.project, self.store, self.epic, self.seed, self.seed_labels)
  local merged, err = merging.merge(self, head)
  return merged and { merged = merged, head = head }, err
end

---Carries the card's changes into the epic's tree, as events of tx, which has to be committed next; then
---comes publish(), or undo() when the commit failed. With conflicts nothing is carried over: they stand
---between markers in the card's own files, for the card to repair, and the next merge takes what it made
---of them.
---@param tx table
---@return {conflicts: string[]|nil, changes: table[]}|nil
---@return Error|nil
function Tree:merge(tx)
  local met, err = tree_head.settled(self.project, function() return meet(self) end)
  if not met then
    return nil, err
  elseif #met.merged.conflicts > 0 then
    return merging.hand_back(self, met.merged, tx)
  end
  self.merged = met.merged
  merging.record(self, met.head, met.merged, tx)
  return { changes = met.merged.changes }
end

-- What lies there instead of what the merge stands against was put there by a person.
local function publish_one(self, root, change, aside)
  local bytes, err = merging.bytes(self, change)
  local there
  if aside and not err then
    there, err = asides.look(aside, root, change.path)
  end
  local ok = not err
  if there and there ~= change.base then
    ok, err = asides.keep(aside, root, change.path, there)
  end
  if ok then
    ok, err = disk.put(root, change.path, bytes, aside)
  end
  return ok, err
end

-- What was merged is in the journal: nobody needs its bytes from here.
local function published(self)
  local head = tree_head.of(self.project, self.store, self.epic, self.seed, self.seed_labels)
  for _, change in ipairs(self.merged.changes) do
    head.bytes[change.blob or ""] = nil
  end
  self.merged = nil
  return true
end

local function publish(self, root, aside)
  for _, change in ipairs(self.merged.changes) do
    local ok, err = publish_one(self, root, change, aside)
    if not ok then
      return nil, err
    end
  end
  return published(self)
end

---Writes the merged files into the epic's directory, after their commit. A directory that falls behind
---is brought back when the project is opened again.
---@return boolean|nil ok
---@return Error|nil
function Tree:publish()
  if not self.merged then
    return true
  end
  local path = places.epic(self.epic)
  if not tree_files.are_laid_out(self.project, self.store, self.epic, path, self.seed) then
    return published(self)
  end
  local root, err = places.cached_root(self.project, path)
  if not root then
    return nil, err
  end
  local aside = asides.of(self.project, self.store, self.epic)
  local ok
  ok, err = asides.finish(aside, publish(self, root, aside))
  if not ok then
    err.class = "environment" -- the merge is recorded: it is the directory that fails, and no work
  end
  return ok, err
end

---Records what a new epic starts from, a repository or the files of its directory: before its first card,
---which is reported of them, and because no card can fix what is wrong with them.
---@param project table opened as owner
---@param store table
---@param epic string
---@return any|nil ok
---@return Error|nil
function M.begin(project, store, epic)
  if #store:read("tree", { tree = epic }) > 0 then
    return true
  end
  return tree_files.seed(project, store, epic, places.epic(epic))
end

---Brings the directory of an epic whose merges an earlier process made back to the journal: that one may have
---been killed before the last of them was published, and there need not be a card left whose tree would be
---opened.
---@param project table opened as owner
---@param store table
---@param epic string
---@return any|nil ok
---@return Error|nil
function M.catch_up(project, store, epic)
  if #store:read("tree", { tree = epic }) == 0 then
    return true
  end
  return tree_files.seed(project, store, epic, places.epic(epic))
end

---Lets go of what this process holds for an epic: two descriptors, its manifests and its merged state. The
---next use reads them again.
---@param project table
---@param epic string
function M.release(project, epic)
  places.forget(project, places.epic(epic))
  places.forget(project, places.cards(epic))
  tree_files.forget_seed(project, epic)
  layers.forget(project, epic)
  tree_head.forget(project, epic)
end

---The commit of a merge failed: it did not happen.
function Tree:undo()
  if self.merged then
    tree_head.forget(self.project, self.epic)
    self.merged = nil
  end
end

for _, name in ipairs({ "restore", "sweep", "touched", "rest", "wake", "close" }) do
  Tree[name] = tree_root[name]
end

Tree.__close = Tree.close

return M
