-- people_page_spec.lua: a user of the service at the page of `orket serve`, in a real browser
-- (tests/web/people.mjs).

local browser = dofile("tests/support/browser.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

describe("a user at the page", function()
  if not browser.found() then
    it("is watched here", function()
      pending(browser.MISSING)
    end)
    return
  end

  it("signs in with name and password, stays so, and is out as soon as an administrator says so", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    local s <close> = service.start(w)
    local seen = browser.watch("people/user", s)
    assert(seen.wrong:find("The name or the password is wrong", 1, true), seen.wrong)
    assert.is_nil(seen.stored:find("correct horse", 1, true))
    assert.equal(3, seen.token)
    assert.equal(200, seen.renewed)
    assert.equal(0, seen.left)
  end)
end)
