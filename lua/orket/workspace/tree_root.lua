-- tree_root.lua: the directory in which a card works: a plain one (workspace/disk.lua), or what it has over
-- layers (workspace/layers/upper.lua). It is found or made, made equal to the journal, looked at after a
-- program, and let go of. Of the tree (workspace/tree.lua) these are fields:
--
--   root     of all its files; nil when it was let go of
--   upper    what it has over layers; false: a plain directory

local asides = require("orket.workspace.aside")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local layers = require("orket.workspace.layers.layers")
local places = require("orket.workspace.places")
local sys = require("orket.core.sys")
local uppers = require("orket.workspace.layers.upper")

local M = {}

-- directories kept open while their agents wait for a model
local OPEN_MAX = math.min(2000, sys.descriptors() // 4)

-- Answers the root, and whether its directory is a new one.
local function open_plain(self, again)
  local cards, err = places.cached_root(self.project, self.above)
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

---Opens the directory and makes it equal to what the journal says.
---@param self table a tree with all but root and upper
---@param start table<string, string|false> what its start differs by from the seed
---@param is_known (fun(path: string, hash: string|nil): boolean)|nil of a file that need not be kept aside
---@return any|nil ok
---@return Error|nil
function M.open(self, start, is_known)
  local err
  self.upper, err = upper_of(self, start)
  if self.upper == nil then
    return nil, err
  end
  return (self.upper and open_layered or open_directory)(self, is_known)
end

---Makes its directory what the journal says, whatever a program left there.
---@param self table
---@param store {blob: fun(self, name: string): string?, string?}|nil  default: the project's
---@return any|nil ok
---@return Error|nil
function M.restore(self, store)
  if not self.upper then
    return disk.materialise(store or self.store, self.root, self.files, equal_options(self, {}))
  end
  self.root:rest()
  local ok, err = self.upper:make_equal(store or self.store, self.files, equal_options(self, {}))
  if not ok then
    return nil, err
  end
  return M.wake(self)
end

---After a program worked in it: removes what no path names; then come touched(), and restore() or wake().
---@param self table
---@return string[]|nil removed at most 100 places
---@return integer|Error|nil count
function M.sweep(self)
  if self.upper then
    self.root:rest()
    return self.upper:sweep()
  end
  return errors.check(self.root:sweep())
end

---What a program may have changed: files that need not be what the journal says, and those of the journal
---that are gone.
---@param self table
---@return {entries: FsEntry[], missing: string[]}|nil
---@return Error|nil
function M.touched(self)
  if self.upper then
    return self.upper:touched(self.files, self.executable)
  end
  return disk.touched(self.root, self.files)
end

---Nothing will be read or written until wake(): with many trees open the directory is let go of, so that
---the number of agents that wait is not bounded by the number of files a process may open.
---@param self table
function M.rest(self)
  if self.project.open_trees > OPEN_MAX then
    M.close(self)
  end
end

---It is read and written again, after rest() or after a program.
---@param self table
---@return any root
---@return Error|nil
function M.wake(self)
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

---Lets go of it; idempotent.
---@param self table
function M.close(self)
  if self.root then
    self.root:close()
    self.root = nil
    self.project.open_trees = self.project.open_trees - 1
  end
end

return M
