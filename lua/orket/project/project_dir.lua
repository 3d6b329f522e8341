-- project_dir.lua: the project that a directory lies in, found upwards as git finds its repository. What
-- agents write is no project: below a project's workspace/ nothing counts, and of a directory without .orket
-- within a project, which may be a copy of what they wrote, a person says whether it is meant.

local errors = require("orket.errors")
local fs = require("orket.core.fs")

local M = {}

local MARKER = "config/organization.json"

---@class ProjectPlace
---@field dir string how it is reached from where the search began
---@field path string absolute
---@field mine boolean it belongs to this user
---@field began boolean it has .orket
---@field in_workspace boolean|nil the search began where its agents write
---@field around string|nil the project around one that has no .orket

-- A directory as the search sees it; nil without an error when it is not open to this user.
local function look(dir)
  local root <close>, err = errors.check(fs.root(dir))
  if not root then
    return nil, errors.is_environment(err) and err or nil
  end
  local path, mine, device
  path, err = errors.check(root:path())
  if path then
    mine, device, err = root:owner()
    err = mine == nil and errors.new(err, device) or nil
  end
  if err then
    return nil, err
  end
  return {
    dir = dir, path = path, mine = mine, device = device, is_project = root:kind(MARKER) == "file",
    began = root:kind(".orket") == "directory",
  }
end

-- What counts after one more directory: the one that was found further in (or none), or this one around it.
local function nearer(inner, place, below)
  if below == "workspace" and (place.is_project or place.began) then
    place.in_workspace = true
    return place
  elseif not place.is_project then
    return inner
  elseif inner and not inner.began then
    inner.around = inner.around or place.path
  end
  return inner or place
end

local function search(start)
  local place, err = look(start)
  local device, found, below = place and place.device, nil, nil
  while place and (place.device == device or below == "workspace") do
    found = nearer(found, place, below)
    if place.path == "/" then
      break
    end
    below = place.path:match("[^/]*$")
    place, err = look(place.dir == "." and ".." or place.dir .. "/..")
  end
  return not err and found or nil, err
end

---The project that a directory lies in. The search ends where the file system does.
---@param start string a directory
---@return ProjectPlace|nil  nil without an error: there is none
---@return Error|nil err ERR_DENIED: it belongs to another user, or it is not sure which one is meant
function M.find(start)
  local found, err = search(start)
  if err then
    return nil, err
  elseif found and not found.mine then
    return nil, errors.new("ERR_DENIED", found.path .. " is a project of another user",
      "if you trust that user, name it: -C " .. found.path)
  elseif found and found.around then
    return nil, errors.new("ERR_DENIED", found.path .. " has no .orket and lies in the project "
      .. found.around,
      "name the one that you mean: -C " .. found.path .. ", or -C " .. found.around)
  end
  return found
end

return M
