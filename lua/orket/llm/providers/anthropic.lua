-- anthropic.lua: the Messages API of Anthropic. The system text stands apart, calls and their results are
-- blocks, thoughts are signed and want to be sent back.

local cjson = require("cjson")
local media = require("orket.llm.media")
local tables = require("orket.util.tables")
local parts = require("orket.llm.providers.parts")
local provider_turns = require("orket.llm.providers.provider_turns")

local M = {}

M.version = "/v1"
M.path = "/messages"
M.key_header = "x-api-key"
M.headers = { ["anthropic-version"] = "2026-10-21" }

local MAX_TOKENS = 8192 -- the API wants a number

-- Of blocks with a name and an id those of this kind alone are calls: others run at the server.
M.shape = {
  stream = {
    content = { "delta.text", "content_block.text" },
    reasoning = { "delta.thinking", "content_block.thinking" },
    signature = { "delta.signature", "content_block.?signature.signature" },
    redacted = "content_block.?type=redacted_thinking.data",
    calls = "",
    index = "index",
    id = "content_block.?type=tool_use.id",
    name = "content_block.?type=tool_use.name",
    arguments = { "delta.partial_json", "content_block.?type=tool_use.?input.input" },
    begins = "content_block",
    finish = "delta.stop_reason",
    prompt_tokens = {
      "message.usage.input_tokens", "message.usage.cache_read_input_tokens",
      "message.usage.cache_creation_input_tokens",
      "usage.input_tokens", "usage.cache_read_input_tokens", "usage.cache_creation_input_tokens",
    },
    completion_tokens = "usage.output_tokens", -- at its beginning a stream tells one that is not meant
    cached_tokens = { "message.usage.cache_read_input_tokens", "usage.cache_read_input_tokens" },
    model = "message.model",
    ["end"] = "?type=message_stop",
    error = "error",
  },
  whole = {
    parts = "content.*",
    content = "text",
    reasoning = "thinking",
    signature = "signature",
    redacted = "?type=redacted_thinking.data",
    calls = "",
    id = "?type=tool_use.id",
    name = "?type=tool_use.name",
    arguments = "?type=tool_use.input",
    finish = "stop_reason",
    prompt_tokens = { "usage.input_tokens", "usage.cache_read_input_tokens",
      "usage.cache_creation_input_tokens" },
    completion_tokens = "usage.output_tokens",
    cached_tokens = "usage.cache_read_input_tokens",
    model = "model",
    error = "error",
  },
}

---Why a reply ended, in OpenAI's words.
M.finish = {
  end_turn = "stop", stop_sequence = "stop", tool_use = "tool_calls", max_tokens = "length",
  model_context_window_exceeded = "length", refusal = "content_filter",
}

local OURS = { model = true, messages = true, system = true, tools = true, stream = true,
  output_config = true }

-- Versions after this one refuse a request that says how to sample.
local SAMPLED = "2023-06-01"

local function is_sampled(model)
  for name, value in pairs(model.headers or {}) do
    if name:lower() == "anthropic-version" then
      return value == SAMPLED
    end
  end
  return false
end

local function head_of(model, request)
  local head = {
    model = model.model, max_tokens = model.max_tokens or MAX_TOKENS, stream = request.stream,
    stop_sequences = model.stop,
  }
  if is_sampled(model) then
    head.temperature, head.top_p, head.top_k = model.temperature, model.top_p, model.top_k
  end
  return parts.merge(head, model.params, OURS)
end

-- ---- messages ----

local quoted = cjson.encode

local BLOCK = {}

function BLOCK.text(part)
  return '{"type":"text","text":' .. quoted(part.text) .. "}"
end

function BLOCK.thought(part)
  return '{"type":"thinking","thinking":' .. quoted(part.text) .. ',"signature":' .. quoted(part.signature)
    .. "}"
end

function BLOCK.redacted(part)
  return '{"type":"redacted_thinking","data":' .. quoted(part.data) .. "}"
end

function BLOCK.call(part)
  local call = part.call
  return '{"type":"tool_use","id":' .. quoted(call.id) .. ',"name":' .. quoted(call.name) .. ',"input":'
    .. call.arguments .. "}"
end

local function block_of_file(file, read)
  return '{"type":"' .. (file.type == "application/pdf" and "document" or "image")
    .. '","source":{"type":"base64","media_type":"' .. file.type .. '","data":"' .. media.encoded(file, read)
    .. '"}}'
end

local function content_of(part, model, read)
  if not part.attached then
    return quoted(part.text)
  end
  local blocks = { BLOCK.text(part) }
  for _, file in ipairs(part.attached) do
    local text, takes = media.caption(file, model)
    blocks[#blocks + 1] = BLOCK.text({ text = text })
    blocks[#blocks + 1] = takes and block_of_file(file, read) or nil
  end
  return "[" .. table.concat(blocks, ",") .. "]"
end

function BLOCK.result(part, model, read)
  return '{"type":"tool_result","tool_use_id":' .. quoted(part.call.id) .. ',"content":'
    .. content_of(part, model, read) .. "}"
end

local function message_of(turn, model, read)
  local blocks = {}
  for i, part in ipairs(turn.parts) do
    blocks[i] = BLOCK[part.kind](part, model, read)
  end
  return ('{"role":"%s","content":['):format(turn.who == "user" and "user" or "assistant")
    .. table.concat(blocks, ",") .. "]}"
end

-- ---- what all requests of a turn begin with ----

-- Kept at the server for those that follow: tools and system text, in this order. The last of them is marked.
local MARK = { type = "ephemeral" }

local function system_of(text, mark)
  if not text or not mark then
    return text and quoted(text)
  end
  return "[" .. cjson.encode({ type = "text", text = text, cache_control = MARK }) .. "]"
end

local function tools_of(text, mark)
  local tools = parts.functions(text)
  for i, tool in ipairs(tools or {}) do
    tools[i] = { name = tool.name, description = tool.description,
      input_schema = tool.parameters or { type = "object" } }
  end
  if tools and mark then
    tools[#tools].cache_control = MARK
  end
  return tools and cjson.encode(tools)
end

local plain_tools = parts.remembering(function(text)
  return tools_of(text, false)
end)

local marked_tools = parts.remembering(function(text)
  return tools_of(text, true)
end)

local CHOICES = { auto = "auto", none = "none", required = "any", one = "tool" }

local function choice_of(choice)
  local word, name = parts.choice(choice)
  local kind = CHOICES[word]
  return kind and cjson.encode({ type = kind, name = name }) or nil
end

-- A reply that is JSON of this schema, where it is one that the API can hold a model to; it refuses others.
local format_of = parts.remembering(function(json)
  return parts.is_closed(cjson.decode(json)) and '{"type":"json_schema","schema":' .. json .. "}" or nil
end)

-- What a profile says of the output stands beside the format.
local function config_of(model, json)
  local given, format = tables.given((model.params or {}).output_config), format_of(json)
  local fields = { { "format", format } }
  for _, name in ipairs(type(given) == "table" and tables.keys(given) or {}) do
    fields[#fields + 1] = { name, not (format and name == "format") and quoted(given[name]) or nil }
  end
  return (format or given) and parts.object(fields) or nil
end

---May a schema stand beside tools?
---@return boolean
function M.beside_tools()
  return true
end

---@param model table the profile
---@param request {messages: string[], tools: string?, stream: boolean, tool_choice: any, json: string?}
---@return string[] pieces
function M.body(model, request)
  local said, system = provider_turns.read(request.messages, model, request.memory)
  local mark = model.cache ~= false
  local tools = (mark and not system and marked_tools or plain_tools)(request.tools or nil)
  local own = parts.object({
    { "messages", provider_turns.written(said, function(turn)
      return message_of(turn, model, request.media)
    end, model) }, { "system", system_of(system, mark) },
    { "tools", tools },
    { "tool_choice", tools and choice_of(request.tool_choice) },
    { "output_config", config_of(model, request.json or nil) },
  })
  return { cjson.encode(head_of(model, request)):sub(1, -2), ",", own:sub(2) }
end

return M
