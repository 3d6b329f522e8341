-- run_set.lua: the runs that the owner of a project holds at this moment, and what is one for all of them:
-- the slots for cards at work, the ledger of the budgets, the limiters of the models, the rates. What is
-- shared is made when the first run begins, from the journal, and forgotten when the last one is over.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local meters = require("orket.governance.budget.meter")
local rates = require("orket.governance.rates")
local slots = require("orket.scheduler.slots")
local sys = require("orket.core.sys")

local M = {}

---@class HeldRun an epic's place, from before its run is opened to after it has ended
---@field id string of the run
---@field epic string
---@field run table|nil once it is opened

---@class RunSet
---@field list HeldRun[] in the order in which they began
---@field slots Slots
---@field budget SharedBudget
---@field limiters table<string, Limiter> by address and model
---@field on_release fun()|nil an epic is free for another run
---@field disk {since: string, message: string, fix: string?}|nil commits wait for it
local RunSet = {}
RunSet.__index = RunSet

local function renew(self)
  self.slots, self.budget, self.limiters = slots.new(0), meters.shared(), {}
  self.rates, self.rate_rules = nil, nil
end

---The runs of a project.
---@param project table opened as owner
---@return RunSet
function M.of(project)
  if not project.run_set then
    local self = setmetatable({ project = project, list = {} }, RunSet)
    renew(self)
    project.run_set = self
  end
  return project.run_set
end

-- ---- which runs ----

---@param epic string
---@return HeldRun|nil
function RunSet:of_epic(epic)
  for _, held in ipairs(self.list) do
    if held.epic == epic then
      return held
    end
  end
end

---The run with this id that is under way.
---@param id string
---@return table|nil run
function RunSet:find(id)
  for _, held in ipairs(self.list) do
    if held.id == id then
      return held.run
    end
  end
end

---The run that has the card on its board.
---@param card string
---@return table|nil run
function RunSet:of_card(card)
  for _, held in ipairs(self.list) do
    if held.run and held.run.board.cards[card] then
      return held.run
    end
  end
end

---All runs that are opened, the oldest first.
---@return table[] runs
function RunSet:all()
  local runs = {}
  for _, held in ipairs(self.list) do
    runs[#runs + 1] = held.run
  end
  return runs
end

---Runs are under way and all of them are drained: none goes on, and none is being opened.
---@return boolean
function RunSet:is_stopping()
  for _, held in ipairs(self.list) do
    if not (held.run and held.run.draining) then
      return false
    end
  end
  return #self.list > 0
end

---The answer to a request for a run of an epic that has one.
---@param held HeldRun
---@return Error
function M.taken(held)
  local err = errors.new("ERR_OWNED", "the run " .. held.id .. " is under way",
    "wait for its end, or halt it: orket halt " .. held.id)
  err.run = held.id
  return err
end

---Holds an epic for one run until the answer is closed.
---@param epic string
---@param id string of the run
---@return HeldRun|nil
---@return Error|nil ERR_OWNED: it has a run
function RunSet:hold(epic, id)
  local other = self:of_epic(epic)
  if other then
    return nil, M.taken(other)
  end
  local held = { id = id, epic = epic }
  table.insert(self.list, held)
  return setmetatable(held, { __close = function()
    self:release(held)
  end })
end

---@param held HeldRun
function RunSet:release(held)
  for i, one in ipairs(self.list) do
    if one == held then
      table.remove(self.list, i)
    end
  end
  if #self.list == 0 then
    renew(self)
  end
  if self.on_release then
    self.on_release()
  end
end

-- ---- what is shared ----

---The budgets that hold for the runs under way: as the newest one was given them. nil: there is no run.
---@return table|nil
function RunSet:budgets()
  if self.list[1] then
    return self.project:process().budgets or {}
  end
end

---The rates of the organization as it is configured now, with what the journal has let through.
---@param process table process rules
---@return GateRates|nil
function RunSet:rates_of(process)
  local rules = cjson.encode(process.rates or cjson.null)
  if self.rate_rules ~= rules then
    self.rates, self.rate_rules = rates.recall(rates.of(process), self.project.store), rules
    for _, run in ipairs(self:all()) do
      run.engine.rates = self.rates
    end
  end
  return self.rates
end

---A commit that the machine refuses is tried again for `seconds`: what is in it was paid for. Meanwhile no
---turn's time runs.
---@param seconds number
---@param note fun(text: string)
function RunSet:wait_for_disk(seconds, note)
  self.project.store:be_patient(seconds, function(took, message, code, fix)
    for _, run in ipairs(self:all()) do
      for _, task in pairs(run.tasks) do
        async.freeze(task, message ~= nil)
      end
    end
    local since = self.disk and self.disk.since or sys.now()
    self.disk = message and { since = since, message = message, fix = fix } or nil
    if message then
      note(("waiting up to %d s: %s"):format(math.ceil(seconds), errors.line(errors.new(code, message, fix))))
    else
      note(took and "the disk takes commits again: the run goes on" or "the disk takes no commits: given up")
    end
  end)
end

return M
