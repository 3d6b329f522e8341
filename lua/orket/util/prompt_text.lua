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

---@param code integer of a character
---@return boolean
function M.is_hidden(code)
  return code < 0x20 and code ~= 0x0A and code ~= 0x09 or code >= 0x7F and code < 0xA0
    or code == 0xAD or code == 0x034F or code == 0x061C or code == 0x115F or code == 0x1160
    or code == 0x17B4 or code == 0x17B5 or code >= 0x180B and code <= 0x180F
    or code >= 0x200B and code <= 0x200F or code >= 0x2028 and code <= 0x202E
    or code >= 0x2060 and code <= 0x206F or code == 0x3164 or code >= 0xFE00 and code <= 0xFE0F
    or code == 0xFEFF or code == 0xFFA0 or code >= 0xFFF0 and code <= 0xFFFB or code >= 0xE0000
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
