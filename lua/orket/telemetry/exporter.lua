-- exporter.lua: sends spans to a collector, in the background: from a bounded queue, several at once, again
-- when it is away for a moment. What finds no room or no collector is dropped and counted; no run waits.

local async = require("orket.async")
local cjson = require("cjson")
local llm = require("orket.core.llm")
local redaction = require("orket.telemetry.redaction")

local M = {}

local QUEUE, BATCH = 2048, 512 -- spans that wait; that are sent at once
local QUEUE_BYTES = 16 << 20
local GATHER = 1 -- seconds for which spans are gathered
local ATTEMPTS, LONGEST = 5, 30 -- of one batch; seconds between two
local DEADLINES = { connect = 5, total = 10 }
local CAPS = { body = 65536, headers = 65536 }
local AGAIN = { [429] = true, [502] = true, [503] = true, [504] = true }

local Exporter = {}
Exporter.__index = Exporter

---@param target {url: string, key: string?, request: fun(spans: string[]): string}
---@return table exporter {sent, dropped, rejected: integer, failure: string|nil}
function M.new(target)
  return setmetatable({ target = target, queue = {}, bytes = 0, sent = 0, dropped = 0, rejected = 0 },
    Exporter)
end

-- ---- one batch ----

local function post(self, body)
  return async.suspend(function(wake)
    return llm.post({ url = self.target.url, key = self.target.key, body = body, private = true,
      deadlines = DEADLINES, caps = CAPS }, nil, function(reply, message, _, info)
        wake(reply, not reply and { message = message, info = info or {} } or nil)
      end)
  end)
end

-- A collector may take some of them only.
local function count_rejected(body)
  local ok, answer = pcall(cjson.decode, body)
  local part = ok and type(answer) == "table" and answer.partialSuccess
  local count = type(part) == "table" and tonumber(part.rejectedSpans)
  return math.tointeger(count) or 0
end

local function taken(self, count, reply)
  local rejected = math.max(0, math.min(count, count_rejected(reply.body)))
  self.sent, self.rejected = self.sent + count - rejected, self.rejected + rejected
end

-- Seconds until it is tried again; nil: it is not. At the end one that is not there is not waited for.
local function pause(self, failure, attempt)
  local info = failure.info
  if not info or attempt == ATTEMPTS or info.status and not AGAIN[info.status]
    or self.closing and not info.status then
    return nil
  end
  return math.min(LONGEST, info.retry_after or 2 ^ (attempt - 1))
end

local function send(self, spans)
  local body = redaction.clean(self.target.request(spans))
  for attempt = 1, ATTEMPTS do
    local reply, failure = post(self, body)
    if reply then
      return taken(self, #spans, reply)
    end
    self.failure = redaction.clean(failure.message or "")
    local seconds = pause(self, failure, attempt)
    if not seconds or not async.sleep(seconds) then
      break
    end
  end
  self.dropped = self.dropped + #spans
end

-- ---- the queue ----

local function take(self)
  local spans = table.move(self.queue, 1, math.min(BATCH, #self.queue), 1, {})
  self.queue = table.move(self.queue, #spans + 1, #self.queue, 1, {})
  for _, span in ipairs(spans) do
    self.bytes = self.bytes - #span
  end
  return spans
end

local function gather(self)
  if self.closing or #self.queue >= BATCH then
    return
  end
  local timer
  async.suspend(function(wake)
    self.hurry = wake
    timer = async.spawn(function()
      if async.sleep(GATHER) then
        wake(true)
      end
    end)
  end)
  self.hurry = nil
  async.cancel(timer)
end

local function deliver(self)
  while #self.queue > 0 and not async.canceled() do
    gather(self)
    send(self, take(self))
  end
  self.task = nil
end

---Takes a span, or drops it.
---@param span string as otlp.span writes it
function Exporter:add(span)
  if #self.queue >= QUEUE or self.bytes + #span > QUEUE_BYTES or self.over then
    self.dropped = self.dropped + 1
    return
  end
  self.queue[#self.queue + 1], self.bytes = span, self.bytes + #span
  if not self.task then
    self.task = async.spawn(deliver, self)
  elseif #self.queue >= BATCH and self.hurry then
    self.hurry(true)
  end
end

---Sends what waits, some seconds at most; what is left is dropped. In a task.
---@param seconds number
function Exporter:close(seconds)
  self.closing = true
  if self.hurry then
    self.hurry(true)
  end
  if self.task then
    async.within(seconds, async.join, self.task)
  end
  self.over = true
  if self.task then
    async.cancel(self.task)
  end
  self.dropped = self.dropped + #self.queue
  self.queue = {}
end

return M
