-- instants.lua: points in time as the journal writes them (UTC, RFC 3339), as numbers.

local sys = require("orket.core.sys")

local M = {}

-- Days since 1970-01-01 of a date of the Gregorian calendar, whose years begin in March here.
local function days(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local of_years = 365 * year + year // 4 - year // 100 + year // 400
  return of_years + (153 * (month - 3) + 2) // 5 + day - 719469
end

-- Whole seconds, and the digits of the rest; nil: it is no instant.
local function parts(at)
  local year, month, day, hour, minute, second, part =
    at:match("^(%d+)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)%.?(%d*)Z$")
  if not year then
    return nil
  end
  local whole = days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + hour * 3600 + minute * 60
    + second
  return math.tointeger(whole), part
end

---@param at string
---@return integer nanoseconds since 1970
function M.nanoseconds(at)
  local whole, part = parts(at)
  return whole * 1000000000 + tonumber((part .. "000000000"):sub(1, 9))
end

---@param at string
---@return number|nil seconds since 1970; nil: it is no instant
function M.seconds(at)
  local whole, part = parts(at)
  return whole and whole + (tonumber("0." .. part) or 0)
end

---@param at string
---@return number seconds that have passed; below 0: it is to come
function M.since(at)
  return M.seconds(sys.now()) - M.seconds(at)
end

return M
