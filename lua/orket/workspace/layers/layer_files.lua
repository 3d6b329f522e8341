-- layer_files.lua: one read-only layer on the disk (workspace/layers/layers.lua says which there are):
--
--   .orket/bases/NAME/files        files, and whiteouts for what it takes from the layers below
--   .orket/bases/NAME/layer.json   what it is, and by which it is found whole
--
-- It gets its name when all of it is on the disk, and nothing writes to it any more. No jail shows .orket.
-- The blobs of the journal are the truth: a layer that is not whole is made anew from them.

local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local hold = require("orket.workspace.hold")

local M = {}

M.PLACE = ".orket/bases"
M.MAKING = "making-" -- before the name of one that is not whole yet

---@class LayerAbout
---@field seed string hash of the seed for which it was made
---@field below string[] names of the layers that it lies on, the upper one first
---@field changes table<string, string|false> what it has otherwise than those; of a base: than the seed
---@field files integer? files and whiteouts
---@field newest string? when the last of them changed

local function known_of(project)
  project.layer_files = project.layer_files or { holds = hold.new(), whole = {} }
  return project.layer_files
end

---@param name string
---@return string path of its files, beneath the project
function M.directory(name)
  return M.PLACE .. "/" .. name .. "/files"
end

local function read_about(project, name)
  local text = project.root:read(M.PLACE .. "/" .. name .. "/layer.json", 64 * 1024 * 1024)
  local ok, about = pcall(cjson.decode, text or "")
  return ok and type(about) == "table" and about or nil
end

---What it is, when it is there, no file of it came, went or changed since it was made, and all that it lies
---on is there as well; looked at once in a process.
---@param project table
---@param name string
---@return LayerAbout|nil
function M.whole(project, name)
  local known = known_of(project).whole
  if known[name] then
    return known[name]
  end
  local about = read_about(project, name)
  local files <close> = about and project.root:beneath(M.directory(name))
  local count, newest
  if files then
    count, newest = files:census()
  end
  local ok = count ~= nil and about.files == count and about.newest == tostring(newest)
  for _, below in ipairs(ok and about.below or {}) do
    ok = ok and M.whole(project, below) ~= nil
  end
  known[name] = ok and about or nil
  return known[name]
end

local function hide_all(root, paths)
  for _, path in ipairs(paths) do
    local ok, err = disk.hide(root, path)
    if not ok then
      return nil, err
    end
  end
  return true
end

-- Lays out what it has, {path = blob or false}, and says what that is.
local function fill(project, store, name, about, options)
  local root <close>, err = errors.check(project.root:beneath(M.directory(name), { create = true }))
  if not root then
    return nil, err
  end
  local files, gone = {}, {}
  for path, blob in pairs(options.changes) do
    files[path] = blob or nil
    gone[#gone + 1] = not blob and path or nil
  end
  local ok
  ok, err = disk.materialise(store, root, files, { new = true, made = options.made,
    executable = options.executable })
  if ok then
    ok, err = hide_all(root, gone)
  end
  local count, newest
  if ok then
    count, newest = errors.check(root:census())
  end
  if not count then
    return nil, err or newest
  end
  about.files, about.newest = count, tostring(newest) -- too many digits for a number of JSON
  return errors.check(project.root:write(M.PLACE .. "/" .. name .. "/layer.json", cjson.encode(about)))
end

-- A crash before the last step leaves a directory that has no layer's name, and is removed here.
local function make(project, store, name, about, options)
  local root <close>, err = errors.check(project.root:beneath(M.PLACE, { create = true }))
  if not root then
    return nil, err
  end
  root:remove(M.MAKING .. name)
  local ok
  ok, err = fill(project, store, M.MAKING .. name, about, options)
  if ok then
    root:remove(name) -- it was not whole
    ok, err = errors.check(root:publish(M.MAKING .. name, name))
  end
  return ok, err
end

---Makes it when it is not there as a whole.
---@param project table
---@param store table
---@param name string
---@param about LayerAbout without files and newest
---@param options {changes: table<string, string|false>, made: table<string, string>?, executable: string[]?}
---  changes: all that it has
---@return LayerAbout|nil what it is: one that was there may lie on others
---@return Error|nil
function M.ensure(project, store, name, about, options)
  local known = known_of(project)
  local held <close>, err = hold.take(known.holds, name)
  if not held then
    return nil, err
  end
  local there = M.whole(project, name)
  local ok = there
  if not ok then
    ok, err = make(project, store, name, about, options)
    there = about
  end
  known.whole[name] = ok and there or nil
  return ok and there, err
end

---All that lie on the disk, with those that are not whole.
---@param project table
---@return {name: string, path: string, seed: string|nil}[] seed: the hash of the seed for which it was made
function M.list(project)
  local found = {}
  for i, entry in ipairs(project.root:list(M.PLACE) or {}) do
    local about = read_about(project, entry.name)
    local is_making = entry.name:sub(1, #M.MAKING) == M.MAKING
    found[i] = { name = entry.name, path = M.PLACE .. "/" .. entry.name }
    if about and not is_making then
      found[i].seed = about.seed
    end
  end
  return found
end

return M
