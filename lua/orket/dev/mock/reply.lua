-- reply.lua: what a mock model says, in the bytes of the chat completions API. Pure: the request and the
-- script's answer in, texts out; equal requests give equal bytes.

local cjson = require("cjson")
local usages = require("orket.llm.usage")

local M = {}

local PIECE = 24 -- characters of a streamed piece

-- Four bytes are a token, as good as any for a model that does not exist.
local tokens = usages.estimate

local FILE_TOKENS = 1600 -- of an image or a PDF

-- Bytes of the files in a message, and how many there are.
local function files_in(message)
  local bytes, count = 0, 0
  for _, part in ipairs(type(message.content) == "table" and message.content or {}) do
    if part.type ~= "text" then
      bytes, count = bytes + #cjson.encode(part), count + 1
    end
  end
  return bytes, count
end

-- Of a request: its messages and its tools. Of a file its bytes are not counted.
local function asked(request)
  local text = #cjson.encode(request.messages) + (request.tools and #cjson.encode(request.tools) or 0)
  local files = 0
  for _, message in ipairs(request.messages) do
    local bytes, count = files_in(message)
    text, files = text - bytes, files + count
  end
  return tokens(text) + files * FILE_TOKENS
end

---A file as OpenAI's form has it.
---@param kind string media type
---@param data string base64
---@return table part
function M.file(kind, data)
  local url = "data:" .. kind .. ";base64," .. data
  return kind == "application/pdf" and { type = "file", file = { file_data = url } }
    or { type = "image_url", image_url = { url = url } }
end

---Cuts text into pieces at character boundaries.
---@param text string
---@param size integer|nil characters
---@return string[]
function M.pieces(text, size)
  local out, from = {}, 1
  size = size or PIECE
  while from <= #text do
    local to = utf8.offset(text, size + 1, from) or #text + 1
    out[#out + 1] = text:sub(from, to - 1)
    from = to
  end
  return out
end

---How the content is cut: as the script says.
---@param reply table
---@return string[]
function M.chunks(reply)
  if type(reply.chunks) == "table" then
    return reply.chunks
  end
  local size = math.tointeger(tonumber(reply.chunks)) -- pieces of no characters would never end
  return M.pieces(reply.content or "", size and size > 0 and size or nil)
end

local function arguments_text(arguments)
  return type(arguments) == "string" and arguments or cjson.encode(arguments or {})
end

---Completes a script's answer: content, calls with ids and texts, usage, finish.
---@param request table
---@param answer table
---@return table
function M.complete(request, answer)
  local reply = {
    id = "chatcmpl-mock-" .. #request.messages, model = request.model or "mock",
    content = answer.content, reasoning = answer.reasoning, calls = {}, chunks = answer.chunks,
    malformed = answer.malformed, cut_after = answer.cut_after,
  }
  local said = #(reply.content or "") + #(reply.reasoning or "")
  for i, call in ipairs(answer.calls or {}) do
    local text = arguments_text(call.arguments)
    if answer.malformed == "arguments" then
      text = text:sub(1, #text // 2)
    end
    reply.calls[i] = { id = call.id or ("call_%d_%d"):format(#request.messages, i), name = call.name,
      arguments = text }
    said = said + #call.name + #text
  end
  local usage = answer.usage or {}
  reply.usage = {
    prompt_tokens = usage.prompt_tokens or asked(request),
    completion_tokens = usage.completion_tokens or tokens(said),
  }
  reply.usage.total_tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
  reply.usage.prompt_tokens_details = usage.cached_tokens and { cached_tokens = usage.cached_tokens } or nil
  reply.finish = answer.finish or (reply.calls[1] and "tool_calls" or "stop")
  return reply
end

local function calls_of(reply)
  local calls = setmetatable({}, cjson.array_mt)
  for i, call in ipairs(reply.calls) do
    calls[i] = { id = call.id, type = "function",
      ["function"] = { name = call.name, arguments = call.arguments } }
  end
  return calls[1] and calls or nil
end

---The body of an answer that is not streamed.
---@param reply table
---@return string
function M.whole(reply)
  local message = {
    role = "assistant", content = reply.content or cjson.null, reasoning_content = reply.reasoning,
    tool_calls = calls_of(reply),
  }
  local text = cjson.encode({
    id = reply.id, object = "chat.completion", created = 0, model = reply.model, usage = reply.usage,
    choices = { { index = 0, message = message, finish_reason = reply.finish } },
  })
  return reply.malformed == true and text:sub(1, #text // 2) or text
end

local function deltas_of(reply)
  local deltas = { { role = "assistant", content = "" } }
  local function add(delta)
    deltas[#deltas + 1] = delta
  end
  for _, text in ipairs(M.pieces(reply.reasoning or "")) do
    add({ reasoning_content = text })
  end
  for _, text in ipairs(M.chunks(reply)) do
    add({ content = text })
  end
  for i, call in ipairs(reply.calls) do
    local first = {
      index = i - 1, id = call.id, type = "function", ["function"] = { name = call.name, arguments = "" },
    }
    add({ tool_calls = { first } })
    for _, text in ipairs(M.pieces(call.arguments, 2 * PIECE)) do
      add({ tool_calls = { { index = i - 1, ["function"] = { arguments = text } } } })
    end
  end
  return deltas
end

local function said_by(delta)
  local said = #(delta.reasoning_content or "") + #(delta.content or "")
  for _, call in ipairs(delta.tool_calls or {}) do
    said = said + #(call["function"].name or "") + #call["function"].arguments
  end
  return said
end

---The usage of a streamed answer that breaks off after so many events: as it was told when it was, else what
---had been said by then; nil when nothing had.
---@param request table
---@param reply table
---@param sent integer
---@return {prompt_tokens: integer, completion_tokens: integer}|nil
function M.broken(request, reply, sent)
  local deltas, said = deltas_of(reply), 0
  if sent >= #deltas + 2 and not reply.malformed then
    return reply.usage
  end
  for i = 1, math.min(sent, #deltas) do
    said = said + said_by(deltas[i])
  end
  return said > 0 and { prompt_tokens = asked(request), completion_tokens = tokens(said) } or nil
end

---The same for APIs whose events say what they are (dev/mock/mock_anthropic.lua, dev/mock/mock_gemini.lua).
---@param request table
---@param reply table
---@param sent integer
---@param events string[]
---@param said_by_event integer[] bytes
---@param told {prompt: integer, all: integer} the events that tell the prompt's tokens (0: none before) and
---  all tokens
---@return {prompt_tokens: integer, completion_tokens: integer}|nil
function M.broken_off(request, reply, sent, events, said_by_event, told)
  if sent >= told.all and not reply.malformed then
    return reply.usage
  end
  local said = 0
  for i = 1, math.min(sent, #events) do
    said = said + (said_by_event[i] or 0)
  end
  local prompt = told.prompt > 0 and sent >= told.prompt and reply.usage.prompt_tokens
  return (prompt or said > 0) and { prompt_tokens = prompt or asked(request),
    completion_tokens = tokens(said) } or nil
end

---What is asked: it has OpenAI's form already.
---@param body table
---@return table|nil request
---@return string? fault
function M.read(body)
  if type(body.messages) ~= "table" or #body.messages == 0 then
    return nil, "messages are missing"
  end
  return body
end

---@param _ integer status
---@param message string
---@param kind string
---@return table
function M.fault(_, message, kind)
  return { error = { message = message, type = kind, code = cjson.null, param = cjson.null } }
end

---The events of a streamed answer, each with its blank line; usage when the request asks for it.
---@param reply table
---@param request table
---@return string[]
function M.events(reply, request)
  local options, events = request.stream_options, {}
  local with_usage = type(options) == "table" and options.include_usage == true
  local function add(choices, usage)
    events[#events + 1] = "data: " .. cjson.encode({
      id = reply.id, object = "chat.completion.chunk", created = 0, model = reply.model,
      choices = setmetatable(choices, cjson.array_mt), usage = usage,
    }) .. "\n\n"
  end
  for _, delta in ipairs(deltas_of(reply)) do
    add({ { index = 0, delta = delta, finish_reason = cjson.null } })
  end
  if reply.malformed == true then
    events[#events + 1] = "data: {\"choices\": [{\"delta\": {\"conte\n\n"
  end
  add({ { index = 0, delta = {}, finish_reason = reply.finish } })
  if with_usage then
    add({}, reply.usage)
  end
  events[#events + 1] = "data: [DONE]\n\n"
  return events
end

---How many tokens of a prompt came from a cache, where the script says so.
---@param usage table
---@return integer|nil
function M.cached(usage)
  return usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
end

return M
