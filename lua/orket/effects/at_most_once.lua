-- at_most_once.lua: operations that reach beyond the tree, of which no record shows whether they happened:
-- each at most once, whatever interrupts the turn.
--
-- The intent of every single one is on disk before it is performed, and what it came to right after. A turn
-- that runs again takes both from its tape. An intent without an outcome is uncertain: the card is parked, a
-- person says `happened`, `did-not` or `again`, and the turn goes on from its tape with that answer in it.
-- Intent and outcome are transactions of their own, so that what the same call did before is still committed
-- together with its result or not at all.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local moves = require("orket.effects.moves")

local M = {}

M.ANSWERS = { happened = true, ["did-not"] = true, again = true }

local UNKNOWN = { ERR_UNCERTAIN = true, ERR_CANCELED = true, ERR_TIMEOUT = true } -- nobody waited to the end

-- ---- what the tape knows ----

local function answered(turn, answer)
  if answer.answer == "happened" then
    return { result = { happened = true, text = answer.text } }
  elseif answer.answer == "did-not" then
    return { error = {
      code = "ERR_CANCELED", class = "tool",
      message = "it was interrupted, and a person found that it did not happen",
      fix = "ask for it again if it is still wanted",
    } }
  end
  return M.recall(turn)
end

---The outcome of the next operation as the tape has it; nil when it has none, or a person wants it again.
---@param turn Turn
---@return {result: any, error: Error?, told: table?, intent: table?}|nil
function M.recall(turn)
  local intent = turn.tape:take("operation.intended")
  if not intent then
    return nil
  end
  local done = turn.tape:take("operation.done")
  if done then
    done.intent = intent
    return done
  end
  repeat -- a fork asks about it once more
  until not turn.tape:take("operation.uncertain")
  local answer = turn.tape:take("operation.answered")
  local outcome = answered(turn, answer)
  if outcome then
    outcome.intent = intent
    outcome.told = outcome.told or { op = intent.operation.op, answer = answer.answer, text = answer.text }
  end
  return outcome
end

-- ---- performed ----

local function note(turn, kind, body, wait)
  local tx = turn.stream:begin()
  tx:event(kind, turn.card.id, body, { step = turn.step })
  if not wait then
    tx:commit(function(ok, message, code)
      if not ok then
        turn:breaks(errors.new(code, message))
      end
    end)
    return true
  end
  return errors.check(async.await(tx.commit, tx))
end

local function cut_off(intent)
  return errors.new("ERR_UNCERTAIN", "the turn was interrupted while it performed " .. intent.operation.op)
end

---A turn that was cut off in such an operation: nothing of it runs again, and its tree stays as it is, before
---a person has said what became of it.
---@param turn Turn
---@return true|nil ok
---@return Error|nil
function M.may_run_again(turn)
  local intent = M.lonely(turn.tape.answers)
  if intent then
    turn:come_to({ kind = "uncertain", intent = intent })
    return nil, cut_off(intent)
  end
  return true
end

local function open(err)
  return { kind = "open", err = err }
end

local function settled(result, err, told)
  return { kind = result ~= nil and "done" or "failed", result = result, err = err, told = told }
end

-- It comes to its end also when the run stops: cut off, only a person could say what became of it.
local function live(turn, intent, act)
  local ok, err = note(turn, "operation.intended", intent, true)
  if not ok then
    return open(err)
  end
  local result
  result, err = turn.engine:beyond(turn, intent.operation, act)
  if not result and UNKNOWN[err.code] then
    turn:come_to({ kind = "uncertain", intent = intent })
    return open(err)
  end
  note(turn, "operation.done", {
    call = intent.call, result = result,
    error = not result and { code = err.code, message = err.message, fix = err.fix } or nil,
  })
  return settled(result, err)
end

---Performs a permitted operation, or answers what it came to when it was performed before.
---@param turn Turn
---@param permit GatePermit
---@param kind string
---@param call string id of the call
---@param act fun(turn: Turn, operation: table): any?, Error?  ERR_UNCERTAIN: it may have happened
---@return Effect
function M.perform(turn, permit, kind, call, act)
  local hash = permit:hash()
  local operation, err = errors.check(permit:take())
  if not operation then
    return settled(nil, err)
  end
  operation.op = kind
  local known = M.recall(turn)
  -- the hash is over the card as well
  if known and cjson.encode(known.intent.operation) ~= cjson.encode(operation) then
    return open(errors.new("ERR_BUG", "the tool asked for " .. kind
      .. " in another way than before the interruption"))
  elseif known then
    return settled(known.result, known.error, known.told)
  end
  turn:made(kind .. cjson.encode(operation))
  local closing <close> = async.shield()
  return live(turn, { call = call, hash = hash, operation = operation }, act)
end

-- ---- parked ----

---The operation as a person reads it.
---@param operation table
---@return string
function M.describe(operation)
  local fields = {}
  for key, value in pairs(operation) do
    fields[key] = value
  end
  fields.op = nil
  return operation.op .. " " .. cjson.encode(fields)
end

---The events that park a card until a person has answered; the turn stays open.
---@param tx StoreTx of the turn's stream
---@param card table {id, type, status, revision}
---@param intent table body of operation.intended
---@param options {step: integer?}?
---@return boolean|nil ok
---@return Error|nil
function M.park(tx, card, intent, options)
  tx:event("operation.uncertain", card.id, {
    call = intent.call, operation = intent.operation, hash = intent.hash,
    why = "it was intended, and nothing says what became of it",
  }, options)
  return moves.add(tx, card, "blocked", {
    role = "system", reason = "system", why = "it may have happened or not: " .. M.describe(intent.operation),
  })
end

---The operation that an interrupted turn left without an outcome and without a person's answer, if there is
---one.
---@param events {kind: string, body: table}[] of the turn
---@return table|nil intent
---@return boolean asked  the person's question is in the journal
function M.lonely(events)
  local intent, asked = nil, false
  for _, event in ipairs(events) do
    if event.kind == "operation.intended" then
      intent, asked = event.body, false
    elseif event.kind == "operation.done" or event.kind == "operation.answered" then
      intent, asked = nil, false
    elseif event.kind == "operation.uncertain" then
      asked = true
    end
  end
  return intent, asked
end

return M
