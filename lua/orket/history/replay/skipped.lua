-- skipped.lua: the calls that a person refused while they looked on (debugger.lua): in a replay the journal
-- gives those orders again.

local record = require("orket.history.replay.record")
local debug_hooks = require("orket.turn.debug_hooks")

local M = {}

local Skipped = {}
Skipped.__index = Skipped

-- The body of the person's refusal of this call; nil when the record has none.
local function refusal_of(line, turn, call)
  for _, event in ipairs(line) do
    if event.kind == "call.refused" and event.step == turn.step and event.body:find(debug_hooks.RULE, 1,
      true) then
      local body = record.body(event)
      if body.rule == debug_hooks.RULE and body.call == call then
        return body
      end
    end
  end
end

-- The call that a question, or its outcome, is about.
local function asked_about(line, event)
  local body = record.body(event)
  local asked = body.ask and line[math.tointeger(tonumber(body.ask:match("%d+$")))]
  return asked and record.body(asked).call or body.call
end

-- What belongs to a call before it is refused: a question, or what an answer came to, unless by that refusal
-- itself.
local function is_before(event)
  return event.kind == "approval.asked" or event.kind == "approval.settled"
    and record.body(event).rule ~= debug_hooks.RULE
end

-- Before the person refused it, it was asked about, or the answer was acted upon: that is still to be
-- derived.
local function is_asked_before(line, turn, call)
  for i = line.tip + 1, #line do
    local event = line[i]
    if event.step == turn.step and is_before(event) and asked_about(line, event) == call then
      return true
    end
  end
  return false
end

---The order of the record, as a debugger gives it.
---@param turn Turn
---@param _ string kind of the stop
---@param what {request: table?}
---@return {kind: "skip", why: string}|nil order
function Skipped:at(turn, _, what)
  local line, call = self.stage.lines[turn.number] or {}, what.request and what.request.id
  local refusal = call and refusal_of(line, turn, call)
  if refusal and not is_asked_before(line, turn, call) then
    return { kind = "skip", why = refusal.why }
  end
end

---@param stage table
---@return table
function M.new(stage)
  return setmetatable({ stage = stage }, Skipped)
end

return M
