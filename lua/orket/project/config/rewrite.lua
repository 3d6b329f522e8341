-- rewrite.lua: sets or removes one value in the text of a JSON file; every other byte stays as a person wrote
-- it. Pure.

local cjson = require("cjson")
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

-- The offset before a string that ends at `at`: a quote behind an odd number of backslashes is in it.
local function string_start(text, at)
  local pos = at
  repeat
    pos = text:sub(1, pos - 1):match("^.*()\"")
  until #text:sub(1, pos - 1):match("(\\*)$") % 2 == 0
  return pos
end

-- The offset at which a member begins, with its key, or an item.
local function member_start(text, at)
  local before = text:sub(1, at):match("^.*()\"%s*:%s*$")
  return before and string_start(text, before) or at + 1
end

---Removes a member of an object or an item of a list, with its comma.
---@param text string JSON
---@param pointer string of a value that is there: "/issues/2"
---@return string
function M.remove(text, pointer)
  local at = assert(doc.parse(text)):at(pointer)
  local first, behind = member_start(text, at), value_end(text, at + 1)
  local comma = text:match("^%s*,()", behind)
  if comma then
    return text:sub(1, first - 1) .. text:sub(text:match("^%s*()", comma))
  end
  return text:sub(1, first - 1):gsub("%s*,?%s*$", "") .. text:sub(behind)
end

---Sets a member of an object, or an item of a list that is there.
---@param text string JSON that has the object or the list at the pointer
---@param pointer string "" or "/models"
---@param key string of the member; "0" of the first item
---@param value string JSON
---@return string
function M.set(text, pointer, key, value)
  local tree = assert(doc.parse(text))
  local at = tree:at(pointer .. "/" .. escaped(key))
  if at then
    return text:sub(1, at) .. value .. text:sub(value_end(text, at + 1))
  end
  return insert(text, assert(tree:at(pointer)) + 1, cjson.encode(key) .. ": " .. value)
end

return M
