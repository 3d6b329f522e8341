-- seats.lua: who works on a card next. The router node chooses; that nobody reviews own work, and that a
-- seat acts in a role of its own only, does not rest on it.

local errors = require("orket.errors")
local list = require("orket.list")

local M = {}

local GUARD = "integrity_guard"

-- The seats that had a hand in the card, in the order in which they came.
local function authors_of(store, card)
  local authors, seen = {}, {}
  for _, turn in ipairs(store:read("card_turns", { card = card.id })) do
    if turn.seat and turn.role ~= GUARD and not seen[turn.seat] then
      seen[turn.seat] = true
      authors[#authors + 1] = turn.seat
    end
  end
  return authors, seen
end

local function nobody(card, review)
  if review then
    return nil, errors.new("ERR_CONFIG", "no independent guard for card " .. card.id,
      "give the team a seat with the role " .. GUARD .. " that works on no card")
  end
  return nil, errors.new("ERR_CONFIG", "no seat for card " .. card.id,
    "add the seat to the team, or give the card another one")
end

---The seat and role of the card's next turn.
---@param engine table
---@param team table
---@param card table
---@param generation table|nil that serves the turn
---@return {seat: string, role: string, review: boolean}|nil
---@return Error|nil
function M.choose(engine, team, card, generation)
  local review = card.status == "code_review"
  local authors, is_author = {}, {}
  if review then
    authors, is_author = authors_of(engine.store, card)
  end
  local answer, err = engine:ask_of(generation, "router", "route", card, team, { review = review, authors = authors })
  if err then
    return nil, err
  end
  local seat = type(answer) == "table" and team.seats[answer.seat]
  if not seat then
    return nobody(card, review)
  elseif not list.has(seat.roles, answer.role) or review ~= (answer.role == GUARD) or is_author[answer.seat] then
    local role = tostring(answer.role)
    return nil, errors.new("ERR_SCRIPT_CONTRACT",
      "the router gave card " .. card.id .. " to " .. answer.seat .. " as " .. role .. ", who may not do that",
      "a review needs a guard who is no author; work needs a role of the seat")
  end
  return { seat = answer.seat, role = answer.role, review = review }
end

return M
