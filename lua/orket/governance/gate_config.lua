-- gate_config.lua: the rules of a generation: what its roles and tools say of themselves, and the
-- organization rules, as the one table the gate is built from (core/model/gate.h). Nothing here decides
-- anything.

local cjson = require("cjson")
local errors = require("orket.errors")
local gate = require("orket.core.gate")
local tables = require("orket.util.tables")

local M = {}

local function list(value)
  return setmetatable(table.move(value, 1, #value, 1, {}), cjson.array_mt)
end

local PLACE = "config/organization.json#/process_rules/" -- where people wrote it

-- The organization's limits are also those of turns; the gate knows four of them.
local function gate_limits(limits)
  return limits and {
    arguments = limits.arguments, content = limits.content, calls = limits.calls, issues = limits.issues,
    where = PLACE .. "limits",
  }
end

-- The tools that a rule is about: those it names, and those that say they are like one of them.
local function tools_of(rule, tools)
  local named, all = {}, list(rule.tools)
  for _, name in ipairs(all) do
    named[name] = true
  end
  for _, name in ipairs(tables.keys(tools)) do
    for _, other in ipairs(not named[name] and tools[name].about.like or {}) do
      if named[other] then
        all[#all + 1] = name
        break
      end
    end
  end
  return all
end

-- The rules with their places, so that a refusal can name the one that decided.
local function gate_rules(rules, tools)
  local placed = setmetatable({}, cjson.array_mt)
  for i, rule in ipairs(rules) do
    placed[i] = { where = PLACE .. "gate/" .. i - 1 }
    for key, value in pairs(rule) do
      placed[i][key] = value
    end
    placed[i].tools = type(rule.tools) == "table" and tools_of(rule, tools) or rule.tools
  end
  return placed
end

---The rules as one table.
---@param generation {roles: table<string, {about: table}>, tools: table<string, {about: table}>}
---@param options GateOptions the organization's gate rules and limits
---@return table built
function M.of(generation, options)
  local built = {
    tools = {}, roles = {}, rules = options.rules and gate_rules(options.rules, generation.tools),
    limits = gate_limits(options.limits),
    types = options.types and { list = list(options.types), where = PLACE .. "forbidden_types" },
    commands = options.commands and list(options.commands),
  }
  for name, tool in pairs(generation.tools) do
    local about = tool.about
    built.tools[name] = {
      schema = about.schema,
      operations = list(about.operations),
      statuses = about.statuses and list(about.statuses),
      types = about.types and list(about.types),
      where = tool.path,
    }
  end
  for name, role in pairs(generation.roles) do
    built.roles[name] = { tools = list(role.about.tools), where = role.path }
  end
  return built
end

---Builds the gate of a generation.
---@param generation table
---@param options GateOptions
---@return table|nil gate
---@return Error|nil
function M.build(generation, options)
  return errors.check(gate.build(M.of(generation, options)))
end

return M
