-- local_time.lua: moments of events, which are UTC, as a person at this terminal reads them. Programs get UTC.

local sys = require("orket.core.sys")

local M = {}

local DAY = 86400

-- Days from 1970-01-01 to a date of the Gregorian calendar; March begins the year, so that a leap day ends it.
local function days(year, month, day)
  year = month <= 2 and year - 1 or year
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719468
end

---A moment in the time zone of the process (TZ).
---@param at string UTC, RFC 3339
---@return string "2026-01-31 14:03:22"; what is no such moment stays as it is
function M.of(at)
  local year, month, day, hour, minute, second = at:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return at
  end
  local date = days(tonumber(year), tonumber(month), tonumber(day))
  return os.date("%Y-%m-%d %H:%M:%S", date * DAY + hour * 3600 + minute * 60 + second)
end

---A moment to the second: local on a terminal, else UTC as events have it.
---@param at string UTC, RFC 3339
---@return string
function M.stamp(at)
  return sys.is_tty(1) and M.of(at) or at:sub(1, 19)
end

---The same, which says when it is UTC.
---@param at string UTC, RFC 3339
---@return string
function M.marked(at)
  return sys.is_tty(1) and M.of(at) or at:sub(1, 19):gsub("T", " ") .. " UTC"
end

local UNITS = { { DAY, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } }

---Until when something counts: on a terminal "expires 2026-01-31 14:03 (in 6 d)", in the largest unit of which there is a whole
---one; elsewhere the moment alone, which stays true in a log.
---@param at string UTC, RFC 3339
---@param seconds number until then
---@return string
function M.expiry(at, seconds)
  if not sys.is_tty(1) then
    return "expires " .. at:sub(1, 19) .. "Z"
  end
  for _, unit in ipairs(UNITS) do
    if seconds >= unit[1] then
      return string.format("expires %s (in %d %s)", M.of(at):sub(1, 16), seconds // unit[1], unit[2])
    end
  end
  return "expired " .. M.of(at):sub(1, 16)
end

return M
