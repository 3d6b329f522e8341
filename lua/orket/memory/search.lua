-- memory/search.lua: what a person looks for: rows of a place that fit a text, by words, and by meaning where
-- an embedder is named. The question is asked by whoever owns the project, and what it cost is recorded in
-- the person's name.

local cjson = require("cjson")
local memory = require("orket.memory.memory")
local ranking = require("orket.memory.ranking")
local sys = require("orket.core.sys")

local M = {}

local WIDE = 200

-- ---- rows ----

local function asked_of(place, more)
  local asked = {
    now = sys.now(), all = place.all and 1 or 0, epic = place.epic, reader = place.card or place.role,
  }
  if asked.reader then
    asked.scope = place.card and "card" or "role"
  end
  for key, value in pairs(more) do
    asked[key] = value
  end
  return asked
end

---Rows of a place, the newest first.
---@param store Store
---@param place {epic: string?, role: string?, card: string?, all: boolean?}
---@param most integer|nil
---@return table[] rows
function M.newest(store, place, most)
  return store:read("memories", asked_of(place, { limit = most }))
end

---Rows of a place by their numbers.
---@param store Store
---@param place table
---@param ids integer[]
---@return table[] rows
function M.of(store, place, ids)
  return store:read("memories_of", asked_of(place, { ids = cjson.encode(setmetatable(ids, cjson.array_mt)) }))
end

---Those that fit a text by words, the best first, with `rank`.
---@param store Store
---@param place table
---@param text string
---@param most integer
---@param wide boolean|nil  with words that are everywhere
---@return table[] rows
function M.by_words(store, place, text, most, wide)
  local plan = memory.plan(store, text, wide)
  plan.limit = most
  local rows = store:read("memories_found", asked_of(place, plan))
  for i, row in ipairs(rows) do
    row.rank = i
  end
  return rows
end

-- Without what is forgotten or over.
local function place_of(place)
  return { epic = place.epic, role = place.role, card = place.card }
end

local function joined(rows, more)
  local there = {}
  for _, row in ipairs(rows) do
    there[row.id] = true
  end
  for _, row in ipairs(more) do
    rows[#rows + 1] = not there[row.id] and row or nil
  end
  return rows
end

---The rows whose nearness to a text is asked for: those that fit by words, then the newest others.
---@param store Store
---@param place table
---@param text string
---@return table[] rows
function M.wide(store, place, text)
  local rows = M.by_words(store, place, text, WIDE, true)
  return joined(rows, M.newest(store, place_of(place), memory.NEWEST_NEAR))
end

---The rows that a text finds by words or by nearness, in order.
---@param store Store
---@param place table
---@param text string
---@param near table<integer, integer>  by number
---@return table[] rows
---@return integer found how many of the first
function M.ranked(store, place, text, near)
  local rows = M.by_words(store, place, text, WIDE, true)
  return ranking.order(joined(rows, M.of(store, place_of(place), memory.numbers(near))), near)
end

return M
