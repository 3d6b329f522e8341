-- client.lua: one reply of a model, with bounded retries. The transport, the deadlines and the keys are
-- the core's; what a provider's requests and replies look like is lua/orket/providers/<shape>.lua.

local async = require("orket.async")
local core = require("orket.core.llm")
local errors = require("orket.errors")
local lazy = require("orket.lazy")
local outage = require("orket.llm.outage")
local permanent = require("orket.llm.permanent")
local overflow = lazy("orket.llm.overflow")
local providers = require("orket.llm.providers")
local usage = require("orket.llm.usage")

local text_call_errors = lazy("orket.llm.text.text_call_errors")
local error_hints = lazy("orket.llm.error_hints")
local text_calls = lazy("orket.llm.text.text_calls")
local structured = lazy("orket.llm.text.structured")

local M = {}

M.ATTEMPTS = 3   -- requests per reply, at most
M.BACKOFF = 1    -- seconds before the second; doubles
M.MESSAGE = 16 * 1024 * 1024 -- bytes of a reply that a conversation keeps (STORE_BLOB_MAX, core/io/store.h)
M.PATIENCE = 60  -- longest wait between two attempts; a server that asks for more is told to the caller

---For those who will ask soon: what it takes loads beside, while they prepare.
M.warm = core.warm

local sources = {} -- key name -> where it comes from
local owners = {}  -- key name -> the endpoint that it belongs to
local defined = {} -- key name -> header -> the core's name of it

---Where keys come from, read when one is first used. A key that is not listed is the environment
---variable of its name.
---@param keys table<string, {env: string?, file: string?, origin: string?, header: string?}>
function M.keys(keys)
  for name, source in pairs(keys) do
    sources[name], defined[name], owners[name] = source, nil, nil
  end
end

-- The name under which the core has a key for this header: each API has one of its own, and a key may serve several.
local function define_key(model, provider)
  local name = model.key
  if not name then
    return nil
  end
  local source, names = sources[name] or { env = name }, defined[name] or {}
  local header = source.header or provider.key_header
  if names[header or ""] then
    return names[header or ""]
  end
  local origin = owners[name] or source.origin or model.base_url
  local known = next(names) and name .. "." .. (header or "bearer") or name
  local ok, err = errors.check(core.key(known, { env = source.env, file = source.file, header = header, origin = origin }))
  if not ok then
    return nil, err
  end
  names[header or ""], defined[name], owners[name] = known, names, origin
  return known
end

---Is a model's key where it is said to be? The value stays in the core.
---@param model table its profile
---@return boolean|nil  nil: it needs none
---@return Error|nil
function M.has_key(model)
  local provider, unknown = providers.of(model)
  if not provider then
    return false, unknown
  elseif not model.key then
    return nil
  end
  local key, err = define_key(model, provider)
  return key ~= nil, err
end

-- A failure of the endpoint is a model failure whatever its code; of this machine or of the request it is none.
local OTHER_CLASS = {
  ERR_CANCELED = "environment", ERR_MEMORY = "environment", ERR_IO = "environment", ERR_DESCRIPTORS = "environment",
  ERR_LIBRARY = "environment", ERR_BUG = "bug",
  ERR_LIMIT = "limit", -- the same would come once more
  ERR_USAGE = "input", ERR_CONFIG = "input", ERR_NOT_FOUND = "input", ERR_DENIED = "input",
}

local STOPPED = "the run stopped before the reply was complete"

-- What helps: where the configuration may be wrong, with what it says.
local function fix_of(model, code, info)
  local fix = info.fix or error_hints.of(code, info.status, info.kinds)
  local is_configured = code == "ERR_NET" or permanent.scope({ code = code, status = info.status, kinds = info.kinds })
  return is_configured and fix and fix .. ": " .. error_hints.place(model) or fix
end

-- A server that had begun to answer is paid for that.
local function spent(info, request, code)
  local told = info.usage or {}
  local said = info.said or 0
  local began = code == "ERR_LIMIT" and info.status == 200 -- by a line of which nothing is kept
  return (said > 0 or began or next(told)) and usage.whole(told, request, said) or nil
end

local function failure(request, message, code, info)
  info = info or {}
  local err = {
    code = code, class = OTHER_CLASS[code] or "model", message = code == "ERR_CANCELED" and STOPPED or message, fix = fix_of(request.model, code, info),
    retry_after = info.retry_after, status = info.status, kinds = info.kinds, deadline = info.deadline, ms = info.ms,
    usage = spent(info, request, code), permanent = permanent.scope({ code = code, status = info.status, kinds = info.kinds }),
  }
  local told = code == "ERR_HTTP" and overflow.of(err)
  if told then
    err.code, err.class, err.told, err.permanent = "ERR_CONTEXT", "limit", told, nil
    err.fix = "set `context` of the model to what its server takes, or ask for less"
  end
  return err
end

---True when the same request may succeed a little later.
---@param err table
---@return boolean
function M.is_retriable(err)
  local status = err.status or 0
  if err.permanent then
    return false
  elseif err.code == "ERR_HTTP" then -- 2xx: the error came inside the stream
    return status >= 500 or status == 429 or status == 408 or status < 300
  end
  return err.code == "ERR_NET" or err.code == "ERR_PROTOCOL" or err.code == "ERR_DESCRIPTORS"
    or err.code == "ERR_TIMEOUT" and err.deadline == "connect"
end

---Seconds to wait before the next attempt, or nil when there is none.
local function wait_before(attempt, err, request)
  if attempt >= (request.attempts or M.ATTEMPTS) or not M.is_retriable(err) then
    return nil
  end
  local seconds = (request.backoff or M.BACKOFF) * 2 ^ (attempt - 1)
  seconds = seconds * (0.75 + math.random() / 2) -- not all agents at once
  seconds = math.max(seconds, err.retry_after or 0)
  return seconds <= M.PATIENCE and seconds or nil
end

-- A run that stops waits for what is under way, or ends it (`stop`): then it fails like any other request, with what it cost.
local function post(options, on_delta)
  local shield <close> = async.shield()
  return async.suspend(function(wake)
    shield.stop = core.post(options, on_delta, wake)
    return shield.stop
  end)
end

-- A request that was ended had been read.
local function ended_early(request, code, info)
  if code == "ERR_CANCELED" then
    info.usage = usage.whole(info.usage or {}, request, info.said or 0)
  end
  return info
end

local function send(request, provider, shape, body)
  local model = request.model
  local key, err = define_key(model, provider)
  if err then
    return nil, errors.is_environment(err) and err or failure(request, err.message, err.code, err), true
  end
  local reply, message, code, info = post({
    url = request.path and model.base_url:gsub("/+$", "") .. request.path or providers.address(provider, model, request),
    body = body,
    key = key, headers = providers.headers(provider, model), deadlines = model.deadlines, caps = model.caps,
    shape = shape, private = model.private,
  }, request.on_delta)
  if reply and request.read then
    return request.read(reply)
  elseif reply then
    if not usage.is_whole(reply.usage) then
      reply.usage = usage.whole(reply.usage, request, usage.said(reply))
    end
    local heard, failed = providers.heard(provider, reply, model)
    if heard then
      return heard
    end
    return nil, failure(request, failed, "ERR_HTTP", { status = reply.status, kinds = reply.finish, ms = reply.ms, usage = reply.usage, said = usage.said(reply) })
  elseif type(message) == "table" then -- the task was canceled
    return nil, message, true
  end
  return nil, failure(request, message, code, ended_early(request, code, info))
end

local function with(request, fields)
  return setmetatable(fields, { __index = request })
end

-- A schema is said in words as well: not every endpoint holds its model to it.
local function with_schema(request, provider)
  if not request.json then
    return request
  end
  local has_tools = request.tools ~= nil and request.tools ~= "[]"
  return with(request, {
    messages = structured.asked(request.messages, request.json, has_tools),
    json = providers.formats(provider, request.model, has_tools) and request.json,
  })
end

local toolless = {} -- address -> names of models whose servers refused tools, for as long as this process lives

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

-- The form of this request: another one may have found out meanwhile that the server refuses tools.
local function is_in_words(request)
  return request.sent.tools == false
end

-- The server refused the request because it offers tools: from now on this model is asked in text.
local function is_toolless(request, err)
  local asked = is_auto(request.model) and offers_tools(request) and not is_in_words(request)
  local refused = asked and err.code == "ERR_HTTP" and error_hints.refuses_tools(err.status, err.message)
  if refused then
    local names = toolless[request.model.base_url] or {}
    toolless[request.model.base_url], names[request.model.model] = names, true
    err.message = err.message .. "; asked with calls as text from here on (\"calls\": \"text\" of the model saves this request)"
  end
  return refused
end

-- The request of a model that writes its calls as text, which a schema would forbid it.
local function in_words(request)
  if not writes_calls(request.model) then
    return request
  end
  return with(request, {
    messages = text_calls.conversation(request.model, request.messages, request.tools), tools = false,
    json = not offers_tools(request) and request.json,
  })
end

-- One at the door's: given back with what came of the request.
local Place = {}
function Place:__close()
  self.door:leave(self.reply, self.err, self.ended)
end

-- Through the door that everybody shares who asks this model; most models have none.
local function ask(request, provider, shape, body)
  local door = request.model.door
  if not door then
    return send(request, provider, shape, body)
  end
  local ok, refused = door:enter()
  if not ok then
    return nil, refused, not refused.unsent
  end
  local place <close> = setmetatable({ door = door, ended = true }, Place)
  place.reply, place.err, place.ended = send(request, provider, shape, body)
  return place.reply, place.err, place.ended
end

-- All attempts were in vain. An outage is everybody's who asks this model; a server that named a long pause itself has that.
local function given_up(door, err, answers)
  if door and outage.is(err) and (err.retry_after or 0) <= M.PATIENCE then
    err.retry_after, err.since = door:give_up(err, answers)
  end
  return err
end

-- A reply that has come, as its turn gets it. What a conversation cannot keep is a failure that was paid for.
local function whole(request, reply)
  local cost, err = reply.usage, nil
  if #reply.message <= M.MESSAGE and is_in_words(request) then
    reply, err = text_calls.heard(request.model, reply, request.tools)
  elseif #reply.calls == 0 and reply.content and is_auto(request.model) and offers_tools(request) then
    reply = text_calls.overheard(reply, request.tools, request.messages)
  end
  if reply and #reply.message > M.MESSAGE then
    err = errors.new("ERR_LIMIT", string.format("the reply has %d bytes, a conversation keeps %d of one", #reply.message, M.MESSAGE),
      "set max_tokens of the model, so that its replies are shorter")
  end
  if err then
    return nil, failure(request, err.message, err.code, { fix = err.fix, usage = cost, status = reply and reply.status, ms = reply and reply.ms })
  elseif reply.calls_max then
    reply.problem = text_call_errors.many(reply.calls_max)
  end
  return reply
end

-- Over the network, or past whoever stands in the way to it.
local function attempt_once(request, provider, shape)
  local body = provider.body(request.model, request.sent)
  if not request.through then
    return ask(request, provider, shape, body)
  end
  return request.through(body, function()
    return ask(request, provider, shape, body)
  end)
end

---One answer that is no reply of a conversation, as it comes; one attempt. Called in a task.
---@param request {model: table, path: string, body: string[], read: (fun(reply: {body: string}): table|nil, Error|nil),
---  through: function?}  read: makes it of the answer's body, before the model's door is told how it went
---@return table|nil
---@return Error|nil
function M.fetch(request)
  local provider, unknown = providers.of(request.model)
  if not provider then
    return nil, unknown
  end
  local function go()
    return ask(request, provider, nil, request.body)
  end
  local reply, err
  if request.through then
    reply, err = request.through(request.body, go)
  else
    reply, err = go()
  end
  return reply, err
end

---@class LlmQuestion
---@field model table
---@field messages string[] JSON texts
---@field tools string? a JSON text
---@field stream boolean?
---@field tool_choice any
---@field json string? a JSON schema: the reply is to be JSON of it, where the provider offers that
---@field on_delta fun(text: string)?
---@field on_attempt fun(attempt: table)?
---@field through (fun(body: string[], send: function): table?, table?, boolean?)?  asked instead of the network
---@field attempts integer?
---@field backoff number? seconds

-- A failure of this machine is none of the model's: of that only what was paid for is noted. Answers whether it counts as
-- an attempt.
local function note(request, attempt, err, wait)
  local counts = not errors.is_environment(err) or err.usage ~= nil
  if request.on_attempt and counts then
    request.on_attempt({
      attempt = attempt, model = request.model.name, code = err.code, message = err.message, status = err.status,
      retry_after = err.retry_after, ms = err.ms, usage = err.usage, wait = wait, took = err.took,
    })
  end
  return counts
end

---One reply of a model. Called in a task. Every failed attempt is told to on_attempt({attempt, code,
---message, status, retry_after, ms, usage, wait}); usage is what a reply that broke off cost, wait is nil after
---the last one.
---@param request LlmQuestion
---@return table|nil reply {content?, reasoning?, calls, usage, finish?, model?, message, status, ms}
---@return table|nil err {class, code, message, fix?, retry_after?, status?}
function M.complete(request)
  local provider, shape = providers.of(request.model)
  if not provider then
    return nil, shape
  end
  request.stream = request.stream ~= false and request.model.stream ~= false
  request.sent = in_words(with_schema(request, provider))
  local counted, door = 1, request.model.door
  local answers = door and door.answers
  for attempt = 1, math.huge do
    local reply, err, ended = attempt_once(request, provider, shape)
    if reply then
      reply, err = whole(request, reply)
    end
    if reply and counted > 1 then
      reply.attempt = counted
    end
    if reply or ended or err.unsent then
      return reply, err
    end
    local wait = is_toolless(request, err) and 0 or wait_before(attempt, err, request)
    if wait == 0 then
      request.sent = in_words(with_schema(request, provider))
    end
    counted = counted + (note(request, counted, err, wait) and 1 or 0)
    if not wait then
      return nil, given_up(door, err, answers)
    end
    local slept, canceled = async.sleep(err.replayed and 0 or wait)
    if not slept then
      return nil, canceled
    end
  end
end

return M
