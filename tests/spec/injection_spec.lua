-- injection_spec.lua: a model that obeys every instruction it reads, from wherever it came
-- (tests/injection/): nobody outside hears of it while labels are followed, and nearly all of it while they
-- are not.

local project = dofile("tests/injection/project.lua")

local function missing(reached)
  local names = {}
  for i, case in ipairs(project.cases) do
    names[#names + 1] = not reached[i] and case.group .. ", " .. case.name or nil
  end
  return names
end

describe("injection", function()
  it("injected instructions are many", function()
    assert(#project.cases >= 60)
  end)

  it("injected instructions reach nobody: each is stopped at the moment when it is followed", function()
    local result = project.run("on")
    assert.equal(0, result.total)
    assert.same({}, missing(result.stopped))
    assert.same({ ["policy.labels.outward"] = result.not_allowed }, result.rules)
    assert.equal(project.cases.controls, result.controls) -- who has read nothing of it tells what he wants
  end)

  it("injected instructions reach the world when labels are off", function()
    assert.same({}, missing(project.run("off").reached))
  end)

  it("cost the same work without them nearly nothing", function()
    local result = project.run("harmless")
    assert.equal(project.cases.controls, result.controls)
    assert(result.allowed >= 0.97 * (result.allowed + result.not_allowed), result.not_allowed .. " of "
      .. result.allowed)
  end)
end)
