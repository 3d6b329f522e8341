-- concealed.lua: what no program of an agent may see, in whichever jail it runs (run_command, MCP servers,
-- verification): the project and the files of keys.
--
-- The project's directory is hidden in every jail; what a jail shows of it (a card's tree, verification/,
-- what an MCP server is shown) lies on top of that. This holds for paths, so a path that leads around it is
-- refused before anything runs: a project or a key that is seen under another name, through another mount, or
-- in a directory that is shown. Hiding a single file is the second line only: it ends when somebody replaces
-- the file.

local errors = require("orket.errors")
local tables = require("orket.util.tables")
local proc = require("orket.core.proc")

local M = {}

local JOURNAL = "/.orket"

---@param path string
---@param directory string
---@return boolean
function M.is_beneath(path, directory)
  return path == directory or path:sub(1, #directory + 1) == directory .. "/" or directory == "/"
end

-- Paths that the jails of this process hide, and how many opened projects want that.
local held = {}

local function apply()
  proc.hide(tables.keys(held))
end

local function real(path)
  return errors.check(proc.real(path))
end

-- A relative path of the configuration is beneath the project.
local function of_project(home, path)
  return path:sub(1, 1) == "/" and path or home .. "/" .. path
end

local function key_files(organization)
  local files = {}
  for _, name in ipairs(tables.keys(organization.keys or {})) do
    local path = organization.keys[name].file
    files[#files + 1] = path and { key = name, path = path } or nil
  end
  return files
end

-- What some jail shows besides the system's directories, or lets a program write.
local function shown(home, organization)
  local paths = { home .. "/verification", home .. "/workspace", home .. "/.orket/installed" }
  for _, name in ipairs(tables.keys(organization.mcp or {})) do
    local server = organization.mcp[name]
    if server.command then
      paths[#paths + 1] = of_project(home, server.directory or ".orket/mcp/" .. name)
      for _, path in ipairs(server.show or {}) do
        paths[#paths + 1] = of_project(home, path)
      end
    end
  end
  for i, path in ipairs(paths) do
    local found, err = real(path)
    if not found then
      return nil, err
    end
    paths[i] = found
  end
  return paths
end

-- The project's own directory covers it there, unless what shows it lies on top.
local function is_covered(found, cover)
  return M.is_beneath(found.place, cover) and found.through ~= cover and M.is_beneath(cover, found.through)
end

-- The first place at which a path is seen that the project's cover does not hide.
local function uncovered(path, more, home)
  local places, err = errors.check(proc.visible(path, more))
  for _, found in ipairs(places or {}) do
    if not is_covered(found, home) then
      return found
    end
  end
  return nil, err
end

-- Where the journal is shown by its own path is for mcp/server_places.lua to refuse: it is a server's own
-- directory, else.
local function journal_place(journal, more)
  local places, err = errors.check(proc.visible(journal, more))
  for _, found in ipairs(places or {}) do
    if not M.is_beneath(found.place, journal) then
      return found
    end
  end
  return nil, err
end

local function project_fault(home, more)
  local found, err = uncovered(home, {}, home)
  if not found and not err then
    found, err = journal_place(home .. JOURNAL, more)
  end
  return found and {
    message = "programs of agents would see the project at " .. found.place .. ", through " .. found.through,
    fix = "keep it where no mount beneath " .. found.through .. " leads",
  }, err
end

local function key_fault(home, more, file)
  local path, names = real(file.path)
  if not path then
    return nil, names
  end
  local found, err = uncovered(path, more, home)
  local what = "the file of the key '" .. file.key .. "'"
  if found then
    return {
      key = file.key,
      message = "programs of agents would see " .. what .. " at " .. found.place
        .. ", through " .. found.through,
      fix = "keep it where no jail looks, as in /etc/orket, your home or the project's own directory",
    }
  elseif not err and names > 1 then
    return {
      key = file.key, message = what .. " has another name (a hard link), under which programs may see it",
      fix = "give the key a file of its own: copy it, and remove the other name",
    }
  end
  return nil, err
end

---What is wrong with where a project and its keys lie.
---@param dir string
---@param organization table
---@return {message: string, fix: string, key: string?}[]|nil faults
---@return Error|nil
function M.faults(dir, organization)
  local home, err = real(dir)
  local more
  if home then
    more, err = shown(home, organization)
  end
  if not more then
    return nil, err
  end
  local faults = {}
  faults[1], err = project_fault(home, more)
  for _, file in ipairs(key_files(organization)) do
    if not err then
      faults[#faults + 1], err = key_fault(home, more, file)
    end
  end
  if err then
    return nil, err
  end
  return faults
end

---Hides a project from the jails of this process, until it is released.
---@param dir string
---@param organization table
---@return {release: fun(self)}|nil hold
---@return Error|nil ERR_CONFIG when it could be seen all the same
function M.hold(dir, organization)
  local faults, err = M.faults(dir, organization)
  if not faults then
    return nil, err
  elseif faults[1] then
    return nil, errors.new("ERR_CONFIG", faults[1].message, faults[1].fix)
  end
  local home = real(dir)
  local paths = { home, home .. JOURNAL }
  for _, file in ipairs(key_files(organization)) do
    paths[#paths + 1] = (real(file.path))
  end
  for _, path in ipairs(paths) do
    held[path] = (held[path] or 0) + 1
  end
  apply()
  return { release = function()
    for _, path in ipairs(paths) do
      held[path] = held[path] > 1 and held[path] - 1 or nil
    end
    paths = {}
    apply()
  end }
end

return M
