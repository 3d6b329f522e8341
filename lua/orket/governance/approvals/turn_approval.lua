-- turn_approval.lua: where the gate, a policy or a role's autonomy asks, a person has to say yes to exactly
-- this.
--
-- The question is an event of the turn, its card is parked, and the turn stays open: the answer comes into
-- the turn's stream, and the turn runs again from its tape. Then everything is judged once more, and the
-- answer stands in for the ask alone, once: for this operation over these files as they were (hash), until it
-- expires, and only where nothing denies, neither by the scripts of the turn nor by those that serve now.
-- What the world said when it was decided (the time, the scripts, the files) is in `approval.settled`, which
-- is on disk before the operation.

local async = require("orket.async")
local content = require("orket.governance.approvals.content")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local moves = require("orket.effects.moves")
local autonomy = require("orket.governance.autonomy")
local sys = require("orket.core.sys")

local M = {}

---@class Ask
---@field refusal GateVerdict|nil  who asks; nil when nobody does any more
---@field judged string  hash of the judged call or operation
---@field paths string[] canonical
---@field call string  id of the call
---@field tool string
---@field operation table  {tool, arguments} of a call, {op, …} of an operation
---@field deny fun(turn: Turn): GateVerdict?  what denies it by other scripts

-- ---- the question ----

-- The files as they are before it: their hashes, "" where there is none.
local function pre_images(turn, paths)
  local before = {}
  for _, path in ipairs(paths) do
    before[path] = turn.tree.files[path] or ""
  end
  return before
end

local function hash_of(turn, ask, before)
  local parts = { turn.role, turn.card.id, ask.judged }
  parts[#parts + 1] = ask.operation.grant -- where a command reaches is no part of what it is
  for _, path in ipairs(ask.paths) do
    parts[#parts + 1] = path
    parts[#parts + 1] = before[path]
  end
  return hash.parts(parts)
end

local function question_of(turn, ask)
  local before, refusal = pre_images(turn, ask.paths), ask.refusal or {}
  return {
    call = ask.call, tool = ask.tool, role = turn.role, operation = ask.operation, paths = ask.paths,
    judged = ask.judged, before = next(before) and before or nil, hash = hash_of(turn, ask, before),
    rule = refusal.rule, why = refusal.why, fix = refusal.fix ~= "" and refusal.fix or nil,
    where = refusal.where,
  }
end

---Parks the card of a turn that waits for an answer; the turn stays open.
---@param turn Turn
---@return boolean|nil ok
---@return Error|nil
function M.park(turn)
  local question = turn.outcome.question
  question.operation = content.stored(turn.tx, question.operation)
  question.expires_at = turn.engine:expiry(turn)
  turn:record("approval.asked", question)
  local ok, err = moves.add(turn.tx, turn.card, "blocked",
    { role = "system", reason = "review", why = question.why })
  if not ok then
    return nil, err
  end
  return turn:save(true)
end

---When an answer to a question that is put now comes too late.
---@param rules table process_rules
---@return string UTC, RFC 3339
function M.expiry(rules)
  local seconds, fraction = os.time() + autonomy.expires(rules), sys.now():sub(20)
  return os.date("!%Y-%m-%dT%H:%M:%S", seconds) .. fraction
end

-- ---- what the tape knows ----

-- The next question of this card, when it was answered. One that a fork's card inherited was about another
-- card.
local function recall(turn)
  while true do
    local asked, event = turn.tape:take("approval.asked")
    if not asked then
      return nil
    end
    local answer, by = turn.tape:take("approval.answered")
    local settled = turn.tape:take("approval.settled")
    if answer and event.card == turn.card.id then
      return {
        id = turn.run .. "/" .. turn.number .. "/" .. math.tointeger(event.n), asked = asked, answer = answer,
        who = by.actor:match("^human:(.*)$") or by.actor, settled = settled,
      }
    end
  end
end

---True when the tape goes on with a question about this very call or operation.
---@param turn Turn
---@param judged GateCall|GatePermit
---@return boolean
function M.is_about(turn, judged)
  local event = turn.tape:peek()
  return event ~= nil and event.kind == "approval.asked" and event.body.judged == judged:hash()
end

-- ---- the answer ----

local function note(turn, body)
  local tx = turn.stream:begin()
  tx:event("approval.settled", turn.card.id, body, { step = turn.step })
  return errors.check(async.await(tx.commit, tx))
end

local function refusal_of(rule, why, fix)
  return { decision = "deny", rule = rule, why = why, fix = fix }
end

local WHY = {}

function WHY.denied(known)
  return refusal_of("approval.denied",
    known.who .. " said no" .. (known.answer.why and ": " .. known.answer.why or ""),
    "go on without it, or say with request_excuse why the card cannot be done so")
end

function WHY.expired(known)
  return refusal_of("approval.expired", "no person said yes before " .. known.asked.expires_at,
    "ask for it again if it is still wanted")
end

function WHY.void()
  return refusal_of("approval.void", "it is not what was approved: a file that it touches has changed since",
    "look at the file, then ask for it again")
end

-- Somebody put other bytes where the journal's were: the person did not see those.
local function is_changed(found, asked)
  for path, was in pairs(found or {}) do
    if was ~= (asked.before or {})[path] then
      return true
    end
  end
  return false
end

local function outcome_of(known, question, witness)
  if known.answer.answer == "denied" then
    return "denied"
  elseif known.answer.answer ~= "approved" or witness.now > known.asked.expires_at then
    return "expired"
  elseif known.asked.hash ~= question.hash or is_changed(witness.found, known.asked) then
    return "void"
  end
end

-- Decided once, on disk before anything happens; then it is in the tape.
local function decide(turn, known, question, ask)
  local witness = turn.engine:witness(turn, ask.paths)
  local outcome, refusal = outcome_of(known, question, witness), nil
  if not outcome and witness.generation then
    refusal = ask.deny(turn:under(witness.generation))
  end
  known.settled = {
    ask = known.id, outcome = outcome or refusal and "refused" or "used", now = witness.now,
    generation = witness.generation and witness.generation.id,
    found = next(witness.found) and witness.found or nil,
    rule = refusal and refusal.rule, why = refusal and refusal.why, fix = refusal and refusal.fix,
    where = refusal and refusal.where,
  }
  turn:is_fresh_call()
  turn.tape:add("approval.settled", known.settled)
  return note(turn, known.settled)
end

---A person's answer to an ask.
---@param turn Turn
---@param ask Ask
---@return {kind: "allow"|"deny"|"ask"|"error", refusal: GateVerdict?, err: Error?} answer  deny: with the
---  refusal; ask: the question is put and the turn waits; error: the answer could not be recorded
function M.settle(turn, ask)
  local question, known = question_of(turn, ask), recall(turn)
  if not known then
    turn:ask(question)
    return { kind = "ask" }
  end
  if not known.settled then
    local ok, err = decide(turn, known, question, ask)
    if not ok then
      return { kind = "error", err = err }
    end
  end
  local settled = known.settled
  if settled.outcome == "used" then
    return { kind = "allow" }
  elseif settled.outcome == "refused" then
    return { kind = "deny", refusal = {
      decision = "deny", rule = settled.rule, why = settled.why, fix = settled.fix or "",
      where = settled.where,
    } }
  end
  return { kind = "deny", refusal = WHY[settled.outcome](known) }
end

---A deny stands, whatever a person said: what was said is taken from the tape and noted as overruled.
---@param turn Turn
---@param refusal GateVerdict
---@param is_it fun(asked: table): boolean  whether a question of the tape is about it
function M.overrule(turn, refusal, is_it)
  local event = turn.tape:peek()
  if not event or event.kind ~= "approval.asked" or not is_it(event.body) then
    return
  end
  local known = recall(turn)
  if known and not known.settled then
    local settled = { ask = known.id, outcome = "refused", rule = refusal.rule }
    turn.tape:add("approval.settled", settled)
    turn:record("approval.settled", settled)
  end
end

-- ---- one yes, and what belongs to it ----

---What a yes to a call covers of its operations: what asks for the same reason, on the files that the call
---names, each once.
---@param refusal GateVerdict|nil  that the yes answered
---@param paths string[]
---@return {rule: string?, paths: table<string, true>, used: table<string, true>} yes
function M.covering(refusal, paths)
  local yes = { rule = refusal and refusal.rule, paths = {}, used = {} }
  for _, path in ipairs(paths) do
    yes.paths[path] = true
  end
  return yes
end

---@param yes table|nil see covering
---@param refusal GateVerdict
---@param kind string of the operation
---@param path string|nil
---@return boolean
function M.covers(yes, refusal, kind, path)
  local key = kind .. " " .. (path or "")
  if not yes or yes.used[key] or path and not yes.paths[path] or refusal.rule ~= yes.rule then
    return false
  end
  yes.used[key] = true
  return true
end

return M
