-- slots.lua: how many cards are worked on at once, over all runs of a project, and which run is next when a
-- slot is free: the one with the fewest cards at work, of equals the one that has waited longest. Pure.

local M = {}

---@class Slots
---@field most integer cards at once
---@field busy integer
---@field line table[] runs that have a card which may start, the one that waits longest first
local Slots = {}
Slots.__index = Slots

---@param most integer
---@return Slots
function M.new(most)
  return setmetatable({ most = most, busy = 0, line = {} }, Slots)
end

local function queue(self, run)
  if not run.in_line then
    run.in_line = true
    self.line[#self.line + 1] = run
  end
end

local function next_run(line)
  local first = 1
  for i = 2, #line do
    first = line[i].board.running < line[first].board.running and i or first
  end
  return table.remove(line, first)
end

---Gives free slots to the runs that wait for one.
function Slots:serve()
  while self.busy < self.most and self.line[1] do
    local run = next_run(self.line)
    run.in_line = false
    if run:start_next() then
      queue(self, run)
    end
  end
end

---A run has a card that may start.
---@param run {board: {running: integer}, in_line: boolean?, start_next: fun(self): boolean}
function Slots:ask(run)
  queue(self, run)
  self:serve()
end

---@return integer
function Slots:free()
  return self.most - self.busy
end

---A card is worked on.
function Slots:take()
  self.busy = self.busy + 1
end

---It is not any more.
function Slots:give_back()
  self.busy = self.busy - 1
end

return M
