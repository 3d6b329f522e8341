-- seats.lua: who works on a card next. The router node chooses; that no seat reviews its own work, and that a
-- seat acts in a role of its own only, does not rest on it.

local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = {}

local GUARD = "integrity_guard"

---The role in which a seat works: its first one that does work of its own.
---@param seat {roles: string[]}
---@return string|nil
function M.worker(seat)
  for _, role in ipairs(seat.roles) do
    if role ~= GUARD then
      return role
    end
  end
end

-- The seat of a team that works in this role; one of the role's name when there is none.
local function seat_for(team, role)
  for _, name in ipairs(tables.keys(team.seats)) do
    if M.worker(team.seats[name]) == role and not team.seats[name].person then
      return name
    end
  end
  local name = role
  while team.seats[name] do
    name = name .. "_"
  end
  return name
end

local ANALYST, ARCHITECT = "requirements_analyst", "lead_architect"

---The seats that plan for a team: its own, or the roles' where it has none.
---@param team {seats: table<string, {roles: string[]}>}
---@return string analyst
---@return string architect
function M.planners(team)
  return seat_for(team, ANALYST), seat_for(team, ARCHITECT)
end

---The seat that talks in this role for a team.
---@param team {seats: table<string, {roles: string[]}>}
---@param role string
---@return string
function M.speaker(team, role)
  return seat_for(team, role)
end

---The team of an epic. A plan's has seats that plan, whether the file has them or not.
---@param config {teams: table<string, table>}
---@param epic {data: {team: string, params: table?}}
---@return table|nil team
function M.team(config, epic)
  local team = config.teams[epic.data.team]
  if not team or not (epic.data.params or {}).planning then
    return team
  end
  local whole = { id = team.id, name = team.name, seats = {}, planning = true }
  for name, seat in pairs(team.seats) do
    whole.seats[name] = seat
  end
  local talks = type(epic.data.params.planning) == "table" and epic.data.params.planning.talk
  if talks then
    whole.planning = { talk = talks }
    local name = seat_for(team, talks)
    whole.seats[name] = whole.seats[name] or { name = "Conversation", roles = { talks } }
  end
  local analyst, architect = M.planners(team)
  whole.seats[analyst] = whole.seats[analyst] or { name = "Analyst", roles = { ANALYST } }
  whole.seats[architect] = whole.seats[architect] or { name = "Architect", roles = { ARCHITECT } }
  return whole
end

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

local function no_seat(card, review)
  if review then
    return nil, errors.new("ERR_CONFIG", "no independent guard for card " .. card.id,
      "give the team a seat with the role " .. GUARD .. " that works on no card")
  end
  return nil, errors.new("ERR_CONFIG", "no seat for card " .. card.id,
    "add the seat to the team, or give the card another one")
end

---Who does the card's work, when its seat is a person's; a review is never.
---@param team {seats: table<string, {person: string?}>}
---@param card {seat: string?, status: string}
---@return string|nil name
function M.person(team, card)
  local seat = card.status ~= "code_review" and team.seats[card.seat or ""]
  return seat and seat.person or nil
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
  local answer, err = engine:ask_of(generation, "router", "route", card, team,
    { review = review, authors = authors })
  if err then
    return nil, err
  end
  local seat = type(answer) == "table" and team.seats[answer.seat]
  if not seat or seat.person then
    return no_seat(card, review)
  elseif not tables.has(seat.roles, answer.role) or review ~= (answer.role == GUARD)
    or is_author[answer.seat] then
    local role = tostring(answer.role)
    return nil, errors.new("ERR_SCRIPT_CONTRACT",
      "the router gave card " .. card.id .. " to " .. answer.seat .. " as " .. role
        .. ", who may not do that",
      "a review needs a guard who is no author; work needs a role of the seat")
  end
  return { seat = answer.seat, role = answer.role, review = review }
end

return M
