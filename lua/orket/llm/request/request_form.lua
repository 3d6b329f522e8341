-- request_form.lua: a request as its model reads it, and the reply as the turn reads it: a schema is said in
-- words as well, tools are offered or described, calls are read where they stand.

local conversation_memory = require("orket.llm.request.conversation_memory")
local errors = require("orket.errors")
local providers = require("orket.llm.providers")
local request_failure = require("orket.llm.request.request_failure")

local error_hints = require("orket.llm.error_hints")
local structured = require("orket.llm.text.structured")
local text_call_errors = require("orket.llm.text.text_call_errors")
local text_calls = require("orket.llm.text.text_calls")

local M = {}

local MESSAGE = 16 * 1024 * 1024 -- bytes of a reply that a conversation keeps (STORE_BLOB_MAX)

---@class RequestForm what a provider makes a body of
---@field messages string[] JSON texts
---@field tools string|false|nil a JSON text; false: they are described in the messages
---@field json string|false|nil a JSON schema that the provider is told of
---@field stream boolean
---@field tool_choice any
---@field memory table of the conversation
---@field media (fun(blob: string): string)? the bytes of files that messages name

-- ---- tools, offered or described ----

local REWORDED = '; asked with calls as text from here on ("calls": "text" of the model saves this request)'

local toolless = {} -- address -> names of models whose servers refused tools, as long as this process lives

local function is_auto(model)
  return model.calls == nil or model.calls == "auto"
end

local function writes_calls(model)
  if is_auto(model) then
    local names = toolless[model.base_url]
    return names ~= nil and names[model.model] == true
  end
  return model.calls ~= "native"
end

local function offers_tools(request)
  return request.tools ~= nil and request.tools ~= "[]"
end

-- Another request may have found out meanwhile that the server refuses tools: the form of this one counts.
local function is_in_words(request)
  return request.form.tools == false
end

-- Does the server refuse the request because it offers tools? From then on this model is asked in text.
local function refuses_tools(request, err)
  local asked = is_auto(request.model) and offers_tools(request) and not is_in_words(request)
  return asked and err.code == "ERR_HTTP" and error_hints.refuses_tools(err.status, err.message)
end

local function reword(request, err)
  local names = toolless[request.model.base_url] or {}
  toolless[request.model.base_url], names[request.model.model] = names, true
  err.message = err.message .. REWORDED
  err.again_at_once = true
end

-- ---- there ----

-- A schema is said in words as well: not every endpoint holds its model to it.
local function with_schema(request, memory)
  if not request.json then
    return request.messages, nil
  end
  local has_tools = offers_tools(request)
  local messages = structured.asked(request.messages, request.json, has_tools, memory)
  return messages, providers.formats(request.provider, request.model, has_tools) and request.json
end

---@param request ModelRequest
---@return RequestForm
local function form_of(request)
  local memory = conversation_memory.of(request.messages)
  local messages, json = with_schema(request, memory)
  local form = {
    messages = messages, tools = request.tools, json = json, memory = memory,
    stream = request.stream, tool_choice = request.tool_choice, media = request.media,
  }
  if writes_calls(request.model) then -- which a schema would forbid it
    form.messages, form.tools = text_calls.conversation(request.model, messages, request.tools, memory), false
    form.json = not offers_tools(request) and json
  end
  return form
end

-- ---- and back ----

local function too_long(reply)
  return #reply.message > MESSAGE and errors.new("ERR_LIMIT",
    string.format("the reply has %d bytes, a conversation keeps %d of one", #reply.message, MESSAGE),
    "set max_tokens of the model, so that its replies are shorter") or nil
end

-- The calls of a reply, wherever they stand in it.
---@return table|nil reply
---@return Error|nil
local function with_calls(request, reply)
  if #reply.message <= MESSAGE and is_in_words(request) then
    return text_calls.parse(request.model, reply, request.tools)
  elseif #reply.calls == 0 and reply.content and is_auto(request.model) and offers_tools(request) then
    return text_calls.repair(reply, request.tools, request.messages)
  end
  return reply
end

-- What a conversation cannot keep is a failure that was paid for.
local function read(request, reply)
  local cost = reply.usage
  local said, err = with_calls(request, reply)
  err = err or too_long(said)
  if err then
    local answer = said or {}
    return nil, request_failure.new(request, err.code, err.message, {
      fix = err.fix, usage = cost, status = answer.status, ms = answer.ms,
    })
  elseif said.calls_max then
    said.problem = text_call_errors.many(said.calls_max)
  end
  return said
end

---Requests with their bodies, and replies with their calls.
---@param inner Ask
---@return Ask
function M.over(inner)
  return function(request)
    request.form = request.form or form_of(request)
    request.body = request.provider.body(request.model, request.form)
    local reply, err = inner(request)
    if reply then
      return read(request, reply)
    elseif err.is_attempt and refuses_tools(request, err) then
      reword(request, err)
      request.form = nil
    end
    return nil, err
  end
end

return M
