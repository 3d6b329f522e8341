-- server_places.lua: where a server's program works and what it is shown. Whatever the configuration says,
-- none of them leads to the journal and the keys, and none that it can write to what only people change.

local concealed = require("orket.governance.concealed")
local errors = require("orket.errors")
local fs = require("orket.core.fs")
local proc = require("orket.core.proc")

local M = {}

-- Of the project: what agents never reach (docs/policies.md).
local OURS = {
  config = true, roles = true, nodes = true, tools = true, verification = true, workspace = true,
  [".orket"] = true,
}

local function refused(server, field, message, fix)
  return nil, errors.new("ERR_CONFIG", "mcp." .. server.name .. "." .. field .. " " .. message, fix)
end

---Why a directory of the project is not for a server to write in; nil when it may be.
---@param path string relative, resolved as far as that is known
---@return string|nil
function M.fault(path)
  local first = (path .. "/"):gsub("^%./", ""):match("^/*([^/]*)")
  if first == "" then
    return "is the project itself, whose configuration and scripts are people's alone"
  end
  return OURS[first] and "is of " .. first .. "/, which is out of every agent's reach" or nil
end

-- Where servers write: what lies there is theirs to replace by a link. One that may not write there is not
-- started.
local function writable(project, home)
  local places = {}
  for name, server in pairs(project.config.organization.mcp or {}) do
    local place = server.command and proc.real(home .. "/" .. (server.directory or ".orket/mcp/" .. name))
    if place and not (server.directory and M.fault(place:sub(#home + 2))) then
      places[#places + 1] = place
    end
  end
  return places
end

-- The way to a path, name by name, leads through a place where a program writes.
local function is_unsteady(project, home, path)
  local places = writable(project, home)
  for at in path:gmatch("()/") do
    local way = at > 1 and proc.real(path:sub(1, at - 1)) or "/"
    for _, place in ipairs(places) do
      if not way or concealed.is_beneath(way, place) then
        return true
      end
    end
    local below = way and way:sub(1, #home) == home and way:sub(#home + 1) or ""
    if below:find("^/workspace/[^/]+/cards/[^/]") or below:find("^/workspace/[^/]+/layers/[^/]") then
      return true
    end
  end
  return false
end

-- Its own directory lies where agents and their trees are not.
local function place(project, server, home)
  if server.directory and is_unsteady(project, home, home .. "/" .. server.directory) then
    return refused(server, "directory",
      "lies in a directory in which a program writes, and may lead anywhere",
      "name another directory")
  end
  local root, err = errors.check(project.root:beneath(server.directory or ".orket/mcp/" .. server.name,
    { create = not server.directory }))
  if not root then
    err.fix = err.fix or "make the directory that mcp." .. server.name .. ".directory names"
    return nil, err
  end
  local path, message = root:path()
  local fault = server.directory and (path and M.fault(path:sub(#home + 2)) or not path and message)
  if fault then
    root:close()
    return refused(server, "directory", fault, "make a directory for it beneath the project, and name that")
  end
  return root
end

-- Where what is shown really is; what is not there is not shown.
local function resolved(path)
  local root <close> = fs.root(path)
  return root and root:path()
end

-- Where the journal is hidden it may be shown around it; where the server works beside it, it cannot be
-- hidden.
local function shown(project, server, home)
  local show, journal = {}, home .. "/.orket"
  for i, path in ipairs(server.show or {}) do
    show[i] = path:sub(1, 1) == "/" and path or home .. "/" .. path
    if is_unsteady(project, home, show[i]) then
      return refused(server, "show",
        "lies in a directory in which a program writes, and may lead anywhere: " .. path,
        "show that directory as a whole, or another one")
    end
    local real = resolved(show[i])
    if real and (concealed.is_beneath(real, journal) or not server.directory
      and concealed.is_beneath(journal, real)) then
      return refused(server, "show", "reaches .orket/, where the journal and the keys are: " .. path,
        "show less, or give it a directory of its own (directory)")
    end
  end
  return show
end

---@param project table
---@param server McpServer
---@return {root: FsRoot, show: string[]}|nil
---@return Error|nil
function M.of(project, server)
  local home, err = errors.check(project.root:path())
  local show, root
  if home then
    show, err = shown(project, server, home)
  end
  if show then
    root, err = place(project, server, home)
  end
  return root and { root = root, show = show }, err
end

return M
