-- service.lua: a project that is served: what the routes look at and act on. It owns the project, holds its
-- runs, sends events, and beside it commands reach the owner's socket as they do beside a run.

local acts = require("orket.governance.acts")
local authority = require("orket.people.authority")
local async = require("orket.async")
local canary = require("orket.scripts.canary")
local change = require("orket.scripts.serving.change")
local client = require("orket.llm.client")
local directory = require("orket.people.directory")
local host_sampler = require("orket.service.figures.host_sampler")
local journal_figures = require("orket.service.figures.journal_figures")
local answer_cache = require("orket.service.web.answer_cache")
local live_events = require("orket.service.live_events")
local mcp_http = require("orket.service.mcp.mcp_http")
local metrics = require("orket.service.figures.metrics")
local outbox = require("orket.notify.outbox")
local owner = require("orket.project.owner")
local proc = require("orket.core.proc")
local presence = require("orket.service.presence")
local preparation = require("orket.project.session.preparation")
local served_runs = require("orket.service.served_runs")
local snapshots = require("orket.service.snapshots")
local tracing = require("orket.telemetry.tracing")
local watch = require("orket.project.watch")

local M = {}

local NOTICES = 2 -- seconds that notifications under way are waited for
local TRACES = 1 -- second that a collector is waited for at the end

---@class Service
---@field project table opened as owner
---@field store Store
---@field dir string
---@field events table live_events
---@field runs table served_runs
---@field metrics table what this process counts
---@field figures table journal_figures
---@field host table host_sampler
---@field log fun(row: table) writes to the log of the process
---@field instruments {log: table, loop: table} of the process: service_log, async/loop_meter
---@field find_route fun(path: string): table<string, Route>|nil, table<string, string>|nil the ones of a path
---@field name string of its workspace: that of its directory
---@field workspaces Workspaces all that this server serves
---@field routes Route[]
---@field pooled Service|nil the same with api/pooled_store.lua's store, once a route asked for it
---@field kept AnswerCache answers that are good until the journal moves
---@field once table|nil what api/once.lua knows of answered requests; nil: it was not asked
---@field mcp table|nil sessions of MCP clients, mcp_http.lua's; nil: none began
---@field tools table<string, McpTool>|nil what those clients may call
---@field presence table presence.lua
---@field socket {close: fun()} the owner's socket
---@field traces table|nil telemetry/tracing
---@field outbox table|nil notify/outbox
---@field watched {close: fun(self: table)} the directory's changes
---@field snapshots table the project as it was
---@field at integer|nil of a view of it: the commit after which it was so
---@field people Directory
---@field is_remote boolean|nil its clients come over the network
---@field ready boolean false: it stops
local Service = {}
Service.__index = Service

-- What is noted may be an alert that no event tells: a full disk, a target that takes no notifications.
local function note_with(self)
  return function(text)
    self.log({ kind = "note", text = text })
    if self.events then
      self.events:tell("alerts", {})
    end
  end
end

-- The last part of its real path: what its people call it.
local function workspace_name(dir)
  return proc.real(dir):match("([^/]*)$")
end

---Makes an opened project ready to be served. In a task.
---@param project table opened as owner
---@param instruments {log: table, loop: table}
---@param is_remote boolean|nil it is a server's: users ask over the network, none is an account of this
---  machine, and the next server goes on with its runs
---@return Service|nil
---@return Error|Error[]|nil
function M.open(project, instruments, is_remote)
  local ok, err = preparation.prepare(project)
  if not ok then
    return nil, err
  end
  client.warm()
  local self = setmetatable({ project = project, store = project.store, dir = project.dir,
    instruments = instruments, is_remote = is_remote, figures = journal_figures.new(project.store),
    host = host_sampler.new(project.dir), log = function(row)
      instruments.log:write(row)
    end }, Service)
  local note = note_with(self)
  canary.open(project, note)
  self.socket, err = owner.serve(project)
  if not self.socket then
    return nil, err
  end
  self.people = directory.new(project)
  self.events, self.metrics = live_events.new(project.store), metrics.new()
  self.presence = presence.new(project.store, self.events)
  self.snapshots = snapshots.new(project)
  self.runs = served_runs.new(project, { log = self.log, note = note, are_taken_up = is_remote,
    on_delta = function(...)
      self.events:delta(...)
    end })
  self.traces = tracing.open(project, note)
  self.outbox = outbox.open(project, note)
  self.watched = watch.open(project.dir, watch.SCRIPTS, function()
    change.reload(project, note)
  end)
  self.name, self.kept = workspace_name(project.dir), answer_cache.new(self.events)
  self.ready = true
  return self
end

-- What an act takes may depend on the request: the key that was sent has to reach as far.
local function beyond(project, request, principal)
  local wanted = authority.wanted(acts.all()[request.act], request)
  return principal:check({ name = request.act, permission = wanted }, project.config.organization)
end

-- A bug is for the log; a client gets its id alone.
local function hide_bug(err)
  if err and err.code == "ERR_BUG" then
    error(err.message, 0)
  end
end

---Performs a person's act. It is not half done when its client leaves.
---@param request Request
---@param who string whose key was sent
---@param principal Principal|nil that sent it, where what the act takes depends on the request
---@return table|nil
---@return Error|Error[]|nil
function Service:act(request, who, principal)
  local err = principal and beyond(self.project, request, principal)
  if err then
    return nil, err
  end
  request.who = who
  local done
  done, err = async.uncanceled(acts.perform, self.project, request,
    { user = who, is_remote = self.is_remote })
  hide_bug(err)
  return done, err
end

---Begins a run, or goes on with one.
---@param wanted {card: string, again: boolean?, run: table?} see served_runs
---@return {run: string, card: string, events: string}|nil
---@return Error|Error[]|nil
function Service:start(wanted)
  local run, err = self.runs:start(wanted)
  hide_bug(err)
  return run and { run = run, card = wanted.card, events = "/v1/runs/" .. run .. "/events" }, err
end

---Stops the runs and the streams, and gives the socket up. In a task.
---@param seconds number that replies under way are waited for
function Service:close(seconds)
  self.ready = false
  self.watched:close()
  self.people:close()
  self.runs:stop(seconds)
  self.outbox:close(NOTICES)
  if self.traces then
    self.traces:close(TRACES)
  end
  mcp_http.close(self)
  self.snapshots:close()
  self.events:close()
  self.presence:close()
  self.socket.close()
  async.sleep(0) -- what the streams wrote last
end

return M
