-- mcp_http.lua: sessions of MCP clients over streamable HTTP: POST has one message, GET listens, DELETE ends.
-- A session belongs to who began it: with another key there is no such session.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local mcp_session = require("orket.service.mcp.mcp_session")
local mcp_stream = require("orket.service.mcp.mcp_stream")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local SESSIONS, OWN = 64, 8 -- at once: of all, and of one owner
local ABANDONED = 3600 -- seconds: a session that was idle for as long ends when its place is wanted
local STREAMS, BYTES = 8, 2 << 20 -- of a session: ended streams that can be asked for again

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

-- How many sessions an owner has, and the one of them that was idle for longest.
local function own_of(all, owner)
  local count, oldest = 0, nil
  for _, client in pairs(all.of) do
    if client.owner == owner then
      count = count + 1
      oldest = is_idle(client) and (not oldest or client.seen < oldest.seen) and client or oldest
    end
  end
  return count, oldest
end

local function end_abandoned(all)
  local since = sys.monotonic() - ABANDONED
  for _, id in ipairs(tables.keys(all.of)) do
    if is_idle(all.of[id]) and all.of[id].seen < since then
      end_client(all, all.of[id])
    end
  end
end

local function no_room(own)
  if own >= OWN then
    return errors.new("ERR_LIMIT", own .. " MCP sessions of yours are in use, which is the most",
      "end one of them: DELETE /mcp", 429)
  end
  return errors.new("ERR_LIMIT", "no further MCP session can begin now", "try again later", 503)
end

-- A further session takes the place of the owner's own one that was idle for longest, never another owner's.
local function make_room(all, owner)
  if all.count >= SESSIONS then
    end_abandoned(all)
  end
  local own, oldest = own_of(all, owner)
  if own < OWN and all.count < SESSIONS then
    return true
  elseif not oldest then
    return nil, no_room(own)
  end
  end_client(all, oldest)
  return true
end

local function new_client(service, request)
  local all, who = clients_of(service), request.principal
  local ok, err = service.ready, no_room(0)
  if ok then
    ok, err = make_room(all, who.owner)
  end
  if not ok then
    return nil, err
  end
  local notices = mcp_stream.new(0, false)
  local client = setmetatable({ id = sys.nonce(), account = who.account, owner = who.owner,
    notices = notices, streams = {}, last = 0,
    session = mcp_session.new(service, notices), seen = sys.monotonic() }, Client)
  all.of[client.id], all.count = client, all.count + 1
  return client
end

local function no_session()
  return errors.new("ERR_NOT_FOUND", "there is no such session", "begin one: initialize", 404)
end

local function client_of(service, request)
  local id = request.headers["mcp-session-id"]
  if not id then
    return nil, errors.new("ERR_USAGE", "Mcp-Session-Id is missing", "begin a session: initialize", 400)
  end
  local client = clients_of(service).of[id]
  if not client or client.account ~= request.principal.account then
    return nil, no_session()
  end
  local version = request.headers["mcp-protocol-version"]
  if version and version ~= client.session.version then
    return nil, errors.new("ERR_USAGE", "MCP-Protocol-Version is not what was agreed on",
      "send " .. client.session.version, 400)
  end
  client.seen = sys.monotonic()
  return client
end

-- ---- POST ----

local function accepts(request, kinds)
  local accept = request.headers.accept or ""
  for _, kind in ipairs(kinds) do
    if not accept:find(kind, 1, true) then
      return nil, errors.new("ERR_USAGE", "Accept has to name " .. table.concat(kinds, " and "), nil, 406)
    end
  end
  return true
end

-- The newest ended ones are kept, as many and as much of them as a session may have.
local function forget_streams(client)
  local numbers, ended, bytes = tables.keys(client.streams), 0, 0
  for i = #numbers, 1, -1 do
    local stream = client.streams[numbers[i]]
    if stream.done and stream.bytes == 0 then -- sent alone: it has no id to ask for it with
      client.streams[numbers[i]] = nil
    elseif stream.done then
      ended, bytes = ended + 1, bytes + stream.bytes
      client.streams[numbers[i]] = ended <= STREAMS and bytes <= BYTES and stream or nil
    end
  end
end

-- A bug ends its stream; a session that did not begin ends.
local function settle(service, client, stream, err)
  if err then
    service.log({ kind = "bug", message = errors.line(err) })
    stream:close()
  end
  forget_streams(client)
  if not client.session.version and clients_of(service).of[client.id] then
    end_client(clients_of(service), client)
  end
end

-- The answer is made in a task of its own: it does not end with the connection.
local function answer(service, client, request, response, headers)
  client.last = client.last + 1
  local stream = mcp_stream.new(client.last, client.session:knows("2025-11-25"))
  client.streams[client.last] = stream
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
    return nil, errors.new("ERR_USAGE", "the body is no message of JSON-RPC 2.0", nil, 400)
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
    return nil, errors.new("ERR_NOT_FOUND", "there is no such stream any more", "ask again", 404)
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
