-- reload_spec.lua: policies that change while turns run: the small form of bench/evidence/reload.lua.

local reloads = dofile("tests/support/reloads.lua")

describe("policies that change under load", function()
  it("drop no turn, and none is judged by two generations", function()
    local result = reloads.run({ seconds = 6, cards = 16, pause = 0.3, delay = 100, concurrency = 8 })
    assert.equal(0, result.code, result.text)
    assert.same({ 16, 0, 0, 0, true }, { result.turns, result.dropped, result.mixed, result.waiting, result.sound })
    assert(result.changes >= 4 and result.loaded >= 3 and result.loaded <= result.changes, result.loaded .. " of " .. result.changes)
    assert(result.generations > 1, result.generations)
    assert.equal(16 * 6, result.decisions)
  end)
end)
