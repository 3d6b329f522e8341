-- hosted_run.lua: the run of a server: one at a time, on the loop that answers requests, with what
-- project/session.lua gives to the run of a command. Who asks for a second one meanwhile is refused.

local async = require("orket.async")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local errors = require("orket.errors")
local plan_files = require("orket.planning.plan_files")
local problem = require("orket.service.api.problem")
local reader = require("orket.project.reader")
local runs = require("orket.scheduler.runs")
local preparation = require("orket.project.preparation")

local M = {}

local Host = {}
Host.__index = Host

---@param project table opened as owner, prepared
---@param hooks {on_delta: function, log: fun(row: table)}
---@return table host
function M.new(project, hooks)
  return setmetatable({ project = project, hooks = hooks }, Host)
end

local function busy(self)
  local run = self.project.under_way
  return errors.new("ERR_OWNED", (run and "the run " .. run.id or "another run")
    .. " is under way, and a server has one at a time", run and "wait for its end, or halt it: POST /v1/runs/"
    .. run.id .. "/halt" or "ask again")
end

-- The project as its files are now: cards and scripts that came since are there for the run.
local function refresh(project, again)
  local now, err = config.load(project.dir)
  if not now then
    return nil, err
  end
  local conceals
  conceals, err = concealed.hold(project.dir, now.organization)
  if not conceals then
    return nil, err
  end
  project.conceals:release()
  project.config, project.conceals = now, conceals
  return preparation.prepare(project, again)
end

local function note(self, text)
  self.hooks.log({ kind = "note", text = text })
end

-- A rock has several runs, one after the other; who asked hears of the first one.
local function on_run(self, run, begun)
  self.project.under_way = run
  run:wait_for_disk(function(text)
    note(self, text)
  end)
  if self.stopping then
    run:drain(true)
  end
  begun(run)
end

local function go(self, wanted, begun)
  local ok, err = refresh(self.project, wanted.again and wanted.card)
  local ended
  if ok then
    local hooks = { pushes = true, on_delta = self.hooks.on_delta, on_run = function(run)
      on_run(self, run, begun)
    end }
    if wanted.run then
      ended, err = runs.resume(self.project, wanted.run, hooks)
    else
      ended, err = runs.run(self.project, wanted.card, hooks)
    end
    err = err or select(2, plan_files.settle(self.project))
  end
  return ended, err
end

local function finish(self, ended, err)
  self.project.under_way, self.busy = nil, false
  self.hooks.log({ kind = "run", status = err and "failed" or ended and ended.status,
    error = err and problem.of(err).detail })
  if self.idle then
    self.idle()
  end
end

local function already(wanted, ended)
  return errors.new("ERR_TRANSITION",
    wanted.card .. " is " .. ended.already .. ", nothing of it is left to do",
    'begin a further build: {"again": true}')
end

-- What who asked is answered when it ended before it began.
local function ended_early(wanted, ended, err)
  if err then
    return err
  end
  return ended and ended.already and already(wanted, ended)
    or errors.new("ERR_NOT_FOUND", wanted.card .. " has nothing that can run", "look at GET /v1/cards/"
      .. wanted.card)
end

---Begins a run, and answers as soon as it has begun. In a task.
---@param wanted {card: string, again: boolean?, run: table?} run: a row of runs to go on with
---@return string|nil run its id
---@return Error|Error[]|nil ERR_OWNED: one is under way
function Host:start(wanted)
  if self.busy or self.stopping then
    return nil, busy(self)
  end
  self.busy = true
  return async.suspend(function(wake)
    async.spawn_watched(function(ended, err)
      finish(self, ended, err)
      wake(nil, ended_early(wanted, ended, err))
    end, go, self, wanted, function(run)
      wake(run.id)
    end)
  end)
end

---All runs, oldest first. One that noted no end, and is not under way here, was interrupted.
---@return table[] rows of the query runs
function Host:rows()
  local rows, under_way = self.project.store:read("runs", {}), self.project.under_way
  for _, row in ipairs(rows) do
    if row.status == "running" and not (under_way and under_way.id == row.id) then
      row.status = "interrupted"
    end
  end
  return rows
end

---Does such a card exist? Also one that only the files have, and is on the board with the next run.
---@param id string
---@return true|nil
---@return Error|nil ERR_NOT_FOUND
function Host:check_card(id)
  local found, err = reader.card(self.project.store, id)
  if found then
    return true
  end
  local files = config.read(self.project.dir)
  local is_there = (files.epics or {})[id] or (files.rocks or {})[id]
  return is_there and true or nil, err
end

---Stops the run, if there is one: open turns go on with the next. After `seconds` replies under way are given
---up. In a task.
---@param seconds number
function Host:stop(seconds)
  self.stopping = true
  if not self.busy then
    return
  end
  local run = self.project.under_way
  if run then
    run:drain(false)
  end
  local hurry = async.spawn(function()
    if async.sleep(seconds) and self.project.under_way then
      self.project.under_way:drain(true)
    end
  end)
  async.suspend(function(wake)
    self.idle = wake
  end)
  async.cancel(hurry)
end

return M
