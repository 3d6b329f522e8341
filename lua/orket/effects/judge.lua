-- judge.lua: what gate, policies, iDesign and autonomy say to a call, and to an operation that its tool asks
-- for, whatever a person has answered.

local autonomy = require("orket.governance.autonomy")
local egress = require("orket.programs.egress")
local embed = require("orket.core.embed")
local tree_links = require("orket.workspace.tree_links")

local M = {}

-- ---- a call ----

---Of two refusals the one that counts: what denies before what asks, else the first.
---@param first table|nil
---@param second table|nil
---@return table|nil
function M.stricter(first, second)
  if not first or second and first.decision == "ask" and second.decision == "deny" then
    return second
  end
  return first
end

-- One that the journal has begun already took its share then.
local function over_rate(turn, request)
  return not turn.tape:has_more() and turn.engine:over_rate(turn, request.name) or nil
end

-- What is not asked about is denied.
local function denied(refusal)
  return { kind = "deny", refusal = refusal }
end

local function verdict_on(subject, refusal, warnings)
  return { kind = refusal and "ask" or "allow", subject = subject, refusal = refusal, warnings = warnings }
end

---What gate, rates, policies and autonomy say to a call: allow, ask, or deny, whoever it comes from. One that
---is only looked at once more takes no share of the rates. The caller closes the call that is not denied.
---@param turn table
---@param request {name: string, arguments: string|table}
---@param again boolean|nil
---@return Verdict
function M.call(turn, request, again)
  local allowed, refusal, asked = turn.generation.gate:call({
    role = turn.role,
    card = turn.card,
    tool = request.name,
    arguments = request.arguments,
    root = turn.tree.root,
    scope = turn:scope(),
    calls = turn.tool_calls - 1,
  })
  local call = allowed or asked
  if not call then
    return denied(refusal)
  end
  refusal = M.stricter(refusal, not again and over_rate(turn, request) or nil)
  if not refusal or refusal.decision == "ask" then
    refusal = M.stricter(refusal, turn.policy(call))
  end
  if refusal and refusal.decision ~= "ask" then
    call:close()
    return denied(refusal)
  elseif not refusal and turn.autonomy then
    refusal = autonomy.objection(turn, turn.generation.tools[request.name].about, request.name)
  end
  return verdict_on(call, refusal)
end

---What gate, policies and autonomy say to a call, whatever a person has answered.
---@param turn {generation: table, role: string, card: table, tree: {root: userdata?}, policy: function,
---  autonomy: string?}
---@param request {name: string, arguments: string|table}
---@return table|nil refusal
function M.weigh(turn, request)
  local verdict = M.call(turn, request, true)
  if verdict.subject then
    verdict.subject:close()
  end
  return verdict.refusal
end

-- ---- an operation ----

local function is_shipped(tool)
  if tool.shipped == nil then
    tool.shipped = tool.text == embed.read(tool.path)
  end
  return tool.shipped
end

-- What the gate cannot see by itself.
local function facts_of(turn, operation)
  return operation.op == "card.create" and { issues = turn.engine:issues(turn) } or nil
end

-- Policies are shown what a tool asks for that is not the binary's own, or whose call names no path.
local function is_shown(tool)
  return not is_shipped(tool) or tool.about.like ~= nil
end

-- What the iDesign rules of the organization have against a text that is to be written, by whatever tool, and
-- its warnings.
local function design_of(turn, permit)
  local rules = permit:kind() == "fs.write" and turn.engine:idesign()
  if not rules then
    return nil
  end
  return rules:objection(permit:path(), permit:content())
end

-- A link of the repository that a write would take the place of.
local function link_at(turn, kind, path)
  return kind == "fs.write" and tree_links.objection(turn.tree, path) or nil
end

local PROPOSES = { ["plan.make"] = true, ["board.create"] = true, ["board.change"] = true }

-- What stands against a proposal, before a person is asked about it.
local function proposal_of(turn, permit, operation)
  return PROPOSES[permit:kind()] and turn.engine:objection(turn, operation) or nil
end

---What gate, iDesign, board, policies and autonomy say to an operation of an allowed call: allow, ask, or
---deny.
---@param turn Turn
---@param call GateCall
---@param operation table
---@return Verdict
function M.operation(turn, call, operation)
  local allowed, refusal, asked = turn.generation.gate:operation(call, operation, facts_of(turn, operation))
  local permit = allowed or asked
  if not permit then
    return denied(refusal)
  end
  refusal = egress.granted(turn, permit, refusal)
  local objection, warnings = design_of(turn, permit)
  refusal = M.stricter(refusal, objection or link_at(turn, permit:kind(), permit:path()))
  refusal = M.stricter(refusal, proposal_of(turn, permit, operation))
  if is_shown(turn.generation.tools[call:tool()]) then
    refusal = M.stricter(refusal, turn.policy(call, operation, permit))
  end
  if refusal and refusal.decision ~= "ask" then
    return denied(refusal)
  elseif not refusal and turn.autonomy then
    refusal = autonomy.objection_to_operation(turn, operation)
  end
  return verdict_on(permit, refusal, warnings)
end

-- What gate, policies and autonomy say to an operation of an allowed call. Nothing is opened for it.
local function against(turn, call, operation)
  local refusal = turn.generation.gate:judge(call, operation)
  refusal = refusal.decision ~= "allow" and refusal or nil
  if is_shown(turn.generation.tools[call:tool()]) then
    refusal = M.stricter(refusal, turn.policy(call, operation))
  end
  return refusal or turn.autonomy and autonomy.objection_to_operation(turn, operation) or nil
end

---What would be said to a write that a tool only asks about.
---@param turn Turn
---@param call GateCall
---@param operation {op: "fs.write", path: string, content: string}
---@return GateVerdict|nil refusal
function M.of_write(turn, call, operation)
  local refusal = M.stricter(against(turn, call, operation), link_at(turn, operation.op, operation.path))
  local rules = (not refusal or refusal.decision == "ask") and turn.engine:idesign()
  return M.stricter(refusal, rules and rules:objection(operation.path, operation.content) or nil)
end

---What gate, policies and autonomy say to an operation of a call, whatever a person has answered. Nothing is
---opened.
---@param turn table as weigh takes it
---@param request {name: string, arguments: string|table}
---@param operation table
---@return table|nil refusal
function M.weigh_operation(turn, request, operation)
  local verdict = M.call(turn, request, true)
  if verdict.kind == "deny" then
    return verdict.refusal
  end
  local call <close> = verdict.subject
  return against(turn, call, operation)
end

---What denies a call, or an operation of it, when it is judged by other scripts.
---@param turn table as weigh takes it
---@param request {name: string, arguments: string|table}
---@param operation table|nil
---@return table|nil denial
function M.denial(turn, request, operation)
  local refusal
  if operation == nil then
    refusal = M.weigh(turn, request)
  else
    refusal = M.weigh_operation(turn, request, operation)
  end
  return refusal and refusal.decision == "deny" and refusal or nil
end

return M
