-- web_server.lua: one request after the other: admitted, routed, checked, handled, answered, logged. It knows
-- no route by name; what a route does is in service/routes/.

local async = require("orket.async")
local admission = require("orket.service.admission")
local cjson = require("cjson")
local errors = require("orket.errors")
local forwarded = require("orket.service.forwarded")
local hash = require("orket.core.hash")
local http = require("orket.core.http")
local inputs = require("orket.service.api.inputs")
local page_files = require("orket.service.page_files")
local pooled_store = require("orket.service.api.pooled_store")
local problem = require("orket.service.api.problem")
local rate_limit = require("orket.people.rate_limit")
local route_table = require("orket.service.route_table")
local sys = require("orket.core.sys")

local M = {}

local BODY_MOST = 1 << 20 -- bytes of a request
local CONNECTIONS, FILES = 20000, 300 -- at most; descriptors that are left to the project and its run
local KEPT_MOST, KEPT_BYTES = 64, 4 << 20 -- answers that are kept until the journal moves; bytes of one

local Server = {}
Server.__index = Server

-- ---- answers ----

local function headers_of(exchange, kind)
  local headers = { ["Content-Type"] = kind, ["X-Request-Id"] = exchange.id, ["Cache-Control"] = "no-cache",
    ["X-Content-Type-Options"] = "nosniff" }
  for name, value in pairs(exchange.rate or {}) do
    headers[name] = value
  end
  return headers
end

local function send(exchange, status, headers, body)
  exchange.status, exchange.bytes = status, #body
  exchange.response:send(status, headers, body, exchange.secret)
end

local function send_problem(exchange, err)
  local said = problem.of(err)
  said.instance = exchange.id
  local headers = headers_of(exchange, problem.TYPE)
  if said.status == 401 then
    headers["WWW-Authenticate"] = 'Bearer realm="orket"'
  elseif said.status == 405 then
    headers.Allow = err.allow
  elseif said.status == 429 or said.status == 503 then
    headers["Retry-After"] = tostring(err.retry_after or 5)
  end
  exchange.code = said.code
  send(exchange, said.status, headers, cjson.encode(said))
end

-- An answer that its reader has already is not sent again.
local function send_unless_known(exchange, status, headers, body)
  if headers.ETag and exchange.headers["if-none-match"] == headers.ETag then
    return send(exchange, 304, headers, "")
  end
  send(exchange, status, headers, body)
end

local function send_known(exchange, route, body, etag)
  local headers = headers_of(exchange, route.produces or "application/json")
  headers.ETag = etag
  send_unless_known(exchange, route.status or 200, headers, body)
end

-- ---- answers that the journal alone decides ----

local function kept(service, target)
  local store = service.kept
  if store.at ~= service.events.last then
    store.at, store.count, store.answers, store.running = service.events.last, 0, {}, {}
  end
  return store.answers[target]
end

-- An answer that was begun when the journal ended at `at`; what came since may not be in it.
local function keep(service, at, target, body, etag)
  local store = service.kept
  if store.count < KEPT_MOST and #body <= KEPT_BYTES and store.at == at and at == service.events.last then
    store.answers[target], store.count = { body = body, etag = etag }, store.count + 1
  end
end

-- ---- one request ----

local function traced(what)
  return type(what) == "table" and what or debug.traceback(what)
end

-- Its body as text. What was is read by the loop, in a snapshot.
local function body_of(service, route, request)
  local is_now = not request.query.at
  if route.text and is_now then
    return route.text(service, request)
  end
  local view = route.pooled and is_now and pooled_store.view(service) or service
  local value, err = service.snapshots:answer(view, route, request)
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

-- Who asks the same while it is being answered, and the journal has not moved, waits for that answer.
local function handled_once(service, exchange, route, request)
  local running, target = service.kept.running, exchange.target
  local task = running[target]
  if not task then
    task = async.spawn(function()
      local result = table.pack(xpcall(handled, traced, service, route, request))
      running[target] = nil
      return result
    end)
    running[target] = not task.done and task or nil
  end
  local result, err = async.join(task)
  if result and not result[1] then
    error(result[2], 0)
  end
  return result and result[2], result and result[3] or err
end

local function answer(service, exchange, route, request)
  local at = service.events.last
  local known = route.by_journal and kept(service, exchange.target)
  if known then
    return send_known(exchange, route, known.body, known.etag)
  end
  local body, etag
  if route.by_journal then
    body, etag = handled_once(service, exchange, route, request)
  else
    body, etag = handled(service, route, request)
  end
  exchange.secret = request.secret
  if not body then
    return send_problem(exchange, etag)
  end
  if route.by_journal then
    keep(service, at, exchange.target, body, etag)
  end
  send_known(exchange, route, body, etag)
end

-- ---- streams end with the right to them ----

-- What a stream shows may depend on the role: with another one it begins anew.
local function is_allowed(service, exchange, route)
  local who = service.people:principal(exchange.credential, true)
  return who ~= nil and who.role == exchange.principal.role
    and who:check(route, service.people:organization()) == nil, who
end

local function cut(exchange)
  exchange.status = 401
  exchange.response:abort()
  async.cancel(exchange.task)
end

-- At the moment at which the credential ends, if nothing else happens before.
local function end_in_time(service, exchange, route)
  local ok, who = true, exchange.principal
  while ok and who.ends do
    if not async.sleep(math.max(1, who.ends - os.time())) then
      return
    end
    ok, who = is_allowed(service, exchange, route)
  end
  if not ok then
    cut(exchange)
  end
end

local function watch(self, service, exchange, route)
  local timer = exchange.principal.ends and async.spawn(end_in_time, service, exchange, route)
  self.streams[exchange] = function()
    if not is_allowed(service, exchange, route) then
      cut(exchange)
    end
  end
  return setmetatable({}, { __close = function()
    self.streams[exchange] = nil
    if timer then
      async.cancel(timer)
    end
  end })
end

local function look_at_streams(self)
  local checks = {}
  for _, check in pairs(self.streams) do
    checks[#checks + 1] = check
  end
  for _, check in ipairs(checks) do
    check()
  end
end

local function wants_events(exchange)
  return (exchange.headers.accept or ""):find("text/event-stream", 1, true) ~= nil
end

local function stream(self, service, exchange, route, request)
  local _ <close> = watch(self, service, exchange, route)
  local status, err = route.stream(service, request, exchange.response,
    headers_of(exchange, "text/event-stream"))
  if err then
    return send_problem(exchange, err)
  end
  exchange.status = status
end

local function read(exchange, route, params, raw)
  local request = { id = exchange.id, who = exchange.who, method = raw.method, path = raw.path,
    params = params, headers = raw.headers, principal = exchange.principal,
    claims = (raw.credential or {}).claims, passwords = raw.passwords or {}, address = exchange.address }
  local err
  request.query, err = inputs.query(route, raw.query)
  if not err then
    request.body, err = inputs.body(route, raw)
  end
  return not err and request or nil, err
end

local function allowed_methods(methods)
  local names = {}
  for name in pairs(methods) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- Why no route was found: of the path, nil or its routes by method.
local function no_route(raw, methods)
  if not methods then
    return problem.new(404, "ERR_NOT_FOUND", "there is no such path", "/openapi.json lists them")
  end
  local err = problem.new(405, "ERR_USAGE", raw.method .. " is not for this path")
  err.allow = allowed_methods(methods)
  return err
end

-- The page itself, which has no data: a link of another site may lead to it.
local function serve_page(self, exchange, raw)
  local text, headers = page_files.find(raw.method, raw.path)
  if not text or self.admission:check_host(raw) then
    return false
  end
  headers["X-Request-Id"] = exchange.id
  send_unless_known(exchange, 200, headers, text)
  return true
end

-- Who asks, and may that one ask for it?
local function admit(self, exchange, raw, route)
  local people = exchange.service.people
  local who, err = self.admission:admit(raw, people)
  if not who then
    return err
  end
  exchange.principal, exchange.who, exchange.credential = who, who.name, raw.credential
  exchange.rate, err = self.rate_limit:take(exchange.service.name .. "/" .. who.account)
  return err or route and who:check(route, people:organization())
end

local function serve(self, exchange, raw)
  local service, path = self.workspaces:find(raw.path)
  exchange.service = service or self.workspaces.first
  if path == raw.path and serve_page(self, exchange, raw) then
    return
  end
  local err = self.admission:check_site(raw)
  if err then
    return send_problem(exchange, err)
  end
  local methods, params
  if service then
    methods, params = route_table.find(path)
  end
  -- HEAD is GET without the body, which the core leaves out
  local route = methods and methods[raw.method == "HEAD" and "GET" or raw.method]
  if not (route and route.permission == "open") then
    err = admit(self, exchange, raw, route)
    if err then
      return send_problem(exchange, err)
    end
  end
  if not route then
    return send_problem(exchange, no_route(raw, methods))
  end
  exchange.route = route
  local request
  request, err = read(exchange, route, params, raw)
  if not request then
    send_problem(exchange, err)
  elseif route.stream and (not route.handle or wants_events(exchange)) then
    stream(self, service, exchange, route, request)
  else
    answer(service, exchange, route, request)
  end
end

-- ---- around it ----

-- An id that a client or a proxy gave is taken over when it is one that can be logged.
local function id_of(self, headers)
  local given = headers["x-request-id"]
  if given and #given <= 64 and given:find("^[%w._%-]+$") then
    return given
  end
  self.count = self.count + 1
  return ("%s-%d"):format(self.nonce, self.count)
end

local function failed(self, exchange, what)
  local err = type(what) == "table" and what.code and what or errors.of_raised(what)
  if not err then
    self.log:write({ kind = "bug", id = exchange.id, path = exchange.path, message = tostring(what) })
    err = errors.new("ERR_BUG", "a bug of the server; its log has it under " .. exchange.id, "report it")
  end
  if not pcall(send_problem, exchange, err) then -- the answer had begun
    exchange.response:abort()
  end
end

local function finish(self, exchange)
  local seconds = sys.monotonic() - exchange.began
  exchange.service.metrics:request(exchange, seconds)
  self.log:write({ kind = "request", id = exchange.id, method = exchange.method,
    path = exchange.path, address = exchange.address, route = exchange.route and exchange.route.name,
    status = exchange.status,
    code = exchange.code, bytes = exchange.bytes, who = exchange.who, ms = math.floor(seconds * 1e5) / 100 })
end

local function take(self, raw, response)
  local peer = response:peer()
  raw.headers.host = self.forwarded:host(peer, raw.headers)
  local exchange = { id = id_of(self, raw.headers), method = raw.method, path = raw.path,
    target = raw.target, headers = raw.headers, response = response, began = sys.monotonic(),
    address = self.forwarded:client(peer, raw.headers) }
  local task = async.spawn(function()
    async.label({ cause = "request", id = exchange.id, path = exchange.path })
    local ok, what = xpcall(serve, traced, self, exchange, raw)
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
---@param options {host: string, port: integer, key: HttpKey, names: string[], log: table,
---  proxies: string[], socket: integer|nil, rate_limit: integer|nil}
---  rate_limit: requests a minute of one account; 0: no bound
---@return table|nil server
---@return Error|nil
function M.listen(workspaces, options)
  local self = setmetatable({ workspaces = workspaces, admission = admission.new(options.names), count = 0,
    log = options.log, streams = {}, forwarded = forwarded.new(options.proxies),
    rate_limit = rate_limit.new(options.rate_limit or 0) }, Server)
  for _, service in pairs(workspaces.by_name) do
    service.people:attach(options.key)
    service.people:on_change(function()
      look_at_streams(self)
    end)
  end
  self.nonce = hash.parts({ sys.now(), tostring(sys.monotonic()), workspaces.first.dir }):sub(1, 12)
  local err
  self.http, err = errors.check(http.listen({ host = options.host, port = options.port, key = options.key,
    socket = options.socket, body = BODY_MOST, connections = connections() }, function(raw, response)
      take(self, raw, response)
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
