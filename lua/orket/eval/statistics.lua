-- statistics.lua: intervals for what a comparison measured. Pure.
--
--   proportion         Wilson's score interval (1927)
--   paired proportions Newcombe's hybrid score interval, method 10 (Statistics in Medicine 17, 1998,
--     2635-2650)
--   paired means       Student's t over the differences of the pairs

local M = {}

local LANCZOS = { 76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155,
  0.1208650973866179e-2, -0.5395239384953e-5 }
local HALVINGS = 200
local AS_NORMAL = 1e7 -- degrees of freedom at which Student's distribution is the normal one, to six digits

-- ---- distributions ----

local function log_gamma(x)
  local sum, y = 1.000000000190015, x
  for _, c in ipairs(LANCZOS) do
    y = y + 1
    sum = sum + c / y
  end
  local t = x + 5.5
  return (x + 0.5) * math.log(t) - t + math.log(2.5066282746310005 * sum / x)
end

local function kept_from_zero(x)
  return math.abs(x) < 1e-300 and 1e-300 or x
end

-- The continued fraction of the incomplete beta function, by Lentz.
local function fraction(x, a, b)
  local c, d = 1, 1 / kept_from_zero(1 - (a + b) * x / (a + 1))
  local h = d
  for m = 1, 10000 do
    local even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    local odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    local change
    for _, term in ipairs({ even, odd }) do
      d, c = 1 / kept_from_zero(1 + term * d), kept_from_zero(1 + term / c)
      change = d * c
      h = h * change
    end
    if math.abs(change - 1) < 1e-15 then
      break
    end
  end
  return h
end

local function incomplete_beta(x, a, b)
  if x <= 0 or x >= 1 then
    return x <= 0 and 0 or 1
  end
  local front = math.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b)
    + a * math.log(x) + b * math.log(1 - x))
  if x < (a + 1) / (a + b + 2) then
    return front * fraction(x, a, b) / a
  end
  return 1 - front * fraction(1 - x, b, a) / b
end

-- How much lies beyond t on both sides.
local function tails(t, freedom)
  return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)
end

---The value beyond which, on both sides together, lies so much of Student's distribution.
---@param beyond number 0.05 for 95 %
---@param freedom number degrees
---@return number
function M.student(beyond, freedom)
  local low, high = 0, 1
  while tails(high, freedom) > beyond do
    high = high * 2
  end
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if tails(middle, freedom) > beyond then
      low = middle
    else
      high = middle
    end
  end
  return high
end

---The same of the normal distribution.
---@param beyond number
---@return number
function M.normal(beyond)
  return M.student(beyond, AS_NORMAL)
end

-- ---- intervals ----

---@param count number of successes; a part of one is what repeats came to
---@param of number
---@param z number
---@return number low
---@return number high
function M.wilson(count, of, z)
  local p, square = count / of, z * z
  local middle, width = p + square / (2 * of), z * math.sqrt(p * (1 - p) / of + square / (4 * of * of))
  return math.max(0, (middle - width) / (1 + square / of)), math.min(1, (middle + width) / (1 + square / of))
end

-- How much the two go together, with Newcombe's correction.
local function phi(pairs_of, n)
  local both, first, second, neither = pairs_of.both, pairs_of.first, pairs_of.second, pairs_of.neither
  local product = (both + first) * (second + neither) * (both + second) * (first + neither)
  local cross = both * neither - first * second
  if product <= 0 then
    return 0
  end
  if cross > n / 2 then
    return (cross - n / 2) / math.sqrt(product)
  end
  return math.min(cross, 0) / math.sqrt(product)
end

---How much more often the second succeeds than the first.
---@param counts {both: number, first: number, second: number, neither: number}
---@param z number
---@return number difference
---@return {low: number, high: number} reach
function M.newcombe(counts, z)
  local n = counts.both + counts.first + counts.second + counts.neither
  local p1, p2 = (counts.both + counts.first) / n, (counts.both + counts.second) / n
  local l1, u1 = M.wilson(counts.both + counts.first, n, z)
  local l2, u2 = M.wilson(counts.both + counts.second, n, z)
  local together, difference = phi(counts, n), p2 - p1
  local function reach(a, b)
    return math.sqrt(math.max(0, a * a - 2 * together * a * b + b * b))
  end
  return difference, {
    low = math.max(-1, difference - reach(p2 - l2, u1 - p1)),
    high = math.min(1, difference + reach(u2 - p2, p1 - l1)),
  }
end

---@param values number[]
---@return number
function M.mean(values)
  local sum = 0
  for _, value in ipairs(values) do
    sum = sum + value
  end
  return sum / #values
end

---The mean of differences; of less than two nothing can be said but that.
---@param values number[]
---@param beyond number 0.05 for 95 %
---@return number mean
---@return {low: number, high: number}|nil reach
function M.paired(values, beyond)
  local mean, squares = M.mean(values), 0
  if #values < 2 then
    return mean
  end
  for _, value in ipairs(values) do
    squares = squares + (value - mean) ^ 2
  end
  local reach = M.student(beyond, #values - 1) * math.sqrt(squares / (#values - 1) / #values)
  return mean, { low = mean - reach, high = mean + reach }
end

return M
