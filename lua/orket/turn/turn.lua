-- turn.lua: one turn: a card is claimed, a model works on it through tools, the outcome is committed.
--
-- Read it from the bottom: M.run is the table "One turn" of docs/architecture.md. Everything that
-- cannot be derived (prompt, replies, decisions, results) is taken from the turn's tape first: a turn
-- that was interrupted runs again from its start with the answers of its journal, and the first
-- question without an answer goes live. Its parts: turn/step.lua, one reply and its calls;
-- turn/journal.lua, what a turn writes down.

local answers = require("orket.turn.answers")
local turn_approval = require("orket.governance.approvals.turn_approval")
local autonomy = require("orket.governance.autonomy")
local cjson = require("cjson")
local errors = require("orket.errors")
local lazy = require("orket.lazy")
local loop = lazy("orket.turn.loop")
local moves = require("orket.effects.moves")
local at_most_once = require("orket.effects.at_most_once")
local outcome = require("orket.turn.outcome")
local pause = require("orket.llm.pause")
local step = require("orket.turn.step")
local debug_hooks = require("orket.turn.debug_hooks")
local sys = require("orket.core.sys")
local tape = require("orket.turn.tape")
local journal = require("orket.turn.journal")
local usage = require("orket.llm.usage")
local notes = lazy("orket.memory.note")
local rules = lazy("orket.memory.rules")

local M = {}

-- ---- claim ----

local function claim(self)
  local card = self.card
  self:record("turn.started", {
    seat = self.seat, role = self.role, generation = self.generation.id, engine = sys.version(), nudges = self.nudges_most,
    model = self.model.name, review = self.review, rev = card.revision, past = self.past,
    arm = self.arm and self.arm.name, arm_prompts = self.arm and self.arm.prompts, arm_speaks = self.arm and self.arm.speaks,
  })
  if card.status == "ready" then
    local ok, err = moves.add(self.tx, card, "in_progress", { role = self.role, assignee = self.seat })
    if not ok then
      return nil, err
    end
  end
  return self:save(true)
end

-- ---- conversation ----

local function begin_conversation(self)
  self.ranked = self.tape:take("memory.ranked")
  if self.ranked then
    usage.add(self, self.ranked)
  end
  local recorded = self.tape:take("turn.prompted")
  if recorded then
    self.convo, self.ranked = recorded.convo, nil
    self.messages = self.engine.store:conversation(recorded.convo)
    self.head, self.pins = #self.messages, recorded.convo
    return true
  end
  local messages, err, marks = self.engine:prompt(self)
  self.ranked = nil -- some hundred pairs, which nobody needs while a model is waited for
  if not messages then
    return nil, err
  end
  for _, message in ipairs(messages) do
    self:say(message)
  end
  self.head, self.pins, self.pinned = #messages, self.convo, self.card.revision
  self:record("turn.prompted", { convo = self.convo })
  self:label(marks, "prompt")
  return debug_hooks.pass(self, "role", { name = self.role })
end

-- Nothing new came of its last steps, and nothing will: what they kept doing is told with it.
local function give_up(self)
  local told = loop.of(self)
  self:record("turn.looped", told)
  self:park(told.why)
end

-- COMPAT: a turn that began without the limit had one nudge.
local function is_silent(self)
  return self.silent > (self.nudges_most or 1)
end

---Steps until there is a proposal, or a reason to park the card.
local function converse(self)
  for number = 1, self.limits.steps do
    self.step = number
    local go_on, err = step.take(self)
    if err then
      return nil, err
    elseif not go_on then
      return true
    elseif self.stalled >= self.limits.repeats or self.waited >= self.limits.waits or is_silent(self) then
      give_up(self)
      return true
    end
    local ok
    ok, err = self:save(self.unsaved)
    if not ok then
      return nil, err
    end
  end
  self:park("the turn took " .. self.limits.steps .. " steps without an outcome")
  return true
end

-- ---- outcome ----

---role.route sees the proposal and may replace it.
local function route(self)
  local role = self.generation.roles[self.role]
  if not role.about.route then
    return self.proposal
  end
  local reply = self.reply or {}
  local answer, err = errors.check(role.script:call("route", {
    self.card, { content = reply.content, output = reply.output and cjson.decode(reply.output), proposal = self.proposal }, self.effects,
  }))
  if err then
    return nil, err
  elseif answer == cjson.null then
    return self.proposal
  end
  return answers.proposal(answer, self.role)
end

---What the proposal leaves for whoever works on the card next.
local function hand_over(self, proposal)
  if proposal.note then
    self:change({ note = proposal.note })
  end
  if proposal.memory then
    notes.add(function(kind, body)
      self:record(kind, body)
    end, notes.proposed(self, proposal.memory))
  end
  if self.review and self.engine:rules().memory then
    rules.review(self, proposal)
  end
end

---The one transition of the turn, in one transaction with its end.
local function commit(self, proposal)
  local ok, err = debug_hooks.pass(self, "transition", { name = proposal.status, proposal = proposal })
  if not ok then
    return nil, err
  end
  hand_over(self, proposal)
  ok, err = outcome.commit(self, proposal)
  if ok then
    self:ended("done", proposal.why)
    ok, err = self:save(true)
  end
  if not ok then
    self.tree:undo()
    return nil, err
  end
  return self.tree:publish()
end

-- What the turn proposes. One that fails by its proposal has come to its last step all the same: a reply that was paid
-- for, files that were written; a replay comes to the failure by them.
local function decided(self)
  local proposal, err = route(self)
  if proposal and not autonomy.is_evaded(self, proposal) then
    err = select(2, outcome.judge(self, proposal))
  end
  if err then
    local ok, cause = self:save(true)
    return nil, ok and err or cause
  end
  return proposal
end

---The proposal is committed, or the card is parked.
local function conclude(self)
  if self.waiting then
    return turn_approval.park(self)
  elseif self.capped then
    return self:wait()
  elseif not self.parked then
    local proposal, err = decided(self)
    if err then
      return nil, err
    elseif proposal and not autonomy.is_evaded(self, proposal) then
      return commit(self, proposal)
    end
    self:park(proposal and "route of the role " .. self.role .. " ends the card as " .. proposal.status .. ", and no person was asked"
      or "the turn ended without an outcome")
  end
  return self:settle("parked", self.parked.status, self.parked)
end

-- ---- the turn ----

---@class TurnJob
---@field card table
---@field seat string
---@field role string
---@field review boolean
---@field number integer of the turn, in its run
---@field model table
---@field models Models|nil who chooses others for it
---@field generation table the scripts that serve it
---@field arm Arm|nil where prompts are compared
---@field past Past|nil that the models node was told
---@field tape table[]|nil the events of an interrupted turn
---@field paid {tokens_in: integer, tokens_out: integer, calls: integer, money: integer, took: integer}|nil by the run
---  that it was forked from

-- How often its model may be nudged: as the turn began. One from before there was a limit has none.
local function nudges_of(engine, job)
  if job.tape then
    return job.tape[1].body.nudges
  end
  return engine:nudges(job.number)
end

---A new turn of the engine's run, or an open one that is run again.
---@param engine table
---@param job TurnJob
---@return Turn
function M.new(engine, job)
  local self = setmetatable({
    engine = engine, run = engine.run, number = job.number, card = job.card, seat = job.seat, role = job.role,
    review = job.review, model = job.model, models = job.models, generation = job.generation, arm = job.arm, past = job.past, limits = engine.limits,
    tape = tape.new(job.tape), paid = job.paid or usage.nothing(), messages = {}, seen = {}, effects = {},
    tokens_in = 0, tokens_out = 0, calls = 0, money = 0, took = 0, refusals = 0, tool_calls = 0,
    nudges_most = nudges_of(engine, job), silent = 0, stalled = 0, waited = 0, looked = 0, unsaved = false, labels = {}, pauses = 0, outages = 0,
  }, journal)
  for _, event in ipairs(job.tape or {}) do
    if event.kind == "turn.labelled" then
      self:bear(event.body.labels)
    elseif event.kind == "model.paused" then
      pause.count(self, event.body)
    elseif event.kind == "step.reply" then
      pause.reset(self)
    end
  end
  self.stream = engine.store:stream({
    run = engine.run, turn = job.number, actor = "agent:" .. job.seat, role = job.role,
  })
  self.tx = self.stream:begin()
  self.policy = engine:policy(self)
  self.counts_disk = engine:counts_disk(job.card)
  for _, event in ipairs(job.tape or {}) do
    if event.kind == "step.failed" then -- paid for, and no answer of the tape
      usage.add(self, event.body)
    end
  end
  self.autonomy = autonomy.of(engine:rules(), self.role)
  return self
end

local function begin(self)
  if self.tape:is_empty() then
    return claim(self)
  end
  return at_most_once.may_run_again(self)
end

---Runs a turn to its committed outcome.
---@param self Turn
---@return boolean|nil ok
---@return Error|nil err  the card is as it was claimed; the engine decides what becomes of it
function M.run(self)
  local ok, err = begin(self)
  if not ok then
    return nil, err
  end
  local tree <close>, why = self.engine:tree(self.card, self.tape:is_cut(), self.tape:leftover(self.engine.store))
  if not tree then
    return nil, why
  end
  self.tree = tree
  ok, err = begin_conversation(self)
  if not ok then
    return nil, err
  end
  ok, err = converse(self)
  if not ok then
    return nil, err
  end
  return conclude(self)
end

return M
