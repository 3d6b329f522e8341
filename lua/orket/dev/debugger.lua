-- debugger.lua: a person looks into a run that is under way: turns stop at breakpoints, are looked into, and
-- go on.
--
-- It lives in the process that owns the project, as long as somebody is attached
-- (lua/orket/dev/repl/attached.lua is the other end). A turn asks it at four places, before it acts:
--
--   role        its first prompt is made
--   tool        the model asked for a call
--   rule        the call is judged, or something that it asks for is refused
--   transition  the turn will move its card
--
-- While a turn stands, its deadline stands, and no time is counted; what it waits for is an order of the
-- person: go on, step, skip the call, judge it again. A skip is a refusal in the journal, in the person's
-- name: it can only narrow. When whoever is attached goes, in whatever way, every turn goes on.

local async = require("orket.async")
local breakpoints = require("orket.dev.breakpoints")
local cjson = require("cjson")
local sys = require("orket.core.sys")

local M = {}

local Debugger = {}
Debugger.__index = Debugger

-- ---- a turn that stands ----

local function tell(self, stop)
  local waiters = self.waiters
  if next(waiters) == nil then
    self.untold[#self.untold + 1] = stop
  end
  self.waiters = {}
  for wake in pairs(waiters) do
    wake(stop)
  end
end

---What a person is shown of a turn that stands.
---@param stop table
---@return table
function M.summary(stop)
  local turn = stop.turn
  return {
    card = turn.card.id, run = turn.run, turn = turn.number, step = turn.step, role = turn.role,
    seat = turn.seat, at = stop.kind, what = stop.what.name, breakpoint = stop.point and stop.point.id,
  }
end

-- Waits for an order. The time of a person is none of the turn's (governance/budget/meter.lua).
local function stand(self, stop)
  local began, turn = sys.monotonic(), stop.turn
  local order, second = async.unhurried(async.suspend, function(wake)
    stop.wake = wake
    tell(self, M.summary(stop))
  end)
  turn:skip_time(sys.monotonic() - began)
  return order, second
end

---A turn asks whether it may go on; without a breakpoint there it may at once.
---@param turn Turn
---@param kind "role"|"tool"|"rule"|"transition"
---@param what {name: string, request: table?, decision: table?, call: table?, operation: table?}
---  request: a call that may be skipped or judged again
---@return {kind: "skip"|"again", why: string?}|nil order  nil: it goes on
---@return Error|nil err  the turn was canceled
function Debugger:at(turn, kind, what)
  local point = self.breakpoints:at(turn, kind, what.name)
  if not point and self.stepping ~= turn then
    return nil
  end
  local stop = { turn = turn, kind = kind, what = what, point = point }
  self.stepping = self.stepping ~= turn and self.stepping or nil
  self.stopped[turn.card.id] = stop
  local order, second = stand(self, stop)
  self.stopped[turn.card.id] = nil
  if order == nil then
    return nil, second
  end
  return order ~= "go" and { kind = order, why = second } or nil
end

-- ---- from beginning to end ----

---Everything goes on.
function Debugger:release()
  self.breakpoints:clear()
  self.stepping = nil
  for _, stop in pairs(self.stopped) do
    stop.wake("go")
  end
  tell(self, cjson.null)
end

---@param project table
---@return table
function M.new(project)
  return setmetatable({ breakpoints = breakpoints.new(project), stopped = {}, untold = {}, waiters = {} },
    Debugger)
end

return M
