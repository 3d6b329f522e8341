-- resumption.lua: what goes on by itself in a process that outlives its runs: a person's act lets a parked
-- card go on, and its run goes on with it, also when no process heard the act; an epic is done, and the rock
-- that it was run for goes on; and what a server had under way when it ended goes on with the next one. Which
-- rock that is, the journal knows: an earlier process may have begun it.
-- Cards of a run that is under way are the listener's (scheduler/listener.lua).

local rock_run = require("orket.scheduler.jobs.rock_run")
local run_set = require("orket.scheduler.run_set")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")

local M = {}

local TAKEN_UP = 3 -- times in a row; a run that kills its server each time waits for a person then
local PARKED = statuses.PARKED
local WORK = statuses.OPEN

---@class Resumption
---@field due table<string, {by: string|nil}> epics with a card that goes on, and who let it
local Resumption = {}
Resumption.__index = Resumption

-- ---- epics ----

-- A run that was halted, or failed, waits until a person resumes it.
local function parked_run(store, epic)
  local rows = store:read("runs", { card = epic })
  local last = rows[#rows]
  return last and store:read("run", { id = last.id })[1].noted == "parked" and last or nil
end

local function go_on(self, epic)
  local by = self.due[epic].by
  self.due[epic] = nil
  local run = parked_run(self.store, epic)
  if run then
    self.jobs:begin({ card = epic, run = run, by = by })
  end
end

local function settle(self)
  for _, epic in ipairs(tables.keys(self.due)) do
    if not self.set:of_epic(epic) and not self.jobs:is_asked(epic) then
      go_on(self, epic)
    end
  end
end

-- Who let it go on by an act of their own; an answer to what the run asks, in the stream of its turn, is
-- none.
local function asker_of(event)
  return event.run == "board" and event.actor:match("^human:(.*)$") or nil
end

local function on_event(self, event)
  local body = event.body
  if event.kind == "run.started" or event.kind == "run.resumed" then
    self.due[event.card] = nil
    return
  elseif event.kind ~= "card.moved" or not (PARKED[body.from] and WORK[body.to]) then
    return
  end
  local card = self.store:read("card", { id = event.card })[1]
  local held = card.epic and self.set:of_epic(card.epic)
  if card.epic and not (held and held.run and not held.run.is_over) then
    self.due[card.epic] = { by = asker_of(event) }
    settle(self)
  end
end

-- ---- rocks ----

local function go_on_with_rocks(self)
  for _, open in ipairs(self.store:read("open_rocks")) do
    if not self.jobs:is_asked(open.id) and rock_run.goes_on(self.project, open.id) then
      self.jobs:begin({ card = open.id, by = open.by })
    end
  end
end

-- ---- the whole ----

---A job is over. One that failed lets nothing go on: that would fail as well, again and again.
---@param job Job
function Resumption:ended(job)
  settle(self)
  if not job.error then
    go_on_with_rocks(self)
  end
end

-- ---- what the last server had under way ----

local function take_up(self, row)
  if row.taken < TAKEN_UP then
    self.note(row.id .. " goes on: the last server had it under way")
    self.jobs:begin({ card = row.card, run = row, by = row.by, taken = row.taken + 1 })
  else
    self.note(("%s waits: its server was killed %d times before a turn ended; to go on: orket resume %s")
      :format(row.id, TAKEN_UP + 1, row.id))
  end
end

---Takes up what was let go on while no process was there to hear of it, or when the last one stopped, and
---what the last one had under way. Runs that a person halted, or that failed, stay.
function Resumption:begin()
  for _, row in ipairs(self.store:read("cut_off")) do
    take_up(self, row)
  end
  for _, move in ipairs(self.store:read("let_go")) do
    self.due[move.card] = { by = asker_of(move) }
  end
  settle(self)
end

---Nothing goes on by itself any more.
function Resumption:close()
  self.unsubscribe()
  self.set.on_release = nil
end

---@param project table opened as owner
---@param jobs Jobs whose ends are passed to Resumption:ended
---@param note fun(text: string)
---@return Resumption
function M.watch(project, jobs, note)
  local self = setmetatable({ project = project, store = project.store, jobs = jobs, note = note,
    set = run_set.of(project), due = {} }, Resumption)
  self.set.on_release = function()
    settle(self)
  end
  self.unsubscribe = project.store:subscribe(function(event)
    on_event(self, event)
  end, { "card.moved", "run." })
  return self
end

return M
