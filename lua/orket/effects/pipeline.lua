-- pipeline.lua: from what a model asks for to an effect: judge, approve, perform, record. A call of a reply
-- goes through it, and so does each operation that the call's tool asks for.
--
--   effects/judge.lua        gate, policies, iDesign and autonomy say allow, deny or ask
--   effects/approve.lua      where one asks, a person's answer decides
--   effects/perform.lua      the tool's box runs; effects/operations.lua does what a permit is for
--   effects/call_record.lua  what came of it, for the journal and the model
--
-- Each step answers one tagged table. What is not allowed is not performed; what is performed was judged just
-- before.

local approve = require("orket.effects.approve")
local call_record = require("orket.effects.call_record")
local debug_hooks = require("orket.turn.debug_hooks")
local judge = require("orket.effects.judge")
local labels = require("orket.governance.labels")
local operations = require("orket.effects.operations")
local perform = require("orket.effects.perform")

local M = {}

---@class Verdict
---@field kind "allow"|"deny"|"ask"|"error"  ask: of judge, somebody asks; of approve, the turn waits for a
---  person
---@field subject GateCall|GatePermit|nil that was judged: of "allow", and of judge's "ask"
---@field refusal GateVerdict|nil of "deny", and of judge's "ask"
---@field yes table|nil of "allow": what a person's yes covers
---@field warnings table[]|nil of iDesign
---@field err Error|nil of "error": the answer could not be recorded, or the turn is over

-- ---- an operation ----

local function perform_operation(turn, run, operation, verdict)
  turn:label(labels.of_operation(turn.tree, operation.op), run.id)
  local effect = operations.perform(turn, verdict.subject, run, operation)
  local err = effect.kind == "open" and effect.err or perform.stopped(effect.err)
  if err then
    return { kind = "error", err = err }
  end
  return call_record.operation(turn, run, operation, verdict, effect)
end

local function settle_operation(turn, run, operation)
  local verdict = approve.operation(turn, run, operation, judge.operation(turn, run.call, operation))
  if verdict.kind == "allow" then
    return perform_operation(turn, run, operation, verdict)
  elseif verdict.kind == "deny" then
    return call_record.refused_operation(turn, run, operation, verdict.refusal)
  end
  return verdict
end

-- A tool that makes several writes asks about all of them before the first.
local function weigh_write(turn, run, operation)
  local refusal = judge.of_write(turn, run.call, operation)
  if refusal and refusal.decision ~= "ask" then
    return call_record.refused_operation(turn, run, operation, refusal)
  end
  return { kind = "done", answer = { result = { asks = refusal and true } } }
end

local function is_question(operation)
  local of = operation.op == "may" and operation.operation
  return type(of) == "table" and of.op == "fs.write" and type(of.path) == "string"
    and type(of.content) == "string"
end

-- The rule that stood against it, for a person who looks on.
local function rule_of(turn, settled)
  return settled.rule or settled.kind == "ask" and turn.outcome.question or nil
end

---One operation that the tool of an allowed call asks for.
---@param turn Turn
---@param run CallRun
---@param operation table as the box yields it
---@return {kind: "done"|"ask"|"error", answer: table?, err: Error?} settled  done: `answer` is for the box;
---  ask: the turn waits for a person; error: there is no result, the turn leaves off
function M.operation(turn, run, operation)
  if is_question(operation) then
    return weigh_write(turn, run, operation.operation)
  end
  local settled = settle_operation(turn, run, operation)
  local rule = rule_of(turn, settled)
  local err = rule and debug_hooks.rule(turn, rule, run.request, operation)
  if err then
    turn:withdraw()
    return { kind = "error", err = err }
  end
  return settled
end

-- ---- a call ----

local function judge_call(turn, request)
  return approve.call(turn, request, judge.call(turn, request))
end

-- The intent is on disk before anything happens. One that an interrupted turn left is this one; what it came
-- to is settled by whoever performs it again.
local function perform_call(turn, request, verdict)
  local is_again = turn.tape:take("call.allowed") ~= nil
  local ok, err = is_again, nil
  if not is_again then
    ok, err = call_record.intent(turn, request, verdict.subject)
  end
  if not ok then
    return { kind = "error", err = err }
  end
  local before = turn.proposal
  turn:open_call(is_again)
  local result = perform.call(turn, verdict, request, M.operation)
  turn:close_call()
  if result.kind == "done" then
    call_record.result(turn, request, result, before)
  end
  return result
end

---One call of a reply, which the journal has no answer to yet.
---@param turn Turn
---@param request {id: string, name: string, arguments: string}
---@return {kind: "done"|"deny"|"ask"|"error", err: Error?} settled  done and deny: the model has its answer;
---  ask: the turn waits for a person; error: the turn leaves off
function M.call(turn, request)
  local verdict = debug_hooks.judge(turn, request, judge_call)
  if verdict.kind == "allow" then
    return perform_call(turn, request, verdict)
  elseif verdict.kind == "deny" then
    call_record.refusal(turn, request, verdict.refusal)
  end
  return verdict
end

return M
