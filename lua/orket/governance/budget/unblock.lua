-- unblock.lua: a card that waited for a cap, or for the end of a pause, goes on with the turn that it had: a
-- person raised the cap, time passed, or a person tries again. The events stand in the turn's stream, so that
-- it is current.

local async = require("orket.async")
local errors = require("orket.errors")
local moves = require("orket.effects.moves")
local pause = require("orket.llm.pause")

local M = {}

---The events that let a card go on where it was. Its failures are counted anew, unless it was time alone that
---passed: a model that fails after each pause would do so for ever.
---@param tx StoreTx of the turn's stream
---@param card table {id, type, status, revision, return_to, retry_count}
---@param why string
---@return boolean|nil ok
---@return Error|nil
function M.add(tx, card, why)
  tx:event("budget.lifted", card.id, { why = why })
  if why ~= pause.OVER and (card.retry_count or 0) > 0 then
    tx:event("card.changed", card.id, { rev = card.revision, set = { retry_count = 0 } })
    card.revision = card.revision + 1
  end
  return moves.add(tx, card, card.return_to or "in_progress", { role = "system", why = why })
end

---One card goes on with its turn.
---@param store Store
---@param waiting table row of `capped`
---@param why string
---@return any|nil ok
---@return Error|nil
function M.one(store, waiting, why)
  local card = store:read("card", { id = waiting.card })[1]
  local tx = store:stream({ run = waiting.run, turn = waiting.turn, actor = "system",
    role = "system" }):begin()
  local ok, err = M.add(tx, card, why)
  if not ok then
    return nil, err
  end
  return errors.check(async.await(tx.commit, tx))
end

local function why_of(waits)
  return pause.ending(waits) and pause.OVER or waits .. " has room again"
end

---Cards of a run that wait for caps that have room again, or are gone, go on.
---@param store Store
---@param run string
---@param has_room fun(waits: string, card: string): boolean
---@return true|nil ok
---@return Error|nil
function M.all(store, run, has_room)
  for _, waiting in ipairs(store:read("capped", { run = run })) do
    if has_room(waiting.waits, waiting.card) then
      local ok, err = M.one(store, waiting, why_of(waiting.waits))
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

return M
