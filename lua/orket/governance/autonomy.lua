-- autonomy.lua: how far a role may go before a person is asked, as the organization says. Pure. It only
-- narrows: what the gate, an organization rule or a policy asks about is asked about whatever is said here.

local gate = require("orket.core.gate")
local statuses = require("orket.util.statuses")

local M = {}

local DAY = 86400
local DEFAULT_EXPIRY = 7 * DAY
local UNITS = { s = 1, m = 60, h = 3600, d = DAY }

-- A person reads a request for a person anyway.
local FREE = { ["card.excuse"] = true }
-- What the gate's table of natures does not say: work for others, at their cost.
local RISKY = { ["card.create"] = true }
local FINAL = statuses.FINAL

---@param rules table process_rules
---@param role string
---@return "ask_all"|"ask_risky"|nil mode  nil: autonomous inside the gate
function M.of(rules, role)
  local modes = rules.autonomy
  local mode = modes and (modes[role] or modes["*"])
  return mode ~= "autonomous" and mode or nil
end

---Seconds that a question waits for its answer.
---@param rules table process_rules
---@return integer
function M.expires(rules)
  local said = (rules.approvals or {}).expires
  local number, unit = tostring(said or DEFAULT_EXPIRY):match("^(%d+)([smhd]?)$")
  return math.tointeger(tonumber(number)) * (UNITS[unit] or 1)
end

---True for a kind of operation that a careful role asks about.
---@param kind string
---@return boolean
function M.is_risky(kind)
  return RISKY[kind] or (gate.nature(kind) or {}).risky == true
end

local function ask(role, what, mode)
  return {
    decision = "ask", rule = "autonomy.ask", why = "the role " .. role .. " asks a person before it " .. what,
    fix = "wait for the answer", where = "config/organization.json#/process_rules/autonomy (" .. mode .. ")",
  }
end

local WANTED = {
  ask_all = function(kind)
    return not FREE[kind] and gate.effect(kind) ~= "none"
  end,
  ask_risky = M.is_risky,
}

---What a role's autonomy has against a call of a tool: by the operations that it may ask for.
---@param turn Turn
---@param about {operations: string[], outward: boolean?} of the tool
---@param tool string
---@return GateVerdict|nil
function M.objection(turn, about, tool)
  local wanted = WANTED[turn.autonomy]
  for _, kind in ipairs(wanted and about.operations or {}) do
    if wanted(kind) or about.outward then
      return ask(turn.role, "calls " .. tool, turn.autonomy)
    end
  end
end

-- Where a card ends is not undone by anybody: finishing without a status in a review ends it too.
local function ends_card(turn, operation)
  if operation.op == "turn.finish" and operation.status == nil then
    return turn.review
  end
  return (operation.op == "card.move" or operation.op == "turn.finish") and FINAL[operation.status]
end

---What it has against an operation: only then is known where a card is to go.
---@param turn Turn
---@param operation table
---@return GateVerdict|nil
function M.objection_to_operation(turn, operation)
  if turn.autonomy == "ask_risky" and ends_card(turn, operation) then
    return ask(turn.role, "ends a card", turn.autonomy)
  end
end

---True when the role's script ends a card by itself: whoever is asked before a card ends was asked about what
---the model wanted, and nobody about this.
---@param turn Turn
---@param proposal {status: string} of route
---@return boolean
function M.is_evaded(turn, proposal)
  local asked = turn.proposal or {}
  return turn.autonomy ~= nil and FINAL[proposal.status] == true and proposal.status ~= asked.status
end

return M
