-- calendar_spec.lua: sprints at the edges of years and quarters.

package.path = "lua/?.lua;" .. package.path
local calendar = require("orket.reports.figures.calendar")

local CASES = { -- day, sprint, year, Monday, Friday
  { "2026-02-02", "Q1 S6", 2026, "2026-02-02", "2026-02-06" },
  { "2026-02-08", "Q1 S6", 2026, "2026-02-02", "2026-02-06" },
  { "2026-03-29", "Q1 S13", 2026, "2026-03-23", "2026-03-27" },
  { "2026-03-30", "Q2 S1", 2026, "2026-03-30", "2026-04-03" },
  { "2026-12-24", "Q4 S13", 2026, "2026-12-21", "2026-12-25" },
  { "2026-12-31", "Q4 S14", 2026, "2026-12-28", "2027-01-01" },
  { "2027-01-03", "Q4 S14", 2026, "2026-12-28", "2027-01-01" },
  { "2027-01-04", "Q1 S1", 2027, "2027-01-04", "2027-01-08" },
}

describe("calendar", function()
  for _, case in ipairs(CASES) do
    it(case[1] .. " is in " .. case[2] .. ", from Monday to Friday", function()
      local year, month, day = case[1]:match("(%d+)-(%d+)-(%d+)")
      for _, hour in ipairs({ 0, 12, 23 }) do
        local now = calendar.of(os.time({ year = year, month = month, day = day, hour = hour }))
        assert.same({ case[2], case[3], case[4], case[5] },
          { now.current_sprint, now.year, now.sprint_start, now.sprint_end })
      end
    end)
  end
end)
