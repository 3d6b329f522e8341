-- tree.lua: the only way to a root: each card works in a directory of its own.
--
--   workspace/EPIC/cards/CARD   a card's tree: its start, with what the card changed
--   workspace/EPIC/layers/CARD  the same over a large start: what it differs by (workspace/layers/upper.lua)
--   workspace/EPIC/tree         the epic's tree: its seed, with what finished cards changed
--
-- What a tree holds is said by the journal (file.written, file.deleted, tree.merged), not by the disk;
-- open() makes the directory equal to it. A manifest is a table path -> blob hash. A card changes its
-- own tree only; merge() carries its changes over, file by file, when the card is done. Its parts:
-- workspace/tree_files.lua, manifests; workspace/disk.lua, directories; workspace/places.lua, where they are;
-- workspace/merge/, merges; workspace/aside.lua, files of people; workspace/epic_tree.lua, an epic's tree
-- made anew.

local asides = require("orket.workspace.aside")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local layers = require("orket.workspace.layers.layers")
local tree_files = require("orket.workspace.tree_files")
local tree_head = require("orket.workspace.merge.tree_head")
local labels = require("orket.governance.labels")
local merging = require("orket.workspace.merge.merging")
local places = require("orket.workspace.places")
local sys = require("orket.core.sys")
local uppers = require("orket.workspace.layers.upper")

local M = {}

local Tree = {}
Tree.__index = Tree

-- directories kept open while their agents wait for a model
local OPEN_MAX = math.min(2000, sys.descriptors() // 4)
local RECENT_MAX = 16 * 1024 -- bytes of a tree's files that are not read back when it is merged

local function epic_of(card)
  return card.epic or card.id
end

-- ---- a card's tree ----

-- Answers the root, and whether its directory is a new one.
local function open_plain(self, again)
  local cards, err = places.kept(self.project, self.above)
  if not cards then
    return nil, err
  end
  local root, made, code, fix = cards:beneath(places.name(self.card), { create = true })
  if code == "ERR_NOT_FOUND" and not again then -- somebody removed the directory above
    places.forget(self.project, self.above)
    return open_plain(self, true)
  elseif not root then
    return errors.check(nil, made, code, fix)
  end
  return root, made
end

local function hold_root(self, root)
  self.root = root
  self.project.open_trees = (self.project.open_trees or 0) + 1
  return root
end

-- Its upper layer when its start is large. A tree that was begun as a plain directory stays one.
local function upper_of(self, start)
  local stack, err = layers.of(self.project, self.store, self.epic, self.seed, start, {
    made = self.made, executable = self.executable,
  })
  local plain = stack and self.project.root:kind(self.above .. "/" .. places.name(self.card)) == "directory"
  if not stack or plain then
    return stack and false, err
  end
  return uppers.of(self.project, self.epic, self.card, stack)
end

local function equal_options(self, more)
  more.made, more.executable = self.made, self.executable
  return more
end

local function open_layered(self, is_known)
  local ok, err = self.upper:make_equal(self.store, self.files, equal_options(self, {
    found = self.found, aside = asides.of(self.project, self.store, self.epic, self.card, is_known),
  }))
  local root
  if ok then
    root, err = self.upper:open()
  end
  return root and hold_root(self, root), err
end

local function open_directory(self, is_known)
  local root, new = open_plain(self)
  if not root then
    return nil, new
  end
  hold_root(self, root)
  return disk.materialise(self.store, root, self.files, equal_options(self, {
    new = new, found = self.found,
    aside = not new and asides.of(self.project, self.store, self.epic, self.card, is_known) or nil,
  }))
end

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
  self.upper, err = upper_of(self, found.start)
  if self.upper == nil then
    return nil, err
  end
  local ok
  ok, err = (self.upper and open_layered or open_directory)(self, is_known)
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

---Makes its directory what the journal says, whatever a program left there.
---@param store {blob: fun(self, name: string): string?, string?}|nil  default: the project's
---@return any|nil ok
---@return Error|nil
function Tree:restore(store)
  if not self.upper then
    return disk.materialise(store or self.store, self.root, self.files, equal_options(self, {}))
  end
  self.root:rest()
  local ok, err = self.upper:make_equal(store or self.store, self.files, equal_options(self, {}))
  if not ok then
    return nil, err
  end
  return self:wake()
end

---After a program worked in it: removes what no path names; then come touched(), and restore() or wake().
---@return string[]|nil removed at most 100 places
---@return integer|Error|nil count
function Tree:sweep()
  if self.upper then
    self.root:rest()
    return self.upper:sweep()
  end
  return errors.check(self.root:sweep())
end

---What a program may have changed: files that need not be what the journal says, and those of the journal
---that are gone.
---@return {entries: FsEntry[], missing: string[]}|nil
---@return Error|nil
function Tree:touched()
  if self.upper then
    return self.upper:touched(self.files, self.executable)
  end
  return disk.touched(self.root, self.files)
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
  local root, err = places.kept(self.project, path)
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

---Nothing will be read or written until wake(): with many trees open the directory is let go of, so that
---the number of agents that wait is not bounded by the number of files a process may open.
function Tree:rest()
  if self.project.open_trees > OPEN_MAX then
    self:close()
  end
end

---It is read and written again, after rest() or after a program.
---@return any root
---@return Error|nil
function Tree:wake()
  if self.root then
    local awake, err = errors.check(self.root:wake())
    return awake and self.root, err
  end
  local root, err
  if self.upper then
    root, err = self.upper:open()
  else
    root, err = open_plain(self)
  end
  return root and hold_root(self, root), not root and err or nil
end

function Tree:close()
  if self.root then
    self.root:close()
    self.root = nil
    self.project.open_trees = self.project.open_trees - 1
  end
end

Tree.__close = Tree.close

return M
