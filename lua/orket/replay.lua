-- replay.lua: a recorded run, derived once more: nothing goes live, nothing is written.
--
-- The journal is walked through in the order of its commits, beside a store that shows the moment. Where an
-- event of the run is due, the unit of work that made it (a turn, a verification, the run's beginning or end)
-- runs on through the engine's own code, with the replies, the verdicts and the interruptions of the journal,
-- and has to derive that event: kind, card, step, actor, role and body. Its parts: replay/record.lua, the
-- journal; replay/stage.lua, what is derived; replay/engine.lua, what the world answered; replay/cut_off.lua, operations
-- that a person had to look at; replay/generations.lua and replay/configuration.lua, what it followed from.

local arrivals = require("orket.replay.arrivals")
local configurations = require("orket.replay.configuration")
local cut_off = require("orket.replay.cut_off")
local errors = require("orket.errors")
local files = require("orket.tree.files")
local generations = require("orket.replay.generations")
local hold = require("orket.tree.hold")
local house = require("orket.house")
local orchestrator = require("orket.orchestrator")
local prefix = require("orket.fork.prefix")
local projects = require("orket.project")
local proof = require("orket.replay.proof")
local records = require("orket.replay.record")
local scratches = require("orket.replay.scratch")
local skipped = require("orket.replay.skipped")
local stages = require("orket.replay.stage")
local store = require("orket.core.store")
local taped = require("orket.replay.engine")
local work = require("orket.orchestrator.work")

local M = {}

local Replay = {}
Replay.__index = Replay

local FOREVER = 604800 -- seconds: no deadline of a turn passes

-- Serves what is asked from here on.
local function serve(self, event, id)
  local generation, why = self.generations:of(id)
  if not generation then
    self.stage:diverge(event, why)
    return false
  end
  self.facade.generation = generation
  return true
end

-- ---- the run ----

-- Nothing starts by itself here; what would start is kept for when its event is due.
local function tame(self, run)
  run.pump = function() end
  run.start = function(_, card, act, ...)
    self.pending[card.id] = table.pack(act, ...)
  end
  run.limits.seconds = FOREVER
  taped.tape(run.engine, self.stage, self.generations)
end

-- A unit of work on a card, which is busy meanwhile.
local function play(self, card, act, ...)
  self.run.board:start(card)
  return self.stage:play({}, function(...)
    act(...)
    local board = self.run.board -- another one, when the run was resumed meanwhile
    board:stop(board.cards[card.id])
  end, self.run, card, ...)
end

-- Turns that were interrupted go on with the cards of the run as it was read anew.
local function take_over(run, live)
  for id, turn in pairs(live) do
    turn.card, turn.engine = run.board.cards[id], run.engine
    run.live[id] = turn
    run.board:start(turn.card)
  end
end

-- Under another configuration they begin again with their tapes, as they did then: it judges what was under way.
local function begin_again(self, live, event)
  for _, turn in pairs(live) do
    self.units[turn.number] = self.stage:rewind(turn.number, event.seq) and { taped = true } or nil
  end
end

-- From here on the run has this configuration.
local function configure(self, event)
  local config, why = self.configuration:at(self.stage, event)
  if not config then
    self.stage:diverge(event, why)
    return false
  end
  self.facade.config, self.stage.user = config, records.body(event).by
  self.generations:under(house.of(config.organization.process_rules))
  return true
end

-- A turn whose events so far are its tape: a fork's, that begins with another run's, or one that waited for a person.
local function go_on_with(self, event, turn)
  local line = self.record.streams[turn.turn]
  local card = self.run.board.cards[turn.card]
  local generation, why = self.generations:of(turn.generation)
  if not generation or not card then
    return self.stage:diverge(event, why or "the run has no card " .. turn.card)
  end
  local events, inherited = prefix.events(self.stage.facade, self.id, turn.turn)
  self.run.open_turns[card.id] = {
    turn = turn.turn, events = events, generation = generation, paid = prefix.cost(events, inherited),
  }
  line.taped = true
  self.units[turn.turn] = play(self, card, work.go_on)
end

local function go_on_with_forked(self, event)
  for _, turn in ipairs(self.stage.facade:read("open_turns", { run = self.id })) do
    local line = self.record.streams[turn.turn]
    if line and not self.units[turn.turn] and line[1].kind ~= "turn.started" and line[1].kind ~= "turn.abandoned" then
      go_on_with(self, event, turn)
    end
  end
end

-- The seed as it was when the run began: what a person has answered for since was labelled then.
local function seed_of(board, epic, seq)
  local manifest, marks = files.seed_of(board, epic)
  local in_use = #board:read("labels", { card = epic }) > 0
  local since = in_use and board:read("events", { card = epic, kind = "card.trusted", since = seq }) or {}
  for _, event in ipairs(since) do
    marks[event.body.path or ""] = event.body.seed
  end
  return manifest, marks
end

local function begin(self, event)
  local card = self.stage.facade:read("card", { id = event.card })[1]
  if not card then
    return self.stage:diverge(event, "there is no card " .. tostring(event.card))
  end
  self.configuration:note(card)
  self.facade.heads, self.pending = nil, {}
  self.facade.seeds.of[card.id], self.facade.seeds.labels[card.id] = seed_of(self.store, card.id, event.seq)
  local only = records.body(event).only
  local run, err = orchestrator.new(self.facade, card, { run = event.run, only = only })
  if not run then
    return self.stage:diverge(event, errors.line(err))
  end
  tame(self, run)
  local live = self.run and self.run.live or {}
  if self.configuration.is_another then
    begin_again(self, live, event)
  else
    take_over(run, live)
  end
  self.run = run
  if self.strict then
    self.stage:play({}, run.announce, run)
  end
  go_on_with_forked(self, event)
end

local function conclude(self, event)
  local body = records.body(event)
  self.run.draining = body.status == "drained"
  if body.status == "failed" and body.why and not self.run.broken then
    self.run.broken = { code = "ERR_BUG", class = "bug", message = body.why }
  end
  self.stage:play({}, self.run.conclude, self.run)
end

-- What a canceled card leaves behind it when the run begins.
local function orphaned_by(self, card)
  for id, other in pairs(self.run.board.cards) do
    for _, orphan in ipairs(other.status == "canceled" and self.run.board:orphans(id) or {}) do
      if orphan.id == card then
        return id
      end
    end
  end
end

local function act_on(self, card)
  local pending = self.pending[card.id]
  if pending then
    self.pending[card.id] = nil
    return play(self, card, pending[1], table.unpack(pending, 2, pending.n))
  end
  local id = orphaned_by(self, card.id)
  if id then
    return play(self, card, self.run.move, "blocked", { reason = "dependency", why = id .. " was canceled" })
  end
  play(self, card, work.go_on)
end

-- ---- events that are due ----

local function card_of(self, event)
  local card = self.run and self.run.board.cards[event.card]
  if not card then
    self.stage:diverge(event, "the run has no card " .. tostring(event.card))
  end
  return card
end

local function is_fork(self)
  for _, event in ipairs(self.record.streams[0]) do
    if event.kind == "run.forked" then
      return true
    end
  end
  return false
end

local BEGINS = { ["run.started"] = true, ["run.resumed"] = true }

local function engine_event(self, event)
  if BEGINS[event.kind] then
    if configure(self, event) and serve(self, event, records.body(event).generation) then
      begin(self, event)
    end
  elseif not self.run and is_fork(self) then
    event.derived = true -- somebody made it from another run, with changes of their own
  elseif event.kind == "operation.settled" then
    event.derived = true -- of an interruption; nothing is interrupted here
  elseif not self.run then
    self.stage:diverge(event, "the run has not begun")
  elseif not self.strict then
    return -- taken as it is
  elseif event.kind == "run.ended" then
    conclude(self, event)
  else
    local card = card_of(self, event)
    if card then
      act_on(self, card)
    end
  end
end

local function begin_turn(self, event)
  local card = event.kind == "turn.started" and card_of(self, event)
  if card and serve(self, event, records.body(event).generation) then
    self.run.last_turn = event.turn - 1
    self.units[event.turn] = play(self, card, work.go_on)
  end
end

-- A person has said what became of an operation, or the configuration is another one.
local function resume_turn(self, event)
  for _, turn in ipairs(self.stage.facade:read("open_turns", { run = self.id, card = event.card })) do
    if turn.turn == event.turn then
      return go_on_with(self, event, turn)
    end
  end
  self.stage:diverge(event, "the turn is not open")
end

local function turn_event(self, event)
  local unit = self.units[event.turn]
  if cut_off.is_given_up(event) then
    cut_off.give_up(self.stage, event)
    self.units[event.turn], self.run.live[event.card] = nil, nil
  elseif event.kind == "operation.answered" then
    self.units[event.turn] = cut_off.answer(self.stage, event, self.facade)
  elseif event.kind == "approval.answered" then
    self.units[event.turn] = cut_off.say(self.stage, event)
  elseif event.kind == "budget.lifted" then
    self.units[event.turn] = cut_off.lift(self.stage, event)
  elseif unit and unit.parked then
    self.stage:wake(unit)
  elseif unit and unit.taped then
    resume_turn(self, event)
  elseif event.n == 1 then
    begin_turn(self, event)
  end
end

local function take(self, event)
  if self.card and event.card ~= self.card and not BEGINS[event.kind] then
    event.derived = true -- nobody asked about it
    return
  elseif event.turn ~= 0 then
    return turn_event(self, event)
  end
  engine_event(self, event)
  event.derived = event.derived or not self.strict
end

-- Runs on what derives this event; a unit may sleep on its way to it.
local function derive(self, event)
  local stage, before = self.stage, {}
  stage.due = event
  local ok, err = stage:go_to(event.seq - 1)
  if not ok then
    return nil, err
  end
  repeat
    take(self, event)
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
    signed = proof.is_signed(self.store, self.record), changed = self.generations.changed, settings = self.configuration.changed,
  }
end

local function perform(self)
  local ok, err = walk(self)
  if ok then
    ok, err = is_derived(self.record)
  end
  if not ok then
    return nil, err
  end
  local result, head = summary(self), self.store:head(self.id)
  if result.hash ~= head then
    return nil, errors.new("ERR_REPLAY", string.format("the hash of %s is %s, recorded is %s", self.id, result.hash,
      tostring(head)), "events are missing at the end of a stream: orket check")
  end
  ok, err = proof.check(self.store, self.record)
  return ok and result, err
end

-- What the engine's code takes for the project: its configuration, a root of our own, the store of the moment.
local function facade_of(self, scratch)
  return {
    config = self.project.config, root = scratch.root, store = self.stage.facade,
    board = self.stage.facade:stream({ run = "board", turn = 0, actor = "system", role = "system" }),
    seeds = { holds = hold.new(), of = {}, labels = {} }, debugger = skipped.new(self.stage),
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

---Derives a recorded run again. Called in a task.
---@param project table opened for reading
---@param run string
---@param options {scripts: table<string, string>?, config: boolean?, strict: boolean?, card: string?}  scripts: texts by path that
---  take the place of recorded ones; config: so do the project's settings; strict: the engine's own events are derived too;
---  card: only what was done with this one
---@return {run: string, events: integer, turns: integer, hash: string, signed: boolean, changed: table<string, true>, settings: string[]}|nil
---@return Error|nil err  ERR_REPLAY with event and detail: the first one in which replay and record differ
function M.run(project, run, options)
  local record, err = records.read(project.store, run)
  if not record then
    return nil, err
  end
  if options.card and not has_card(record, options.card) then
    return nil, errors.new("ERR_NOT_FOUND", "the run " .. run .. " did nothing with a card '" .. options.card .. "'",
      "orket history " .. run .. " lists its turns")
  end
  local moment
  moment, err = errors.check(store.past(projects.database(project.dir), record.first - 1))
  if not moment then
    return nil, err
  end
  local scratch <close>, why = scratches.open()
  if not scratch then
    return nil, why
  end
  local self = setmetatable({
    project = project, store = project.store, id = run, record = record, card = options.card, strict = options.strict,
    units = {}, pending = {},
    stage = stages.new({ store = project.store, moment = moment, seq = record.first - 1, run = run, streams = record.streams }),
  }, Replay)
  self.facade = facade_of(self, scratch)
  self.generations = generations.new(project.store, options.scripts)
  self.configuration = configurations.new(project.config, options.config)
  local result
  result, err = perform(self)
  if err then
    self.configuration:blame(err)
  end
  moment:close()
  return result, err
end

return M
