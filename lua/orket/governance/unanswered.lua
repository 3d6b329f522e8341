-- unanswered.lua: what a card asks, and which acts would pass over it: an operation of which the outcome is
-- unknown, a question of yes or no.

local approvals = require("orket.governance.approvals.approvals")
local at_most_once = require("orket.effects.at_most_once")
local errors = require("orket.errors")
local statuses = require("orket.util.statuses")

local M = {}

local FINAL = statuses.FINAL

-- Going on without an answer would do it again, or leave it undone, without a person having decided so.
local function passes_over(act, to)
  return act == "retry" or act == "move" and not FINAL[to]
end

---The operation of a card of which a person has to say whether it happened.
---@param store Store
---@param card {id: string}
---@return table|nil row of the query uncertain
function M.outcome(store, card)
  return store:read("uncertain", { card = card.id })[1]
end

local function unknown_outcome(store, card)
  local pending = M.outcome(store, card)
  return pending and errors.new("ERR_TRANSITION", "unknown outcome: "
    .. at_most_once.describe(pending.operation) .. " was interrupted",
    "check whether it happened, then: orket answer " .. card.id .. " happened, or did-not, or again")
end

-- A yes or no is no sentence: what is written in one may be meant either way.
local function yes_or_no(store, card)
  local question = approvals.pending(store, card.id)[1]
  return question and errors.new("ERR_TRANSITION", card.id .. " needs approval: " .. question.id,
    "orket show " .. card.id .. ", then orket approve " .. question.id .. ", or orket deny " .. question.id
      .. " --why TEXT")
end

---Why a person's act on a card has to wait until its question is answered.
---@param store Store
---@param card {id: string}
---@param act string
---@param to string|nil the status of a move
---@return Error|nil ERR_TRANSITION
function M.objection(store, card, act, to)
  local passes = passes_over(act, to)
  local err = passes and unknown_outcome(store, card)
  if not err and (passes or act == "answer") then
    err = yes_or_no(store, card)
  end
  return err or nil
end

return M
