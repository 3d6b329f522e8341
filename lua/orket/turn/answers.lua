-- answers.lua: what a role and a node answered to a turn, held against their contracts. Pure.

local cjson = require("cjson")
local errors = require("orket.errors")
local note = require("orket.memory.note")

local M = {}

local TEXT_MOST = 65536 -- bytes of one of them: several fit into an event, however they are escaped
local FIELDS = { "status", "reason", "why", "seat", "note" } -- of a proposal, texts all of them

local function broken(message, fix)
  return nil, errors.new("ERR_SCRIPT_CONTRACT", message, fix)
end

local function has_text(message)
  return message.content ~= nil and message.content ~= ""
end

local function is_messages(list)
  local any = false
  for _, message in ipairs(type(list) == "table" and list or {}) do
    if type(message) ~= "table" then
      return false
    end
    any = any or has_text(message)
  end
  return any
end

local function is_text(value)
  return value == nil or type(value) == "string"
end

---What a role's prompt answered: a text alone is the user message.
---@param answer any
---@param role string
---@return table|nil prompt {system?, user?} and what else its prompts node may read
---@return Error|nil
function M.prompt(answer, role)
  local prompt = { user = false }
  if type(answer) == "string" then
    prompt = { user = answer }
  elseif type(answer) == "table" then
    prompt = answer
  end
  for _, field in ipairs({ "system", "user" }) do
    if prompt[field] == cjson.null then
      prompt[field] = nil
    end
  end
  if next(prompt) == nil or not is_text(prompt.system) or not is_text(prompt.user) then
    return broken("prompt of the role " .. role .. " returned no texts",
      "return {system = text, user = text}, or one text: the user message")
  end
  return prompt
end

---The first messages of a conversation, from the prompts node.
---@param list any
---@return string[]|nil messages as JSON
---@return Error|nil
function M.messages(list)
  if not is_messages(list) then
    return broken("the prompts node returned no messages, or empty ones",
      "build(view, prompt) returns a list of {role, content}")
  end
  local texts = {}
  for i, message in ipairs(list) do
    texts[i] = cjson.encode(message)
  end
  return texts
end

local function is_proposal(answer)
  if type(answer) ~= "table" then
    return false
  end
  for _, field in ipairs(FIELDS) do
    if answer[field] == cjson.null then
      answer[field] = nil
    elseif answer[field] ~= nil and type(answer[field]) ~= "string" then
      return false
    end
  end
  if answer.memory == cjson.null then
    answer.memory = nil
  end
  return answer.status ~= nil and (answer.memory == nil or note.is_proposed(answer.memory))
end

-- The first text that is more than an event of the journal should carry; nil when all fit.
local function too_long(answer)
  for _, field in ipairs(FIELDS) do
    if #(answer[field] or "") > TEXT_MOST then
      return field
    end
  end
end

---What a role's route proposes; null is no opinion.
---@param answer any
---@param role string
---@return table|nil proposal
---@return Error|nil
function M.proposal(answer, role)
  if not is_proposal(answer) then
    return broken("route of the role " .. role .. " gave no proposal",
      "return nil, or {status, reason?, why?, seat?, note?, memory?}, texts all of them; "
        .. "memory may be {text, scope?, keywords?, days?}, for the card, the role or the epic")
  end
  local field = too_long(answer)
  if field then
    return broken("route of the role " .. role .. " gave " .. #answer[field] .. " bytes as " .. field,
      "at most " .. TEXT_MOST .. " bytes")
  end
  return answer
end

return M
