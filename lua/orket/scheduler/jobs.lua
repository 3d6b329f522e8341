-- jobs.lua: what the owner of a project runs, and for which user: a job is a card that is to be run (an epic,
-- an issue, a rock), with the runs that come of it. Any number of them is under way at once.

local acts = require("orket.governance.acts")
local async = require("orket.async")
local errors = require("orket.errors")
local plan_files = require("orket.planning.plan_files")
local preparation = require("orket.project.session.preparation")
local run_set = require("orket.scheduler.run_set")
local run_card = require("orket.scheduler.jobs.run_card")

local M = {}

local FETCHED = 2 -- seconds

---@class Job
---@field card string|nil nil: it is not known before what comes first is done
---@field by string|nil the user who began it; nil: the account of the process
---@field is_acting boolean what comes first is being done
---@field note string|nil what that came to, for people
---@field failure Error|nil of that
---@field taken_up {id: string, card: string, only: string?, rock: string?}|nil the run that goes on by itself
---@field followers table<Follower, true>
---@field is_followed boolean from its beginning
---@field runs {id: string, epic: string}[] that have begun, in this order
---@field is_over boolean|nil
---@field ended RunEnd|nil
---@field error Error|Error[]|nil
---@field private hooks table see Jobs:begin
---@field private owned Jobs that it is one of
---@field private waiters fun(ok: boolean)[] tasks in Job:await
local Job = {}
Job.__index = Job

---@class Jobs
---@field list Job[] those under way
---@field stopping boolean nothing new begins
---@field has_begun boolean|nil a run
---@field followers table<Follower, true> of all jobs
---@field private project Project
---@field private hooks table see M.new
---@field private idle fun(ok: boolean)|nil the task in Jobs:await_idle
---@field private on_left fun(ok: boolean)|nil the task in Jobs:await_followers
local Jobs = {}
Jobs.__index = Jobs

---@param project table opened as owner, prepared
---@param hooks {note: fun(text: string), on_delta: function?, on_end: fun(job: Job)?, are_taken_up: boolean?}
---  are_taken_up: the next process takes up by itself what is under way when this one ends
---@return Jobs
function M.new(project, hooks)
  return setmetatable({ project = project, hooks = hooks, list = {}, followers = {}, stopping = false },
    Jobs)
end

---A job for exactly this card is under way, or may be.
---@param card string
---@return boolean
function Jobs:is_asked(card)
  for _, job in ipairs(self.list) do
    if job.card == card or job.is_acting then
      return true
    end
  end
  return false
end

---A job for exactly this card is under way, and no run of it has begun.
---@param card string
---@return boolean
function Jobs:is_due(card)
  for _, job in ipairs(self.list) do
    if job.card == card and not job.runs[1] then
      return true
    end
  end
  return false
end

-- By the run where one is named, else by the card that it is of; a further build is another run.
local function is_wanted(run, wanted)
  if wanted.run then
    return run.id == wanted.run.id
  elseif wanted.again then
    return false
  end
  return run.card == wanted.card or run.rock == wanted.card or run.only == wanted.card
end

---The job that goes on by itself with the wanted run, or with one of the wanted card.
---@param wanted {card: string?, run: {id: string}?, again: boolean?}
---@return Job|nil
function Jobs:find_taken_up(wanted)
  for _, job in ipairs(self.list) do
    if job.taken_up and is_wanted(job.taken_up, wanted) then
      return job
    end
  end
end

-- ---- one job ----

local function wake_all(waiters)
  for _, wake in ipairs(waiters) do
    wake(true)
  end
end

local function notify(job)
  local waiters = job.waiters
  job.waiters = {}
  wake_all(waiters)
  for follower in pairs(job.followers) do
    follower:notify()
  end
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

---Waits until it is over. In a task.
function Job:await_end()
  while not self.is_over do
    self:await(math.huge)
  end
end

---@param follower Follower
function Job:follow(follower)
  self.followers[follower] = true
  self.owned.followers[follower] = true
end

---@param follower Follower
function Job:leave(follower)
  self.followers[follower] = nil
  self.owned.followers[follower] = nil
  if self.owned.on_left and not next(self.owned.followers) then
    self.owned.on_left(true)
  end
end

-- ---- begin and end ----

-- One that a person had halted before is not the next server's.
local function stop(self, run, now)
  run.with_server = run.with_server or self.hooks.are_taken_up and not run.draining or nil
  return run:drain(now)
end

local function on_run(self, job, run)
  run_set.of(self.project):wait_for_disk(run.limits.disk, self.hooks.note)
  if self.stopping then
    stop(self, run, true)
  end
  self.has_begun = true
  if job.hooks.on_run then
    job.hooks.on_run(run)
  end
end

-- Its beginning is in the journal: what is notified of it may ask for it at once.
local function on_begun(job, run)
  table.insert(job.runs, { id = run.id, epic = run.epic.id })
  notify(job)
end

-- What a person wants to be done before: it says which card is to be run.
local function act_first(self, job, wanted)
  if not wanted.first then
    return true
  end
  job.is_acting = true
  local answer, err = acts.perform(self.project, wanted.first)
  job.is_acting, job.failure = false, err
  if not answer then
    return nil, err
  end
  job.card, job.note, wanted.run = answer.card, answer.note, answer.run
  return true
end

local function text_listener(self, job)
  local listen = self.hooks.on_delta
  if not job.is_followed then
    return listen
  end
  return function(...)
    for follower in pairs(job.followers) do
      follower:add_text(...)
    end
    if listen then
      listen(...)
    end
  end
end

local function options_of(self, job, wanted)
  local cassette = job.hooks.cassette
  return { by = wanted.by, pushes = not cassette, cassette = cassette, on_delta = text_listener(self, job),
    served = self.hooks.are_taken_up and (wanted.taken or 0) or nil,
    is_stopping = function()
      return self.stopping
    end, on_run = function(run)
      on_run(self, job, run)
    end, on_begun = function(run)
      on_begun(job, run)
    end }
end

local function perform(self, job, wanted)
  local ok, err = true, nil
  if not wanted.is_prepared then
    ok, err = preparation.refresh(self.project, wanted.again and wanted.card, self.hooks.note)
  end
  if ok then
    ok, err = act_first(self, job, wanted)
  end
  if not ok then
    return nil, err
  elseif wanted.run then
    return run_card.resume(self.project, wanted.run, options_of(self, job, wanted))
  end
  return run_card.run(self.project, job.card, options_of(self, job, wanted))
end

local function finish(self, job, ended, err)
  job.ended, job.error, job.is_over = ended, err, true
  for i, one in ipairs(self.list) do
    if one == job then
      table.remove(self.list, i)
    end
  end
  notify(job)
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

---Begins a job; what becomes of it is awaited with Job:await, or followed.
---@param wanted {card: string?, by: string?, first: Request?, again: boolean?, run: table?, taken: integer?,
---  is_prepared: boolean?}
---  first: an act that comes first and answers the card, and perhaps the run
---  run: a row of runs to go on with
---  taken: of a run that is taken up: how many times in a row
---  is_prepared: the files were taken in just now
---@param hooks {on_run: fun(run: table)?, cassette: table?, follow: fun(job: Job)?}|nil
---  follow: makes a follower of it, before anything happens
---@return Job|nil
---@return Error|nil ERR_OWNED: nothing new begins
function Jobs:begin(wanted, hooks)
  if self.stopping then
    local err = errors.new("ERR_OWNED", "the process that owns the project stops", "ask the next one")
    err.stops = true
    return nil, err
  end
  local job = setmetatable({ card = wanted.card, by = wanted.by, runs = {}, waiters = {}, followers = {},
    taken_up = wanted.taken and wanted.run,
    hooks = hooks or {}, is_followed = hooks and hooks.follow ~= nil, owned = self }, Job)
  table.insert(self.list, job)
  if job.is_followed then
    hooks.follow(job)
  end
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

---Waits until the followers have fetched the end, two seconds at most: one that was stopped fetches nothing.
---In a task.
function Jobs:await_followers()
  if next(self.followers) then
    async.within(FETCHED, async.suspend, function(wake)
      self.on_left = wake
    end)
    self.on_left = nil
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
    waits = waits + stop(self, one, now)
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
