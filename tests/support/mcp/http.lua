-- http.lua: an MCP server over streamable HTTP for specs, as trusted code of a program of its own
-- (ORKET_LUA): MODE says what is wrong with it, once the file GO is there. What it is asked is written to
-- LOG: method, session, what.

local async, http = require("orket.async"), require("orket.core.http")
local cjson = require("cjson")

local MODE = ""
local sessions, heard, changed = 0, nil, false
local is_ready = false -- it was told that the handshake is over
local tools_changed -- answers who listens

local function log(...)
  local file = assert(io.open(os.getenv("LOG"), "a"))
  file:write(table.concat({ ... }, " "), "\n")
  file:close()
end

local function tool()
  return {
    name = "echo", description = changed and "Says it back, and to me." or "Says it back.",
    inputSchema = { type = "object", properties = {
      text = { type = "string", ["x-mcp-header"] = "Text" },
      loud = { type = "boolean", ["x-mcp-header"] = "Loud" },
      how = { type = "object", additionalProperties = false },
    } },
  }
end

local RESULTS = {
  initialize = function(message)
    return {
      protocolVersion = message.params.protocolVersion, serverInfo = { name = "x", version = "1" },
      capabilities = { tools = { listChanged = MODE == "listens" or nil } },
    }
  end,
  ["server/discover"] = function()
    return { resultType = "complete", supportedVersions = { "2026-07-28" }, capabilities = { tools = {} },
      ttlMs = 1000, cacheScope = "public" }
  end,
  ["tools/list"] = function()
    return { resultType = "complete", tools = { tool() }, ttlMs = 100000, cacheScope = "public" }
  end,
  ["tools/call"] = function(message)
    return { content = { { type = "text", text = message.params.arguments.text
      .. (heard and " after " .. heard or "") } } }
  end,
}

local function event(message, id)
  return "event: message\r\nid: " .. (id or 1) .. "\r\ndata: " .. cjson.encode(message) .. "\r\n\r\n"
end

local function begin_stream(response)
  response:start(200, { ["Content-Type"] = "text/event-stream; charset=utf-8" })
end

-- A stream in small pieces, with a question before its answer; it is never ended here.
local function stream(response, answer, message)
  begin_stream(response)
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

-- An answer that is cut off after its first event; what is left of it waits for a GET.
local pending
local function cut_off(_, response, answer)
  pending = answer
  begin_stream(response)
  async.await(response.write, response, "id: first\nretry: 20\ndata:\n\nid: half\ndata: {\"jsonrpc\"")
  response:abort()
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
    begin_stream(response)
    while response:is_open() do
      async.await(response.write, response, ("data: x\n"):rep(8192))
    end
  end,
  nothing = function(_, response)
    response:send(200, { ["Content-Type"] = "application/json" }, "<html>")
  end,
  accepted = function(_, response)
    response:send(202, {})
  end,
  listens = function(_, response, answer)
    changed = true
    tools_changed()
    async.sleep(0.1) -- over another connection
    response:send(200, { ["Content-Type"] = "application/json" }, cjson.encode(answer))
  end,
  pesters = function(_, response, answer)
    begin_stream(response)
    for i = 1, 10000 do
      response:write(event({ jsonrpc = "2.0", id = i, method = "ping" }))
    end
    async.await(response.write, response, event(answer))
  end,
  resumes = cut_off, gone = cut_off, deaf = cut_off, again = cut_off,
}

-- ---- the current protocol: no session, everything in the request ----

local function refuse(response, id, code, message, data)
  response:send(400, { ["Content-Type"] = "application/json" }, cjson.encode({
    jsonrpc = "2.0", id = id, error = { code = code, message = message, data = data },
  }))
end

local ENCODED = { ["gr\u{FC}n"] = "=?base64?Z3LDvG4=?=" }

local function is_told(request, message)
  local meta = (message.params or {})._meta or {}
  local arguments = (message.params or {}).arguments or {}
  local text = arguments.text
  if arguments.loud ~= nil and request.headers["mcp-param-loud"] ~= tostring(arguments.loud) then
    return false
  end
  return meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
    and request.headers["mcp-protocol-version"] == "2026-07-28"
    and type(meta["io.modelcontextprotocol/clientCapabilities"]) == "table"
      and request.headers["mcp-method"] == message.method
    and request.headers["mcp-name"] == message.params.name
      and request.headers["mcp-param-text"] == (ENCODED[text] or text)
    and not request.headers["mcp-session-id"]
end

local CURRENT = { current = true, asking = true, future = true, strange = true }

local function serve_current(request, response, message)
  if MODE == "future" then
    return refuse(response, message.id, -32022, "no",
      { supported = { "2099-01-01" }, requested = "2026-07-28" })
  elseif message.method == "initialize" then
    return refuse(response, message.id, -32022, "use 2026-07-28", { supported = { "2026-07-28" } })
  elseif not is_told(request, message) then
    return refuse(response, message.id, -32020, "the headers differ from the body")
  end
  local result = RESULTS[message.method](message)
  if message.method == "tools/call" then
    result.resultType = MODE == "asking" and "input_required" or MODE == "strange" and "half" or "complete"
  end
  response:send(200, { ["Content-Type"] = "application/json" },
    cjson.encode({ jsonrpc = "2.0", id = message.id, result = result }))
end

-- ---- the ones before ----

local function answer(request, message, response)
  local headers = message.method == "initialize" and { ["Mcp-Session-Id"] = "s" .. sessions } or {}
  local body = { jsonrpc = "2.0", id = message.id, result = RESULTS[message.method](message) }
  if message.method == "tools/call" and FAULTS[MODE] then
    return FAULTS[MODE](request, response, body)
  elseif MODE == "stream" and message.method ~= "initialize" then
    return stream(response, body, message)
  end
  headers["Content-Type"] = "application/json"
  response:send(200, headers, cjson.encode(body))
end

local function post(request, response)
  local message = cjson.decode(request.body)
  log("POST", request.headers["mcp-session-id"] or "-", message.method or "answer",
    request.headers["authorization"] or "")
  if MODE == "auth" then
    return response:send(401, { ["WWW-Authenticate"] = 'Bearer resource_metadata="http://x/y"' },
      "who are you")
  elseif CURRENT[MODE] then
    return serve_current(request, response, message)
  elseif message.method == "initialize" then
    sessions = sessions + 1
  elseif request.headers["mcp-session-id"] ~= "s" .. sessions
    or request.headers["mcp-protocol-version"] ~= "2025-11-25" then
    return response:send(400, {}, "no session")
  elseif MODE == "lost" and message.method == "tools/call" and sessions == 1 then
    return response:send(404, {}, "unknown session")
  end
  if MODE == "slow" and message.method == "notifications/initialized" then
    async.sleep(0.1) -- what comes over another connection meanwhile is too early
    is_ready = true
  elseif MODE == "slow" and message.method ~= "initialize" and not is_ready then
    return response:send(400, {}, "Received request before initialization was complete")
  end
  if message.id == nil or not message.method then
    heard = message.result and message.id or heard
    return response:send(202, {})
  end
  answer(request, message, response)
end

local function listen(response)
  begin_stream(response)
  tools_changed = function()
    response:write(event({ jsonrpc = "2.0", method = "notifications/tools/list_changed" }))
  end
end

-- A session that goes on: with what was left of an answer, or with what nobody asked for.
local function get(request, response)
  local last = request.headers["last-event-id"]
  log("GET", request.headers["mcp-session-id"] or "-", last or "-")
  if MODE == "listens" and not last then
    return listen(response)
  elseif MODE == "again" and last then
    return cut_off(request, response, pending)
  elseif MODE == "gone" and last then
    return response:send(404, {}, "unknown session")
  elseif MODE ~= "resumes" or not last then
    return response:send(405, {})
  end
  begin_stream(response)
  response:write(event(pending, "second"))
  response:finish()
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
  if request.method == "DELETE" then
    log("DELETE", request.headers["mcp-session-id"] or "-")
    response:send(200, {})
  elseif request.method == "GET" then
    get(request, response)
  else
    post(request, response)
  end
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
