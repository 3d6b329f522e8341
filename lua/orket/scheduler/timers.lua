-- timers.lua: cards whose model asked for a pause, or is unreachable (llm/pause.lua), go on by themselves
-- when that is over: one timer each, while a run is under way. Of those that wait for an unreachable model
-- one tries at a time, and the others go on when it answers. A run waits for pauses that are over within the
-- hour, and `limits.outage` seconds for an outage; the next one finds the others.

local approvals = require("orket.governance.approvals.approvals")
local async = require("orket.async")
local breaker = require("orket.llm.request.breaker")
local unblock = require("orket.governance.budget.unblock")
local tables = require("orket.util.tables")
local pause = require("orket.llm.pause")

local M = {}

local LONGEST = 3600   -- seconds that a run waits with nothing else to do
local MOMENT = 0.005   -- seconds: the end itself is part of a pause

local Wake = {}
Wake.__index = Wake

local function left(till)
  return approvals.seconds_left({ expires_at = till })
end

-- The card goes on, unless it waits for something else by now. False: the run no longer waits for it.
local function lift(self, waiting, till)
  repeat
    if not async.sleep(left(till) + MOMENT) then
      return false
    end
  until left(till) == 0
  local answer = breaker.await(self.run.models:breakers(waiting.model))
  if answer ~= "go" then
    return answer == "enough" -- it stays parked: the outage lasts longer than a run waits
  end
  for _, now in ipairs(self.run.store:read("capped", { card = waiting.card })) do
    if now.waits == waiting.waits and now.run == self.run.id then
      unblock.one(self.run.store, now, pause.OVER) -- stale: a person was faster
    end
  end
  return true
end

local function await(self, waiting, till)
  self:forget(waiting.card)
  self.count = self.count + 1
  self.tasks[waiting.card] = async.spawn(function()
    local is_over = lift(self, waiting, till)
    self.count = self.count - 1
    if is_over then
      self.tasks[waiting.card] = nil
      self.run:pump()
    end
  end)
end

---The card was moved: it waits no longer.
---@param card string
function Wake:forget(card)
  local task = self.tasks[card]
  self.tasks[card] = nil
  if task then
    async.cancel(task)
  end
end

---Waits for the ends of pauses.
---@param waiting {card: string, waits: string}[]
function Wake:await(waiting)
  for _, one in ipairs(waiting) do
    local till = pause.ending(one.waits)
    if till and left(till) <= LONGEST and self.run.board.cards[one.card] then
      await(self, one, till)
    end
  end
end

---A turn has to wait.
---@param card string
---@param body table of model.paused
function Wake:paused(card, body)
  self:await({ { card = card, waits = pause.waits(body["until"]), model = body.model } })
end

---The run is over.
function Wake:close()
  self.run.waking = nil
  for _, card in ipairs(tables.keys(self.tasks)) do
    self:forget(card)
  end
end

---Waits for pauses that are open, and for those to come.
---@param run table
---@return table wake  closed when the run is over
function M.watch(run)
  local self = setmetatable({ run = run, tasks = {}, count = 0 }, Wake)
  run.waking = self
  self:await(run.store:read("capped", { run = run.id }))
  return self
end

return M
