-- many_runs_spec.lua: ten rocks in one server at once: no rock starves, a cap holds for all of them together,
-- and killed they go on. The same with 1,000 cards: bench/evidence/many_runs.lua. What runs share, and what each
-- keeps.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local ROCKS, CARDS, SLOTS = 10, 4, 6

local WORKS = [[function work(talk) return steps(talk, function() return say(write(talk.card .. ".txt", "one\n")) end,
  function() return say(finish()) end) end]]

local function new_world(rules)
  local w = world.new({ issues = { { id = "A" } }, mock = WORKS, limits = { concurrency = SLOTS }, rules = rules })
  for rock = 1, ROCKS do
    local issues = {}
    for i = 1, CARDS do
      issues[i] = { id = ("R%d-%d"):format(rock, i), name = "Issue", seat = "dev" }
    end
    w:write(("config/epics/e%d.json"):format(rock), cjson.encode({ name = "Epic", team = "t", environment = "e",
      issues = issues }))
    w:write(("config/rocks/r%d.json"):format(rock), cjson.encode({ name = "Rock",
      epics = { { epic = "e" .. rock } } }))
  end
  return w
end

local function begin_all(s)
  for rock = 1, ROCKS do
    local reply = s:post("/v1/runs", { card = "r" .. rock })
    assert.same({ 202, ("e%d.1"):format(rock) }, { reply.status, reply.body.run }, reply.text)
  end
end

-- All runs that are not done, as the server's clients go on with them.
local function begin_again(s, w)
  for rock = 1, ROCKS do
    local run = ("e%d.1"):format(rock)
    if w:card("e" .. rock).status ~= "done" then
      assert.equal(202, s:post("/v1/runs/" .. run .. "/resume").status, run)
    end
  end
end

local function all_are(w, status)
  return world.wait(function()
    return w:sql("SELECT count(*) FROM card WHERE type = 'issue' AND id LIKE 'R%' AND status = '" .. status .. "'")
      == tostring(ROCKS * CARDS)
  end, 60)
end

local function all_replay(w)
  for rock = 1, ROCKS do
    w:derives(("e%d.1"):format(rock))
  end
  assert.equal(0, (select(2, w:check())))
end

-- How many turns of all rocks began between the beginning of each rock's run and its first turn.
local function turns_before_first(w)
  local began, before, count = {}, {}, 0
  for _, event in ipairs(w:events()) do
    local epic = event.kind == "run.started" and event.card:match("^e(%d+)$")
    local rock = event.kind == "turn.started" and event.card:match("^R(%d+)")
    if epic then
      began[epic] = count
    elseif rock then
      before[rock] = before[rock] or count - began[rock]
      count = count + 1
    end
  end
  return before
end

describe("ten rocks in one server", function()
  it("have their share of the slots: none waits for another one's cards", function()
    local w <close> = new_world()
    for i = 1, CARDS do
      w:hold("R1-" .. i) -- they have the first slots, and keep them
    end
    local s <close> = service.start(w)
    begin_all(s)
    for i = 1, CARDS do
      w:release("R1-" .. i)
    end
    assert(all_are(w, "done"))
    local before = turns_before_first(w)
    for rock = 1, ROCKS do
      local turns = before[tostring(rock)]
      assert(turns <= 2 * ROCKS, "rock " .. rock .. " waits for " .. turns .. " turns")
    end
    assert(world.wait(function() return w:card("r10").status == "done" end))
    s:stop()
    all_replay(w)
  end)

  it("keep a cap of the organization together, to one reply", function()
    local w <close> = new_world({ budgets = { organization = { calls = 40 } } })
    local s <close> = service.start(w)
    begin_all(s)
    assert(world.wait(function() return s:get("/v1/runs").text:find('"running"', 1, true) == nil end, 60))
    assert.equal(40, #w:events("step.reply"))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.budgets.organization.calls = 100000
    w:write("config/organization.json", cjson.encode(organization))
    begin_again(s, w)
    assert(all_are(w, "done"))
    s:stop()
    all_replay(w)
  end)

  it("killed with their server go on side by side", function()
    local w <close> = new_world()
    for rock = 1, ROCKS do
      w:hold(("R%d-%d"):format(rock, CARDS)) -- each has something left to do
    end
    local s <close> = service.start(w)
    begin_all(s)
    assert(world.wait(function() return w:request(25) end))
    os.execute("kill -9 " .. s.pid)
    assert(world.wait(function() return s:ended() end))
    for rock = 1, ROCKS do
      w:release(("R%d-%d"):format(rock, CARDS))
    end
    local next_one <close> = service.start(w)
    assert(all_are(w, "done"))
    next_one:stop()
    all_replay(w)
  end)
end)

describe("two runs in one server", function()
  local function two(options)
    local w = world.new({ issues = { { id = "A" } }, mock = WORKS, model = options.model })
    w:write("config/epics/other.json", cjson.encode({ name = "Other", team = "t", environment = "e",
      issues = { { id = "O", name = "Other", seat = "dev" } } }))
    return w
  end

  local function begun(w, card)
    return world.wait(function()
      for _, event in ipairs(w:events("turn.started")) do
        if event.card == card then
          return true
        end
      end
    end)
  end

  it("ask a model that takes one request at a time one after the other", function()
    local w <close> = two({ model = { limits = { concurrent = 1 } } })
    w:hold("A")
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    s:post("/v1/runs", { card = "other" })
    assert(begun(w, "O"))
    assert.equal(200, s:get("/v1/board").status)
    assert.equal(1, w:requests())
    w:release("A")
    assert(world.wait(function() return w:card("ep").status == "done" and w:card("other").status == "done" end, 30))
  end)

  it("each keep the configuration with which they began, and both replay", function()
    local w <close> = two({})
    w:hold("A")
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.gate = { { id = "closed", effect = "deny", paths = { "*.txt" }, why = "closed" } }
    w:write("config/organization.json", cjson.encode(organization))
    s:post("/v1/runs", { card = "other" })
    assert(world.wait(function() return #w:events("call.refused") > 0 end))
    w:release("A")
    assert(world.wait(function() return w:card("ep").status == "done" end, 30))
    for _, event in ipairs(w:events("call.refused")) do
      assert.same({ "O", "house.closed" }, { event.card, event.body.rule })
    end
    assert.equal("one\n", w:made("A.txt"))
    assert(world.wait(function() return s:get("/v1/runs").text:find('"running"', 1, true) == nil end, 30))
    s:stop()
    w:derives("ep.1")
    w:derives("other.1")
    assert.equal(0, (select(2, w:check())))
  end)
end)

describe("the runs of an owner", function()
  it("are stopping when there are some, all are opened, and all are drained", function()
    assert.equal("none: false; opening: false; under way: false; drained: true; another one: false; ", orket.probe([[
      local set = require("orket.scheduler.run_set").of({})
      local function note(case) io.write(case, ": ", tostring(set:is_stopping()), "; ") end
      note("none")
      local held = set:hold("ep", "ep.1")
      note("opening")
      held.run = { draining = false }
      note("under way")
      held.run.draining = true
      note("drained")
      set:hold("other", "other.1")
      note("another one") ]]))
  end)
end)
