-- governance_docs_spec.lua: docs/governance.md is played as it stands: its rules, its policy, its commands,
-- what they print.

local cjson = require("cjson")
local console = dofile("tests/support/console.lua")
local world = dofile("tests/support/world.lua")

local page = world.orket.read("docs/governance.md")

local WORK = [[
function work(talk)
  return steps(talk,
    function() return say(write("gen/a.c", "x"), write("RELEASE.md", "x"), write("db/1.sql", "x")) end,
    function() return say(finish()) end)
end
]]

describe("governance docs", function()
  it("docs/governance.md is what happens", function()
    local files = {}
    for path, text in page:gmatch("\n```lua (%S+)\n(.-\n)```") do
      files[path] = text
    end
    local w <close> = world.new({
      issues = { { id = "A" } }, mock = WORK, files = files,
      gate = cjson.decode(page:match("\n```json gate\n(.-)\n```")),
    })
    assert.equal(7, console.play(page, function(command) return w:orket(command) end))
  end)
end)
