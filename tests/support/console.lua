-- console.lua: the commands that a page shows (```console), played: each has to print what the page says. A
-- line with … stands for any text at that place, … alone for any lines.

local M = {}

local function pattern(line)
  return "^" .. line:gsub("%p", "%%%0"):gsub("%%…", ".*"):gsub("…", ".*") .. "$"
end

-- Whether the printed lines are the expected ones, from the i-th and j-th on.
local function fits(expected, printed, i, j)
  if i > #expected then
    return j > #printed
  elseif expected[i] == "…" then
    return fits(expected, printed, i + 1, j) or j <= #printed and fits(expected, printed, i, j + 1)
  end
  return j <= #printed and printed[j]:find(pattern(expected[i])) ~= nil
    and fits(expected, printed, i + 1, j + 1)
end

local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

---Plays all of a page.
---@param page string
---@param run fun(command: string): string what it printed
---@return integer count of the commands
function M.play(page, run)
  local count = 0
  for block in page:gmatch("\n```console\n(.-)\n```") do
    for command, expected in ("\n" .. block .. "\n$ "):gmatch("%$ orket ([^\n]*)\n(.-)%f[$\0]") do
      local printed = run(command)
      assert(fits(lines(expected), lines(printed), 1, 1), "orket " .. command .. " printed\n" .. printed)
      count = count + 1
    end
  end
  return count
end

return M
