-- memory.lua: what is remembered, looked for by words. The words of a text become a full-text expression that says
-- nothing else: each one quoted, the ones that would find nearly everything left out. docs/memory.md tells the rest.

local cjson = require("cjson")

local M = {}

local BEST, NEWEST = 30, 20 -- candidates that match, and others
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
---@param turn {epic: string, card: string, role: string, run: string?, turn: integer?}
---@param text string
---@return table[] rows
function M.candidates(store, turn, text)
  local plan = M.plan(store, text)
  return store:read("memory", {
    epic = turn.epic, card = turn.card, role = turn.role, run = turn.run, turn = turn.turn, match = plan.match,
    common = plan.common, best = BEST, newest = NEWEST,
  })
end

return M
