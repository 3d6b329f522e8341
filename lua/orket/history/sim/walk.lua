-- walk.lua: a journal gone through once, in the order of its commits: which call, in which turn, of whom, on
-- which card, and what had been decided. The judge (history/sim/sim_turns.lua) is asked at each of them.

local sim_cards = require("orket.history.sim.sim_cards")
local replies = require("orket.history.sim.replies")

local M = {}

local Walk = {}
Walk.__index = Walk

local GUARD = "integrity_guard"
local PAGE = 200 -- events read at once

---@class SimTurn one turn of a run, as far as the walk has come
---@field run table
---@field number integer
---@field card table as the run's board knows it
---@field seat string
---@field role string
---@field review boolean
---@field pair SimPair
---@field convo string|nil the last reply
---@field proposal table|nil the last one
---@field calls table[] of the last reply
---@field at integer the next one of them
---@field made integer calls of the replies before
---@field sides table<string, table> as either side judges it (history/sim/sim_turns.lua)
---@field labels table<string, true>
---@field scope string[]|nil

-- ---- runs ----

local function begin(self, event)
  local body = event.body
  local run = self.runs[event.run] or { id = event.run, epic = event.card, turns = {}, forked = {} }
  run.config, run.began, run.board = body.config, event.seq, self.cards:board(event.card)
  for _, turn in pairs(run.turns) do -- they go on with the cards as they were read anew
    turn.card = run.board[turn.card.id] or turn.card
  end
  self.runs[event.run] = run
end

-- ---- turns ----

local function open(self, run, event, number, body)
  local pair, err = self.sides:of(body.generation, run.config)
  if not pair then
    self.judge:unjudged(event, err)
    return nil
  end
  local turn = {
    run = run, number = number, card = run.board[event.card] or self.cards:of(event.card), seat = body.seat,
    role = body.role,
    review = body.role == GUARD, pair = pair, calls = {}, at = 1, made = 0, sides = {}, labels = {},
    scope = self.cards:scope(event.card),
  }
  run.turns[number] = turn
  return turn
end

local on, opens = {}, {}

opens["turn.started"] = function(self, run, event)
  self.judge:routed(run, event)
  local turn = open(self, run, event, event.turn, event.body)
  if turn then
    self.prompts:expect(turn, event)
  end
end

opens["turn.forked"] = function(_, run, event)
  run.forked[event.body.turn] = { event = event, body = event.body }
end

on["turn.prompted"] = function(self, _, event, turn)
  self.judge:prompted(turn, event)
end

on["step.reply"] = function(self, _, event, turn)
  turn.was = nil
  replies.read(self, turn, event)
end

local function verdict(self, _, event, turn)
  turn.proposal = event.body.proposal or turn.proposal
  local request = replies.request(turn, event)
  if request then
    self.judge:called(turn, event, request)
  end
end

on["call.allowed"], on["call.refused"] = verdict, verdict

on["call.result"] = function(_, _, event, turn)
  turn.proposal = event.body.proposal or turn.proposal
end

-- A person is asked about the call itself; one about an operation of it comes after it was allowed.
on["approval.asked"] = function(self, run, event, turn)
  if not event.body.operation.op then
    verdict(self, run, event, turn)
  end
end

on["turn.labelled"] = function(_, _, event, turn)
  replies.label(turn, event)
end

on["turn.failed"] = function(self, _, event, turn)
  self.judge:failed(turn, event)
end

on["turn.ended"] = function(self, run, event, turn)
  self.judge:ended(turn, event)
  run.turns[turn.number] = nil
end

-- The turn of a fork comes up with its first own event.
local function come_up(self, run, event)
  local forked, turn = run.forked[event.turn], nil
  if forked then
    run.forked[event.turn] = nil
    turn = open(self, run, forked.event, event.turn, forked.body)
    if turn then
      replies.inherit(self, turn)
    end
  end
  return turn
end

-- ---- events ----

-- What an event is taken as, by its kind: of others only the moment counts.
local takes = {}

for _, kind in ipairs({ "run.started", "run.resumed", "run.forked" }) do
  takes[kind] = function(self, _, event)
    if self.wanted[event.run] then
      begin(self, event)
    end
  end
end

for kind, act in pairs(on) do
  takes[kind] = function(self, run, event)
    local turn = run and (run.turns[event.turn] or come_up(self, run, event))
    if turn then
      act(self, run, event, turn)
    end
  end
end

for kind, act in pairs(opens) do
  takes[kind] = function(self, run, event)
    if run then
      act(self, run, event)
    end
    self.cards:act(event)
  end
end

-- A turn writes to its card, or the engine parked it.
local function before_card(self, run, event)
  local turn = run.turns[event.turn]
  if turn and (event.kind == "card.moved" or event.kind == "card.changed") then
    self.judge:moving(turn, event)
  elseif event.kind == "card.moved" and event.turn == 0 then
    self.judge:parked(run, event)
  end
end

for kind in pairs(sim_cards.KINDS) do
  takes[kind] = function(self, run, event)
    if run then
      before_card(self, run, event)
    end
    self.cards:hear(event)
    for _, other in pairs(self.runs) do
      self.cards:tell(other.board, event, other.epic)
    end
  end
end

local function take(self, event)
  local act = takes[event.kind]
  if self.prompts.open[1] then
    self.prompts:before(event)
  end
  if act then
    act(self, self.wanted[event.run] and self.runs[event.run], event)
  end
end

-- The next events; false after the last ones.
local function page(self)
  local events = self.store:read("simulated", { since = self.since, limit = PAGE })
  for _, event in ipairs(events) do
    take(self, event)
    self.since = event.seq
  end
  return #events == PAGE
end

---Goes through the journal.
function Walk:go()
  while page(self) do
  end
end

---@param options {store: Store, cards: table, sides: table, wanted: table<string, true>, judge: table}
---@return table walk
function M.new(options)
  return setmetatable({
    store = options.store, sides = options.sides, wanted = options.wanted, judge = options.judge,
    cards = options.cards, prompts = options.judge.prompts,
    runs = {}, since = 0,
  }, Walk)
end

return M
