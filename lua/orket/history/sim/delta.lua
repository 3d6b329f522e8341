-- delta.lua: what the two sides of a comparison differ in, and so which routes, prompts and outcomes can come
-- out otherwise: those whose texts differ. Calls are judged by both sides, whatever differs.

local beyond = require("orket.history.sim.beyond")
local gate_options = require("orket.governance.gate_options")
local gate_config = require("orket.governance.gate_config")
local tables = require("orket.util.tables")

local M = {}

---@class SimDelta
---@field beyond table<string, string> what differs and is not judged, and why
---@field differs {router: boolean, models: boolean, evaluator: boolean, autonomy: boolean, prompts: boolean}
---@field roles table<string, true> whose text differs

local same = tables.same

local function rules_of(config)
  return gate_options.of(config.organization.process_rules)
end

local function node_of(side, kind)
  return side.generation.nodes[side.config.organization.process_rules[kind .. "_node"] or kind]
end

local function is_other(a, b)
  return (a and a.text) ~= (b and b.text)
end

local function node_differs(old, new, kind)
  return is_other(node_of(old, kind), node_of(new, kind))
end

-- True when some entry that counts has another text in the other map, or is not there.
local function some_differ(a, b, counts)
  for _, both in ipairs({ { a, b }, { b, a } }) do
    for key, entry in pairs(both[1]) do
      if counts(key, entry) and is_other(entry, both[2][key]) then
        return true
      end
    end
  end
  return false
end

-- All that may be asked as a policy: the chosen one, and whatever lies in nodes/policy/.
local function policies_differ(old, new)
  return node_differs(old, new, "policy") or some_differ(old.generation.files, new.generation.files,
    function(path)
    return path:find("^nodes/policy/")
  end)
end

local function autonomy_differs(old, new)
  return not same(old.config.organization.process_rules.autonomy,
    new.config.organization.process_rules.autonomy)
end

-- May a call be judged otherwise?
local function calls_may_differ(old, new)
  return policies_differ(old, new) or autonomy_differs(old, new)
    or not same(gate_config.of(old.generation, rules_of(old.config)),
      gate_config.of(new.generation, rules_of(new.config)))
end

local function models_differ(old, new)
  local before, after = old.config.organization.process_rules, new.config.organization.process_rules
  return node_differs(old, new, "models") or before.default_llm ~= after.default_llm
    or not same(old.config.models, new.config.models)
end

local function differences(old, new)
  return {
    router = node_differs(old, new, "router"), models = models_differ(old, new),
    evaluator = node_differs(old, new, "evaluator"), autonomy = autonomy_differs(old, new),
    prompts = node_differs(old, new, "prompts") or node_differs(old, new, "memory")
      or node_differs(old, new, "examples"),
  }
end

local function roles_that_differ(old, new)
  local roles = {}
  for name, role in pairs(old.generation.roles) do
    roles[name] = is_other(role, new.generation.roles[name]) or nil
  end
  return roles
end

---@param old SimSide
---@param new SimSide
---@return SimDelta
function M.of(old, new)
  return {
    differs = differences(old, new), roles = roles_that_differ(old, new),
    beyond = beyond.of(old, new, calls_may_differ(old, new)),
  }
end

return M
