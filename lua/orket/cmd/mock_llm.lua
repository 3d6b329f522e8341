-- mock_llm.lua: `orket mock-llm SCRIPT.lua`: a model that is a script.

local async = require("orket.async")
local mock_server = require("orket.dev.mock.mock_server")
local options = require("orket.options")

local M = {}

M.usage = [[
usage: orket mock-llm [--host ADDRESS] [--port N] [--fast] [--pace MS] SCRIPT.lua

Serves an endpoint and prints its URL: POST /v1/chat/completions, as Anthropic's API POST /v1/messages, as
Gemini's POST /v1/models/MODEL:generateContent and :streamGenerateContent; vectors at POST /v1/embeddings and
:batchEmbedContents; GET /v1/models, GET /stats. The script defines reply(request) and sees that request
alone; see docs/models.md for what it may answer.

  --host ADDRESS  where to listen (default 127.0.0.1)
  --port N        which port (default: any that is free)
  --fast          no delays
  --pace MS       time between two streamed events (default 0)
]]

local function parse(argv)
  local args, message = options.parse(argv, { host = "value", port = "value", fast = "flag", pace = "value" },
    { "script" })
  if not args then
    return nil, message
  end
  args.port, args.pace = math.tointeger(tonumber(args.port or 0)), tonumber(args.pace or 0)
  if not args.port or args.port < 0 or args.port > 65535 then
    return nil, "--port is 0 to 65535"
  elseif not args.pace or args.pace < 0 then
    return nil, "--pace is a number of milliseconds"
  end
  return args
end

local function read(name)
  local file, message = io.open(name, "rb")
  if not file then
    return nil, message
  end
  local text = file:read("a")
  file:close()
  return text
end

local function wait_for_signal()
  local stop_watching
  async.suspend(function(wake)
    stop_watching = async.on_signals({ "sigint", "sigterm" }, function()
      wake(true)
    end)
  end)
  stop_watching()
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local source
  source, message = read(args.script)
  if not source then
    return options.refuse(M.usage, message)
  end
  local server
  server, message = mock_server.start(args.script, source, args)
  if not server then
    io.stderr:write("orket: ", message, "\n")
    return 1
  end
  io.stdout:write("mock-llm listens on ", server.url, "\n")
  io.stdout:flush()
  wait_for_signal()
  server:close()
  return 0
end

return M
