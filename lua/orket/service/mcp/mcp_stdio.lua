-- mcp_stdio.lua: a session with the MCP client that started this program, over standard input and output: a
-- JSON-RPC message in each line. It acts in the name of the user who runs it, beside the project's owner.

local async = require("orket.async")
local beside = require("orket.service.beside")
local cjson = require("cjson")
local errors = require("orket.errors")
local mcp_session = require("orket.service.mcp.mcp_session")
local standard_lines = require("orket.async.standard_lines")
local sys = require("orket.core.sys")

local M = {}

local LINE_MOST = 1 << 20 -- bytes of a message

local PARSE_ERROR = -32700

local Outlet = {}
Outlet.__index = Outlet

function Outlet:send(message)
  message.jsonrpc = "2.0"
  if not self.output:write(cjson.encode(message)) then
    self.stop()
  end
end

function Outlet.finish()
end

local function log(row)
  io.stderr:write(cjson.encode(row), "\n")
end

local function answer(session, outlet, line)
  local message, why = cjson.decode(line)
  if message == nil then
    outlet:send({ id = cjson.null, error = { code = PARSE_ERROR, message = errors.plain(why) } })
  elseif session:is_batch(message) then
    local answers = session:take_batch(message)
    if #answers > 0 and not outlet.output:write(cjson.encode(answers)) then
      outlet.stop()
    end
  else
    session:take(message, outlet)
  end
end

local function take(session, outlet, line)
  async.spawn_watched(function(_, err)
    if err then
      log({ kind = "bug", message = errors.line(err) })
      outlet.stop()
    end
  end, answer, session, outlet, line)
end

-- Until the client closes our input, takes no output any more, or a signal comes.
local function converse(session, outlet)
  local stop_signals
  local was_pipe = standard_lines.read(LINE_MOST, function(line)
    if line:find("%S") then
      take(session, outlet, line)
    end
  end, function(stop)
    outlet.stop = stop
    stop_signals = async.on_signals({ "sigint", "sigterm" }, stop)
  end)
  if not was_pipe then
    return nil, errors.new("ERR_USAGE", "standard input is no pipe: an MCP client starts this command",
      "docs/mcp-server.md says how to add it to one")
  end
  stop_signals()
  return 0
end

---Serves the project until the client ends it. In a task.
---@param dir string
---@return integer|nil exit code
---@return Error|nil
function M.serve(dir)
  local service, err = beside.open(dir, log)
  if not service then
    return nil, err
  end
  local outlet = setmetatable({ output = standard_lines.output() }, Outlet)
  local session = mcp_session.new(service, sys.user(), outlet)
  local code
  code, err = converse(session, outlet)
  session:close()
  service:close()
  outlet.output:close()
  return code, err
end

return M
