-- jobs.lua: what the owner of a project runs, and for whom: a job is a card that somebody wants to be run (an
-- epic, an issue, a rock), with the runs that come of it. Any number of them is under way at once.

local async = require("orket.async")
local errors = require("orket.errors")
local plan_files = require("orket.planning.plan_files")
local preparation = require("orket.project.preparation")
local run_set = require("orket.scheduler.run_set")
local runs = require("orket.scheduler.jobs.runs")

local M = {}

---@class Job
---@field card string
---@field runs {id: string, epic: string}[] that have begun, in this order
---@field ended RunEnd|nil
---@field error Error|Error[]|nil
local Job = {}
Job.__index = Job

---@class Jobs
---@field list Job[] those under way
---@field stopping boolean nothing new begins
---@field has_begun boolean|nil a run
local Jobs = {}
Jobs.__index = Jobs

---@param project table opened as owner, prepared
---@param hooks {note: fun(text: string), on_delta: function?, on_end: fun(job: Job)?}
---@return Jobs
function M.new(project, hooks)
  return setmetatable({ project = project, hooks = hooks, list = {}, stopping = false }, Jobs)
end

---A job for exactly this card is under way.
---@param card string
---@return boolean
function Jobs:is_asked(card)
  for _, job in ipairs(self.list) do
    if job.card == card then
      return true
    end
  end
  return false
end

-- ---- one job ----

local function wake_all(waiters)
  for _, wake in ipairs(waiters) do
    wake(true)
  end
end

local function tell(job)
  local waiters = job.waiters
  job.waiters = {}
  wake_all(waiters)
end

---Waits until more than `known` runs of it have begun, or it is over. In a task.
---@param known integer
---@return true|nil ok
---@return Error|nil canceled
function Job:await(known)
  if #self.runs > known or self.is_over then
    return true
  end
  return async.suspend(function(wake)
    table.insert(self.waiters, wake)
    return function()
      for i, other in ipairs(self.waiters) do
        if other == wake then
          table.remove(self.waiters, i)
        end
      end
    end
  end)
end

-- ---- begin and end ----

local function on_run(self, job, run)
  run_set.of(self.project):wait_for_disk(run.limits.disk, self.hooks.note)
  if self.stopping then
    run:drain(true)
  end
  self.has_begun = true
  if job.hooks.on_run then
    job.hooks.on_run(run)
  end
end

-- Who learns of it may ask for it at once: its beginning is in the journal.
local function on_begun(job, run)
  table.insert(job.runs, { id = run.id, epic = run.epic.id })
  tell(job)
end

local function perform(self, job, wanted)
  local ok, err = true, nil
  if not wanted.is_prepared then
    ok, err = preparation.refresh(self.project, wanted.again and wanted.card, self.hooks.note)
  end
  if not ok then
    return nil, err
  end
  local options = { by = wanted.by, pushes = not job.hooks.cassette, cassette = job.hooks.cassette,
    on_delta = self.hooks.on_delta, is_stopping = function()
      return self.stopping
    end, on_run = function(run)
      on_run(self, job, run)
    end, on_begun = function(run)
      on_begun(job, run)
    end }
  if wanted.run then
    return runs.resume(self.project, wanted.run, options)
  end
  return runs.run(self.project, wanted.card, options)
end

local function finish(self, job, ended, err)
  job.ended, job.error, job.is_over = ended, err, true
  for i, one in ipairs(self.list) do
    if one == job then
      table.remove(self.list, i)
    end
  end
  tell(job)
  if self.hooks.on_end then
    self.hooks.on_end(job)
  end
  if #self.list == 0 and self.idle then
    wake_all({ self.idle })
  end
end

local function run(self, job, wanted)
  local ended, err = perform(self, job, wanted)
  local ok, failure = plan_files.settle(self.project)
  return ended, err or not ok and failure or nil
end

---Begins a job; what becomes of it is awaited with Job:await.
---@param wanted {card: string, by: string?, again: boolean?, run: table?, is_prepared: boolean?}  run: a row of
---  runs to go on with; is_prepared: the files were taken in just now
---@param hooks {on_run: fun(run: table)?, cassette: table?}|nil
---@return Job|nil
---@return Error|nil ERR_OWNED: nothing new begins
function Jobs:begin(wanted, hooks)
  if self.stopping then
    return nil, errors.new("ERR_OWNED", "the process that owns the project stops", "ask the next one")
  end
  local job = setmetatable({ card = wanted.card, runs = {}, waiters = {}, hooks = hooks or {} }, Job)
  table.insert(self.list, job)
  async.spawn_watched(function(ended, err)
    finish(self, job, ended, err)
  end, run, self, job, wanted)
  return job
end

---Waits until no job is under way. In a task.
function Jobs:await_idle()
  if #self.list > 0 then
    async.suspend(function(wake)
      self.idle = wake
    end)
  end
end

-- ---- the end of the process ----

---Nothing new begins, and all runs stop: open turns go on with the next process.
---@param now boolean|nil replies under way are given up
---@return integer waits cards that are waited for
function Jobs:drain(now)
  self.stopping = true
  local waits = 0
  for _, one in ipairs(run_set.of(self.project):all()) do
    waits = waits + one:drain(now)
  end
  return waits
end

---The same until all of them are over. After `seconds` replies under way are given up. In a task.
---@param seconds number
function Jobs:stop(seconds)
  self:drain()
  local hurry = async.spawn(function()
    if async.sleep(seconds) then
      self:drain(true)
    end
  end)
  self:await_idle()
  async.cancel(hurry)
end

return M
