-- budget_format.lua: amounts of a budget as people read them. Pure.

local M = {}

local WRITE = {
  tokens = function(n) return n .. " tokens" end,
  calls = function(n) return n .. " calls" end,
  disk = function(n) return n .. " bytes" end,
  seconds = function(n) return string.format("%.1f s", n / 1000) end,
  money = function(n, currency)
    return string.format("%s%d.%06d", currency and currency .. " " or "", n // 1000000, n % 1000000)
  end,
}

---@param kind string
---@param amount integer as it is counted: millionths, milliseconds
---@param currency string|nil
---@return string
function M.amount(kind, amount, currency)
  return WRITE[kind](amount, currency)
end

---The same as events and JSON have it: seconds are seconds.
---@param kind string
---@param amount integer
---@return number
function M.plain(kind, amount)
  return kind == "seconds" and amount / 1000 or amount
end

---@param used integer
---@param limit integer
---@return integer per cent, rounded down; of nothing all is used
function M.percent(used, limit)
  return limit == 0 and 100 or math.tointeger(used * 100 // limit)
end

return M
