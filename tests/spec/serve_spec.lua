-- serve_spec.lua: `orket serve`: its key, its beginning and end, runs that it holds, events as they happen,
-- and commands beside it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function new_world(more)
  return world.new(world.merged({ issues = { { id = "A" }, { id = "B" } }, mock = world.WORKS }, more))
end

local function status_of(s, run)
  return s:get("/v1/runs/" .. run).body.status
end

local function ends(s, run, as)
  assert(world.wait(function() return status_of(s, run) == as end, 30), status_of(s, run))
end

describe("orket serve", function()
  it("refuses names that no client sends, a project that is named twice, and a key that is two", function()
    local w <close> = new_world()
    for words, says in pairs({ ["--name https://orket.example.org"] = "--name is a host's name",
      ["--name orket.example.org:8443"] = "--name is", ["--name orket.example.org."] = "--name is",
      ["--name '*.example.org'"] = "--name is", ["--name ''"] = "--name is" }) do
      local text, code = w:orket("serve --port 0 " .. words)
      assert.equal(2, code, text)
      assert(text:find(says, 1, true), text)
    end
    local text, code = orket.shell(("cd %s && %s serve --port 0 -C . -C ../%s 2>&1"):format(w.dir, world.binary,
      w.dir:match("[^/]*$")))
    assert.equal(1, code, text)
    assert(text:find("ERR_USAGE", 1, true) and text:find("is named twice", 1, true), text)
    text, code = orket.shell(("cd %s && ORKET_API_KEY=a-key-of-more-than-16-bytes %s serve --port 0 --new-key 2>&1")
      :format(w.dir, world.binary))
    assert.equal(2, code, text)
    assert(text:find("ORKET_API_KEY is set", 1, true), text)
  end)
end)

describe("the administrator's key", function()
  it("is made by the first start, printed once, kept as a hash that only its user may read", function()
    local w <close> = new_world()
    local first <close> = service.start(w, { environment = "" })
    local key = orket.read(first.out):match("orket_%x+")
    assert.equal(6 + 64, #key)
    assert.equal("600\n", (orket.shell("stat -c %a " .. w.dir .. "/.orket/admin.hash")))
    first.key = key
    assert.equal(200, first:get("/v1/version").status)
    first:stop()
    assert.equal("1\n", (orket.shell("grep -rl " .. key .. " " .. w.dir .. " | wc -l"))) -- the spec's own output
    local second <close> = service.start(w, { environment = "" })
    assert.is_nil(orket.read(second.out):find("orket_", 1, true))
    second.key = key
    assert.equal(200, second:get("/v1/version").status)
  end)

  it("is replaced by --new-key", function()
    local w <close> = new_world()
    local first <close> = service.start(w, { environment = "" })
    local old = orket.read(first.out):match("orket_%x+")
    first:stop()
    local second <close> = service.start(w, { environment = "", arguments = "--new-key" })
    second.key = orket.read(second.out):match("orket_%x+")
    assert.equal(200, second:get("/v1/version").status)
    second.key = old
    assert.equal(401, second:get("/v1/version").status)
  end)

  it("of ORKET_API_KEY stands in its place, as a bearer and as X-API-Key", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:get("/v1/version").status)
    assert.equal(200, s:request("GET", "/v1/version", { "X-API-Key: " .. service.KEY }, nil, true).status)
    assert.is_false(w:exists(".orket/admin.hash"))
  end)

  it("that others may read is refused, and the server does not start", function()
    local w <close> = new_world()
    local first <close> = service.start(w, { environment = "" })
    first:stop()
    os.execute("chmod 644 " .. w.dir .. "/.orket/admin.hash")
    local text, code = w:orket("serve --port 0")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_DENIED", 1, true), text)
    assert.truthy(text:find("chmod 600", 1, true), text)
  end)

  it("is made again when the first one could not be printed", function()
    local w <close> = new_world()
    local text, code = orket.shell(("cd %s && %s serve --port 0 2>&1 >/dev/full"):format(w.dir, world.binary))
    assert.equal(1, code, text)
    local s <close> = service.start(w, { environment = "" })
    s.key = orket.read(s.out):match("orket_%x+")
    assert.equal(200, s:get("/v1/version").status)
  end)

  it("that can be guessed is refused where others than this machine can try", function()
    local w <close> = new_world()
    local text, code = orket.shell("cd " .. w.dir .. "; ORKET_API_KEY=short timeout 20 " .. w.binary
      .. " serve --port 0 --host 0.0.0.0 2>&1")
    assert.equal(1, code)
    assert.truthy(text:find("ORKET_API_KEY has less than 16 bytes", 1, true), text)
  end)
end)

describe("orket serve", function()
  it("says what is wrong with its arguments", function()
    for _, arguments in ipairs({ "--port 70000", "--port x", "--seed-cards many", "extra" }) do
      assert.equal(2, (select(2, orket.run("serve " .. arguments))))
    end
    local text, code = orket.run("serve -C /nonexistent")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_NOT_FOUND", 1, true), text)
  end)

  it("answers that a port is taken, and leaves the project free", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local other <close> = new_world()
    local text, code = orket.shell("cd " .. other.dir .. "; ORKET_API_KEY=x timeout 20 " .. other.binary
      .. " serve --port " .. s.port .. " 2>&1")
    assert.equal(1, code)
    assert.truthy(text:find("cannot listen", 1, true), text)
    assert.truthy(text:find("a port that is free", 1, true), text)
    assert.equal(0, (select(2, other:run())))
  end)

  it("the image's health check passes where it serves every address, and fails when it is gone", function()
    local w <close> = new_world()
    local s <close> = service.start(w, { arguments = "--host 0.0.0.0" })
    local words = orket.read("Dockerfile"):gsub("\\\n%s*", ""):match("HEALTHCHECK [^[]*CMD (%b[])")
    local shell, option, line = table.unpack(cjson.decode(words))
    local check = ("timeout 20 %s %s '%s' 2>&1"):format(shell, option, line:gsub("8082", s.port):gsub("'", "'\\''"))
    assert.same({ "", 0 }, { orket.shell(check) })
    s:stop()
    assert.is_true(select(2, orket.shell(check)) > 0)
  end)

  it("owns the project: a second server is refused, acts of commands reach it", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local text, code = w:orket("serve --port 0")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_OWNED", 1, true), text)
    text, code = w:orket("comment A 'from a terminal'")
    assert.equal(0, code, text)
    assert.equal("from a terminal", s:get("/v1/cards/A").body.comments[1].text)
  end)

  it("ends within a second when nothing is under way, and the journal is sound", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:get("/v1/board").status)
    assert.truthy(s:stop() < 1)
    assert.equal(0, (select(2, w:check())))
  end)

  it("logs each request with its id, and no key", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    s:get("/v1/board?all=true", { "X-Request-Id: mine-1" })
    s.key = "a-wrong-key-that-nobody-may-read"
    s:get("/v1/board")
    s:stop()
    local row = s:log("request")[1]
    assert.equal("mine-1", row.id)
    assert.equal("GET /v1/board 200", ("%s %s %d"):format(row.method, row.path, row.status))
    assert.equal("admin", row.who)
    local text = orket.read(s.err)
    assert.is_nil(text:find(service.KEY, 1, true))
    assert.is_nil(text:find("a-wrong-key", 1, true))
  end)

  it("seeds a project for measurements where there is none, and adds no card to what is seeded", function()
    local dir = orket.directory()
    local w = { dir = dir, binary = world.binary }
    for _ = 1, 2 do
      local s <close> = service.start(w, { arguments = "--data " .. dir .. "/new --seed-cards 30" })
      assert.equal(31, #s:get("/api/board").body.cards)
      s:stop()
    end
    orket.remove(dir)
  end)
end)

describe("a run of a server", function()
  it("begins by execute, is followed live, ends as a run of a command, and replays", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local begun = s:post("/api/cards/ep/execute")
    assert.equal(202, begun.status)
    assert.same({ run = "ep.1", card = "ep", events = "/v1/runs/ep.1/events" }, begun.body)
    local stream = s:follow(begun.body.events)
    ends(s, "ep.1", "done")
    assert(world.wait(function() return stream.text():find("event: run.ended", 1, true) end),
      stream.text() .. orket.read(s.err))
    stream.stop()
    s:stop()
    assert.equal("one\n", w:made("a.txt"))
    w:replays()
  end)

  it("is one of several: epics run beside each other, and a second run of the same epic is refused", function()
    local w <close> = new_world()
    w:write("config/epics/other.json", cjson.encode({ name = "Other", team = "t", environment = "e",
      issues = { { id = "O", name = "Other", seat = "dev" } } }))
    w:hold("A")
    w:hold("O")
    local s <close> = service.start(w)
    assert.equal("ep.1", s:post("/v1/runs", { card = "ep" }).body.run)
    assert.equal("other.1", s:post("/v1/runs", { card = "other" }).body.run)
    assert.same({ "running", "running" }, { status_of(s, "ep.1"), status_of(s, "other.1") })
    local refused = s:post("/v1/runs", { card = "A" })
    assert.equal(409, refused.status)
    assert.equal("ERR_OWNED", refused.body.code)
    assert.truthy(refused.body.fix:find("/v1/runs/ep.1/halt", 1, true), refused.text)
    assert.equal(200, s:post("/v1/runs/other.1/halt").status) -- and the other one goes on
    w:release("O")
    ends(s, "other.1", "drained")
    assert.equal("running", status_of(s, "ep.1"))
    w:release("A")
    ends(s, "ep.1", "done")
    local again = s:post("/v1/runs", { card = "ep" })
    assert.equal(409, again.status)
    assert.equal("ERR_TRANSITION", again.body.code)
    assert.equal("ep-b2.1", s:post("/v1/runs", { card = "ep", again = true }).body.run)
    ends(s, "ep-b2.1", "done")
    s:stop()
    w:replays()
  end)

  it("is refused for an unknown card before anything is accepted", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    for _, reply in ipairs({ s:post("/api/cards/nix/execute"), s:post("/v1/runs", { card = "nix" }) }) do
      assert.equal(404, reply.status)
      assert.equal("ERR_NOT_FOUND", reply.body.code)
    end
    assert.same({}, s:get("/v1/runs").body.items)
  end)

  it("begins of an issue that only the files have", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:write("config/epics/new.json", cjson.encode({ name = "New", team = "t", environment = "e",
      issues = { { id = "N", name = "N", seat = "dev" } } }))
    w:write("config/cards/F.json", cjson.encode({ name = "F", parent_id = "new", seat = "dev" }))
    assert.equal(202, s:post("/v1/cards/F/execute", {}).status)
    ends(s, "new.1", "partial")
    assert.equal(202, s:post("/v1/runs", { card = "N" }).status)
    ends(s, "new.1", "done")
    assert.equal(404, s:post("/v1/runs", { card = "M" }).status)
  end)

  it("begins once for each Idempotency-Key", function()
    local w <close> = new_world()
    w:hold(1)
    local s <close> = service.start(w)
    local header = { "Idempotency-Key: k-1" }
    local first, second = s:post("/v1/runs", { card = "ep" }, header), s:post("/v1/runs", { card = "ep" }, header)
    assert.same({ 202, 202 }, { first.status, second.status })
    assert.same(first.body, second.body)
    assert.equal(422, s:post("/v1/runs", { card = "A" }, header).status)
    w:release(1)
    ends(s, "ep.1", "done")
  end)

  it("takes cards and scripts that came since the server began", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:write("config/epics/late.json", cjson.encode({ name = "Late", team = "t", environment = "e",
      issues = { { id = "L", name = "Late", seat = "dev" } } }))
    assert.equal(404, s:post("/v1/runs", { card = "nix" }).status)
    local begun = s:post("/v1/runs", { card = "late" })
    assert.equal("late.1", begun.body.run, begun.text)
    ends(s, "late.1", "done")
  end)

  it("is halted, resumed, and goes on where it was", function()
    local w <close> = new_world()
    w:hold(1)
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    local halted = s:post("/v1/runs/ep.1/halt")
    assert.equal(200, halted.status)
    assert.truthy(halted.body.message:find("ep.1 stops", 1, true))
    w:release(1)
    ends(s, "ep.1", "drained")
    assert.equal(404, s:post("/v1/runs/ep.1/halt").status)
    assert.equal(202, s:post("/v1/runs/ep.1/resume").status)
    ends(s, "ep.1", "done")
    assert.equal(409, s:post("/v1/runs/ep.1/resume").status)
    s:stop()
    w:replays()
  end)

  it("is drained by SIGTERM in less than ten seconds, and the next one goes on", function()
    local w <close> = new_world({ limits = { drain = 60 } })
    w:hold(1)
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    assert.truthy(s:stop() < 10)
    w:release(1)
    assert.equal(0, (select(2, w:check())))
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)

  it("is drained by a terminal that goes away, unless the server was started to ignore that", function()
    local w <close> = new_world({ limits = { drain = 60 } })
    w:hold("A")
    local s <close> = service.start(w, { environment = "ORKET_API_KEY=" .. service.KEY .. " nohup env" })
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    os.execute("kill -HUP " .. s.pid)
    assert.equal("running", status_of(s, "ep.1"))
    s:stop()
    local other <close> = service.start(w)
    assert(world.wait(function() return status_of(other, "ep.1") == "running" end))
    os.execute("kill -HUP " .. other.pid)
    assert(world.wait(function() return other:ended() end))
    assert.equal("drained", w:events("run.ended")[2].body.status)
    assert.equal("stopping", other:log("stopping")[1].kind)
  end)

  it("with a configuration that is wrong is refused with its places, and the server stays", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:write("config/epics/bad.json", '{"name": 7}')
    local reply = s:post("/v1/runs", { card = "ep" })
    assert.equal(422, reply.status, orket.read(s.err))
    assert.truthy(reply.text:find("bad.json", 1, true), reply.text)
    os.remove(w.dir .. "/config/epics/bad.json")
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    ends(s, "ep.1", "done")
  end)
end)

local ASKS = [[function work(talk) return steps(talk,
  function() return say(write("db/1.sql", "create table t (a);\n")) end, function() return say(finish()) end) end]]
local GATE = { { id = "migrations", effect = "ask", paths = { "db/**" }, why = "migrations are reviewed" } }

describe("an approval over the service", function()
  it("is read whole, answered with the hash of what was read, and the card goes on", function()
    local w <close> = new_world({ issues = { { id = "A" } }, mock = ASKS, gate = GATE })
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    ends(s, "ep.1", "parked")
    local item = s:get("/v1/inbox").body.items[1]
    assert.equal("approval", item.kind)
    local path = "/v1/approvals/" .. item.id:gsub("/", "%%2F")
    local asked = s:get(path).body
    assert.equal("create table t (a);\n", asked.operation.arguments.content)
    assert.equal(422, s:post(path .. "/approve", {}).status)
    local stale = s:post(path .. "/approve", { hash = ("0"):rep(64) })
    assert.same({ 409, "ERR_STALE" }, { stale.status, stale.body.code })
    assert.equal("pending", s:get(path).body.status)
    assert.equal(200, s:post(path .. "/approve", { hash = asked.hash }).status)
    assert.equal(409, s:post(path .. "/approve", { hash = asked.hash }).status)
    ends(s, "ep.1", "done") -- without another command
    local answered = w:events("approval.answered")[1]
    assert.equal("human:admin", answered.actor)
    s:stop()
    w:replays()
  end)
end)

local ASKS_A = [[function work(talk)
  if talk.card == "A" and not talk.text:find("green", 1, true) then
    return say(call("request_excuse", { reason = "which colour?" }))
  end
  return steps(talk, function() return say(write(talk.card .. ".txt", "one\n")) end, function() return say(finish()) end)
end]]

local function approve_all(s)
  for _, item in ipairs(s:get("/v1/inbox").body.items) do
    local path = "/v1/approvals/" .. item.id:gsub("/", "%%2F")
    assert.equal(200, s:post(path .. "/approve", { hash = s:get(path).body.hash }).status)
  end
end

describe("a card that a person lets go on", function()
  local function epic(w, id, issue)
    w:write("config/epics/" .. id .. ".json", cjson.encode({ name = id, team = "t", environment = "e",
      issues = { { id = issue, name = issue, seat = "dev" } } }))
  end

  it("is taken up at once while its run is under way", function()
    local w <close> = new_world({ mock = ASKS_A })
    w:hold("B")
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:card("A").status == "waiting_for_developer" end))
    assert.equal(200, s:post("/v1/acts/answer", { card = "A", text = "green" }).status)
    assert(world.wait(function() return w:card("A").status == "done" end))
    assert.equal("running", status_of(s, "ep.1"))
    w:release("B")
    ends(s, "ep.1", "done")
  end)

  it("goes on with its run when that had ended, and with the rest of the rock", function()
    local w <close> = new_world({ issues = { { id = "A" } }, mock = ASKS_A })
    epic(w, "two", "T")
    epic(w, "three", "H")
    w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = { { epic = "ep" }, { epic = "two" },
      { epic = "three", depends_on = { "ep" } } } }))
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ro" })
    ends(s, "ep.1", "parked")
    ends(s, "two.1", "done")
    local text, code = w:orket("answer A green") -- a command beside the server
    assert.equal(0, code, text)
    ends(s, "ep.1", "done")
    assert(world.wait(function() return w:card("ro").status == "done" end, 30))
    assert.equal("done", w:card("H").status)
    s:stop()
    for _, run in ipairs({ "ep.1", "two.1", "three.1" }) do
      w:derives(run)
    end
    assert.equal(0, (select(2, w:check())))
  end)

  -- A rock whose first epic waits for a person, and whose second one depends on it.
  local function rock_that_waits(options)
    local w = new_world(options)
    epic(w, "two", "T")
    w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = { { epic = "ep" },
      { epic = "two", depends_on = { "ep" } } } }))
    return w
  end

  it("goes on with the rest of the rock also in a server that did not begin it", function()
    local w <close> = rock_that_waits({ issues = { { id = "A" } }, mock = ASKS, gate = GATE })
    local s <close> = service.start(w)
    assert.equal("ep.1", s:post("/v1/runs", { card = "ro" }).body.run)
    ends(s, "ep.1", "parked")
    os.execute("kill -9 " .. s.pid)
    assert(world.wait(function() return s:ended() end))
    local other <close> = service.start(w)
    approve_all(other)
    assert(world.wait(function() return #w:events("approval.asked") == 2 end, 30), "the second epic began")
    approve_all(other)
    assert(world.wait(function() return w:card("ro").status == "done" end, 30))
    assert.same({ "done", "done" }, { w:card("ep").status, w:card("two").status })
    other:stop()
    for _, run in ipairs({ "ep.1", "two.1" }) do
      w:derives(run)
    end
    for _, id in ipairs({ "A", "T" }) do
      assert.equal(0, w:card(id).retry_count)
    end
    assert.equal(0, (select(2, w:check())))
  end)

  it("does not go on with a rock that was not asked for, or that a person halted", function()
    local w <close> = rock_that_waits({ issues = { { id = "A" } }, mock = ASKS_A })
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ro" })
    ends(s, "ep.1", "parked")
    w:hold("A")
    w:orket("answer A green")
    assert(world.wait(function() return w:request(2) end))
    s:post("/v1/runs/ep.1/halt")
    w:release("A")
    assert(world.wait(function() return w:events("run.ended")[2] end))
    assert.equal("drained", w:events("run.ended")[2].body.status)
    s:post("/v1/runs", { card = "ep" }) -- the epic alone
    ends(s, "ep.1", "done")
    s:stop()
    assert.equal("ready", w:card("two").status)
    assert.equal(0, (select(2, w:check())))
  end)

  -- Both over one connection: nothing is between them.
  local function approve_and_wait(s, run)
    local item = s:get("/v1/inbox").body.items[1]
    local auth = "-s -H 'Authorization: Bearer " .. s.key .. "' "
    return orket.shell(("curl %s -H 'Content-Type: application/json' -d '{\"hash\":\"%s\"}' '%s/v1/approvals/%s/approve'"
      .. " --next %s '%s/v1/runs/%s?wait=1'"):format(auth, item.hash, s.url, (item.id:gsub("/", "%%2F")), auth, s.url, run))
  end

  it("is not over for who waits for its run right after", function()
    local w <close> = new_world({ issues = { { id = "A" } }, mock = ASKS, gate = GATE })
    for i = 1, 4 do
      epic(w, "e" .. i, "E" .. i)
    end
    local s <close> = service.start(w)
    for i = 1, 4 do
      s:post("/v1/runs", { card = "e" .. i })
      ends(s, ("e%d.1"):format(i), "parked")
      w:hold("E" .. i)
      local text = approve_and_wait(s, ("e%d.1"):format(i))
      assert.truthy(text:find('"status":"running"', 1, true), text)
      w:release("E" .. i)
      ends(s, ("e%d.1"):format(i), "done")
    end
  end)

  it("while the server stops, or is not there, goes on with the next one", function()
    local w <close> = new_world({ issues = { { id = "A" } }, mock = ASKS_A, limits = { drain = 60 } })
    epic(w, "two", "T")
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    ends(s, "ep.1", "parked")
    w:hold("T")
    s:post("/v1/runs", { card = "two" })
    assert(world.wait(function() return w:request(2) end))
    os.execute("kill -TERM " .. s.pid)
    assert(world.wait(function() return s:log("stopping")[1] end))
    assert.equal(200, s:post("/v1/acts/answer", { card = "A", text = "green" }).status)
    w:release("T")
    assert(world.wait(function() return s:ended() end))
    local other <close> = service.start(w)
    ends(other, "ep.1", "done")
    ends(other, "two.1", "done") -- it was under way
    other:stop()
    w:derives("ep.1")
    local third <close> = service.start(w) -- once
    assert.equal(2, #w:events("run.resumed"))
    third:stop()
  end)

  it("stays where it is when its run was halted: that is for a person to go on with", function()
    local w <close> = new_world({ mock = ASKS_A })
    w:hold("B")
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:card("A").status == "waiting_for_developer" end))
    s:post("/v1/runs/ep.1/halt")
    w:release("B")
    assert(world.wait(function() return #w:events("run.ended") == 1 end))
    assert.equal("drained", w:events("run.ended")[1].body.status)
    assert.equal(200, s:post("/v1/acts/answer", { card = "A", text = "green" }).status)
    assert.equal(0, #w:events("run.resumed"))
    assert.equal(202, s:post("/v1/runs/ep.1/resume").status)
    ends(s, "ep.1", "done")
  end)
end)

-- Prints each message, that it has caught up, and how it ended; pings in between, and is answered.
local CLIENT = [[
import asyncio, sys, websockets
async def main():
    url = "ws://127.0.0.1:%s/ws/events?after=0" % sys.argv[1]
    headers = {"Authorization": "Bearer " + sys.argv[2], "X-Request-Id": "socket-1"}
    async with websockets.connect(url, extra_headers=headers) as socket:
        print("request " + socket.response_headers["X-Request-Id"], flush=True)
        told = False
        while True:
            try:
                print("event " + await asyncio.wait_for(socket.recv(), 1), flush=True)
            except asyncio.TimeoutError:
                await asyncio.wait_for(await socket.ping(), 5)
                if not told: print("caught up", flush=True)
                told = True
            except websockets.ConnectionClosed as end:
                print("closed %d" % end.code, flush=True)
                return
asyncio.run(main())
]]

local PROBE = [[return { description = "probe", operations = {}, schema = { type = "object" },
  run = function() return { ok = 1 } end }]]

describe("scripts that add permissions while a server runs", function()
  it("serve no run until a person accepts them, which the API can", function()
    local coder = orket.read("roles/coder.lua")
    local w <close> = new_world({ files = { ["roles/coder.lua"] = coder, ["tools/probe.lua"] = PROBE } })
    local s <close> = service.start(w)
    w:write("roles/coder.lua", (coder:gsub("tools = {", 'tools = { "probe", ', 1)))
    assert(world.wait(function() return #w:events("scripts.waiting") == 1 end))
    s:post("/v1/runs", { card = "A" })
    assert(world.wait(function() return s:get("/v1/cards/A").body.status == "done" end, 30))
    local waits = w:events("scripts.waiting")[1].body.generation
    for _, event in ipairs(w:events("turn.started")) do
      assert.not_equal(waits, event.body.generation)
    end
    local item = s:get("/v1/inbox").body.items[1]
    assert.same({ "scripts", waits }, { item.kind, item.id })
    assert.equal(200, s:post("/v1/acts/accept", { generation = waits }).status)
    assert(world.wait(function() return s:post("/v1/runs", { card = "B" }).status == 202 end))
    assert(world.wait(function() return s:get("/v1/cards/B").body.status == "done" end, 30))
    local turns = w:events("turn.started")
    assert.equal(waits, turns[#turns].body.generation)
  end)
end)

describe("events of a server", function()
  it("come again behind the last one that a client has, each once, with its id", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    ends(s, "ep.1", "done")
    local stream = s:follow("/v1/runs/ep.1/events?deltas=false")
    assert(world.wait(function() return stream.text():find("event: run.ended", 1, true) end))
    stream.stop()
    local all = stream.events()
    local middle = all[#all // 2]
    local rest = s:follow("/v1/runs/ep.1/events?deltas=false", { "Last-Event-ID: " .. middle.id })
    assert(world.wait(function() return #rest.events() == #all - #all // 2 end))
    rest.stop()
    assert.equal(all[#all // 2 + 1].id, rest.events()[1].id)
    local page = s:get("/v1/runs/ep.1/events?limit=1000").body
    assert.equal(#all, #page.items)
    for i, event in ipairs(page.items) do
      assert.same({ event.seq, event.kind, event }, { all[i].id, all[i].event, all[i].data })
    end
  end)

  it("behind one that is not there yet are refused with the newest: the client knows another journal", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:post("/v1/acts/comment", { card = "A", text = "one" }).status)
    local newest = #w:events()
    local stream, upgrade = { "Accept: text/event-stream" }, { "Connection: Upgrade", "Upgrade: websocket",
      "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" }
    for _, ask in ipairs({ { "/v1/events" }, { "/v1/events", stream }, { "/ws/events", upgrade } }) do
      for _, seq in ipairs({ newest + 1, 1 << 40 }) do
        local reply = s:get(ask[1] .. "?after=" .. seq, ask[2])
        assert.same({ 409, "ERR_STALE", newest }, { reply.status, reply.body.code, reply.body.newest })
        assert.truthy(reply.body.fix:find("begin anew", 1, true))
      end
    end
    local resumed = { stream[1], "Last-Event-ID: " .. newest + 1 }
    assert.equal(409, s:get("/v1/events", resumed).status)
    assert.same({}, s:get("/v1/events?after=" .. newest).body.items)
  end)

  it("are filtered by kind and by card, and those of all runs begin with now", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.equal(200, s:post("/v1/acts/comment", { card = "A", text = "before" }).status)
    local stream = s:follow("/v1/events?kinds=comment.&card=A")
    s:post("/v1/acts/comment", { card = "B", text = "another card" })
    s:post("/v1/acts/comment", { card = "A", text = "after" })
    assert(world.wait(function() return #stream.events() > 0 end))
    stream.stop()
    assert.equal(1, #stream.events())
    assert.equal("after", stream.events()[1].data.body.text)
  end)

  it("have fragments of replies between them, without an id", function()
    local w <close> = new_world({ issues = { { id = "A" } } })
    w:hold(1)
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    local stream = s:follow("/v1/runs/ep.1/events")
    w:release(1)
    ends(s, "ep.1", "done")
    stream.stop()
    local said = {}
    for _, event in ipairs(stream.events()) do
      if event.event == "delta" then
        assert.is_nil(event.id)
        assert.same({ "ep.1", "A" }, { event.data.run, event.data.card })
        said[#said + 1] = event.data.text
      end
    end
    assert.truthy(table.concat(said):find("so be it", 1, true))
  end)

  it("come over a WebSocket as they do over the stream, and its end is said", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    ends(s, "ep.1", "done")
    w:write(".test/client.py", CLIENT)
    local out = w.dir .. "/.test/client.out"
    orket.write(out, "")
    os.execute(("/usr/bin/python3 %s/.test/client.py %d %s >%s 2>&1 &"):format(w.dir, s.port, s.key, out))
    assert(world.wait(function() return orket.read(out):find("caught up", 1, true) end), orket.read(out))
    s:post("/v1/acts/comment", { card = "A", text = "live" })
    assert(world.wait(function() return orket.read(out):find('"live"', 1, true) end), orket.read(out))
    assert.truthy(orket.read(out):find("request socket-1\n", 1, true))
    assert.truthy(s:stop() < 2)
    assert(world.wait(function() return orket.read(out):find("closed 1001", 1, true) end), orket.read(out))
    local said = {}
    for line in orket.read(out):gmatch("event ([^\n]+)") do
      said[#said + 1] = cjson.decode(line)
    end
    local told = w:events()
    for i, message in ipairs(said) do
      assert.same({ told[i].seq, told[i].kind, told[i] }, { message.id, message.event, message.data })
    end
    assert.equal("live", said[#said].data.body.text)
  end)

  it("end with the server", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local stream = s:follow("/v1/events")
    assert.truthy(s:stop() < 2)
    assert(world.wait(stream.ended))
  end)
end)
