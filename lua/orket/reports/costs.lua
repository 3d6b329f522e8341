-- costs.lua: what requests to models cost, summed up. What no price is known of has no `money`: it is not 0.

local cjson = require("cjson")

local M = {}

local SUMS = { "calls", "failed", "tokens_in", "tokens_out", "cached", "money", "priced", "unpriced" }

---What sums may be by.
M.BY = { "card", "role", "model", "arm", "day", "run" }

---@class CostRow
---@field name string
---@field calls integer
---@field failed integer
---@field tokens_in integer
---@field tokens_out integer
---@field cached integer
---@field priced integer of the calls, those with a price
---@field unpriced integer of the calls, those with tokens that no price is known of
---@field money integer|nil millionths; nil: none of them has a price

local function total_of(rows)
  local total = {}
  for _, field in ipairs(SUMS) do
    total[field] = 0
    for _, row in ipairs(rows) do
      total[field] = total[field] + row[field]
    end
  end
  return total
end

local function drop_unpriced(row)
  row.money = row.priced > 0 and row.money or nil
end

local function read(store, wanted, by)
  return store:read("costs", { by = by, run = wanted.run, from = wanted.from, to = wanted.to })
end

-- The calls that no sum of money has, by model.
local function left_out(store, wanted)
  local list = {}
  for _, row in ipairs(read(store, wanted, "model")) do
    list[#list + 1] = row.unpriced > 0 and { model = row.name, calls = row.unpriced } or nil
  end
  return list
end

---@param store Store
---@param wanted {by: string?, run: string?, from: string?, to: string?} by: one of BY (model); run: only of
---  this run; from, to: the first and the last day, as YYYY-MM-DD (UTC)
---@param currency string|nil of the amounts
---@return {currency: string?, by: string, rows: CostRow[], total: CostRow,
---  left_out: {model: string, calls: integer}[]}
function M.sums(store, wanted, currency)
  local by = wanted.by or "model"
  local rows = read(store, wanted, by)
  local total = total_of(rows)
  drop_unpriced(total)
  for _, row in ipairs(rows) do
    drop_unpriced(row)
  end
  return { currency = currency, by = by, rows = setmetatable(rows, cjson.array_mt), total = total,
    left_out = setmetatable(total.unpriced > 0 and left_out(store, wanted) or {}, cjson.array_mt) }
end

return M
