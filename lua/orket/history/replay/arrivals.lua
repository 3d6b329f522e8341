-- arrivals.lua: what a replay does when the journal has come past an event, from any process.

local listener = require("orket.scheduler.listener")
local record = require("orket.history.replay.record")

local M = {}

local TOUCHES_VIEWS = {
  ["comment.added"] = true, ["memory.noted"] = true, ["memory.forgotten"] = true, ["verify.done"] = true,
  ["tree.conflict"] = true, ["tree.merged"] = true, ["call.result"] = true,
}

local function hear(self, event)
  self.stage:go_to(event.seq)
  listener.on_event(self.run, { kind = event.kind, card = event.card, run = event.run,
    body = record.body(event) })
end

local function wake_early(self, event)
  local unit = event.run == self.id and self.units[event.turn]
  local parked = unit and unit.parked
  local line = self.stage.lines[event.turn]
  if parked and parked.early and event.n == line.at then
    self.stage:go_to(event.seq)
    self.stage:wake(unit)
  end
end

-- A prompt is made of a view that others change meanwhile.
local function wake_prompts(self, event)
  for _, unit in pairs(self.units) do
    if unit.parked and unit.parked.why == "prompt" then
      self.stage:go_to(event.seq)
      self.stage:wake(unit, true)
    end
  end
end

---The journal has come past an event: the run hears of it, and units that waited for just that go on.
---@param self table the replay
---@param event Recorded
function M.come(self, event)
  local of_cards = event.kind:find("^card%.") ~= nil
  if of_cards and self.run then
    hear(self, event)
  end
  wake_early(self, event)
  if of_cards or TOUCHES_VIEWS[event.kind] then
    wake_prompts(self, event)
  end
end

return M
