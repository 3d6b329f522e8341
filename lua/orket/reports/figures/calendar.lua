-- calendar.lua: sprints of a week, Monday to Friday (UTC), thirteen to a quarter: those of ISO 8601, so that
-- a year begins with the sprint that has its first Thursday. The 53rd week, where there is one, is Q4's 14th.

local M = {}

local DAY = 86400
local PER_QUARTER = 13

---@class Sprint
---@field current_sprint string "Q4 S9"
---@field year integer of the sprint
---@field week integer of the year, 1 to 53
---@field sprint_start string the Monday, "2026-11-23"
---@field sprint_end string the Friday

---@param seconds integer since 1970
---@return Sprint
function M.of(seconds)
  local week = math.tointeger(tonumber(os.date("!%V", seconds)))
  local quarter = math.min(4, (week - 1) // PER_QUARTER + 1)
  local monday = seconds - (os.date("!*t", seconds).wday + 5) % 7 * DAY
  return {
    current_sprint = ("Q%d S%d"):format(quarter, week - (quarter - 1) * PER_QUARTER),
    year = math.tointeger(tonumber(os.date("!%G", seconds))), week = week,
    sprint_start = os.date("!%Y-%m-%d", monday), sprint_end = os.date("!%Y-%m-%d", monday + 4 * DAY),
  }
end

return M
