-- memory.lua: what is remembered, looked for by words. The words of a text become a full-text expression that says
-- nothing else: each one quoted, the ones that would find nearly everything left out. docs/memory.md tells the rest.

local cjson = require("cjson")

local M = {}

local BEST, NEWEST = 30, 20 -- candidates that match, and others
local WIDE = 200 -- as many are looked at by meaning: those that match, filled up with the newest others
local TEXT_MOST = 10 * 1024 -- bytes that are looked at
local WORDS_MOST = 32
local WORD_MOST = 64 -- bytes
local ROWS_MOST = 500 -- that one word may have; BM25 reads every row of every word
local ROWS_SUM = 800

-- They are in every text and say nothing of it.
local EMPTY = {}
for word in ([[a an and are as at be been but by can do does for from had has have if in into is it its may must no not of
  on or our shall should so than that the their them then there these they this to use was we were what when which who
  will with would you your]]):gmatch("%a+") do
  EMPTY[word] = true
end

---True when nothing was ever noted.
---@param store Store
---@return boolean
function M.is_empty(store)
  return #store:read("memory_any", {}) == 0
end

---The words of a text, each once, quoted for a full-text expression: letters and digits of ASCII and whatever is beyond
---it, so that no sign of the expression's own is in them.
---@param text string
---@return string[]
function M.words(text)
  local words, seen = {}, {}
  for word in text:sub(1, TEXT_MOST):lower():gmatch("[%w\x80-\xff]+") do
    if #words < WORDS_MOST and #word > 1 and #word <= WORD_MOST and not seen[word] and not EMPTY[word] then
      seen[word] = true
      words[#words + 1] = '"' .. word .. '"'
    end
  end
  return words
end

-- How many rows each word has, rare ones first. Of equal ones the earlier in the text comes first.
local function counted(store, words)
  local rows = store:read("memory_words", { words = cjson.encode(words), most = ROWS_MOST })
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

---What to look for: `match`, any of the words that tell rows apart, or `common`, all of those that are everywhere; neither
---when no word is known.
---@param store Store
---@param text string
---@return {match: string?, common: string?}
function M.plan(store, text)
  local words = M.words(text)
  local rare, common, sum = {}, {}, 0
  for _, row in ipairs(#words > 0 and counted(store, words) or {}) do
    if row.rows > 0 and row.rows < ROWS_MOST and sum + row.rows <= ROWS_SUM then
      rare[#rare + 1], sum = row.word, sum + row.rows
    elseif row.rows > 0 then
      common[#common + 1] = row.word
    end
  end
  if #rare > 0 then
    return { match = table.concat(rare, " OR ") }
  end
  return { common = #common > 0 and table.concat(common, " AND ") or nil }
end

---What a turn may be shown, the rows that fit a text first (with `rank`), then the newest others.
---@param store Store
---@param place {epic: string, card: string, role: string, run: string?, turn: integer?}
---@param text string
---@param wide boolean|nil  as many as are looked at by meaning
---@return table[] rows
function M.candidates(store, place, text, wide)
  local plan = M.plan(store, text)
  local rows = store:read("memory", {
    epic = place.epic, card = place.card, role = place.role, run = place.run, turn = place.turn, match = plan.match,
    common = plan.common, best = wide and WIDE or BEST, newest = wide and WIDE or NEWEST,
  })
  return wide and M.widest(rows) or rows
end

---As many of some rows as are looked at by meaning: those that were found, then others, of which a few are always there.
---@param rows {rank: integer?}[]
---@return table[]
function M.widest(rows)
  local found = 0
  while rows[found + 1] and rows[found + 1].rank do
    found = found + 1
  end
  return table.move(rows, 1, math.min(#rows, math.max(WIDE, found + NEWEST)), 1, {})
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
