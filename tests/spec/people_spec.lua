-- people_spec.lua: what people do to cards of a run, from outside: answers, retries, changed files.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Work that is right when the card says so; a reviewer who wants "salt" in it.
local COOK = [[
function work(talk)
  return say(write("dish", talk.text:find("use salt", 1, true) and "salted" or "plain"), finish())
end
function review(talk)
  return steps(talk, function() return say(call("read_file", { path = "dish" })) end, function(t)
    return t.results[1]:find("salted", 1, true) and accept() or say(status("in_progress", "it lacks taste"))
  end)
end
]]

local function last_move(w, id)
  local moves = w:moves(id)
  return moves[#moves]
end

describe("a card that was refused too often", function()
  it("by its review goes to its worker with the answer", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 } }, mock = COOK })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("in_progress", w:card("A").return_to)
    text, code = w:orket("answer A 'use salt'")
    assert.equal(0, code, text)
    assert.equal("blocked>in_progress", last_move(w, "A"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("salted", w:made("dish"))
  end)

  it("is counted anew after an answer", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 } }, mock = COOK })
    assert.equal(3, select(2, w:run()))
    local before = w:requests()
    assert.equal(0, select(2, w:orket("answer A 'think about it'")))
    assert.equal(0, w:card("A").retry_count)
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2 * before, w:requests())
    assert.equal(0, select(2, w:check()))
  end)

  it("by its verification goes to its worker as well, who reads the log", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 0, verification = { fixture_path = "f.json" } } },
      mock = COOK, files = { ["verification/f.json"] = '{"argv": ["/bin/grep", "salted", "dish"]}' } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(0, select(2, w:orket("answer A 'use salt'")))
    assert.equal("blocked>in_progress", last_move(w, "A"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert(w:request(2):find("FAILED", 1, true))
  end)

end)

-- A is under way beside B, whose model does not answer: the run goes on until it is halted.
local function beside(mock)
  return mock:gsub("function work", "local function cook", 1):gsub("function review", "local function judge", 1) .. [[
    function work(talk)
      return talk.card == "B" and { content = "late", delay_ms = 100000 } or cook(talk)
    end
    function review(talk)
      return judge(talk)
    end ]]
end

local function count(w, kind, id)
  local n = 0
  for _, event in ipairs(w:events(kind)) do
    n = n + (event.card == id and 1 or 0)
  end
  return n
end

local function is_blocked_after(w, turns)
  return function()
    return w:card("A").status == "blocked" and count(w, "turn.started", "A") >= turns
  end
end

describe("in a run that is under way", function()
  it("a retried card is counted anew", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 }, { id = "B" } }, mock = beside(COOK) })
    local run = w:start()
    assert(world.wait(is_blocked_after(w, 4)))
    local text, code = w:orket("retry A")
    assert.equal(0, code, text)
    assert(world.wait(is_blocked_after(w, 5)))
    assert.equal(8, count(w, "turn.started", "A"))
    assert.equal(0, select(2, w:orket("halt")))
    text, code = run.wait()
    assert.equal(3, code, text)
  end)

  -- B keeps the run open; A waits for it until the files say otherwise.
  it("changed card files say who works, after what, and what proves it", function()
    local w <close> = world.new({ issues = { { id = "A", depends_on = { "B" } }, { id = "B" } }, mock = beside([[
      function work(talk)
        return say(write("by", talk.text:match("seat (%w+)")), finish())
      end
      function review() return accept() end ]]) })
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    w:write("verification/f.json", '{"argv": ["/bin/grep", "lead", "by"]}')
    w:write("config/epics/ep.json", cjson.encode({ name = "Epic", team = "t", environment = "e", issues = {
      { id = "A", name = "Issue A", seat = "lead", verification = { fixture_path = "f.json" } },
      { id = "B", name = "Issue B", seat = "dev" },
    } }))
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    assert(world.wait(function() return w:card("A").status == "done" end))
    assert.equal("lead", w:made("by"):gsub("%s", ""))
    assert.equal(1, #w:events("verify.done"))
    assert.equal(0, select(2, w:orket("halt")))
    run.wait()
    assert.equal(0, select(2, w:check()))
  end)

  it("a card that comes to depend on a canceled one is parked", function()
    local w <close> = world.new({ issues = { { id = "A", depends_on = { "B" } }, { id = "B" }, { id = "C" } }, mock = beside(COOK) })
    assert.equal(0, select(2, w:orket("sync")))
    assert.equal(0, select(2, w:orket("move C canceled")))
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    w:write("config/epics/ep.json", cjson.encode({ name = "Epic", team = "t", environment = "e", issues = {
      { id = "A", name = "Issue A", seat = "dev", depends_on = { "C" } },
      { id = "B", name = "Issue B", seat = "dev" }, { id = "C", name = "Issue C", seat = "dev" },
    } }))
    assert.equal(0, select(2, w:orket("sync")))
    assert(world.wait(function() return w:card("A").status == "blocked" end))
    assert.equal(0, select(2, w:orket("halt")))
    run.wait()
  end)
end)
