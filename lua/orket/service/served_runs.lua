-- served_runs.lua: the runs of a server, as its clients begin and see them (scheduler/jobs.lua has them under
-- way).

local async = require("orket.async")
local errors = require("orket.errors")
local jobs = require("orket.scheduler.jobs")
local problem = require("orket.service.api.problem")
local reader = require("orket.project.reader")
local resumption = require("orket.scheduler.jobs.resumption")
local run_set = require("orket.scheduler.run_set")

local M = {}

local Runs = {}
Runs.__index = Runs

local function log_end(log, job)
  local status = job.ended and job.ended.status
  log({ kind = "run", card = job.card, status = job.error and "failed" or status,
    error = job.error and problem.of(job.error).detail })
end

---@param project table opened as owner, prepared
---@param hooks {on_delta: function, log: fun(row: table), note: fun(text: string), are_taken_up: boolean?}
---  are_taken_up: as for jobs.new
---@return table runs
function M.new(project, hooks)
  local self = setmetatable({ project = project }, Runs)
  self.jobs = jobs.new(project, { on_delta = hooks.on_delta, note = hooks.note,
    are_taken_up = hooks.are_taken_up, on_end = function(job)
      log_end(hooks.log, job)
      self.resumption:ended(job)
    end })
  project.jobs = self.jobs
  self.resumption = resumption.watch(project, self.jobs, hooks.note)
  return self
end

-- What who asked is answered when it ended before a run began.
local function ended_early(job)
  local err = job.error
  if err and err.code == "ERR_OWNED" and err.run then
    return errors.new("ERR_OWNED", err.message, "wait for its end, or halt it: POST /v1/runs/" .. err.run
      .. "/halt")
  elseif err then
    return err
  elseif job.ended and job.ended.already then
    return errors.new("ERR_TRANSITION",
      job.card .. " is " .. job.ended.already .. ", nothing of it is left to do",
      'begin a further build: {"again": true}')
  end
  return errors.new("ERR_NOT_FOUND", job.card .. " has nothing that can run",
    "look at GET /v1/cards/" .. job.card)
end

---Begins a run, and answers as soon as it has begun; one that this server took up by itself has. In a task.
---@param wanted {card: string, by: string?, again: boolean?, run: table?} run: a row of runs to go on with,
---  if it does not already
---@return string|nil run its id; the first one of a rock
---@return Error|Error[]|nil ERR_OWNED: a run of this epic is under way
function Runs:start(wanted)
  local held = wanted.run and run_set.of(self.project):find(wanted.run.id)
  if held and not (held.draining or held.is_over) then
    return held.id
  end
  local job, err = self.jobs:find_taken_up(wanted), nil
  if not job then
    job, err = self.jobs:begin(wanted)
  end
  local ok = job
  if job then
    ok, err = job:await(0)
  end
  if not ok then
    return nil, err
  elseif job.runs[1] then
    return job.runs[1].id
  end
  return nil, ended_early(job)
end

---All runs, oldest first. One that noted no end, and is not under way here, was interrupted; one that is may
---be stopping: replies under way are waited for.
---@param store Store|nil that is read, where it is not the project's own (service/api/pooled_store.lua)
---@param id string|nil only this one
---@return table[] rows of the query runs
function Runs:rows(store, id)
  local rows, set = (store or self.project.store):read("runs", { id = id }), run_set.of(self.project)
  for _, row in ipairs(rows) do
    local run = row.status == "running" and set:find(row.id)
    if run then
      row.stopping = run.draining
    elseif row.status == "running" and not self.jobs:is_due(row.card) then
      row.status = "interrupted"
    end
  end
  return rows
end

---It is under way, or is about to go on.
---@param row table of the query runs
---@return boolean
function Runs:goes_on(row)
  return row.status == "running" or self.resumption.due[row.card] ~= nil or self.jobs:is_due(row.card)
end

---Does such a card exist?
---@param id string
---@return true|nil
---@return Error|nil ERR_NOT_FOUND
function Runs:check_card(id)
  return reader.check_card(self.project.store, self.project.dir, id, async.breather())
end

---What was let go on before this process, or was under way when the last server ended, goes on.
function Runs:take_up()
  self.resumption:begin()
end

---Stops the runs, if there are any. In a task.
---@param seconds number that replies under way are waited for
function Runs:stop(seconds)
  self.resumption:close()
  self.jobs:stop(seconds)
end

return M
