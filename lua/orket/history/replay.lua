-- replay.lua: a recorded run, derived once more: nothing goes live, nothing is written.
--
-- The journal is walked through in the order of its commits, beside a store that shows the moment. Where an
-- event of the run is due, the unit of work that made it (a turn, a verification, the run's beginning or end)
-- runs on through the engine's own code, with the replies, the verdicts and the interruptions of the journal,
-- and has to derive that event: kind, card, step, actor, role and body. Its parts: history/replay/record.lua,
-- the journal; history/replay/due.lua, which unit an event is due from; history/replay/course.lua, the units;
-- history/replay/stage.lua, where they run; history/replay/stage/compare.lua, what they derive;
-- history/replay/taped_engine.lua, what the world answered; history/replay/cut_off.lua, operations that a
-- person had to look at; history/replay/generations.lua and history/replay/configuration.lua, what it
-- followed from.

local arrivals = require("orket.history.replay.arrivals")
local configurations = require("orket.history.replay.configuration")
local due = require("orket.history.replay.due")
local errors = require("orket.errors")
local generations = require("orket.history.replay.generations")
local hold = require("orket.workspace.hold")
local projects = require("orket.project.project")
local proof = require("orket.history.replay.proof")
local records = require("orket.history.replay.record")
local scratches = require("orket.workspace.scratch")
local skipped = require("orket.history.replay.skipped")
local stages = require("orket.history.replay.stage")
local store = require("orket.core.store")

local M = {}

-- Runs on what derives this event; a unit may sleep on its way to it.
local function derive(self, event)
  local stage, before = self.stage, {}
  stage.due = event
  local ok, err = stage:go_to(event.seq - 1)
  if not ok then
    return nil, err
  end
  repeat
    due.take(self, event)
    local unit = self.units[event.turn]
    local parked = unit and unit.parked
    local stuck = not parked or parked == before
    before = parked
  until event.derived or stage.diverged or stuck
  if not (event.derived or stage.diverged) then
    stage:diverge(event, "the replay derives nothing here")
  end
  return true
end

-- ---- all of it ----

local function walk(self)
  for _, event in ipairs(self.record.events) do
    local mine, err = event.run == self.id, nil
    if mine and not event.derived then
      local ok
      ok, err = derive(self, event)
      err = not ok and err or nil
    end
    if not (self.stage.diverged or err) then
      arrivals.come(self, event)
    end
    if self.stage.diverged or err then
      return nil, self.stage.diverged or err
    end
  end
  return true
end

local function is_derived(record)
  for _, line in pairs(record.streams) do
    for _, event in ipairs(line) do
      if not event.derived then
        return nil, records.divergence(event, "the replay derives nothing here")
      end
    end
  end
  return true
end

-- How many events and turns were asked about.
local function counted(self)
  local count, turns = 0, 0
  for turn, line in pairs(self.record.streams) do
    for _, event in ipairs(line) do
      count = count + ((not self.card or event.card == self.card) and 1 or 0)
    end
    turns = turns + (turn ~= 0 and (not self.card or line[1].card == self.card) and 1 or 0)
  end
  return count, turns
end

local function summary(self)
  local count, turns = counted(self)
  return {
    run = self.id, events = count, turns = turns, hash = records.hash(self.record.streams),
    signed = proof.is_signed(self.store, self.record), changed = self.generations.changed,
    settings = self.configuration.changed,
  }
end

-- Where the environment broke off what was derived (no memory, no descriptors), what is missing says nothing
-- of the record.
local function perform(self)
  local ok, err = walk(self)
  if ok then
    ok, err = is_derived(self.record)
  end
  if not ok then
    return nil, self.broken or err
  end
  local result, head = summary(self), self.store:head(self.id)
  if result.hash ~= head then
    return nil, errors.new("ERR_REPLAY", string.format("the hash of %s is %s, recorded is %s", self.id,
      result.hash,
      tostring(head)), "events are missing at the end of a stream: orket check")
  end
  ok, err = proof.check(self.store, self.record)
  return ok and result, err
end

-- What the engine's code takes for the project: its configuration, a root of our own, the store of the
-- moment.
local function facade_of(self, scratch)
  return {
    config = self.project.config, root = scratch.root, store = self.stage.facade,
    board = self.stage.facade:stream({ run = "board", turn = 0, actor = "system", role = "system" }),
    governed = function(_, generation) -- it is under the recorded rules (course.lua: configure)
      return generation
    end,
    seeds = { holds = hold.new(), of = {}, labels = {}, executable = {}, links = {} },
    debugger = skipped.new(self.stage),
  }
end

local function has_card(record, card)
  for _, line in pairs(record.streams) do
    for _, event in ipairs(line) do
      if event.card == card then
        return true
      end
    end
  end
  return false
end

-- The record of what was asked about.
local function read(project, run, options)
  local record, err = records.read(project.store, run)
  if record and options.card and not has_card(record, options.card) then
    return nil, errors.new("ERR_NOT_FOUND", "the run " .. run .. " did nothing with a card '" .. options.card
      .. "'",
      "orket history " .. run .. " lists its turns")
  end
  return record, err
end

local function new(project, record, moment, scratch, options)
  local self = {
    project = project, store = project.store, id = record.run, record = record, card = options.card,
    strict = options.strict,
    units = {}, pending = {}, generations = generations.new(project.store, options.scripts),
    configuration = configurations.new(project.config, options.config),
    stage = stages.new({ store = project.store, moment = moment, seq = record.first - 1, run = record.run,
      streams = record.streams }),
  }
  self.facade = facade_of(self, scratch)
  return self
end

---Derives a recorded run again. Called in a task.
---@param project table opened for reading
---@param run string
---@param options {scripts: table<string, string>?, config: boolean?, strict: boolean?, card: string?}
---  scripts: texts by path that take the place of recorded ones; config: so do the project's settings;
---  strict: the engine's own events are derived too; card: only what was done with this one
---@return {run: string, events: integer, turns: integer, hash: string, signed: boolean,
---  changed: table<string, true>, settings: string[]}|nil
---@return Error|nil err  ERR_REPLAY with event and detail: the first one in which replay and record differ
function M.run(project, run, options)
  local record, err = read(project, run, options)
  local moment
  if record then
    moment, err = errors.check(store.past(projects.database(project.dir), record.first - 1))
  end
  if not moment then
    return nil, err
  end
  local closing <close> = moment
  local scratch <close>, why = scratches.open()
  if not scratch then
    return nil, why
  end
  local self = new(project, record, moment, scratch, options)
  local result
  result, err = perform(self)
  if err then
    self.configuration:blame(err)
  end
  return result, err
end

return M
