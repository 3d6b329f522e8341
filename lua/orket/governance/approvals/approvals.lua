-- approvals.lua: questions that a person answers with yes or no: which there are, and how an answer is
-- recorded. What an answer is worth is decided by the turn that asked
-- (governance/approvals/turn_approval.lua).

local async = require("orket.async")
local errors = require("orket.errors")
local instants = require("orket.util.instants")
local moves = require("orket.effects.moves")
local sys = require("orket.core.sys")

local M = {}

local PAST = {
  approved = "was approved already", denied = "was denied already", used = "was approved, and used up",
  expired = "expired", void = "is void: its card went on without it",
  refused = "was approved, and the core's rules refused it all the same",
}

---The questions that wait for a person, oldest first.
---@param store Store
---@param card string|nil
---@return table[] rows
function M.pending(store, card)
  return store:read("approvals", { card = card, status = "pending" })
end

local function unknown(store, name)
  local ids = {}
  for i, row in ipairs(M.pending(store)) do
    ids[i] = row.id
  end
  return errors.new("ERR_NOT_FOUND", "no approval is pending for " .. name,
    #ids == 0 and "no approvals are pending"
    or "orket approvals lists them: " .. table.concat(ids, ", ", 1, math.min(#ids, 5)))
end

-- The question of this id; of a card the one that waits, else the newest.
local function question(store, name)
  local of_card = store:read("approvals", { card = name })
  return store:read("approvals", { id = name })[1] or M.pending(store, name)[1] or of_card[#of_card]
end

---The question of this id, answered or not; of a card the one that waits, else the newest.
---@param store Store
---@param name string
---@return table|nil row
---@return Error|nil
function M.any(store, name)
  local row = question(store, name)
  return row, not row and unknown(store, name) or nil
end

---The pending question of this id, or of this card.
---@param store Store
---@param name string
---@return table|nil row
---@return Error|nil
function M.find(store, name)
  local row = question(store, name)
  if not row then
    return nil, unknown(store, name)
  elseif row.status ~= "pending" then
    local by = row.answered_by and " (" .. row.answered_by .. ")" or ""
    return nil, errors.new("ERR_TRANSITION",
      "the question " .. row.id .. " " .. (PAST[row.status] or "is " .. row.status) .. by,
      "an answer counts once; orket approvals lists what is asked now")
  end
  return row
end

---True when it is too late to say yes.
---@param row {expires_at: string}
---@return boolean
function M.is_late(row)
  return sys.now() > row.expires_at
end

---Seconds until it is too late to say yes; never below 0.
---@param row {expires_at: string}
---@return number
function M.seconds_left(row)
  return math.max(0, -instants.since(row.expires_at))
end

---What a person answers now; when it is too late, that it is.
---@param row {expires_at: string} a question
---@param said {answer: string, why: string?, who: string?}
---@return {answer: "approved"|"denied"|"expired", why: string?, who: string?}|nil
---@return Error|nil
function M.timely_answer(row, said)
  if said.answer ~= "approved" and said.answer ~= "denied" then
    return nil, errors.new("ERR_USAGE", "'" .. said.answer .. "' is no answer", "approved or denied")
  elseif M.is_late(row) then
    return { answer = "expired" }
  end
  return { answer = said.answer, why = said.why, who = said.who }
end

---Records an answer in the stream of the turn that asked; its card goes back to where it was, and the turn
---goes on.
---@param store Store
---@param row table the pending question
---@param answer {answer: "approved"|"denied"|"expired"|"void", why: string?, who: string?} who: a person;
---  nil: the engine
---@return true|nil ok
---@return Error|nil
function M.answer(store, row, answer)
  local actor, role = "system", "system"
  if answer.who then
    actor, role = "human:" .. answer.who, "human"
  end
  local tx = store:stream({ run = row.run, turn = row.turn, actor = actor, role = role }):begin()
  local card = store:read("card_state", { id = row.card })[1]
  tx:event("approval.answered", row.card, { ask = row.id, answer = answer.answer, why = answer.why })
  local ok, err = moves.add(tx, card, card.return_to or "in_progress",
    { role = "system", why = answer.answer .. ": " .. row.id })
  if not ok then
    tx:abandon()
    return nil, err
  end
  return errors.check(async.await(tx.commit, tx))
end

return M
