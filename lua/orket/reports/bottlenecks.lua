-- bottlenecks.lua: where work piles up: cards that wait too long, seats that have too much, and the state of
-- the whole. Pure: rows of the board and thresholds in, findings out.
--
-- Two sets of thresholds in one: durations and counts per seat name the cards and seats; the counts of
-- blocked cards by reason name the state of the whole.

local statuses = require("orket.util.statuses")

local M = {}

M.DEFAULTS = {
  blocked_duration_hours = 24, review_duration_hours = 48, wip_limit_per_seat = 3, queue_depth_per_seat = 5,
  resource_normal = 3, resource_warning = 10, resource_critical = 11, dependency_warning_pct = 0.5,
  human_attention_threshold = 1,
}

local WORKING = { in_progress = true, ready_for_testing = true, code_review = true }
local PARKED = statuses.PARKED
local PERSON = { review = true, input = true }

---The thresholds of an organization over the defaults.
---@param set table<string, number>|nil
---@return table<string, number>
function M.thresholds(set)
  local all = {}
  for name, value in pairs(M.DEFAULTS) do
    all[name] = set and set[name] or value
  end
  return all
end

-- ---- single cards ----

local function too_long(found, card, rule, what, limit)
  if card.hours >= limit then
    found[#found + 1] = {
      rule = rule, card = card.id, seat = card.assignee or card.seat, value = card.hours, limit = limit,
      why = string.format("%s %s for %.1f hours, %g are the limit", card.id, what, card.hours, limit),
    }
  end
end

local function add_cards(found, cards, t)
  for _, card in ipairs(cards) do
    if PARKED[card.status] then
      too_long(found, card, "bottleneck.blocked", "has waited (" .. (card.wait_reason or card.status) .. ")",
        t.blocked_duration_hours)
    elseif card.status == "code_review" then
      too_long(found, card, "bottleneck.review", "has been in review", t.review_duration_hours)
    end
  end
end

-- ---- seats ----

local function count_by_seat(cards, counts)
  local by_seat, seats = {}, {}
  for _, card in ipairs(cards) do
    local seat = counts(card)
    if seat then
      seats[#seats + 1] = not by_seat[seat] and seat or nil
      by_seat[seat] = (by_seat[seat] or 0) + 1
    end
  end
  table.sort(seats)
  return by_seat, seats
end

local function add_seats(found, cards, rule, what, limit, counts)
  local by_seat, seats = count_by_seat(cards, counts)
  for _, seat in ipairs(seats) do
    if by_seat[seat] > limit then
      found[#found + 1] = {
        rule = rule, seat = seat, value = by_seat[seat], limit = limit,
        why = string.format("%s has %d cards %s, %d are the limit", seat, by_seat[seat], what, limit),
      }
    end
  end
end

local function working(card)
  return WORKING[card.status] and (card.assignee or card.seat)
end

local function queued(card)
  return card.status == "ready" and card.seat
end

-- ---- the whole ----

local function tally(cards)
  local sum = { blocked = 0, active = 0, resource = 0, dependency = 0, person = 0, open = #cards }
  for _, card in ipairs(cards) do
    sum.active = sum.active + (WORKING[card.status] and 1 or 0)
    if PARKED[card.status] then
      sum.blocked = sum.blocked + 1
      sum.resource = sum.resource + (card.wait_reason == "resource" and 1 or 0)
      sum.dependency = sum.dependency + (card.wait_reason == "dependency" and 1 or 0)
      sum.person = sum.person + (PERSON[card.wait_reason] and 1 or 0)
    end
  end
  return sum
end

-- Of cards that wait for a resource: none can go on; too many; more and more; as always.
local function resource_level(sum, t)
  if sum.blocked == 0 then
    return "healthy"
  elseif sum.resource > 0 and sum.active == 0 then
    return "critical", "cards wait for a resource and nothing is under way"
  elseif sum.resource >= t.resource_critical then
    return "chronic", sum.resource .. " cards wait for a resource"
  elseif sum.resource > t.resource_normal and sum.resource >= t.resource_warning then
    return "building", sum.resource .. " cards wait for a resource"
  end
  return "normal"
end

local function add_whole(found, sum, t)
  local level, why = resource_level(sum, t)
  if why then
    found[#found + 1] = { rule = "bottleneck.resource", value = sum.resource, limit = t.resource_warning,
      why = why }
  end
  if sum.blocked > 0 and sum.dependency / sum.blocked >= t.dependency_warning_pct then
    found[#found + 1] = {
      rule = "bottleneck.dependency", value = sum.dependency / sum.blocked, limit = t.dependency_warning_pct,
      why = string.format("%d of %d cards that wait do so for another card", sum.dependency, sum.blocked),
    }
  end
  if sum.person >= t.human_attention_threshold then
    found[#found + 1] = {
      rule = "bottleneck.person", value = sum.person, limit = t.human_attention_threshold,
      why = sum.person .. (sum.person == 1 and " card waits" or " cards wait") .. " for a person",
    }
  end
  return level
end

---Where work piles up.
---@param cards {id: string, status: string, wait_reason: string?, seat: string?, assignee: string?,
---  hours: number}[] open issues
---@param set table<string, number>|nil the organization's thresholds
---@return {level: "healthy"|"normal"|"building"|"chronic"|"critical", counts: table,
---  found: {rule: string, why: string, value: number, limit: number, card: string?, seat: string?}[]}
function M.find(cards, set)
  local t, found = M.thresholds(set), {}
  add_cards(found, cards, t)
  add_seats(found, cards, "bottleneck.wip", "under way", t.wip_limit_per_seat, working)
  add_seats(found, cards, "bottleneck.queue", "waiting to begin", t.queue_depth_per_seat, queued)
  local sum = tally(cards)
  local level = add_whole(found, sum, t)
  return { level = level, counts = sum, found = found }
end

---Where work piles up on the board now, with the thresholds that this was held against.
---@param store Store
---@param set table<string, number>|nil the organization's thresholds
---@param now string UTC
---@return table as `find` answers it, and thresholds
function M.of(store, set, now)
  local all = M.find(store:read("open_cards", { now = now }), set)
  all.thresholds = M.thresholds(set)
  return all
end

return M
