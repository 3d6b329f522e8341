-- approvers_spec.lua: who may answer what agents ask ("people.approvals"): by rule and epic, not the one who
-- began the run, two where two are asked for, in the place of another until a date; over HTTP and on the
-- command line alike.

local cjson = require("cjson")
local accounts = dofile("tests/support/accounts.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

local WRITES = [[
function work(talk)
  return steps(talk, function() return say(write("locked/a", "one\n")) end, function() return say(finish()) end)
end
]]

local function configure(w, people)
  local path = w.dir .. "/config/organization.json"
  local organization = cjson.decode(orket.read(path))
  organization.people = people
  orket.write(path, cjson.encode(organization))
end

local function project(people)
  local w = world.new({ issues = { { id = "A" } }, mock = WRITES, gate = RULE })
  configure(w, people)
  for _, name in ipairs({ "ada", "bob", "eve" }) do
    accounts.add(w, name, name == "eve" and "viewer" or "developer")
  end
  return w
end

-- Begins the run as somebody, and waits for the question.
local function asked(w, s, as)
  local reply = accounts.ask(s, as or service.KEY, "POST", "/v1/cards/A/execute", {})
  assert.equal(202, reply.status, reply.text)
  assert(world.wait(function() return w:pending()[1] end, 20))
  return w:pending()[1]
end

local function answer(s, token, row, act)
  return accounts.ask(s, token, "POST", "/v1/approvals/" .. row.id:gsub("/", "%%2F") .. "/" .. (act or "approve"),
    { hash = row.hash, why = "so" })
end

local function actors(w, kind)
  local list = {}
  for i, event in ipairs(w:events(kind)) do
    list[i] = event.actor
  end
  return list
end

describe("people.approvals", function()
  it("says by role, rule and epic who may answer", function()
    local w <close> = project({ roles = { security = { "read", "approve", "deny" } },
      approvals = { { rule = "house.locked", epic = "e*", roles = { "security" } } } })
    accounts.run(w, "user role bob security")
    local s <close> = service.start(w)
    local ada, bob, eve = accounts.token(s, "ada"), accounts.token(s, "bob"), accounts.token(s, "eve")
    local row = asked(w, s)
    assert.equal(403, answer(s, eve, row).status) -- a viewer answers nothing
    local reply = answer(s, ada, row)
    assert.equal(403, reply.status)
    assert.truthy(reply.body.fix:find("the role security may answer", 1, true), reply.text)
    assert.equal(403, answer(s, ada, row, "deny").status)
    assert.equal(403, answer(s, service.KEY, row).status) -- the administrator's key is no person
    local text, code = w:orket("approve " .. row.id) -- neither is another account of this machine
    assert.equal(1, code)
    assert.truthy(text:find("ERR_DENIED", 1, true), text)
    assert.equal("pending", w:pending()[1].status)
    assert.equal(403, accounts.ask(s, bob, "POST", "/v1/acts/comment", { card = "A", text = "x" }).status)
    assert.equal(200, answer(s, bob, row).status)
    assert.same({ "human:bob" }, actors(w, "approval.answered"))
  end)

  it("of an epic is that of its further builds and forks", function()
    local w <close> = project({ approvals = { { epic = "ep", users = { "bob" } } } })
    local s <close> = service.start(w)
    local ada, bob = accounts.token(s, "ada"), accounts.token(s, "bob")
    assert.equal(200, answer(s, bob, asked(w, s)).status)
    assert(service.wait(function() return s:get("/v1/runs/ep.1").body.status == "done" end))
    assert.equal(202, accounts.ask(s, ada, "POST", "/v1/cards/ep/execute", { again = true }).status)
    local function refuses(run)
      assert(service.wait(function() return w:pending()[1] end), run)
      local row = w:pending()[1]
      assert.equal(run, row.run)
      assert.equal(403, answer(s, ada, row).status, run)
      assert.equal(200, answer(s, bob, row).status, run)
      assert(service.wait(function() return s:get("/v1/runs/" .. run).body.status == "done" end))
    end
    refuses("ep-b2.1")
    assert.equal(200, accounts.ask(s, ada, "POST", "/v1/runs/ep.1/fork", { at = "1.2" }).status // 100 * 100)
    assert.equal(202, accounts.ask(s, ada, "POST", "/v1/runs", { card = "ep-f1" }).status)
    refuses("ep-f1.1")
  end)

  it("of another rule, or another epic, does not count", function()
    local w <close> = project({ approvals = { { rule = "gate.*", users = { "eve" } },
      { epic = "other", users = { "eve" } } } })
    local s <close> = service.start(w)
    local ada = accounts.token(s, "ada")
    assert.equal(200, answer(s, ada, asked(w, s)).status)
  end)

  it("does not let the one who began the run answer, unless it says so", function()
    for _, is_allowed in ipairs({ false, true }) do
      local w <close> = project({ approvals = { { requester = is_allowed } } })
      local s <close> = service.start(w)
      local ada, bob = accounts.token(s, "ada"), accounts.token(s, "bob")
      local row = asked(w, s, ada)
      local objection = accounts.ask(s, ada, "GET", "/v1/inbox").body.items[1].objection
      assert.equal(is_allowed, objection == nil)
      assert.is_nil(accounts.ask(s, bob, "GET", "/v1/inbox").body.items[1].objection)
      local reply = answer(s, ada, row)
      assert.equal(is_allowed and 200 or 403, reply.status)
      assert.same(objection, not is_allowed and { why = reply.body.detail, fix = reply.body.fix } or nil)
      if not is_allowed then
        assert.equal(200, answer(s, bob, row).status)
      end
    end
  end)

  it("waits for two different persons where two are asked for", function()
    local w <close> = project({ approvals = { { approvers = 2, roles = { "developer" } } } })
    local s <close> = service.start(w)
    local ada, bob = accounts.token(s, "ada"), accounts.token(s, "bob")
    local row = asked(w, s)
    for _ = 1, 2 do -- one's own yes counts once
      local reply = answer(s, ada, row)
      assert.equal(200, reply.status)
      assert.truthy(reply.body.message:find("another person has to say yes", 1, true), reply.text)
      assert.equal("pending", w:pending()[1].status)
    end
    assert.equal(200, answer(s, bob, row).status)
    assert.same({ "human:bob" }, actors(w, "approval.answered"))
    assert(world.wait(function() return w:made("locked/a") end, 20) or true)
    local text, code = w:orket("check")
    assert.equal(0, code, text)
  end)

  it("knows roles of single acts by the acts' names, also where several are answered together", function()
    local w <close> = project({ roles = { release = { "read", "approve", "comment" } } })
    accounts.run(w, "user role ada release")
    local s <close> = service.start(w)
    local ada = accounts.token(s, "ada")
    local row = asked(w, s)
    local function ask(path, body)
      return accounts.ask(s, ada, "POST", path, body)
    end
    assert.equal(200, ask("/v1/acts/comment", { card = "A", text = "x" }).status)
    assert.equal(403, ask("/v1/acts/move", { card = "A", status = "ready" }).status)
    local reply = ask("/v1/approvals/verdicts", { rule = row.rule, verdicts = { { id = row.id, hash = row.hash,
      verdict = "approve" } } })
    assert.equal(200, reply.status, reply.text)
    assert.is_true(reply.body.results[1].ok, reply.text)
  end)

  it("does not count the yes of one who may not answer any more", function()
    local w <close> = project({ approvals = { { approvers = 2 } } })
    local s <close> = service.start(w)
    local ada, bob = accounts.token(s, "ada"), accounts.token(s, "bob")
    local row = asked(w, s)
    assert.equal(200, answer(s, ada, row).status)
    accounts.run(w, "user disable ada")
    assert.truthy(answer(s, bob, row).body.message:find("another person", 1, true))
    assert.equal("pending", w:pending()[1].status)
  end)

  it("counts a yes and that of one's stand-in once, wherever a stand-in has no other's place to take", function()
    for _, case in ipairs({ { "ada", "bob", "pending" }, { "bob", "ada", "pending" }, { "ada", "joe", "given" },
      { "joe", "ada", "given" } }) do
      local w <close> = project({ approvals = { { approvers = 2, users = { "ada", "eve" } } }, delegations = {
        { from = "ada", to = "bob", ["until"] = "2999-12-31" }, { from = "ada", to = "joe", ["until"] = "2999-12-31" },
        { from = "eve", to = "joe", ["until"] = "2999-12-31" } } })
      accounts.add(w, "joe", "developer")
      local s <close> = service.start(w)
      local row = asked(w, s)
      assert.equal(200, answer(s, accounts.token(s, case[1]), row).status)
      local reply = answer(s, accounts.token(s, case[2]), row)
      assert.equal(200, reply.status)
      assert.equal(case[3] == "pending", reply.body.message:find("another person has to say yes", 1, true) ~= nil,
        reply.text)
      assert.same({ "human:" .. case[1], case[3] == "pending" and "human:" .. case[2] or nil },
        actors(w, "approval.given"))
    end
  end)

  it("does not count the yes of a user who was removed for another one of the same name", function()
    local w <close> = project({ approvals = { { approvers = 2 } } })
    local s <close> = service.start(w)
    local bob = accounts.token(s, "bob")
    local row = asked(w, s)
    assert.equal(200, answer(s, accounts.token(s, "ada"), row).status)
    accounts.run(w, "user remove ada")
    accounts.add(w, "ada", "developer")
    assert.truthy(answer(s, bob, row).body.message:find("another person has to say yes", 1, true))
    assert.equal("pending", w:pending()[1].status)
    local audited = {}
    for _, event in ipairs(s:get("/v1/audit").body.items) do
      audited[event.kind] = (audited[event.kind] or 0) + 1
    end
    assert.equal(2, audited["approval.given"])
  end)

  it("ends with the no of one of them", function()
    local w <close> = project({ approvals = { { approvers = 2 } } })
    local s <close> = service.start(w)
    local row = asked(w, s)
    assert.equal(200, answer(s, accounts.token(s, "bob"), row, "deny").status)
    assert.equal("denied", w:events("approval.answered")[1].body.answer)
  end)

  it("lets one stand in for another until a date, and not for the one who began the run", function()
    local function try(delegation, as)
      local w <close> = project({ approvals = { { users = { "ada" } } }, delegations = { delegation } })
      local s <close> = service.start(w)
      local began = as and accounts.token(s, as)
      return answer(s, accounts.token(s, "bob"), asked(w, s, began)).status
    end
    assert.equal(200, try({ from = "ada", to = "bob", ["until"] = "2999-12-31" }))
    assert.equal(403, try({ from = "ada", to = "bob", ["until"] = "2020-01-01" }))
    assert.equal(403, try({ from = "eve", to = "bob", ["until"] = "2999-12-31" }))
    assert.equal(403, try({ from = "bob", to = "ada", ["until"] = "2999-12-31" }))
    assert.equal(403, try({ from = "ada", to = "bob", ["until"] = "2999-12-31" }, "ada"))
  end)

  it("knows an account of this machine by the user of its name, also without a server", function()
    local w <close> = project({ approvals = { { users = { "ada" } } } })
    local own = orket.shell("id -un"):gsub("%s+$", "")
    w:run()
    local row = w:pending()[1]
    assert.equal(1, (select(2, w:orket("approve " .. row.id))))
    configure(w, { approvals = { { users = { own } } } })
    assert.equal(1, (select(2, w:orket("approve " .. row.id)))) -- no user yet
    accounts.run(w, "user add --no-password --role developer " .. own)
    local text, code = w:orket("approve " .. row.id)
    assert.equal(1, code, text) -- and the one who began the run
    configure(w, { approvals = { { users = { own }, requester = true } } })
    text, code = w:orket("approve " .. row.id)
    assert.equal(0, code, text)
    accounts.run(w, "user role " .. own .. " viewer")
    text, code = w:orket("comment A hello")
    assert.equal(1, code, text)
    assert.truthy(text:find('needs the permission "act"', 1, true), text)
  end)

  it("is told and recorded when it is widened, and not when it is narrowed", function()
    local w <close> = project({ roles = { x = { "read" } }, approvals = { { approvers = 2 }, { epic = "a" } } })
    w:run()
    configure(w, { roles = { x = { "read", "act" } }, approvals = { { approvers = 2 }, { rule = "b" } },
      delegations = { { from = "ada", to = "bob", ["until"] = "2999-12-31" } } })
    w:run()
    local places = {}
    for i, row in ipairs(w:events("config.changed")[1].body.delta) do
      places[i] = row.config:match("#(.*)$")
    end
    table.sort(places)
    assert.same({ "/people/approvals", "/people/delegations", "/people/roles/x" }, places)
  end)

  it("is checked as any configuration is", function()
    for _, people in ipairs({ { roles = { admin = { "read" } } }, { approvals = { { approvers = 0 } } },
      { delegations = { { from = "a", to = "b" } } }, { approval = {} },
      { delegations = { { from = "a", to = "b", ["until"] = "soon" } } } }) do
      local w <close> = project(nil)
      configure(w, people)
      local text, code = w:orket("validate")
      assert.equal(1, code, cjson.encode(people))
      assert.truthy(text:find("organization.json", 1, true), text)
    end
  end)
end)
