-- route_delta.lua: does a changed node give work to somebody who may do more with it, or to another model, or more of it?
-- The law holds whatever a router says: a seat acts in a role of its own, and no seat reviews its own work (seats.lua).

local asked = require("orket.scripts.permission_delta.asked")
local choice = require("orket.scripts.permission_delta.choice")
local cjson = require("cjson")
local policy_code = require("orket.governance.policy.policy_code")
local limits = require("orket.scheduler.limits")
local tables = require("orket.util.tables")
local program_delta = require("orket.scripts.permission_delta.program_delta")
local word_delta = require("orket.scripts.permission_delta.word_delta")

local M = {}

local GUARD = "integrity_guard"

local function vocabulary_of(pair)
  return word_delta.of({ pair.was.text }, { pair.now.text })
end

local function is_same(pair, field)
  return program_delta.is_same(pair.was.text, pair.now.text, field)
end

-- ---- the router ----

-- What the law makes of an answer; nil: the card waits.
local function seat_of(answer, about)
  local seat = type(answer) == "table" and about.team.seats[answer.seat]
  local is_legal = seat and tables.has(seat.roles, answer.role) and about.review == (answer.role == GUARD)
    and not tables.has(about.authors, answer.seat)
  return is_legal and answer or nil
end

local function tools_of(generation, role)
  local entry = generation.roles[role]
  return entry and entry.about.tools or {}
end

-- What a role may use that another one may not.
local function beyond(pair, was, now)
  local more = {}
  for _, tool in ipairs(tools_of(pair.after, now.role)) do
    if not was or not tables.has(tools_of(pair.before, was.role), tool) then
      more[#more + 1] = tool
    end
  end
  return table.concat(more, ", ")
end

-- Policies that speak of seats may forbid one what they allow another.
local function speaks_of_seats(pair)
  for _, entry in pairs(pair.after.files) do
    if entry.kind == "nodes" and entry.about.decide and tables.has(policy_code.read(entry.text).constants, "seat") then
      return true
    end
  end
  return false
end

local function judge_route(pair)
  local by_seat = speaks_of_seats(pair)
  return function(was_answer, now_answer, about)
    local was, now = seat_of(was_answer, about), seat_of(now_answer, about)
    if not now or was and was.role == now.role and (was.seat == now.seat or not by_seat) then
      return nil
    end
    local more = beyond(pair, was, now)
    if was and more == "" and not (by_seat and was.seat ~= now.seat) then
      return nil
    end
    return string.format("cards of the seat %s go to %s as %s%s, before to %s", about.seat, now.seat, now.role,
      more ~= "" and ", who may use " .. more or "", was and was.seat .. " as " .. was.role or "no seat")
  end
end

local function add_route(samples, team, seat, fields, authors)
  local card = asked.card({ status = authors and "code_review" or "in_progress", card = fields })
  card.seat = fields and fields.seat or seat
  samples[#samples + 1] = {
    card, team, { review = authors ~= nil, authors = setmetatable(authors or {}, cjson.array_mt) },
    about = { team = team, review = authors ~= nil, authors = authors or {}, seat = tostring(card.seat) },
  }
end

-- Work, and reviews of what nobody, the card's seat, or one that reviews has worked on.
local function add_routes(samples, team, seat, fields)
  add_route(samples, team, seat, fields)
  add_route(samples, team, seat, fields, {})
  add_route(samples, team, seat, fields, { seat })
  for _, name in ipairs(tables.keys(team.seats)) do
    if tables.has(team.seats[name].roles, GUARD) then
      add_route(samples, team, seat, fields, { name })
    end
  end
end

---@class NodePair
---@field was table entry of the node before
---@field now table
---@field before table generation
---@field after table
---@field config table of the project

---@param pair NodePair
---@return table[] rows
function M.router(pair)
  if is_same(pair, "route") then
    return {}
  end
  local samples, cards = {}, asked.cards(vocabulary_of(pair))
  for _, name in ipairs(tables.keys(pair.config.teams)) do
    local team = pair.config.teams[name]
    local seats = tables.keys(team.seats)
    seats[#seats + 1] = "no seat at all"
    for _, seat in ipairs(seats) do
      for i = 0, #cards do
        add_routes(samples, team, seat, cards[i])
      end
    end
    add_routes(samples, team, cjson.null)
  end
  return choice.delta({ was = pair.was, now = pair.now, field = "route", samples = samples, judge = judge_route(pair) })
end

-- ---- models ----

local function judge_model(was, now, about)
  if type(now) == "string" and now ~= was and tables.has(about.names, now) then
    return string.format("%s works with the model %s, before with %s", about.role, now, type(was) == "string" and was or "none")
  end
end

local LITTLE, MUCH = 1, 1000000000000

local function past_of(turns, left)
  local sums = { tokens = 0, calls = 0, money = 0 }
  return {
    turns = setmetatable(turns, cjson.array_mt), count = #turns, spent = #turns > 0 and { tokens = MUCH, calls = MUCH, money = MUCH } or sums,
    left = left and { tokens = left, calls = left, money = left, seconds = left } or {},
  }
end

local function turns_of(count, role, model, outcome)
  local turns = {}
  for i = 1, count do
    turns[i] = { role = role, seat = "a", model = model, outcome = outcome, tokens = 1000, calls = 10, money = 1000, refusals = i }
  end
  return turns
end

-- Pasts that differ in what a node may look at: how often, with whom, how it ended, what is left.
local function pasts_of(role, names)
  local pasts = { past_of({}), past_of({}, LITTLE), past_of({}, MUCH), past_of(turns_of(20, role, names[1], "failed"), LITTLE) }
  for count = 1, 4 do
    for _, outcome in ipairs({ "done", "failed" }) do
      pasts[#pasts + 1] = past_of(turns_of(count, role, names[#names], outcome))
    end
  end
  return pasts
end

local function add_models(samples, role, names, fields, past)
  for i = 0, #names do
    samples[#samples + 1] = {
      role, asked.card({ status = "in_progress", card = fields }), { default = names[i] or cjson.null, names = names }, past,
      about = { role = role, names = names },
    }
  end
end

---@param pair NodePair
---@return table[] rows
function M.models(pair)
  local names = setmetatable(tables.keys(pair.config.organization.models), cjson.array_mt)
  if #names < 2 or is_same(pair, "choose") then
    return {} -- there is nothing to choose
  end
  local samples, cards = {}, asked.cards(vocabulary_of(pair))
  for _, name in ipairs(names) do
    cards[#cards + 1] = { params = { model = name } }
  end
  cards[#cards + 1] = { params = { model = "none" } }
  cards[#cards + 1] = { params = cjson.null }
  for _, role in ipairs(tables.keys(pair.after.roles)) do
    local pasts = pasts_of(role, names)
    for i = 0, #cards do
      add_models(samples, role, names, cards[i], pasts[1])
    end
    for i = 2, #pasts do
      add_models(samples, role, names, nil, pasts[i])
    end
  end
  return choice.delta({ was = pair.was, now = pair.now, field = "choose", samples = samples, judge = judge_model })
end

-- ---- the loop ----

local BOUNDS = { "concurrency", "nudges", "repeats", "seconds", "steps", "tokens", "waits" }

---Exact: the node is asked once per run, with the organization's limits.
---@param pair NodePair
---@return table[] rows
function M.loop(pair)
  local process, rows = pair.config.organization.process_rules, {}
  local was, now = limits.of(pair.was, process), limits.of(pair.now, process)
  for _, key in ipairs(BOUNDS) do
    if was[key] and (now[key] or math.huge) > was[key] then
      rows[#rows + 1] = { script = pair.now.path, was = "deny", now = "allow",
        why = string.format("the bound %s is %s, before %s", key, now[key] or "none", was[key]) }
    end
  end
  return rows
end

return M
