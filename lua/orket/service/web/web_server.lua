-- web_server.lua: one request after the other: admitted, routed, checked, handled, answered, logged. It knows
-- no route by name; what a route does is in service/routes/.

local async = require("orket.async")
local admission = require("orket.service.web.admission")
local cjson = require("cjson")
local errors = require("orket.errors")
local exchanges = require("orket.service.web.exchange")
local forwarded = require("orket.service.web.forwarded")
local handling = require("orket.service.api.handling")
local hash = require("orket.core.hash")
local http = require("orket.core.http")
local open_streams = require("orket.service.web.open_streams")
local page_files = require("orket.service.web.page_files")
local rate_limit = require("orket.people.rate_limit")
local route_table = require("orket.service.route_table")
local sys = require("orket.core.sys")

local M = {}

local BODY_MOST = 1 << 20 -- bytes of a request
local HALF_CLOSED = 30 -- seconds that a client is answered that closed its side: it may have left
local CONNECTIONS, FILES = 20000, 300 -- at most; descriptors that are left to the project and its run

local Server = {}
Server.__index = Server

-- ---- what a route answers ----

local function traced(what)
  return type(what) == "table" and what or debug.traceback(what)
end

-- Its body as text.
local function body_of(service, route, request)
  if route.text and not request.query.at then
    return route.text(service, request)
  end
  local value, err = handling.perform(service, route, request)
  if value == nil then
    return nil, err
  end
  return route.produces and value or cjson.encode(value), value
end

-- Its body, and its ETag when it has one.
local function handled(service, route, request)
  local body, value = body_of(service, route, request)
  if not body then
    return nil, value
  elseif route.produces then
    return body
  end
  if route.version then
    return body, route.version(value)
  end
  return body, route.method == "GET" and '"' .. hash.of(body):sub(1, 32) .. '"' or nil
end

-- ---- answered, at once or for long ----

-- The right to look may end while an answer waits for a run.
local function has_lost(exchange, request)
  return request.query.wait and exchange.principal and not open_streams.is_allowed(exchange)
end

local function answer(exchange, route, request)
  local service = exchange.service
  local body, etag
  if route.by_journal and not request.query.at then -- what was is made as long as its client waits
    body, etag = service.kept:answer(exchange.raw.target, handled, service, route, request)
  else
    body, etag = handled(service, route, request)
  end
  exchange.secret = request.secret
  if not body then
    return exchange:send_problem(etag)
  elseif has_lost(exchange, request) then
    return exchange:send_problem(errors.new("ERR_DENIED", "you were signed out while this waited",
      "sign in again: POST /v1/login", 401))
  end
  local headers = exchange:answer_headers(route.produces or "application/json")
  headers.ETag = etag
  exchange:send(route.status or 200, headers, body)
end

local function stream(self, exchange, route, request)
  local open <close>, err = self.streams:begin(exchange)
  local status
  if open then
    status, err = route.stream(exchange.service, request, exchange.response,
      exchange:answer_headers("text/event-stream"))
  end
  if err then
    return exchange:send_problem(err)
  end
  exchange.status = status
end

-- ---- from the request to its route ----

local function allowed_methods(methods)
  local names = {}
  for name in pairs(methods) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- Why no route was found: of the path, nil or its routes by method.
local function no_route(exchange, methods)
  if not methods then
    return errors.new("ERR_NOT_FOUND", "there is no such path", "/openapi.json lists them", 404)
  end
  local err = errors.new("ERR_USAGE", exchange.method .. " is not for this path", nil, 405)
  err.allow = allowed_methods(methods)
  return err
end

-- The page itself, which has no data: a link of another site may lead to it.
local function serve_page(self, exchange)
  local text, headers = page_files.find(exchange.method, exchange.path, exchange.raw.headers.host or "")
  if not text or self.admission:check_host(exchange.raw) then
    return false
  end
  headers["X-Request-Id"] = exchange.id
  exchange:send(200, headers, text)
  return true
end

-- Who asks, and may that one ask for it?
local function admit(self, exchange, route)
  local people = exchange.service.people
  local who, err = self.admission:admit(exchange.raw, people)
  if not who then
    return err
  end
  exchange.principal = who
  exchange.rate, err = self.rate_limit:take(exchange.service.name .. "/" .. who.owner)
  return err or route and who:check(route, people:organization())
end

-- By its own route, whether it is a stream or one answer.
local function perform(self, exchange, route, params)
  exchange.route = route
  local request, err = exchange:request(route, params)
  if not request then
    exchange:send_problem(err)
  elseif route.stream and route.handle and exchange:wants_events() and exchange.method == "HEAD" then
    exchange:send(200, exchange:answer_headers("text/event-stream"), "") -- a stream has no end to wait for
  elseif route.stream and (not route.handle or exchange:wants_events()) then
    stream(self, exchange, route, request)
  else
    answer(exchange, route, request)
  end
end

local function serve(self, exchange)
  local service, path = self.workspaces:find(exchange.path)
  exchange.service = service or self.workspaces.first
  if path == exchange.path and serve_page(self, exchange) then
    return
  end
  local err = self.admission:check_site(exchange.raw)
  if err then
    return exchange:send_problem(err)
  end
  local methods, params
  if service then
    methods, params = route_table.find(path)
  end
  -- HEAD is GET without the body, which the core leaves out
  local route = methods and methods[exchange.method == "HEAD" and "GET" or exchange.method]
  if not (route and route.permission == "open") then
    err = admit(self, exchange, route)
  end
  err = err or not route and no_route(exchange, methods)
  if err then
    return exchange:send_problem(err)
  end
  perform(self, exchange, route, params)
end

-- ---- around it ----

local function new_id(self)
  self.count = self.count + 1
  return ("%s-%d"):format(self.nonce, self.count)
end

-- An id that a client or a proxy gave is taken over when it is one that can be logged.
local function id_of(self, headers)
  local given = headers["x-request-id"]
  if given and #given <= 64 and given:find("^[%w._%-]+$") then
    return given
  end
  return new_id(self)
end

local function failed(self, exchange, what)
  local err = type(what) == "table" and what.code and what or errors.of_raised(what)
  if not err then
    self.log:write({ kind = "bug", id = exchange.id, path = exchange.path, message = tostring(what) })
    err = errors.new("ERR_BUG", "a bug of the server; its log has it under " .. exchange.id, "report it")
  end
  if not pcall(exchange.send_problem, exchange, err) then -- the answer had begun
    exchange.response:abort()
  end
end

local function finish(self, exchange)
  local seconds = sys.monotonic() - exchange.began
  exchange.service.metrics:request(exchange, seconds)
  self.log:write({ kind = "request", id = exchange.id, method = exchange.method,
    path = exchange.path, address = exchange.address, route = exchange.route and exchange.route.name,
    status = exchange.status, code = exchange.code, bytes = exchange.bytes, who = exchange:who(),
    ms = math.floor(seconds * 1e5) / 100 })
end

-- What never became a request. The id of its answer.
local function note_refused(self, address, status, code, why)
  local id = new_id(self)
  self.workspaces.first.metrics:refused(status)
  self.log:write({ kind = "refused", id = id, address = address, status = status, code = code, why = why })
  return id
end

local function take(self, raw, response)
  local peer = response:peer()
  raw.headers.host = self.forwarded:host(peer, raw.headers)
  local exchange = exchanges.new(id_of(self, raw.headers), raw, response,
    self.forwarded:client(peer, raw.headers))
  local task = async.spawn(function()
    async.label({ cause = "request", id = exchange.id, path = exchange.path })
    local ok, what = xpcall(serve, traced, self, exchange)
    if not ok then
      failed(self, exchange, what)
    end
    finish(self, exchange)
  end)
  exchange.task = task
  if not task.done then
    response:on_gone(function()
      async.cancel(task)
    end)
  end
end

-- Connections may take no descriptor that a run needs: below this number the longest idle one makes room.
local function connections()
  return math.max(16, math.min(CONNECTIONS, sys.descriptors() - FILES))
end

---Listens.
---@param workspaces Workspaces
---@param options {host: string, port: integer, keyring: HttpKeyring, names: string[], log: table,
---  proxies: string[], socket: integer|nil, rate_limit: integer|nil}
---  rate_limit: requests a minute of one owner; 0: no bound
---@return table|nil server
---@return Error|nil
function M.listen(workspaces, options)
  local self = setmetatable({ workspaces = workspaces, admission = admission.new(options.names), count = 0,
    log = options.log, streams = open_streams.new(), forwarded = forwarded.new(options.proxies),
    rate_limit = rate_limit.new(options.rate_limit or 0) }, Server)
  for _, service in pairs(workspaces.by_name) do
    service.people:attach(options.keyring)
    service.people:on_change(function()
      self.streams:check()
    end)
  end
  self.nonce = hash.parts({ sys.now(), tostring(sys.monotonic()), workspaces.first.dir }):sub(1, 12)
  local err
  self.http, err = errors.check(http.listen({
    host = options.host, port = options.port, socket = options.socket, keyring = options.keyring,
    body = BODY_MOST, connections = connections(), half_closed = HALF_CLOSED,
  }, function(raw, response)
    take(self, raw, response)
  end, function(...)
    return note_refused(self, ...)
  end))
  return self.http and self, err
end

---@return integer
function Server:port()
  return self.http:port()
end

---Takes nothing new, waits for what is being answered, `seconds` at most, and closes. In a task.
---@param seconds number
function Server:close(seconds)
  async.within(seconds, function()
    async.await(self.http.drain, self.http)
  end)
  self.http:close()
end

return M
