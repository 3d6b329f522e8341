-- outcome.lua: the one transition with which a turn ends: as proposed, or what the proposal comes to.

local merge_preview = require("orket.workspace.merge.merge_preview")
local moves = require("orket.effects.moves")
local turn_plan = require("orket.turn.turn_plan")
local verify = require("orket.verification.verify")

local M = {}

---True when a card was sent back more often than it may be: then a person has to look.
---@param card table
---@param times integer
---@return boolean
function M.is_exhausted(card, times)
  return times > (card.max_retries or 3)
end

-- Work is sent back; after max_retries reworks the card waits for a person instead, whose answer is for the
-- worker.
local function send_back(turn, role, proposal)
  local card = turn.card
  local times = (card.retry_count or 0) + 1
  if M.is_exhausted(card, times) then
    return moves.add(turn.tx, card, "blocked", {
      role = "system", reason = "review", return_to = "in_progress",
      why = "sent back again: " .. (proposal.why or "no reason given"),
    })
  end
  return moves.add(turn.tx, card, proposal.status, {
    role = role, why = proposal.why, seat = proposal.seat, retry_count = times,
  })
end

-- What a card lacks whose files have to be tested before it is done: a passing verdict for exactly this tree,
-- of the fixture as it is now. An error is the machine's.
local function verdict_lacking(turn, tree)
  local verdict = verify.passed(turn.engine.store, turn.card.id, tree)
  if not verdict then
    return "no passing verdict for this tree"
  end
  local is_fixture, err = turn.engine:is_fixture(turn, verdict.fixture)
  return not is_fixture and not err and verify.STALE or nil, err
end

-- With a merge queue what was tested is what the merge makes of the epic's tree.
local function is_behind(turn)
  if not turn.engine:rules().merge_queue then
    return false
  end
  local followed, err = merge_preview.behind(turn.tree)
  return followed and #followed.changes + #followed.conflicts > 0, err
end

-- Why the card's files have to be tested before it is done; nil: they need not.
local function untested(turn, tree)
  if not turn.card.fixture then
    return nil
  end
  local why, err = verdict_lacking(turn, tree)
  local behind = false
  if not why and not err then
    behind, err = is_behind(turn)
  end
  return behind and "other cards were merged since it was tested" or why, err
end

-- Done needs a verdict, where the card has a fixture, and a merge without conflicts.
local function finish(turn, proposal)
  local card, tree, merged = turn.card, turn.tree:hash(), nil
  local why, err = untested(turn, tree)
  if why then
    return moves.add(turn.tx, card, "ready_for_testing", { role = "system", why = why })
  elseif not err then
    merged, err = turn.tree:merge(turn.tx)
  end
  if not merged then
    return nil, err
  elseif merged.conflicts then
    local conflict = "merge conflict in " .. table.concat(merged.conflicts, ", ")
    return send_back(turn, "system", { status = "in_progress", why = conflict })
  end
  return moves.add(turn.tx, card, "done", { role = turn.role, why = proposal.why, tree = tree })
end

---What the state machine has against a proposal, before anything of it is recorded or merged. One that was
---judged when the model made it is not judged once more, but by tx:move when it is committed.
---@param turn Turn
---@param proposal Proposal
---@return Error|nil
function M.objection(turn, proposal)
  if turn:is_judged(proposal) then
    return nil
  end
  local role = turn.card.type == "plan" and turn_plan.role(turn, proposal) or turn.role
  return moves.objection(turn.card, proposal.status, role, proposal.reason)
end

---The turn's one transition, as proposed, in its transaction.
---@param turn Turn
---@param proposal {status: string, reason: string?, why: string?, seat: string?}
---@return boolean|nil ok
---@return Error|nil
function M.commit(turn, proposal)
  if turn.card.type == "plan" then
    return turn_plan.commit(turn, proposal)
  elseif proposal.status == "done" and turn.card.type == "issue" then
    return finish(turn, proposal)
  elseif turn.review and (proposal.status == "in_progress" or proposal.status == "ready_for_testing") then
    return send_back(turn, turn.role, proposal)
  end
  return moves.add(turn.tx, turn.card, proposal.status, {
    role = turn.role, reason = proposal.reason, why = proposal.why, seat = proposal.seat,
  })
end

return M
