-- tables.lua: the few things about lists and maps that all modules need. Pure.

local cjson = require("cjson")

local M = {}

---A value of a JSON text, nil for null: `and … or` would lose what is false.
---@param value any
---@return any
function M.given(value)
  if value == cjson.null then
    return nil
  end
  return value
end

---A copy of a map without what is null.
---@param map table<string, any>
---@return table<string, any>
function M.all_given(map)
  local copy = {}
  for key, value in pairs(map) do
    copy[key] = M.given(value)
  end
  return copy
end

---The keys of a map, sorted.
---@param map table<string, any>
---@return string[]
function M.keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

---The items of a list as the keys of a map.
---@param list any[]
---@return table<any, true>
function M.set(list)
  local set = {}
  for _, item in ipairs(list) do
    set[item] = true
  end
  return set
end

---@param list any[]
---@param value any
---@return boolean
function M.has(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

---Takes the first item that is this value out of a list.
---@param list any[]
---@param value any
function M.drop(list, value)
  for i, item in ipairs(list) do
    if item == value then
      table.remove(list, i)
      return
    end
  end
end

---True when two plain values are the same all the way down.
---@param a any
---@param b any
---@return boolean
function M.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not M.same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

---One field of each row, in their order.
---@param rows table[]
---@param name string
---@return any[]
function M.column(rows, name)
  local values = {}
  for i, row in ipairs(rows) do
    values[i] = row[name]
  end
  return values
end

---A part of a map.
---@param map table<string, any>
---@param names string[]
---@return table<string, any>
function M.pick(map, names)
  local picked = {}
  for _, name in ipairs(names) do
    picked[name] = map[name]
  end
  return picked
end

return M
