-- attack_authoring_spec.lua: what a client may try with cards that it writes: names that are paths, keys that
-- are JSON, bodies that are bombs, values that are not a person's to set.

local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local w, s

-- Every file of the project, with its bytes.
local function files()
  return (orket.shell(("cd %s && find config verification ../outside* -type f 2>/dev/null | sort | xargs sha256sum")
    :format(w.dir)))
end

setup(function()
  w = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = "function work(talk) return say(finish('x')) end" })
  s = service.start(w)
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function card(fields)
  return world.merged({ id = "C", parent_id = "ep", name = "C", seat = "dev" }, fields)
end

local function patch(path, body)
  return s:request("PATCH", path, { "Content-Type: application/json" }, body)
end

it("a name that is a path, or one that the program gives itself, makes no file", function()
  local before = files()
  for _, id in ipairs({ "../outside", "..", ".hidden", "a/b", "/etc/x", "a\\b", "a\0b", "", "a b", "ep-b2",
    "A-r2", "A-f2", "PLAN-1", "CHAT-1", "a..b", ("x"):rep(65) }) do
    for _, kind in ipairs({ "issue", "epic", "rock" }) do
      local reply = s:post("/v1/cards", card({ id = id, type = kind }))
      assert.equal(422, reply.status, id .. reply.text)
    end
  end
  for _, path in ipairs({ "..%2F..%2Fconfig%2Forganization", "..", "%2e%2e", "A%2F..%2FB", "A%00" }) do
    for _, method in ipairs({ "PUT", "PATCH", "DELETE" }) do
      local body = method ~= "DELETE" and { name = "x" } or nil
      local reply = s:request(method, "/v1/cards/" .. path .. "?revision=1", { "Content-Type: application/json" },
        body)
      assert.equal(404, reply.status, path)
    end
  end
  assert.equal(before, files())
end)

it("a parent, a fixture or a type that leads elsewhere is refused with its place", function()
  local before = files()
  for field, value in pairs({ parent_id = "../../x", type = "plan",
    verification = { fixture_path = "../config/organization.json" } }) do
    local reply = s:post("/v1/cards", card({ [field] = value }))
    assert.equal(422, reply.status)
    assert.truthy(reply.body.errors[1].path:find("/body/" .. field, 1, true), reply.text)
  end
  assert.equal(before, files())
end)

it("a key that is a piece of JSON stays a key, which no card has", function()
  local before = files()
  local reply = patch("/v1/cards/A?revision=1", { ['x": 1, "seat'] = "guard" })
  assert.equal(422, reply.status)
  reply = patch("/v1/cards/A?revision=1", { ["a/b~c"] = "x" })
  assert.equal(422, reply.status)
  assert.equal(before, files())
end)

it("a status, a build or another id is not set by writing it", function()
  local before = files()
  for field, value in pairs({ status = "done", id = "B", type = "epic", parent_id = "other", wait_reason = "input" }) do
    local reply = patch("/v1/cards/A?revision=1", { [field] = value })
    assert.same({ 422, "/body/" .. field }, { reply.status, reply.body.errors and reply.body.errors[1].path })
  end
  assert.equal(422, s:post("/v1/cards", card({ status = "done" })).status)
  assert.equal("ready", s:get("/v1/cards/A").body.status)
  assert.equal(before, files())
end)

it("a body that is too large, too deep, no object, or of a form is refused", function()
  local before = files()
  assert.equal(413, s:post("/v1/cards", card({ description = ("x"):rep(1 << 20) })).status)
  assert.equal(422, s:post("/v1/cards", card({ description = ("x"):rep(100001) })).status)
  assert.equal(413, s:post("/v1/cards", '{"id":"C","params":' .. ("["):rep(200) .. ("]"):rep(200) .. "}").status)
  assert.equal(422, s:post("/v1/cards", "[]").status)
  assert.equal(400, s:post("/v1/cards", '{"id":"C","id":"D","parent_id":').status)
  local form = s:request("POST", "/v1/cards", { "Content-Type: application/x-www-form-urlencoded" }, "id=C")
  assert.equal(415, form.status)
  assert.equal(before, files())
end)

it("a directory of cards that is a link is not followed", function()
  os.execute(("mkdir -p %s/../outside-%s && ln -s ../../outside-%s %s/config/rocks"):format(w.dir,
    w.dir:match("[^/]+$"), w.dir:match("[^/]+$"), w.dir))
  local reply = s:post("/v1/cards", { id = "first", type = "rock", name = "First", epics = { { epic = "ep" } } })
  assert.is_true(reply.status >= 400, reply.text)
  assert.equal("", (orket.shell(("ls %s/../outside-%s"):format(w.dir, w.dir:match("[^/]+$")))))
  os.execute(("rm -r %s/config/rocks %s/../outside-%s"):format(w.dir, w.dir, w.dir:match("[^/]+$")))
end)

it("of many changes of one revision at once exactly one is done", function()
  local script = {}
  for i = 1, 8 do
    script[i] = ("curl -s -o /dev/null -w '%%{http_code}\\n' -X PATCH -H 'Authorization: Bearer %s' "
      .. "-H 'Content-Type: application/json' -H 'If-Match: \"1\"' -d '{\"description\":\"%d\"}' %s/v1/cards/B &")
      :format(service.KEY, i, s.url)
  end
  local codes = {}
  for code in orket.shell(table.concat(script, "\n") .. "\nwait"):gmatch("%d+") do
    codes[code] = (codes[code] or 0) + 1
  end
  assert.same({ ["200"] = 1, ["409"] = 7 }, codes)
  assert.equal(s:get("/v1/cards/B/definition").body.definition.description,
    s:get("/v1/cards/B").body.data.description)
end)
