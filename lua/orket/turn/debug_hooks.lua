-- debug_hooks.lua: the places of a turn where a person who is attached may look on and give an order
-- (debugger.lua). Nobody is attached most of the time: then each is one look at a field.

local turn_approval = require("orket.governance.approvals.turn_approval")
local tool_report = require("orket.effects.tool_report")

local M = {}

M.RULE = "person.skip" -- of a call that a person refused

local ALLOWED = { decision = "allow", rule = "gate.allow" }

local function asked(turn)
  local question = turn:came_to("asked") and turn.outcome.question
  return question and { decision = "ask", rule = question.rule, why = question.why, fix = question.fix }
    or nil
end

---@param turn Turn
---@param kind "role"|"transition"
---@param what {name: string, proposal: table?}
---@return true|nil ok
---@return Error|nil err  the turn was canceled meanwhile
function M.pass(turn, kind, what)
  local debugger = turn.engine.project.debugger
  if debugger then
    local _, err = debugger:at(turn, kind, what)
    return not err or nil, err
  end
  return true
end

-- A rule that was applied to no call itself: to an operation of one, or to a request. It stands, whoever
-- looks on.
---@param turn Turn
---@param decision {rule: string, decision: string?, why: string?, fix: string?}
---@param request table|nil the call
---@param operation table|nil that its tool asked for
---@return Error|nil err  the turn was canceled meanwhile
function M.rule(turn, decision, request, operation)
  local debugger = turn.engine.project.debugger
  if not debugger then
    return nil
  end
  -- which has no decision of its own
  local is_asked = turn:came_to("asked") and decision == turn.outcome.question
  local shown = { decision = decision.decision or is_asked and "ask" or "deny", rule = decision.rule,
    why = decision.why or decision.message, fix = decision.fix }
  local _, err = debugger:at(turn, "rule", {
    name = decision.rule, call = request, decision = shown,
    operation = operation and tool_report.sketch(operation, decision.rule),
  })
  return err
end

local function skipped(why)
  return { decision = "deny", rule = M.RULE, why = why, fix = "go on without it, or do it in another way" }
end

-- A refusal before anything is judged: what somebody had answered about the call comes to nothing.
local function unasked(turn, request, refusal)
  turn_approval.overrule(turn, refusal, function(question)
    return question.call == request.id
  end)
  return refusal
end

-- The judgement, and what the person makes of it: it stands, the call is skipped, or it is judged again. What
-- somebody had answered about the call stays the answer to it.
local function judged(debugger, turn, request, judge)
  local from = turn.tape.at
  while true do
    local verdict = judge(turn, request)
    local decision = verdict.refusal or asked(turn) or ALLOWED
    local order, err = debugger:at(turn, "rule",
      { name = decision.rule, request = request, decision = decision })
    if not order and not err then
      return verdict
    elseif verdict.subject then
      verdict.subject:close()
    end
    turn:withdraw()
    turn.tape:back(from)
    if err then
      return { kind = "error", err = err }
    elseif order.kind == "skip" then
      return { kind = "deny", refusal = skipped(order.why) }
    end
  end
end

---What is said to a call, with a person looking on.
---@param turn Turn
---@param request {id: string, name: string, arguments: string}
---@param judge fun(turn: Turn, request: table): Verdict
---@return Verdict
function M.judge(turn, request, judge)
  local debugger = turn.engine.project.debugger
  if not debugger then
    return judge(turn, request)
  end
  local order, err = debugger:at(turn, "tool", { name = request.name, request = request })
  if err then
    return { kind = "error", err = err }
  elseif order and order.kind == "skip" then
    return { kind = "deny", refusal = unasked(turn, request, skipped(order.why)) }
  end
  return judged(debugger, turn, request, judge)
end

return M
