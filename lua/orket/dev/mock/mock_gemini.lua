-- mock_gemini.lua: the mock as Google's Gemini API: a request in OpenAI's form for the script, its reply as
-- parts. Pure.

local cjson = require("cjson")
local replies = require("orket.dev.mock.reply")

local M = {}

-- ---- the request ----

local function texts_of(content)
  local texts = {}
  for _, part in ipairs(type(content) == "table" and (content.parts or content) or {}) do
    texts[#texts + 1] = not part.thought and part.text or nil
  end
  return type(content) == "string" and content or table.concat(texts, "\n")
end

-- Calls without an id are told apart by their place, and results go to the oldest open call of their name.
local function add_model(state, content)
  local calls = {}
  for _, part in ipairs(content.parts or {}) do
    local call = part.functionCall
    if call then
      state.count = state.count + 1
      local id = call.id or "call_" .. state.count
      calls[#calls + 1] = { id = id, type = "function",
        ["function"] = { name = call.name, arguments = cjson.encode(call.args or {}) } }
      state.open[#state.open + 1] = { id = id, name = call.name }
    end
  end
  state.messages[#state.messages + 1] = { role = "assistant", content = texts_of(content),
    tool_calls = calls[1] and calls or nil }
end

local function take_open(state, response)
  for i, call in ipairs(state.open) do
    if response.id == call.id or not response.id and response.name == call.name then
      return table.remove(state.open, i).id
    end
  end
  return response.id or "call_0"
end

local function result_of(response)
  local result = response.response or {}
  return type(result.output) == "string" and result.output or cjson.encode(result)
end

local function add_user(state, content)
  local files = {}
  for _, part in ipairs(content.parts or {}) do
    local response, data = part.functionResponse, part.inlineData
    files[#files + 1] = data and replies.file(data.mimeType, data.data) or nil
    if response then
      state.messages[#state.messages + 1] = { role = "tool", tool_call_id = take_open(state, response),
        content = result_of(response) }
    end
  end
  local said = texts_of(content)
  if said ~= "" then
    state.messages[#state.messages + 1] = { role = "user", content = said }
  end
  if files[1] then
    state.messages[#state.messages + 1] = { role = "user", content = files }
  end
end

local function tools_of(tools)
  local all = {}
  for _, group in ipairs(tools or {}) do
    for _, tool in ipairs(group.functionDeclarations or {}) do
      all[#all + 1] = { type = "function", ["function"] = {
        name = tool.name, description = tool.description,
        parameters = tool.parametersJsonSchema or tool.parameters,
      } }
    end
  end
  return all[1] and all or nil
end

---What is asked, in OpenAI's form.
---@param body table
---@param path string
---@return table|nil request
---@return string? fault
function M.read(body, path)
  local model, verb = path:match("/models/(.+):(%a+)$")
  if type(body.contents) ~= "table" or #body.contents == 0 then
    return nil, "contents are missing"
  end
  local state = { messages = {}, open = {}, count = 0 }
  if body.systemInstruction then
    state.messages[1] = { role = "system", content = texts_of(body.systemInstruction) }
  end
  for _, content in ipairs(body.contents) do
    (content.role == "model" and add_model or add_user)(state, content)
  end
  local settings = body.generationConfig or {}
  local schema = settings.responseJsonSchema or settings.responseSchema
  return {
    model = model, messages = state.messages, tools = tools_of(body.tools),
    stream = verb == "streamGenerateContent",
    tool_choice = (body.toolConfig or {}).functionCallingConfig, max_tokens = settings.maxOutputTokens,
    temperature = settings.temperature, stop = settings.stopSequences,
    response_format = schema
      and { type = "json_schema", json_schema = { name = "reply", schema = schema } } or nil,
  }
end

-- ---- the reply ----

local FINISH = { stop = "STOP", tool_calls = "STOP", length = "MAX_TOKENS", content_filter = "SAFETY" }

local function part_of_call(call)
  local args = cjson.decode(call.arguments)
  return { functionCall = { id = call.id, name = call.name, args = type(args) == "table" and args or {} },
    thoughtSignature = "bW9jaw==" }
end

local function chunk(reply, parts, last)
  local usage = reply.usage
  return {
    candidates = { { index = 0, content = { role = "model", parts = setmetatable(parts, cjson.array_mt) },
      finishReason = last and (FINISH[reply.finish] or reply.finish) or nil } },
    usageMetadata = last and { promptTokenCount = usage.prompt_tokens,
      candidatesTokenCount = usage.completion_tokens,
      totalTokenCount = usage.total_tokens, cachedContentTokenCount = replies.cached(usage) } or nil,
    modelVersion = reply.model, responseId = reply.id,
  }
end

---@param reply table
---@return string
function M.whole(reply)
  local parts = {}
  if reply.reasoning then
    parts[1] = { text = reply.reasoning, thought = true }
  end
  if reply.content then
    parts[#parts + 1] = { text = reply.content }
  end
  for _, call in ipairs(reply.calls) do
    parts[#parts + 1] = part_of_call(call)
  end
  local text = cjson.encode(chunk(reply, parts, true))
  return reply.malformed == true and text:sub(1, #text // 2) or text
end

---The events of a streamed answer, and how many bytes each of them says.
---@param reply table
---@return string[] events
---@return integer[] said
function M.events(reply)
  local events, said = {}, {}
  local function add(parts, bytes, last)
    events[#events + 1] = "data: " .. cjson.encode(chunk(reply, parts, last)) .. "\r\n\r\n"
    said[#events] = bytes
  end
  for _, text in ipairs(replies.pieces(reply.reasoning or "")) do
    add({ { text = text, thought = true } }, #text)
  end
  for _, text in ipairs(replies.chunks(reply)) do
    add({ { text = text } }, #text)
  end
  for _, call in ipairs(reply.calls) do
    add({ part_of_call(call) }, #call.name + #call.arguments)
  end
  if reply.malformed == true then
    events[#events + 1] = 'data: {"candidates": [{"conte\r\n\r\n'
  end
  add({ { text = "" } }, 0, true)
  return events, said
end

---The usage of a streamed answer that breaks off after so many events.
---@param request table
---@param reply table
---@param sent integer
---@return {prompt_tokens: integer, completion_tokens: integer}|nil
function M.broken(request, reply, sent)
  local events, said = M.events(reply)
  return replies.broken_off(request, reply, sent, events, said, { prompt = 0, all = #events })
end

local STATUS = { [400] = "INVALID_ARGUMENT", [401] = "UNAUTHENTICATED", [404] = "NOT_FOUND",
  [429] = "RESOURCE_EXHAUSTED", [503] = "UNAVAILABLE" }

---@param status integer
---@param message string
---@return table
function M.fault(status, message)
  return { error = { code = status, message = message, status = STATUS[status] or "INTERNAL" } }
end

return M
