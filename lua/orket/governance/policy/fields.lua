-- fields.lua: the members of `call` and `view` that a policy declares in its list `fields`, such as
-- "call.tool" or "view.card.type": it is given only those. Asking for another one is an error, and so a deny.
-- Pure.

local doc = require("orket.core.doc")

local M = {}

local ARGUMENTS = { call = 1, view = 2 } -- of decide
local DEEPEST = 8 -- names of a member of members

local function names_of(field)
  local names = {}
  for name in field:gmatch("[^.]+") do
    names[#names + 1] = name
  end
  return names
end

local function is_field(field)
  if type(field) ~= "string" or not field:find("^%l+%.[%w_.]*[%w_]$") or field:find("..", 1, true) then
    return false
  end
  local names = names_of(field)
  return ARGUMENTS[names[1]] ~= nil and #names <= DEEPEST
end

---What is wrong with a list of fields; nil: nothing.
---@param list any
---@return string|nil
function M.fault(list)
  if type(list) ~= "table" or #list == 0 then
    return 'fields is not a list of names like "call.tool"'
  end
  for _, field in ipairs(list) do
    if not is_field(field) then
      return "fields: '" .. tostring(field) .. '\' is not a name like "call.tool" or "view.card.type"'
    end
  end
end

local function add(mask, names)
  for i = 2, #names do
    if mask[names[i]] == true then
      return
    end
    mask[names[i]] = i == #names or mask[names[i]] or {}
    mask = mask[names[i]]
  end
end

---@param list string[] without a fault
---@return Doc[] masks for script:mask
function M.masks(list)
  local masks = { {}, {} }
  for _, field in ipairs(list) do
    local names = names_of(field)
    add(masks[ARGUMENTS[names[1]]], names)
  end
  return { assert(doc.new(masks[1])), assert(doc.new(masks[2])) }
end

return M
