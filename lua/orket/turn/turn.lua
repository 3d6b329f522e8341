-- turn.lua: one turn: a card is claimed, a model works on it through tools, the outcome is committed.
--
-- Read it from the bottom: M.run is the table "One turn" of docs/architecture.md. Everything that
-- cannot be derived (prompt, replies, decisions, results) is taken from the turn's tape first: a turn
-- that was interrupted runs again from its start with the answers of its journal, and the first
-- question without an answer goes live. Its parts: turn/state.lua, what is known of it; turn/step.lua, one
-- reply and its calls; turn/journal.lua, what it writes down.

local async = require("orket.async")
local answers = require("orket.turn.answers")
local turn_approval = require("orket.governance.approvals.turn_approval")
local autonomy = require("orket.governance.autonomy")
local cjson = require("cjson")
local errors = require("orket.errors")
local loop = require("orket.turn.loop")
local moves = require("orket.effects.moves")
local at_most_once = require("orket.effects.at_most_once")
local outcome = require("orket.turn.outcome")
local step = require("orket.turn.step")
local debug_hooks = require("orket.turn.debug_hooks")
local sys = require("orket.core.sys")
local Turn = require("orket.turn.journal")
local notes = require("orket.memory.note")
local rules = require("orket.memory.rules")

local M = {}

-- ---- claim ----

local function claim(self)
  local card = self.card
  self:record("turn.started", {
    seat = self.seat, role = self.role, generation = self.generation.id, engine = sys.version(),
    nudges = self.nudges_most, conventions = self.conventions, skills = self.skills,
    model = self.model.name, review = self.review, rev = card.revision, past = self.past,
    arm = self.arm and self.arm.name, arm_prompts = self.arm and self.arm.prompts,
    arm_speaks = self.arm and self.arm.speaks,
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
  local ranked = self.tape:take("memory.ranked")
  if ranked then
    self:spend(ranked)
  end
  local recorded = self.tape:take("turn.prompted")
  if recorded then
    self:take_up(recorded.convo, recorded.convo)
    return true
  end
  self:rank(ranked)
  local prompt, err = self.engine:prompt(self)
  self:rank(nil) -- some hundred pairs, which nobody needs while a model is waited for
  if not prompt then
    return nil, err
  end
  self:limit_scope(prompt.scope)
  for _, message in ipairs(prompt.messages) do
    self:say(message)
  end
  self:prompted(self.convo, #prompt.messages)
  self:pin(self.card.revision)
  self:record("turn.prompted", { convo = self.convo })
  self:label(prompt.marks, "prompt")
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
    self:begin_step(number)
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
  local output = reply.output and cjson.decode(reply.output)
  local said = { content = reply.content, output = output, proposal = self.proposal }
  local answer, err = errors.check(role.script:call("route", { self.card, said, self.effects }))
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

-- What the turn proposes. One that fails by its proposal has come to its last step all the same: a reply that
-- was paid for, files that were written; a replay comes to the failure by them.
local function decided(self)
  local proposal, err = route(self)
  if proposal and not autonomy.is_evaded(self, proposal) then
    err = outcome.objection(self, proposal)
  end
  if err then
    local ok, cause = self:save(true)
    return nil, ok and err or cause
  end
  return proposal
end

-- How a turn ends, or is left open, that has no proposal.
local CONCLUDE = {
  asked = turn_approval.park,
  capped = Turn.wait,
  parked = function(self)
    return self:settle("parked", self.outcome.status, self.outcome)
  end,
}

---The proposal is committed, or the card is parked.
local function conclude(self)
  if not self.outcome then
    local proposal, err = decided(self)
    if err then
      return nil, err
    elseif proposal and not autonomy.is_evaded(self, proposal) then
      return commit(self, proposal)
    end
    local as = proposal and "route of the role " .. self.role .. " ends the card as " .. proposal.status
    self:park(as and as .. ", and no person was asked" or "the turn ended without an outcome")
  end
  return CONCLUDE[self.outcome.kind](self)
end

-- ---- the turn ----

-- What holds from its beginning on. A turn from before there was a limit of nudges has none.
local function began_of(engine, job)
  if job.tape then
    return job.tape[1].body
  end
  return { nudges = engine:nudges(job.number), conventions = engine:conventions(job.number),
    skills = engine:skills(job.number) }
end

---A new turn of the engine's run, or an open one that is run again.
---@param engine table
---@param job TurnJob
---@return Turn
function M.new(engine, job)
  local self = Turn.new(engine, job, began_of(engine, job))
  for _, event in ipairs(job.tape or {}) do
    if event.kind == "turn.labelled" then
      self:bear(event.body.labels)
    elseif event.kind == "model.paused" then
      self:count_pause(event.body)
    elseif event.kind == "step.reply" then
      self:reset_pauses()
    elseif event.kind == "step.failed" then -- paid for, and no answer of the tape
      self:spend(event.body)
    end
  end
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
  async.label({ cause = "turn", run = self.run, turn = self.number, card = self.card.id })
  local ok, err = begin(self)
  if not ok then
    return nil, err
  end
  local tree <close>, why = self.engine:tree(self.card, self.tape:is_cut(),
    self.tape:leftover(self.engine.store))
  if not tree then
    return nil, why
  end
  self:work_in(tree)
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
