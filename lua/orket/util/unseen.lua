-- unseen.lua: characters that a person does not see and a model or a file system reads: controls, fillers,
-- marks of width, direction and form, tags, and what no standard assigns. The only list of them in Lua.

local M = {}

-- First and last of each row, ascending.
local ROWS = {
  { 0x00, 0x08 }, { 0x0B, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x034F, 0x034F }, { 0x061C, 0x061C },
  { 0x115F, 0x1160 }, { 0x17B4, 0x17B5 }, { 0x180B, 0x180F }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
  { 0x2060, 0x206F }, { 0x3164, 0x3164 }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 },
  { 0xFFF0, 0xFFFB }, { 0x13430, 0x1343F }, { 0x16FE4, 0x16FE4 }, { 0x1BCA0, 0x1BCA3 }, { 0x1D159, 0x1D159 },
  { 0x1D173, 0x1D17A }, { 0xE0000, math.maxinteger },
}

---@param code integer of a character
---@return boolean
function M.is(code)
  for _, row in ipairs(ROWS) do
    if code < row[1] then
      return false
    elseif code <= row[2] then
      return true
    end
  end
  return false
end

---A text without the characters that a person does not see.
---@param text string UTF-8
---@return string
function M.removed(text)
  return (text:gsub(utf8.charpattern, function(character)
    return M.is(utf8.codepoint(character)) and "" or nil
  end))
end

return M
