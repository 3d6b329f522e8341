-- conversation_memory.lua: what is known of a conversation from one request to the next, so that no message
-- is decoded or encoded twice. A conversation is its list of messages, which grows; what was known of it goes
-- with it. Pure.

local M = {}

local memories = setmetatable({}, { __mode = "k" }) -- list of messages -> what is known of it

---What is known of a conversation: a table to write into, by name.
---@param messages string[]
---@return table
function M.of(messages)
  memories[messages] = memories[messages] or {}
  return memories[messages]
end

---Does a conversation go on from messages that were read before?
---@param read string[]
---@param messages string[]
---@return boolean
function M.goes_on(read, messages)
  for i = #read, 1, -1 do -- the last ones are those that may have changed
    if read[i] ~= messages[i] then
      return false
    end
  end
  return true
end

---The translation of a text, made once.
---@param memory table
---@param name string of the translation
---@param text string
---@param translate fun(text: string, ...): string
---@param ... any the same for all texts of this name
---@return string
function M.once(memory, name, text, translate, ...)
  local known = memory[name] or {}
  memory[name] = known
  known[text] = known[text] or translate(text, ...)
  return known[text]
end

return M
