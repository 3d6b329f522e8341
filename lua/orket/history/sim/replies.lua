-- replies.lua: what the replies of a turn called for, as the journal has it, and which of these calls a
-- verdict is about.

local cjson = require("cjson")
local prefix = require("orket.history.fork.prefix")
local tape = require("orket.turn.tape")

local M = {}

-- What is too long to come with its event.
local function message_of(walk, event)
  local text = walk.store:message(event.body.convo)
  if not text then
    walk.judge:lost(event, "its reply is missing")
  end
  return text and cjson.decode(text)
end

---The calls of a reply that the journal names.
---@param walk table
---@param turn SimTurn
---@param event table step.reply
function M.read(walk, turn, event)
  turn.convo, turn.output = event.body.convo, event.body.output
  local message = event.message or message_of(walk, event)
  turn.made = turn.made + #turn.calls
  turn.calls, turn.at = message and tape.calls(message) or {}, 1
end

---@param turn SimTurn
---@param event table turn.labelled
function M.label(turn, event)
  for _, name in ipairs(event.body.labels) do
    turn.labels[name] = true
  end
end

local OUTCOME = { ["call.result"] = true, ["call.refused"] = true }

---A turn of a fork goes on where its source was.
---@param walk table
---@param turn SimTurn
function M.inherit(walk, turn)
  local settled, events, inherited = 0, prefix.events(walk.store, turn.run.id, turn.number)
  for i = 1, inherited do
    if events[i].kind == "step.reply" then
      M.read(walk, turn, events[i])
      settled = 0
    end
    settled = settled + (OUTCOME[events[i].kind] and 1 or 0)
    turn.proposal = OUTCOME[events[i].kind] and events[i].body.proposal or turn.proposal
    if events[i].kind == "turn.labelled" then
      M.label(turn, events[i])
    end
  end
  turn.at = settled + 1
end

---The request that a verdict is about; an intent that an interruption left is said once more, and is judged
---once.
---@param turn SimTurn
---@param event table call.allowed, call.refused or approval.asked
---@return {id: string, name: string, arguments: string}|nil
function M.request(turn, event)
  local body = event.body
  for at = turn.at, #turn.calls do
    if turn.calls[at].id == body.call and turn.calls[at].name == body.tool then
      turn.at = at + 1
      return turn.calls[at]
    end
  end
end

return M
