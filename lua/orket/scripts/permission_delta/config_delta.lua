-- config_delta.lua: what another configuration makes possible. It is written by people, outside of every
-- tree, and read when a run begins, so that it does not wait for a yes; but what it widens is told and
-- recorded. A key whose direction nobody knows counts as more when it changed. Pure.

local autonomy = require("orket.governance.autonomy")
local cjson = require("cjson")
local tables = require("orket.util.tables")
local strings = require("orket.util.strings")
local limits = require("orket.scheduler.limits")

local M = {}

local SHORT = 60 -- bytes of a value that is shown

local function text(value)
  return value == nil and "nothing" or cjson.encode(value)
end

local function is_same(a, b)
  return text(a) == text(b)
end

local function shown(value)
  local said = text(value)
  return #said > SHORT and strings.cut(said, SHORT) .. "..." or said
end

local function adder(rows, root)
  return function(path, was, now)
    rows[#rows + 1] = { config = "config/" .. root .. path, was = shown(was), now = shown(now), why = "it is "
      .. shown(now) .. ", before " .. shown(was) }
  end
end

local function of_map(value)
  return type(value) == "table" and value or {}
end

-- ---- values ----

local function holds(items, item)
  for _, other in ipairs(of_map(items)) do
    if is_same(item, other) then
      return true
    end
  end
  return false
end

-- Each item of `all` has to be in `known`.
local function each_in(all, known, path, add, is_new)
  for _, item in ipairs(of_map(all)) do
    if not holds(known, item) then
      add(path, not is_new and item or nil, is_new and item or nil)
    end
  end
end

-- What refuses: nothing of it may be missing.
local function refusals(was, now, path, add)
  each_in(was, now, path, add)
end

-- What lets through: nothing of it may be new.
local function permissions(was, now, path, add)
  each_in(now, was, path, add, true)
end

-- Caps: a number may be lower, and there may be more of them.
local function caps(was, now, path, add)
  if type(was) == "table" and type(now) == "table" then
    for _, key in ipairs(tables.keys(was)) do
      caps(was[key], now[key], path .. "/" .. key, add)
    end
  elseif not is_same(was, now) and not (type(was) == "number" and type(now) == "number" and now < was) then
    add(path, was, now)
  end
end

local function of_limits(was, now, path, add)
  caps(of_map(was), of_map(now), path, add)
  for _, key in ipairs(tables.keys(of_map(now))) do
    local default = limits.DEFAULTS[key]
    if of_map(was)[key] == nil and default and now[key] > default then
      add(path .. "/" .. key, default, now[key])
    end
  end
end

local function budgets(was, now, path, add)
  caps(of_map(was), of_map(now), path, add)
end

local CARE = { ask_all = 0, ask_risky = 1 }

local function modes(was, now, path, add)
  local roles = { ["*"] = true }
  for _, map in ipairs({ of_map(was), of_map(now) }) do
    for role in pairs(map) do
      roles[role] = true
    end
  end
  for _, role in ipairs(tables.keys(roles)) do
    local before, after = autonomy.of({ autonomy = was }, role), autonomy.of({ autonomy = now }, role)
    if (CARE[after] or 2) > (CARE[before] or 2) then
      add(path .. "/" .. role, before or "autonomous", after or "autonomous")
    end
  end
end

local function expiry(was, now, path, add)
  local before, after = autonomy.expires({ approvals = was }), autonomy.expires({ approvals = now })
  if after > before then
    add(path .. "/expires", before .. " s", after .. " s")
  end
end

local function marks(was, now, path, add)
  if was ~= "off" and now == "off" then
    return add(path, was, now)
  end
  local before, after = of_map(of_map(was).files), of_map(of_map(now).files)
  for _, pattern in ipairs(was ~= "off" and tables.keys(before) or {}) do
    refusals(before[pattern], after[pattern], path .. "/files/" .. pattern, add)
  end
end

local function switch(open)
  return function(was, now, path, add)
    if now == open and was ~= open then
      add(path, was, now)
    end
  end
end

local function unless_new(was, now, path, add)
  if was ~= nil and not is_same(was, now) then
    add(path, was, now)
  end
end

local function nothing() end

local function any(was, now, path, add)
  if not is_same(was, now) then
    add(path, was, now)
  end
end

local RULES = {
  gate = refusals, rates = refusals, forbidden_types = refusals, commands = permissions, limits = of_limits,
  budgets = budgets,
  autonomy = modes, approvals = expiry, labels = marks, growth = switch("auto"), canary = unless_new,
  thresholds = nothing,
}

-- ---- the parts of a configuration ----

local function each(was, now, visit)
  local keys = {}
  for _, map in ipairs({ of_map(was), of_map(now) }) do
    for key in pairs(map) do
      keys[key] = true
    end
  end
  for _, key in ipairs(tables.keys(keys)) do
    visit(key, of_map(was)[key], of_map(now)[key])
  end
end

local function seats(was, now, add)
  each(was.seats, now.seats, function(name, before, after)
    if after then
      permissions(of_map(before).roles, after.roles, "/seats/" .. name .. "/roles", add)
      unless_new(before and { before.model }, { after.model }, "/seats/" .. name .. "/model", add)
    end
  end)
end

-- Another address above all: what it is asked, and its key, go there.
local function model(was, now, path, add)
  if was == nil then
    return add(path, was, now)
  end
  each(was, now, function(key, before, after)
    any(before, after, path .. "/" .. key, add)
  end)
end

-- Who may do what, and answer what.
local function people(was, now, add)
  was, now = of_map(was), of_map(now)
  refusals(was.approvals, now.approvals, "/people/approvals", add)
  permissions(was.delegations, now.delegations, "/people/delegations", add)
  each(was.roles, now.roles, function(name, before, after)
    permissions(before, after, "/people/roles/" .. name, add)
  end)
end

---@param was table a configuration as it is recorded (settings.of)
---@param now table
---@return {config: string, was: string, now: string, why: string}[] what the later one makes possible
function M.rows(was, now)
  local rows = {}
  local add = adder(rows, "organization.json#")
  each(was.process_rules, now.process_rules, function(key, before, after)
    (RULES[key] or any)(before, after, "/process_rules/" .. key, add)
  end)
  local design = of_map(of_map(was.architecture).idesign)
  if design.enabled then
    any(design, of_map(now.architecture).idesign, "/architecture/idesign", add)
  end
  each(was.models, now.models, function(name, before, after)
    if after then
      model(before, after, "/models/" .. name, add)
    end
  end)
  for _, part in ipairs({ "mcp", "remotes" }) do
    each(was[part], now[part], function(name, before, after)
      if after then
        any(before, after, "/" .. part .. "/" .. name, add)
      end
    end)
  end
  people(was.people, now.people, add)
  if now.team then
    seats(of_map(was.team), now.team, adder(rows, "teams/" .. tostring(now.team.id) .. ".json#"))
  end
  any(of_map(was.environment).model, of_map(now.environment).model, "/model",
    adder(rows, "environments/" .. tostring(of_map(now.environment).id) .. ".json#"))
  return rows
end

return M
