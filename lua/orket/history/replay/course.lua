-- course.lua: the course of a recorded run: how it begins, goes on with what was open, acts on cards and
-- ends.

local errors = require("orket.errors")
local tree_files = require("orket.workspace.tree_files")
local gate_options = require("orket.governance.gate_options")
local scheduler = require("orket.scheduler.scheduler")
local prefix = require("orket.history.fork.prefix")
local record = require("orket.history.replay.record")
local taped_engine = require("orket.history.replay.taped_engine")
local work = require("orket.scheduler.work")

local M = {}

local FOREVER = 604800 -- seconds: no deadline of a turn passes

-- ---- what it follows from ----

---Serves what is asked from here on.
---@param replay table
---@param event Recorded
---@param id string of the generation
---@return boolean
function M.serve(replay, event, id)
  local generation, why = replay.generations:of(id)
  if not generation then
    replay.stage:diverge(event, why)
    return false
  end
  replay.facade.generation = generation
  return true
end

---From here on the run has this configuration.
---@param replay table
---@param event Recorded
---@return boolean
function M.configure(replay, event)
  local config, why = replay.configuration:at(replay.stage, event)
  if not config then
    replay.stage:diverge(event, why)
    return false
  end
  replay.facade.config = config
  replay.stage.user, replay.stage.beside = record.body(event).by, record.body(event).beside
  replay.generations:under(gate_options.of(config.organization.process_rules))
  return true
end

-- ---- units of work ----

---A unit of work on a card, which is busy meanwhile.
---@param replay table
---@param card table
---@param act function
---@return table unit
function M.play(replay, card, act, ...)
  replay.run.board:start(card)
  return replay.stage:play({ ended = function(ok, err)
    replay.run:card_ended(card, ok, err)
    local board = replay.run.board -- another one, when the run was resumed meanwhile
    board:stop(board.cards[card.id])
  end }, act, replay.run, card, ...)
end

---A turn whose events so far are its tape: a fork's, that begins with another run's, or one that waited for a
---person.
---@param replay table
---@param event Recorded
---@param turn table row of open_turns
function M.go_on_with(replay, event, turn)
  local line = replay.record.streams[turn.turn]
  local card = replay.run.board.cards[turn.card]
  local generation, why = replay.generations:of(turn.generation)
  if not generation or not card then
    replay.stage:diverge(event, why or "the run has no card " .. turn.card)
    return
  end
  local events, inherited = prefix.events(replay.stage.facade, replay.id, turn.turn)
  replay.run.open_turns[card.id] = {
    turn = turn.turn, events = events, generation = generation, paid = prefix.cost(events, inherited),
  }
  line.taped = true
  replay.units[turn.turn] = M.play(replay, card, work.go_on)
end

local function go_on_with_forked(replay, event)
  for _, turn in ipairs(replay.stage.facade:read("open_turns", { run = replay.id })) do
    local line = replay.record.streams[turn.turn]
    if line and not replay.units[turn.turn] and line[1].kind ~= "turn.started"
      and line[1].kind ~= "turn.abandoned" then
      M.go_on_with(replay, event, turn)
    end
  end
end

-- ---- its beginning and end ----

-- Nothing starts by itself here; what would start is kept for when its event is due.
local function tame(replay, run)
  run.pump = function() end
  local broke = run.broke
  run.broke = function(self, card, err)
    replay.broken = replay.broken or errors.is_environment(err) and err or nil
    broke(self, card, err)
  end
  run.start = function(_, card, act, ...)
    replay.pending[card.id] = table.pack(act, ...)
  end
  run.models.refuse = function() end -- what is not asked any more is not in the journal
  run.limits.seconds = FOREVER
  taped_engine.tape(run.engine, replay.stage, replay.generations)
end

-- Turns that were interrupted go on with the cards of the run as it was read anew.
local function take_over(run, live)
  for id, turn in pairs(live) do
    turn:move_to(run.engine, run.board.cards[id])
    run.live[id] = turn
    run.board:start(turn.card)
  end
end

-- Under another configuration they begin again with their tapes, as they did then: it judges what was under
-- way.
local function begin_again(replay, live, event)
  for _, turn in pairs(live) do
    replay.units[turn.number] = replay.stage:rewind(turn.number, event.seq) and { taped = true } or nil
  end
end

-- The seed as it was when the run began: a commit that was merged into the epic since was not there, what a
-- person has answered for since was labelled.
local function seed_of(board, epic, seq)
  local manifest, marks = tree_files.seed_of(board, epic)
  local sources = board:read("source", { tree = epic })
  for i = #sources, 2, -1 do
    if sources[i].seq > seq then
      manifest, marks = tree_files.seed_at(board, epic, sources[i].seq - 1)
    end
  end
  local in_use = #board:read("labels", { card = epic }) > 0
  local since = in_use and board:read("events", { card = epic, kind = "card.trusted", since = seq }) or {}
  for _, event in ipairs(since) do
    marks[event.body.path or ""] = event.body.seed
  end
  return manifest, marks
end

-- With the turns of the one before it.
local function put_in_place(replay, run, event)
  local live = replay.run and replay.run.live or {}
  if replay.configuration.is_another then
    begin_again(replay, live, event)
  else
    take_over(run, live)
  end
  replay.run = run
end

---The run begins, or goes on, with its cards as they were then.
---@param replay table
---@param event Recorded
function M.begin(replay, event)
  local card = replay.stage.facade:read("card", { id = event.card })[1]
  if not card then
    replay.stage:diverge(event, "there is no card " .. tostring(event.card))
    return
  end
  replay.configuration:note(card)
  replay.facade.heads, replay.pending = nil, {}
  replay.facade.seeds.of[card.id], replay.facade.seeds.labels[card.id] = seed_of(replay.store, card.id,
    event.seq)
  replay.facade.seeds.links[card.id] = tree_files.links(replay.store, card.id, event.seq)
  local body = record.body(event)
  local run, err = scheduler.new(replay.facade, card, { run = event.run, only = body.only,
    rock = body.rock, served = body.served })
  if not run then
    replay.stage:diverge(event, errors.line(err))
    return
  end
  tame(replay, run)
  put_in_place(replay, run, event)
  if replay.strict then
    replay.stage:play({}, run.announce, run)
  end
  go_on_with_forked(replay, event)
end

---It ends as it is said to have ended.
---@param replay table
---@param event Recorded
function M.conclude(replay, event)
  local body = record.body(event)
  replay.run.draining, replay.run.with_server = body.status == "drained", body.with_server
  if body.status == "failed" and body.why and not replay.run.broken then
    replay.run.broken = { code = "ERR_BUG", class = "bug", message = body.why }
  end
  replay.stage:play({}, replay.run.conclude, replay.run)
end

-- ---- cards ----

-- What a canceled card leaves behind it when the run begins.
local function orphaned_by(replay, card)
  for id, other in pairs(replay.run.board.cards) do
    for _, orphan in ipairs(other.status == "canceled" and replay.run.board:orphans(id) or {}) do
      if orphan.id == card then
        return id
      end
    end
  end
end

---What the engine did with a card by itself.
---@param replay table
---@param card table
function M.act_on(replay, card)
  local pending = replay.pending[card.id]
  if pending then
    replay.pending[card.id] = nil
    M.play(replay, card, pending[1], table.unpack(pending, 2, pending.n))
    return
  end
  local id = orphaned_by(replay, card.id)
  if id then
    M.play(replay, card, replay.run.move, "blocked", { reason = "dependency", why = id .. " was canceled" })
  else
    M.play(replay, card, work.go_on)
  end
end

return M
