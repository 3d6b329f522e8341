-- people_page_spec.lua: a user of the service at the page of `orket serve`, in a real browser
-- (tests/web/people.mjs).

local cjson = require("cjson")
local browser = dofile("tests/support/browser.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

browser.describe("a user at the page", function()
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

  it("sees who else looks at a card", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    w:orket("sync")
    local s <close> = service.start(w)
    assert.equal(0, browser.watch("people/together", s).selves)
  end)

  it("changes caps as an administrator", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end",
      model = { price = { input = 1, output = 1 } } })
    w:orket("sync")
    local s <close> = service.start(w)
    local seen = browser.watch("people/caps", s)
    assert.same({ {}, {} }, { seen.empty, seen.violations })
    local budgets = cjson.decode(w:read("config/organization.json")).process_rules.budgets
    assert.same({ ep = { money = 3000000 } }, budgets.epics)
    assert.is_nil((budgets.cards or {})["*"] and budgets.cards["*"].tokens)
  end)

  it("sees who may answer what", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    local path = w.dir .. "/config/organization.json"
    local organization = cjson.decode(orket.read(path))
    organization.people = { roles = { release = { "read", "approve" } },
      approvals = { { rule = "house.locked", roles = { "release" }, approvers = 2 }, { epic = "pay-*", users = { "bob" } } },
      delegations = { { from = "bob", to = "eve", ["until"] = "2020-01-31" } } }
    orket.write(path, cjson.encode(organization))
    local s <close> = service.start(w)
    local seen = browser.watch("people/approvers", s)
    assert.same({ "Rule", "Epic", "admin", "developer", "release", "viewer", "Users", "Approvers", "Requester" },
      seen.head)
    assert.same({ "house.locked", "every epic", "may not", "may not", "may answer", "may not", "", "2", "May not" },
      seen.rows[1])
    assert.same({ "every rule", "pay-*", "may not", "may not", "may not", "may not", "bob", "1", "May not" }, seen.rows[2])
    assert(seen.delegations[1]:find("eve for bob", 1, true) and seen.delegations[1]:find("ended 2020-01-31", 1, true))
    assert.same({ "Profile", "Approvers", "Keys", "Models", "System" }, seen.tabs)
    assert.same({}, seen.violations)
  end)

  it("may have many tabs open", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    local s <close> = service.start(w)
    assert.equal(401, browser.watch("people/tabs", s).answered) -- without a key; it did not come at all
  end)

  it("is offered no answer to what their own run asks, where another user has to give it", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = [[function work() return say(write("locked/a", "one\n")) end]], gate = { { id = "locked", effect = "ask",
        tools = { "write_file" }, paths = { "locked/**" }, why = "a person decides" } } })
    local path = w.dir .. "/config/organization.json"
    local organization = cjson.decode(orket.read(path))
    organization.people = { approvals = { { rule = "house.locked" } } }
    orket.write(path, cjson.encode(organization))
    local s <close> = service.start(w)
    local seen = browser.watch("people/requester", s)
    assert(seen.says:find("ada began the run that asks", 1, true), seen.says)
    assert.same({ {}, 2 }, { seen.offered, seen.others })
  end)
end)
