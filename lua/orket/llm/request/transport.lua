-- transport.lua: one request to a model over the network, once: the last layer. Deadlines, caps and the
-- values of keys belong to the core (core/bind/llm/); providers/<shape>.lua says what an API's requests and
-- replies look like.

local async = require("orket.async")
local llm = require("orket.core.llm")
local model_keys = require("orket.llm.model_keys")
local providers = require("orket.llm.providers")
local request_failure = require("orket.llm.request.request_failure")
local usage = require("orket.llm.usage")

local M = {}

-- A run that stops waits for what is under way, or ends it (`stop`): then it fails like any other request,
-- with what it cost.
---@return table|nil reply
---@return {message: string, code: string, info: LlmFailure}|Error|nil failure  no `info`: the task was
---  canceled
local function post(options, on_delta)
  local shield <close> = async.shield()
  return async.suspend(function(wake)
    shield.stop = llm.post(options, on_delta, function(reply, message, code, info)
      wake(reply, not reply and { message = message, code = code, info = info } or nil)
    end)
    return shield.stop
  end)
end

local function options_of(request)
  local model = request.model
  local url = request.path and model.base_url:gsub("/+$", "") .. request.path
  return {
    url = url or providers.address(request.provider, model, request),
    body = request.body, shape = request.shape,
    headers = providers.headers(request.provider, model), private = model.private,
    deadlines = model.deadlines, caps = model.caps,
  }
end

-- What a server did not count is estimated.
local function heard(request, reply)
  if not usage.is_whole(reply.usage) then
    reply.usage = usage.whole(reply.usage, request, usage.reply_bytes(reply))
  end
  local said, failed = providers.read_reply(request.provider, reply, request.model)
  if said then
    return said
  end
  return nil, request_failure.new(request, "ERR_HTTP", failed, {
    status = reply.status, kinds = reply.finish, ms = reply.ms, usage = reply.usage,
    said = usage.reply_bytes(reply),
  })
end

-- An answer that cannot be read was given all the same.
local function fetched(request, answer)
  local read, err = request.read(answer)
  if err then
    err.is_attempt = true
  end
  return read, err
end

---Sends a request whose body is made.
---@param request ModelRequest
---@return table|nil reply
---@return RequestFailure|Error|nil err  no RequestFailure when the task was canceled
function M.send(request)
  local options = options_of(request)
  local ok, err = model_keys.put(options, request.model, request.provider)
  if not ok then
    return nil, request_failure.of_key(request, err)
  end
  local reply, failure = post(options, request.on_delta)
  if reply and request.read then
    return fetched(request, reply)
  elseif reply then
    return heard(request, reply)
  elseif failure.info then
    return nil, request_failure.new(request, failure.code, failure.message, failure.info)
  end
  return nil, failure
end

return M
