-- mock_anthropic.lua: the mock as the Messages API: a request in OpenAI's form for the script, its reply as
-- blocks. Pure.

local cjson = require("cjson")
local replies = require("orket.dev.mock.reply")

local M = {}

-- ---- the request ----

local function text_of(content)
  if type(content) == "string" then
    return content
  end
  local texts = {}
  for _, block in ipairs(content or {}) do
    texts[#texts + 1] = block.type == "text" and block.text or nil
  end
  return table.concat(texts, "\n")
end

local function assistant(content)
  local calls = {}
  for _, block in ipairs(type(content) == "table" and content or {}) do
    if block.type == "tool_use" then
      calls[#calls + 1] = { id = block.id, type = "function",
        ["function"] = { name = block.name, arguments = cjson.encode(block.input) } }
    end
  end
  return { role = "assistant", content = text_of(content), tool_calls = calls[1] and calls or nil }
end

local function add_files(files, blocks)
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    local source = (block.type == "image" or block.type == "document") and block.source
    files[#files + 1] = source and replies.file(source.media_type, source.data) or nil
  end
end

local function add_user(messages, content)
  local files = {}
  add_files(files, content)
  for _, block in ipairs(type(content) == "table" and content or {}) do
    if block.type == "tool_result" then
      add_files(files, block.content)
      messages[#messages + 1] = { role = "tool", tool_call_id = block.tool_use_id,
        content = text_of(block.content) }
    end
  end
  local said = text_of(content)
  if said ~= "" then
    messages[#messages + 1] = { role = "user", content = said }
  end
  if files[1] then
    messages[#messages + 1] = { role = "user", content = files }
  end
end

local function tools_of(tools)
  local all = {}
  for i, tool in ipairs(tools or {}) do
    all[i] = { type = "function", ["function"] = { name = tool.name, description = tool.description,
      parameters = tool.input_schema } }
  end
  return all[1] and all or nil
end

---What is asked, in OpenAI's form.
---@param body table
---@return table|nil request
---@return string? fault
function M.read(body)
  if math.type(body.max_tokens) ~= "integer" then
    return nil, "max_tokens: Field required"
  elseif type(body.messages) ~= "table" or #body.messages == 0 then
    return nil, "messages: at least one message is required"
  end
  local messages = {}
  if body.system then
    messages[1] = { role = "system", content = text_of(body.system) }
  end
  for _, message in ipairs(body.messages) do
    if message.role == "assistant" then
      messages[#messages + 1] = assistant(message.content)
    else
      add_user(messages, message.content)
    end
  end
  local format = (body.output_config or {}).format
  return {
    model = body.model, messages = messages, tools = tools_of(body.tools), tool_choice = body.tool_choice,
    stream = body.stream,
    max_tokens = body.max_tokens, temperature = body.temperature, stop = body.stop_sequences,
    response_format = format and { type = "json_schema",
      json_schema = { name = "reply", schema = format.schema } } or nil,
  }
end

-- ---- the reply ----

local FINISH = { stop = "end_turn", tool_calls = "tool_use", length = "max_tokens",
  content_filter = "refusal" }

local function input_of(call)
  local input = cjson.decode(call.arguments)
  return type(input) == "table" and input or {}
end

-- What was cached is no part of the input.
local function usage_of(reply, completion)
  local cached = replies.cached(reply.usage)
  return { input_tokens = reply.usage.prompt_tokens - (cached or 0), cache_read_input_tokens = cached,
    output_tokens = completion }
end

---@param reply table
---@return string
function M.whole(reply)
  local content = setmetatable({}, cjson.array_mt)
  if reply.reasoning then
    content[1] = { type = "thinking", thinking = reply.reasoning, signature = "mock" }
  end
  if reply.content then
    content[#content + 1] = { type = "text", text = reply.content, citations = cjson.null }
  end
  for _, call in ipairs(reply.calls) do
    content[#content + 1] = { type = "tool_use", id = call.id, name = call.name, input = input_of(call) }
  end
  local text = cjson.encode({
    id = reply.id, type = "message", role = "assistant", model = reply.model, content = content,
    stop_reason = FINISH[reply.finish] or reply.finish, stop_sequence = cjson.null,
    usage = usage_of(reply, reply.usage.completion_tokens),
  })
  return reply.malformed == true and text:sub(1, #text // 2) or text
end

local Events = {}
Events.__index = Events

function Events:add(event, said)
  self.texts[#self.texts + 1] = "event: " .. event.type .. "\ndata: " .. cjson.encode(event) .. "\n\n"
  self.said[#self.texts] = said or 0
end

-- A block with its deltas: {delta, bytes that it says}.
function Events:block(block, deltas, said)
  self:add({ type = "content_block_start", index = self.index, content_block = block }, said)
  for _, delta in ipairs(deltas) do
    self:add({ type = "content_block_delta", index = self.index, delta = delta[1] }, delta[2])
  end
  self:add({ type = "content_block_stop", index = self.index })
  self.index = self.index + 1
end

local function deltas_of(texts, kind, field)
  local deltas = {}
  for i, text in ipairs(texts) do
    deltas[i] = { { type = kind, [field] = text }, #text }
  end
  return deltas
end

local function add_blocks(events, reply)
  if reply.reasoning then
    local deltas = deltas_of(replies.pieces(reply.reasoning), "thinking_delta", "thinking")
    deltas[#deltas + 1] = { { type = "signature_delta", signature = "mock" } }
    events:block({ type = "thinking", thinking = "", signature = "" }, deltas)
  end
  if reply.content then
    events:block({ type = "text", text = "", citations = cjson.null },
      deltas_of(replies.chunks(reply), "text_delta", "text"))
  end
  for _, call in ipairs(reply.calls) do
    events:block({ type = "tool_use", id = call.id, name = call.name, input = {} },
      deltas_of(replies.pieces(call.arguments), "input_json_delta", "partial_json"), #call.name)
  end
end

---The events of a streamed answer, and how many bytes each of them says.
---@param reply table
---@return string[] events
---@return integer[] said
function M.events(reply)
  local events = setmetatable({ texts = {}, said = {}, index = 0 }, Events)
  events:add({ type = "message_start", message = {
    id = reply.id, type = "message", role = "assistant", model = reply.model,
    content = setmetatable({}, cjson.array_mt),
    stop_reason = cjson.null, stop_sequence = cjson.null, usage = usage_of(reply, 1),
  } })
  add_blocks(events, reply)
  if reply.malformed == true then
    events.texts[#events.texts + 1] = 'event: content_block_delta\ndata: {"type": "content_bl\n\n'
  end
  events:add({ type = "message_delta", delta = { stop_reason = FINISH[reply.finish] or reply.finish,
    stop_sequence = cjson.null },
    usage = { output_tokens = reply.usage.completion_tokens } })
  events:add({ type = "message_stop" })
  return events.texts, events.said
end

---The usage of a streamed answer that breaks off after so many events.
---@param request table
---@param reply table
---@param sent integer
---@return {prompt_tokens: integer, completion_tokens: integer}|nil
function M.broken(request, reply, sent)
  local events, said = M.events(reply)
  return replies.broken_off(request, reply, sent, events, said, { prompt = 1, all = #events - 1 })
end

---@param _ integer status
---@param message string
---@param kind string
---@return table
function M.fault(_, message, kind)
  return { type = "error", error = { type = kind, message = message } }
end

return M
