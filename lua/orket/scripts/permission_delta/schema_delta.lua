-- schema_delta.lua: does a tool's schema let more through than the one before it? Only what is plainly
-- narrower is: any other difference counts as wider. Pure.

local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

local WORDS = { title = true, description = true, default = true, examples = true, ["$comment"] = true,
  deprecated = true }

local function is_map(value)
  return type(value) == "table" and getmetatable(value) ~= cjson.array_mt and #value == 0
end

local function text(value)
  return value == nil and "nothing" or cjson.encode(value)
end

local function is_same(a, b)
  return text(a) == text(b)
end

local function within(smaller, larger)
  local known = {}
  for _, item in ipairs(larger) do
    known[text(item)] = true
  end
  for _, item in ipairs(smaller) do
    if not known[text(item)] then
      return false
    end
  end
  return true
end

local function upper(was, now)
  return was == nil or type(now) == "number" and now <= was
end

local function lower(was, now)
  return was == nil or type(now) == "number" and now >= was
end

-- An assertion that was not there can only refuse more.
local function added(was, now)
  return was == nil or is_same(was, now)
end

local function types(value)
  return type(value) == "table" and value or { value }
end

local function within_types(was, now)
  local known = types(was)
  known = tables.has(known, "number") and table.move({ "integer" }, 1, 1, #known + 1,
    table.move(known, 1, #known, 1, {})) or known
  return was == nil or now ~= nil and within(types(now), known)
end

-- keyword -> is `now` no wider than `was`, each of them nil when it is not there
local NARROWER = {
  maxLength = upper, maximum = upper, maxItems = upper, maxProperties = upper, exclusiveMaximum = upper,
  minLength = lower, minimum = lower, minItems = lower, minProperties = lower, exclusiveMinimum = lower,
  enum = function(was, now) return was == nil or type(now) == "table" and within(now, was) end,
  required = function(was, now) return was == nil or type(now) == "table" and within(was, now) end,
  additionalProperties = function(was, now)
    return was == nil or was == true or now == false or is_same(was, now)
  end,
  format = function(was, now) return was == nil or now == was end,
  pattern = function(was, now) return was == nil or now == was end,
  const = function(was, now) return was == nil or now ~= nil and is_same(was, now) end,
  uniqueItems = function(was, now) return was ~= true or now == true end,
  type = within_types, items = added, ["not"] = added, allOf = added, anyOf = added, oneOf = added,
  propertyNames = added, multipleOf = added,
}

local compare

local function compare_properties(was, now, closed, at, found)
  for name, schema in pairs(now) do
    if was[name] then
      compare(was[name], schema, at .. "/properties/" .. name, found)
    elseif closed then
      found[#found + 1] = at .. "/properties/" .. name .. " is new"
    end
  end
  for name in pairs(was) do
    if not now[name] and not closed then
      found[#found + 1] = at .. "/properties/" .. name .. " is not looked at any more"
    end
  end
end

-- A property that nobody names is refused only where the schema is closed.
local function is_closed(schema)
  return schema.additionalProperties == false
end

-- What is unevaluated depends on all other words beside it.
local function is_tangled(was, now)
  for _, schema in ipairs({ was, now }) do
    if schema.unevaluatedProperties ~= nil or schema.unevaluatedItems ~= nil then
      return true
    end
  end
  return false
end

function compare(was, now, at, found)
  if not (is_map(was) and is_map(now)) or is_tangled(was, now) then
    found[#found + 1] = not is_same(was, now) and at .. ": " .. text(was) .. " is " .. text(now) or nil
    return
  end
  local keys = {}
  for _, side in ipairs({ was, now }) do
    for key in pairs(side) do
      keys[key] = true
    end
  end
  for key in pairs(keys) do
    local narrower = NARROWER[key]
    if WORDS[key] or key:find("^x%-") then -- luacheck: ignore
      -- for people
    elseif key == "properties" then
      compare_properties(was.properties or {}, now.properties or {}, is_closed(was) and is_closed(now), at,
        found)
    elseif key == "items" and was.items ~= nil and now.items ~= nil then
      compare(was.items, now.items, at .. "/items", found)
    elseif narrower and not narrower(was[key], now[key]) or not narrower
      and not is_same(was[key], now[key]) then
      found[#found + 1] = at .. "/" .. key .. ": " .. text(was[key]) .. " is " .. text(now[key])
    end
  end
end

---@param was table|nil JSON Schema
---@param now table|nil
---@return string[] places where more may pass, sorted
function M.wider(was, now)
  local found = {}
  compare(was or {}, now or {}, "", found)
  table.sort(found)
  return found
end

return M
