-- verdicts_spec.lua: several questions of one rule that a person answers in one request: each for itself.

local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("gen/" .. talk.card .. ".c", "x")) end, function() return say(finish("done")) end) end]]

local GATE = {
  { id = "generated", effect = "ask", paths = { "gen/**" }, why = "look at it", fix = "ask" },
}

local w, s, asked

before_each(function()
  w = world.new({ issues = { { id = "A" }, { id = "B" }, { id = "C" } }, mock = MOCK, gate = GATE })
  s = service.start(w)
  s:post("/v1/cards/ep/execute")
  assert(world.wait(function()
    asked = s:get("/v1/approvals").body.items
    return #asked == 3
  end, 20))
end)

after_each(function()
  s:stop()
  w:__close()
end)

local function answers(fields)
  local list = {}
  for i, row in ipairs(asked) do
    list[i] = world.merged({ id = row.id, hash = row.hash, verdict = "approve" }, (fields or {})[i])
  end
  return list
end

it("each verdict has its own result, and one that is refused stops none of the others", function()
  local reply = s:post("/v1/approvals/verdicts", { rule = "house.generated", verdicts = answers({
    [2] = { hash = ("0"):rep(64) }, [3] = { verdict = "deny", why = "not this one" } }) })
  assert.equal(200, reply.status, reply.text)
  local results = reply.body.results
  assert.same({ true, false, true }, { results[1].ok, results[2].ok, results[3].ok })
  assert.same({ "approved", "ERR_STALE", "denied" }, { results[1].status, results[2].code, results[3].status })
  local by = {}
  for _, event in ipairs(w:events("approval.answered")) do
    by[event.body.ask] = { event.actor, event.body.answer, event.body.why }
  end
  assert.same({ [asked[1].id] = { "human:admin", "approved" },
    [asked[3].id] = { "human:admin", "denied", "not this one" } }, by)
  assert.equal(asked[2].id, s:get("/v1/approvals").body.items[1].id)
end)

it("a question of another rule, one that is answered, and one that is not there are refused by themselves", function()
  local first = s:post("/v1/approvals/verdicts", { rule = "gate.confirm", verdicts = answers() })
  for _, result in ipairs(first.body.results) do
    assert.same({ false, "ERR_USAGE" }, { result.ok, result.code })
  end
  assert.same({}, w:events("approval.answered"))
  local one = answers()[1]
  local twice = s:post("/v1/approvals/verdicts", { rule = "house.generated", verdicts = { one, one,
    { id = "nix/1/1", hash = one.hash, verdict = "approve" }, world.merged(answers()[2], { verdict = "deny" }) } })
  local results = twice.body.results
  assert.same({ true, "ERR_TRANSITION", "ERR_NOT_FOUND", "ERR_USAGE" },
    { results[1].ok, results[2].code, results[3].code, results[4].code })
  assert.equal(1, #w:events("approval.answered"))
end)

it("a list that is none, too long, or has a verdict that is none is 422, and nothing is answered", function()
  local many = {}
  for i = 1, 101 do
    many[i] = answers()[1]
  end
  local wrong = answers()
  wrong[3].verdict = "always"
  for _, verdicts in ipairs({ many, wrong, "all" }) do
    assert.equal(422, s:post("/v1/approvals/verdicts", { rule = "house.generated", verdicts = verdicts }).status)
  end
  assert.equal(422, s:post("/v1/approvals/verdicts", '{"rule":"house.generated","verdicts":[]}').status)
  assert.same({}, w:events("approval.answered"))
end)
