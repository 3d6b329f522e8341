-- journal.lua: what a turn writes down: the other half of the class of turns (turn/state.lua). Everything
-- that a turn records goes through these methods, so that request, conversation and journal never differ by a
-- byte.

local async = require("orket.async")
local chain = require("orket.llm.chain")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local labels = require("orket.governance.labels")
local moves = require("orket.effects.moves")
local tools = require("orket.effects.tools")
local usage = require("orket.llm.usage")
local Turn = require("orket.turn.state")

---An event of this turn's card, part of the next save.
---@param kind string
---@param body table
function Turn:record(kind, body)
  self.tx:event(kind, self.card.id, body, { step = self.step })
end

local function submit(self, wait)
  local tx = self:next_tx()
  if wait then
    self:saved()
    local ok, err = errors.check(async.await(tx.commit, tx))
    return ok and not self.broken, self.broken or err
  end
  tx:commit(function(ok, message, code, fix)
    if not ok then
      self:breaks(errors.new(code, message, fix))
    end
  end)
  return true
end

---Submits what was recorded since the last save; waits for the disk when `wait`. A turn that is canceled
---submits nothing: what it recorded last may be about something that did not come.
---@param wait boolean
---@return boolean|nil ok
---@return Error|nil err  of this save, or of an earlier one that nobody waited for
function Turn:save(wait)
  local canceled = async.canceled()
  if canceled then
    return nil, canceled
  end
  return submit(self, wait)
end

---The turn has to leave off: of what it recorded, the reply that was paid for is submitted, up to which it
---can go on.
---@return boolean|nil ok
---@return Error|nil
function Turn:leave()
  if not self.paid_for or self.broken then
    return true
  end
  self.tx:rollback(self.paid_for)
  return submit(self, false)
end

---Forgets what was recorded and not yet committed: the card is again as the database has it.
function Turn:discard()
  self:next_tx():abandon()
  for key, value in pairs(self.engine.store:read("card_state", { id = self.card.id })[1]) do
    self.card[key] = value
  end
end

---A new message of the conversation. Raises an Error where it is one that the journal cannot keep: the turn
---ends with it.
---@param text string one message as JSON
---@return string convo the conversation up to here
function Turn:say(text)
  local convo, err = errors.check(self.tx:message(self.convo, text))
  if not convo then
    error(err, 0)
  end
  self:append(text, convo)
  return convo
end

---A message of the conversation that the journal already has.
---@param convo string
---@return string text
function Turn:resay(convo)
  local text = self.engine.store:message(convo)
  self:append(text, convo)
  return text
end

---What the model is asked next.
---@return {messages: string[], tools: string}
function Turn:request()
  return { messages = self.messages, tools = tools.offer(self.generation, self.role, self.card.type) }
end

---An attempt to reach the model failed, of which a trace stays whatever becomes of the turn.
---@param attempt table body of step.failed
---@param model table|nil  that was asked: the turn's own, or the summariser's
function Turn:attempted(attempt, model)
  local price = chain.of(model or self.model, attempt.model).price
  attempt.money = attempt.usage and usage.money(price, attempt.usage)
  attempt.price = attempt.money and price
  self:spend(attempt)
  self:record("step.failed", attempt)
  submit(self, false)
end

---How near what is remembered is to its card was told.
---@param body table of memory.ranked
function Turn:ranks(body)
  self:rank(body)
  self:spend(body)
  self:record("memory.ranked", body)
end

---The turn has read something that carries these labels; from here on it carries them itself.
---@param list string[]|nil
---@param from string where they came from: "prompt", or the id of a call
function Turn:label(list, from)
  if not list or not self.engine.follows_labels then
    return
  end
  self:meet(list)
  local marks = labels.union(self.marks, list)
  if marks == self.marks then
    return
  end
  self:bear(marks)
  self:record("turn.labelled", { labels = marks, from = from })
end

---A file of the card's tree changed.
---@param path string
---@param blob string|nil hex hash of the new content, nil = deleted
---@param bytes integer|nil of it
function Turn:changed(path, blob, bytes)
  self.tree:changed(self.tx, path, blob, self.marks,
    { step = self.step, size = self.counts_disk and bytes or nil })
  self:made(path .. ":" .. (blob or ""))
end

---Fields of the card get new values.
---@param set table
function Turn:change(set)
  self:record("card.changed", { rev = self.card.revision, set = set, labels = self.marks })
  self.card.revision = self.card.revision + 1
end

---An id for a card created by this turn: derived from the conversation so far, not from a counter alone,
---which an interrupted turn would begin anew; and from which of its card's turns it is, not of the run's:
---that depends on who was faster.
---@return string
function Turn:new_card_id()
  local created = self:count_card()
  local turn = #self.engine.store:read("card_turns", { card = self.card.id })
  local parts = { self.run, self.card.id, tostring(turn), self.convo, tostring(created) }
  return "ISSUE-" .. hash.parts(parts):sub(1, 8):upper()
end

---A cap is reached. The turn waits for room; one that used up what is its own ends.
---@param body table of budget.reached
function Turn:reached(body)
  if self:cap() then
    return
  end
  self:record("budget.reached", body)
  if body.ends then
    self:come_to({ kind = "parked", status = "blocked", reason = "resource", why = body.why })
  else
    self:come_to({ kind = "capped", cap = body })
  end
end

---The model is not to be asked for a while: the turn waits for that.
---@param body table of model.paused
function Turn:pause(body)
  self:record("model.paused", body)
  self:come_to({ kind = "capped", cap = body })
end

---Parks the card; the turn stays open and goes on when there is room, or the pause is over.
---@return boolean|nil ok
---@return Error|nil
function Turn:wait()
  local ok, err = moves.add(self.tx, self.card, "blocked",
    { role = "system", reason = "resource", why = self:cap().why })
  if not ok then
    return nil, err
  end
  return self:save(true)
end

---The last event of a turn.
---@param outcome "done"|"parked"|"failed"|"abandoned"
---@param why string|nil
function Turn:ended(outcome, why)
  local spent, paid = self.spent, self.paid
  local money, took = spent.money - paid.money, spent.took - paid.took
  self:record("turn.ended", {
    outcome = outcome, why = why, steps = self.step or 0, tokens_in = spent.tokens_in - paid.tokens_in,
    tokens_out = spent.tokens_out - paid.tokens_out, calls = spent.calls - paid.calls,
    money = money > 0 and money or nil, took = took > 0 and took or nil,
    refusals = self.refusals, convo = self.convo, status = self.card.status,
  })
end

---Ends a turn without an outcome of its own: the engine moves its card, in the same transaction.
---@param outcome "parked"|"failed"|"abandoned"
---@param to string status
---@param options {reason: string?, why: string, retry_count: integer?}
---@return boolean|nil ok
---@return Error|nil
function Turn:settle(outcome, to, options)
  self:ended(outcome, options.why)
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

return Turn
