-- retry.lua: a request that met a transient failure is made again, a few times and later each time. Each
-- failed attempt is passed to `on_attempt`.

local async = require("orket.async")
local errors = require("orket.errors")
local outage = require("orket.llm.outage")
local request_failure = require("orket.llm.request.request_failure")

local M = {}

local ATTEMPTS = 3  -- requests per reply, at most
M.BACKOFF = 1      -- seconds before the second; doubles
local PATIENCE = 60 -- longest wait between two attempts; the card waits where a server asks for more

---Seconds to wait before the next attempt, or nil when there is none.
local function wait_before(request, attempt, err)
  if err.again_at_once then
    return 0
  elseif attempt >= (request.attempts or ATTEMPTS) or not request_failure.is_transient(err) then
    return nil
  end
  local seconds = (request.backoff or M.BACKOFF) * 2 ^ (attempt - 1)
  seconds = seconds * (0.75 + math.random() / 2) -- not all agents at once
  seconds = math.max(seconds, err.retry_after or 0)
  return seconds <= PATIENCE and seconds or nil
end

-- A failure of this machine is none of the model's: of that only what was paid for counts.
local function counts(err)
  return not errors.is_environment(err) or err.usage ~= nil
end

local function note(request, number, err, wait)
  if request.on_attempt then
    request.on_attempt({
      attempt = number, model = request.model.name, code = err.code, message = err.message,
      status = err.status, retry_after = err.retry_after, ms = err.ms, usage = err.usage, took = err.took,
      wait = wait,
    }, request)
  end
end

-- All attempts failed. An outage counts for all requests to this model; a server that named a long pause
-- itself has that.
local function given_up(limiter, err, answers)
  if limiter and outage.is(err) and (err.retry_after or 0) <= PATIENCE then
    err.retry_after, err.since = limiter.breaker:give_up(err, answers)
  end
  return err
end

---Requests of several attempts.
---@param inner Ask
---@return Ask  a reply says which `attempt` it was of those that count, when it was not the first
function M.over(inner)
  return function(request)
    local number, limiter = 1, request.model.limiter
    local answers = limiter and limiter.breaker.answers
    for attempt = 1, math.huge do
      local reply, err = inner(request)
      if reply then
        reply.attempt = number > 1 and number or nil
        return reply
      elseif not err.is_attempt then
        return nil, err
      end
      local wait = wait_before(request, attempt, err)
      if counts(err) then
        note(request, number, err, wait)
        number = number + 1
      end
      if not wait then
        return nil, given_up(limiter, err, answers)
      end
      local slept, canceled = async.sleep(err.replayed and 0 or wait)
      if not slept then
        return nil, canceled
      end
    end
  end
end

return M
