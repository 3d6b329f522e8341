-- skipped.lua: the calls that a person refused while they looked on (debugger.lua): in a replay the journal gives
-- those orders again.

local records = require("orket.replay.record")
local stops = require("orket.turn.stops")

local M = {}

local Skipped = {}
Skipped.__index = Skipped

---The order of the record, as a debugger gives it.
---@param turn Turn
---@param kind string
---@param what {request: table?}
---@return "skip"|nil order
---@return nil
---@return string|nil why
function Skipped:at(turn, kind, what)
  for _, event in ipairs(kind == "tool" and self.stage.lines[turn.number] or {}) do
    if event.kind == "call.refused" and event.step == turn.step and event.body:find(stops.RULE, 1, true) then
      local body = records.body(event)
      if body.rule == stops.RULE and body.call == what.request.id then
        return "skip", nil, body.why
      end
    end
  end
end

---@param stage table
---@return table
function M.new(stage)
  return setmetatable({ stage = stage }, Skipped)
end

return M
