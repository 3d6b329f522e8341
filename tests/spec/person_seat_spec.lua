-- person_seat_spec.lua: a seat of a team may be a person: its cards wait for that person's work, which is
-- tested and reviewed as an agent's is.

local accounts = dofile("tests/support/accounts.lua")
local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local TEAM = { name = "Team", seats = {
  dev = { roles = { "coder" } },
  ada = { roles = { "coder" }, person = "ada" },
  guard = { name = "Guard", roles = { "integrity_guard" } },
} }

local MOCK = [[function work(talk)
  return steps(talk, function() return say(write("b", "two\n")) end, function() return say(finish()) end) end]]

local function new_world()
  return world.new({ team = TEAM, mock = MOCK, issues = { { id = "A", seat = "ada" },
    { id = "B", depends_on = { "A" } } } })
end

describe("a person's seat", function()
  it("has its card wait in the inbox for the person's work, which a guard reviews; others go on then", function()
    local w <close> = new_world()
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "blocked", "input", "ready" }, { w:card("A").status, w:card("A").wait_reason, w:card("B").status })
    assert.equal(0, w:requests()) -- no model was asked
    local item = cjson.decode((w:orket("inbox --json")))[1]
    assert.same({ "question", "A" }, { item.kind, item.card })
    orket.write(w.dir .. "/.test/a.txt", "by a person\n")
    text, code = w:orket("put A " .. w.dir .. "/.test/a.txt")
    assert.equal(0, code, text)
    text, code = w:orket('answer A "wrote a.txt"')
    assert.equal(0, code, text)
    assert.equal("ready_for_testing", w:card("A").status)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "done", "done" }, { w:card("A").status, w:card("B").status })
    assert.equal("by a person\n", w:made("a.txt"))
    w:replays()
  end)

  it("is handed in by that person alone, when it is a user of the project", function()
    local w <close> = new_world()
    accounts.add(w, "ada", "developer")
    w:run()
    for _, words in ipairs({ 'answer A "done"', "retry A" }) do
      local text, code = w:orket(words)
      assert.equal(1, code)
      assert.truthy(text:find("A is the work of ada, who hands it in", 1, true), text)
    end
    assert.equal("blocked", w:card("A").status)
  end)

  it("is not handed in by the moves of another person, before and after it was asked for", function()
    local w <close> = new_world()
    accounts.add(w, "ada", "developer")
    w:orket("sync")
    for _ = 1, 2 do
      w:orket("move A in_progress")
      for _, status in ipairs({ "ready_for_testing", "code_review", "done" }) do
        local text, code = w:orket("move A " .. status)
        assert.equal(1, code, status)
        assert.truthy(text:find("ERR_", 1, true), text)
      end
      assert(w:orket("move A ready_for_testing"):find("A is the work of ada, who hands it in", 1, true))
      w:run()
      assert.same({ "blocked", "input" }, { w:card("A").status, w:card("A").wait_reason })
    end
  end)

  it("is no guard's", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, team = { name = "Team", seats = {
      dev = { roles = { "coder" } }, guard = { roles = { "integrity_guard" }, person = "ada" } } } })
    local text, code = w:orket("validate")
    assert.equal(1, code, text)
  end)
end)
