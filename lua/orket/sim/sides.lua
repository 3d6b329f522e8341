-- sides.lua: the two sides of a comparison: the scripts and the settings that were recorded, and the same with
-- the changed ones over them. Made once for each generation and configuration, with what the two differ in.

local beyond = require("orket.sim.beyond")
local errors = require("orket.errors")
local house = require("orket.house")
local law = require("orket.law")
local list = require("orket.list")
local scripts = require("orket.scripts")
local settings = require("orket.settings")
local with = require("orket.sim.with")

local M = {}

local Sides = {}
Sides.__index = Sides

---@class SimSide
---@field generation table
---@field config table {organization, models, teams, environments}

---@class SimPair
---@field old SimSide
---@field new SimSide
---@field changed string[] paths and settings in which they differ
---@field beyond table<string, string> of these what is not judged, and why
---@field differs {router: boolean, models: boolean, evaluator: boolean, autonomy: boolean, prompts: boolean}
---@field calls true|table<string, true> whose calls may be judged otherwise: everybody's, or those of roles
---@field roles table<string, {prompt: boolean, route: boolean, effects: boolean}> roles whose text differs; effects: their
---route looks at what the calls came to

local same = list.same

local function rules_of(config)
  return house.of(config.organization.process_rules)
end

-- Models by their names, which is all that routes are about.
local function named(models)
  local all = {}
  for name in pairs(models) do
    all[name] = { name = name }
  end
  return all
end

-- The same with other process rules and models; no keys, which nobody needs here.
local function with_process(config, process, models)
  local copy = {}
  for key, value in pairs(config) do
    copy[key] = value
  end
  copy.organization = {}
  for key, value in pairs(config.organization) do
    copy.organization[key] = value
  end
  copy.organization.process_rules, copy.organization.keys = process or config.organization.process_rules, {}
  copy.organization.models = named(models or config.organization.models)
  copy.models = copy.organization.models
  return copy
end

-- ---- what differs ----

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

-- All that may be asked as a policy: the chosen one, and whatever lies in nodes/policy/.
local function policies_differ(old, new)
  local differ = node_differs(old, new, "policy")
  for _, side in ipairs({ old, new }) do
    for path, entry in pairs(side.generation.files) do
      local other = (side == old and new or old).generation.files[path]
      differ = differ or path:find("^nodes/policy/") ~= nil and is_other(entry, other)
    end
  end
  return differ
end

-- What a tool says of itself beyond its law is shown to policies and autonomy.
local function tools_differ(old, new)
  for name, tool in pairs(old.tools) do
    local other = new.tools[name]
    if not other or not same(list.pick(tool.about, TOLD), list.pick(other.about, TOLD)) then
      return true
    end
  end
  return false
end

-- The roles that the gate knows otherwise; it looks at no other one when it judges a call.
local function law_of_roles(old, new)
  local differ = {}
  for _, both in ipairs({ { old, new }, { new, old } }) do
    for name, role in pairs(both[1]) do
      differ[name] = not same(role, both[2][name]) or nil
    end
  end
  return differ
end

local function autonomy_differs(old, new)
  return not same(old.config.organization.process_rules.autonomy, new.config.organization.process_rules.autonomy)
end

-- Whose calls may be judged otherwise: everybody's, or those of some roles.
local function calls_that_differ(old, new)
  local before, after = law.of(old.generation, rules_of(old.config)), law.of(new.generation, rules_of(new.config))
  local roles = law_of_roles(before.roles, after.roles)
  before.roles, after.roles = nil, nil
  return not same(before, after) or tools_differ(old.generation, new.generation) or policies_differ(old, new)
    or autonomy_differs(old, new) or roles
end

local function differences(old, new)
  return {
    router = node_differs(old, new, "router"),
    models = node_differs(old, new, "models")
      or old.config.organization.process_rules.default_llm ~= new.config.organization.process_rules.default_llm
      or not same(old.config.models, new.config.models),
    evaluator = node_differs(old, new, "evaluator"), autonomy = autonomy_differs(old, new),
    prompts = node_differs(old, new, "prompts") or node_differs(old, new, "memory"),
  }
end

-- The third argument of route is what the calls came to: most do not take it.
local function takes_effects(role)
  return role ~= nil and role.about.route ~= nil and (role.script:parameters("route") or 3) >= 3
end

local function roles_that_differ(old, new)
  local roles = {}
  for name, role in pairs(old.generation.roles) do
    local other = new.generation.roles[name]
    if is_other(role, other) then
      roles[name] = {
        prompt = true, route = role.about.route ~= nil or other ~= nil and other.about.route ~= nil,
        effects = takes_effects(role) or takes_effects(other),
      }
    end
  end
  return roles
end

-- ---- both ----

local function refused(problem)
  local path = problem.path == "gate" and "config/organization.json" or problem.path
  return nil, errors.new(problem.err.code, path .. " would not serve: " .. problem.err.message,
    errors.cure(problem.err) or "correct " .. path .. "; nothing was judged")
end

local function texts_of(store, id)
  local row = store:read("generation", { id = id })[1]
  local texts = {}
  for path, blob in pairs(row and row.files or {}) do
    texts[path] = store:blob(blob)
  end
  return next(texts) and texts
end

local function pair(old, new, changed)
  local calls = calls_that_differ(old, new)
  return {
    old = old, new = new, changed = changed, differs = differences(old, new), calls = calls, roles = roles_that_differ(old, new),
    beyond = beyond.of(old, new, calls == true or next(calls) ~= nil),
  }
end

---Both sides of a set of texts.
---@param texts table<string, string>
---@param config table as the texts served with
---@return SimPair|nil
---@return Error|nil err  a changed script would not serve
---@return boolean|nil lost  it is the recorded ones that do not build any more
function Sides:both(texts, config)
  local over, changed = with.over(texts, self.overlay)
  config = with_process(config)
  local new_config = with_process(config, self.overlay.process, self.overlay.models)
  local old, problems = scripts.build(texts, rules_of(config), self.last)
  if not old or #problems > 0 then
    local _, err = refused(problems[1])
    return nil, err, true
  end
  local new
  new, problems = scripts.build(over, rules_of(new_config), old)
  if not new or #problems > 0 then
    return refused(problems[1])
  end
  self.last = old -- the next one keeps what is the same
  if self.overlay.process and not same(config.organization.process_rules, self.overlay.process) then
    changed[#changed + 1] = "config/organization.json"
  end
  return pair({ generation = old, config = config }, { generation = new, config = new_config }, changed)
end

---A recorded configuration; the project's own when there is none.
---@param blob string|nil
---@return table|nil config
---@return Error|nil
function Sides:configuration(blob)
  if not blob then
    return self.now
  end
  local known = self.configs[blob]
  if not known then
    local text, err = errors.check(self.store:blob(blob))
    if text then
      known, err = settings.config(text)
    end
    if not known then
      return nil, err
    end
    self.configs[blob] = known
  end
  return known
end

---Both sides of a recorded generation.
---@param generation string its id
---@param blob string|nil the recorded configuration
---@return SimPair|nil
---@return Error|nil err
---@return boolean|nil lost  what was recorded cannot be made again: nothing of it can be judged
function Sides:of(generation, blob)
  local key = generation .. " " .. (blob or "")
  if self.pairs[key] then
    return self.pairs[key]
  end
  local config, err = self:configuration(blob)
  local texts = config and texts_of(self.store, generation)
  if not texts then
    return nil, err or errors.new("ERR_NOT_FOUND", "the scripts of the generation " .. generation .. " are not there any more"), true
  end
  local both, why, lost = self:both(texts, config)
  self.pairs[key] = both
  return both, why, lost
end

---Both sides of the project's present scripts and settings.
---@param project table
---@return SimPair|nil
---@return Error|nil
function Sides:present(project)
  if not self.pairs.present then
    local texts, problems = scripts.texts(project.root)
    if #problems > 0 then
      return refused(problems[1])
    end
    local both, err = self:both(texts, self.now)
    if not both then
      return nil, err
    end
    self.pairs.present = both
  end
  return self.pairs.present
end

---True when a role's calls may be judged otherwise.
---@param both SimPair
---@param role string
---@return boolean
function M.may_differ(both, role)
  return both.calls == true or both.calls[role] == true
end

---Everything in which any of the pairs differed.
---@return string[]
function Sides:changed()
  local all = {}
  for _, both in pairs(self.pairs) do
    for _, path in ipairs(both.changed) do
      all[path] = true
    end
  end
  return list.keys(all)
end

---What is changed and not judged, each with why.
---@return string[]
function Sides:not_simulated()
  local all, lines = {}, {}
  for _, path in ipairs(self.overlay.ignored) do
    all[path] = "no recorded decision is made by it alone"
  end
  for _, both in pairs(self.pairs) do
    for what, why in pairs(both.beyond) do
      all[what] = why
    end
  end
  for i, what in ipairs(list.keys(all)) do
    lines[i] = what .. ": " .. all[what]
  end
  return lines
end

---@param project table opened
---@param overlay Overlay
---@return table sides
function M.new(project, overlay)
  return setmetatable({ store = project.store, now = project.config, overlay = overlay, pairs = {}, configs = {} }, Sides)
end

return M
