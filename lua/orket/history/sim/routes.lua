-- routes.lua: who worked on a card, with which model: the answers of the router and models nodes, by both
-- sides.

local casts = require("orket.history.sim.cast")
local errors = require("orket.errors")
local seats = require("orket.scheduler.seats")

local M = {}

local function route_of(actor, card, past)
  local seat, err = seats.choose(actor.engine, actor.team, card)
  local choice
  if seat then
    choice, err = actor.models:choose(seat, card, nil, { past = past })
  end
  if not choice then
    return { fails = errors.line(err) }
  end
  return { seat = seat.seat, role = seat.role, model = choice.model.name }
end

local function same(a, b)
  return a.seat == b.seat and a.role == b.role and a.model == b.model and (a.fails == nil) == (b.fails == nil)
end

---@param judge table
---@param run table
---@param pair SimPair
---@param event table
---@param recorded {seat: string?, role: string?, model: string?, past: table?, fails: string?}
function M.judge(judge, run, pair, event, recorded)
  judge:count("routes")
  local card = run.board[event.card]
  if not (pair.differs.router or pair.differs.models) or not card then
    return
  end
  local cast = casts.of(judge, run, pair)
  judge.past:go_to(event.seq - 1)
  local after = route_of(cast.new, card, recorded.past)
  if same(after, recorded) then
    return
  end
  local before = route_of(cast.old, card, recorded.past)
  local exact = same(before, recorded)
  if not exact then
    judge:caveat(event, "route", "the same scripts choose another seat, role or model today")
  end
  if not same(before, after) then
    judge:differs(event, { kind = "route", role = before.role, exact = exact, before = before,
      after = after })
  end
end

return M
