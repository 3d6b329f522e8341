-- fixture_case.lua: what a policy is shown: the call as the gate judged it, what its tool may do, whose turn
-- it is. Made when a policy is going to be asked, and once for all of them.

local cjson = require("cjson")
local doc = require("orket.core.doc")
local gate = require("orket.core.gate")
local tables = require("orket.util.tables")

local M = {}

local function array(items)
  return setmetatable(items, cjson.array_mt)
end

local NONE = array({})

local function nature(kinds, about)
  local facts = { destructive = false, outward = about.outward == true, risky = about.outward == true }
  for _, kind in ipairs(kinds) do
    for trait, is in pairs(gate.nature(kind)) do
      facts[trait] = facts[trait] or is
    end
  end
  return facts
end

-- What a tool says of itself; once per generation.
local function of_tool(tool)
  if not tool.nature then
    tool.nature = nature(tool.about.operations, tool.about)
    tool.nature.operations = array(table.move(tool.about.operations, 1, #tool.about.operations, 1, {}))
  end
  return tool.nature
end

-- An operation that a tool asks for is judged as what it is, not as what the tool might do as well.
local function of_operation(tool, operation, permit)
  local facts = nature({ operation.op }, tool.about)
  facts.operations = of_tool(tool).operations
  facts.operation, facts.operation_hash = operation, permit and permit:hash()
  return facts
end

-- Where the operation goes: canonical when there is a permit for it.
local function path_of(operation, permit)
  if type(operation.path) == "string" then
    return permit and permit:path() or operation.path
  end
end

local function facts_of(tool, labels, operation, permit)
  local facts = operation and of_operation(tool, operation, permit) or of_tool(tool)
  local all = { labels = labels }
  for key, value in pairs(facts) do
    all[key] = value
  end
  return all
end

-- What is said of a call: of one without labels it is the tool's own, and the same for each of its calls.
local function said_of(tool, labels, operation, permit)
  if operation or #labels > 0 then
    return facts_of(tool, labels, operation, permit)
  end
  tool.quiet = tool.quiet or assert(doc.new(facts_of(tool, labels)))
  return tool.quiet
end

local views = setmetatable({}, { __mode = "k" }) -- by turn, the last one

-- Whose turn it is, as plain data and as a box takes it; made anew when the card has changed since, or the
-- labels.
local function view_of(turn, labels)
  local card, known = turn.card, views[turn]
  if known and known.card == card and known.revision == card.revision and known.status == card.status
    and known.labels == #labels then
    return known
  end
  local view = { card = card, role = turn.role, seat = turn.seat, labels = labels, run = turn.run,
    turn = turn.number }
  known = { card = card, revision = card.revision, status = card.status, labels = #labels, view = view,
    doc = assert(doc.new(view)) }
  views[turn] = known
  return known
end

---@class PolicyCase
---@field call userdata doc
---  {tool, role, arguments, paths, card, operations, destructive, outward, risky, labels,
---operation?, operation_hash?}
---@field view table {card, role, seat, labels, run, turn}
---@field doc userdata the same, for boxes

---@param call GateCall
---@param tool table script entry of the called tool
---@param turn {card: table, role: string, seat: string?, labels: table<string, true>?, run: string?,
---  number: integer?}
---@param operation table|nil  one that the tool asked for, with the permit that it would get
---@param permit GatePermit|nil
---@return PolicyCase
function M.of(call, tool, turn, operation, permit)
  local labels = turn.labels and next(turn.labels) and array(tables.keys(turn.labels)) or NONE
  local seen, path = view_of(turn, labels), operation and path_of(operation, permit) or nil
  return { call = call:view(said_of(tool, labels, operation, permit), path), view = seen.view,
    doc = seen.doc }
end

return M
