-- resume_identity_spec.lua: a run that is killed and resumed again and again is the unbroken one: to the models, on
-- the board, in its files, and in the events of every turn. By the whole example.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local EXAMPLE, EPIC = "examples/textkit", "textkit"

-- Slow enough to be caught anywhere: while a reply is on its way, between calls, between turns.
local SLOW = "local play = (function()\n" .. world.orket.read(EXAMPLE .. "/mock.lua") .. [[

end)()
return function(request)
  local reply = play(request)
  reply.delay_ms = DELAY
  return reply
end]]

local function example(delay, concurrency)
  local w = world.copy(EXAMPLE, "local DELAY = " .. delay .. "\n" .. SLOW)
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.process_rules.limits.concurrency = concurrency
  w:write("config/organization.json", cjson.encode(organization))
  return w
end

-- What the run was: the distinct requests, each card's moves, the tree, the events of its turns.
local function account(w)
  local seen = { requests = {}, moves = {} }
  for n = 1, w:requests() do
    seen.requests[w:request(n)] = true
  end
  for _, event in ipairs(w:events("card.moved")) do
    local moves = seen.moves[event.card] or ""
    seen.moves[event.card] = moves .. event.body.from .. ">" .. event.body.to .. " "
  end
  seen.tree = cjson.decode((w:orket("show --json " .. EPIC .. ".1"))).tree
  seen.events = w:sql("SELECT turn, n, step, kind, card, actor, role, body FROM journal WHERE run = '"
    .. EPIC .. ".1' AND turn > 0 ORDER BY turn, n")
  local text, code = w:check()
  assert.equal(0, code, text)
  return seen
end

local function assert_same(was, is, events)
  assert.same(was.moves, is.moves)
  assert.equal(was.tree, is.tree)
  for request in pairs(is.requests) do
    assert(was.requests[request], "a request that the unbroken run did not send:\n" .. request)
  end
  for request in pairs(was.requests) do
    assert(is.requests[request], "a request of the unbroken run is missing:\n" .. request)
  end
  if events then
    assert.equal(was.events, is.events)
  end
end

local function unbroken(concurrency)
  local w <close> = example(0, concurrency)
  local text, code = w:run(EPIC)
  assert.equal(0, code, text)
  return account(w)
end

local function finish(w)
  local text, code = w:orket("resume --plain")
  if code == 1 and text:find("no run is unfinished", 1, true) then
    text, code = w:run(EPIC) -- killed before it began, or after it ended
  end
  assert.equal(0, code, text)
end

describe("the example, killed", function()
  local alone

  it("after every third request it sends the same bytes, and its turns have the same events", function()
    alone = alone or unbroken(1)
    local w <close> = example(25, 1)
    local kills = 0
    repeat
      local target, run = w:requests() + 3, w:start(EPIC)
      local caught = world.wait(function()
        return w:request(target) or w:card(EPIC).status == "done"
      end)
      assert(caught)
      run.kill("KILL")
      local _, code = run.wait()
      kills = kills + (code ~= 0 and 1 or 0)
    until w:card(EPIC).status == "done"
    assert(kills >= 5, kills .. " kills")
    assert_same(alone, account(w), true)
  end)

  it("at random moments, again and again, makes each transition once", function()
    alone = alone or unbroken(1)
    math.randomseed(os.time())
    local w <close> = example(10, 1)
    for _ = 1, tonumber(os.getenv("N") or 10) do
      local run = w:start(EPIC)
      world.sleep(0.03 + math.random() * 0.3)
      run.kill("KILL")
      run.wait()
    end
    finish(w)
    assert_same(alone, account(w), true)
  end)

  it("with several agents at once, too", function()
    local together = unbroken(3)
    local w <close> = example(10, 3)
    for _ = 1, tonumber(os.getenv("N") or 8) do
      local run = w:start(EPIC)
      world.sleep(0.03 + math.random() * 0.25)
      run.kill("KILL")
      run.wait()
    end
    finish(w)
    assert_same(together, account(w), false)
  end)
end)
