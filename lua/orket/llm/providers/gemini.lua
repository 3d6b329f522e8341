-- gemini.lua: Google's Gemini API: contents of parts, calls without ids, thoughts among the parts. Which
-- model, and whether it streams, is in the path.

local cjson = require("cjson")
local media = require("orket.llm.media")
local parts = require("orket.llm.providers.parts")
local provider_turns = require("orket.llm.providers.provider_turns")

local M = {}

M.version = "/v1beta"
M.key_header = "x-goog-api-key"

-- Newer models want each turn's first call signed. This is what the API's documentation gives for calls that
-- another model made.
local UNSIGNED = "skip_thought_signature_validator"

local SIGNING = "gemini%-[3-9]"

local function escaped(name)
  return (name:gsub("[^%w._/-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

---@param model table the profile
---@param request {stream: boolean}
---@return string
function M.path(model, request)
  local name = model.model:find("/", 1, true) and model.model or "models/" .. model.model
  return "/" .. escaped(name) .. (request.stream and ":streamGenerateContent?alt=sse" or ":generateContent")
end

local fields = {
  choices = "candidates",
  parts = "candidates.0.content.parts.*",
  content = "!thought.text",
  text_signature = "!thought.!functionCall.thoughtSignature",
  reasoning = "?thought.text",
  signature = "?thought.thoughtSignature",
  calls = "",
  id = "functionCall.id",
  name = "functionCall.name",
  arguments = "functionCall.args",
  call_signature = "thoughtSignature",
  finish = { "candidates.0.finishReason", "promptFeedback.blockReason" },
  prompt_tokens = { "usageMetadata.promptTokenCount", "usageMetadata.toolUsePromptTokenCount" },
  completion_tokens = { "usageMetadata.candidatesTokenCount", "usageMetadata.thoughtsTokenCount" },
  cached_tokens = "usageMetadata.cachedContentTokenCount",
  model = "modelVersion",
  error = "error",
}

M.shape = { stream = fields, whole = fields }

---Why a reply ended, in OpenAI's words; what is not listed is something that its filters did not let through.
M.finish = setmetatable({
  STOP = "stop", MAX_TOKENS = "length", FINISH_REASON_UNSPECIFIED = "stop", CONTINUATION = "length",
  OTHER = "other", MALFORMED_FUNCTION_CALL = "malformed", MALFORMED_RESPONSE = "malformed",
  UNEXPECTED_TOOL_CALL = "malformed", TOO_MANY_TOOL_CALLS = "malformed",
}, { __index = function()
  return "content_filter"
end })

local OURS = {
  contents = true, systemInstruction = true, system_instruction = true, tools = true, toolConfig = true,
  generationConfig = true,
}

-- ---- contents ----

local quoted = cjson.encode

-- Ids that we gave are none of the server's.
local function id_of(call)
  return not call.given:find("^call_%d+$") and '"id":' .. quoted(call.given) .. "," or ""
end

local PART = {}

local function mark(signature)
  return signature and ',"thoughtSignature":' .. quoted(signature) or ""
end

function PART.text(part)
  return '{"text":' .. quoted(part.text) .. mark(part.signature) .. "}"
end

function PART.thought(part)
  return '{"text":' .. quoted(part.text) .. ',"thought":true' .. mark(part.signature) .. "}"
end

function PART.call(part, signature)
  local call = part.call
  return '{"functionCall":{' .. id_of(call) .. '"name":' .. quoted(call.name) .. ',"args":' .. call.arguments
    .. "}" .. mark(signature) .. "}"
end

function PART.result(part)
  return '{"functionResponse":{' .. id_of(part.call) .. '"name":' .. quoted(part.call.name)
    .. ',"response":{"output":'
    .. quoted(part.text) .. "}}}"
end

local function is_signed(turn)
  for _, part in ipairs(turn.parts) do
    if part.call and part.call.signature then
      return true
    end
  end
  return false
end

-- Behind all results of the turn, each file behind its name.
local function add_files(out, turn, model, read)
  for _, part in ipairs(turn.parts) do
    for _, file in ipairs(part.attached or {}) do
      local text, takes = media.caption(file, model)
      out[#out + 1] = PART.text({ text = text })
      out[#out + 1] = takes and '{"inlineData":{"mimeType":"' .. file.type .. '","data":"'
        .. media.encoded(file, read) .. '"}}' or nil
    end
  end
end

local function content_of(turn, model, read)
  local out = {}
  local otherwise = model.model:find(SIGNING) and not is_signed(turn) and UNSIGNED or nil
  for _, part in ipairs(turn.parts) do
    local signature = part.kind == "call" and (part.call.signature or otherwise) or nil
    otherwise = part.kind ~= "call" and otherwise or nil -- the first one alone
    out[#out + 1] = PART[part.kind](part, signature)
  end
  add_files(out, turn, model, read)
  return #out > 0 and ('{"role":"%s","parts":['):format(turn.who) .. table.concat(out, ",") .. "]}" or nil
end

-- ---- tools and settings ----

local tools_of = parts.remembering(function(text)
  local tools = parts.functions(text)
  for i, tool in ipairs(tools or {}) do
    tools[i] = { name = tool.name, description = tool.description, parametersJsonSchema = tool.parameters }
  end
  return tools and '[{"functionDeclarations":' .. cjson.encode(tools) .. "}]"
end)

local MODES = { auto = "AUTO", none = "NONE", required = "ANY", one = "ANY" }

local function choice_of(choice)
  local word, name = parts.choice(choice)
  local mode = MODES[word]
  local config = { mode = mode, allowedFunctionNames = name and { name } or nil }
  return mode and cjson.encode({ functionCallingConfig = config }) or nil
end

local function settings_of(model, json)
  local own = {
    temperature = model.temperature, topP = model.top_p, topK = model.top_k, seed = model.seed,
    maxOutputTokens = model.max_tokens, stopSequences = model.stop, presencePenalty = model.presence_penalty,
    frequencyPenalty = model.frequency_penalty,
  }
  if json then
    own.responseMimeType, own.responseJsonSchema = "application/json", cjson.decode(json)
  end
  parts.merge(own, (model.params or {}).generationConfig, {})
  return next(own) and cjson.encode(own) or nil
end

---May a schema stand beside tools? Models before the third refuse both.
---@param model table the profile
---@return boolean
function M.beside_tools(model)
  return model.model:find(SIGNING) ~= nil
end

---@param model table the profile
---@param request {messages: string[], tools: string?, stream: boolean, tool_choice: any, json: string?}
---@return string[] pieces
function M.body(model, request)
  local said, system = provider_turns.read(request.messages, model, request.memory)
  local tools = tools_of(request.tools or nil)
  local own = parts.object({
    { "contents", provider_turns.written(said, function(turn)
      return content_of(turn, model, request.media)
    end, model) },
    { "systemInstruction", system and '{"parts":[' .. PART.text({ text = system }) .. "]}" },
    { "tools", tools }, { "toolConfig", tools and choice_of(request.tool_choice) },
    { "generationConfig", settings_of(model, request.json) },
  })
  local more = parts.merge({}, model.params, OURS)
  return { own:sub(1, -2), next(more) and "," .. cjson.encode(more):sub(2) or "}" }
end

return M
