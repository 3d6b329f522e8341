-- exchange.lua: one request and its answer: what was sent, as its route takes it; how an answer or a failure
-- goes back.

local async = require("orket.async")
local cjson = require("cjson")
local entity_tags = require("orket.service.api.entity_tags")
local inputs = require("orket.service.api.inputs")
local problem = require("orket.service.api.problem")
local sys = require("orket.core.sys")

local M = {}

---@class Exchange
---@field id string of the request, as X-Request-Id has it
---@field raw HttpRequest
---@field method string
---@field path string
---@field headers table<string, string>
---@field address string of the client
---@field response HttpResponse
---@field began number sys.monotonic()
---@field task table in which it is answered
---@field service Service of its path, or the first one
---@field route Route|nil once it is known
---@field principal Principal|nil who asks; nil: an open route, or refused
---@field rate table<string, string>|nil headers of the rate limit
---@field secret HttpSecret|nil it stands in the answer in the place of its mark
---@field status integer|nil of the answer
---@field bytes integer|nil of the answer
---@field code string|nil of a failure
local Exchange = {}
Exchange.__index = Exchange

---@param id string
---@param raw HttpRequest
---@param response HttpResponse
---@param address string
---@return Exchange
function M.new(id, raw, response, address)
  return setmetatable({ id = id, raw = raw, method = raw.method, path = raw.path, headers = raw.headers,
    response = response, address = address, began = sys.monotonic() }, Exchange)
end

-- ---- what was sent ----

---The name in which it is asked, for the log.
---@return string|nil
function Exchange:who()
  return self.principal and self.principal.name
end

---@param route Route
---@param params table<string, string> of the path
---@return ApiRequest|nil
---@return Error|nil
function Exchange:request(route, params)
  local raw = self.raw
  local request = { id = self.id, who = self:who(), method = self.method, path = self.path, params = params,
    headers = self.headers, principal = self.principal, claims = (raw.credential or {}).claims,
    passwords = raw.passwords or {}, address = self.address }
  local err
  request.query, err = inputs.query(route, raw.query)
  if not err then
    request.body, err = inputs.body(route, raw)
  end
  return not err and request or nil, err
end

---@return boolean
function Exchange:wants_events()
  return (self.headers.accept or ""):find("text/event-stream", 1, true) ~= nil
end

-- ---- what is answered ----

---@param kind string Content-Type
---@return table<string, string> headers
function Exchange:answer_headers(kind)
  local headers = { ["Content-Type"] = kind, ["X-Request-Id"] = self.id, ["Cache-Control"] = "no-cache",
    ["X-Content-Type-Options"] = "nosniff" }
  for name, value in pairs(self.rate or {}) do
    headers[name] = value
  end
  return headers
end

local function send(self, status, headers, body)
  self.status, self.bytes = status, #body
  self.response:send(status, headers, body, self.secret)
end

---@param err Error|Error[]
function Exchange:send_problem(err)
  local said = problem.of(err)
  said.instance = self.id
  local headers = self:answer_headers(problem.TYPE)
  if said.status == 401 then
    headers["WWW-Authenticate"] = 'Bearer realm="orket"'
  elseif said.status == 405 then
    headers.Allow = err.allow
  elseif said.status == 426 then
    headers.Upgrade = "websocket"
  elseif said.status == 429 or said.status == 503 then
    headers["Retry-After"] = tostring(err.retry_after or 5)
  end
  self.code = said.code
  send(self, said.status, headers, cjson.encode(said))
end

---Sends it; what its reader has already (If-None-Match) is not sent again.
---@param status integer
---@param headers table<string, string>
---@param body string
function Exchange:send(status, headers, body)
  if headers.ETag and entity_tags.matches(self.headers["if-none-match"], headers.ETag) then
    status, body = 304, ""
  end
  send(self, status, headers, body)
end

---Ends it as it stands: the right to it is gone.
function Exchange:cut()
  self.status = 401
  self.response:abort()
  async.cancel(self.task)
end

return M
