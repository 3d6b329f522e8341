-- instants.lua: points in time as the journal writes them, as numbers. Pure.

local M = {}

-- Days since 1970 of a date of the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local of_years = 365 * year + year // 4 - year // 100 + year // 400
  return of_years + (153 * (month - 3) + 2) // 5 + day - 719469
end

---@param at string UTC, RFC 3339, with milliseconds
---@return integer nanoseconds since 1970
function M.nanoseconds(at)
  local year, month, day, hour, minute, second, part =
    at:match("^(%d+)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)%.?(%d*)")
  local seconds = days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + hour * 3600 + minute * 60
    + second
  return math.tointeger(seconds) * 1000000000 + tonumber((part .. "000000000"):sub(1, 9))
end

return M
