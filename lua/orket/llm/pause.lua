-- pause.lua: a server asks for a longer pause than anybody waits with a request open, or is not asked because it does
-- not answer: until when the card waits. What is recorded of it is the body of `model.paused`.

local errors = require("orket.errors")
local sys = require("orket.core.sys")

local M = {}

M.OVER = "the pause is over" -- why a card goes on by itself

local PREFIX = "until/" -- in the turn's `waits`
local LONGEST = 86400   -- seconds, whatever a server asks for
local PATIENCE = 60     -- seconds that llm.lua waits itself

local function moment(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", os.time() + math.ceil(seconds)) .. sys.now():sub(20)
end

---What a turn waits for after this failure; nil when it failed for good.
---@param err Error of a request
---@param model string its name
---@param card string
---@return {model: string, until: string, code: string, why: string, fix: string}|nil
function M.of(err, model, card)
  local seconds = err.retry_after
  if err.class ~= "model" or not seconds or seconds <= PATIENCE and not err.unsent then
    return nil
  end
  local till = moment(err.replayed and 0 or math.min(seconds, LONGEST))
  return {
    model = model, ["until"] = till, code = err.code, why = string.format("%s until %sZ: %s", model, till:sub(1, 19), err.message),
    fix = "it goes on by itself; orket retry " .. card .. " asks at once",
  }
end

---A turn has waited often enough: somebody has to look.
---@param err Error of a request
---@param model string its name
---@param times integer
---@return Error
function M.enough(err, model, times)
  return errors.new("ERR_LIMIT", string.format("%s asked for a pause %d times in a row, the last time: %s", model, times + 1, err.message),
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
