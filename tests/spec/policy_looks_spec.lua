-- policy_looks_spec.lua: policies that nobody would write, each given what its text says that it looks at, and once more
-- everything: both answer the same. COUNT= and SEED= make it another search.

local orket = dofile("tests/support/orket.lua")

-- In the binary: texts made of members, other uses, shadows, comments and strings that look like code.
local SEARCH = orket.read("tests/support/probes/looks_search.lua")

describe("what a policy looks at", function()
  it("is all that it sees, whatever it is written like", function()
    local env = ("SEED=%d COUNT=%d "):format(os.getenv("SEED") or 1, os.getenv("COUNT") or 400)
    assert.equal("the same\n", orket.probe(SEARCH, env), env)
  end)
end)
