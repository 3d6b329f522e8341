-- state_spec.lua: what a running turn knows of itself, by its methods alone.

local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/state.lua.
local function probe(name)
  assert.equal("fine\n", orket.probe(orket.chunk("state", name) .. " print('fine')"))
end

describe("state", function()
  it("a turn's outcome gives way to one that is at least as strong, and to no weaker one", function()
    probe("gives_way_least_strong")
  end)

  it("a turn's outcome is withdrawn when it is a question, and not when it is a cap", function()
    probe("withdrawn_when_question_when")
  end)

  it("a turn's outcome parks the card where a person finds it, also when the turn stays open for a cap",
    function()
    probe("parks_card_where_person")
  end)
end)

describe("state", function()
  it("a proposal was judged only as it was proposed, from the status that the card still has", function()
    probe("was_judged_only_was")
  end)
end)

describe("state", function()
  it("a blob of the open transaction is given back under its own name only", function()
    probe("given_back_under_own")
  end)
end)

describe("state", function()
  it("a turn that asks a person forgets what the call did before, and nothing of what was before the call",
    function()
    probe("forgets_call_did_before")
  end)
end)
