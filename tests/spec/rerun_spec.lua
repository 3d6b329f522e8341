-- rerun_spec.lua: a run of the service once more: forked over HTTP, replayed in a process of its own; requests
-- that are sent again with their Idempotency-Key, also to the next server.

local accounts = dofile("tests/support/accounts.lua")
local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("hello.sh", "echo hello\n")) end, function() return say(finish("it greets")) end) end]]

local w, s

before_each(function()
  w = world.new({ issues = { { id = "A" } }, mock = MOCK })
  s = service.ran(w)
end)

after_each(function()
  s:stop()
  w:__close()
end)

describe("a replay", function()
  it("answers what orket replay --strict does", function()
    local reply = s:post("/v1/runs/ep.1/replay")
    assert.equal(200, reply.status, reply.text)
    local told = cjson.decode((w:orket("replay --strict --json ep.1")))
    reply.body.seconds, told.seconds = nil, nil
    assert.same(told, reply.body)
    assert.is_true(reply.body.ok)
    assert.equal(s:get("/v1/runs/ep.1").body.id, reply.body.run)
  end)

  it("says with which event other scripts differ, and the server answers meanwhile", function()
    local text = orket.read("roles/coder.lua"):gsub("local function prompt", "-- another\nlocal function prompt", 1)
    w:write("roles/coder.lua", (text:gsub('description = "', 'description = "Another. ', 1)))
    local reply = s:post("/v1/runs/ep.1/replay", { scripts = true })
    assert.equal(200, reply.status, reply.text)
    assert.is_boolean(reply.body.ok)
    assert.equal(200, s:get("/health").status)
  end)

  it("is 404 for a run that is not there, also for one that is an option", function()
    for _, id in ipairs({ "nix.1", "--scripts", "-C%2Fetc", "ep.1%20--role" }) do
      assert.equal(404, s:post("/v1/runs/" .. id .. "/replay").status)
      assert.equal(404, s:post("/v1/runs/" .. id .. "/fork", { at = "1.1" }).status)
    end
  end)
end)

describe("a fork", function()
  it("begins a run of its own, as orket fork does, which then runs", function()
    local reply = s:post("/v1/runs/ep.1/fork", { at = "1.2", set = { "A:priority=3" } })
    assert.equal(201, reply.status, reply.text)
    assert.same({ "ep-f1", "ep.1" }, { reply.body.card, reply.body.of })
    assert.equal(3, s:get("/v1/cards/A-f1").body.priority)
    assert.equal(202, s:post("/v1/cards/ep-f1/execute").status)
    assert(world.wait(function() return s:get("/v1/cards/ep-f1").body.status == "done" end, 30))
    local replayed = s:post("/v1/runs/" .. reply.body.run .. "/replay")
    assert.is_true(replayed.body.ok, replayed.text)
  end)

  it("of an event that the run does not have is refused, and what does not fit is 422", function()
    assert.equal(404, s:post("/v1/runs/ep.1/fork", { at = "99.1" }).status)
    assert.equal(400, s:post("/v1/runs/ep.1/fork", { at = "x" }).status)
    assert.equal(422, s:post("/v1/runs/ep.1/fork", {}).status)
    assert.equal(422, s:post("/v1/runs/ep.1/fork", { at = "1.2", set = { 7 } }).status)
  end)
end)

describe("a fork with a script of its own", function()
  it("is for administrators: it may do what was never accepted, and a key reaches as far as its scope", function()
    s:stop()
    accounts.add(w, "dev", "developer")
    accounts.add(w, "ada", "admin")
    local narrow = accounts.key(w, "--user ada --allow run,read narrow")
    local machine = accounts.key(w, "--allow run,read ci")
    s = service.start(w)
    local script = orket.read("roles/coder.lua"):gsub('"read_file",', '"read_file", "create_issue",', 1)
    local wanted = { at = "1.2", role = "coder", script = script }
    for who, credential in pairs({ dev = accounts.token(s, "dev"), narrow = narrow, machine = machine }) do
      local refused = accounts.ask(s, credential, "POST", "/v1/runs/ep.1/fork", wanted)
      assert.same({ 403, "ERR_DENIED" }, { refused.status, refused.body.code }, who .. refused.text)
      refused = accounts.ask(s, credential, "POST", "/v1/acts/fork", { run = "ep.1", at = "1.2", role = "coder",
        script = script })
      assert.equal(403, refused.status, who .. refused.text)
    end
    for _, credential in ipairs({ narrow, machine }) do
      assert.equal(403, accounts.ask(s, credential, "POST", "/v1/runs/ep.1/fork",
        { at = "1.2", set = { "A:description=another" } }).status)
    end
    assert.same({}, w:events("run.forked"))
    local plain = accounts.ask(s, narrow, "POST", "/v1/runs/ep.1/fork", { at = "1.2" })
    assert.equal(201, plain.status, plain.text)
    local own = accounts.ask(s, accounts.token(s, "ada"), "POST", "/v1/runs/ep.1/fork", wanted)
    assert.equal(201, own.status, own.text)
  end)

  it("takes a role and a script that serves, both or neither", function()
    for _, case in ipairs({ { { role = "coder" }, "ERR_USAGE" }, { { script = "return {}" }, "ERR_USAGE" },
      { { role = "coder", script = "return {" }, "ERR_SCRIPT_SYNTAX" },
      { { role = "coder", script = "return {}" }, "ERR_SCRIPT_CONTRACT" } }) do
      case[1].at = "1.2"
      local reply = s:post("/v1/runs/ep.1/fork", case[1])
      assert.equal(case[2], reply.body.code, reply.text)
      assert.truthy(reply.status < 500, reply.text)
    end
    assert.same({}, w:events("run.forked"))
  end)

  it("runs alone: what a person says meanwhile is refused before anything is noted", function()
    local script = orket.read("roles/coder.lua"):gsub('description = "', 'description = "Another. ', 1)
    local fork = s:post("/v1/runs/ep.1/fork", { at = "1.2", role = "coder", script = script })
    assert.equal(201, fork.status, fork.text)
    w:hold("A-f1")
    assert.equal(202, s:post("/v1/cards/ep-f1/execute").status)
    assert(world.wait(function() return s:get("/v1/runs/ep-f1.1").body.status == "running" end, 30))
    local reply = s:post("/v1/plans", { text = "a shop" })
    assert.same({ 409, "ERR_OWNED" }, { reply.status, reply.body.code }, reply.text)
    assert.same({}, s:get("/v1/plans").body.items)
    w:release("A-f1")
  end)
end)

describe("an Idempotency-Key", function()
  local KEY = { "Idempotency-Key: fork-1" }

  it("lets a fork begin once, also at the next server", function()
    local first = s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY)
    assert.equal(201, first.status, first.text)
    assert.same(first.body, s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY).body)
    s:stop()
    s = service.start(w)
    local again = s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY)
    assert.same({ first.status, first.body }, { again.status, again.body })
    assert.equal(422, s:post("/v1/runs/ep.1/fork", { at = "1.3" }, KEY).status)
    assert.equal(404, s:get("/v1/cards/ep-f2").status)
    assert.equal(201, s:post("/v1/runs/ep.1/fork", { at = "1.2" }, { "Idempotency-Key: fork-2" }).status)
  end)

  it("of one service is not that of another service of the same name", function()
    local keys = { accounts.key(w, "--allow run,read ci"), (accounts.key(w, "--allow run,read ci")) }
    local function fork(key, at)
      return s:request("POST", "/v1/runs/ep.1/fork", { "Content-Type: application/json", KEY[1],
        "Authorization: Bearer " .. key }, { at = at }, true)
    end
    local first, other = fork(keys[1], "1.2"), fork(keys[2], "1.3")
    assert.same({ 201, "ep-f1" }, { first.status, first.body.card })
    assert.same({ 201, "ep-f2" }, { other.status, other.body.card }, other.text)
    assert.equal("ep-f1", fork(keys[1], "1.2").body.card)
    assert.equal(422, fork(keys[2], "1.2").status)
  end)

  it("of a sender that sends thousands leaves those of others as they are", function()
    accounts.add(w, "mallory", "developer")
    local key = accounts.key(w, "--user mallory --allow run,read,act many")
    assert.equal("ep-f1", s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY).body.card)
    w:hold(w:requests() + 1)
    local lines, run = {}, s:post("/v1/cards/ep/execute", { again = true }).body.run
    for i = 1, 1001 do
      lines[i] = ([[next
url = "%s/v1/runs/%s/resume"
header = "Authorization: Bearer %s"
header = "Content-Type: application/json"
header = "Idempotency-Key: %d"
data = "{}"
silent
output = "/dev/null"
write-out = "%%{http_code}\n"]]):format(s.url, run, key, i)
    end
    orket.write(w.dir .. "/.test/many", table.concat(lines, "\n"))
    local codes = orket.shell("curl -K " .. w.dir .. "/.test/many | sort | uniq -c")
    assert.equal("1001 202", codes:match("%S.*%S"))
    assert.equal("ep-f1", s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY).body.card)
  end)

  it("of another path is another request", function()
    local card = { id = "X", parent_id = "ep", name = "X", seat = "dev" }
    assert.equal(201, s:post("/v1/cards", card, KEY).status)
    assert.equal(422, s:post("/v1/runs/ep.1/fork", { at = "1.2" }, KEY).status)
  end)

  it("is not in the journal as it was sent, and a failure is not remembered", function()
    assert.equal(404, s:post("/v1/runs/ep.1/fork", { at = "99.1" }, { "Idempotency-Key: secret-word" }).status)
    assert.same({}, w:events("request.answered"))
    assert.equal(201, s:post("/v1/runs/ep.1/fork", { at = "1.2" }, { "Idempotency-Key: secret-word" }).status)
    local event = w:events("request.answered")[1]
    assert.same({ "human:admin", "ep-f1" }, { event.actor, event.body.answer.card })
    assert.is_nil(cjson.encode(event):find("secret-word", 1, true))
    w:replays("ep.1")
  end)
end)
