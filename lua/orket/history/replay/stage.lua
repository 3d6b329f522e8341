-- stage.lua: where a run is played again: units of work that run until the world answered them when they were
-- recorded, and the moment that they see.
--
-- A unit is one piece of work in a task of its own: a turn, a verification, the run's beginning and end. It
-- sleeps (park) where the world answered it: at a commit, and at the model. Whoever drives the stage wakes it
-- when the journal has come to its next event. What it commits goes to history/replay/stage/store.lua.

local async = require("orket.async")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local record = require("orket.history.replay.record")
local stores = require("orket.history.replay.stage.store")

local M = {}

local Stage = {}
Stage.__index = Stage

-- ---- units ----

---The driver goes on once the task that woke it sleeps.
function Stage:tell_driver()
  local wake = self.driver
  self.driver = nil
  if wake then
    async.spawn(function()
      async.sleep(0)
      wake()
    end)
  end
end

---Runs fn(...) as a unit until it sleeps or ends.
---@param unit table what is known of it; ended(ok, err) takes what fn returns or raises
---@param fn function
---@return table unit
function Stage:play(unit, fn, ...)
  self.current = unit
  local function done()
    unit.done = true
    self:tell_driver()
  end
  if unit.ended then
    async.spawn_watched(function(ok, err)
      unit.ended(ok, err)
      done()
    end, fn, ...)
  else
    async.spawn(function(...)
      fn(...)
      done()
    end, ...)
  end
  self:settle(unit)
  return unit
end

---Waits until the unit sleeps or has ended.
---@param unit table
function Stage:settle(unit)
  while not (unit.done or unit.parked) do
    async.suspend(function(wake)
      self.driver = wake
    end)
  end
end

---A unit goes on; answers once it sleeps again or has ended.
---@param unit table
function Stage:wake(unit, ...)
  local parked = unit.parked
  unit.parked = nil
  self.current = unit
  parked.wake(...)
  self:settle(unit)
end

---The running unit sleeps.
---@param why "model"|"prompt"
---@return any ... what it is woken with
function Stage:park(why)
  local unit = self.current
  return async.suspend(function(wake)
    unit.parked = { why = why, wake = wake }
    self:tell_driver()
  end)
end

---The first difference ends the replay.
---@param event table|nil recorded
---@param what string
---@param detail string|nil
function Stage:diverge(event, what, detail)
  self.diverged = self.diverged or record.divergence(event, what, detail)
end

-- ---- what is derived ----

---The name of a conversation with one more message.
---@param parent string|nil
---@param text string
---@return string convo
function M.say(parent, text)
  return hash.parts({ parent and assert(hash.raw(parent)) or "", text })
end

---A message that is said; the name of the conversation with it.
---@param parent string|nil
---@param text string
---@return string convo
function Stage:say(parent, text)
  local convo = M.say(parent, text)
  self.said[convo] = self.said[convo] or { parent = parent, text = text }
  return convo
end

---Messages that were not committed were not said, but for those that the record has.
---@param convos string[]
function Stage:unsay(convos)
  for _, convo in ipairs(convos) do
    local said = self.said[convo]
    self.said[convo] = said and said.checked and said or nil
  end
end

-- ---- the record ----

---The journal has come to this commit.
---@param seq integer
---@return true|nil ok
---@return Error|nil
function Stage:go_to(seq)
  if seq <= self.seq then
    return true
  end
  local ok, err = errors.check(self.moment:forward(seq))
  self.seq = seq
  return ok, err
end

---A turn is derived anew from what it had come to before a commit.
---@param turn integer
---@param seq integer
---@return boolean any  it had come to something
function Stage:rewind(turn, seq)
  local line = self.lines[turn] or {}
  line.at, line.step, line.cut, line.beyond = 0, 0, nil, nil
  for i, event in ipairs(line) do
    if event.seq < seq then
      line.at, line.step = i, event.step
    else
      event.derived = nil
    end
  end
  line.tip = line.at
  return line.at > 0
end

---An event of a turn's stream that nothing derives.
---@param event Recorded
function Stage:pass(event)
  local line = self.lines[event.turn]
  line.tip, line.at = event.n, event.n
end

-- The commits with which the run went on.
local function resumptions(line)
  local list = {}
  for _, event in ipairs(line or {}) do
    list[#list + 1] = event.kind == "run.resumed" and event.seq or nil
  end
  return list
end

---@param options {store: Store, moment: Store, seq: integer, run: string, streams: table<any, table[]>}
---@return table stage
function M.new(options)
  local self = setmetatable({
    store = options.store, moment = options.moment, seq = options.seq, run = options.run,
    lines = options.streams, resumed = resumptions(options.streams[0]), said = {}, written = {},
  }, Stage)
  for _, line in pairs(self.lines) do
    line.at, line.tip, line.step = 0, 0, 0
  end
  self.facade = stores.new(self)
  return self
end

return M
