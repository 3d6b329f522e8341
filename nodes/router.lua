-- router.lua: who works on a card: its seat with the seat's first role, and for the review a seat with
-- the role integrity_guard that had no hand in the card.

local GUARD = "integrity_guard"

local function has_role(seat, role)
  for _, name in ipairs(seat.roles) do
    if name == role then
      return true
    end
  end
  return false
end

local function is_author(authors, name)
  for _, author in ipairs(some(authors) or {}) do
    if author == name then
      return true
    end
  end
  return false
end

local function reviewer(card, team, authors)
  for name, seat in pairs(team.seats) do -- sorted
    if has_role(seat, GUARD) and name ~= some(card.seat) and not is_author(authors, name) then
      return { seat = name, role = GUARD }
    end
  end
end

-- The seat's first role that does work of its own.
local function worker(name, seat)
  for _, role in ipairs(seat.roles) do
    if role ~= GUARD then
      return { seat = name, role = role }
    end
  end
end

---@param card table
---@param team {seats: table<string, {roles: string[]}>}
---@param history {review: boolean, authors: string[]?}
---@return {seat: string, role: string}|nil nobody: the card waits for a person
local function route(card, team, history)
  if history.review then
    return reviewer(card, team, history.authors)
  end
  local name = some(card.seat)
  local seat = name and team.seats[name]
  return seat and worker(name, seat)
end

local function self_test()
  local team = { seats = { dev = { roles = { "coder" } }, guard = { roles = { GUARD } } } }
  local card = { seat = "dev" }
  assert(route(card, team, { review = false }).role == "coder")
  assert(route(card, team, { review = true, authors = { "dev" } }).seat == "guard")
  assert(route(card, team, { review = true, authors = { "guard" } }) == nil)
end

return { node = "router", route = route, self_test = self_test }
