-- deny_rules.lua: what a policy forbids as data: its list `deny`, whose rules the engine applies itself
-- before it asks `decide`. A rule that is added can only forbid more, so a policy that only gains rules
-- serves at once.

local glob = require("orket.core.glob")
local tables = require("orket.util.tables")

local M = {}

local CONDITIONS = { "tool", "role", "path" } -- each a glob; a rule has at least one
local WORDS = { "rule", "why", "fix" }

local function fault_of(rule)
  if type(rule) ~= "table" then
    return "is not a table"
  end
  for key, value in pairs(rule) do
    local is_glob = tables.has(CONDITIONS, key)
    if not is_glob and not tables.has(WORDS, key) then
      return "has an unknown key: " .. tostring(key)
    elseif type(value) ~= "string" or value == "" then
      return "has a " .. key .. " that is not a text"
    elseif is_glob and glob.match(value, "x") == nil then
      return "has a " .. key .. " that is not a glob: " .. value
    elseif key == "rule" and (#value > 64 or value:find("[^%w._-]")) then
      return "has a rule that is not an id of at most 64 letters, digits, dots, dashes and underscores"
    end
  end
  return not (rule.tool or rule.role or rule.path) and "names no tool, role or path" or nil
end

---@class DenyRule
---@field tool string? a glob of names
---@field role string? likewise
---@field path string? a glob of paths beneath the tree: one path of the call that fits is enough
---@field rule string? the refusal's id, `policy.` before it
---@field why string?
---@field fix string?

---What is wrong with a list of rules; nil: nothing.
---@param list any
---@return string|nil
function M.fault(list)
  if type(list) ~= "table" then
    return "deny is not a list of rules"
  end
  local count = 0
  for _ in pairs(list) do
    count = count + 1
  end
  for i = 1, count do
    local fault = fault_of(list[i])
    if fault then
      return "deny, rule " .. i .. ": it " .. fault
    end
  end
end

local function fits(pattern, name)
  return pattern == nil or type(name) == "string" and glob.match(pattern, name) == true
end

local function some_fit(pattern, paths)
  for _, path in ipairs(pattern and paths or {}) do
    if fits(pattern, path) then
      return true
    end
  end
  return pattern == nil
end

---The first rule that forbids a call.
---@param list DenyRule[]
---@param call {tool: string, role: string, paths: string[]} as policies see it
---@return DenyRule|nil
function M.find(list, call)
  for _, rule in ipairs(list) do
    if fits(rule.tool, call.tool) and fits(rule.role, call.role) and some_fit(rule.path, call.paths) then
      return rule
    end
  end
end

---True when each rule of one list is in the other one.
---@param was DenyRule[]|nil
---@param now DenyRule[]|nil
---@return boolean
function M.are_kept(was, now)
  for _, rule in ipairs(was or {}) do
    local kept = false
    for _, other in ipairs(now or {}) do
      kept = kept or tables.same(tables.pick(rule, CONDITIONS), tables.pick(other, CONDITIONS))
    end
    if not kept then
      return false
    end
  end
  return true
end

return M
