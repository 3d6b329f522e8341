-- servers.lua: the servers of Model Context Protocol that the organization names.

local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local DEADLINE = 60 -- seconds of an exchange: a call, with the start of the server where it has to be
local OUTPUT = 16 * 1024 * 1024 -- bytes that a server may say in one
local RESULT = 32 * 1024 -- bytes of a result's text that a model reads

---@class McpServer
---@field name string
---@field command string[]?
---@field url string?
---@field private boolean?
---@field harmless string[]?  tools that change nothing
---@field deadline number
---@field output integer
---@field result integer

---A server as the organization describes it.
---@param config table
---@param name string
---@return McpServer|nil
---@return Error|nil
function M.of(config, name)
  local servers = config.organization.mcp or {}
  local found = servers[name]
  if not found then
    local names = tables.keys(servers)
    return nil, errors.new("ERR_NOT_FOUND", "no server is called " .. name,
      #names > 0 and "one of: " .. table.concat(names, ", ")
        or "describe it in config/organization.json, mcp")
  end
  return setmetatable({
    name = name, deadline = found.deadline or DEADLINE, output = found.output or OUTPUT,
    result = found.result or RESULT,
  }, { __index = found })
end

---True when the organization lets this tool of the server in.
---@param server McpServer
---@param tool string
---@return boolean
function M.lets_in(server, tool)
  return not server.tools or tables.has(server.tools, tool)
end

return M
