-- approve_spec.lua: what only a person can allow: asked durably, answered once, for exactly that, and nothing more.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local RULE = { { id = "locked", effect = "ask", tools = { "write_file", "edit_file" }, paths = { "locked/**" }, why = "a person decides" } }

local WRITES = [[
function work(talk)
  return steps(talk, function() return say(write("free", "f\n"), write("locked/a", "one\n"), write("after", "x\n")) end,
    function() return say(finish()) end)
end
]]

local function project(mock, options)
  options = options or {}
  return world.new({ issues = options.issues or { { id = "A" } }, mock = mock or WRITES, gate = options.gate or RULE,
    limits = options.limits, files = options.files, rules = options.rules })
end

local function pending(w)
  return cjson.decode((w:orket("approvals --json")))
end

-- Derived again, in both ways; and the board follows from the journal.
local function holds(w, run)
  for _, mode in ipairs({ "", "--strict " }) do
    local text, code = w:orket("replay " .. mode .. (run or "ep.1"))
    assert.equal(0, code, text)
    assert.truthy(text:find(", as recorded", 1, true), text)
  end
  local text, code = w:check()
  assert.equal(0, code, text)
end

describe("a question", function()
  it("parks the card, is shown exactly, and a yes lets it through once", function()
    local w <close> = project()
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "blocked", "review" }, { w:card("A").status, w:card("A").wait_reason })
    local one = pending(w)[1]
    assert.same({ "A", "coder", "write_file", "house.locked", "a person decides" }, { one.card, one.role, one.tool, one.rule, one.why })
    assert.same({ "locked/a" }, one.paths)
    for _, command in ipairs({ "board", "show A", "approvals", "run --plain ep" }) do
      text = w:orket(command)
      assert(text:find("orket approve " .. one.id, 1, true) and text:find("write_file locked/a", 1, true), command .. ":\n" .. text)
    end
    assert(w:orket("approvals"):find("+one", 1, true))
    assert.equal(nil, w:made("locked/a"))
    local n = w:requests()
    text, code = w:orket("approve " .. one.id .. " --why 'it is fine'")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "f\n", "one\n", "x\n" }, { w:made("free"), w:made("locked/a"), w:made("after") })
    assert.equal(1, #w:events("approval.asked"))
    assert.equal("used", w:events("approval.settled")[1].body.outcome)
    local by = w:events("approval.answered")[1]
    assert.equal("human:" .. world.orket.shell("id -un"):gsub("%s+$", ""), by.actor)
    assert.equal("it is fine", by.body.why)
    local results = {}
    for _, message in ipairs(cjson.decode(w:request(n + 1)).messages) do
      results[#results + 1] = message.role == "tool" and cjson.decode(message.content).result.path or nil
    end
    assert.same({ "free", "locked/a", "after" }, results)
    holds(w)
  end)
end)
