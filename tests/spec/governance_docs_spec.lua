-- governance_docs_spec.lua: docs/governance.md is played as it stands: its rules, its policy, its commands, what they
-- print. A line with … stands for any text at that place, … alone for any lines.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local page = world.orket.read("docs/governance.md")

local WORK = [[
function work(talk)
  return steps(talk,
    function() return say(write("gen/a.c", "x"), write("RELEASE.md", "x"), write("db/1.sql", "x")) end,
    function() return say(finish()) end)
end
]]

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
  return j <= #printed and printed[j]:find(pattern(expected[i])) ~= nil and fits(expected, printed, i + 1, j + 1)
end

local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

describe("docs/governance.md", function()
  it("is what happens", function()
    local files = {}
    for path, text in page:gmatch("\n```lua (%S+)\n(.-\n)```") do
      files[path] = text
    end
    local w <close> = world.new({
      issues = { { id = "A" } }, mock = WORK, files = files, gate = cjson.decode(page:match("\n```json gate\n(.-)\n```")),
    })
    local count = 0
    for block in page:gmatch("\n```console\n(.-)\n```") do
      for command, expected in ("\n" .. block .. "\n$ "):gmatch("%$ orket ([^\n]*)\n(.-)%f[$\0]") do
        local printed = w:orket(command)
        assert(fits(lines(expected), lines(printed), 1, 1), "orket " .. command .. " printed\n" .. printed)
        count = count + 1
      end
    end
    assert.equal(7, count)
  end)
end)
