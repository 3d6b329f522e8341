-- list.lua: the three things about lists and maps that everybody needs. Pure.

local M = {}

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
