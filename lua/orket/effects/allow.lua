-- allow.lua: a yes to a call, or to an operation of one: nobody has anything against it, or a person has allowed exactly
-- this (governance/approvals/turn_approval.lua).

local turn_approval = require("orket.governance.approvals.turn_approval")
local errors = require("orket.errors")
local judge = require("orket.effects.judge")

local M = {}

-- A person's answer about a call: what a yes covers of its operations, or a refusal, or neither.
local function answered(turn, request, call, refusal)
  local view = call:view():value()
  local yes, no, err = turn_approval.settle(turn, {
    refusal = refusal, judged = call:hash(), paths = view.paths, call = request.id, tool = request.name,
    operation = { tool = request.name, arguments = view.arguments }, deny = function(other)
      return judge.denial(other, request)
    end,
  })
  if not yes then
    return nil, no, err
  end
  call:accept(call:hash())
  return turn_approval.covering(refusal, view.paths)
end

---The answer to one call of a reply: of the gate and the policies, and of a person where one of them asks.
---@param turn table
---@param request {id: string, name: string, arguments: string}
---@return table|nil call
---@return table|nil refusal {decision, rule, why, fix, where?}; without either the turn waits for a person
---@return Error|nil err
---@return table|nil yes  what a person's yes covers
function M.call(turn, request)
  local call, refusal = judge.call(turn, request)
  if not call then
    turn_approval.overrule(turn, refusal, function(asked)
      return asked.call == request.id
    end)
    return nil, refusal
  elseif not refusal and not turn_approval.is_about(turn, call) then
    return call
  end
  local yes, no, err = answered(turn, request, call, refusal)
  if yes then
    return call, nil, nil, yes
  end
  call:close()
  return nil, no, err
end

-- A person's answer about an operation: yes, a refusal, or neither.
local function answered_operation(turn, permit, refusal, operation, done)
  return turn_approval.settle(turn, {
    refusal = refusal, judged = permit:hash(), paths = { permit:path() }, call = done.call, tool = done.request.name,
    operation = operation, deny = function(other)
      return judge.denial(other, done.request, operation)
    end,
  })
end

---A permit that works, or the refusal. Neither: a person has to answer first, or the answer could not be recorded.
---@param turn Turn
---@param call GateCall
---@param operation table
---@param done table of its call
---@return GatePermit|nil permit
---@return GateVerdict|nil refusal
function M.operation(turn, call, operation, done)
  local permit, refusal = judge.operation(turn, call, operation, done)
  if not permit then
    turn_approval.overrule(turn, refusal, function(asked)
      return asked.operation.op == operation.op and asked.operation.path == operation.path
    end)
    return nil, refusal
  elseif not refusal and not turn_approval.is_about(turn, permit) then
    return permit
  end
  local yes, no, err = refusal and turn_approval.covers(done.yes, refusal, operation.op, permit:path()), nil, nil
  if not yes then
    yes, no, err = answered_operation(turn, permit, refusal, operation, done)
  end
  if yes then
    permit:accept(permit:hash())
    return permit
  end
  done.unsettled = err or not no and errors.new("ERR_DENIED", "a person has to answer first") or nil
  return nil, no
end

return M
