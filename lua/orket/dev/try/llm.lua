-- llm.lua: `orket try llm`: one request to a model, behind every guard that a run has.

local cjson = require("cjson")
local declared = require("orket.dev.try.declared")
local doc = require("orket.core.doc")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local client = require("orket.llm.client")
local options = require("orket.options")
local providers = require("orket.llm.providers")
local structured = require("orket.llm.text.structured")

local M = {}

M.usage = "llm --base-url URL [--prompt TEXT] [--shape NAME] [--model NAME] [--key ENV] [--private] "
  .. "[--tools FILE] [--schema FILE] [--whole] [--timeout S]"

local KNOWN = {
  ["base-url"] = "value", prompt = "value", shape = "value", model = "value", key = "value", tools = "value",
  schema = "value", whole = "flag", private = "flag", timeout = "value",
}

local TIMEOUT = 120 -- seconds, of the whole request
local FIRST = 60    -- and until the reply begins
local PROMPT = "Say hello in one short sentence."

-- Numbers stay as they are written: it is no Lua table.
local function schema_of(name, read)
  local text, message = read(name)
  local schema = text and doc.parse(text)
  if not schema then
    return nil, "--schema: " .. (message or "not JSON")
  end
  return schema
end

---@param args string[]
---@param read fun(name: string|nil): string|nil, string|nil
---@return table|nil request
---  {base_url, prompt?, shape?, model?, key?, tools?, schema?, stream?, timeout?, private?}
---@return string? message
function M.request(args, read)
  local request, message = options.parse(args, KNOWN, {})
  if not request then
    return nil, message
  end
  request.base_url, request["base-url"] = request["base-url"], nil
  request.stream, request.whole = not request.whole, nil
  if request.timeout then
    request.timeout = tonumber(request.timeout) or 0
  end
  if request.tools then
    request.tools, message = declared.read(request.tools, read)
    if not request.tools then
      return nil, message
    end
  end
  if request.schema then
    request.schema, message = schema_of(request.schema, read)
    if not request.schema then
      return nil, message
    end
  end
  message = M.fault(request)
  return not message and request or nil, message
end

local function schema_fault(schema)
  local _, err
  if schema ~= nil then
    _, err = structured.new(schema)
  end
  return err and "--schema: " .. err.message or nil
end

local function is_text(value)
  return type(value) == "string" and value ~= "" and utf8.len(value) ~= nil
end

---What is wrong with a request, or nil.
---@param request table
---@return string|nil
function M.fault(request)
  local timeout = request.timeout
  if type(request.base_url) ~= "string" or request.base_url == "" then
    return "--base-url takes the address of an endpoint, such as http://127.0.0.1:11434/v1"
  elseif timeout ~= nil and not (type(timeout) == "number" and timeout > 0 and timeout <= 86400) then
    return "--timeout takes seconds, above 0 and at most 86400"
  end
  for _, name in ipairs({ "prompt", "model", "key", "shape" }) do
    if request[name] ~= nil and not is_text(request[name]) then
      return "--" .. name .. " takes a text"
    end
  end
  if request.shape and not providers.has(request.shape) then
    return "there is no shape " .. request.shape .. " (" .. table.concat(providers.names(), ", ") .. ")"
  end
  return declared.fault(request.tools) or schema_fault(request.schema)
end

local function question(request, schema)
  local total = request.timeout or TIMEOUT
  return {
    model = {
      base_url = request.base_url, model = request.model or "default", shape = request.shape,
      key = request.key, private = request.private == true,
      deadlines = { connect = math.min(10, total), first_byte = math.min(FIRST, total),
        idle = math.min(FIRST, total), total = total },
    },
    messages = { cjson.encode({ role = "user", content = request.prompt or PROMPT }) },
    tools = request.tools and cjson.encode(setmetatable(request.tools, cjson.array_mt)) or nil,
    stream = request.stream, attempts = 1, json = schema and schema.text,
  }
end

-- Arguments that can be read are shown as what they are.
local function calls_of(calls)
  local shown = setmetatable({}, cjson.array_mt)
  for i, call in ipairs(calls or {}) do
    local arguments = cjson.decode(call.arguments)
    shown[i] = { id = call.id, name = call.name,
      arguments = type(arguments) == "table" and arguments or call.arguments }
  end
  return shown
end

local function said(reply)
  return {
    outcome = "ok", code = cjson.null, text = reply.content or "", reasoning = reply.reasoning,
    calls = calls_of(reply.calls),
    usage = reply.usage, finish = reply.finish, model = reply.model, status = reply.status, ms = reply.ms,
  }
end

-- A reply without calls is to be JSON of the schema.
local function held(answer, schema)
  if not schema or answer.calls[1] then
    return answer, true
  end
  local json, problem = structured.read(schema, answer.text)
  if json then
    answer.json = cjson.decode(json)
    return answer, true
  end
  answer.outcome, answer.code, answer.message = "error", "ERR_SCHEMA", problem
  return answer, false
end

local function failed(err)
  return {
    outcome = "error", code = err.code, message = err.message, fix = err.fix, text = "", calls = calls_of(),
    usage = err.usage or {},
    status = err.status, deadline = err.deadline, retry_after = err.retry_after, ms = err.ms or 0,
  }
end

-- What the transport itself would not see: a path is put behind it.
local function misplaced(address)
  return not address:find("^[hH][tT][tT][pP][sS]?://[^/?#][^?#]*$") and errors.new("ERR_USAGE",
    "this is not the http or https URL of an endpoint", "write it like http://127.0.0.1:11434/v1") or nil
end

---@param request table
---@return table answer {outcome, code, text, calls, usage, ms, …}
---@return boolean accepted
function M.answer(request)
  request = tables.all_given(request)
  local fault = M.fault(request)
  if fault then
    return { error = fault, code = "ERR_USAGE" }, false
  end
  local wrong = misplaced(request.base_url)
  if wrong then
    return failed(wrong), false
  end
  local schema = request.schema ~= nil and structured.new(request.schema) or nil
  local reply, err = client.complete(question(request, schema))
  if reply then
    return held(said(reply), schema)
  end
  return failed(err), false
end

return M
