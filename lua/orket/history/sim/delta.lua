-- delta.lua: what the two sides of a comparison differ in, and so which decisions can come out otherwise.
-- What differs in nothing that a decision looks at cannot: this is where that is known from.

local beyond = require("orket.history.sim.beyond")
local gate_options = require("orket.governance.gate_options")
local gate_config = require("orket.governance.gate_config")
local tables = require("orket.util.tables")
local program_delta = require("orket.scripts.permission_delta.program_delta")

local M = {}

---@class SimDelta
---@field beyond table<string, string> what differs and is not judged, and why
---@field differs {router: boolean, models: boolean, evaluator: boolean, autonomy: boolean, prompts: boolean,
---  builders: boolean}
---builders: any node that an arm may have in place of its prompts node
---@field calls true|table<string, true|table<string, true>> whose calls may be judged
---  otherwise: everybody's, or those of
---roles, or of roles to these tools
---@field only "policies"|"gate"|nil  by what alone
---@field roles table<string, {prompt: boolean, route: boolean, effects: boolean}> roles whose text differs;
---  effects: their
---route looks at what the calls came to

local same = tables.same

local function rules_of(config)
  return gate_options.of(config.organization.process_rules)
end

local TOLD = { "operations", "outward", "untrusted", "labels" }

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

local function builders_differ(old, new)
  return some_differ(old.generation.nodes, new.generation.nodes, function(_, node)
    return node.about.build
  end)
end

-- What a tool says of itself beyond its law is shown to policies and autonomy.
local function tools_differ(old, new)
  for name, tool in pairs(old.tools) do
    local other = new.tools[name]
    if not other or not same(tables.pick(tool.about, TOLD), tables.pick(other.about, TOLD)) then
      return true
    end
  end
  return false
end

-- Tools that one list has and the other has not.
local function tools_in_one(a, b)
  local differ = {}
  for _, both in ipairs({ { a, b }, { b, a } }) do
    for _, tool in ipairs(both[1]) do
      differ[tool] = not tables.has(both[2], tool) or nil
    end
  end
  return next(differ) and differ
end

-- Of a role the gate looks at nothing but whether it lists the tool, and at no other role: so these are the
-- calls that it may judge otherwise. All of them when the role is new, or gone.
local function law_of_roles(old, new)
  local differ = {}
  for _, both in ipairs({ { old, new }, { new, old } }) do
    for name, role in pairs(both[1]) do
      local other = both[2][name]
      differ[name] = not other or tools_in_one(role.tools, other.tools) or nil
    end
  end
  return differ
end

local function autonomy_differs(old, new)
  return not same(old.config.organization.process_rules.autonomy,
    new.config.organization.process_rules.autonomy)
end

-- Whose calls may be judged otherwise: everybody's, or those of some roles; and by what alone, when the rest
-- of the judgement has the same texts, values and inputs on both sides.
local function calls_that_differ(old, new)
  local before, after = gate_config.of(old.generation, rules_of(old.config)),
    gate_config.of(new.generation, rules_of(new.config))
  local roles, policy = law_of_roles(before.roles, after.roles), policies_differ(old, new)
  local tools = not same(before.tools, after.tools) or tools_differ(old.generation, new.generation)
  local autonomy = autonomy_differs(old, new)
  before.roles, after.roles = nil, nil
  local law_differs = tools or not same(before, after)
  local only
  if policy and not (law_differs or autonomy or next(roles)) then
    only = "policies"
  elseif not (policy or tools or autonomy) then
    only = "gate"
  end
  return law_differs or policy or autonomy or roles, only
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
    builders = builders_differ(old, new),
  }
end

-- The third argument of route is what the calls came to: most do not take it.
local ALL = { "card", "reply", "effects" }

local function takes_effects(role)
  local names = role ~= nil and role.about.route ~= nil and (role.script:parameters("route") or ALL)
  return names and #names >= 3
end

local function function_differs(role, other, field)
  return not other or not program_delta.is_same(role.text, other.text, field)
end

local function has_route(role)
  return role ~= nil and role.about.route ~= nil
end

-- A role with another text may have the same words, or the same route: its list of tools is neither.
local function roles_that_differ(old, new)
  local roles = {}
  for name, role in pairs(old.generation.roles) do
    local other = new.generation.roles[name]
    if is_other(role, other) then
      roles[name] = {
        prompt = function_differs(role, other, "prompt"),
        route = (has_route(role) or has_route(other)) and function_differs(role, other, "route"),
        effects = takes_effects(role) or takes_effects(other),
      }
    end
  end
  return roles
end

---@param old SimSide
---@param new SimSide
---@return SimDelta
function M.of(old, new)
  local calls, only = calls_that_differ(old, new)
  return {
    differs = differences(old, new), calls = calls, only = only, roles = roles_that_differ(old, new),
    beyond = beyond.of(old, new, calls == true or next(calls) ~= nil),
  }
end

---Which calls of a role may be judged otherwise: all, none, or those to some tools.
---@param delta SimDelta
---@param role string
---@return boolean|table<string, true>
function M.reach(delta, role)
  return delta.calls == true or delta.calls[role] or false
end

return M
