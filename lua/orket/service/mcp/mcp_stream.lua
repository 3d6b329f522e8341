-- mcp_stream.lua: what a server says to an MCP client over HTTP: the answer to one request, or what belongs
-- to none. An answer that comes first and alone is one JSON text; otherwise it is a stream of events, and
-- each has an id. A client whose connection broke comes again with the last one (Last-Event-ID).

local async = require("orket.async")
local cjson = require("cjson")

local M = {}

local KEPT = 100 -- messages of a stream that can come again
local PAUSE, BEAT = 15, ": beat\n\n" -- seconds between two signs of life, and such a sign

local Stream = {}
Stream.__index = Stream

---@param number integer of the session's streams; 0: what belongs to no request
---@param primes boolean an event without data comes first, so that there is an id to come again with
---@return McpOutlet stream {bytes: of the messages that can come again, done: nothing follows}
function M.new(number, primes)
  return setmetatable({ number = number, primes = primes, count = 0, kept = {}, bytes = 0 }, Stream)
end

-- ---- the connection ----

local function detach(self)
  local response, wake = self.response, self.wake
  self.response, self.wake = nil, nil
  if response and response:is_open() then
    response:abort()
  end
  if wake then
    wake()
  end
end

-- One that takes nothing any more is gone; it may come again.
local function write(self, text)
  if self.response and not (self.response:is_open() and self.response:write(text)) then
    detach(self)
  end
end

local function event_of(self, count, message)
  return ("id: %d-%d\nevent: message\ndata: %s\n\n"):format(self.number, count, message)
end

-- With something to read at once: the head alone is not sent.
local function begin(self)
  if self.response and not self.began then
    self.began = true
    self.response:start(200, self.headers)
    local is_primed = self.primes and self.count == 0
    write(self, is_primed and ("id: %d-0\nretry: 1000\ndata: \n\n"):format(self.number) or BEAT)
  end
end

local function complete(self)
  self.done = true
  local response, wake = self.response, self.wake
  self.response, self.wake = nil, nil
  if response and response:is_open() then
    response:finish()
  end
  if wake then
    wake()
  end
end

local function send_alone(self, text)
  local response = self.response
  self.response = nil
  self.headers["Content-Type"] = "application/json"
  response:send(200, self.headers, text)
  complete(self)
end

-- ---- what is sent ----

local function keep(self, text)
  self.count = self.count + 1
  self.kept[self.count] = text
  self.bytes = self.bytes + #text - #(self.kept[self.count - KEPT] or "")
  self.kept[self.count - KEPT] = nil
end

---@param message table
---@param is_last boolean|nil the answer: nothing follows
function Stream:send(message, is_last)
  message.jsonrpc = "2.0"
  local text = cjson.encode(message)
  if is_last and self.response and not self.began then
    return send_alone(self, text)
  end
  begin(self)
  keep(self, text)
  write(self, event_of(self, self.count, text))
  if is_last then
    complete(self)
  end
end

---There is no answer: it was cancelled.
function Stream:finish()
  begin(self)
  complete(self)
end

-- ---- who listens ----

local function catch_up(self, last)
  begin(self)
  for count = math.max(last + 1, self.count - KEPT + 1), self.count do
    write(self, event_of(self, count, self.kept[count]))
  end
  if self.done then
    complete(self)
  end
end

-- Until the answer is sent, or the client is gone.
local function stay(self)
  local response = self.response
  while self.response == response and response do
    local ended = async.within(PAUSE, async.suspend, function(wake)
      self.wake = function()
        wake(true)
      end
    end)
    if ended == nil and async.canceled() then
      break
    elseif self.response == response then
      begin(self)
      write(self, BEAT)
    end
  end
end

---Sends to this client from now on, in place of the one before. In the task of its request, until its end.
---@param response HttpResponse
---@param headers table<string, string>
---@param last integer|nil the last message that it has; nil: none is to come again
function Stream:attach(response, headers, last)
  detach(self)
  self.response, self.headers, self.began = response, headers, false
  if last then
    catch_up(self, last)
  end
  stay(self)
  if self.response == response then
    self.response, self.wake = nil, nil
  end
end

---True while a client listens.
---@return boolean
function Stream:is_heard()
  return self.response ~= nil
end

---Ends it for its client.
function Stream:close()
  complete(self)
end

return M
