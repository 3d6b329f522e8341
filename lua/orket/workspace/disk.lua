-- disk.lua: directories made equal to manifests. What a person may have put there is kept aside first
-- (workspace/aside.lua).

local asides = require("orket.workspace.aside")
local async = require("orket.async")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

M.FILES_MAX = 200000 -- of one tree that can be looked at

local SLICE = 100 -- files between two looks at the loop

---The bytes of a blob; no blob is no bytes.
---@param store table
---@param blob string|nil
---@param made table<string, string>? bytes that are in no blob
---@return string|nil
---@return Error|nil
function M.bytes(store, blob, made)
  if not blob then
    return ""
  elseif made and made[blob] then
    return made[blob]
  end
  return errors.check(store:blob(blob))
end

-- A program may have left a directory or a link where a file or a directory belongs.
local function remove_all(root, path, type, aside)
  if type == "directory" then
    for _, entry in ipairs(root:list(path) or {}) do
      local ok, err = remove_all(root, path .. "/" .. entry.name, entry.type, aside)
      if not ok then
        return nil, err
      end
    end
  elseif type == "file" and aside then
    local ok, err = asides.keep(aside, root, path)
    if not ok then
      return nil, err
    end
  end
  root:delete(path)
  return true
end

local function clear_way(root, path, aside)
  local above = "."
  for name, rest in path:gmatch("([^/]+)(/?)") do
    local here = above == "." and name or above .. "/" .. name
    for _, entry in ipairs(root:list(above) or {}) do
      if entry.name == name and (entry.type ~= "directory" or rest == "") then
        local ok, err = remove_all(root, here, entry.type, aside)
        if not ok then
          return nil, err
        end
      end
    end
    above = here
  end
  return true
end

local IN_THE_WAY = { ERR_PATH = true, ERR_NOT_FILE = true, ERR_NOT_DIR = true }

local function write(root, path, bytes, aside)
  local written, message, code, fix = root:write(path, bytes)
  if written or not IN_THE_WAY[code] then
    return errors.check(written, message, code, fix)
  end
  local ok, err = clear_way(root, path, aside)
  if not ok then
    return nil, err
  end
  return errors.check(root:write(path, bytes))
end

---Writes a file, or deletes it when there are no bytes. What stands in the way of a file goes.
---@param root FsRoot
---@param path string
---@param bytes string|nil
---@param aside Aside|nil keeps files that stand in the way
---@return any|nil ok
---@return Error|nil
function M.put(root, path, bytes, aside)
  if bytes then
    return write(root, path, bytes, aside)
  end
  local ok, message, code, fix = root:delete(path)
  if not ok and code ~= "ERR_NOT_FOUND" and code ~= "ERR_NOT_DIR" then
    return errors.check(nil, message, code, fix)
  end
  local parent = path:match("^(.*)/[^/]*$")
  if parent then
    root:delete(parent) -- only when it is empty
  end
  return true
end

---Notes in options.found what was there instead of what the journal says, for the first one that looks.
---@param options DiskOptions
---@param path string
---@param there string|nil its hash; nil: nothing
function M.note(options, path, there)
  if options.found and options.found[path] == nil then
    options.found[path] = there or false
  end
end

---The hash of what is there; nil when it is no file. Whoever notes what was found has to know.
---@param options DiskOptions
---@param root FsRoot
---@param path string
---@return string|nil hash
---@return Error|nil
function M.look(options, root, path)
  if options.aside then
    return asides.look(options.aside, root, path)
  end
  local found, message, code, fix = root:hash(path)
  if not found and options.found and errors.is_machine(code) then
    return errors.check(nil, message, code, fix)
  end
  return found
end

-- Removes what the journal does not know, left behind by a crash or by a verification; answers which
-- known files are there, and whether there are more than were looked at.
local function sift(root, manifest, options)
  local entries, more, code, fix = root:walk(".", M.FILES_MAX)
  if not entries then
    return errors.check(nil, more, code, fix)
  end
  local present, removed = {}, 0
  for _, entry in ipairs(entries) do
    if manifest[entry.name] and entry.type == "file" then
      present[entry.name] = true
    elseif not options.keep then
      local found, err
      if entry.type == "file" then
        found, err = M.look(options, root, entry.name)
      end
      if err then
        return nil, err
      end
      M.note(options, entry.name, found)
      if entry.type == "file" and options.aside then
        local ok
        ok, err = asides.keep(options.aside, root, entry.name, found)
        if not ok then
          return nil, err
        end
      end
      removed = removed + (M.put(root, entry.name, nil) and 1 or 0)
    end
  end
  if more and removed > 0 then
    return sift(root, manifest, options)
  end
  return { files = present, more = more }
end

-- A file that is not what the journal says gives way to it.
local function replace(store, root, path, there, blob, options)
  M.note(options, path, there)
  local bytes, err = M.bytes(store, blob, options.made)
  local ok = bytes
  if ok and there and options.aside then
    ok, err = asides.keep(options.aside, root, path, there, bytes)
  end
  if not ok then
    return nil, err
  end
  return M.put(root, path, bytes, options.aside)
end

---Those of the paths that are in the manifest can be executed.
---@param root FsRoot
---@param manifest table<string, string|false>
---@param paths string[]
---@return boolean|nil ok
---@return Error|nil
function M.make_executable(root, manifest, paths)
  for _, path in ipairs(paths) do
    local ok, message, code, fix = true, nil, nil, nil
    if manifest[path] then
      ok, message, code, fix = root:make_executable(path)
    end
    if not ok then
      return errors.check(nil, message, code, fix)
    end
  end
  return true
end

local function make_equal(store, root, manifest, options)
  local present, err = { files = {}, more = false }, nil
  if not options.new then
    present, err = sift(root, manifest, options)
  end
  if not present then
    return nil, err
  end
  for i, path in ipairs(tables.keys(manifest)) do
    local blob, ok = manifest[path], true
    local there
    if present.files[path] or present.more then
      there, err = M.look(options, root, path)
      ok = not err
    end
    if ok and there ~= blob then
      ok, err = replace(store, root, path, there, blob, options)
    end
    if ok and i % SLICE == 0 then
      ok, err = async.sleep(0)
    end
    if not ok then
      return nil, err
    end
  end
  return M.make_executable(root, manifest, options.executable or {})
end

---@class DiskOptions
---@field keep boolean? files that are not in the manifest stay
---@field made table<string, string>? bytes of files that no blob holds
---@field new boolean? the directory is empty
---@field found table<string, string|false>? receives what was there instead
---@field aside Aside? keeps what goes and is in no journal
---@field executable string[]? paths of files that may be executed

---Makes the directory of a root equal to a manifest. Only what differs is written. Large trees let other
---tasks run in between.
---@param store table
---@param root FsRoot
---@param manifest table<string, string>
---@param options DiskOptions?
---@return boolean|nil ok
---@return Error|nil
function M.materialise(store, root, manifest, options)
  options = options or {}
  return asides.finish(options.aside, make_equal(store, root, manifest, options))
end

---Hides what has the path in the layers below, in changes or in a layer. Where a directory is wanted, or
---beneath a file, nothing below is seen anyway.
---@param changes FsRoot
---@param path string
---@return boolean|nil ok
---@return Error|nil
function M.hide(changes, path)
  local ok, err = errors.check(changes:hide(path))
  if not ok and err.code ~= "ERR_EXISTS" and err.code ~= "ERR_NOT_DIR" then
    return nil, err
  end
  return true
end

---@return Error
function M.too_many()
  return errors.new("ERR_TOO_LARGE", "the program left too many files; all of them are gone again")
end

---What a program may have changed in a plain directory: its files, and those of the manifest that are gone.
---@param root FsRoot
---@param files table<string, string>
---@return {entries: FsEntry[], missing: string[]}|nil
---@return Error|nil
function M.touched(root, files)
  local entries, more = errors.check(root:walk(".", M.FILES_MAX))
  if not entries then
    return nil, more
  elseif more then
    return nil, M.too_many()
  end
  local present, missing = {}, {}
  for _, entry in ipairs(entries) do
    present[entry.name] = true
  end
  for _, path in ipairs(tables.keys(files)) do
    missing[#missing + 1] = not present[path] and path or nil
  end
  return { entries = entries, missing = missing }
end

---Removes a file that the journal says is gone.
---@param root FsRoot
---@param path string
---@param aside Aside|nil keeps what is there and is in no journal
---@return any|nil ok
---@return Error|nil
function M.remove(root, path, aside)
  local there, err
  if aside then
    there, err = asides.look(aside, root, path)
  end
  local ok = not err
  if there then
    ok, err = asides.keep(aside, root, path, there)
  end
  if not ok then
    return nil, err
  end
  return M.put(root, path, nil)
end

return M
