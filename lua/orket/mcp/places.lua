-- places.lua: where a server's program works and what it is shown. Whatever the configuration says, none of them leads to
-- the journal and the keys, and none that it can write to what only people change.

local errors = require("orket.errors")
local fs = require("orket.core.fs")

local M = {}

-- Of the project: what agents never reach (docs/policies.md).
local OURS = { config = true, roles = true, nodes = true, tools = true, verification = true, [".orket"] = true }

local function refused(server, field, message, fix)
  return nil, errors.new("ERR_CONFIG", "mcp." .. server.name .. "." .. field .. " " .. message, fix)
end

local function is_beneath(path, directory)
  return path == directory or path:sub(1, #directory + 1) == directory .. "/" or directory == "/"
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

-- Its own directory lies where agents and their trees are not.
local function place(project, server, home)
  local root, err = errors.check(project.root:beneath(server.directory or ".orket/mcp/" .. server.name, { create = not server.directory }))
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

-- Where the journal is hidden it may be shown around it; where the server works beside it, it cannot be hidden.
local function shown(server, home)
  local show, journal = {}, home .. "/.orket"
  for i, path in ipairs(server.show or {}) do
    show[i] = path:sub(1, 1) == "/" and path or home .. "/" .. path
    local real = resolved(show[i])
    if real and (is_beneath(real, journal) or not server.directory and is_beneath(journal, real)) then
      return refused(server, "show", "reaches .orket/, where the journal and the keys are: " .. path,
        "show less, or give it a directory of its own (directory)")
    end
  end
  return show
end

local function hidden(project, server, home)
  local hide = { server.directory and home .. "/.orket" or nil }
  for _, key in pairs(project.config.organization.keys or {}) do
    if key.file then
      hide[#hide + 1] = key.file
      hide[#hide + 1] = key.file:sub(1, 1) ~= "/" and home .. "/" .. key.file or nil
    end
  end
  return hide
end

---@param project table
---@param server McpServer
---@return {root: FsRoot, show: string[], hide: string[]}|nil
---@return Error|nil
function M.of(project, server)
  local home, err = errors.check(project.root:path())
  local show, root
  if home then
    show, err = shown(server, home)
  end
  if show then
    root, err = place(project, server, home)
  end
  return root and { root = root, show = show, hide = hidden(project, server, home) }, err
end

return M
