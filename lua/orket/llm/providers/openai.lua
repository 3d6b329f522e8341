-- openai.lua: the chat completions API that OpenAI defined and Ollama, llama.cpp, vLLM, LM Studio,
-- OpenRouter and others speak. Data for the core's reply accumulator, and the request's outer parts.

local cjson = require("cjson")
local conversation_memory = require("orket.llm.request.conversation_memory")
local media = require("orket.llm.media")
local parts = require("orket.llm.providers.parts")
local strings = require("orket.util.strings")
local provider_turns = require("orket.llm.providers.provider_turns")

local M = {}

M.path = "/chat/completions"

-- What stands at the same places in an event and in a whole reply. Usage is where OpenAI, Groq and Moonshot
-- tell it, what was cached where OpenAI, DeepSeek and Moonshot do; an error also where vLLM, FastAPI and
-- OpenRouter have it.
local COMMON = {
  choices = "choices",
  index = "index",
  id = "id",
  name = { "function.name", "name" },
  arguments = { "function.arguments", "arguments" },
  finish = "choices.0.finish_reason",
  prompt_tokens = { "usage.prompt_tokens", "!usage.x_groq.usage.prompt_tokens",
    "!usage.choices.0.usage.prompt_tokens" },
  completion_tokens = { "usage.completion_tokens", "!usage.x_groq.usage.completion_tokens",
    "!usage.choices.0.usage.completion_tokens" },
  cached_tokens = {
    "usage.prompt_tokens_details.cached_tokens", "usage.!prompt_tokens_details.prompt_cache_hit_tokens",
    "usage.!prompt_tokens_details.cached_tokens", "!usage.choices.0.usage.cached_tokens",
  },
  model = "model",
  error = { "?error.error", "choices.0.?error.error", "!choices.message", "!choices.detail" },
}

-- Thoughts have as many names as there are servers; the first that says something counts.
local function fields_of(at)
  local fields = {
    content = { at .. ".content", at .. ".content.*.text", at .. ".refusal" },
    reasoning = {
      at .. ".reasoning_content", at .. ".reasoning",
      at .. ".reasoning_details.*.text", at .. ".reasoning_details.*.summary",
      at .. ".content.*.thinking.*.text", at .. ".content.*.thinking",
    },
    calls = { at .. ".tool_calls", at .. ".function_call" },
  }
  for name, paths in pairs(COMMON) do
    fields[name] = paths
  end
  return fields
end

M.shape = { done = "[DONE]", stream = fields_of("choices.0.delta"), whole = fields_of("choices.0.message") }

---Why a reply ended, where others have words of their own.
M.finish = { function_call = "tool_calls", eos = "stop", eos_token = "stop", stop_sequence = "stop",
  max_tokens = "length", model_length = "length" }

---Ends that are failures of the server, though it does not say so otherwise.
M.failed = { error = true, abort = true, insufficient_system_resource = true }

---Thoughts that a server left in the text, marked at its beginning; those that were cut off have no end.
---@param content string
---@return string|nil reasoning
---@return string content  what is said behind them
function M.thought(content)
  local begun = content:match("^%s*<think>()")
  if not begun then
    return nil, content
  end
  local ends, goes_on = content:match("()</think>%s*()", begun)
  local reasoning = strings.trimmed(content:sub(begun, (ends or #content + 1) - 1))
  return reasoning, goes_on and content:sub(goes_on) or ""
end

-- Its own newer models know the limit by another name.
local OPENAI = "^https://api%.openai%.com[:/]"

-- One reply is what a request is about.
local OURS = { model = true, messages = true, tools = true, stream = true, n = true }

local heads = setmetatable({}, { __mode = "k" }) -- model -> its head, streamed, without a tool choice

-- It refuses to be strict about what it cannot be strict about.
local function format_of(json)
  local schema = cjson.decode(json)
  local is_strict = parts.is_closed(schema) and parts.is_full(schema)
  return { type = "json_schema", json_schema = { name = "reply", strict = is_strict, schema = schema } }
end

---May a schema stand beside tools? Many other servers hold the calls to it, or refuse both.
---@param model table the profile
---@return boolean
function M.beside_tools(model)
  return (model.base_url or ""):find(OPENAI) ~= nil
end

-- What does not change from request to request, without its closing brace.
local function head_of(model, request)
  local usual = request.stream and not request.tool_choice and not request.json
  if usual and heads[model] then
    return heads[model]
  end
  local head = {
    model = model.model, temperature = model.temperature, seed = model.seed, top_p = model.top_p,
    top_k = model.top_k, min_p = model.min_p, presence_penalty = model.presence_penalty,
    frequency_penalty = model.frequency_penalty, stop = model.stop, stream = request.stream,
    tool_choice = request.tool_choice,
    stream_options = request.stream and { include_usage = true } or nil,
    response_format = request.json and format_of(request.json) or nil,
  }
  head[(model.base_url or ""):find(OPENAI) and "max_completion_tokens" or "max_tokens"] = model.max_tokens
  local text = cjson.encode(parts.merge(head, model.params, OURS)):sub(1, -2)
  if usual then
    heads[model] = text
  end
  return text
end

-- Canonical messages begin with their content, or with what belongs to their author alone.
local APART = ("apart"):byte()

local function without_apart(message, author)
  local decoded = cjson.decode(message)
  local apart = decoded.apart or {}
  if apart.by == author then
    decoded.reasoning_content = provider_turns.thought(apart)
  end
  decoded.apart = nil
  return cjson.encode(decoded)
end

local function own(message, model, memory)
  local author = provider_turns.author(model)
  return conversation_memory.once(memory, "own " .. author, message, without_apart, author)
end

-- What a user says first to a model that has no system text, and the messages that it stands for.
local function opening(messages)
  local first, taken = cjson.decode(messages[1] or "{}"), 1
  if first.role ~= "system" then
    return { text = messages[1], taken = taken }
  end
  local second = cjson.decode(messages[2] or "{}")
  if second.role == "user" then
    first.content, taken = first.content .. "\n\n" .. second.content, 2
  end
  return { text = cjson.encode({ role = "user", content = first.content }), taken = taken }
end

local function said_by_user(messages, memory)
  local known = memory.opening
  if not known or known.first ~= messages[1] or known.second ~= messages[2] then
    known = opening(messages)
    known.first, known.second, memory.opening = messages[1], messages[2], known
  end
  return table.move(messages, known.taken + 1, #messages, 2, { known.text })
end

-- ---- files ----

local function data_of(file, read)
  return "data:" .. file.type .. ";base64," .. media.encoded(file, read)
end

local function part_of(file, read)
  if file.type == "application/pdf" then
    local name = file.path:match("[^/]*$")
    return { type = "file", file = { filename = name, file_data = data_of(file, read) } }
  end
  return { type = "image_url", image_url = { url = data_of(file, read) } }
end

-- Results of calls are texts here: their files are what a user says behind them.
local function said_with(files, model, read)
  local content = {}
  for _, file in ipairs(files) do
    local text, takes = media.caption(file, model)
    content[#content + 1] = { type = "text", text = text }
    content[#content + 1] = takes and part_of(file, read) or nil
  end
  return cjson.encode({ role = "user", content = content })
end

local function without_files(message)
  local decoded = cjson.decode(message)
  decoded.attached = nil
  return cjson.encode(decoded)
end

local RESULT = '"role":"tool"' -- in a text its quotes have backslashes

-- A conversation's messages as the API takes them: one by one, files behind the results of their step.
local function each_message(messages, model, request, put)
  local memory, files = request.memory or {}, {}
  for _, message in ipairs(messages) do
    if files[1] and not message:find(RESULT, 1, true) then
      put(said_with(files, model, request.media))
      files = {}
    end
    if media.is_in(message) then
      local attached = cjson.decode(message).attached
      table.move(attached, 1, #attached, #files + 1, files)
      put(conversation_memory.once(memory, "plain", message, without_files))
    else
      put(message:byte(3) == APART and own(message, model, memory) or message)
    end
  end
  if files[1] then
    put(said_with(files, model, request.media))
  end
end

---The request's body as pieces to be joined: every message goes out in the bytes it was encoded in.
---@param model table the profile: model, temperature?, seed?, max_tokens?, params?
---@param request RequestForm
---@return string[] pieces
function M.body(model, request)
  local pieces, memory = { head_of(model, request), ",\"messages\":[" }, request.memory or {}
  local messages = model.system == "user" and said_by_user(request.messages, memory) or request.messages
  local is_first = true
  each_message(messages, model, request, function(message)
    pieces[#pieces + 1] = not is_first and "," or nil
    pieces[#pieces + 1], is_first = message, false
  end)
  pieces[#pieces + 1] = "]"
  if request.tools and request.tools ~= "[]" then
    pieces[#pieces + 1] = ",\"tools\":"
    pieces[#pieces + 1] = request.tools
  end
  pieces[#pieces + 1] = "}"
  return pieces
end

return M
