-- interrupted.lua: the turns that a killed or drained process left open.

local async = require("orket.async")
local errors = require("orket.errors")
local prefix = require("orket.fork.prefix")
local sys = require("orket.core.sys")

local M = {}

local function abandon(run, turn)
  local tx = run.store:stream({ run = run.id, turn = turn.turn, actor = "system", role = "system" }):begin()
  tx:event("turn.abandoned", turn.card, { engine = sys.version(), was = turn.engine })
  return errors.check(async.await(tx.commit, tx))
end

-- True when nobody touched the card since the turn left it: else its conversation is about another card.
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

---Turns that a killed or drained process left open, with their journal and their scripts. One that
---another version of the engine began, or whose card was touched since, is abandoned: a new one claims it.
---@param run table
---@return table<string, {turn: integer, events: table[], generation: table, paid: table}>|nil open by card
---@return Error|nil
function M.find(run)
  local open = {}
  for _, turn in ipairs(run.store:read("open_turns", { run = run.id })) do
    local events, inherited = prefix.events(run.store, run.id, turn.turn)
    local generation = turn.engine == sys.version() and is_current(run, turn.card, events)
      and run.project:generation_of(turn.generation)
    if not generation then
      local ok, err = abandon(run, turn)
      if not ok then
        return nil, err
      end
    else
      open[turn.card] = {
        turn = turn.turn, events = events, generation = generation, paid = prefix.cost(events, inherited),
      }
    end
  end
  return open
end

return M
