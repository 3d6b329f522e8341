-- request_failure.lua: why a request to a model failed, as an error: its class, what fixes it, what it cost,
-- and whether the same request may succeed a little later.

local errors = require("orket.errors")
local permanent = require("orket.llm.permanent")
local usage = require("orket.llm.usage")

local error_hints = require("orket.llm.error_hints")
local overflow = require("orket.llm.overflow")

local M = {}

---@class RequestFailure: Error
---@field is_attempt boolean? a request was made: it costs, counts, and says something about the endpoint
---@field status integer?
---@field retry_after number? seconds
---@field kinds string? as the server names the error
---@field deadline string?
---@field ms integer?
---@field usage table? what it cost all the same
---@field permanent "account"|"model"|nil no repetition heals it (llm/permanent.lua)
---@field told {limit: integer?, asked: integer?}? it does not fit into the model's window

-- A failure of the endpoint is a model failure whatever its code; one of this machine or of the request is
-- not.
local OTHER_CLASS = {
  ERR_CANCELED = "environment", ERR_MEMORY = "environment", ERR_IO = "environment",
  ERR_DESCRIPTORS = "environment", ERR_LIBRARY = "environment", ERR_BUG = "bug",
  ERR_LIMIT = "limit", -- the same would come once more
  ERR_USAGE = "input", ERR_CONFIG = "input", ERR_NOT_FOUND = "input", ERR_DENIED = "input",
}

local STOPPED = "the run stopped before the reply was complete"

-- What helps: where the configuration may be wrong, with what it says.
local function fix_of(err, model, fix)
  fix = fix or error_hints.of(err.code, err.status, err.kinds)
  if fix and (err.code == "ERR_NET" or err.permanent) then
    return fix .. ": " .. error_hints.place(model)
  end
  return fix
end

-- A server that had begun to answer is paid for that; a request that was ended had been read.
local function spent(request, err, info)
  local told, said = info.usage or {}, info.said or 0
  if said > 0 or next(told) or err.code == "ERR_CANCELED" then
    return usage.whole(told, request, said)
  end
  local began = err.code == "ERR_LIMIT" and err.status == 200 -- by a line of which nothing is kept
  return began and usage.whole(told, request, said) or nil
end

local function of_window(err, told)
  err.code, err.class, err.told, err.permanent = "ERR_CONTEXT", "limit", told, nil
  err.fix = "set `context` of the model to what its server takes, or ask for less"
  return err
end

---@param request ModelRequest
---@param code string
---@param message string
---@param info {status: integer?, kinds: string?, retry_after: number?, deadline: string?, ms: integer?,
---  fix: string?, usage: table?, said: integer?}  usage, said: of what had come
---@return RequestFailure
function M.new(request, code, message, info)
  local err = {
    code = code, class = OTHER_CLASS[code] or "model", is_attempt = true,
    status = info.status, kinds = info.kinds,
    message = code == "ERR_CANCELED" and STOPPED or message,
    retry_after = info.retry_after, deadline = info.deadline, ms = info.ms,
  }
  err.permanent = permanent.scope(err)
  err.fix, err.usage = fix_of(err, request.model, info.fix), spent(request, err, info)
  local told = code == "ERR_HTTP" and overflow.of(err)
  return told and of_window(err, told) or err
end

---Its key is not where it is said to be: no request was made.
---@param request ModelRequest
---@param err Error
---@return Error
function M.of_key(request, err)
  if errors.is_environment(err) then
    return err
  end
  local failure = M.new(request, err.code, err.message, err)
  failure.is_attempt = nil
  return failure
end

---True when the same request may succeed a little later.
---@param err RequestFailure
---@return boolean
function M.is_transient(err)
  local status = err.status or 0
  if err.permanent then
    return false
  elseif err.code == "ERR_HTTP" then -- 2xx: the error came inside the stream
    return status >= 500 or status == 429 or status == 408 or status < 300
  elseif err.code == "ERR_TIMEOUT" then
    return err.deadline == "connect"
  end
  return err.code == "ERR_NET" or err.code == "ERR_PROTOCOL" or err.code == "ERR_DESCRIPTORS"
end

return M
