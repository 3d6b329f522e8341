-- span_content.lua: what was said, as attributes of spans: left out unless the environment asks for it
-- (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT).

local cjson = require("cjson")
local strings = require("orket.util.strings")

local M = {}

local TEXT = 65536 -- bytes of one attribute
local MESSAGES = 20 -- of those that a model was sent: the newest

local Content = {}
Content.__index = Content

---@param store Store
---@return table content
function M.new(store)
  return setmetatable({ store = store }, Content)
end

local function call_part(call)
  local fn = call["function"] or {}
  return { type = "tool_call", id = call.id, name = fn.name, arguments = fn.arguments }
end

-- A message as the conventions write it; what is no text (images) is left out.
local function message_of(text)
  local message = cjson.decode(text)
  local parts = {}
  local said = type(message.content) == "string" and message.content or nil
  if message.role == "tool" then
    parts[1] = { type = "tool_call_response", id = message.tool_call_id, response = said }
  elseif said then
    parts[1] = { type = "text", content = said }
  end
  for _, call in ipairs(type(message.tool_calls) == "table" and message.tool_calls or {}) do
    parts[#parts + 1] = call_part(call)
  end
  return { role = message.role, parts = setmetatable(parts, cjson.array_mt) }
end

local function written(messages)
  return strings.shortened(cjson.encode(setmetatable(messages, cjson.array_mt)), TEXT)
end

---What a model was sent and what it replied.
---@param convo string the conversation up to the reply
---@return table<string, string>|nil
function Content:reply(convo)
  local texts = self.store:conversation(convo)
  if not texts then
    return nil
  end
  local sent = {}
  for i = math.max(1, #texts - MESSAGES), #texts - 1 do
    sent[#sent + 1] = message_of(texts[i])
  end
  return { ["gen_ai.input.messages"] = written(sent),
    ["gen_ai.output.messages"] = written({ message_of(texts[#texts]) }) }
end

-- The arguments of a call, as the model wrote them.
local function arguments_of(self, convo, id)
  local text = convo and self.store:message(convo)
  for _, call in ipairs(text and message_of(text).parts or {}) do
    if call.id == id then
      return call.arguments
    end
  end
end

---What a tool was called with, and what the model read of it.
---@param said string|nil the conversation up to the reply that called it
---@param result {call: string, convo: string} body of call.result
---@return table<string, string>
function Content:result(said, result)
  local text = self.store:message(result.convo)
  local content = text and cjson.decode(text).content
  local arguments = arguments_of(self, said, result.call)
  return {
    ["gen_ai.tool.call.arguments"] = arguments and strings.shortened(arguments, TEXT) or nil,
    ["gen_ai.tool.call.result"] = type(content) == "string" and strings.shortened(content, TEXT) or nil,
  }
end

return M
