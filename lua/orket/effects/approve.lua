-- approve.lua: where a rule asks about a call, or an operation of one, a person's answer decides: the second
-- step of effects/pipeline.lua. A denial is never turned into a yes (governance/approvals/turn_approval.lua).

local egress = require("orket.programs.egress")
local turn_approval = require("orket.governance.approvals.turn_approval")
local judge = require("orket.effects.judge")

local M = {}

local function overrule(turn, verdict, is_it)
  turn_approval.overrule(turn, verdict.refusal, is_it)
  return verdict
end

-- Nobody asks, and the tape has no question about it that was answered.
local function is_settled(turn, verdict)
  return verdict.kind == "allow" and not turn_approval.is_about(turn, verdict.subject)
end

local function accept(verdict, yes)
  verdict.subject:accept(verdict.subject:hash())
  return { kind = "allow", subject = verdict.subject, warnings = verdict.warnings, yes = yes }
end

---The answer to one call of a reply.
---@param turn Turn
---@param request {id: string, name: string, arguments: string}
---@param verdict Verdict of judge.call
---@return Verdict verdict  "allow": `yes` is what a person's yes covers; "ask": the turn waits for a person
function M.call(turn, request, verdict)
  if verdict.kind == "deny" then
    return overrule(turn, verdict, function(asked)
      return asked.call == request.id
    end)
  elseif is_settled(turn, verdict) then
    return verdict
  end
  local call = verdict.subject
  local view = call:view():value()
  local answer = turn_approval.settle(turn, {
    refusal = verdict.refusal, judged = call:hash(), paths = view.paths,
    call = request.id, tool = request.name, operation = { tool = request.name, arguments = view.arguments },
    deny = function(other)
      return judge.denial(other, request)
    end,
  })
  if answer.kind == "allow" then
    return accept(verdict, turn_approval.covering(verdict.refusal, view.paths))
  end
  call:close()
  return answer
end

---The answer to one operation of an allowed call.
---@param turn Turn
---@param run CallRun
---@param operation table
---@param verdict Verdict of judge.operation
---@return Verdict verdict  "allow": `subject` is a permit that works; "ask": the turn waits for a person
function M.operation(turn, run, operation, verdict)
  if verdict.kind == "deny" then
    return overrule(turn, verdict, function(asked)
      return asked.operation.op == operation.op and asked.operation.path == operation.path
    end)
  elseif is_settled(turn, verdict) then
    return verdict
  end
  local permit = verdict.subject
  if verdict.refusal and turn_approval.covers(run.yes, verdict.refusal, operation.op, permit:path()) then
    return accept(verdict)
  end
  local answer = turn_approval.settle(turn, {
    refusal = verdict.refusal, judged = permit:hash(), paths = { permit:path() },
    call = run.id, tool = run.request.name, operation = egress.shown(permit, operation),
    deny = function(other)
      return judge.denial(other, run.request, operation)
    end,
  })
  return answer.kind == "allow" and accept(verdict) or answer
end

return M
