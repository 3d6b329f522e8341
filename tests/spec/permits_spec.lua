-- permits_spec.lua: no effect without a permit, over random calls, operations and laws
-- (tests/support/permits.lua).

local orket = dofile("tests/support/orket.lua")

describe("permits", function()
  it("a hundred thousand random calls have the effects that an oracle expects, and no other", function()
    local dir = orket.directory()
    orket.shell("mkdir -p " .. dir .. "/world/tree")
    local text = orket.probe(string.format("assert(loadfile('tests/support/permits.lua'))(%q, %d, %d)",
      dir .. "/world/tree", 100000, 7))
    local allowed, asked, denied,
      effects = text:match("100000 calls: (%d+) allowed, (%d+) to ask, (%d+) denied; (%d+) effects")
    assert(effects, text)
    for _, count in ipairs({ allowed, asked, denied, effects }) do
      assert.is_true(tonumber(count) > 1500, text)
    end
    orket.remove(dir)
  end)
end)
