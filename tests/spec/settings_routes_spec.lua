-- settings_routes_spec.lua: caps and bounds that a person changes over HTTP, against a revision, and what a run
-- makes of them; what is no such setting is refused.

local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local w, s

before_each(function()
  w = world.new({ issues = { { id = "A" } }, mock = "function work(talk) return say(finish('done')) end",
    rules = { budgets = { organization = { tokens = 10, calls = 1000 } } } })
  s = service.start(w)
end)

after_each(function()
  s:stop()
  w:__close()
end)

local function patch(body, ...)
  return s:request("PATCH", "/v1/settings", { "Content-Type: application/json", ... }, body)
end

it("a cap that is raised lets the card go on that waited for it", function()
  s:post("/v1/cards/ep/execute")
  assert(world.wait(function() return s:get("/v1/cards/A").body.status == "blocked" end, 20))
  local now = s:get("/v1/settings")
  assert.equal('"' .. now.body.revision .. '"', now.headers.etag)
  assert.same({ tokens = 10, calls = 1000 }, now.body.settings.budgets.organization)
  local raised = patch({ budgets = { organization = { tokens = 1000000 } } }, "If-Match: " .. now.headers.etag)
  assert.equal(200, raised.status, raised.text)
  assert.same({ tokens = 1000000, calls = 1000 }, raised.body.settings.budgets.organization)
  local file = cjson.decode(w:read("config/organization.json"))
  assert.same({ tokens = 1000000, calls = 1000 }, file.process_rules.budgets.organization)
  local tried = s:post("/v1/acts/retry", { card = "A" })
  assert.equal(200, tried.status, tried.text)
  assert(world.wait(function() return s:get("/v1/cards/A").body.status == "done" end, 20))
  assert.equal("human:admin", w:events("project.saved")[1].actor)
end)

it("a changed cap is shown beside the one that holds for a run under way, and holds where there is none", function()
  local function shown()
    local of = {}
    for _, row in ipairs(s:checked("/v1/budgets").caps) do
      of[row.cap] = { row.limit, row.next }
    end
    assert.same(cjson.decode((w:orket("budget --json --all"))), s:get("/v1/budgets").body)
    return of
  end
  w:hold(1)
  s:post("/v1/cards/ep/execute")
  assert(world.wait(function() return w:requests() == 1 end))
  assert.same({ { 10 }, { 1000 } }, { shown()["organization/tokens"], shown()["organization/calls"] })
  local set = { organization = { tokens = cjson.null, calls = 2000 }, roles = { coder = { calls = 5 } } }
  assert.equal(200, patch({ budgets = set }, "If-Match: " .. s:get("/v1/settings").headers.etag).status)
  local of = shown()
  assert.same({ { 10, cjson.null }, { 1000, 2000 }, { cjson.null, 5 } },
    { of["organization/tokens"], of["organization/calls"], of["roles/coder/calls"] })
  assert.truthy(w:orket("budget"):find("1000 calls, next run 2000 calls", 1, true))
  w:release(1)
  assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status ~= "running" end, 20))
  assert(world.wait(function() return not shown()["organization/tokens"] end))
  assert.same({ { 2000 }, { 5 } }, { shown()["organization/calls"], shown()["roles/coder/calls"] })
  local file = w:read("config/organization.json")
  w:write("config/organization.json", file:sub(1, -3)) -- as in the middle of a write
  local caps = s:checked("/v1/budgets").caps
  assert.is_true(#caps > 0 and caps[1].next == nil, cjson.encode(caps))
  w:write("config/organization.json", file)
end)

it("an older revision is 409 with both, none is 428, and null removes", function()
  local first = s:get("/v1/settings").body.revision
  assert.equal(428, patch({ limits = { concurrency = 3 } }).status)
  assert.equal(200, patch({ limits = { concurrency = 3 } }, 'If-Match: "' .. first .. '"').status)
  local late = patch({ limits = { concurrency = 4 } }, 'If-Match: "' .. first .. '"')
  local now = s:get("/v1/settings").body
  assert.same({ 409, "ERR_STALE", now.revision, first },
    { late.status, late.body.code, late.body.revision, late.body.sent })
  assert.equal(3, now.settings.limits.concurrency)
  local gone = patch('{"budgets":null}', 'If-Match: "' .. now.revision .. '"')
  assert.equal(200, gone.status, gone.text)
  assert.is_nil(cjson.decode(w:read("config/organization.json")).process_rules.budgets)
end)

it("what does not hold, and what is no setting, is 422 with its place, and the file stays", function()
  local before, revision = w:read("config/organization.json"), s:get("/v1/settings").body.revision
  local wrong = patch({ budgets = { organization = { tokens = -1 } } }, 'If-Match: "' .. revision .. '"')
  assert.equal(422, wrong.status, wrong.text)
  assert.equal("/body/budgets/organization/tokens", wrong.body.errors[1].path)
  for _, body in ipairs({ { commands = {} }, { gate = {} }, { models = {} }, { process_rules = {} }, {} }) do
    assert.equal(422, patch(next(body) and body or "{}", 'If-Match: "' .. revision .. '"').status)
  end
  wrong = patch({ limits = { ['x": 1, "gate'] = 1 } }, 'If-Match: "' .. revision .. '"')
  assert.equal(422, wrong.status)
  assert.equal(before, w:read("config/organization.json"))
end)
