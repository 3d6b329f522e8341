-- card_authoring_spec.lua: issues, epics and rocks that are created, changed and removed over HTTP: their
-- files, the board and the journal say the same; what does not hold is refused with its place.

local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local EPIC = [[
{
    "summary": "Epic",   "team": "t", "environment": "e",
    "stories": [
        {"name": "One", "seat": "dev", "description": "first \"quoted\""},
        {"name": "Two", "seat": "dev"},
        {"id": "ep-x", "name": "Three", "seat": "dev", "depends_on": ["ep-1"]}
    ]
}
]]

local w, s

before_each(function()
  w = world.new({ issues = {}, mock = "function work(talk) return say(finish('done')) end",
    files = { ["config/epics/ep.json"] = EPIC } })
  s = service.start(w)
end)

after_each(function()
  s:stop()
  w:__close()
end)

local JSON = { "Content-Type: application/json" }

local function send(method, path, body, ...)
  return s:request(method, path, { JSON[1], ... }, body)
end

local function definition(id)
  return s:get("/v1/cards/" .. id .. "/definition").body
end

-- The files load, and say what the board says.
local function is_valid()
  local answer = cjson.decode((w:orket("validate --json")))
  assert.is_true(answer.ok)
  for _, warning in ipairs(answer.warnings) do
    assert.is_nil(warning.message:find("board", 1, true), warning.message)
  end
end

describe("an issue", function()
  it("is created in a file of its own, on the board, and in the journal in the person's name", function()
    local made = s:post("/v1/cards", { id = "ep-4", parent_id = "ep", name = "Four", seat = "dev",
      type = "bug", requirements = { "it works" }, depends_on = { "ep-x" } })
    assert.equal(201, made.status, made.text)
    assert.same({ "ep-4", "ready", 1, "config/cards/ep-4.json" },
      { made.body.card, made.body.status, made.body.revision, made.body.file })
    local file = cjson.decode(w:read("config/cards/ep-4.json"))
    assert.same({ "Four", "bug", "ep" }, { file.name, file.type, file.parent_id })
    local card = s:get("/v1/cards/ep-4").body
    assert.same({ "issue", "ep", { "ep-x" } }, { card.type, card.epic, card.depends_on })
    assert.equal("- it works", card.data.requirements)
    assert.same({ "bug" }, card.data.labels)
    local event = w:events("card.authored")[1]
    assert.same({ "human:admin", "create" }, { event.actor, event.body.act })
    assert.truthy(event.body.files["config/cards/ep-4.json"].now)
    assert.truthy(w:blob('{\n  "depends_on": ["ep-x"]'))
    is_valid()
  end)

  it("is changed in its file, where every other byte stays, and on the board", function()
    local before = definition("ep-1")
    assert.same({ "config/epics/ep.json", "/stories/0", 1 }, { before.file, before.at, before.revision })
    local done = send("PATCH", "/v1/cards/ep-1", { description = "second", priority = "high" }, 'If-Match: "1"')
    assert.equal(200, done.status, done.text)
    assert.equal(2, done.body.revision)
    local wanted = EPIC:gsub('"first .-quoted.-""', '"second"', 1):gsub('{"name": "One"',
      '{"priority": "high", "name": "One"')
    assert.equal(wanted, w:read("config/epics/ep.json"))
    local card = s:get("/v1/cards/ep-1").body
    assert.same({ 3, "second" }, { card.priority, card.data.description })
    is_valid()
  end)

  it("loses what null says, and with PUT all that is not sent, but not what it belongs to", function()
    assert.equal(200, send("PATCH", "/v1/cards/ep-1?revision=1", '{"description":null}').status)
    assert.is_nil(definition("ep-1").definition.description)
    assert.equal(cjson.null, s:get("/v1/cards/ep-1").body.data.description)
    local put = send("PUT", "/v1/cards/ep-x?revision=1", { name = "Third", seat = "dev" })
    assert.equal(200, put.status, put.text)
    local now = definition("ep-x")
    assert.same({ id = "ep-x", type = "issue", name = "Third", seat = "dev" }, now.definition)
    assert.same({}, s:get("/v1/cards/ep-x").body.depends_on)
    is_valid()
  end)

  it("leaves the names of those behind it when it is removed from its epic's list", function()
    local gone = s:request("DELETE", "/v1/cards/ep-x?revision=1&why=not+needed")
    assert.equal(200, gone.status, gone.text)
    gone = s:request("DELETE", "/v1/cards/ep-1?revision=1")
    assert.equal(200, gone.status, gone.text)
    assert.equal("canceled", gone.body.status)
    local file = cjson.decode(w:read("config/epics/ep.json"))
    assert.same({ 1, "ep-2", "Two" }, { #file.stories, file.stories[1].id, file.stories[1].name })
    assert.equal("Two", definition("ep-2").definition.name)
    assert.equal("not needed", w:events("card.moved")[1].body.why)
    assert.equal(404, s:get("/v1/cards/ep-1/definition").status)
    is_valid()
  end)

  it("that others wait for is not removed: the field that names it is in the answer", function()
    local refused = s:request("DELETE", "/v1/cards/ep-1?revision=1")
    assert.equal(422, refused.status)
    assert.truthy(refused.body.errors[1].path:find("config/epics/ep.json#/stories/", 1, true), refused.text)
    assert.equal(EPIC, w:read("config/epics/ep.json"))
    assert.equal("ready", s:get("/v1/cards/ep-1").body.status)
  end)

  it("that agents made, in no file so far, gets one with the change", function()
    local made = s:post("/v1/cards", { id = "late", parent_id = "ep", name = "Late", seat = "dev" })
    assert.equal(201, made.status)
    os.remove(w.dir .. "/config/cards/late.json")
    local changed = send("PATCH", "/v1/cards/late?revision=1", { description = "from the board" })
    assert.equal(200, changed.status, changed.text)
    local file = cjson.decode(w:read("config/cards/late.json"))
    assert.same({ "ep", "Late", "from the board" }, { file.parent_id, file.name, file.description })
  end)
end)

describe("an epic", function()
  it("is created with its issues, runs, and is removed with them", function()
    local made = s:post("/v1/cards", { id = "more", type = "epic", name = "More", team = "t", environment = "e",
      issues = { { id = "m1", name = "M", seat = "dev" }, { name = "N", seat = "dev" } } })
    assert.equal(201, made.status, made.text)
    local ids = {}
    for _, row in ipairs(s:get("/v1/board").body.cards) do
      ids[row.id] = row.status
    end
    assert.same({ "ready", "ready", "ready" }, { ids.more, ids.m1, ids["more-2"] })
    local shown = definition("more")
    assert.is_nil(shown.definition.issues)
    local gone = s:request("DELETE", ("/v1/cards/more?revision=%d"):format(shown.revision))
    assert.same({ 200, "canceled" }, { gone.status, gone.body.status }, gone.text)
    assert.equal("canceled", s:get("/v1/cards/m1").body.status)
    assert.is_false(w:exists("config/epics/more.json"))
    is_valid()
  end)

  it("is put into a rock that is created", function()
    local made = s:post("/v1/cards", { id = "first", type = "rock", name = "First", epics = { { epic = "ep" } } })
    assert.equal(201, made.status, made.text)
    assert.equal("rock", s:get("/v1/cards/first").body.type)
    assert.equal("first", s:get("/v1/cards/ep").body.parent)
    assert.equal("ep-1", s:get("/v1/cards/ep-1").body.id)
    assert.equal("ep", s:get("/v1/cards/ep-1").body.epic)
    local refused = send("PATCH", "/v1/cards/first?revision=1", '{"epics":[]}')
    assert.same({ 422, "/body/epics" }, { refused.status, refused.body.errors[1].path })
    assert.equal(202, s:post("/v1/cards/first/execute").status)
    assert(world.wait(function() return s:get("/v1/cards/first").body.status == "done" end, 30))
    assert.equal("done", s:get("/v1/cards/ep-x").body.status)
    w:replays("ep.1")
  end)
end)

describe("a revision", function()
  it("that is an older one is 409 with both, and nothing happens", function()
    assert.equal(200, send("PATCH", "/v1/cards/ep-2?revision=1", { description = "mine" }).status)
    local text = w:read("config/epics/ep.json")
    local late = send("PATCH", "/v1/cards/ep-2", { description = "theirs" }, "If-Match: 1")
    assert.same({ 409, "ERR_STALE", 2, 1 }, { late.status, late.body.code, late.body.revision, late.body.sent })
    late = s:request("DELETE", "/v1/cards/ep-2?revision=1")
    assert.same({ 409, 2, 1 }, { late.status, late.body.revision, late.body.sent })
    assert.equal(text, w:read("config/epics/ep.json"))
    assert.equal("mine", s:get("/v1/cards/ep-2").body.data.description)
  end)

  it("is the ETag of the definition; a change without one is 428", function()
    local got = s:get("/v1/cards/ep-2/definition")
    assert.equal('"1"', got.headers.etag)
    assert.equal(304, s:get("/v1/cards/ep-2/definition", { 'If-None-Match: "1"' }).status)
    for _, method in ipairs({ "PUT", "PATCH", "DELETE" }) do
      local body = method ~= "DELETE" and { name = "x" } or nil
      assert.equal(428, send(method, "/v1/cards/ep-2", body).status)
      assert.equal(428, send(method, "/v1/cards/ep-2?revision=1", body, "If-Match: *").status)
    end
  end)
end)

describe("what does not hold", function()
  it("is 422 with the place of each field, and no file is touched", function()
    local wrong = s:post("/v1/cards", { id = "ep-9", parent_id = "ep", name = "Nine", seat = "nobody",
      depends_on = { "nix" }, requirments = "typo" })
    assert.equal(422, wrong.status)
    assert.equal("/body/requirments", wrong.body.errors[1].path)
    wrong = s:post("/v1/cards", { id = "ep-9", parent_id = "ep", name = "Nine", seat = "nobody",
      depends_on = { "nix" } })
    local paths = {}
    for _, row in ipairs(wrong.body.errors) do
      paths[row.path] = true
    end
    assert.same({ ["/body/seat"] = true, ["/body/depends_on/0"] = true }, paths)
    assert.is_false(w:exists("config/cards/ep-9.json"))
    assert.same({}, w:events("card.authored"))
  end)

  it("is 409 for an id that is taken, and 404 for a card that is not there", function()
    for _, id in ipairs({ "ep", "ep-1", "ep-x" }) do
      local taken = s:post("/v1/cards", { id = id, type = "epic", name = "x", team = "t", environment = "e" })
      assert.same({ 409, "ERR_EXISTS" }, { taken.status, taken.body.code })
    end
    assert.equal(404, send("PATCH", "/v1/cards/nix?revision=0", { name = "x" }).status)
    assert.equal(404, s:request("DELETE", "/v1/cards/nix?revision=0").status)
  end)

  it("gives a finished epic an issue for its further build; a run before that is no success", function()
    assert.equal(202, send("POST", "/v1/cards/ep/execute", {}).status)
    assert(world.wait(function() return w:card("ep") and w:card("ep").status == "done" end, 30))
    local late = send("POST", "/v1/cards", { id = "late", parent_id = "ep", seat = "dev", name = "Late" })
    assert.equal(201, late.status, late.text)
    for _, card in ipairs({ "late", "ep" }) do
      local text, code = w:orket("run --plain " .. card)
      assert.equal(1, code, text)
      assert.truthy(text:find("ep is done, and late was added since"), text)
      local reply = send("POST", "/v1/runs", { card = card })
      assert.same({ 409, "ERR_TRANSITION" }, { reply.status, reply.body.code }, reply.text)
    end
  end)

  it("is 409 for a card that is finished", function()
    assert.equal(200, s:post("/v1/acts/move", { card = "ep-2", status = "canceled" }).status)
    local late = send("PATCH", "/v1/cards/ep-2?revision=2", { description = "x" })
    assert.same({ 409, "ERR_TRANSITION" }, { late.status, late.body.code })
    local gone = s:request("DELETE", "/v1/cards/ep-2?revision=2")
    assert.same({ 200, "archived" }, { gone.status, gone.body.status }, gone.text)
  end)

  it("is found in the files as they are, also where another one is broken", function()
    w:write("config/epics/other.json", '{"name": 5}')
    local refused = send("PATCH", "/v1/cards/ep-2?revision=1", { description = "x" })
    assert.equal(422, refused.status)
    assert.truthy(refused.body.errors[1].path:find("config/epics/other.json#", 1, true), refused.text)
  end)
end)

it("a run under way works on a card that was created meanwhile, and with what was changed", function()
  w:hold("ep-1")
  s:post("/v1/cards/ep/execute")
  assert(world.wait(function() return w:request(1) end))
  local made = s:post("/v1/cards", { id = "live", parent_id = "ep", name = "Live", seat = "dev",
    depends_on = { "ep-1" }, description = "was not there" })
  assert.equal(201, made.status, made.text)
  local changed = send("PATCH", "/v1/cards/live?revision=1", { description = "now it is" })
  assert.equal(200, changed.status, changed.text)
  w:release("ep-1")
  assert(world.wait(function()
    return s:get("/v1/cards/live").body.turns > 0
  end, 20))
  assert.truthy(s:get("/v1/cards/live/transcript").text:find("now it is", 1, true))
  assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status == "done" end, 30))
  w:replays("ep.1")
end)
