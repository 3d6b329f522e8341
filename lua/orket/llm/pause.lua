-- pause.lua: a server asks for a longer pause than anybody waits with a request open, or is not asked because
-- it does not answer: until when the card waits. What is recorded of it is the body of `model.paused`.

local errors = require("orket.errors")
local sys = require("orket.core.sys")

local M = {}

M.OVER = "the pause is over" -- why a card goes on by itself

local PREFIX = "until/" -- in the turn's `waits`
local LONGEST = 86400   -- seconds, whatever a server asks for
local PATIENCE = 60     -- seconds that llm.lua waits itself
local OUTAGES = 5       -- of one turn, without a reply in between

local function moment(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", os.time() + math.ceil(seconds)) .. sys.now():sub(20)
end

local function second_of(at)
  return at:sub(1, 19) .. "Z"
end

---What a turn waits for after this failure; nil when it failed for good.
---@param err Error of a request
---@param model string its name
---@param card string
---@return {model: string, until: string, since: string?, code: string, why: string, message: string,
---  cure: string?, fix: string}|nil  since: of an outage; cure: what may end it, fix: what ends the wait
function M.of(err, model, card)
  local seconds = err.retry_after
  if err.class ~= "model" or not seconds or seconds <= PATIENCE and not (err.unsent or err.since) then
    return nil
  end
  local till = moment(err.replayed and 0 or math.min(seconds, LONGEST))
  local why = string.format("%s until %s: %s", model, second_of(till), err.message)
  if err.since then
    why = string.format("the model %s is unreachable since %s, next try at %s: %s", model,
      second_of(err.since), second_of(till),
      err.last or err.message)
  end
  return {
    model = model, ["until"] = till, since = err.since, code = err.code, why = why,
    message = err.last or err.message, cure = err.fix,
    fix = "it goes on by itself; orket retry " .. card .. " asks at once",
  }
end

---True when a turn met one outage after the other, and its endpoint answered others in between: then it is
---this request that fails, and its failure counts as any other.
---@param turn Turn
---@param body table of `model.paused`
---@return boolean
function M.is_its_own(turn, body)
  return body.since ~= nil and body.since ~= turn.outage and turn.outages >= OUTAGES
end

---A turn has waited often enough: somebody has to look.
---@param err Error of a request
---@param model string its name
---@param times integer
---@return Error
function M.enough(err, model, times)
  return errors.new("ERR_LIMIT", string.format("%s asked for a pause %d times in a row, the last time: %s",
    model, times + 1, err.message),
    "look after the endpoint, or name another one in its fallback")
end

---What a turn's row says while it waits.
---@param till string
---@return string
function M.waits(till)
  return PREFIX .. till
end

---The end of a pause for which a turn waits; nil when it waits for something else.
---@param waits string as `capped` reads it
---@return string|nil
function M.ending(waits)
  return waits:sub(1, #PREFIX) == PREFIX and waits:sub(#PREFIX + 1) or nil
end

return M
