-- api_planning_spec.lua: plans and conversations over the service: what a person says is an act, what a seat
-- answers and proposes is in the journal.

local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local ECHO = orket.read("tests/support/teams/chat_echo.lua")
local PLANNER = orket.read("tests/support/planner.lua") .. [[
function plan(tool)
  return tool == "propose_requirements" and { requirements = { "it is done" } } or sound()
end
]]

local w, s

local function served(mock)
  w = world.new({ issues = { { id = "A" } }, mock = mock })
  s = service.start(w)
end

local function over()
  s:stop()
  w:__close()
end

local function get(template, path)
  return s:checked(template, path)
end

local function settled(id)
  local talk
  assert(world.wait(function()
    talk = get("/v1/conversations/{id}", "/v1/conversations/" .. id)
    return talk.status == "waiting_for_developer"
  end, 30))
  return talk
end

describe("a conversation over the service", function()
  before_each(function() served(ECHO) end)
  after_each(over)

  it("is opened, answered by a run, and gone on with, in the person's name", function()
    local opened = s:post("/v1/conversations", { text = "good day" })
    assert.equal(202, opened.status, opened.text)
    assert.same({ "CHAT-1", "CHAT-1.1" }, { opened.body.card, opened.body.run })
    local talk = settled("CHAT-1")
    assert.same({ "human:admin", "good day", "you said: good day" },
      { talk.said[1].author, talk.said[1].text, talk.said[2].text })
    assert.is_nil(talk.why)
    assert.equal(202, s:post("/v1/conversations/CHAT-1", { text = "and now" }).status)
    assert(world.wait(function()
      return #get("/v1/conversations/{id}", "/v1/conversations/CHAT-1").said == 4
    end, 30))
    assert.equal("you said: and now", settled("CHAT-1").said[4].text)
    assert.same(cjson.decode((w:orket("chat --list --json"))), get("/v1/conversations").items)
    assert.equal("CHAT-1.1", talk.run)
    local early = get("/v1/conversations/{id}", ("/v1/conversations/CHAT-1?at=%d"):format(talk.said[1].seq))
    assert.same({ "ready", 1 }, { early.status, #early.said })
  end)

  it("is answered at once by the original's path", function()
    local first = s:post("/v1/system/chat-driver", { message = "hello" })
    assert.equal(200, first.status, first.text)
    assert.same({ "you said: hello", "CHAT-1" }, { first.body.response, first.body.conversation })
    local second = s:post("/v1/system/chat-driver", { message = "again", conversation = "CHAT-1" })
    assert.equal("you said: again", second.body.response, second.text)
    assert.equal(4, #get("/v1/conversations/{id}", "/v1/conversations/CHAT-1").said)
  end)

  it("is not repeated with the same key, and refuses what is nothing to say", function()
    local key = { "Idempotency-Key: k1" }
    local first = s:post("/v1/conversations", { text = "once" }, key)
    local again = s:post("/v1/conversations", { text = "once" }, { "Idempotency-Key: k1" })
    assert.same(first.body, again.body)
    settled("CHAT-1")
    assert.equal(1, #get("/v1/conversations").items)
    assert.equal(404, s:get("/v1/conversations/CHAT-9").status)
    assert.equal(404, s:post("/v1/conversations/CHAT-9", { text = "x" }).status)
    assert.equal(422, s:post("/v1/conversations", { text = "" }).status)
    assert.equal(422, s:post("/v1/conversations", { text = ("x"):rep(20001) }).status)
    assert.equal(400, s:post("/v1/conversations", { text = "  " }).status)
    assert.equal(422, s:post("/v1/system/chat-driver", {}).status)
  end)
end)

describe("a plan over the service", function()
  before_each(function() served(PLANNER) end)
  after_each(over)

  it("is asked for, proposed by a run, and taken by the approval that it waits for", function()
    local asked = s:post("/v1/plans", { text = "make a thing" })
    assert.equal(202, asked.status, asked.text)
    assert.equal("PLAN-1", asked.body.card)
    assert(world.wait(function() return get("/v1/plans").items[1].status == "waiting" end, 30),
      s:get("/v1/plans/PLAN-1").text)
    local plan = get("/v1/plans/{id}", "/v1/plans/PLAN-1")
    assert.same(cjson.decode((w:orket("plan --json --show PLAN-1"))), plan)
    assert.same({ "make a thing", "r" }, { plan.request, plan.plan.plan and plan.plan.plan.id or plan.plan.id })
    assert.same({ "PLAN-1-draft", "PLAN-1.1" }, { plan.card, plan.run })
    local item = get("/v1/inbox").items[1]
    assert.equal(item.hash, plan.question.hash) -- a yes to what the plan shows
    assert.same({ "approval", "PLAN-1" }, { item.kind, item.plan })
    local name = plan.question.id:gsub("/", "%%2F")
    local approved = s:post("/v1/approvals/" .. name .. "/approve", { hash = item.hash })
    assert.equal(200, approved.status, approved.text)
    assert(world.wait(function() return get("/v1/plans").items[1].status == "accepted" end, 30))
    local began = ("at=%d"):format(w:events("turn.started")[1].seq)
    assert.equal("open", get("/v1/plans/{id}", "/v1/plans/PLAN-1?" .. began).status)
    assert.equal("open", get("/v1/plans", "/v1/plans?" .. began).items[1].status)
    assert.same({}, get("/v1/approvals", "/v1/approvals?all=true&" .. began).items)
    assert.equal(404, s:get("/v1/plans/PLAN-2").status)
    assert.equal(422, s:post("/v1/plans", { text = "x", rock = true }).status)
  end)

  it("carries the label of a request that was written elsewhere, and takes no other text for a label", function()
    assert.equal(202, s:post("/v1/plans", { text = "make a thing", label = "untrusted" }).status)
    assert(world.wait(function() return get("/v1/plans").items[1].status == "waiting" end, 30))
    assert.same({ "untrusted" }, get("/v1/plans/{id}", "/v1/plans/PLAN-1").labels)
    for _, path in ipairs({ "/v1/plans", "/v1/acts/plan.open" }) do
      local refused = s:post(path, { text = "make a thing", label = "No label" })
      assert.same({ 400, "ERR_USAGE" }, { refused.status, refused.body.code })
    end
    assert.equal(1, #get("/v1/plans").items)
  end)
end)
