-- local_time.lua: moments of events, which are UTC, as a person at this terminal reads them. Programs get UTC.

local M = {}

local DAY = 86400

-- Days from 1970-01-01 to a date of the Gregorian calendar; March begins the year, so that a leap day ends it.
local function days(year, month, day)
  year = month <= 2 and year - 1 or year
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719468
end

---Hours, minutes and seconds in the time zone of the process (TZ).
---@param at string UTC, RFC 3339
---@return string "14:03:22"; what is no such moment stays as it is
function M.clock(at)
  local year, month, day, hour, minute, second = at:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return at
  end
  local date = days(tonumber(year), tonumber(month), tonumber(day))
  return os.date("%H:%M:%S", date * DAY + hour * 3600 + minute * 60 + second)
end

return M
