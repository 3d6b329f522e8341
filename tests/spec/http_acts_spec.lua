-- http_acts_spec.lua: a person's acts over HTTP, each by what it comes to: comments, moves, answers, unknown
-- outcomes, labels, what is remembered.

local beyond = dofile("tests/support/beyond.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function act(s, name, fields)
  return s:post("/v1/acts/" .. name, fields)
end

local function status_of(s, id)
  return s:get("/v1/cards/" .. id).body.status
end

local function becomes(s, id, status)
  local is_so = world.wait(function() return status_of(s, id) == status end, 20)
  assert(is_so, id .. " is " .. status_of(s, id))
end

describe("acts on cards over HTTP", function()
  local w, s

  before_each(function()
    w = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = [[function work(talk)
      if not talk.text:find("blue, please", 1, true) then
        return say(call("request_excuse", { reason = "which colour?" }))
      end
      return steps(talk, function() return say(write("colour", "blue\n")) end, function() return say(finish()) end)
    end]] })
    s = service.start(w)
  end)

  after_each(function()
    s:stop()
    w:__close()
  end)

  it("a move of a revision is made once: an older one is 409 with both, and nothing happens", function()
    local revision = s:get("/v1/cards/A").body.revision
    local moved = act(s, "move", { card = "A", status = "canceled", revision = revision, why = "not needed" })
    assert.same({ 200, "canceled" }, { moved.status, moved.body.status })
    local now = s:get("/v1/cards/A").body.revision
    local late = act(s, "move", { card = "A", status = "archived", revision = revision })
    assert.same({ 409, "ERR_STALE", now, revision },
      { late.status, late.body.code, late.body.revision, late.body.sent })
    assert.same({ "ready>canceled" }, w:moves("A"))
    assert.equal(404, act(s, "move", { card = "nix", status = "canceled" }).status)
    local illegal = act(s, "move", { card = "B", status = "done" })
    assert.same({ 409, "ERR_TRANSITION" }, { illegal.status, illegal.body.code })
  end)

  it("an answer to a question becomes a comment, and the card goes on with it", function()
    s:post("/v1/cards/A/execute")
    becomes(s, "A", "waiting_for_developer")
    assert.equal(409, act(s, "answer", { card = "B", text = "blue" }).status)
    local told = act(s, "answer", { card = "A", text = "blue, please" })
    assert.equal(200, told.status, told.text)
    becomes(s, "A", "done")
    local comments = s:get("/v1/cards/A").body.comments
    assert.same({ "human:admin", "blue, please" }, { comments[#comments].author, comments[#comments].text })
    assert.equal("ready", status_of(s, "B"))
  end)

  it("what is remembered is found, and forgotten once", function()
    local made = act(s, "remember", { text = "use tabs in makefiles", epic = "ep" })
    assert.equal(200, made.status, made.text)
    assert.equal("memory", s:get("/v1/search?q=tabs+in+makefiles").body.items[1].kind)
    local id = ("%d"):format(made.body.id)
    assert.equal(200, act(s, "forget", { id = id }).status)
    assert.equal(409, act(s, "forget", { id = id }).status)
    assert.equal(404, act(s, "forget", { id = "99" }).status)
  end)

  it("a plan or a conversation without a text is refused, and makes no card", function()
    for _, name in ipairs({ "plan.open", "talk.say" }) do
      assert.equal(400, s:post("/v1/acts/" .. name, { text = " " }).status)
    end
    assert.is_nil(s:get("/v1/board").text:find("PLAN-1", 1, true))
    assert.is_nil(s:get("/v1/board").text:find("CHAT-1", 1, true))
  end)

  it("a field that an act does not have, or of another type, is 422 with its place", function()
    for fields, path in pairs({ ['{"card":"A","text":"x","as":"human:other"}'] = "/body/as",
      ['{"card":7,"text":"x"}'] = "/body/card", ['{"text":"x"}'] = "/body" }) do
      local reply = act(s, "comment", fields)
      assert.same({ 422, path }, { reply.status, reply.body.errors[1].path })
    end
    local said = act(s, "comment", { card = "A", text = "x", who = "human:other" })
    assert.equal(422, said.status)
    assert.same({}, s:get("/v1/cards/A").body.comments)
  end)
end)

it("an operation of which nobody knows the outcome is answered over HTTP, and is never done twice", function()
  local server <close> = beyond.serve()
  local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "post"')
  local w <close> = world.new({
    issues = { { id = "A" } }, binary = beyond.binary, rules = { labels = "off" },
    files = { ["tools/post.lua"] = beyond.TOOL, ["roles/coder.lua"] = role },
    mock = "local PORT = " .. server.port .. [[

      function work(talk) return steps(talk,
        function() return say(call("post", { port = PORT, text = "break it" })) end,
        function() return say(finish("posted")) end) end]] })
  local s <close> = service.start(w, { binary = beyond.binary,
    environment = "ORKET_API_KEY=" .. service.KEY .. " ORKET_LUA=" .. server.lua })
  s:post("/v1/cards/A/execute")
  becomes(s, "A", "blocked")
  assert.equal("unknown", s:get("/v1/inbox").body.items[1].kind)
  local passed = act(s, "retry", { card = "A" })
  assert.same({ 409, "ERR_TRANSITION" }, { passed.status, passed.body.code })
  assert.equal(400, act(s, "answer", { card = "A", text = "perhaps" }).status)
  local told = act(s, "answer", { card = "A", text = "happened the number is 17" })
  assert.equal(200, told.status, told.text)
  becomes(s, "A", "done")
  assert.same({ ["break it"] = 1 }, server:heard())
  local answered = w:events("operation.answered")[1]
  assert.same({ "human:admin", "happened", "the number is 17" },
    { answered.actor, answered.body.answer, answered.body.text })
  s:stop()
end)
