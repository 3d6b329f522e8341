-- service.lua: a project that is served: what the routes look at and act on. It owns the project, holds the
-- run, sends events, and beside it commands reach the owner's socket as they do beside a run.

local acts = require("orket.governance.acts")
local async = require("orket.async")
local canary = require("orket.scripts.canary")
local change = require("orket.scripts.serving.change")
local client = require("orket.llm.client")
local host_sampler = require("orket.service.host_sampler")
local hosted_run = require("orket.service.hosted_run")
local journal_figures = require("orket.service.journal_figures")
local live_events = require("orket.service.live_events")
local metrics = require("orket.service.metrics")
local owner = require("orket.project.owner")
local session = require("orket.project.session")
local tracing = require("orket.telemetry.tracing")
local watch = require("orket.project.watch")

local M = {}

local TRACES = 1 -- second that a collector is waited for at the end

---@class Service
---@field project table opened as owner
---@field store Store
---@field dir string
---@field events table live_events
---@field runs table hosted_run
---@field metrics table what this process counts
---@field figures table journal_figures
---@field host table host_sampler
---@field instruments {log: table, loop: table} of the process: service_log, async/loop_meter
---@field ready boolean false: it stops
local Service = {}
Service.__index = Service

local function note_with(log)
  return function(text)
    log:write({ kind = "note", text = text })
  end
end

---Makes an opened project ready to be served. In a task.
---@param project table opened as owner
---@param instruments {log: table, loop: table}
---@return Service|nil
---@return Error|Error[]|nil
function M.open(project, instruments)
  local ok, err = session.prepare(project)
  if not ok then
    return nil, err
  end
  client.warm()
  local self = setmetatable({ project = project, store = project.store, dir = project.dir,
    instruments = instruments, figures = journal_figures.new(project.store),
    host = host_sampler.new(project.dir) }, Service)
  local note = note_with(instruments.log)
  canary.open(project, note)
  self.socket, err = owner.serve(project)
  if not self.socket then
    return nil, err
  end
  self.events, self.metrics = live_events.new(project.store), metrics.new()
  self.runs = hosted_run.new(project, { log = function(row)
    instruments.log:write(row)
  end, on_delta = function(...)
    self.events:delta(...)
  end })
  self.traces = tracing.open(project, note)
  self.watched = watch.open(project.dir, function()
    change.reload(project, note)
  end)
  self.ready = true
  return self
end

---Performs a person's act.
---@param request Request
---@param who string whose key was sent
---@return table|nil
---@return Error|Error[]|nil
function Service:act(request, who)
  request.who = who
  return acts.perform(self.project, request, self.project.under_way and { user = who } or nil)
end

---Begins a run, or goes on with one.
---@param wanted {card: string, again: boolean?, run: table?} see hosted_run
---@return {run: string, card: string, events: string}|nil
---@return Error|Error[]|nil
function Service:start(wanted)
  local run, err = self.runs:start(wanted)
  return run and { run = run, card = wanted.card, events = "/v1/runs/" .. run .. "/events" }, err
end

---Stops the run and the streams, and gives the socket up. In a task.
---@param seconds number that replies under way are waited for
function Service:close(seconds)
  self.ready = false
  self.watched:close()
  self.runs:stop(seconds)
  if self.traces then
    self.traces:close(TRACES)
  end
  self.events:close()
  self.socket.close()
  async.sleep(0) -- what the streams wrote last
end

return M
