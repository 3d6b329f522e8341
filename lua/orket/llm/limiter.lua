-- limiter.lua: what all agents of a run share of one model at one address: how many may ask at once, how many in a
-- minute, and whether it is asked at all while it does not answer (a circuit breaker). A turn waits in line, first come,
-- first served; nobody polls: who leaves wakes the next, and one timer serves the line where only time is missing.
--
--   closed     asked; so many failures in a row open it
--   open       not asked, for some seconds: whoever comes is told so at once, and until when
--   half open  asked by one; the others wait for what becomes of that: closed again, or open for twice as long
--
-- Turns whose cards are parked while it is open ask through M.await whether they may go on: one at a time tries, and what
-- works wakes all of them.

local async = require("orket.async")
local errors = require("orket.errors")
local outage = require("orket.llm.outage")
local sys = require("orket.core.sys")

local M = {}

local MINUTE = 60
local PATIENCE = 60  -- seconds in line for a server that asked for a pause; for more one is told
local LONGEST = 60   -- seconds for which it is open at most, unless it is configured with more
local OUTAGE = 3600  -- seconds for which parked cards wait at most, where no other limit is given
local PROBE = 30     -- seconds that one parked card has to ask before another one may

---Of an endpoint that has none configured. What is no outage says that it is there.
M.BREAKER = { failures = 5, seconds = 5, outages = true }

---@class Door
local Door = {}
Door.__index = Door

---@param name string for messages
---@param limits {concurrent: integer?, per_minute: integer?}|nil
---@param breaker {failures: integer, seconds: number, outages: boolean?}|nil  outages: nothing else counts
---@param clock fun(): number seconds
---@param outages {limit: number, spread: (fun(seconds: number): number)?}|nil  limit: seconds that an outage is waited
---  for, 0: it is not; spread: varies the time for which it is open
---@return Door
function M.new(name, limits, breaker, clock, outages)
  limits, outages = limits or {}, outages or { limit = 0 }
  return setmetatable({
    name = name, concurrent = limits.concurrent or math.huge, per_minute = limits.per_minute, breaker = breaker,
    clock = clock, busy = 0, line = {}, starts = {}, at = 0, failures = 0, times = 0, answers = 0, replies = 0,
    limit = outages.limit, spread = outages.spread, parked = {},
  }, Door)
end

-- ---- what is missing ----

-- Seconds until one more fits into the minute, and a pause is over.
local function time_missing(self)
  local first = self.per_minute and self.starts[self.at % self.per_minute + 1]
  if not first and not self.paused then
    return 0
  end
  return math.max(self.paused or -math.huge, (first or -math.huge) + MINUTE) - self.clock()
end

local function has_place(self)
  return self.busy < self.concurrent and not (self.probing or self.opened and self.busy > 0)
end

-- An answer for those who need not wait in line: nil while they may.
local function refusal(self)
  if not self.opened and not self.paused then
    return nil
  end
  local now = self.clock()
  local left, asked = (self.opened or now) - now, (self.paused or now) - now
  local why = "it did not answer " .. self.failures .. " times"
  if asked > PATIENCE and asked > left then
    left, why = asked, "it asked for a pause"
  end
  if left <= 0 then
    return nil
  end
  local err = errors.new("ERR_NET", string.format("%s is not asked for %d s: %s%s", self.name, math.ceil(left), why,
    self.last and "; the last time: " .. self.last or ""), "look after the endpoint, or name another one in its fallback")
  err.class, err.unsent, err.retry_after = "model", true, left
  err.since, err.last, err.fix = self.is_out and self.since or nil, self.last, self.fix or err.fix
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
local function is_failure(self, err)
  if self.breaker and self.breaker.outages then
    return outage.is(err)
  end
  local status = err.status or 0
  return err.code ~= "ERR_HTTP" or status >= 500 or status < 300 or outage.is(err)
end

local function varied(self, seconds)
  return self.spread and self.spread(seconds) or seconds
end

local function open(self, err)
  local seconds = math.min(math.max(LONGEST, self.breaker.seconds), self.breaker.seconds * 2 ^ self.times)
  self.times = self.times + 1
  self.opened = self.clock() + varied(self, seconds)
  self.last, self.fix, self.is_out, self.probed = err.message, err.fix, outage.is(err), nil
end

-- Of requests that were under way together only the one that opens it counts.
local function failed(self, err, probed)
  self.failures = self.failures + 1
  self.since, self.began = self.since or sys.now(), self.began or self.clock()
  if probed or self.breaker and not self.opened and self.failures >= self.breaker.failures then
    open(self, err)
  end
end

local function worked(self)
  self.answers = self.answers + 1
  if not self.since then
    return -- nothing has failed
  end
  self.failures, self.times, self.opened, self.last, self.fix = 0, 0, nil, nil, nil
  self.since, self.began, self.is_out, self.probed = nil, nil, nil, nil
  local parked = self.parked
  self.parked = {}
  for wake in pairs(parked) do
    wake(true)
  end
end

---All attempts of a request met an outage: it is open from now on, however many failures that were. Where others were
---answered meanwhile, this request alone waits.
---@param err Error of the last one
---@param answers integer|nil  `answers` when the request began
---@return number|nil seconds until it is asked again; nil: an outage is not waited for
---@return string|nil since when it has been unreachable, UTC
function Door:give_up(err, answers)
  if self.limit == 0 or not self.breaker then
    return nil
  end
  if answers and answers ~= self.answers and not self.opened and not err.replayed then
    return varied(self, self.breaker.seconds), sys.now()
  end
  self.since, self.began = self.since or sys.now(), self.began or self.clock()
  if err.replayed then -- a cassette never closes it again
    return 0, self.since
  elseif not self.opened then
    open(self, err)
  end
  return math.max(self.opened, self.paused or -math.huge) - self.clock(), self.since
end

---The request is over.
---@param reply table|nil
---@param err Error|nil
---@param ended boolean|nil  it says nothing about the endpoint
function Door:leave(reply, err, ended)
  local probed = self.probing
  self.busy, self.probing = self.busy - 1, false
  self.replies = self.replies + (reply and 1 or 0)
  if err and err.retry_after and not ended then
    self.paused = math.max(self.paused or -math.huge, self.clock() + err.retry_after)
  end
  if reply or not ended and err and not is_failure(self, err) then
    worked(self)
  elseif err and not ended and err.class == "model" and (probed or not err.retry_after) then -- a pause is kept anyway
    failed(self, err, probed)
  end
  serve(self)
end

---A person wants it to be asked now, and looked after it: an outage is waited for anew.
function Door:hurry()
  if self.opened then
    self.opened, self.began, self.probed = self.clock(), self.clock(), nil
  end
end

-- ---- cards that are parked meanwhile ----

-- Seconds until a parked card may ask: 0 at once; nil when it has waited for as long as an outage is waited for.
local function parked_for(self)
  if not self.opened then
    return 0
  end
  local now = self.clock()
  if now - self.began >= (self.limit > 0 and self.limit or OUTAGE) then
    return nil
  end
  return math.max(0, self.opened - now, (self.probed or -math.huge) + PROBE - now)
end

local function next_of(doors)
  local first, least
  for _, door in ipairs(doors) do
    local seconds = parked_for(door)
    if seconds and (not least or seconds < least) then
      first, least = door, seconds
    end
  end
  return first, least
end

-- Some seconds, or until one of them works again.
local function doze(doors, seconds)
  local timer
  local ok = async.suspend(function(wake)
    for _, door in ipairs(doors) do
      door.parked[wake] = true
    end
    timer = async.spawn(function()
      if async.sleep(seconds) then
        wake(true)
      end
    end)
    return function()
      for _, door in ipairs(doors) do
        door.parked[wake] = nil
      end
    end
  end)
  async.cancel(timer)
  return ok
end

---Waits until a parked card may ask one of these models: one of them works, or it is this card that tries. Called in a task.
---@param doors Door[] of a model and those that answer in its place; none: at once
---@return boolean|nil may  false: an outage is not waited for any longer; nil: the task was canceled
function M.await(doors)
  while doors[1] do
    local door, seconds = next_of(doors)
    if not door then
      return false
    elseif seconds <= 0 then
      door.probed = door.opened and door.clock() or nil
      break
    elseif not doze(doors, seconds) then
      return nil
    end
  end
  return true
end

return M
