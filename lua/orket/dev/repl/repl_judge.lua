-- repl_judge.lua: what gate, policies and autonomy would say to a call on a card, for a dry run: nothing is
-- opened, done or recorded.

local sim_calls = require("orket.history.sim.sim_calls")

local M = {}

local function set_of(names)
  local set = {}
  for _, name in ipairs(type(names) == "table" and names or {}) do
    set[name] = true
  end
  return set
end

---@class ReplCall
---@field card table
---@field tool string
---@field role string?
---@field arguments any
---@field seat string?
---@field labels string[]?
---@field run string?
---@field turn integer?

---@param repl table {store, config}
---@param generation table whose scripts judge
---@param call ReplCall
---@return GateVerdict
function M.verdict(repl, generation, call)
  local row = repl.store:read("card_scope", { id = call.card.id })[1]
  local bench = sim_calls.bench({ generation = generation, config = repl.config }, repl.store)
  local turn = sim_calls.turn(bench, {
    role = call.role or "coder", card = call.card, seat = call.seat or call.card.seat,
    run = call.run, turn = call.turn, labels = set_of(call.labels), scope = row and row.scope or nil,
  })
  local named = { name = tostring(call.tool or ""), arguments = call.arguments or {} }
  local verdict = sim_calls.verdict(turn, named)
  if verdict.decision == "allow" then
    return { decision = "allow", rule = verdict.rule, why = "every check passed" }
  end
  return verdict
end

return M
