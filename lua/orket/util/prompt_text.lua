-- prompt_text.lua: what a text of somebody else's must not bring into a prompt: characters that nobody sees,
-- so that nobody who reviews the text knows what it says, and what some model's template takes for its own
-- marks.

local M = {}

-- Such a mark would end the text and begin another speaker's.
local MARKS = {
  "<|", "|>", "<｜", "｜>", "[inst]", "[/inst]", "<<sys>>", "<</sys>>", "<s>", "</s>", "<bos>", "<eos>",
  "<start_of_turn>", "<end_of_turn>", "<start_of_role>", "<end_of_role>", "[tool_calls]", "[available_tools]",
  "[tool_results]", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>",
  "</think>", "<function=", "<system>", "</system>",
}

-- First and last of each row of them.
local HIDDEN = {
  { 0x00, 0x08 }, { 0x0B, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x034F, 0x034F }, { 0x061C, 0x061C },
  { 0x115F, 0x1160 }, { 0x17B4, 0x17B5 }, { 0x180B, 0x180F }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
  { 0x2060, 0x206F }, { 0x3164, 0x3164 }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 },
  { 0xFFF0, 0xFFFB }, { 0xE0000, math.maxinteger },
}

---@param code integer of a character
---@return boolean
function M.is_hidden(code)
  for _, row in ipairs(HIDDEN) do
    if code < row[1] then
      return false
    elseif code <= row[2] then
      return true
    end
  end
  return false
end

---The first mark of a template in a text.
---@param text string
---@return string|nil mark
function M.mark_in(text)
  local lower = text:lower()
  for _, mark in ipairs(MARKS) do
    if lower:find(mark, 1, true) then
      return mark
    end
  end
end

---A text without the characters that nobody sees.
---@param text string UTF-8
---@return string
function M.visible(text)
  return (text:gsub(utf8.charpattern, function(character)
    return M.is_hidden(utf8.codepoint(character)) and "" or nil
  end))
end

return M
