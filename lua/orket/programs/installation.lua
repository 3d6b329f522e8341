-- installation.lua: what an install command of the organization makes: node_modules, a virtualenv, a cache of
-- modules. It is a directory of its own, .orket/installed/KEY, that no tree has: written by the install
-- command alone, shown to every other program, read-only, with links at its places in the tree.
--
-- Such a command sees the files that it is made `from`, and nothing else of a tree; KEY is the hash of their
-- bytes, of the command and of where it lies. So what one card installed serves every card, of whatever epic,
-- whose tree has the same files, and no other. KEY.json beside it says that it is complete, and when it was
-- used last.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local proc = require("orket.core.proc")
local program = require("orket.effects.program")
local sys = require("orket.core.sys")
local trees = require("orket.history.gc.trees")

local M = {}

M.HOME = ".orket/installed"

local COPY_SECONDS = 120

---@class Installation
---@field command {argv: string[], egress: table?, install: table}
---@field key string
---@field family string  the same command with whatever files
---@field path string  below the project
---@field home string  absolute

-- ---- which one it is ----

-- The bytes of what it is made from; nil, Error where one is missing.
local function blobs_of(install, files)
  local blobs = {}
  for i, path in ipairs(install.from) do
    blobs[i] = files[path]
    if not blobs[i] then
      return nil, errors.new("ERR_NOT_FOUND", "it is installed from " .. path .. ", which is not there",
        "write " .. path .. " first")
    end
  end
  return blobs
end

local function family_of(home, command)
  return hash.parts({ "installation", home, cjson.encode(command.argv), cjson.encode(command.install),
    cjson.encode(command.egress or cjson.null) })
end

---The installation of a command for the files of a tree.
---@param project table
---@param command {argv: string[], egress: table?, install: table}
---@param files table<string, string> path -> blob
---@return Installation|nil
---@return Error|nil ERR_NOT_FOUND: a file that it is made from
function M.of(project, command, files)
  local blobs, err = blobs_of(command.install, files)
  local home
  if blobs then
    home, err = errors.check(project.root:path())
  end
  if not home then
    return nil, err
  end
  local family = family_of(home, command)
  local key = hash.parts({ family, table.unpack(blobs) }):sub(1, 32)
  local path = M.HOME .. "/" .. key
  return { command = command, key = key, family = family, path = path, home = home .. "/" .. path }
end

-- ---- complete ones ----

local function note(project, key)
  local text = project.root:read(M.HOME .. "/" .. key .. ".json")
  local body = text and cjson.decode(text)
  return type(body) == "table" and body or nil
end

local function write_note(project, one, body)
  body.at = sys.now()
  return errors.check(project.root:write(one.path .. ".json", cjson.encode(body)))
end

-- Once in a process is enough: gc looks at days.
local function touch(project, one, body)
  project.used_installations = project.used_installations or {}
  if not project.used_installations[one.key] then
    project.used_installations[one.key] = true
    write_note(project, one, body)
  end
end

---Removes an installation, complete or not.
---@param project table
---@param key string
---@return boolean|nil ok
function M.remove(project, key)
  local path = M.HOME .. "/" .. key
  project.root:delete(path .. ".json")
  local root = project.root:beneath(path)
  if not root then
    return true
  end
  root:sweep() -- links, and what has no name of ours
  root:close()
  return trees.delete(project.root, path)
end

---The complete ones: keys, with when they were used last.
---@param project table
---@return {key: string, at: string, family: string}[]
function M.all(project)
  local found = {}
  for _, entry in ipairs(project.root:list(M.HOME, 100000) or {}) do
    local key = entry.name:match("^(%x+)%.json$")
    local body = key and note(project, key)
    found[#found + 1] = body and { key = key, at = body.at or "", family = body.family } or nil
  end
  return found
end

-- The directories that no note says are complete: a crash left them.
local function broken_off(project)
  local found = {}
  for _, entry in ipairs(project.root:list(M.HOME, 100000) or {}) do
    if entry.type == "directory" and not note(project, entry.name) then
      found[#found + 1] = { key = entry.name, at = "" }
    end
  end
  return found
end

---Those that no program was shown since a point in time, and those that are not complete; with nothing under
---way.
---@param project table
---@param before string UTC, RFC 3339
---@return {key: string, at: string}[]
function M.old(project, before)
  local found = broken_off(project)
  for _, one in ipairs(M.all(project)) do
    found[#found + 1] = one.at < before and one or nil
  end
  return found
end

-- ---- for other programs ----

local function env_of(env, one)
  for name, value in pairs(one.command.install.env or {}) do
    env[name] = value:gsub("{installed}", function()
      return one.home
    end)
  end
end

local function is_in_tree(files, path)
  for name in pairs(files) do
    if name == path or name:sub(1, #path + 1) == path .. "/" then
      return true
    end
  end
  return false
end

---@class InstalledPlace what a program has of installations
---@field show string[]
---@field env table<string, string>
---@field links table<string, string> path in the tree -> where it leads
---@field keys string[]

---What the programs of a tree have of what is installed for its files.
---@param project table
---@param commands table[]|nil of the organization
---@param files table<string, string>
---@return InstalledPlace
function M.place(project, commands, files)
  local place = { show = {}, env = {}, links = {}, keys = {} }
  for _, command in ipairs(commands or {}) do
    local one = command.install and M.of(project, command, files)
    local body = one and note(project, one.key)
    if body then
      touch(project, one, body)
      place.keys[#place.keys + 1] = one.key
      place.show[#place.show + 1] = one.home
      env_of(place.env, one)
      for _, path in ipairs(command.install.paths) do
        place.links[path] = not is_in_tree(files, path) and one.home .. "/" .. path or nil
      end
    end
  end
  return place
end

---What the programs of a tree have, by the project's configuration.
---@param project table
---@param files table<string, string>
---@return InstalledPlace
function M.of_project(project, files)
  return M.place(project, (project.config.organization.process_rules or {}).commands, files)
end

---Puts the links of a place into a tree's directory; those are for one program.
---@param root FsRoot
---@param place InstalledPlace
---@return boolean|nil ok
---@return Error|nil
function M.enter(root, place)
  for path, to in pairs(place.links) do
    root:delete(path) -- an empty directory that a program made
    local ok, err = errors.check(root:link(path, to))
    if not ok then
      return nil, err
    end
  end
  return true
end

---Takes them away again; a file that a program put there instead is the tree's to judge.
---@param root FsRoot
---@param place InstalledPlace
function M.leave(root, place)
  if next(place.links) and root:wake() then
    for path in pairs(place.links) do
      if root:kind(path) ~= "file" then
        root:delete(path)
      end
    end
  end
end

-- ---- installing ----

-- The cache of the last one that the same command made: a copy, which this one may change.
local function copy_cache(project, one, root)
  local cache, newest = one.command.install.cache, nil
  for _, other in ipairs(cache and M.all(project) or {}) do
    if other.family == one.family and (not newest or other.at > newest.at) then
      newest = other
    end
  end
  local home = newest and project.root:path()
  local above = home and cache:match("^(.*)/[^/]*$")
  if above then
    root:mkdir(above)
  end
  if home then
    local from = home .. "/" .. M.HOME .. "/" .. newest.key
    async.await(proc.run, { argv = { "cp", "-aT", from .. "/" .. cache, cache }, cwd_root = root,
      wall = COPY_SECONDS, show = { from } })
  end
end

-- An empty directory with what it is made from.
local function begin(project, store, one, files)
  M.remove(project, one.key)
  local root, err = errors.check(project.root:beneath(one.path, { create = true }))
  for _, path in ipairs(root and one.command.install.from or {}) do
    local bytes, ok
    bytes, err = store(files[path])
    if bytes then
      ok, err = errors.check(root:write(path, bytes))
    end
    if not ok then
      root:close()
      return nil, err
    end
  end
  return root, err
end

local function missing(root, install)
  for _, path in ipairs(install.paths) do
    if not root:kind(path) then
      return path
    end
  end
end

local function is_complete(root, one, result)
  if result.exit ~= 0 or result.limit then
    return false
  end
  local path = missing(root, one.command.install)
  if path then
    result.stderr = result.stderr .. "\n[the command succeeded, but made no " .. path .. "]"
  end
  return not path
end

local function run(turn, permit, one)
  local project = turn.engine.project
  local root, err = begin(project, function(blob)
    local bytes = turn:uncommitted(blob)
    if bytes then
      return bytes
    end
    return errors.check(turn.engine.store:blob(blob))
  end, one, turn.tree.files)
  if not root then
    return nil, err
  end
  copy_cache(project, one, root)
  local env = {}
  env_of(env, one)
  local result
  result, err = program.run(function(place, done)
    return permit:perform(place, done)
  end, { root = root, env = env })
  local complete = result and is_complete(root, one, result)
  root:close()
  if complete then
    complete, err = write_note(project, one, { argv = one.command.argv, family = one.family })
  end
  if not complete then
    M.remove(project, one.key)
  end
  return not err and result or nil, err
end

-- Another card may be at it: then its end is waited for.
local function alone(project, one, fn)
  project.installing = project.installing or {}
  while project.installing[one.key] do
    local waiting = project.installing[one.key]
    local ok, err = async.suspend(function(wake)
      waiting[#waiting + 1] = wake
    end)
    if not ok then
      return nil, err
    end
  end
  local waiting = {}
  project.installing[one.key] = waiting
  local closing <close> = setmetatable({}, { __close = function()
    project.installing[one.key] = nil
    for _, wake in ipairs(waiting) do
      wake(true)
    end
  end })
  return fn()
end

local function already(one)
  return { exit = 0, ms = 0, stdout = "installed already: " .. table.concat(one.command.install.paths, ", ")
    .. "\n", stderr = "", layers = {} }
end

---Runs an install command, unless what it makes is there.
---@param turn Turn
---@param permit GatePermit
---@param command table permit:command()
---@return table|nil result as program.run, with `installed`: the key, when it is complete
---@return Error|nil
function M.install(turn, permit, command)
  local project = turn.engine.project
  local one, err = M.of(project, command, turn.tree.files)
  if not one then
    return nil, err
  end
  local result
  result, err = alone(project, one, function()
    if note(project, one.key) then
      return already(one)
    end
    return run(turn, permit, one)
  end)
  if result then
    result.installed = note(project, one.key) and one.key or nil
  end
  return result, err
end

return M
