-- expiry.lua: questions of yes or no that are not answered in time, while a run is under way: each has a
-- timer, and when it has expired its card goes on and reads so. A run that begins looks once
-- (scheduler/interrupted.lua).

local approvals = require("orket.governance.approvals.approvals")
local async = require("orket.async")

local M = {}

local Lapse = {}
Lapse.__index = Lapse

local MOMENT = 0.005 -- seconds: an answer in the very millisecond is in time

local function expire(self, row)
  repeat
    if not async.sleep(approvals.seconds_left(row) + MOMENT) then
      return -- the run is over
    end
  until approvals.is_late(row)
  local pending = approvals.pending(self.run.store, row.card)[1]
  if pending and pending.id == row.id then
    approvals.answer(self.run.store, pending, { answer = "expired" }) -- stale: another answer was faster
  end
end

---Waits for the end of the card's question.
---@param card string
function Lapse:await(card)
  local row = approvals.pending(self.run.store, card)[1]
  if row and row.run == self.run.id then
    self.tasks[#self.tasks + 1] = async.spawn(expire, self, row)
  end
end

---The run is over.
function Lapse:close()
  for _, task in ipairs(self.tasks) do
    async.cancel(task)
  end
  self.run.lapsing = nil
end

Lapse.__close = Lapse.close

---Waits for the questions that are open, and for those to come.
---@param run table
---@return table lapse  closed when the run is over
function M.watch(run)
  local self = setmetatable({ run = run, tasks = {} }, Lapse)
  run.lapsing = self
  for _, row in ipairs(approvals.pending(run.store)) do
    if run.board.cards[row.card] then
      self:await(row.card)
    end
  end
  return self
end

return M
