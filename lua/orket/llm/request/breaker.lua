-- breaker.lua: whether a model is asked at all while it does not answer (a circuit breaker), for all agents
-- of a run.
--
--   closed     asked; so many failures in a row open it
--   open       not asked, for some seconds: a request is refused at once, and learns until when
--   half open  asked by one; the others wait for what becomes of that: closed again, or open twice as long
-- Turns whose cards are parked while it is open ask through M.await whether they may go on: one at a time
--tries, and a request that works wakes all of them.

local async = require("orket.async")
local errors = require("orket.errors")
local outage = require("orket.llm.outage")
local sys = require("orket.core.sys")

local M = {}

local PATIENCE = 60  -- seconds that a request waits for a pause a server asked for; a longer one refuses it
local LONGEST = 60   -- seconds for which it is open at most, unless it is configured with more
local OUTAGE = 3600  -- seconds for which parked cards wait at most, where no other limit is given
local PROBE = 30     -- seconds that one parked card has to ask before another one may

---Of an endpoint that has none configured. What is no outage says that it is there.
M.DEFAULT = { failures = 5, seconds = 5, outages = true }

---@class BreakerRule
---@field failures integer in a row that open it
---@field seconds number for which it is open first
---@field outages boolean? nothing else counts

---@class Breaker
---@field answers integer requests that the endpoint answered, also with a refusal
---@field replies integer
---@field opened number? until when it is not asked, on the clock; nil: closed
---@field paused number? until when the server asked to be left alone
local Breaker = {}
Breaker.__index = Breaker

---@param name string for messages
---@param rule BreakerRule|nil  nil: it never opens
---@param clock fun(): number seconds
---@param outages {limit: number, spread: (fun(seconds: number): number)?}|nil  limit: seconds that an outage
---  is waited for, 0: it is not; spread: varies the time for which it is open
---@return Breaker
function M.new(name, rule, clock, outages)
  outages = outages or { limit = 0 }
  return setmetatable({
    name = name, rule = rule, clock = clock, limit = outages.limit, spread = outages.spread,
    failures = 0, times = 0, answers = 0, replies = 0, parked = {},
  }, Breaker)
end

-- ---- a request comes ----

-- Seconds for which it is not asked, and why; nil: it is, though a short pause may have to be waited for.
local function left_of(self)
  local now = self.clock()
  local open, asked = (self.opened or now) - now, (self.paused or now) - now
  if asked > PATIENCE and asked > open then
    return asked, "it asked for a pause"
  elseif open > 0 then
    return open, "it did not answer " .. self.failures .. " times"
  end
end

---@return Error|nil refusal  `unsent`, with `retry_after` seconds, `since` when it is an outage
function Breaker:refusal()
  if not self.opened and not self.paused then
    return nil
  end
  local left, why = left_of(self)
  if not left then
    return nil
  end
  local last = self.last and "; the last time: " .. self.last or ""
  local message = string.format("%s is not asked for %d s: %s%s", self.name, math.ceil(left), why, last)
  local fix = self.fix or "look after the endpoint, or name another one in its fallback"
  local err = errors.new("ERR_NET", message, fix)
  err.class, err.unsent, err.retry_after = "model", true, left
  err.since, err.last = self.is_out and self.since or nil, self.last
  return err
end

-- ---- what came of it ----

-- The endpoint did not do what it is there for. Another status is an answer.
local function is_failure(self, err)
  if self.rule and self.rule.outages then
    return outage.is(err)
  end
  local status = err.status or 0
  return err.code ~= "ERR_HTTP" or status >= 500 or status < 300 or outage.is(err)
end

local function varied(self, seconds)
  return self.spread and self.spread(seconds) or seconds
end

local function begin_outage(self)
  self.since, self.began = self.since or sys.now(), self.began or self.clock()
end

local function open(self, err)
  local seconds = math.min(math.max(LONGEST, self.rule.seconds), self.rule.seconds * 2 ^ self.times)
  self.times = self.times + 1
  self.opened = self.clock() + varied(self, seconds)
  self.last, self.fix, self.is_out, self.probed = err.message, err.fix, outage.is(err), nil
end

-- Of requests that were under way together only the one that opens it counts.
local function failed(self, err, probed)
  self.failures = self.failures + 1
  begin_outage(self)
  if probed or self.rule and not self.opened and self.failures >= self.rule.failures then
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

---A request is over.
---@param reply table|nil
---@param err Error|nil  one that is no attempt, like none at all, tells nothing about the endpoint
---@param probed boolean it was the one that tried
function Breaker:note(reply, err, probed)
  err = err and err.is_attempt and err or nil
  self.replies = self.replies + (reply and 1 or 0)
  if err and err.retry_after then
    self.paused = math.max(self.paused or -math.huge, self.clock() + err.retry_after)
  end
  if reply or err and not is_failure(self, err) then
    worked(self)
  elseif err and err.class == "model" and (probed or not err.retry_after) then -- a pause is kept anyway
    failed(self, err, probed)
  end
end

---All attempts of a request met an outage: it is open from now on, however many failures that were. Where
---others were answered meanwhile, this request alone waits.
---@param err Error of the last one
---@param answers integer|nil  `answers` when the request began
---@return number|nil seconds until it is asked again; nil: an outage is not waited for
---@return string|nil since when it has been unreachable, UTC
function Breaker:give_up(err, answers)
  if self.limit == 0 or not self.rule then
    return nil
  elseif answers and answers ~= self.answers and not self.opened and not err.replayed then
    return varied(self, self.rule.seconds), sys.now()
  end
  begin_outage(self)
  if err.replayed then -- a cassette never closes it again
    return 0, self.since
  elseif not self.opened then
    open(self, err)
  end
  return math.max(self.opened, self.paused or -math.huge) - self.clock(), self.since
end

---A person wants it to be asked now, and looked after it: an outage is waited for anew.
function Breaker:hurry()
  if self.opened then
    self.opened, self.began, self.probed = self.clock(), self.clock(), nil
  end
end

-- ---- cards that are parked meanwhile ----

-- Seconds until a parked card may ask: 0 at once; nil when it has waited as long as an outage is waited for.
-- One that waits for another card's attempt waits no longer than that either.
local function parked_for(self)
  if not self.opened then
    return 0
  end
  local now = self.clock()
  local left = self.began + (self.limit > 0 and self.limit or OUTAGE) - now
  if left <= 0 then
    return nil
  end
  return math.min(left, math.max(0, self.opened - now, (self.probed or -math.huge) + PROBE - now))
end

local function next_of(breakers)
  local first, least
  for _, breaker in ipairs(breakers) do
    local seconds = parked_for(breaker)
    if seconds and (not least or seconds < least) then
      first, least = breaker, seconds
    end
  end
  return first, least
end

-- Some seconds, or until one of them works again.
local function doze(breakers, seconds)
  local timer
  local ok = async.suspend(function(wake)
    for _, breaker in ipairs(breakers) do
      breaker.parked[wake] = true
    end
    timer = async.spawn(function()
      if async.sleep(seconds) then
        wake(true)
      end
    end)
    return function()
      for _, breaker in ipairs(breakers) do
        breaker.parked[wake] = nil
      end
    end
  end)
  async.cancel(timer)
  return ok
end

---Waits until a parked card may ask one of these models: one of them works, or it is this card that tries.
---Called in a task.
---@param breakers Breaker[] of a model and those that answer in its place; none: at once
---@return "go"|"enough"|"canceled"  enough: an outage is not waited for any longer
function M.await(breakers)
  while breakers[1] do
    local first, seconds = next_of(breakers)
    if not first then
      return "enough"
    elseif seconds <= 0 then
      first.probed = first.opened and first.clock() or nil
      break
    elseif not doze(breakers, seconds) then
      return "canceled"
    end
  end
  return "go"
end

return M
