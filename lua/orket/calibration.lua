-- calibration.lua: how many tokens a model will count for a request, from what it counted for earlier ones: a line
-- through the bytes and tokens of its newest replies, as the journal has them. Nothing is remembered beside it. Pure, but
-- for M.of.
--
-- It is the best guess, not an upper bound: budgets reserve by budget/estimate.lua, which never guesses low.

local usages = require("orket.usage")

local M = {}

local REPLIES = 64      -- the newest ones that count
local ENTRIES = 100000  -- the newest of the journal that are looked through for them
local FEW = 8           -- with fewer there is a ratio, and no line
local SPREAD = 0.05     -- so far from each other requests have to be, as a part of their mean, that a line can be drawn
local LEAST, MOST = 0.02, 2 -- tokens of a byte more; what lies beyond is no tokenizer

local function sums_of(rows)
  local sums = { n = #rows, x = 0, y = 0 }
  for _, row in ipairs(rows) do
    sums.x, sums.y = sums.x + row.bytes, sums.y + row.tokens
  end
  return sums
end

-- Slope of the line of least squares; nil where the points make none.
local function slope_of(rows, sums)
  local mean_x, mean_y, xx, xy = sums.x / sums.n, sums.y / sums.n, 0, 0
  for _, row in ipairs(rows) do
    xx = xx + (row.bytes - mean_x) ^ 2
    xy = xy + (row.bytes - mean_x) * (row.tokens - mean_y)
  end
  if sums.n < FEW or (xx / sums.n) ^ 0.5 < SPREAD * mean_x then
    return nil
  end
  local slope = xy / xx
  return slope >= LEAST and slope <= MOST and slope or nil
end

---@class Calibration
---@field replies integer it is made from
---@field base number tokens
---@field rate number tokens of a byte

---@param rows {bytes: integer, tokens: integer}[]
---@return Calibration
function M.fit(rows)
  local sums = sums_of(rows)
  if sums.n == 0 or sums.x == 0 then
    return { replies = 0, base = 0, rate = usages.estimate(1000) / 1000 }
  end
  local slope = slope_of(rows, sums)
  if slope then
    return { replies = sums.n, base = (sums.y - slope * sums.x) / sums.n, rate = slope }
  end
  return { replies = sums.n, base = 0, rate = sums.y / sums.x }
end

---What the journal knows of a model.
---@param store Store
---@param model string name of its profile
---@return Calibration
function M.of(store, model)
  return M.fit(store:read("calibration", { model = model, limit = REPLIES, entries = ENTRIES }))
end

---@param known Calibration
---@param bytes integer of a request, as usage.asked counts them
---@return integer tokens
function M.tokens(known, bytes)
  return math.max(1, math.floor(known.base + known.rate * bytes + 0.5))
end

return M
