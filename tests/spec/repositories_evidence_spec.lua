-- repositories_evidence_spec.lua: the evidence of bench/evidence/repositories.lua, for what every machine that
-- tests has installed; not timed.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

describe("bench/evidence/repositories.lua", function()
  test("takes a C library and an npm package from a failing test to green, committed and pushed", function()
    local text, code = world.orket.shell("ONLY='c npm' lua5.4 bench/evidence/repositories.lua 2>&1")
    assert.equal(0, code, text)
    local figures = cjson.decode((text:match("BENCH (%b{})")))
    assert.same({ true, true }, { figures.c.green, figures.npm.green }, text)
    assert.same({ 8, 9 }, { figures.c.steps, figures.npm.steps })
    assert.truthy(text:find("C library .* before 3 passed, 1 failed  after 4 passed, 0 failed"), text)
  end)
end)
