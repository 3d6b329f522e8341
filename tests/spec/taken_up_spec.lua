-- taken_up_spec.lua: what a server had under way when it stopped or was killed goes on with the next one,
-- by itself; what a person halted, or began without a server, does not.

local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function new_world(more)
  return world.new(world.merged({ issues = { { id = "A" } }, mock = world.WORKS }, more))
end

local function ends(s, run, as)
  local function is_so()
    return s:get("/v1/runs/" .. run).body.status == as
  end
  assert(world.wait(is_so, 30), s:get("/v1/runs/" .. run).text)
end

local function killed(s)
  os.execute("kill -9 " .. s.pid)
  assert(world.wait(function() return s:ended() end))
end

-- A server with a run of the card that waits for its first reply.
local function under_way(w, card)
  w:hold("A")
  local s = service.start(w)
  assert.equal(202, s:post("/v1/runs", { card = card }).status)
  assert(world.wait(function() return w:request(1) end))
  return s
end

local function assert_unharmed(w, run)
  assert.equal("0", w:sql("SELECT count(*) FROM card WHERE retry_count > 0"))
  assert.equal(0, #w:events("turn.failed"))
  w:derives(run)
  assert.equal(0, (select(2, w:check())))
end

local ENDS = { { "was stopped by SIGTERM", function(s) s:stop() end }, { "was killed", killed } }

describe("a run that was under way when its server", function()
  for _, ending in ipairs(ENDS) do
    it(ending[1] .. " goes on with the next one, and nobody is blamed", function()
      local w <close> = new_world({ limits = { drain = 60 } })
      local s <close> = under_way(w, "ep")
      ending[2](s)
      w:release("A")
      local other <close> = service.start(w)
      ends(other, "ep.1", "done")
      local resumed = w:events("run.resumed")
      assert.equal(1, #resumed)
      assert.equal(w:events("run.started")[1].body.by, resumed[1].body.by)
      assert.truthy(other:log("note", 1)[1].text:find("ep.1 goes on: the last server had it under way", 1, true))
      other:stop()
      assert_unharmed(w, "ep.1")
    end)

    it(ending[1] .. " goes on with its rock", function()
      local w <close> = new_world()
      w:write("config/epics/two.json", cjson.encode({ name = "Two", team = "t", environment = "e",
        issues = { { id = "T", name = "Two", seat = "dev" } } }))
      w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = { { epic = "ep" },
        { epic = "two", depends_on = { "ep" } } } }))
      local s <close> = under_way(w, "ro")
      ending[2](s)
      w:release("A")
      local other <close> = service.start(w)
      assert(world.wait(function() return w:card("ro").status == "done" end, 30))
      other:stop()
      assert_unharmed(w, "two.1")
    end)
  end

  it("was killed is answered to who asks for it again, for its epic or for its rock", function()
    local w <close> = new_world()
    w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = { { epic = "ep" } } }))
    local s <close> = under_way(w, "ro")
    killed(s)
    w:hold("A")
    local other <close> = service.start(w)
    for _, asked in ipairs({ { "/v1/runs/ep.1/resume" }, { "/v1/runs", { card = "ep" } },
      { "/v1/runs", { card = "ro" } } }) do
      local reply = other:post(table.unpack(asked))
      assert.same({ 202, "ep.1" }, { reply.status, reply.body.run }, reply.text)
    end
    assert.equal(409, other:post("/v1/runs", { card = "A" }).status) -- it was not asked for alone
    w:release("A")
    ends(other, "ep.1", "done")
    assert.equal(1, #w:events("run.resumed"))
  end)

  it("was killed four times before a turn ended waits for a person, who is told so", function()
    local w <close> = new_world()
    local s = under_way(w, "ep")
    for _ = 1, 3 do
      killed(s)
      s = service.start(w)
      ends(s, "ep.1", "running")
    end
    killed(s)
    w:release("A")
    local last <close> = service.start(w)
    ends(last, "ep.1", "interrupted")
    assert.truthy(last:log("note", 1)[1].text:find("ep.1 waits: its server was killed 4 times", 1, true))
    for _, command in ipairs({ "board", "inbox" }) do
      assert.truthy(w:orket(command):find("ep.1 was interrupted; to go on: orket resume ep.1", 1, true))
    end
    assert.equal(202, last:post("/v1/runs/ep.1/resume").status)
    ends(last, "ep.1", "done")
    last:stop()
    assert_unharmed(w, "ep.1")
  end)
end)

-- B comes to its review first, A is claimed first when the run goes on; both replies are on their way by then.
local REVIEWS = [[
local function slowly(calls) return { content = ("so be it "):rep(20), chunks = 30, pace_ms = 100, calls = calls } end
function work(talk) return steps(talk, function()
  local calls = { write(talk.card, "one\n") }
  return talk.card == "A" and { content = "so be it", chunks = 5, pace_ms = 100, calls = calls } or { calls = calls }
end, function() return say(finish()) end) end
function review() return slowly({ status("done", "meets the card") }) end]]

describe("a run that was stopped while two reviews waited for their replies", function()
  it("is derived again as it went on: what followed a reply was done in another order", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = REVIEWS, limits = { drain = 60 } })
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return #w:events("turn.started") == 4 end, 30))
    s:stop()
    assert.equal("B", w:events("turn.started")[3].card)
    local other <close> = service.start(w)
    ends(other, "ep.1", "done")
    other:stop()
    local merged = w:events("tree.merged")
    assert.same({ "A", "B" }, { merged[1].card, merged[2].card })
    assert_unharmed(w, "ep.1")
  end)
end)

describe("a run is not taken up that", function()
  it("a person had halted before its server stopped", function()
    local w <close> = new_world()
    local s <close> = under_way(w, "ep")
    assert.equal(200, s:post("/v1/runs/ep.1/halt").status)
    w:release("A")
    ends(s, "ep.1", "drained")
    s:stop()
    local other <close> = service.start(w)
    assert.equal("drained", other:get("/v1/runs/ep.1").body.status)
    other:stop()
    assert.equal(0, #w:events("run.resumed"))
  end)

  -- The halt counts as soon as it is answered, however the server ends.
  for _, signal in ipairs({ "KILL", "TERM" }) do
    it("a person had halted while its reply was awaited, and the server got SIG" .. signal, function()
      local w <close> = new_world({ limits = { drain = 60 } })
      local s <close> = under_way(w, "ep")
      if signal == "TERM" then
        os.execute("kill -TERM " .. s.pid)
        assert(world.wait(function() return s:log("stopping")[1] end))
      end
      assert.equal(200, s:post("/v1/runs/ep.1/halt").status)
      if signal == "KILL" then
        local run = s:get("/v1/runs/ep.1").body
        assert.same({ "running", true }, { run.status, run.stopping })
      end
      os.execute("kill -" .. signal .. " " .. s.pid)
      assert(world.wait(function() return s:ended() end))
      w:release("A")
      local other <close> = service.start(w)
      assert.truthy(("interrupted drained"):find(other:get("/v1/runs/ep.1").body.status, 1, true))
      other:stop()
      assert.equal(0, #w:events("run.resumed"))
      assert.equal("human:admin", w:events("run.halted")[1].actor)
      assert.equal(0, (select(2, w:check())))
    end)
  end

  it("was begun without a server, and killed", function()
    local w <close> = new_world()
    w:hold("A")
    local run = w:start("ep")
    assert(world.wait(function() return w:request(1) end))
    run.kill("KILL")
    run.wait()
    w:release("A")
    local s <close> = service.start(w)
    assert.equal("interrupted", s:get("/v1/runs/ep.1").body.status)
    s:stop()
    assert.equal(0, #w:events("run.resumed"))
  end)

  it("is over since", function()
    local w <close> = new_world()
    local s <close> = under_way(w, "ep")
    s:stop()
    w:release("A")
    assert.equal(0, (select(2, w:run())))
    local other <close> = service.start(w)
    assert.equal("done", other:get("/v1/runs/ep.1").body.status)
    other:stop()
    assert.equal(1, #w:events("run.resumed"))
  end)
end)
