-- contract.lua: what a role, a node and a tool must be before it may serve. docs/roles.md,
-- docs/nodes.md and docs/tools.md say it to people; this table says it to the loader.

local cjson = require("cjson")
local deny_rules = require("orket.governance.policy.deny_rules")
local errors = require("orket.errors")
local fields = require("orket.governance.policy.fields")
local labels = require("orket.governance.labels")
local examples = require("orket.scripts.examples")
local schema = require("orket.core.schema")

local M = {}

-- name = { required functions }, and what else the file may hold
local NODES = {
  planner = { "plan" }, -- plan(candidates, {free}) -> ids in order
  router = { "route" }, -- route(card, team, {review, authors}) -> {seat, role}
  evaluator = { "decide" }, -- decide(card, {class, code, message, count}) -> {action, reason}
  prompts = { "build" }, -- build(view, prompt) -> messages
  models = { "choose" }, -- choose(role, card, models, past) -> name of a model
  loop = { "settings" }, -- settings(limits) -> {concurrency, window, steps, seconds, tokens}
  examples = {}, -- data: examples.lua
  memory = { "select" }, -- select(view, candidates) -> notes
  policy = { "decide" }, -- decide(call, view) -> nil | {decision, rule, why, fix}
}

local function is_function(value)
  return type(value) == "table" and value.type == "function"
end

local function broken(entry, what, fix)
  return nil, errors.new("ERR_SCRIPT_CONTRACT", entry.path .. ": " .. what, fix)
end

local function strings(entry, field)
  local list = entry.about[field]
  if type(list) ~= "table" then
    return broken(entry, field .. " must be a list of names")
  end
  for _, name in ipairs(list) do
    if type(name) ~= "string" then
      return broken(entry, field .. " must be a list of names")
    end
  end
  return true
end

local function functions(entry, names)
  for _, name in ipairs(names) do
    if not is_function(entry.about[name]) then
      return broken(entry, "the function " .. name .. " is missing", "see the shipped file of the same name")
    end
  end
  return true
end

local check = {}

local function compiles(entry, source, what)
  local compiled, err = errors.check(schema.compile(source))
  if not compiled and errors.is_environment(err) then
    return nil, err
  elseif not compiled then
    return broken(entry, what .. " is refused: " .. err.message, err.fix)
  end
  return true
end

-- Data that nobody routes would end a turn without an outcome.
local function check_output(entry)
  local ok, err = compiles(entry, entry.about.output, "its output")
  if ok then
    ok, err = functions(entry, { "route" })
  end
  return ok, err
end

function check.roles(entry)
  local ok, err = functions(entry, { "prompt" })
  if ok and entry.about.output ~= nil then
    ok, err = check_output(entry)
  end
  if not ok then
    return nil, err
  end
  return strings(entry, "tools")
end

-- Other names of parameters: {path = {"file_path"}}.
local function are_aliases(aliases)
  for target, names in pairs(type(aliases) == "table" and aliases or { false }) do
    if type(target) ~= "string" or type(names) ~= "table" then
      return false
    end
    for _, name in ipairs(names) do
      if type(name) ~= "string" then
        return false
      end
    end
  end
  return true
end

function check.tools(entry)
  local ok, err = functions(entry, { "run" })
  for _, field in ipairs({ "operations", "statuses", "types", "like" }) do
    if ok and (field == "operations" or entry.about[field] ~= nil) then
      ok, err = strings(entry, field)
    end
  end
  if not ok then
    return nil, err
  elseif type(entry.about.description) ~= "string" then
    return broken(entry, "description is missing")
  elseif entry.about.aliases ~= nil and not are_aliases(entry.about.aliases) then
    return broken(entry, "aliases is not a table of lists of names",
      'write it like aliases = { path = { "file_path" } }')
  end
  local fault, cure = labels.fault(entry.about)
  if fault then
    return broken(entry, fault, cure)
  end
  return compiles(entry, entry.about.schema or cjson.null, "its schema")
end

-- A policy forbids by data, by a function, or by both.
local function policy(entry)
  local about = entry.about
  local fault = about.deny ~= nil and deny_rules.fault(about.deny)
    or about.fields ~= nil and fields.fault(about.fields)
  if fault then
    return broken(entry, fault, "docs/policies.md has an example")
  elseif about.deny ~= nil and about.decide == nil then
    return true
  end
  return functions(entry, NODES.policy)
end

-- A file of another name has to say what it is: a policy that nobody recognizes would forbid nothing.
function check.nodes(entry)
  local is_policy = entry.name:find("^policy/") ~= nil
  local names = NODES[entry.about.node or is_policy and "policy" or entry.name]
  if is_policy and names ~= NODES.policy then
    return broken(entry, "it is no policy",
      'nodes/policy/ holds policies only: return node = "policy", or nothing')
  elseif not names then
    return broken(entry, "it does not say which kind of node it is",
      'return node = "policy", or another kind of docs/nodes.md')
  end
  local fault = names == NODES.examples and examples.file_fault(entry.about)
  if fault then
    return broken(entry, fault, "orket examples writes this file")
  elseif names == NODES.policy then
    return policy(entry)
  end
  return functions(entry, names)
end

local function self_test(entry)
  if not is_function(entry.about.self_test) then
    return true
  end
  local _, err = errors.check(entry.script:try("self_test"))
  if err and errors.is_environment(err) then
    return nil, err
  elseif err then
    return broken(entry, "its self-test failed: " .. err.message)
  end
  return true
end

---Checks a prepared script: its shape, then its own self-test when it has one.
---@param entry {path: string, kind: string, name: string, about: table, script: table}
---@return boolean|nil ok
---@return Error|nil
function M.check(entry)
  if type(entry.about) ~= "table" then
    return broken(entry, "it must return a table")
  end
  local ok, err = check[entry.kind](entry)
  if not ok then
    return nil, err
  end
  return self_test(entry)
end

return M
