-- outline.lua: a nested value for people on a terminal: a line per field, deeper ones indented, long texts as
-- blocks that are cut. Programs get JSON (text.lua). Pure.

local tables = require("orket.util.tables")
local text = require("orket.view.format.text")

local M = {}

local TEXT_MOST = 2000 -- columns of one text
local DEPTH_MOST = 12

local function is_list(value)
  return #value > 0
end

-- What stands on one line comes before what takes several.
local function keys_of(value)
  local keys, rank = tables.keys(value), {}
  for i, key in ipairs(keys) do
    local item = value[key]
    local is_long = type(item) == "string" and item:find("\n")
    if type(item) == "table" then
      is_long = next(item) ~= nil
    end
    rank[key] = is_long and 1000 + i or i
  end
  table.sort(keys, function(a, b) return rank[a] < rank[b] end)
  return keys
end

local function cut(line)
  return #line <= TEXT_MOST and line or text.cut(line, TEXT_MOST) .. " (" .. #line .. " bytes)"
end

local put

-- A text of several lines stands below its name; what of it is too much is counted.
local function put_block(lines, head, block, indent)
  lines[#lines + 1] = head
  local shown = 0
  for line in (block .. "\n"):gmatch("(.-)\n") do
    if shown >= TEXT_MOST then
      lines[#lines + 1] = indent .. "… (" .. #block .. " bytes)"
      return
    end
    line = text.cut(text.clean(line), TEXT_MOST)
    lines[#lines + 1], shown = indent .. line, shown + #line + 1
  end
end

local function put_fields(lines, value, indent, depth)
  for _, key in ipairs(keys_of(value)) do
    put(lines, indent .. text.clean(key) .. ":", value[key], indent .. "  ", depth)
  end
end

local function put_items(lines, value, indent, depth)
  for _, item in ipairs(value) do
    put(lines, indent .. "-", item, indent .. "  ", depth)
  end
end

function put(lines, head, value, indent, depth)
  if type(value) == "table" and next(value) ~= nil and depth < DEPTH_MOST then
    lines[#lines + 1] = head
    return (is_list(value) and put_items or put_fields)(lines, value, indent, depth + 1)
  elseif type(value) == "string" and value:find("\n") then
    return put_block(lines, head, value, indent)
  end
  lines[#lines + 1] = head .. " " .. (type(value) == "table" and text.json(value) or cut(text.clean(value)))
end

---@param value table
---@return string[] lines without control characters
function M.lines(value)
  local lines = {}
  local rows = is_list(value) and put_items or put_fields
  rows(lines, value, "", 1)
  return lines
end

return M
