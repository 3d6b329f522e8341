-- loop_meter.lua: how long the loop is busy between two waits, and which task was the cause when that is too
-- long: everything else waits meanwhile.

local async = require("orket.async")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

M.BOUNDS = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5 } -- seconds

local STALL = 0.01 -- seconds that the loop may be busy

local Meter = {}
Meter.__index = Meter

local function count(self, seconds)
  self.sum = self.sum + seconds
  for i = #self.upto, 1, -1 do
    if seconds > (M.BOUNDS[i] or math.huge) then
      break
    end
    self.upto[i] = self.upto[i] + 1
  end
end

-- The innermost step that took its part of a stall is reported first, and is the cause.
local function note_step(self, label, seconds)
  if seconds > STALL / 2 and not self.slow then
    self.slow = { label = label, seconds = seconds }
  end
end

local function turn(self)
  local now, idle = uv.hrtime(), uv.metrics_idle_time()
  local seconds = ((now - self.now) - (idle - self.idle)) / 1e9
  local slow = self.slow
  self.now, self.idle, self.slow = now, idle, nil
  if self.skips then
    self.skips = nil
    return
  end
  count(self, seconds)
  if seconds > STALL then
    self.stalls = self.stalls + 1
    self.on_stall(seconds, slow and slow.label, slow and slow.seconds)
  end
end

---Measures from now on, until it is closed.
---@param on_stall fun(seconds: number, label: table|nil, step: number|nil) label: what async.label said of
---  the task that was the cause, step: the seconds that were its own; nil: it was none
---@return {upto: integer[], sum: number, stalls: integer, close: fun(self)} meter upto: turns of the loop
---  that took no longer than each bound, and all
function M.start(on_stall)
  local self = setmetatable({ upto = {}, sum = 0, stalls = 0, on_stall = on_stall }, Meter)
  for i = 1, #M.BOUNDS + 1 do
    self.upto[i] = 0
  end
  uv.loop_configure("metrics_idle_time")
  self.now, self.idle = uv.hrtime(), uv.metrics_idle_time()
  async.measure(function(label, seconds)
    note_step(self, label, seconds)
  end)
  self.handle = handles.opened(uv.new_prepare())
  self.handle:start(function()
    turn(self)
  end)
  self.handle:unref()
  return self
end

---This turn of the loop is not measured: a signal ended its wait, of which libuv then knows nothing
---(uv__io_poll begins to count anew after EINTR).
function Meter:skip_turn()
  self.skips = true
end

function Meter:close()
  async.measure(nil)
  handles.close(self.handle)
end

return M
