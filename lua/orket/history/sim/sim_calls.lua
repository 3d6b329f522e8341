-- sim_calls.lua: what gate, policies and autonomy say to one recorded call. Paths are judged by their text: a
-- card's tree has no links but those that were there when it was made, and nothing is opened here.

local autonomy = require("orket.governance.autonomy")
local engines = require("orket.scheduler.engine")
local gate = require("orket.core.gate")
local judge = require("orket.effects.judge")

local M = {}

local ALLOW = { decision = "allow", rule = "gate.allow", why = "", fix = "" }
local NO_TREE = {}

---@class SimCall
---@field role string
---@field card {id: string, type: string, status: string} and what else a policy may read of it
---@field tool string
---@field arguments string|table JSON text, or a value
---@field seat string|nil
---@field run string|nil
---@field turn integer|nil
---@field labels table<string, true>|nil
---@field scope string[]|nil what the card's agents may write
---@field calls integer|nil how many the turn has made before
---@field operation table|nil judged instead of the call itself: one that its tool asked for
---@field generation string|nil recorded; without it the present scripts
---@field config string|nil blob of the recorded configuration

---@class SimBench who judges: a side with the engine that asks its nodes
---@field side SimSide
---@field engine table

---@param side SimSide
---@param store Store
---@return SimBench
function M.bench(side, store)
  local project = { config = side.config, generation = side.generation, store = store }
  return { side = side, engine = engines.new(project, { data = {} }, "sim") }
end

---A turn as far as its calls are judged by it.
---@param bench SimBench
---@param of {role: string, card: table, seat: string?, run: string?, turn: integer?,
---  labels: table<string, true>?, scope: string[]?, calls: integer?}
---@return table turn
function M.turn(bench, of)
  local turn = {
    engine = bench.engine, generation = bench.side.generation, role = of.role, card = of.card, seat = of.seat,
    run = of.run,
    number = of.turn, labels = of.labels or {}, tree = NO_TREE, scope = function() return of.scope end,
    tool_calls = (of.calls or 0) + 1, autonomy = autonomy.of(bench.engine:rules(), of.role),
  }
  turn.policy = bench.engine:policy(turn)
  return turn
end

---The verdict of one side.
---@param turn table
---@param request {name: string, arguments: string|table}
---@return GateVerdict
function M.verdict(turn, request)
  return judge.weigh(turn, request) or ALLOW
end

---The verdict of one side on an operation that a call's tool asked for.
---@param turn table
---@param request {name: string, arguments: string|table}
---@param operation table
---@return GateVerdict
function M.verdict_on(turn, request, operation)
  return judge.weigh_operation(turn, request, operation) or ALLOW
end

---@param a GateVerdict
---@param b GateVerdict
---@return boolean
function M.same(a, b)
  return a.decision == b.decision and a.rule == b.rule
end

-- ---- the order of judgement ----

local ORGANIZATION, REST, POLICY, AUTONOMY = 1000, 2000, 3000, 4000

local ranks = {}
for i, rule in ipairs(gate.rules()) do
  ranks[rule.id] = i
end
ranks["gate.allow"], ranks["gate.rate"] = math.huge, REST

local FAMILIES = { house = ORGANIZATION, policy = POLICY, autonomy = AUTONOMY }

-- How far in the chain of judgement a rule stands.
local function rank(rule)
  return ranks[rule] or FAMILIES[rule:match("^(%l+)%.")] or REST
end

---True when a rule that is not computed again (a path as it was on the disk, a rate, a budget) had decided
---before `verdict` could: then nothing differs. What denies wins over what asks, wherever it stands.
---@param recorded GateVerdict
---@param verdict GateVerdict
---@return boolean
function M.came_first(recorded, verdict)
  if recorded.decision == "deny" and verdict.decision == "ask" then
    return true
  end
  return rank(recorded.rule) < rank(verdict.rule)
end

return M
