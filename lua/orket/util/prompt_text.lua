-- prompt_text.lua: what of another author's text some model's template takes for its own marks, which it must
-- not bring into a prompt. Characters that a person does not see are in util/unseen.lua.

local M = {}

-- Such a mark would end the text and begin another speaker's.
local MARKS = {
  "<|", "|>", "<｜", "｜>", "[inst]", "[/inst]", "<<sys>>", "<</sys>>", "<s>", "</s>", "<bos>", "<eos>",
  "<start_of_turn>", "<end_of_turn>", "<start_of_role>", "<end_of_role>", "[tool_calls]", "[available_tools]",
  "[tool_results]", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>",
  "</think>", "<function=", "<system>", "</system>",
}

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

return M
