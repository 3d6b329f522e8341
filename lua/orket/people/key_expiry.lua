-- key_expiry.lua: until when a key is good: moments of UTC, RFC 3339, which sort as texts.

local M = {}

M.DAYS, M.DAYS_MOST = 90, 366 -- of a key, by default and at most

---@param days integer
---@return string moment
function M.in_days(days)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + days * 86400)
end

-- Days from 1970-01-01 to a date of the Gregorian calendar, whose years begin in March here.
local function days_to(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
end

---The moment as seconds since 1970; nil: it is none.
---@param moment string
---@return number|nil
function M.seconds(moment)
  local year, month, day, hour, minute, second =
    moment:match("^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d%.?%d*)Z$")
  if not year then
    return nil
  end
  local days = days_to(math.tointeger(year), math.tointeger(month), math.tointeger(day))
  return days * 86400 + hour * 3600 + minute * 60 + tonumber(second)
end

return M
