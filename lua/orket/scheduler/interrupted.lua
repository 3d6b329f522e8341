-- interrupted.lua: the turns that a killed or drained process left open.

local approvals = require("orket.governance.approvals.approvals")
local async = require("orket.async")
local errors = require("orket.errors")
local at_most_once = require("orket.effects.at_most_once")
local prefix = require("orket.history.fork.prefix")
local statuses = require("orket.util.statuses")
local sys = require("orket.core.sys")

local M = {}

M.PARKED = "parked" -- in run.open_turns: a person has to say something first, then its journal is read again

-- What it was about to do beyond the tree stays uncertain: a person has to look before it is done
-- again.
local function abandon(run, turn, events)
  local tx = run.store:stream({ run = run.id, turn = turn.turn, actor = "system", role = "system" }):begin()
  local card = run.store:read("card_state", { id = turn.card })[1]
  local intent, asked = at_most_once.lonely(events)
  if intent and not asked and statuses.OPEN[card.status] then
    local ok, err = at_most_once.park(tx, card, intent)
    if not ok then
      return nil, err
    end
  end
  tx:event("turn.abandoned", turn.card, { engine = sys.version(), was = turn.engine })
  return errors.check(async.await(tx.commit, tx))
end

-- True when the card is as the turn left it: else its conversation is about another card.
local function is_current(run, card, events)
  local revision = 0
  for _, event in ipairs(events) do
    if event.kind == "turn.started" then
      revision = event.body.rev
    elseif event.kind == "card.moved" or event.kind == "card.changed" then
      revision = revision + 1
    end
  end
  return revision == run.store:read("card_state", { id = card })[1].revision
end

local function parked(run, card)
  return statuses.PARKED[run.store:read("card_state", { id = card })[1].status] or false
end

-- A question that is too late, or whose turn cannot go on, is not asked any more.
local function withdraw(run, turn, answer)
  local row = run.store:read("approvals", { run = run.id, turn = turn.turn, status = "pending" })[1]
  if row and (answer == "void" or approvals.is_late(row)) then
    return approvals.answer(run.store, row, { answer = answer })
  end
  return true
end

-- An open turn with its journal and its scripts, or nil after it was abandoned.
local function reopen(run, turn)
  local events, inherited = prefix.events(run.store, run.id, turn.turn)
  local generation = turn.engine == sys.version() and is_current(run, turn.card, events)
    and run.project:generation_of(turn.generation)
  if generation then
    return { turn = turn.turn, events = events, generation = generation,
      paid = prefix.cost(events, inherited) }
  end
  local ok, err = withdraw(run, turn, "void")
  if ok then
    ok, err = abandon(run, turn, events)
  end
  return nil, not ok and err or nil
end

---Turns that a killed or drained process left open. One that another version of the engine began, or whose
---card was touched since, is abandoned: a new one claims it.
---@param run {project: table, store: table, id: string}
---@return table<string, {turn: integer, events: table[], generation: table, paid: table}|"parked">|nil open
---  by card
---@return Error|nil
function M.find(run)
  local open = {}
  for _, turn in ipairs(run.store:read("open_turns", { run = run.id })) do
    local one
    local ok, err = withdraw(run, turn, "expired")
    if ok then
      one, err = reopen(run, turn)
    end
    if err then
      return nil, err
    end
    open[turn.card] = one and (parked(run, turn.card) and M.PARKED or one)
  end
  return open
end

---The open turn of a card that goes on now; nil when a new one begins.
---@param run table
---@param card {id: string}
---@return {turn: integer, events: table[], generation: table}|nil
---@return Error|nil
function M.take(run, card)
  local open = run.open_turns[card.id]
  run.open_turns[card.id] = nil
  if open ~= M.PARKED then
    return open
  end
  local turn = run.store:read("open_turns", { run = run.id, card = card.id })[1]
  if turn then
    return reopen(run, turn)
  end
end

return M
