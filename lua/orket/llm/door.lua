-- door.lua: what all agents of a run share of one model at one address: how many may ask at once, how many in a
-- minute, and whether it is asked at all while it does not answer (a circuit breaker). A turn waits in line, first come,
-- first served; nobody polls: who leaves wakes the next, and one timer serves the line where only time is missing.
--
--   closed     asked; so many failures in a row open it
--   open       not asked, for some seconds: whoever comes is told so at once, and until when
--   half open  asked by one; the others wait for what becomes of that: closed again, or open for twice as long

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local MINUTE = 60
local PATIENCE = 60  -- seconds in line for a server that asked for a pause; for more one is told
local LONGEST = 3600 -- seconds for which it is open at most

---@class Door
local Door = {}
Door.__index = Door

---@param name string for messages
---@param limits {concurrent: integer?, per_minute: integer?}|nil
---@param breaker {failures: integer, seconds: number}|nil
---@param clock fun(): number seconds
---@return Door
function M.new(name, limits, breaker, clock)
  limits = limits or {}
  return setmetatable({
    name = name, concurrent = limits.concurrent or math.huge, per_minute = limits.per_minute, breaker = breaker,
    clock = clock, busy = 0, line = {}, starts = {}, at = 0, failures = 0, times = 0, paused = -math.huge,
  }, Door)
end

-- ---- what is missing ----

-- Seconds until one more fits into the minute, and a pause is over.
local function time_missing(self)
  local due = self.paused
  if self.per_minute then
    due = math.max(due, (self.starts[self.at % self.per_minute + 1] or -math.huge) + MINUTE)
  end
  return due - self.clock()
end

local function has_place(self)
  return self.busy < self.concurrent and not (self.probing or self.opened and self.busy > 0)
end

-- An answer for those who need not wait in line: nil while they may.
local function refusal(self)
  local left = self.opened and self.opened - self.clock() or 0
  local why = "it did not answer " .. self.failures .. " times"
  if left <= 0 then
    left, why = self.paused - self.clock(), "it asked for a pause"
    left = left > PATIENCE and left or 0
  end
  if left <= 0 then
    return nil
  end
  local err = errors.new("ERR_NET", string.format("%s is not asked for %d s: %s%s", self.name, math.ceil(left), why,
    self.last and "; the last time: " .. self.last or ""), "look after the endpoint, or name another one in its fallback")
  err.class, err.unsent, err.retry_after = "model", true, left
  return err
end

-- ---- the line ----

local function take(self)
  self.busy = self.busy + 1
  self.probing = self.opened ~= nil
  if self.per_minute then
    self.starts[self.at % self.per_minute + 1] = self.clock()
    self.at = self.at + 1
  end
end

local function stop_timer(self)
  if self.timer then
    async.cancel(self.timer)
    self.timer = nil
  end
end

local serve

local function serve_in(self, seconds)
  self.timer = self.timer or async.spawn(function()
    if async.sleep(seconds) then
      self.timer = nil
      serve(self)
    end
  end)
end

-- What the first in line is told now: true, an error, or nothing.
local function answer_of(self)
  local err = refusal(self)
  if err then
    return nil, err
  elseif not has_place(self) then
    return nil
  end
  local seconds = time_missing(self)
  if seconds > 0 then
    serve_in(self, seconds)
    return nil
  end
  take(self)
  return true
end

function serve(self)
  while self.line[1] do
    local ok, err = answer_of(self)
    if not ok and not err then
      return
    end
    table.remove(self.line, 1).wake(ok, err)
  end
  stop_timer(self)
end

local function wait(self)
  return async.suspend(function(wake)
    local one = { wake = wake }
    table.insert(self.line, one)
    return function()
      for i, other in ipairs(self.line) do
        if other == one then
          table.remove(self.line, i)
          return serve(self)
        end
      end
    end
  end)
end

---Waits for its turn; every true is followed by one `leave`. Called in a task.
---@return true|nil ok
---@return Error|nil err  `unsent`, with `retry_after` seconds; or the task was canceled
function Door:enter()
  if not self.line[1] then
    local ok, err = answer_of(self)
    if ok or err then
      return ok, err
    end
  end
  return wait(self)
end

-- ---- what came of it ----

-- The endpoint did not do what it is there for. Another status is an answer.
local function is_failure(err)
  local status = err.status or 0
  return err.code ~= "ERR_HTTP" or status >= 500 or status < 300
end

local function open(self, err)
  self.times = self.times + 1
  self.opened = self.clock() + math.min(LONGEST, self.breaker.seconds * 2 ^ (self.times - 1))
  self.last = err.message
end

-- Of requests that were under way together only the one that opens it counts.
local function failed(self, err, probed)
  self.failures = self.failures + 1
  if probed or self.breaker and not self.opened and self.failures >= self.breaker.failures then
    open(self, err)
  end
end

local function worked(self)
  self.failures, self.times, self.opened, self.last = 0, 0, nil, nil
end

---The request is over.
---@param reply table|nil
---@param err Error|nil
---@param ended boolean|nil  it says nothing about the endpoint
function Door:leave(reply, err, ended)
  local probed = self.probing
  self.busy, self.probing = self.busy - 1, false
  if err and err.retry_after and not ended then
    self.paused = math.max(self.paused, self.clock() + err.retry_after)
  end
  if reply or not ended and err and not is_failure(err) then
    worked(self)
  elseif err and not ended and err.class == "model" then
    failed(self, err, probed)
  end
  serve(self)
end

return M
