-- memory.lua: what is remembered, looked for by words. The words of a text become a full-text expression that
-- says nothing else: each one quoted, the ones that would find nearly everything left out. docs/memory.md
-- tells the rest.

local cjson = require("cjson")
local tables = require("orket.util.tables")

local M = {}

M.NEWEST_NEAR = 1000 -- others of which it is known how near they are

local BEST, NEWEST = 30, 20 -- candidates that match, and others
local WIDE = 200 -- by words, where meaning has a say
local TEXT_MOST = 10 * 1024 -- bytes that are looked at
local WORDS_MOST = 32
local WORD_MOST = 64 -- bytes
local COMMON_MOST = 12 -- words that are everywhere, of which the newest rows are taken

-- BM25 reads every row of every word, so these are bounded: the rows of one word, of all together, and those
-- that are read while the rows of each word are counted. Who waits for an embedder anyway may look at more.
local LIMITS = { rows = 700, sum = 700, counted = 2400 }
local WIDER = { rows = 2000, sum = 3000, counted = 12000 }

-- They are in every text and say nothing of it.
local EMPTY = {}
for word in ([[a an and are as at be been but by can do does for from had has have if in into is it its may
  must no not of on or our shall should so than that the their them then there these they this to use was we
  were what when which who will with would you your]]):gmatch("%a+") do
  EMPTY[word] = true
end

---True when nothing was ever noted.
---@param store Store
---@return boolean
function M.is_empty(store)
  return #store:read("memory_any", {}) == 0
end

local function words_of(text, empty)
  local words, seen = {}, {}
  for word in text:sub(1, TEXT_MOST):lower():gmatch("[%w\x80-\xff]+") do
    if #words < WORDS_MOST and #word <= WORD_MOST and not seen[word] and not empty[word] then
      seen[word] = true
      words[#words + 1] = '"' .. word .. '"'
    end
  end
  return words
end

---The words of a text, each once, quoted for a full-text expression: letters and digits of ASCII and whatever
---is beyond it, so that no sign of the expression's own is in them. Those that every text has count where
---there are no others.
---@param text string
---@return string[]
function M.words(text)
  local words = words_of(text, EMPTY)
  return #words > 0 and words or words_of(text, {})
end

-- How many rows each word has, rare ones first. Of equal ones the earlier in the text comes first.
local function counted(store, words, most)
  local rows = store:read("memory_words", { words = cjson.encode(words), most = most })
  local place = {}
  for i, word in ipairs(words) do
    place[word] = i
  end
  table.sort(rows, function(a, b)
    if a.rows ~= b.rows then
      return a.rows < b.rows
    end
    return place[a.word] < place[b.word]
  end)
  return rows
end

-- Words that tell rows apart, and those that are everywhere.
local function split(store, words, limits)
  local rare, common, sum = {}, {}, 0
  local most = #words > 0 and math.min(limits.rows, limits.counted // #words)
  for _, row in ipairs(#words > 0 and counted(store, words, most) or {}) do
    if row.rows > 0 and row.rows < most and sum + row.rows <= limits.sum then
      rare[#rare + 1], sum = row.word, sum + row.rows
    elseif row.rows > 0 then
      common[#common + 1] = row.word
    end
  end
  return rare, common
end

---What to look for: `match`, any of the words that tell rows apart; `common`, those that are everywhere,
---which are looked for when no row of the others is for whoever asks, and when more than words are looked at
---(`wide`); neither when no word is known.
---@param store Store
---@param text string
---@param wide boolean|nil
---@return {match: string?, common: string?, wide: integer}
function M.plan(store, text, wide)
  local rare, common = split(store, M.words(text), wide and WIDER or LIMITS)
  return {
    match = #rare > 0 and "text : (" .. table.concat(rare, " OR ") .. ")" or nil,
    common = #common > 0 and cjson.encode(table.move(common, 1, COMMON_MOST, 1, {})) or nil,
    wide = wide and 1 or 0,
  }
end

local function read(store, place, plan, more)
  return store:read("memory", {
    epic = place.epic, card = place.card, role = place.role, run = place.run, turn = place.turn,
    match = plan.match, common = plan.common, wide = plan.wide, best = more.best, newest = more.newest,
    near = more.near,
  })
end

---What a turn may be shown, the rows that fit a text first (with `rank`), then the newest others.
---@param store Store
---@param place {epic: string, card: string, role: string, run: string?, turn: integer?}
---@param text string
---@return table[] rows
function M.candidates(store, place, text)
  return read(store, place, M.plan(store, text), { best = BEST, newest = NEWEST })
end

---The rows whose nearness to a text is asked for: those that fit by words, then the newest others.
---@param store Store
---@param place table
---@param text string
---@return table[] rows
function M.wide(store, place, text)
  return read(store, place, M.plan(store, text, true), { best = WIDE, newest = M.NEWEST_NEAR })
end

---The rows that a text may find by words or by nearness, then the newest others.
---@param store Store
---@param place table
---@param text string
---@param near table<integer, integer>  by number
---@return table[] rows
function M.near(store, place, text, near)
  return read(store, place, M.plan(store, text, true),
    { best = WIDE, newest = NEWEST, near = cjson.encode(M.numbers(near)) })
end

---The numbers of rows that are near, as a query wants them.
---@param near table<integer, integer>
---@return integer[]
function M.numbers(near)
  return setmetatable(tables.keys(near), cjson.array_mt)
end

---What the memory node chooses among: the best that were found, then the newest others.
---@param rows {rank: integer?}[]  in order
---@return table[]
function M.shortest(rows)
  local short, others = {}, 0
  for _, row in ipairs(rows) do
    others = others + (row.rank and 0 or 1)
    if row.rank and row.rank <= BEST or not row.rank and others <= NEWEST then
      short[#short + 1] = row
    end
  end
  return short
end

return M
