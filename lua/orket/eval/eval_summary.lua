-- eval_summary.lua: what a comparison came to: each arm by itself, and each one against the first, case by
-- case. Repeats of a case are averaged: they are no further cases. Pure.

local tables = require("orket.util.tables")
local statistics = require("orket.eval.statistics")

local M = {}

local BEYOND = 0.05 -- 95 %; divided by the number of comparisons
local NONE = "no difference shown"

-- name -> what of a result it is; in the order in which they are told.
local MEASURES = {
  { "steps", function(result) return result.steps end },
  { "requests", function(result) return result.requests end },
  { "tokens", function(result) return result.tokens_in + result.tokens_out end },
  { "money", function(result) return result.money end },
  { "seconds", function(result) return result.seconds end },
}

-- ---- by case ----

local function measured(results, of)
  local values = {}
  for _, result in ipairs(results) do
    values[#values + 1] = of(result) -- nil is left out: a time that nobody took
  end
  return #values == #results and statistics.mean(values) or nil
end

-- case -> arm -> results by repeat, where none of them is missing.
local function by_case(cells)
  local found = {}
  for _, cell in ipairs(cells) do
    local arms = found[cell.case] or {}
    found[cell.case] = arms
    arms[cell.arm.name] = arms[cell.arm.name] or {}
    arms[cell.arm.name][cell.number] = cell.result or false
  end
  for _, arms in pairs(found) do
    for name, results in pairs(arms) do
      arms[name] = not tables.has(results, false) and results or nil
    end
  end
  return found
end

local function succeeded(result)
  return result.success and 1 or 0
end

-- ---- an arm ----

local function sum(results, of)
  local total = 0
  for _, result in ipairs(results) do
    total = total + (of(result) or 0)
  end
  return total
end

local function arm_of(arm, cells)
  local results, by, of, done = {}, {}, 0, 0
  for _, cell in ipairs(cells) do
    if cell.arm == arm and cell.result then
      results[#results + 1] = cell.result
      by[cell.case] = by[cell.case] or {}
      table.insert(by[cell.case], cell.result)
    end
  end
  for _, runs in pairs(by) do
    of, done = of + 1, done + measured(runs, succeeded)
  end
  local row = { name = arm.name, kind = arm.kind, hash = arm.hash, runs = #results,
    done = sum(results, succeeded) }
  for _, field in ipairs({ "steps", "requests", "tokens_in", "tokens_out", "money", "seconds" }) do
    row[field] = sum(results, function(result) return result[field] end)
  end
  if of > 0 then
    row.rate = done / of
    row.low, row.high = statistics.wilson(done, of, statistics.normal(BEYOND))
  end
  return row
end

-- ---- one against another ----

-- The chance that as many of the cases that differ would differ in one direction, if both were the same
-- (exact, both sides).
local function sign_test(first, second)
  local n, least = first + second, math.min(first, second)
  local sum_of, term = 0, 0.5 ^ n
  for k = 0, least do
    sum_of = sum_of + term
    term = term * (n - k) / (k + 1)
  end
  return math.min(1, 2 * sum_of)
end

local function success_of(pairs_of, level)
  local counts, first, second = { both = 0, first = 0, second = 0, neither = 0 }, 0, 0
  for _, pair in ipairs(pairs_of) do
    local p, q = measured(pair.first, succeeded), measured(pair.second, succeeded)
    local both = 0
    for i, result in ipairs(pair.first) do
      both = both + succeeded(result) * succeeded(pair.second[i]) / #pair.first
    end
    counts.both, counts.first, counts.second = counts.both + both, counts.first + p - both,
      counts.second + q - both
    counts.neither = counts.neither + 1 - p - q + both
    first, second = first + (p > q and 1 or 0), second + (q > p and 1 or 0)
  end
  local difference, reach = statistics.newcombe(counts, statistics.normal(level))
  counts.difference, counts.low, counts.high = difference, reach.low, reach.high
  counts.p = sign_test(first, second)
  local shown = (counts.low > 0 or counts.high < 0) and counts.p < level
  counts.verdict = NONE
  if shown then
    counts.verdict = counts.difference > 0 and "better" or "worse"
  end
  return counts
end

local function measure_of(pairs_of, of, level)
  local differences = {}
  for _, pair in ipairs(pairs_of) do
    local p, q = measured(pair.first, of), measured(pair.second, of)
    differences[#differences + 1] = p and q and q - p or nil
  end
  if #differences == 0 then
    return nil
  end
  local mean, reach = statistics.paired(differences, level)
  local low, high = reach and reach.low, reach and reach.high
  local verdict = NONE
  if low and low > 0 then
    verdict = "more"
  elseif high and high < 0 then
    verdict = "less"
  end
  return { difference = mean, low = low, high = high, pairs = #differences, verdict = verdict }
end

local function compare(self, second, level)
  local first, found = self.arms[1], {}
  for _, case in ipairs(self.suite.cases) do
    local arms = self.found[case] or {}
    if arms[first.name] and arms[second.name] then
      found[#found + 1] = { first = arms[first.name], second = arms[second.name] }
    end
  end
  local row = { arm = second.name, against = first.name, pairs = #found,
    same = first.generation.id == second.generation.id }
  if #found == 0 then
    return row
  end
  row.success = success_of(found, level)
  for _, measure in ipairs(MEASURES) do
    row[measure[1]] = measure_of(found, measure[2], level)
  end
  for _, part in pairs(row.same and row or {}) do -- whatever differs is chance
    if type(part) == "table" then
      part.verdict = NONE
    end
  end
  return row
end

---@param eval table
---@return {arms: table[], comparisons: table[], confidence: number}
function M.of(eval)
  local self = { arms = eval.arms, suite = eval.suite, found = by_case(eval.cells) }
  local level = BEYOND / (#eval.arms - 1)
  local summary = { arms = {}, comparisons = {}, confidence = 1 - level }
  for i, arm in ipairs(eval.arms) do
    summary.arms[i] = arm_of(arm, eval.cells)
    summary.comparisons[i - 1] = i > 1 and compare(self, arm, level) or nil
  end
  return summary
end

return M
