-- mcp_http.lua: sessions of MCP clients over streamable HTTP: POST has one message, GET listens, DELETE ends.
-- A session belongs to who began it: with another key there is no such session.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local mcp_session = require("orket.service.mcp.mcp_session")
local mcp_stream = require("orket.service.mcp.mcp_stream")
local problem = require("orket.service.api.problem")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local SESSIONS = 64 -- at once; a further one takes the place of the one that said nothing for longest
local STREAMS = 32 -- of a session, that can be asked for again

-- ---- sessions ----

local Client = {} -- a session and its streams
Client.__index = Client

local function clients_of(service)
  service.mcp = service.mcp or { of = {}, count = 0 }
  return service.mcp
end

local function is_idle(client)
  return not client.session:is_busy() and not client.notices:is_heard()
end

local function end_client(all, client)
  all.of[client.id], all.count = nil, all.count - 1
  client.session:close()
  client.notices:close()
  for _, stream in pairs(client.streams) do
    stream:close()
  end
end

-- False when each of them is in use.
local function make_room(all)
  local oldest
  for _, client in pairs(all.of) do
    if is_idle(client) and (not oldest or client.seen < oldest.seen) then
      oldest = client
    end
  end
  if oldest then
    end_client(all, oldest)
  end
  return oldest ~= nil
end

local function new_client(service, request)
  local all = clients_of(service)
  if service.ready == false or all.count >= SESSIONS and not make_room(all) then
    return nil, problem.new(503, "ERR_LIMIT", "no further session can begin now",
      "end one, or try again later")
  end
  local notices = mcp_stream.new(0, false)
  local client = setmetatable({ id = sys.nonce(), account = request.principal.account,
    notices = notices, streams = {}, last = 0,
    session = mcp_session.new(service, notices), seen = sys.monotonic() }, Client)
  all.of[client.id], all.count = client, all.count + 1
  return client
end

local function no_session()
  return problem.new(404, "ERR_NOT_FOUND", "there is no such session", "begin one: initialize")
end

local function client_of(service, request)
  local id = request.headers["mcp-session-id"]
  if not id then
    return nil, problem.new(400, "ERR_USAGE", "Mcp-Session-Id is missing", "begin a session: initialize")
  end
  local client = clients_of(service).of[id]
  if not client or client.account ~= request.principal.account then
    return nil, no_session()
  end
  local version = request.headers["mcp-protocol-version"]
  if version and version ~= client.session.version then
    return nil, problem.new(400, "ERR_USAGE", "MCP-Protocol-Version is not what was agreed on",
      "send " .. client.session.version)
  end
  client.seen = sys.monotonic()
  return client
end

-- ---- POST ----

local function accepts(request, kinds)
  local accept = request.headers.accept or ""
  for _, kind in ipairs(kinds) do
    if not accept:find(kind, 1, true) then
      return nil, problem.new(406, "ERR_USAGE", "Accept has to name " .. table.concat(kinds, " and "))
    end
  end
  return true
end

local function forget_streams(client)
  client.streams[client.last - STREAMS] = nil
end

-- A bug ends its stream; a session that did not begin ends.
local function settle(service, client, stream, err)
  if err then
    service.log({ kind = "bug", message = errors.line(err) })
    stream:close()
  end
  if not client.session.version and clients_of(service).of[client.id] then
    end_client(clients_of(service), client)
  end
end

-- The answer is made in a task of its own: it does not end with the connection.
local function answer(service, client, request, response, headers)
  client.last = client.last + 1
  local stream = mcp_stream.new(client.last, client.session:knows("2025-11-25"))
  client.streams[client.last] = stream
  forget_streams(client)
  headers["Mcp-Session-Id"] = client.id
  async.spawn_watched(function(_, err)
    settle(service, client, stream, err)
  end, function()
    async.sleep(0) -- the stream has its client first
    client.session:take(request.body, stream, request.principal)
  end)
  stream:attach(response, headers)
  return 200
end

local function send_json(response, headers, status, value)
  headers["Content-Type"] = value and "application/json" or nil
  response:send(status, headers, value and cjson.encode(value) or "")
  return status
end

local function take_batch(client, request, response, headers)
  local answers = client.session:take_batch(request.body, request.principal)
  return send_json(response, headers, #answers > 0 and 200 or 202, #answers > 0 and answers or nil)
end

-- The session of a message: the one that it names, or that it begins.
local function addressed(service, request)
  local message = request.body
  local begins = mcp_session.kind(message) == "request" and message.method == "initialize"
  if begins and not request.headers["mcp-session-id"] then
    return new_client(service, request)
  end
  return client_of(service, request)
end

---Takes a message of a client.
---@param service Service
---@param request ApiRequest
---@param response HttpResponse
---@param headers table<string, string>
---@return integer|nil status
---@return Error|nil
function M.post(service, request, response, headers)
  local ok, err = accepts(request, { "application/json", "text/event-stream" })
  local client
  if ok then
    client, err = addressed(service, request)
  end
  if not client then
    return nil, err
  end
  local message = request.body
  local kind = mcp_session.kind(message)
  if client.session:is_batch(message) then
    return take_batch(client, request, response, headers)
  elseif kind == "request" then
    return answer(service, client, request, response, headers)
  elseif not kind then
    return nil, problem.new(400, "ERR_USAGE", "the body is no message of JSON-RPC 2.0")
  end
  client.session:take(message, nil, request.principal)
  return send_json(response, headers, 202)
end

-- ---- GET and DELETE ----

-- The stream that is meant, and the last message of it that the client has ("3-7"); without such an id the
-- notices, from now on.
local function stream_of(client, request)
  local id = request.headers["last-event-id"]
  if not id then
    return client.notices, client.notices.count
  end
  local number, count = id:match("^(%d+)%-(%d+)$")
  number, count = math.tointeger(tonumber(number)), math.tointeger(tonumber(count))
  return count and (number == 0 and client.notices or client.streams[number]), count
end

---Listens: to what belongs to no request, or again to the stream whose last event the client names.
---@param service Service
---@param request ApiRequest
---@param response HttpResponse
---@param headers table<string, string>
---@return integer|nil status
---@return Error|nil
function M.get(service, request, response, headers)
  local ok, err = accepts(request, { "text/event-stream" })
  local client
  if ok then
    client, err = client_of(service, request)
  end
  if not client then
    return nil, err
  end
  local stream, count = stream_of(client, request)
  if not stream then
    return nil, problem.new(404, "ERR_NOT_FOUND", "there is no such stream any more", "ask again")
  end
  stream:attach(response, headers, count)
  client.seen = sys.monotonic()
  return 200
end

---Ends a session.
---@param service Service
---@param request ApiRequest
---@param response HttpResponse
---@param headers table<string, string>
---@return integer|nil status
---@return Error|nil
function M.delete(service, request, response, headers)
  local client, err = client_of(service, request)
  if not client then
    return nil, err
  end
  end_client(clients_of(service), client)
  return send_json(response, headers, 204)
end

---Ends all sessions: the service stops.
---@param service Service
function M.close(service)
  local all = clients_of(service)
  for _, id in ipairs(tables.keys(all.of)) do
    end_client(all, all.of[id])
  end
end

return M
