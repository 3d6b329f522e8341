-- local_time.lua: moments of events, which are UTC, as a person at this terminal reads them. Programs get
-- UTC.

local sys = require("orket.core.sys")

local M = {}

local DAY = 86400
local MOMENT = "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d"

-- Days from 1970-01-01 to a date of the Gregorian calendar; March begins the year, so that a leap day ends
-- it.
local function days(year, month, day)
  year = month <= 2 and year - 1 or year
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719468
end

-- Seconds since 1970; nil for what is no moment.
local function epoch(at)
  local year, month, day, hour, minute, second = at:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return nil
  end
  local date = days(tonumber(year), tonumber(month), tonumber(day))
  return math.tointeger(date * DAY + hour * 3600 + minute * 60 + second)
end

---A moment in the time zone of the process (TZ).
---@param at string UTC, RFC 3339
---@return string "2026-01-31 14:03:22"; what is no such moment stays as it is
function M.of(at)
  local seconds = epoch(at)
  return seconds and os.date("%Y-%m-%d %H:%M:%S", seconds) or at
end

---Whole seconds from one moment to another.
---@param from string UTC, RFC 3339
---@param to string
---@return integer
function M.between(from, to)
  return (epoch(to) or 0) - (epoch(from) or 0)
end

-- Local on a terminal, else UTC with its mark; both to so many characters.
local function shown(at, length)
  if sys.is_tty(1) then
    return M.of(at):sub(1, length)
  end
  return at:find(MOMENT) and at:sub(1, length) .. "Z" or at
end

---A moment to the second: local on a terminal, else UTC: "2026-01-31T13:03:22Z".
---@param at string UTC, RFC 3339
---@return string
function M.stamp(at)
  return shown(at, 19)
end

---The same to the minute.
---@param at string UTC, RFC 3339
---@return string
function M.minute(at)
  return shown(at, 16)
end

---A moment of today, as a line of a run begins with it: the clock on a terminal, else the whole of it.
---@param at string UTC, RFC 3339
---@return string
function M.clock(at)
  return sys.is_tty(1) and M.of(at):sub(12) or M.stamp(at)
end

---A text of the engine with its moments as stamps.
---@param words string
---@return string
function M.within(words)
  return (words:gsub(MOMENT .. "[%.%d]*Z", M.stamp))
end

local UNITS = { { DAY, "d" }, { 3600, "h" }, { 60, "min" } }

---A time span, rounded, in the largest unit of which there are two: "7 d", "24 h", "4 min", "59 s".
---@param seconds number
---@return string
function M.span(seconds)
  for _, unit in ipairs(UNITS) do
    if seconds + 0.5 >= 2 * unit[1] then
      return string.format("%d %s", (seconds / unit[1] + 0.5) // 1, unit[2])
    end
  end
  return string.format("%d s", (seconds + 0.5) // 1)
end

---Until when something counts: on a terminal "expires 2026-01-31 14:03 (in 7 d)"; elsewhere the moment alone,
---which stays true in a log.
---@param at string UTC, RFC 3339
---@param seconds number until then
---@return string
function M.expiry(at, seconds)
  if not sys.is_tty(1) then
    return "expires " .. M.stamp(at)
  elseif seconds <= 0 then
    return "expired " .. M.minute(at)
  end
  return "expires " .. M.minute(at) .. " (in " .. M.span(seconds) .. ")"
end

return M
