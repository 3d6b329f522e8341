-- text_search.lua: where letters stand: in cards, comments, what is remembered, files as they are now, and
-- what models and tools said. Each kind is looked through on a thread of the pool, one after the other, until
-- a page is full. Secrets are in none of it: what the journal has was starred out before.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")

local M = {}

---The kinds of what is found, in this order.
M.KINDS = { "card", "comment", "memory", "file", "transcript" }

local FIRST = { rank = -(1 << 62), id = "" } -- what every row is behind

---@class TextFound
---@field kind string one of KINDS
---@field id string of the card, the comment, the row of memory, the event; the path of a file
---@field text string what stands around the letters
---@field link string where the page shows it, beneath /w/NAME/
---@field card string|nil
---@field name string|nil of the card
---@field path string|nil
---@field line integer|nil of the file; nil: its path has the letters
---@field run string|nil
---@field turn integer|nil
---@field n integer|nil of the event in its turn
---@field event integer|nil
---@field said string|nil "step.reply" or "call.result"

-- ---- one row ----

local function encoded(text)
  return (text:gsub("[^%w._~-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

local function of_card(row)
  return row.card and "cards/" .. encoded(row.card) or "board"
end

local LINK = {
  card = of_card, comment = of_card, memory = of_card,
  file = function(row) return of_card(row) .. "?tab=changes&path=" .. encoded(row.path) end,
  transcript = function(row)
    return ("runs/%s?event=%s%%2F%d"):format(encoded(row.run), encoded(tostring(row.turn)), row.n)
  end,
}

-- What was cut out of a text may begin or end within a letter, and has no lines.
local function plain(kind, row)
  row.kind, row.rank = kind, nil
  row.text = strings.of_bytes(row.text):gsub("[%c\127]+", " ")
  row.link = LINK[kind](row)
  return row
end

-- ---- a page ----

local function read(store, kind, params)
  local text, err = errors.check(async.await(store.read_aside, store, "search_" .. kind, params))
  if not text then
    return nil, err
  end
  return cjson.decode(text)
end

-- "comment:-641:641" -> "comment", -641, "641"
local function place_of(after)
  local kind, rank, id = (after or ""):match("^(%l+):(%-?%d+):(.*)$")
  if kind and tables.has(M.KINDS, kind) then
    return { kind = kind, rank = math.tointeger(tonumber(rank)), id = id }
  end
end

local function kinds_from(wanted, place)
  local kinds, begun = {}, not place
  for _, kind in ipairs(M.KINDS) do
    begun = begun or kind == place.kind
    kinds[#kinds + 1] = begun and (not wanted or wanted == kind) and kind or nil
  end
  return kinds
end

-- Adds the rows of a kind; `next` when there are more than fit.
local function add(page, kind, rows, most)
  for _, row in ipairs(rows) do
    if #page.items == most then
      page.next = page.last
      return
    end
    page.last = ("%s:%d:%s"):format(kind, row.rank, row.id)
    page.items[#page.items + 1] = plain(kind, row)
  end
end

---In a task.
---@param store Store
---@param query {q: string, kind: string?, after: string?} after: `next` of the page before
---@param most integer rows of a page
---@return {items: TextFound[], next: string|nil}|nil
---@return Error|nil
function M.page(store, query, most)
  local page, place = { items = setmetatable({}, cjson.array_mt) }, place_of(query.after)
  for _, kind in ipairs(kinds_from(query.kind, place)) do
    local from = place and place.kind == kind and place or FIRST
    local rows, err = read(store, kind, { text = query.q, rank = from.rank, id = from.id,
      limit = most - #page.items + 1 })
    if not rows then
      return nil, err
    end
    add(page, kind, rows, most)
    if page.next then
      break
    end
  end
  page.last = nil
  return page
end

return M
