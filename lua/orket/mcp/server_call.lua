-- server_call.lua: the operation `mcp.call`: one call of a tool of a server, as it was trusted. What the
-- server says is bounded and becomes plain data. No later request can find out what it did, so a call without
-- an answer is uncertain.

local async = require("orket.async")
local errors = require("orket.errors")
local sessions = require("orket.mcp.sessions")
local tables = require("orket.util.tables")
local pins = require("orket.mcp.pins")
local results = require("orket.mcp.result")
local servers = require("orket.mcp.servers")

local M = {}

-- ---- what was trusted ----

-- The tool among those that the server offers now.
local function trusted(held, session, operation)
  local tools, err = held:definitions(session)
  local tool = tools and tools[operation.tool]
  if not tools then
    return nil, err
  elseif not tool then
    return nil, errors.new("ERR_PROC",
      "the server " .. operation.server .. " has no tool " .. operation.tool .. " any more",
      "work without it, or ask a person")
  elseif tool.pin ~= operation.pin or tool.fault then
    return nil, pins.refusal(operation.server, operation.tool)
  end
  return tool
end

-- ---- the call ----

-- What became of a call that was made: only the server's own words say that it did not happen. Where that
-- makes no difference, it is a failure as any other.
local function after(server, err, tool, was_made)
  if not was_made and errors.is_environment(err) then
    return err
  elseif not was_made then
    return errors.new(err.code == "ERR_DENIED" and "ERR_DENIED" or "ERR_PROC", err.message, err.fix)
  elseif err.told or err.code ~= "ERR_CANCELED" and tables.has(server.harmless or {}, tool) then
    return errors.new("ERR_PROC", err.message, err.fix)
  end
  return errors.new("ERR_UNCERTAIN", "the call of " .. server.name .. " has no answer: " .. err.message,
    "it may have happened: look at what it does before it is called again")
end

-- One exchange; `made` notes when the call has gone out. A session that the server has lost (.lost) did
-- nothing.
local function exchange(held, server, operation, made)
  local session, err = held:session(server)
  made.session = session
  local tool
  if session then
    tool, err = trusted(held, session, operation)
  end
  if not tool then
    return nil, err
  end
  made.call = true
  local said
  said, err = session:call(tool, operation.arguments)
  if said and session.stale then -- its tools changed meanwhile: what is another one now is put aside at once
    held:definitions(session)
  end
  return said and results.plain(said, server.result, tool.output), err
end

---One call in a conversation that goes on.
---@param held McpHeld
---@param server McpServer
---@param operation {server: string, tool: string, pin: string, arguments: table}
---@return table|nil result {text, failed?, structured?, problem?, other?, cut?}
---@return Error|nil  ERR_UNCERTAIN: it may have happened
function M.call(held, server, operation)
  local made = {}
  local result, err = async.within(server.deadline, exchange, held, server, operation, made)
  if not result and err.lost then
    held:drop(server)
    made = {}
    result, err = async.within(server.deadline, exchange, held, server, operation, made)
  end
  if not result and err.code == "ERR_TIMEOUT" then
    err = sessions.late(server, made.session, err)
    held:drop(server)
  end
  return result, not result and after(server, err, operation.tool, made.call) or nil
end

---Performs the operation for a turn.
---@param turn Turn
---@param operation table
---@return table|nil result
---@return Error|nil
function M.perform(turn, operation)
  local project = turn.engine.project
  local server, err = servers.of(project.config, operation.server)
  if not server then
    return nil, err
  elseif not servers.lets_in(server, operation.tool) then
    return nil, errors.new("ERR_DENIED", "the organization lets no " .. operation.tool .. " of "
      .. server.name .. " in",
      "add it to mcp." .. server.name .. ".tools")
  end
  local objection = pins.objection(project.store, project.config.organization, operation)
  if objection then
    return nil, objection
  end
  local open = turn:sessions(function()
    return sessions.new(project, project.store, function(name, tools)
      return pins.look(project, name, tools)
    end)
  end)
  return M.call(open, server, operation)
end

return M
