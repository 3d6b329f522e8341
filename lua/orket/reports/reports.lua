-- reports.lua: what was refused, and why: one report per refusal, a projection of the journal
-- (PolicyViolationReport). What the model attempted is said by the conversation, and read from there.

local cjson = require("cjson")

local M = {}

-- The first word of a rule's id: whose refusal it is.
local KINDS = { fsm = "state_transition", gate = "tool_gate", house = "tool_gate", idesign = "idesign",
  budget = "budget",
  turn = "no_progress" }

local function kind_of(rule)
  return KINDS[rule:match("^[^.]+")] or "governance"
end

---The call of this id in a message, as the model wrote it.
---@param text string|nil one message of a conversation, JSON
---@param call string
---@return {name: string, arguments: string}|nil
function M.asked_for(text, call)
  local ok, message = pcall(cjson.decode, text or "")
  for _, one in ipairs(ok and type(message) == "table" and message.tool_calls or {}) do
    if one.id == call then
      return one["function"]
    end
  end
end

-- What was stopped where no call was refused, by the first word of the rule's id.
local STOPPED = { budget = "another request to its model", window = "another request to its model",
  turn = "another step",
  memory = "to remember a note" }

-- A refusal's message follows the one in which the call was made.
local function call_of(store, convo, call)
  local messages = store:conversation(convo) or {}
  for i = #messages, 1, -1 do
    local found = M.asked_for(messages[i], call)
    if found then
      return found
    end
  end
end

local function attempted(store, report)
  if report.attempt then
    return { tool = report.tool, operation = report.attempt }
  end
  if not report.tool then
    return { what = report.rule == "budget.disk" and "to write into its tree"
      or STOPPED[report.rule:match("^[^.]+")] }
  end
  local call = report.convo and call_of(store, report.convo, report.call)
  return { tool = report.tool, arguments = call and call.arguments }
end

---@class ViolationReport
---@field event integer the refusal's commit number
---@field violation_type "state_transition"|"tool_gate"|"idesign"|"budget"|"no_progress"|"governance"
---@field decision "deny"|"ask"
---@field rule string
---@field attempted_action {tool: string?, arguments: string?, operation: table?, what: string?}  what: where
---  no call was refused
---@field detail string why
---@field remedy_suggestion string|nil the fix
---@field where string|nil  the key or file:line that decided
---@field active_roles string[]

---Reports, newest first.
---@param store Store
---@param filter {run: string?, card: string?, rule: string?, before: integer?, limit: integer?}  rule may
---  have * and ?; before: only refusals before this event
---@return ViolationReport[]
function M.list(store, filter)
  local list = {}
  for i, row in ipairs(store:read("reports", filter)) do
    list[i] = {
      event = row.seq, id = string.format("%s/%s.%d", row.run, row.turn, row.n), timestamp = row.at,
      session_id = row.run,
      turn = row.turn, step = row.step, card_id = row.card, actor = row.actor, active_roles = { row.role },
      violation_type = kind_of(row.rule), decision = row.decision, rule = row.rule, where = row.where,
      attempted_action = attempted(store, row), detail = row.why, remedy_suggestion = row.fix,
    }
  end
  return list
end

---How many reports each card has.
---@param store Store
---@return table<string, integer> by card
function M.counts(store)
  local counts = {}
  for _, row in ipairs(store:read("reported", {})) do
    counts[row.card] = row.reports
  end
  return counts
end

return M
