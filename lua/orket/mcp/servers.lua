-- servers.lua: the servers of Model Context Protocol that the organization names, and talking to one: a server lives
-- for one conversation, so that nothing of a card reaches another, and is gone after it.

local async = require("orket.async")
local errors = require("orket.errors")
local later = require("orket.later")
local list = require("orket.list")
local sessions = require("orket.mcp.session")

local http = later("orket.mcp.http")
local stdio = later("orket.mcp.stdio")

local M = {}

local DEADLINE = 60 -- seconds of a conversation, from the start of the server to its end
local OUTPUT = 16 * 1024 * 1024 -- bytes that a server may say in one
local RESULT = 32 * 1024 -- bytes of a result's text that a model reads

---@class McpServer
---@field name string
---@field command string[]?
---@field url string?
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
    local names = list.keys(servers)
    return nil, errors.new("ERR_NOT_FOUND", "no server is called " .. name,
      #names > 0 and "one of: " .. table.concat(names, ", ") or "describe it in config/organization.json, mcp")
  end
  return setmetatable({
    name = name, deadline = found.deadline or DEADLINE, output = found.output or OUTPUT, result = found.result or RESULT,
  }, { __index = found })
end

---True when the organization lets this tool of the server in.
---@param server McpServer
---@param tool string
---@return boolean
function M.lets_in(server, tool)
  return not server.tools or list.has(server.tools, tool)
end

local function once(wire, server, fn)
  local session, err = sessions.open(wire, server)
  if not session then
    return nil, err
  end
  local result
  result, err = fn(session)
  if not result then
    session:give_up()
  end
  return result, err
end

-- A session that the server has forgotten is begun anew, once: what was asked in it did not happen.
local function converse(wire, server, fn)
  local result, err = once(wire, server, fn)
  if not result and err.lost then
    wire.session, wire.version = nil, nil
    return once(wire, server, fn)
  end
  return result, err
end

---Starts a server, or reaches it, runs fn(session) and answers what that answers; within the server's deadline, and
---the server is gone afterwards.
---@param project table
---@param server McpServer
---@param fn fun(session: McpSession): any?, Error?
---@return any|nil result
---@return Error|nil
function M.talk(project, server, fn)
  local wire, err = (server.url and http or stdio).open(project, server)
  if not wire then
    return nil, err
  end
  local closing <close> = wire
  local result
  result, err = async.within(server.deadline, converse, wire, server, fn)
  if not result and err.code == "ERR_TIMEOUT" then
    return nil, errors.new("ERR_TIMEOUT", "the server " .. server.name .. " did not come to an end within " .. server.deadline .. " s",
      "look at the server, or raise mcp." .. server.name .. ".deadline")
  end
  return result, err
end

return M
