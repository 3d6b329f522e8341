-- call_record.lua: what became of a call and of its operations, for the journal and for the model: the last
-- step of effects/pipeline.lua.

local cjson = require("cjson")
local labels = require("orket.governance.labels")
local call_help = require("orket.effects.call_help")
local result_paging = require("orket.turn.context.result_paging")
local tables = require("orket.util.tables")
local tool_report = require("orket.effects.tool_report")
local tools = require("orket.effects.tools")

local M = {}

-- ---- what the model reads ----

local function tool_message(request, text, attached)
  return cjson.encode({ role = "tool", tool_call_id = request.id, content = text, attached = attached })
end

---What the model reads when a call was refused or failed.
---@param failure {code: string?, rule: string?, message: string?, why: string?, fix: string?}
---@param about {told: table[]?, labels: string[]?, help: table?}  what a person said of operations that were
---  interrupted; labels
---of what it may have been made of; effects/call_help.lua
---@return string
function M.failure_text(failure, about)
  return cjson.encode({ ok = false, told = about.told, labels = about.labels, error = {
    code = failure.code or "ERR_DENIED",
    rule = failure.rule,
    message = failure.message or failure.why,
    fix = failure.fix,
    help = about.help,
  } })
end

-- ---- a call ----

local function help_of(turn, request, refusal)
  return turn.engine:help(turn, request.id, function()
    return call_help.of_refusal(turn, request, refusal)
  end)
end

---A call is refused: the model reads why.
---@param turn Turn
---@param request {id: string, name: string, repaired: any}
---@param refusal GateVerdict
function M.refusal(turn, request, refusal)
  local help = help_of(turn, request, refusal)
  turn:record("call.refused", {
    call = request.id, tool = request.name, decision = refusal.decision, rule = refusal.rule,
    why = refusal.why, fix = refusal.fix, where = refusal.where, repaired = request.repaired, help = help,
    convo = turn:say(tool_message(request, M.failure_text(refusal, { help = help }))),
  })
  turn:count_refusal()
end

---A call is about to be performed; when it may change something beside the journal, this is on disk before.
---@param turn Turn
---@param request {id: string, name: string, repaired: any}
---@param call GateCall
---@return boolean|nil ok
---@return Error|nil
function M.intent(turn, request, call)
  turn:record("call.allowed", {
    call = request.id, tool = request.name, operation = call:hash(), repaired = request.repaired,
  })
  if tools.touches_world(turn, request.name) then
    return turn:save(true) -- an "or" would lose the reason
  end
  return true
end

-- A call that looks at what others can change: again, it may only wait for them.
local function looks_out(turn, name)
  local tool = turn.generation.tools[name]
  if tool.looks_out == nil then
    tool.looks_out = tool.about.polls == true or labels.of_tool(tool.about) ~= nil
      or tables.has(tool.about.operations, "card.context")
  end
  return tool.looks_out
end

---A call has its result: just now, or the journal has it.
---@param turn Turn
---@param request {name: string}
---@param ok boolean
---@param text string
function M.count(turn, request, ok, text)
  if ok then
    turn:made(text)
  end
  turn:count_effect(request.name, ok, ok and looks_out(turn, request.name))
end

---The result of a call that was performed.
---@param turn Turn
---@param request {id: string, name: string}
---@param result {ok: boolean, text: string, whole: string?, operations: table[], help: table?}
---@param before Proposal|nil of the turn, before the call
function M.result(turn, request, result, before)
  local attached = result.ok and turn.attached or nil
  M.count(turn, request, result.ok, result.text)
  turn:record("call.result", {
    call = request.id, tool = request.name, ok = result.ok, operations = result.operations,
    proposal = turn.proposal ~= before and turn.proposal or nil, progress = turn.progress,
    rest = result_paging.keep(turn, result.whole), help = result.help,
    attached = attached, convo = turn:say(tool_message(request, result.text, attached)),
  })
end

-- ---- an operation of it ----

local function note(run, body)
  run.operations[#run.operations + 1] = body
end

---An operation is refused: the tool reads why.
---@param turn Turn
---@param run CallRun
---@param operation table
---@param refusal GateVerdict
---@return {kind: "done", answer: table, rule: table} settled
function M.refused_operation(turn, run, operation, refusal)
  tool_report.add(turn, run.call, operation, run.id, refusal)
  note(run, {
    op = tool_report.name(operation), refused = refusal.rule, why = refusal.why, where = refusal.where,
  })
  local answer = { code = "ERR_DENIED", rule = refusal.rule, message = refusal.why, fix = refusal.fix }
  return { kind = "done", rule = refusal, answer = { error = answer } }
end

-- The rule that a failure is about: the state machine's, or a cap.
local function rule_of(turn, err)
  if err.class == "refusal" and err.rule then
    return err
  end
  return err.code == "ERR_LIMIT" and turn:cap() or nil
end

local function failed_operation(turn, run, operation, err)
  local rule = rule_of(turn, err)
  if rule == err then
    tool_report.add(turn, run.call, operation, run.id, err)
  end
  note(run, { op = operation.op, failed = err.code })
  run.missing = err.code == "ERR_NOT_FOUND" and operation or nil
  local answer = { code = err.code, message = err.message, fix = err.fix }
  return { kind = "done", rule = rule, answer = { error = answer } }
end

---What an operation came to that was performed.
---@param turn Turn
---@param run CallRun
---@param operation table
---@param verdict Verdict
---@param effect Effect
---@return {kind: "done", answer: table, rule: table?} settled
function M.operation(turn, run, operation, verdict, effect)
  if effect.told then
    run.told = run.told or {}
    table.insert(run.told, effect.told)
  end
  if effect.kind == "failed" then
    return failed_operation(turn, run, operation, effect.err)
  end
  local result = effect.result
  result.warnings = verdict.warnings or result.warnings -- of what was written, or of what a program wrote
  note(run, { op = operation.op, hash = verdict.subject:hash(), warnings = result.warnings })
  return { kind = "done", answer = { result = result } }
end

return M
