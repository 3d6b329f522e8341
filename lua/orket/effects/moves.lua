-- moves.lua: a status change as trusted Lua makes it. The rules are not here: tx:move asks the state machine
-- in C, and the projection compares status, type and revision.

local fsm = require("orket.core.fsm")
local statuses = require("orket.util.statuses")

local M = {}

local FINAL = statuses.FINAL

---@param card {type: string, status: string}
---@param to string
---@param role string  the acting role; "system" for the engine, "human" for a person
---@param reason string|nil wait reason
---@return {ok: boolean, rule: string, why: string, fix: string}
function M.judge(card, to, role, reason)
  return fsm.check({ type = card.type, from = card.status, to = to, role = role, reason = reason })
end

---What the state machine has against a change, when it is proposed: tx:move judges it again when it is made.
---@param card {type: string, status: string}
---@param to string
---@param role string
---@param reason string|nil wait reason
---@return Error|nil
function M.objection(card, to, role, reason)
  local verdict = M.judge(card, to, role, reason)
  if not verdict.ok then
    return { code = "ERR_TRANSITION", class = "refusal", rule = verdict.rule, message = verdict.why,
      fix = verdict.fix }
  end
end

---Adds the change to a transaction, and to the card at hand.
---@param tx table
---@param card table {id, type, status, revision}
---@param to string
---@param options table {role, reason?, why?, assignee?, seat?, retry_count?, tree?, return_to?}; role is the
---  acting one,
---return_to where a parked card goes back to: where it was, unless somebody else has to act on the answer
---@return boolean|nil ok
---@return Error|nil
function M.add(tx, card, to, options)
  local parked = to == "blocked" or to == "waiting_for_developer"
  local back = parked and (options.return_to or card.status) or nil
  local n, why, code, fix, rule = tx:move(card.id, {
    rev = card.revision, type = card.type, from = card.status, to = to, role = options.role,
    reason = options.reason, why = options.why, return_to = back, assignee = options.assignee,
    seat = options.seat, retry_count = options.retry_count, tree = options.tree,
  })
  if not n then
    return nil, { code = code, class = "refusal", rule = rule, message = why, fix = fix }
  end
  card.return_to = back
  card.status, card.revision, card.wait_reason = to, card.revision + 1, options.reason
  card.retry_count = options.retry_count or card.retry_count
  return true
end

-- What is given up takes with it what it is made of.
---@param tx StoreTx
---@param card {id: string, type: string}
---@param store Store
---@return boolean|nil ok
---@return Error|nil
function M.cancel_below(tx, card, store)
  local below = card.type == "issue" and {} or store:read("children", { parent = card.id })
  for _, child in ipairs(below) do
    if not FINAL[child.status] then
      local ok, err = M.add(tx, child, "canceled", { role = "system", why = card.id .. " was canceled" })
      if ok then
        ok, err = M.cancel_below(tx, child, store)
      end
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

return M
