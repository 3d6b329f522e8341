-- card_moves.lua: every status, and whether a person may move a card there: what the act `move` would be
-- answered, by the same state machine, without doing it.

local fsm = require("orket.core.fsm")
local moves = require("orket.effects.moves")
local statuses = require("orket.util.statuses")
local unanswered = require("orket.governance.unanswered")

local M = {}

local NAMES = fsm.names()
local PARKED = statuses.PARKED

---@class CardMove
---@field status string where to
---@field allowed boolean
---@field needs_reason boolean a wait reason has to be given: one of `reasons`
---@field reasons string[]|nil
---@field rule string of the state machine (fsm.*), or card.unanswered
---@field why string what the move is for, or why it is refused
---@field fix string|nil of a refusal

local function reasons()
  local list = {}
  for i, reason in ipairs(NAMES.reasons) do
    list[i] = reason.name
  end
  return list
end

-- A wait is judged with a reason, which the person chooses.
local function move_to(store, card, to)
  local waits = PARKED[to] or false
  local verdict = moves.judge(card, to, "human", waits and NAMES.reasons[1].name or nil)
  local err = verdict.ok and unanswered.objection(store, card, "move", to)
  if err then
    verdict = { ok = false, rule = "card.unanswered", why = err.message, fix = err.fix }
  end
  return { status = to, allowed = verdict.ok, needs_reason = waits, reasons = waits and reasons() or nil,
    rule = verdict.rule, why = verdict.why, fix = verdict.fix }
end

---@param store Store
---@param card table a row of the query card
---@return CardMove[] one for each status, in the order of the state machine
function M.of(store, card)
  local rows = {}
  for i, status in ipairs(NAMES.statuses) do
    rows[i] = move_to(store, card, status.name)
  end
  return rows
end

return M
