-- proposals_spec.lua: scripts and policies over HTTP: what serves, what a proposal comes to on recorded runs
-- and fixtures, who may make it serve, and that nothing else does.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("vendor/a.c", "x")) end, function() return say(finish("done")) end) end]]

local DENIES = [[
local function decide(call)
  if call.tool == "write_file" and call.paths[1]:find("^vendor/") then
    return { decision = "deny", rule = "vendor", why = "vendor/ is not edited", fix = "wrap it" }
  end
end

return { node = "policy", fields = { "call.tool", "call.paths" }, decide = decide }
]]

local function fixture(expected)
  return cjson.encode({ name = "vendor", call = { tool = "write_file", arguments = { path = "vendor/a.c" } },
    expect = expected })
end

-- The shipped coder with one tool more.
local function wider()
  local text = orket.read("roles/coder.lua")
  return (text:gsub('"read_file",', '"read_file", "create_issue",', 1))
end

local w, s

before_each(function()
  w = world.new({ issues = { { id = "A" } }, mock = MOCK })
  s = service.ran(w)
end)

after_each(function()
  s:stop()
  w:__close()
end)

local function propose(files, why)
  return s:post("/v1/scripts/proposals", { files = files, why = why })
end

local function read(id)
  return s:get(("/v1/scripts/proposals/%d"):format(id)).body
end

local function answer(id, word, body)
  return s:post(("/v1/scripts/proposals/%d/%s"):format(id, word), body)
end

it("scripts and policies are what the commands say", function()
  assert.same(cjson.decode((w:orket("script --json list"))), s:get("/v1/scripts").body.items)
  assert.equal(orket.read("roles/coder.lua"), s:get("/v1/scripts/roles%2Fcoder.lua").body.text)
  assert.equal(404, s:get("/v1/scripts/..%2Fconfig%2Forganization.json").status)
  assert.same(cjson.decode((w:orket("policy --json status"))), s:get("/v1/policies").body)
  assert.same(cjson.decode((w:orket("policy --json delta"))), s:get("/v1/policies/delta").body)
  w:write("nodes/policy/vendor.lua", DENIES)
  w:write("nodes/policy/vendor.json", fixture("deny"))
  local tested = s:post("/v1/policies/test")
  assert.same(cjson.decode((w:orket("policy --json test nodes/policy"))).passed, tested.body.passed)
  assert.equal(1, tested.body.passed)
end)

it("a policy that only forbids more is tried on what happened and on its fixtures, accepted, and serves", function()
  local made = propose({ ["nodes/policy/vendor.lua"] = DENIES,
    ["nodes/policy/fixtures/vendor.json"] = fixture("deny") }, "vendored files")
  assert.equal(201, made.status, made.text)
  assert.is_false(w:exists("nodes/policy/vendor.lua"))
  local one = read(made.body.id)
  assert.same({ "open", "human:admin", "vendored files" }, { one.status, one.by, one.why })
  assert.same({}, one.delta)
  assert.equal(1, one.simulation.differ.calls)
  assert.same({ 1, 0 }, { one.fixtures.passed, one.fixtures.failed })
  assert.equal(DENIES, one.files[2].text)
  assert.truthy(one.files[2].diff:find("+local function decide(call)", 1, true))
  local done = answer(one.id, "accept", { generation = one.generation })
  assert.equal(200, done.status, done.text)
  assert.equal(DENIES, w:read("nodes/policy/vendor.lua"))
  assert.equal(one.generation, s:get("/v1/policies").body.serving.generation)
  assert.same({ "accepted", "human:admin" }, { read(one.id).status, read(one.id).answered_by })
  assert.equal(409, answer(one.id, "accept", { generation = one.generation }).status)
  w:replays("ep.1")
end)

it("a script that makes more possible changes nothing before a person accepts exactly that", function()
  local serving = s:get("/v1/policies").body.serving.generation
  local made = propose({ ["roles/coder.lua"] = wider() })
  assert.equal(201, made.status, made.text)
  local one = read(made.body.id)
  assert.is_true(#one.delta > 0)
  assert.is_false(w:exists("roles/coder.lua"))
  assert.same({ serving }, { s:get("/v1/policies").body.serving.generation })
  for _, wrong in ipairs({ serving, one.generation:sub(1, 8), "" }) do
    local stale = answer(one.id, "accept", { generation = wrong })
    assert.same({ 409, "ERR_STALE" }, { stale.status, stale.body.code })
  end
  assert.is_false(w:exists("roles/coder.lua"))
  assert.equal(200, answer(one.id, "accept", { generation = one.generation }).status)
  assert.equal(one.generation, s:get("/v1/policies").body.serving.generation)
  local accepted = w:events("scripts.accepted")
  assert.same({ one.generation, "human:admin" }, { accepted[#accepted].body.generation, accepted[#accepted].actor })
end)

it("what waits beside it is not accepted with it", function()
  local made = propose({ ["roles/coder.lua"] = wider() })
  w:write("tools/mine.lua", [[return { name = "mine", description = "Reads.", operations = { "fs.read" },
    schema = { type = "object", additionalProperties = false }, run = function() return {} end }]])
  w:write("roles/code_reviewer.lua", (orket.read("roles/code_reviewer.lua"):gsub('"read_file",', '"read_file", "mine",', 1)))
  local one = read(made.body.id)
  local done = answer(one.id, "accept", { generation = one.generation })
  assert.equal(200, done.status, done.text)
  assert.truthy(done.body.message:find("they wait", 1, true), done.body.message)
  assert.is_not.equal(one.generation, s:get("/v1/policies").body.serving.generation)
end)

it("a file that was changed meanwhile, a fixture that fails, and a no are final", function()
  local failing = propose({ ["nodes/policy/vendor.lua"] = DENIES,
    ["nodes/policy/fixtures/vendor.json"] = fixture("allow") })
  local one = read(failing.body.id)
  assert.equal(1, one.fixtures.failed)
  local refused = answer(one.id, "accept", { generation = one.generation })
  assert.same({ 403, "ERR_DENIED" }, { refused.status, refused.body.code })
  assert.equal(200, answer(one.id, "reject", { why = "its fixture fails" }).status)
  assert.equal(409, answer(one.id, "accept", { generation = one.generation }).status)
  local other = read(propose({ ["nodes/policy/vendor.lua"] = DENIES }).body.id)
  w:write("nodes/policy/vendor.lua", DENIES .. "-- mine\n")
  local stale = answer(other.id, "accept", { generation = other.generation })
  assert.same({ 409, "ERR_STALE" }, { stale.status, stale.body.code })
  assert.equal(DENIES .. "-- mine\n", w:read("nodes/policy/vendor.lua"))
end)

it("the commands propose, show and answer as well, and the inbox has what is open, whole", function()
  w:write("mine/nodes/policy/vendor.lua", DENIES)
  w:write("mine/nodes/policy/fixtures/vendor.json", fixture("deny"))
  w:write("mine/notes.txt", "not a script")
  local text, code = w:orket("script propose --why 'vendored files' mine")
  assert.equal(0, code, text)
  local one = s:get("/v1/scripts/proposals").body.items[1]
  assert.same({ "vendored files", { "nodes/policy/fixtures/vendor.json", "nodes/policy/vendor.lua" } },
    { one.why, one.files })
  text = w:orket("script proposals")
  local function tells(wanted)
    assert.truthy(text:find(wanted, 1, true), text)
  end
  tells("recorded history would differ in 1 of ")
  tells("1 fixture passed, 0 failed")
  tells("+local function decide(call)")
  local command = ("script accept %d %s"):format(one.id, one.generation)
  tells("orket " .. command)
  local item = s:get("/v1/inbox").body.items[1]
  assert.same({ "proposal", one.generation }, { item.kind, item.generation })
  assert.truthy(table.concat(item.lines, "\n"):find("+local function decide(call)", 1, true))
  text, code = w:orket("script accept " .. ("%d"):format(one.id) .. " 0123456789abcdef")
  assert.equal(1, code, text)
  tells("ERR_STALE")
  text, code = w:orket(command)
  assert.equal(0, code, text)
  assert.equal(DENIES, w:read("nodes/policy/vendor.lua"))
  assert.same({}, s:get("/v1/inbox").body.items)
  assert.equal(2, select(2, w:orket("script accept x y")))
  assert.equal(2, select(2, w:orket("script propose")))
end)

it("with an Idempotency-Key, a proposal whose client left is made, once, and answered to who asks again", function()
  local request = ("-H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -H 'Idempotency-Key: p' -d '%s'")
    :format(s.key, cjson.encode({ files = { ["nodes/policy/vendor.lua"] = DENIES } }):gsub("'", "'\\''"))
  orket.shell(("curl -s --max-time 0.1 %s %s/v1/scripts/proposals"):format(request, s.url))
  local reply
  assert(world.wait(function()
    reply = s:post("/v1/scripts/proposals", { files = { ["nodes/policy/vendor.lua"] = DENIES } },
      { "Idempotency-Key: p" })
    return reply.status ~= 409
  end, 20))
  assert.equal(201, reply.status, reply.text)
  assert.equal(1, #w:events("scripts.proposed"))
  assert.equal(reply.body.id, s:get("/v1/scripts/proposals").body.items[1].id)
end)

it("a proposal outlives the server that got it", function()
  local one = read(propose({ ["nodes/policy/vendor.lua"] = DENIES }).body.id)
  s:stop()
  s = service.start(w)
  assert.same(one, read(one.id))
  assert.same({ one.id }, { s:get("/v1/scripts/proposals").body.items[1].id })
  assert.equal(200, answer(one.id, "accept", { generation = one.generation }).status)
end)

it("what is no script, no text, or lies elsewhere is refused with its place, and nothing is written", function()
  for path, text in pairs({ ["../roles/coder.lua"] = "x", ["/etc/passwd"] = "x", ["config/organization.json"] = "{}",
    ["roles/../../x.lua"] = "x", ["roles/a/b.lua"] = "x", ["roles/.x.lua"] = "x", ["roles/coder.lua\n"] = "x",
    ["verification/x.json"] = "{}", ["roles/broken.lua"] = "return {", ["roles/none.lua"] = "return {}",
    ["roles/bytes.lua"] = "\27Lua", ["nodes/policy/loop.lua"] = "while true do end" }) do
    local refused = propose({ [path] = text })
    assert.equal(422, refused.status, path .. refused.text)
    assert.equal("/body/files/" .. path:gsub("~", "~0"):gsub("/", "~1"), refused.body.errors[1].path)
  end
  assert.equal(422, propose({ ["roles/coder.lua"] = ("x"):rep(256 * 1024 + 1) }).status)
  assert.equal(422, s:post("/v1/scripts/proposals", '{"files":{}}').status)
  assert.equal(422, s:post("/v1/scripts/proposals", '{"files":{"roles/coder.lua":null}}').status)
  assert.same({}, w:events("scripts.proposed"))
  assert.equal("", (orket.shell(("cd %s && ls roles nodes tools 2>/dev/null"):format(w.dir))))
end)

-- A role that no seat has, as a file of the project.
local function spare()
  return (orket.read("roles/coder.lua"):gsub('name = "coder"', 'name = "spare"'))
end

it("a file that a proposal removes is shown as a removal, and stays until a person accepts", function()
  w:write("nodes/policy/vendor.lua", DENIES)
  w:write("roles/spare.lua", spare())
  local changed = DENIES:gsub("wrap it", "wrap")
  local made = s:post("/v1/scripts/proposals", { files = { ["nodes/policy/vendored.lua"] = changed },
    removed = { "nodes/policy/vendor.lua", "roles/spare.lua" } })
  assert.equal(201, made.status, made.text)
  local one = read(made.body.id)
  assert.same({ "nodes/policy/vendor.lua", true }, { one.files[1].path, one.files[1].removed })
  assert.is_nil(one.files[1].text)
  assert.truthy(one.files[1].diff:find("-local function decide(call)", 1, true))
  assert.same({ "nodes/policy/vendored.lua", changed }, { one.files[2].path, one.files[2].text })
  assert.is_nil(one.simulation.error)
  assert.equal(DENIES, w:read("nodes/policy/vendor.lua"))
  assert.truthy(s:get("/v1/inbox").text:find("roles/spare.lua (removed)", 1, true))
  local done = answer(one.id, "accept", { generation = one.generation })
  assert.equal(200, done.status, done.text)
  assert.same({ false, false, changed }, { w:exists("nodes/policy/vendor.lua"), w:exists("roles/spare.lua"),
    w:read("nodes/policy/vendored.lua") })
  assert.equal(one.generation, s:get("/v1/policies").body.serving.generation)
end)

it("a proposal may only remove, and the shipped script serves where its own file goes", function()
  w:write("roles/coder.lua", orket.read("roles/coder.lua") .. "-- mine\n")
  assert(world.wait(function() return w:events("scripts.loaded")[2] end))
  local text, code = w:orket("script propose --without roles/coder.lua .test")
  assert.equal(0, code, text)
  local one = read(s:get("/v1/scripts/proposals").body.items[1].id)
  assert.same({ "roles/coder.lua" }, { one.files[1].path })
  assert.truthy(one.files[1].diff:find("-- mine", 1, true), one.files[1].diff)
  assert.is_nil(one.simulation.error)
  assert.equal(200, answer(one.id, "accept", { generation = one.generation }).status)
  assert.is_false(w:exists("roles/coder.lua"))
  assert.equal("shipped", s:get("/v1/scripts/roles%2Fcoder.lua").body.origin)
end)

it("a removal that something names, that is not the project's own, or lies elsewhere is refused with its reason",
  function()
  w:write("roles/spare.lua", spare())
  w:write("keep.lua", "return 1")
  local team = cjson.decode(w:read("config/teams/t.json"))
  team.seats.spare = { name = "Spare", roles = { "spare" } }
  w:write("config/teams/t.json", cjson.encode(team))
  for path, reason in pairs({ ["roles/spare.lua"] = "'spare'", ["roles/coder.lua"] = "no such file to remove",
    ["roles/none.lua"] = "no such file to remove", ["keep.lua"] = "no place of a script",
    ["roles/../keep.lua"] = "no place of a script", ["../keep.lua"] = "no place of a script",
    [".orket/orket.db"] = "no place of a script" }) do
    local refused = s:post("/v1/scripts/proposals", { removed = { path } })
    assert.equal(422, refused.status, path .. refused.text)
    assert.equal("/body/removed", refused.body.errors[1].path)
    assert.truthy(refused.body.errors[1].message:find(reason, 1, true), refused.text)
  end
  for _, body in ipairs({ '{"why":"none"}', '{"removed":[1]}', '{"removed":[]}',
    '{"removed":["roles/spare.lua","roles/spare.lua"]}',
    '{"removed":["roles/spare.lua"],"files":{"roles/spare.lua":"return {}"}}' }) do
    assert.equal(422, s:post("/v1/scripts/proposals", body).status, body)
  end
  assert.same({}, w:events("scripts.proposed"))
  assert.is_true(w:exists("roles/spare.lua"))
end)

it("a file that something names since its removal was proposed is not removed", function()
  w:write("roles/spare.lua", spare())
  local one = read(s:post("/v1/scripts/proposals", { removed = { "roles/spare.lua" } }).body.id)
  local team = cjson.decode(w:read("config/teams/t.json"))
  team.seats.more = { name = "More", roles = { "spare" } }
  w:write("config/teams/t.json", cjson.encode(team))
  local refused = answer(one.id, "accept", { generation = one.generation })
  assert.equal(422, refused.status, refused.text)
  assert.truthy(refused.text:find("'spare'", 1, true), refused.text)
  assert.is_true(w:exists("roles/spare.lua"))
  assert.equal("open", read(one.id).status)
end)

it("a file that changed after its removal was proposed is not removed", function()
  w:write("roles/spare.lua", spare())
  local made = s:post("/v1/scripts/proposals", { removed = { "roles/spare.lua" } })
  local one = read(made.body.id)
  w:write("roles/spare.lua", spare() .. "-- mine\n")
  local stale = answer(one.id, "accept", { generation = one.generation })
  assert.same({ 409, "ERR_STALE" }, { stale.status, stale.body.code })
  assert.is_true(w:exists("roles/spare.lua"))
end)
