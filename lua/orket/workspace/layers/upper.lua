-- upper.lua: what one card has over its read-only layers (workspace/layers/layers.lua):
--
--   workspace/EPIC/layers/CARD/changes   files that are new or other than below, whiteouts for what is gone
--   workspace/EPIC/layers/CARD/work      the kernel's own
--
-- The kernel shows all of it as one directory, the root of the card's tree. What a program changed is looked
-- for here only, and here it is taken back: both cost by what was changed, not by how large the tree is.
-- While one looks or takes back, the root rests.

local asides = require("orket.workspace.aside")
local async = require("orket.async")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local layers = require("orket.workspace.layers.layers")
local manifest = require("orket.workspace.manifest")
local places = require("orket.workspace.places")
local tables = require("orket.util.tables")

local M = {}

---@class Upper
---@field project table
---@field home string beneath the project
---@field place string where programs find the tree, beneath the project
---@field stack Layers
local Upper = {}
Upper.__index = Upper

local SLICE = 100 -- files between two looks at the loop

---What a card has over its layers. Nothing is made yet.
---@param project table
---@param epic string
---@param card string
---@param stack Layers
---@return Upper
function M.of(project, epic, card, stack)
  local name = places.name(card)
  return setmetatable({ project = project, home = places.layers(epic) .. "/" .. name,
    place = places.cards(epic) .. "/" .. name, stack = stack }, Upper)
end

local function changes_of(self)
  return errors.check(self.project.root:beneath(self.home .. "/changes", { create = true }))
end

---The root that shows the whole.
---@return FsRoot|nil
---@return Error|nil
function Upper:open()
  local work <close>, err = errors.check(self.project.root:beneath(self.home .. "/work", { create = true }))
  local changes <close> = work and changes_of(self)
  if not changes then
    return nil, err
  end
  return errors.check(self.project.root:union({ home = self.home, below = layers.directories(self.stack),
    place = self.place }))
end

-- What a tree has otherwise than its layers: {path = blob, or false for what is gone}.
local function difference(stack, files)
  local found = {}
  for _, paths in ipairs({ manifest.own(files), stack.over }) do
    for path in pairs(paths) do
      local blob = files[path]
      if blob ~= layers.blob(stack, path) then
        found[path] = blob or false
      end
    end
  end
  return found
end

-- ---- made equal ----

-- With the directories above it that are empty then: what the layers below have of them is seen again.
local function remove(changes, path)
  local ok, err = errors.check(changes:remove(path))
  local above = ok and path:match("^(.*)/[^/]*$")
  while above and changes:delete(above) do
    above = above:match("^(.*)/[^/]*$")
  end
  return ok, err
end

-- A file that is not what it should be goes; a person's is kept aside. Answers whether it stays.
local function sift_file(store, changes, path, want, options)
  local there, err = disk.look(options, changes, path)
  if err then
    return nil, err
  elseif there and there == want then
    return true
  end
  disk.note(options, path, there)
  local bytes, ok = nil, true
  if want and there and options.aside then
    bytes, err = disk.bytes(store, want, options.made)
    ok = bytes
  end
  if ok and there and options.aside then
    ok, err = asides.keep(options.aside, changes, path, there, bytes)
  end
  if ok then
    ok, err = remove(changes, path)
  end
  return ok and false, err
end

local function sift_entry(store, changes, entry, want, options)
  if entry.type == "file" then
    return sift_file(store, changes, entry.name, want, options)
  elseif entry.type == "whiteout" and want == false then
    return true
  end
  local ok, err
  if entry.type == "directory" then -- it shows nothing of what lies below
    ok, err = errors.check(changes:show(entry.name))
  else
    disk.note(options, entry.name, nil)
    ok, err = remove(changes, entry.name)
  end
  return ok and false, err
end

-- Removes all that is not as it should be; answers what is.
local function sift(store, changes, wanted, options)
  local entries, more = errors.check(changes:changes())
  if not entries then
    return nil, more
  end
  local present, removed = {}, 0
  for i, entry in ipairs(entries) do
    local stays, err = sift_entry(store, changes, entry, wanted[entry.name], options)
    if stays ~= nil and i % SLICE == 0 then
      local _, stopped = async.sleep(0)
      err = stopped
    end
    if err then
      return nil, err
    end
    present[entry.name] = stays or nil
    removed = removed + (stays and 0 or 1)
  end
  if more and removed > 0 then
    return sift(store, changes, wanted, options)
  end
  return present
end

local function put(self, store, changes, path, blob, options)
  disk.note(options, path, layers.blob(self.stack, path))
  if not blob then
    return disk.hide(changes, path)
  end
  local bytes, err = disk.bytes(store, blob, options.made)
  local ok = bytes
  if ok then
    ok, err = disk.put(changes, path, bytes, options.aside)
  end
  return ok, err
end

-- Files first: a directory among them may have the name of a file that is gone.
local function put_missing(self, store, changes, wanted, present, options)
  local paths, n = tables.keys(wanted), 0
  for _, is_file in ipairs({ true, false }) do
    for _, path in ipairs(paths) do
      local ok, err = true, nil
      if not present[path] and (wanted[path] ~= false) == is_file then
        ok, err = put(self, store, changes, path, wanted[path], options)
        n = n + 1
      end
      if ok and n % SLICE == SLICE - 1 then
        ok, err = async.sleep(0)
      end
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

---Makes the changes what a manifest says, by looking at them only. The root must rest.
---@param store table
---@param files table<string, string> a manifest over the seed
---@param options {made: table<string, string>?, aside: Aside?, found: table<string, string|false>?,
---  executable: string[]}
---@return boolean|nil ok
---@return Error|nil
function Upper:make_equal(store, files, options)
  local changes <close>, err = changes_of(self)
  if not changes then
    return nil, err
  end
  local wanted, ok = difference(self.stack, files), nil
  local present, why = sift(store, changes, wanted, options)
  err = why
  if present then
    ok, err = put_missing(self, store, changes, wanted, present, options)
  end
  if ok then
    ok, err = disk.make_executable(changes, wanted, options.executable)
  end
  return asides.finish(options.aside, ok, err)
end

-- ---- after a program ----

---Removes what no path names (links, fifos …), as FsRoot:sweep.
---@return string[]|nil removed
---@return Error|integer|nil count
function Upper:sweep()
  local changes <close>, err = changes_of(self)
  if not changes then
    return nil, err
  end
  return errors.check(changes:sweep(true))
end

-- The kernel copies a file when a program opens it for writing or changes its mode or times.
local function is_only_copied(self, changes, entry, files, is_executable)
  local below = layers.blob(self.stack, entry.name)
  return below and files[entry.name] == below and entry.executable == (is_executable[entry.name] == true)
    and changes:hash(entry.name) == below
end

-- The files of the manifest that a name hides: those beneath it and its own.
local function add_hidden(missing, files, name, present)
  for _, path in ipairs(manifest.beneath(files, name)) do
    missing[path] = not present[path] or nil
  end
  missing[name] = files[name] and not present[name] or missing[name]
end

---What a program may have changed: files that are there otherwise than below, by path, and the files of the
---manifest that are gone. What was only copied is not kept. The root must rest.
---@param files table<string, string> a manifest over the seed
---@param executable string[]
---@return {entries: FsEntry[], missing: string[]}|nil
---@return Error|nil
function Upper:touched(files, executable)
  local changes <close>, err = changes_of(self)
  local entries, more
  if changes then
    entries, more = errors.check(changes:changes())
    err = more
  end
  if not entries then
    return nil, err
  elseif more then
    return nil, disk.too_many()
  end
  local found, present, missing = {}, {}, {}
  local is_executable = tables.set(executable)
  for i, entry in ipairs(entries) do
    if entry.type == "file" and is_only_copied(self, changes, entry, files, is_executable) then
      remove(changes, entry.name)
    elseif entry.type == "file" then
      found[#found + 1], present[entry.name] = entry, true
    end
    if i % SLICE == 0 then
      async.sleep(0)
    end
  end
  for _, entry in ipairs(entries) do
    if entry.type ~= "file" or not files[entry.name] then
      add_hidden(missing, files, entry.name, present)
    end
  end
  for path, blob in pairs(difference(self.stack, files)) do -- what lies nowhere below leaves no whiteout
    missing[path] = blob and not present[path] or missing[path]
  end
  return { entries = found, missing = tables.keys(missing) }
end

return M
