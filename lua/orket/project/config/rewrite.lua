-- rewrite.lua: sets one member of a JSON object in a file's text; every other byte stays as a person wrote
-- it. Pure.

local doc = require("orket.core.doc")

local M = {}

-- The offset behind a string that begins at `at`.
local function string_end(text, at)
  local pos = at + 1
  while true do
    local quote = text:find('["\\]', pos)
    if text:sub(quote, quote) == '"' then
      return quote + 1
    end
    pos = quote + 2
  end
end

-- The offset behind the value that begins at `at`, in a text that was parsed.
local function value_end(text, at)
  local depth, pos = 0, at
  repeat
    local byte = text:sub(pos, pos)
    if byte == '"' then
      pos = string_end(text, pos)
    elseif byte:find("[%[{]") then
      depth, pos = depth + 1, pos + 1
    elseif byte:find("[%]}]") then
      depth, pos = depth - 1, pos + 1
    else
      pos = text:find(depth > 0 and '[%[%]{}"]' or "[%s,%]}]", pos) or #text + 1
    end
  until depth == 0
  return pos
end

local function escaped(key)
  return (key:gsub("~", "~0"):gsub("/", "~1"))
end

-- A new member, first in its object, on a line of its own where the others have that.
local function insert(text, open, member)
  local gap = text:match("^%s*", open + 1)
  local is_empty = text:sub(open + 1 + #gap, open + 1 + #gap) == "}"
  local own_line = gap:match("\n[ \t]*$")
  if is_empty then
    return text:sub(1, open) .. member .. text:sub(open + 1 + #gap)
  end
  return text:sub(1, open) .. (own_line or "") .. member .. "," .. (own_line and gap or " ")
    .. text:sub(open + 1 + #gap)
end

---@param text string JSON that has an object at the pointer
---@param pointer string "" or "/models"
---@param key string of the member
---@param value string JSON
---@return string
function M.set(text, pointer, key, value)
  local tree = assert(doc.parse(text))
  local at = tree:at(pointer .. "/" .. escaped(key))
  if at then
    return text:sub(1, at) .. value .. text:sub(value_end(text, at + 1))
  end
  return insert(text, assert(tree:at(pointer)) + 1, '"' .. key .. '": ' .. value)
end

return M
