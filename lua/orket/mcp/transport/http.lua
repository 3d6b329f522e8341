-- http.lua: a server that is reached over streamable HTTP: each message is a POST, its answer one JSON text
-- or a stream of events, a session is a header. The core's transport carries it: no redirect is followed, the
-- key stays at its origin.

local async = require("orket.async")
local cjson = require("cjson")
local llm = require("orket.core.llm")
local errors = require("orket.errors")
local mcp_events = require("orket.mcp.mcp_events")
local strings = require("orket.util.strings")

local M = {}

local CONNECT = 10 -- seconds
local FAREWELL = 1 -- seconds for the end of a session
local RESUMPTIONS = 5 -- of one answer
local RETRY, RETRY_MOST = 0.2, 10 -- seconds before one
local CHALLENGE = 200 -- bytes of what it wants to be authenticated with

local Wire = {}
Wire.__index = Wire

-- ---- what went wrong ----

local function cure_of(self, info)
  local status = info.status or 0
  if status == 401 and not self.key then
    return "name its key: mcp." .. self.server.name
      .. ".key, one of keys (a bearer token; there is no login through a browser)"
  elseif status == 401 or status == 403 then
    return "the key that mcp." .. self.server.name .. ".key names is not accepted: put a fresh one there"
  end
  return info.fix
end

-- A refusal by the server itself says that nothing happened; anything else may have. What a refusal carries
-- as JSON-RPC is the server's own word.
local function failure(self, message, code, info)
  info = info or {}
  local status = info.status or 0
  local said = info.body and cjson.decode(info.body)
  local problem = type(said) == "table" and type(said.error) == "table" and said.error or nil
  if problem and type(problem.message) == "string" then
    message = (message:match("^.- answered %d+") or message) .. ": "
      .. strings.of_bytes(problem.message:sub(1, 300))
  end
  if info.challenge and status == 401 then
    message = message .. ": it wants to know who asks (" .. info.challenge:sub(1, CHALLENGE) .. ")"
  end
  local err = errors.new(code, "the server " .. self.server.name .. ": " .. message, cure_of(self, info))
  err.status, err.rpc = status, problem
  err.lost = self.session ~= nil
    and (status == 404 or status == 400 and message:lower():find("session", 1, true) ~= nil)
  err.told = status >= 300 and status < 500
  return err
end

-- ---- requests ----

local function headers_of(self, more)
  local headers = { ["MCP-Protocol-Version"] = self.version, ["Mcp-Session-Id"] = self.session }
  for name, value in pairs(more or {}) do
    headers[name] = value
  end
  return headers
end

local function request(self, more)
  local deadline = self.server.deadline
  local order = {
    -- nothing is sent twice
    url = self.server.url, key = self.key, fresh = true, private = self.server.private,
    headers = headers_of(self, more.headers), body = more.body, remove = more.remove,
    deadlines = { connect = math.min(CONNECT, deadline), first_byte = deadline, idle = deadline,
      total = deadline },
    caps = { body = self.server.output },
  }
  for name, value in pairs(more.deadlines or {}) do
    order.deadlines[name] = value
  end
  return order
end

-- ---- answers ----

local exchange

-- An answer that was cut off is asked for again, from where it was.
local function resume(self, talk)
  talk.resumed = talk.resumed + 1
  async.spawn(function()
    async.sleep(math.min(talk.stream:retry() or RETRY, RETRY_MOST))
    if not self.closed and self.awaits(talk.id) then
      exchange(self, talk, request(self, { headers = { ["Last-Event-ID"] = talk.stream:last() } }))
    end
  end)
end

local function can_resume(self, talk)
  return self.resumes and talk.stream and talk.stream:last() and talk.resumed < RESUMPTIONS
end

-- It had begun to answer well.
local function was_cut(info)
  return info and info.began and (info.status or 0) >= 200 and info.status < 300
end

local function over(self, talk, result, message, code, info)
  talk.cancel = nil
  if #talk.whole > 0 then
    self.hear(table.concat(talk.whole))
    talk.whole = {}
  end
  if self.closed or not self.awaits(talk.id) then
    self.talks[talk.id] = nil
  elseif can_resume(self, talk) and (result or was_cut(info)) then
    resume(self, talk)
  else
    local err = result and errors.new("ERR_PROTOCOL", "the server " .. self.server.name
      .. " ended its answer without one")
      or failure(self, message, code, info)
    if talk.resumed > 0 then -- the question had been taken: that nobody can go on says nothing of what it did
      err.lost, err.told = nil, nil
    end
    self.talks[talk.id] = nil
    self.fail(talk.id, err)
  end
end

-- Takes the pieces of a body; a JSON text is one message, when it is whole. A stream that goes on when its
-- question is answered has nothing more to say.
local function taker(self, talk)
  return function(bytes, type, session)
    if talk.begins then
      self.session = self.session or session ~= "" and session or nil
    end
    if type ~= "text/event-stream" then
      talk.whole[#talk.whole + 1] = bytes
      return false
    end
    talk.stream = talk.stream or mcp_events.reader(self.hear)
    talk.stream:feed(bytes)
    return self.closed or not self.awaits(talk.id)
  end
end

function exchange(self, talk, order)
  if talk.stream then
    talk.stream:cut()
  end
  talk.cancel = llm.post(order, taker(self, talk), function(...)
    over(self, talk, ...)
  end)
end

-- What is no question has no answer; that it was taken may be waited for.
local function tell(self, text, waits)
  local order = request(self,
    { body = text, deadlines = { total = math.min(CONNECT, self.server.deadline) } })
  if waits then
    async.await(llm.post, order, nil)
  else
    llm.post(order, nil, function() end)
  end
  return true
end

---Sends one message. What becomes of a question is heard, or told to `fail`.
---@param text string
---@param about {id: integer?, method: string?, headers: table<string, string>?, waits: boolean?}
---@return true
function Wire:send(text, about)
  if not about.id then
    return tell(self, text, about.waits)
  end
  local talk = { id = about.id, whole = {}, resumed = 0, begins = about.method == "initialize" }
  self.talks[talk.id] = talk
  exchange(self, talk, request(self, { body = text, headers = about.headers }))
  return true
end

---An answer is not waited for any more.
---@param id integer
function Wire:forget(id)
  local talk = self.talks[id]
  self.talks[id] = nil
  if talk and talk.cancel then
    talk.cancel()
  end
end

---Listens for what the server says unasked, until it will not.
function Wire:listen()
  local stream = mcp_events.reader(self.hear)
  local long = self.server.deadline + 3600
  self.ear = llm.post(request(self, { deadlines = { first_byte = long, idle = long, total = long } }),
    function(bytes, type)
    if type ~= "text/event-stream" then
      return true
    end
    stream:feed(bytes)
    return self.closed
  end, function()
    self.ear = nil
  end)
end

---@return string nothing: it has no last words
function Wire.complaints()
  return ""
end

function Wire.renew() end

-- The server may forget the session; nobody minds when it does not want to be told.
local function say_farewell(self)
  local deadlines = { connect = FAREWELL, first_byte = FAREWELL, idle = FAREWELL, total = FAREWELL }
  async.await(llm.post, request(self, { remove = true, deadlines = deadlines }), nil)
end

---Nothing of it is waited for any more, and the session ends.
function Wire:close()
  self.closed = true
  for id in pairs(self.talks) do
    self:forget(id)
  end
  if self.ear then
    self.ear()
  end
  if self.session then
    pcall(say_farewell, self)
    self.session = nil
  end
end

---A way to the server; nothing is sent yet.
---@param project table
---@param server McpServer
---@param on {hear: fun(text: string), fail: fun(id: integer|nil, err: Error),
---  awaits: fun(id: integer): boolean}
---@return table|nil wire  send, forget, renew, complaints, close; listen, lose
---@return Error|nil
function M.open(project, server, on)
  local self = setmetatable({ server = server, hear = on.hear, fail = on.fail, awaits = on.awaits,
    talks = {} }, Wire)
  if server.key then
    local source = (project.config.organization.keys or {})[server.key] or { env = server.key }
    self.key = "mcp." .. server.name
    local ok, err = errors.check(llm.key(self.key, {
      env = source.env, file = source.file, header = source.header, user = source.user,
      origin = source.origin or server.url,
    }))
    if not ok then
      return nil, err
    end
  end
  return self
end

return M
