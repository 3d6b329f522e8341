-- mcp_stdio.lua: a session with the MCP client that started this program, over standard input and output: a
-- JSON-RPC message in each line. It acts in the name of the user who runs it, beside the project's owner.

local async = require("orket.async")
local beside = require("orket.service.mcp.beside")
local cjson = require("cjson")
local errors = require("orket.errors")
local mcp_session = require("orket.service.mcp.mcp_session")
local outlets = require("orket.async.outlet")
local principals = require("orket.people.principal")
local service_log = require("orket.telemetry.service_log")
local standard_lines = require("orket.async.standard_lines")
local sys = require("orket.core.sys")

local M = {}

local LINE_MOST = 1 << 20 -- bytes of a message
local STDOUT, UNSENT = 1, 8 << 20 -- bytes that the client may leave lying
local LAST = 1 -- second that they are waited for at the end

local PARSE_ERROR, INVALID_REQUEST = -32700, -32600

local Outlet = {}
Outlet.__index = Outlet

function Outlet:send(message)
  message.jsonrpc = "2.0"
  self:write(message)
end

-- A client that takes nothing any more is gone.
function Outlet:write(value)
  if not self.output:write(cjson.encode(value) .. "\n") then
    self.stop()
  end
end

function Outlet.finish()
end

local function answer(session, outlet, line)
  local message, why = cjson.decode(line)
  if message == nil then
    outlet:send({ id = cjson.null, error = { code = PARSE_ERROR, message = errors.plain(why) } })
  elseif session:is_batch(message) then
    local answers = session:take_batch(message, outlet.principal)
    if #answers > 0 then
      outlet:write(answers)
    end
  else
    session:take(message, outlet, outlet.principal)
  end
end

local function take(session, outlet, line)
  async.spawn_watched(function(_, err)
    if err then
      session.service.log({ kind = "bug", message = errors.line(err) })
      outlet.stop()
    end
  end, answer, session, outlet, line)
end

-- Which request it was is not known: its client would wait for ever, unless the session ends.
local function refuse_long(outlet)
  local err = errors.new("ERR_LIMIT", ("a message is longer than %d bytes"):format(LINE_MOST),
    "what is that large belongs into a file of the project")
  outlet:send({ id = cjson.null, error = { code = INVALID_REQUEST, message = errors.line(err) } })
  return nil, err
end

-- Until the client closes our input, takes no output any more, or a signal comes.
local function converse(session, outlet)
  local stop_signals
  local how = standard_lines.read(LINE_MOST, function(line)
    if line:find("%S") then
      take(session, outlet, line)
    end
  end, function(stop)
    outlet.stop = stop
    stop_signals = async.on_signals({ "sigint", "sigterm" }, stop)
  end)
  if not how then
    return nil, errors.new("ERR_USAGE", "standard input is no pipe: an MCP client starts this command",
      "docs/mcp-server.md says how to add it to one")
  end
  stop_signals()
  if how == "long" then
    return refuse_long(outlet)
  end
  return 0
end

---Serves the project until the client ends it. In a task.
---@param dir string
---@return integer|nil exit code
---@return Error|nil
function M.serve(dir)
  local log = service_log.open()
  local service, err = beside.open(dir, log)
  if not service then
    return nil, err
  end
  local outlet = setmetatable({ output = outlets.open(STDOUT, UNSENT),
    principal = principals.machine(sys.user()) }, Outlet)
  local session = mcp_session.new(service, outlet)
  local code
  code, err = converse(session, outlet)
  session:close()
  service:close()
  outlet.output:close(LAST)
  log:close()
  return code, err
end

return M
