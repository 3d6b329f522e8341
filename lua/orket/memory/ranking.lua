-- memory/ranking.lua: one order out of two: by words (BM25) and by meaning (cosines). Reciprocal rank fusion:
-- a row's places in both orders are added up, each as one part of what it is. Pure.
--
-- Whatever the vectors are, the row that fits best by words is among the first three, and the second best
-- among the first five; rows that are equally near are told apart by their words alone. So an embedder that
-- says nothing costs nothing.

local M = {}

local BY_WORDS, BY_MEANING = 1, 1.5
local KEPT = { 3, 5 } -- the last place of the first, and of the second row by words
-- parts of 10,000: the nearness below which no row is found that has no word of the question
local LEAST = 2000

local LAST = math.huge

-- Those that are near anything, the nearest first, with their places: equally near ones share one.
local function by_meaning(rows)
  local order = {}
  for _, row in ipairs(rows) do
    order[#order + 1] = row.near and row or nil
  end
  table.sort(order, function(a, b)
    if a.near ~= b.near then
      return a.near > b.near
    end
    return a.id > b.id
  end)
  for i, row in ipairs(order) do
    local before = order[i - 1]
    row.meaning = before and before.near == row.near and before.meaning or i
  end
  return order
end

-- How near a row without a common word has to be: half way at least from the mean of all to the nearest. The
-- mean is that of one more, which is not near at all: among few that are all near nothing would stand out.
local function least_near(order)
  local sum = 0
  for _, row in ipairs(order) do
    sum = sum + row.near
  end
  return order[1] and math.max(LEAST, (order[1].near + sum // (#order + 1)) // 2) or LAST
end

local function share(weight, place)
  return place and weight / (1 + place) or 0
end

local function score(row)
  return share(BY_WORDS, row.words) + share(BY_MEANING, row.meaning)
end

local function is_before(a, b)
  local x, y = score(a), score(b)
  if x ~= y then
    return x > y
  elseif (a.words or LAST) ~= (b.words or LAST) then
    return (a.words or LAST) < (b.words or LAST)
  end
  return a.id > b.id
end

-- The first rows by words, no further back than they may be.
local function keep(found)
  for words, most in ipairs(KEPT) do
    for place = #found, most + 1, -1 do
      if found[place].words == words then
        table.insert(found, most, table.remove(found, place))
      end
    end
  end
end

---Rows in one order: first those that are found, with `rank`, their place, and what it is made of: `words`,
---their place by words, and `near`, the cosine in parts of 10,000; then the others as they were.
---@param rows {id: integer, rank: integer?}[]  with rank: found by words, in that order
---@param near table<integer, integer>  by id
---@return table[] rows
---@return integer found how many were
function M.order(rows, near)
  for _, row in ipairs(rows) do
    row.words, row.near, row.rank = row.rank, near[row.id], nil
  end
  local least = least_near(by_meaning(rows))
  local found, others = {}, {}
  for _, row in ipairs(rows) do
    local into = (row.words or row.near and row.near >= least) and found or others
    into[#into + 1] = row
  end
  table.sort(found, is_before)
  keep(found)
  local count = #found
  for i, row in ipairs(found) do
    row.rank = i
  end
  for _, row in ipairs(rows) do
    row.meaning = nil
  end
  return table.move(others, 1, #others, count + 1, found), count
end

return M
