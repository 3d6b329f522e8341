-- cut_off.lua: turns that were cut off, replayed: what an earlier process's turn was given up with, and what
-- a person answered about an operation of which no record said whether it had happened
-- (effects/at_most_once.lua), or about one that a person had to allow
-- (governance/approvals/turn_approval.lua).

local approvals = require("orket.governance.approvals.approvals")
local unblock = require("orket.governance.budget.unblock")
local at_most_once = require("orket.effects.at_most_once")
local acts = require("orket.governance.acts")
local prefix = require("orket.history.fork.prefix")
local record = require("orket.history.replay.record")

local M = {}

-- ---- given up ----

---True for what a process wrote that found the turn open and gave it up (scheduler/interrupted.lua).
---@param event Recorded
---@return boolean
function M.is_given_up(event)
  return event.kind == "turn.abandoned" or event.kind == "operation.uncertain" and event.actor == "system"
end

-- Before that, its card was parked: nobody knew what had become of an operation.
local function park(stage, event)
  local store = stage.facade
  local intent = at_most_once.lonely((prefix.events(store, event.run, event.turn)))
  local card = store:read("card_state", { id = event.card })[1]
  if not intent or not card then
    return stage:diverge(event, "no operation of the turn was cut off")
  end
  local tx = store:stream({ run = event.run, turn = event.turn, actor = "system", role = "system" }):begin()
  local ok, err = at_most_once.park(tx, card, intent)
  if not ok then
    return stage:diverge(event, err.message)
  end
  tx:commit()
end

---Another process gave the turn up; that it did follows from nothing that is recorded.
---@param stage table
---@param event Recorded
function M.give_up(stage, event)
  if event.kind == "turn.abandoned" then
    event.derived = true
    stage:pass(event)
  else
    park(stage, event)
  end
end

-- ---- lifted ----

---A card that waited for a cap went on: somebody raised it, or tried again. That is input; what it does to
---turn and card follows from it.
---@param stage table
---@param event Recorded budget.lifted
---@return table unit
function M.lift(stage, event)
  local store = stage.facade
  local card = store:read("card", { id = event.card })[1]
  local tx = store:stream({ run = event.run, turn = event.turn, actor = event.actor,
    role = event.role }):begin()
  local ok, err = unblock.add(tx, card, record.body(event).why)
  if not ok then
    stage:diverge(event, err.message)
  end
  tx:commit()
  return { taped = true, done = true }
end

-- ---- answered ----

---A person's answer is input; what it does to turn and card follows from it.
---@param stage table
---@param event Recorded operation.answered
---@param project table
---@return table unit
function M.answer(stage, event, project)
  local body, unit = record.body(event), { taped = true }
  return stage:play(unit, function()
    local _, err = acts.perform(project, {
      act = "answer", card = event.card, who = event.actor:match("^human:(.*)$"),
      text = body.answer .. (body.text and " " .. body.text or ""),
    })
    if err then
      stage:diverge(event, err.message)
    end
  end)
end

---A person's yes or no, or that it came too late, is input as well.
---@param stage table
---@param event Recorded approval.answered
---@return table unit
function M.say(stage, event)
  local body, unit = record.body(event), { taped = true }
  return stage:play(unit, function()
    local row = stage.facade:read("approvals", { id = body.ask })[1]
    local ok, err
    if row and row.run == event.run and tostring(row.turn) == tostring(event.turn) then
      ok, err = approvals.answer(stage.facade, row, {
        answer = body.answer, why = body.why, who = event.actor:match("^human:(.*)$"),
      })
    end
    if not ok then
      stage:diverge(event, err and err.message or "there is no such question in the turn")
    end
  end)
end

return M
