-- turn.lua: one turn: a card is claimed, a model works on it through tools, the outcome is committed.
--
-- Read it from the bottom: M.run is the table "One turn" of docs/architecture.md. Everything that
-- cannot be derived (prompt, replies, decisions, results) is taken from the turn's tape first: a turn
-- that was interrupted runs again from its start with the answers of its journal, and the first
-- question without an answer goes live.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local llm = require("orket.llm")
local moves = require("orket.moves")
local sys = require("orket.core.sys")
local tape = require("orket.tape")
local tools = require("orket.tools")

local M = {}

local Turn = {}
Turn.__index = Turn

local STALLED_STEPS = 3 -- steps without progress that park the card
local NUDGE = "Your reply called no tool and changed nothing. Use the tools to do the work, then report "
  .. "the result with update_issue_status; if you cannot go on, say why with request_excuse."

-- ---- the journal of this turn ----

---Submits what was recorded since the last save; waits for the disk when `wait`.
function Turn:save(wait)
  local tx = self.tx
  self.tx = self.stream:begin()
  if wait then
    local ok, err = errors.check(async.await(tx.commit, tx))
    return ok and not self.broken, err or self.broken
  end
  async.start(tx.commit, tx, function(ok, message, code)
    self.broken = self.broken or not ok and errors.new(code, message)
  end)
  return true
end

function Turn:record(kind, body)
  self.tx:event(kind, self.card.id, body, { step = self.step })
end

---A message becomes part of the conversation: the same bytes are request, conversation and journal.
function Turn:say(text)
  self.messages[#self.messages + 1] = text
  self.convo = self.tx:message(self.convo, text)
  return self.convo
end

---A file of the card's tree changed (blob = hex hash of the new content, nil = deleted).
function Turn:changed(path, blob)
  self.tree:changed(self.tx, path, blob, { step = self.step })
  self:made(path .. ":" .. (blob or ""))
end

---Something a person has to allow: recorded, and the card is parked at the end of the call.
---@param refusal {rule: string, why: string}
---@param what {call: string, tool: string, arguments: any?, operation: table?}
function Turn:ask(refusal, what)
  what.operation = what.operation or { tool = what.tool, arguments = what.arguments }
  self:record("approval.asked", {
    call = what.call, tool = what.tool, operation = what.operation, rule = refusal.rule, why = refusal.why,
  })
  self.parked = { status = "blocked", reason = "review", why = refusal.why }
end

---Something came into being; the same once more is no progress.
---@param what string
function Turn:made(what)
  local key = hash.of(what)
  self.progress = self.progress or not self.seen[key]
  self.seen[key] = true
end

---Nothing goes on without a person: the engine parks the card when the turn ends.
function Turn:park(why)
  local status = self.card.status == "in_progress" and "waiting_for_developer" or "blocked"
  self.parked = { status = status, reason = "input", why = why }
end

---An id for a card created by this turn: derived from the conversation so far, not from a counter alone,
---which an interrupted turn would begin anew.
function Turn:new_card_id()
  self.created = (self.created or 0) + 1
  return "ISSUE-" .. hash.parts({ self.run, tostring(self.number), self.convo, tostring(self.created) }):sub(1, 8):upper()
end

-- ---- prompt ----

local function prompt_messages(self, view)
  local generation = self.generation
  local prompt, err = errors.check(generation.roles[self.role].script:call("prompt", { view }))
  if not prompt then
    return nil, err
  end
  return errors.check(self.engine:node("prompts", generation).script:call("build", { view, prompt }))
end

local function begin_conversation(self)
  local recorded = self.tape:take("turn.prompted")
  if recorded then
    self.convo = recorded.convo
    self.messages = self.engine.store:conversation(recorded.convo)
    return true
  end
  local view, err = self.engine:view(self)
  if not view then
    return nil, err
  end
  local messages
  messages, err = prompt_messages(self, view)
  if not messages then
    return nil, err
  end
  for _, message in ipairs(messages) do
    self:say(cjson.encode(message))
  end
  self:record("turn.prompted", { convo = self.convo })
  return true
end

-- ---- one step: a reply and its calls ----

local function ask_model(self)
  local request = {
    model = self.model, messages = self.messages, tools = tools.offer(self.generation, self.role),
    on_delta = self.engine:delta_listener(self), on_attempt = function(attempt)
      self:record("step.failed", attempt)
      self:save(false) -- whatever becomes of the turn
    end,
  }
  return llm.complete(request)
end

local function count_tokens(self, usage)
  self.tokens_in = self.tokens_in + (usage.prompt or 0)
  self.tokens_out = self.tokens_out + (usage.completion or 0)
end

local function next_reply(self)
  local recorded = self.tape:take("step.reply")
  if recorded then
    local text = self.engine.store:blob(recorded.message)
    count_tokens(self, recorded.usage)
    self.convo = recorded.convo
    self.messages[#self.messages + 1] = text
    return tape.reply(text, recorded)
  end
  local reply, err = ask_model(self)
  if not reply then
    return nil, err
  end
  count_tokens(self, reply.usage)
  local convo = self:say(reply.message)
  self:record("step.reply", {
    convo = convo, message = hash.of(reply.message), usage = reply.usage, finish = reply.finish,
    model = self.model.name,
  })
  return reply
end

local function tool_message(request, text)
  return cjson.encode({ role = "tool", tool_call_id = request.id, content = text })
end

local function note_result(self, request, result)
  if result.ok then
    self:made(result.text)
  end
  self.effects[#self.effects + 1] = { tool = request.name, ok = result.ok }
end

---Takes the answer of the journal when there is one: true, then the call is settled.
local function replay_call(self, request)
  local refused = self.tape:take("call.refused")
  while not refused and self.tape:take("call.allowed") do -- once more after each interruption
  end
  local result = refused or self.tape:take("call.result")
  if not result then
    return false -- allowed, but no effect is recorded: judged and performed again below
  end
  self.convo = result.convo
  self.messages[#self.messages + 1] = tool_message(request, result.text)
  self.proposal = result.proposal or self.proposal
  self.progress = self.progress or result.progress == true
  if not refused then
    note_result(self, request, result)
  end
  return true
end

local function refuse(self, request, refusal)
  local text = tools.failure_text(refusal)
  self:record("call.refused", {
    call = request.id, tool = request.name, decision = refusal.decision, rule = refusal.rule,
    why = refusal.why, fix = refusal.fix, text = text, convo = self:say(tool_message(request, text)),
  })
  self.refusals = self.refusals + 1
  if refusal.decision == "ask" then
    self:ask(refusal, { call = request.id, tool = request.name, arguments = request.arguments })
  end
end

local function perform(self, request, call)
  self:record("call.allowed", { call = request.id, tool = request.name, operation = call:hash() })
  local ok, err = self:save(true) -- the intent is on disk before anything happens
  if not ok then
    return nil, err
  end
  local before = self.proposal
  local result = tools.perform(self, call, request)
  note_result(self, request, result)
  self:record("call.result", {
    call = request.id, tool = request.name, ok = result.ok, operations = result.operations, text = result.text,
    proposal = self.proposal ~= before and self.proposal or nil, progress = self.progress,
    convo = self:say(tool_message(request, result.text)),
  })
  return true
end

local function settle_call(self, request)
  if replay_call(self, request) then
    return true
  end
  local call, refusal = tools.judge(self, request)
  if call then
    return perform(self, request, call)
  end
  refuse(self, request, refusal)
  return true
end

local function nudge(self)
  local recorded = self.tape:take("turn.nudged")
  self.nudges = self.nudges + 1
  if recorded then
    self.convo = recorded.convo
    self.messages[#self.messages + 1] = cjson.encode({ role = "user", content = NUDGE })
    return
  end
  self:record("turn.nudged", { convo = self:say(cjson.encode({ role = "user", content = NUDGE })) })
end

---One model request and everything it asked for. true = go on.
local function take_step(self)
  self.progress = false
  local reply, err = next_reply(self)
  if not reply then
    return nil, err
  end
  self.reply = reply
  for _, request in ipairs(reply.calls) do
    local ok
    ok, err = settle_call(self, request)
    if not ok then
      return nil, err
    elseif self.parked then
      return false
    end
  end
  if #reply.calls == 0 then
    nudge(self)
  end
  self.stalled = self.progress and 0 or self.stalled + 1
  return not self.proposal
end

local function out_of_budget(self)
  local used, cap = self.tokens_in + self.tokens_out, self.limits.tokens
  return cap and used > cap and ("the turn used " .. used .. " tokens, its budget is " .. cap)
end

local function converse(self)
  for step = 1, self.limits.steps do
    self.step = step
    local go_on, err = take_step(self)
    if err then
      return nil, err
    elseif not go_on then
      return true
    elseif self.stalled >= STALLED_STEPS or self.nudges > 1 then
      self:park("the last " .. self.stalled .. " replies changed nothing")
      return true
    end
    local over = out_of_budget(self)
    if over then
      self.parked = { status = "blocked", reason = "resource", why = over }
      return true
    end
    self:save(false)
  end
  self:park("the turn took " .. self.limits.steps .. " steps without an outcome")
  return true
end

-- ---- outcome ----

---role.route sees the proposal and may replace it.
local function route(self)
  if self.parked or not self.generation.roles[self.role].about.route then
    return self.proposal
  end
  local answer, err = errors.check(self.generation.roles[self.role].script:call("route", {
    self.card, { content = self.reply and self.reply.content, proposal = self.proposal }, self.effects,
  }))
  if err then
    return nil, err
  elseif answer == cjson.null then
    return self.proposal
  end
  return answer
end

local function ended(self, outcome, why)
  self:record("turn.ended", {
    outcome = outcome, why = why, steps = self.step or 0, tokens_in = self.tokens_in, tokens_out = self.tokens_out,
    refusals = self.refusals, convo = self.convo, status = self.card.status,
  })
end

function Turn:change(set)
  self:record("card.changed", { rev = self.card.revision, set = set })
  self.card.revision = self.card.revision + 1
end

local function hand_over(self, proposal)
  if proposal.note or proposal.memory then
    self:change({ note = proposal.note })
  end
  if proposal.memory then
    self:record("memory.noted", { text = proposal.memory })
  end
end

---The one transition of the turn, in one transaction with its end.
local function commit(self, proposal)
  hand_over(self, proposal)
  local ok, err = self.engine:transition(self, proposal)
  if not ok then
    return nil, err
  end
  ended(self, "done", proposal.why)
  ok, err = self:save(true)
  if not ok then
    self.tree:undo()
    return nil, err
  end
  return self.tree:publish()
end

---Forgets what was recorded and not yet committed: the card is again as the database has it.
function Turn:discard()
  self.tx:abandon()
  self.tx = self.stream:begin()
  for key, value in pairs(self.engine.store:read("card_state", { id = self.card.id })[1]) do
    self.card[key] = value
  end
end

---Ends a turn without an outcome of its own: the engine moves its card, in the same transaction.
---@param self table turn
---@param outcome "parked"|"failed"|"abandoned"
---@param to string status
---@param options {reason: string?, why: string, retry_count: integer?}
local function settle(self, outcome, to, options)
  ended(self, outcome, options.why)
  if to ~= self.card.status then
    local ok, err = moves.add(self.tx, self.card, to, {
      role = "system", reason = options.reason, why = options.why, retry_count = options.retry_count,
    })
    if not ok then
      return nil, err
    end
  elseif options.retry_count then -- a review is tried again where it is
    self:change({ retry_count = options.retry_count })
  end
  return self:save(true)
end

local function claim(self)
  local card = self.card
  self:record("turn.started", {
    seat = self.seat, role = self.role, generation = self.generation.id, engine = sys.version(),
    model = self.model.name, review = self.review, rev = card.revision,
  })
  if card.status == "ready" then
    local ok, err = moves.add(self.tx, card, "in_progress", { role = self.role, assignee = self.seat })
    if not ok then
      return nil, err
    end
  end
  return self:save(true)
end

local function work(self)
  local ok, err = begin_conversation(self)
  if not ok then
    return nil, err
  end
  ok, err = converse(self)
  if not ok then
    return nil, err
  end
  if self.parked then
    return settle(self, "parked", self.parked.status, self.parked)
  end
  local proposal
  proposal, err = route(self)
  if err then
    return nil, err
  elseif not proposal then
    self:park("the turn ended without an outcome")
    return settle(self, "parked", self.parked.status, self.parked)
  end
  return commit(self, proposal)
end

---A new turn of the engine's run, or an open one that is run again.
---@param engine table
---@param job {card: table, seat: string, role: string, review: boolean, number: integer, model: table, tape: table?}
---@return table turn
function M.new(engine, job)
  local self = setmetatable({
    engine = engine, run = engine.run, number = job.number, card = job.card, seat = job.seat, role = job.role,
    review = job.review, model = job.model, generation = job.generation, limits = engine.limits,
    tape = tape.new(job.tape), messages = {}, seen = {}, effects = {}, tokens_in = 0, tokens_out = 0,
    refusals = 0, nudges = 0, stalled = 0,
  }, Turn)
  self.stream = engine.store:stream({
    run = engine.run, turn = job.number, actor = "agent:" .. job.seat, role = job.role,
  })
  self.tx = self.stream:begin()
  self.policy = engine:policy(self)
  return self
end

---Runs a turn to its committed outcome.
---@return boolean|nil ok
---@return Error|nil err  the card is as it was claimed; the engine decides what becomes of it
function M.run(self)
  local ok, err
  if self.tape:is_empty() then
    ok, err = claim(self)
    if not ok then
      return nil, err
    end
  end
  local tree <close>, why = self.engine:tree(self.card)
  if not tree then
    return nil, why
  end
  self.tree = tree
  return work(self)
end

M.settle = settle

return M
