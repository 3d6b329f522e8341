-- calls.lua: what gate and policies say to one recorded call. Paths are judged by their text: a card's tree has no
-- links but those that were there when it was made, and nothing is opened here.

local engines = require("orket.engine")
local gate = require("orket.core.gate")
local tools = require("orket.tools")

local M = {}

local ALLOW = { decision = "allow", rule = "gate.allow", why = "", fix = "" }

---@class SimCall
---@field role string
---@field card {id: string, type: string, status: string} and what else a policy may read of it
---@field tool string
---@field arguments string|table JSON text, or a value
---@field seat string|nil
---@field run string|nil
---@field turn integer|nil
---@field review boolean|nil

---@class SimBench who judges: a side with the engine that asks its nodes
---@field side SimSide
---@field engine table

---@param side SimSide
---@param place {store: Store, epic: table?, run: string?}
---@return SimBench
function M.bench(side, place)
  local project = { config = side.config, generation = side.generation, store = place.store }
  return { side = side, engine = engines.new(project, place.epic or { data = {} }, place.run or "sim") }
end

---The verdict of one side.
---@param bench SimBench
---@param call SimCall
---@param policy fun(call: GateCall): table|nil  of this turn
---@return GateVerdict
function M.verdict(bench, call, policy)
  local allowed, refusal, asked = bench.side.generation.gate:call({
    role = call.role, card = call.card, tool = call.tool, arguments = call.arguments,
  })
  local judged = allowed or asked
  if not judged then
    return refusal
  end
  refusal = tools.stricter(refusal, policy(judged, call))
  judged:close()
  return refusal or ALLOW
end

---The policies of a side, for the calls of one turn.
---@param bench SimBench
---@param call SimCall
---@return fun(call: GateCall): table|nil
function M.policy(bench, call)
  return bench.engine:policy({
    generation = bench.side.generation, card = call.card, role = call.role, seat = call.seat or call.role, run = call.run or "sim",
    number = call.turn or 0, review = call.review or false, labels = {}, engine = bench.engine,
  })
end

---@param a GateVerdict
---@param b GateVerdict
---@return boolean
function M.same(a, b)
  return a.decision == b.decision and a.rule == b.rule
end

-- ---- the order of judgement ----

local FIRST_OF_HOUSE, REST, POLICY = 1000, 2000, 3000

local ranks = {}
for i, rule in ipairs(gate.rules()) do
  ranks[rule.id] = i
end
ranks["gate.allow"] = math.huge

-- How far in the chain of judgement a rule stands.
local function rank(rule)
  return ranks[rule] or rule:find("^house%.") and FIRST_OF_HOUSE or rule:find("^policy%.") and POLICY or REST
end

---True when a rule that is not computed again (a path as it was on the disk, a rate, a budget) had decided before
---`verdict` could: then nothing differs.
---@param recorded GateVerdict
---@param verdict GateVerdict
---@return boolean
function M.came_first(recorded, verdict)
  return rank(recorded.rule) < rank(verdict.rule)
end

return M
