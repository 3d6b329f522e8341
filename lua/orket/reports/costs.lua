-- costs.lua: what requests to models cost, summed up.

local cjson = require("cjson")

local M = {}

local SUMS = { "calls", "failed", "tokens_in", "tokens_out", "cached", "money" }

---What sums may be by.
M.BY = { "card", "role", "model", "arm", "day", "run" }

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

---@param store Store
---@param by string|nil one of BY; nil: model
---@param run string|nil only of this run
---@param currency string|nil of the amounts
---@return {currency: string?, by: string, rows: table[], total: table}
function M.sums(store, by, run, currency)
  by = by or "model"
  local rows = store:read("costs", { by = by, run = run })
  return { currency = currency, by = by, rows = setmetatable(rows, cjson.array_mt), total = total_of(rows) }
end

return M
