-- http.lua: an MCP server over streamable HTTP for specs, as trusted code of
-- a program of its own (ORKET_LUA): MODE says what is wrong with it, once the file GO is there.

local async, http = require("orket.async"), require("orket.core.http")
local cjson = require("cjson")

local MODE = ""
local sessions, calls, heard = 0, 0, nil

local ECHO = { name = "echo", description = "Says it back.", inputSchema = { type = "object", properties = { text = { type = "string" } } } }

local RESULTS = {
  initialize = function()
    return { protocolVersion = "2025-06-18", capabilities = { tools = { listChanged = true } }, serverInfo = { name = "x", version = "1" } }
  end,
  ["tools/list"] = function()
    return { tools = { ECHO } }
  end,
  ["tools/call"] = function(message)
    return { content = { { type = "text", text = message.params.arguments.text .. (heard and " after " .. heard or "") } } }
  end,
}

local function event(message)
  return "event: message\r\nid: 1\r\ndata: " .. cjson.encode(message) .. "\r\n\r\n"
end

-- A stream in small pieces, with a question before its answer; it is never ended here.
local function stream(response, answer, message)
  response:start(200, { ["Content-Type"] = "text/event-stream; charset=utf-8" })
  if message.method == "tools/call" then
    response:write(": a comment\n" .. event({ jsonrpc = "2.0", id = "q", method = "ping" }))
    while not heard and response:is_open() do
      async.sleep(0.01)
    end
    answer.result = RESULTS["tools/call"](message)
  end
  local text = event(answer)
  for at = 1, #text, 7 do
    response:write(text:sub(at, at + 6))
  end
end

local FAULTS = {
  redirect = function(_, response)
    response:send(307, { Location = "http://127.0.0.1:1/elsewhere" })
  end,
  never = function()
    async.sleep(1000)
  end,
  broken = function(_, response)
    response:abort()
  end,
  busy = function(_, response)
    response:send(503, {}, "later")
  end,
  refused = function(_, response)
    response:send(400, {}, "no")
  end,
  flood = function(_, response)
    response:start(200, { ["Content-Type"] = "text/event-stream" })
    while response:is_open() do
      async.await(response.write, response, ("data: x\n"):rep(8192))
    end
  end,
  nothing = function(_, response)
    response:send(200, { ["Content-Type"] = "application/json" }, "<html>")
  end,
}

local function answer(request, message, response)
  local headers = message.method == "initialize" and { ["Mcp-Session-Id"] = "s" .. sessions } or {}
  local body = { jsonrpc = "2.0", id = message.id, result = RESULTS[message.method](message) }
  if message.method == "tools/call" then
    calls = calls + 1
    if FAULTS[MODE] then
      return FAULTS[MODE](request, response)
    end
  end
  if MODE == "stream" and message.method ~= "initialize" then
    return stream(response, body, message)
  end
  headers["Content-Type"] = "application/json"
  response:send(200, headers, cjson.encode(body))
end

local function wake()
  local file = MODE == "" and io.open(os.getenv("GO"))
  if file then
    file:close()
    MODE, sessions = os.getenv("MODE"), 0
  end
end

local function serve(request, response)
  wake()
  local message = cjson.decode(request.body)
  if message.method == "initialize" then
    sessions = sessions + 1
  elseif request.headers["mcp-session-id"] ~= "s" .. sessions or request.headers["mcp-protocol-version"] ~= "2025-06-18" then
    return response:send(400, {}, "no session")
  elseif MODE == "lost" and message.method == "tools/call" and sessions == 1 then
    return response:send(404, {}, "unknown session")
  end
  if message.id == nil or not message.method then
    heard = message.result and message.id or heard
    return response:send(202, {})
  end
  answer(request, message, response)
end

return function()
  return async.main(function()
    local server = http.listen({ port = 0 }, function(request, response)
      async.spawn(serve, request, response)
    end)
    print(server:port())
    io.stdout:flush()
    async.sleep(86400)
  end)
end
