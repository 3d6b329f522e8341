-- limiter.lua: how many agents of all runs ask one model at one address at once, and how many in a minute. A
-- request waits in line, first come, first served. None polls: one that leaves wakes the next, and one timer
-- serves the line where only time is missing. While the model does not answer, requests are refused
-- (llm/request/breaker.lua).

local async = require("orket.async")
local breaker = require("orket.llm.request.breaker")

local M = {}

local MINUTE = 60

local all = setmetatable({}, { __mode = "k" })

---@class Limiter
---@field breaker Breaker
---@field share EndpointShare|nil with other projects of this process
local Limiter = {}
Limiter.__index = Limiter

---@param name string for messages
---@param limits {concurrent: integer?, per_minute: integer?}|nil
---@param rule BreakerRule|nil
---@param clock fun(): number seconds
---@param outages {limit: number, spread: (fun(seconds: number): number)?}|nil  as breaker.new takes it
---@param share EndpointShare|nil
---@return Limiter
function M.new(name, limits, rule, clock, outages, share)
  limits = limits or {}
  local self = setmetatable({
    name = name, concurrent = limits.concurrent or math.huge, per_minute = limits.per_minute, clock = clock,
    breaker = breaker.new(name, rule, clock, outages), busy = 0, line = {}, starts = {}, at = 0,
    share = share,
  }, Limiter)
  all[self] = true
  if share then
    share:join(self)
  end
  return self
end

---How many requests are under way and how many wait in line, of all models in this process.
---@return table<string, {busy: integer, waiting: integer}> by name
function M.depths()
  local depths = {}
  for limiter in pairs(all) do
    local depth = depths[limiter.name] or { busy = 0, waiting = 0 }
    depth.busy, depth.waiting = depth.busy + limiter.busy, depth.waiting + #limiter.line
    depths[limiter.name] = depth
  end
  return depths
end

---The limits are others from now on. What began within the last minute counts.
---@param limits {concurrent: integer?, per_minute: integer?}|nil
---@param rule BreakerRule|nil
---@param outage number seconds, see breaker.new
function Limiter:configure(limits, rule, outage)
  limits = limits or {}
  self.concurrent, self.breaker.rule, self.breaker.limit = limits.concurrent or math.huge, rule, outage
  local most = limits.per_minute
  if most ~= self.per_minute then
    local starts, kept = self.starts, {}
    for i = math.max(0, self.at - math.min(most or 0, self.per_minute or 0)), self.at - 1 do
      kept[#kept + 1] = starts[i % self.per_minute + 1]
    end
    self.starts, self.at, self.per_minute = kept, most and #kept or 0, most
  end
end

-- ---- what is missing ----

-- Seconds until one more fits into the minute, and a pause is over.
local function time_missing(self)
  local first = self.per_minute and self.starts[self.at % self.per_minute + 1]
  local paused = self.breaker.paused
  if not first and not paused then
    return 0
  end
  return math.max(paused or -math.huge, (first or -math.huge) + MINUTE) - self.clock()
end

-- While the breaker is half open there is one place.
local function has_place(self)
  return self.busy < self.concurrent and not (self.probing or self.breaker.opened and self.busy > 0)
    and (not self.share or self.share:has_room(self))
end

local function take(self)
  self.busy = self.busy + 1
  if self.share then
    self.share:take(self)
  end
  self.probing = self.breaker.opened ~= nil
  if self.per_minute then
    self.starts[self.at % self.per_minute + 1] = self.clock()
    self.at = self.at + 1
  end
end

-- ---- the line ----

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

-- For the first in line now.
---@return "in"|"refused"|"wait"
---@return Error|nil refusal
local function decide(self)
  local refusal = self.breaker:refusal()
  if refusal then
    return "refused", refusal
  elseif not has_place(self) then
    return "wait"
  end
  local seconds = time_missing(self)
  if seconds > 0 then
    serve_in(self, seconds)
    return "wait"
  end
  take(self)
  return "in"
end

function serve(self)
  while self.line[1] do
    local decision, refusal = decide(self)
    if decision == "wait" then
      return
    end
    table.remove(self.line, 1).wake(not refusal or nil, refusal)
  end
  stop_timer(self)
end

local function leave_line(self, one)
  for i, other in ipairs(self.line) do
    if other == one then
      table.remove(self.line, i)
      serve(self)
      if self.share then -- this project's bound may not count any more
        self.share:serve()
      end
      return
    end
  end
end

local function wait(self)
  return async.suspend(function(wake)
    local one = { wake = wake }
    table.insert(self.line, one)
    return function()
      leave_line(self, one)
    end
  end)
end

---Waits for its turn; every true is followed by one `leave`. Called in a task.
---@return true|nil ok
---@return Error|nil err  the breaker's refusal, or the task was canceled
function Limiter:enter()
  local decision, refusal = "wait", nil
  if not self.line[1] then
    decision, refusal = decide(self)
  end
  if decision == "wait" then
    return wait(self)
  end
  return decision == "in" or nil, refusal
end

---A request is over; without reply and error nobody knows how.
---@param reply table|nil
---@param err Error|nil
function Limiter:leave(reply, err)
  local probed = self.probing
  self.busy, self.probing = self.busy - 1, false
  self.breaker:note(reply, err, probed)
  if self.share then
    self.share:leave()
  else
    serve(self)
  end
end

---Another project's request made room.
function Limiter:go_on()
  serve(self)
end

-- ---- a layer of requests ----

-- A request's place, which it leaves in whatever way it ends.
local Place = {}

function Place:__close()
  self.limiter:leave(self.reply, self.err)
end

---Requests in line for their model's limiter; those of a model without one go on at once.
---@param inner Ask
---@return Ask
function M.over(inner)
  return function(call)
    local limiter = call.model.limiter
    if not limiter then
      return inner(call)
    end
    local ok, err = limiter:enter()
    if not ok then
      return nil, err
    end
    local place <close> = setmetatable({ limiter = limiter }, Place)
    place.reply, place.err = inner(call)
    return place.reply, place.err
  end
end

return M
