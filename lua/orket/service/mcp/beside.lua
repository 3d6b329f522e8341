-- beside.lua: a project as routes see it in a process that does not own it: it reads the journal, sends a
-- person's acts to the owner (project/owner.lua), and follows what is committed. A run that is started here
-- while no process owns the project is owned by this one until it ends.

local async = require("orket.async")
local config = require("orket.project.config")
local errors = require("orket.errors")
local follow = require("orket.history.follow")
local live_events = require("orket.service.live_events")
local lock = require("orket.core.lock")
local metrics = require("orket.service.figures.metrics")
local owner = require("orket.project.owner")
local projects = require("orket.project.project")
local reader = require("orket.project.reader")
local route_table = require("orket.service.route_table")
local service = require("orket.service.service")
local snapshots = require("orket.service.snapshots")
local sys = require("orket.core.sys")

local M = {}

local PAGE = 500 -- events read at once
local REPLIES = 7 -- seconds that replies under way are waited for when it ends

local Beside = {}
Beside.__index = Beside

-- ---- events ----

local function tell(self, fn)
  local found = false
  while true do
    local events = self.store:read("events", { since = self.seen, limit = PAGE })
    for _, event in ipairs(events) do
      self.seen = event.seq
      fn(event)
    end
    found = found or #events > 0
    if #events < PAGE then
      return found
    end
  end
end

local function follower(self)
  return function(fn)
    self.seen = self.store:read("counts", {})[1].events
    async.spawn(follow.changes, self.dir, function()
      if self.closed then
        return nil
      end
      return tell(self, fn)
    end, nil, function(stop)
      self.stop_following = stop
    end)
    return function()
      self.stop_following()
    end
  end
end

-- ---- what routes ask of `runs` ----

local Runs = {}
Runs.__index = Runs

function Runs:rows(_, id)
  return reader.runs(self.of.store, self.of.dir, id)
end

function Runs:goes_on(row)
  if row.status ~= "partial" or not lock.held(self.of.dir .. "/.orket") then
    return row.status == "running"
  end
  for _, let_go in ipairs(self.of.store:read("let_go")) do
    if let_go.id == row.id then
      return true
    end
  end
  return false
end

function Runs:check_card(id)
  return reader.check_card(self.of.store, self.of.dir, id)
end

-- ---- acts and runs ----

---Performs a person's act: by the owner, or as the owner for its length.
---@param request Request
---@return table|nil
---@return Error|Error[]|nil
function Beside:act(request)
  request.who = sys.user()
  return owner.ask(self.dir, request)
end

local function close_own(self, seconds)
  local own = self.own
  self.own = nil
  if own then
    own:close(seconds)
    own.project:close()
  end
end

-- The last run that it owns has ended: as it goes on, or because it is being closed.
local function is_last(self, row)
  return row.kind == "run" and self.own and not self.own.runs.jobs.list[1]
end

-- Owns the project until the run has ended.
local function own(self)
  local project, err = projects.open(self.dir, { own = true, beside = true })
  if not project then
    return nil, err
  end
  local served
  served, err = service.open(project, { log = {
    write = function(_, row)
      self.log(row)
      if is_last(self, row) then
        async.spawn(close_own, self, 0)
      end
    end,
  } })
  if not served then
    project:close()
    return nil, err
  end
  self.own = served
  return served
end

-- The first run of what the owner was asked to do; it goes on without this connection.
local function first_run(connection)
  local news, err
  repeat
    news, err = connection:ask({ act = "run.follow" })
    if news and news.runs[1] then
      return news.runs[1].id
    end
  until not news or news.over
  return nil, news and (news.error or news.failure) or err
    or errors.new("ERR_TRANSITION", "nothing of it is left to do", "look at the card: the tool card")
end

-- By the process that owns the project.
local function hand_over(self, wanted)
  local connection <close>, err = owner.connect(self.dir)
  local begun
  if connection then
    begun, err = connection:ask({ act = "run.begin", card = wanted.card, again = wanted.again,
      who = sys.user(), first = wanted.run and { act = "resume", run = wanted.run.id } or nil })
  end
  if not begun then
    return nil, err
  end
  return first_run(connection)
end

local function begin_here(self, wanted)
  local started, err = own(self)
  if started then
    started, err = started:start(wanted)
  end
  return started and started.run, err
end

---Begins a run: by the process that owns the project, or as its owner until the run ends.
---@param wanted {card: string, again: boolean?, run: table?}
---@return {run: string, card: string, events: string}|nil
---@return Error|Error[]|nil
function Beside:start(wanted)
  local is_owned = lock.held(self.dir .. "/.orket")
  local run, err = (is_owned and hand_over or begin_here)(self, wanted)
  return run and { run = run, card = wanted.card, events = "/v1/runs/" .. run .. "/events" }, err
end

---Ends it: a run of its own is drained, and goes on with the next. In a task.
function Beside:close()
  close_own(self, REPLIES)
  self.closed = true
  self.snapshots:close()
  self.events:close()
  self.store:close()
end

-- The journal; a project that has none yet gets its cards on the board, as every first command does.
local function opened(dir)
  local store, err = reader.open(dir)
  if store or err.code ~= "ERR_NOT_FOUND" then
    return store, err
  end
  local _, why = owner.ask(dir, { act = "sync", who = sys.user() })
  if why then
    return nil, why.code and why or why[1]
  end
  return reader.open(dir)
end

---@param dir string
---@param log table telemetry/service_log
---@return Service|nil
---@return Error|nil
function M.open(dir, log)
  local loaded, err = config.load(dir)
  if not loaded then
    return nil, err
  end
  local self = setmetatable({ dir = dir, log = function(row)
    log:write(row)
  end, ready = true, routes = route_table.all(),
    find_route = route_table.find, metrics = metrics.new(), project = projects.beside(dir, loaded) },
    Beside)
  self.store, err = opened(dir)
  if not self.store then
    return nil, err
  end
  self.project.store, self.snapshots = self.store, snapshots.new(self.project)
  self.runs = setmetatable({ of = self }, Runs)
  self.people = { organization = function()
    return loaded.organization
  end }
  self.events = live_events.new(self.store, follower(self))
  return self
end

return M
