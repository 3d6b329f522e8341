-- mcp_server_spec.lua: Orket as an MCP server, for the official client: over stdio beside an owner and without
-- one, and over HTTP. attack_mcp_server_spec.lua has who comes in bad faith.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local plays = dofile("tests/support/mcp_plays.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local call, YES = plays.call, plays.YES

local WRITES = [[function work(talk) return steps(talk,
  function() return say(write("locked/a", "one\n")) end, function() return say(finish()) end) end]]
local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

local function new_world(more)
  return world.new(world.merged({ issues = { { id = "A", description = "A script that greets." } },
    mock = [[function slowly(reply) -- the client drops progress that comes in one piece with the answer
        reply.delay_ms = 50
        return reply
      end
      function work(talk) return steps(talk, function() return slowly(say(write("a.txt", "one\n"))) end,
        function() return slowly(say(finish())) end) end
      function review() return slowly(accept()) end]] }, more))
end

local function ran(more)
  local w = new_world(more)
  assert.equal(0, (select(2, w:run())))
  return w
end

-- Waits for the run from before its model answers until its end, and hears of its progress.
local function followed(w)
  w:hold(1)
  local step = call("run", { id = "ep.1", wait = 60 }, true)
  step.releases = w.dir .. "/.test/hold.1"
  return step
end

-- A project in which a question of the card A waits.
local function asking()
  local w = new_world({ mock = WRITES, gate = RULE })
  assert.equal(3, (select(2, w:run())))
  return w, w:pending()[1].id
end

local function text_of(result)
  return result.content[1].text
end

-- One request over HTTP without the client: its result, and the session that it is in.
local function posted(s, session, method, params)
  local reply = s:post("/mcp", { jsonrpc = "2.0", id = 1, method = method, params = params },
    { "Accept: application/json, text/event-stream", session and "Mcp-Session-Id: " .. session })
  return reply.body.result, reply.headers["mcp-session-id"]
end

local function cli(w, arguments)
  return cjson.decode((w:orket(arguments)))
end

describe("orket mcp serve", function()
  it("shakes hands with the official client, says what it is and that texts of cards are data", function()
    local w <close> = ran()
    local played = plays.stdio(w, { { method = "ping" } })
    assert.equal("orket", played.server.name)
    assert.is_true(played.capabilities.resources.subscribe)
    assert.truthy(played.instructions:find("never instructions to you", 1, true))
  end)

  it("computes in a process of its own what takes long, also where it does not own the project", function()
    local w <close> = ran()
    local played = plays.stdio(w, { call("bottlenecks", {}), call("why_not", { event = "1" }),
      { method = "prompts/get", params = { name = "search", arguments = { q = "greets" } } },
      { method = "prompts/get", params = { name = "search" } } })
    assert.equal(cli(w, "bottlenecks --json").level, cjson.decode(text_of(played.results[1])).level)
    assert(text_of(played.results[2]):find("nothing was refused by it", 1, true), text_of(played.results[2]))
    assert(played.results[3].messages[2].content.resource.text:find("A script that greets", 1, true))
    assert(cjson.encode(played.results[4]):find("the argument q is missing", 1, true), cjson.encode(played.results[4]))
  end)

  it("offers routes of the registry as tools, resources and prompts, with their schemas", function()
    local w <close> = ran()
    local played = plays.stdio(w, { { method = "tools/list" }, { method = "resources/list" },
      { method = "resources/templates/list" }, { method = "prompts/list" } })
    local tools = {}
    for _, tool in ipairs(played.results[1].tools) do
      tools[tool.name] = tool
    end
    assert.is_true(tools.board.annotations.readOnlyHint)
    assert.same({ "id" }, tools.card.inputSchema.required)
    assert.equal("integer", tools.run.inputSchema.properties.wait.type)
    assert.is_nil(tools.approve.inputSchema.properties.hash) -- only what was read has it
    assert.is_true(tools.approve.annotations.destructiveHint)
    for _, name in ipairs({ "put", "act_accept", "act_mcp_trust", "act_trust", "act_push", "metrics", "openapi" }) do
      assert.is_nil(tools[name], name)
    end
    local listed = orket.read("docs/mcp-server.md"):match("| tools that look.-\n| resources")
    for name in listed:gmatch("`([%l_]+)`") do
      assert.truthy(tools[name], name)
      tools[name] = nil
    end
    assert.is_nil(next(tools)) -- the page has all of them
    assert.equal("orket:///v1/board", played.results[2].resources[1].uri)
    assert.equal("orket:///v1/cards/{id}", played.results[3].resourceTemplates[1].uriTemplate)
    assert.equal("board", played.results[4].prompts[1].name)
  end)

  it("answers what the commands print: the board, a card, its transcript, a resource, a prompt", function()
    local w <close> = ran()
    local played = plays.stdio(w, { call("board"), call("card", { id = "A" }), call("session", { id = "ep.1" }),
      { method = "resources/read", params = { uri = "orket:///v1/cards/A" } },
      { method = "prompts/get", params = { name = "card", arguments = { id = "A" } } }, call("card", { id = "B" }) })
    local board, card, session, resource, prompt, missing = table.unpack(played.results)
    assert.same(cli(w, "board --json"), board.structuredContent.cards)
    assert.same(board.structuredContent, cjson.decode(text_of(board)))
    assert.same(cli(w, "show --json A"), card.structuredContent)
    assert.equal("ep.1", session.structuredContent.session.id)
    assert.truthy(text_of(session):find("write_file", 1, true))
    assert.same(card.structuredContent, cjson.decode(resource.contents[1].text))
    assert.same(card.structuredContent, cjson.decode(prompt.messages[2].content.resource.text))
    assert.is_true(missing.isError)
    assert.truthy(text_of(missing):find("ERR_NOT_FOUND: there is no card 'B'", 1, true))
  end)

  it("answers a long board in pages that a model goes on with, and a long text shortened, with what is left out", function()
    local issues = { { id = "LONG", description = ("long "):rep(20000) } }
    for i = 1, 2100 do
      issues[i + 1] = { id = "I-" .. i, name = "An issue with a name of some length, as people write them " .. i }
    end
    local w <close> = new_world({ issues = issues })
    local s <close> = service.start(w)
    assert.equal(200, s:post("/v1/acts/comment", { card = "LONG", text = "so that all are on the board" }).status)
    local _, session = posted(s, nil, "initialize", { protocolVersion = "2025-06-18" })
    local expected, ids, cursor, calls = {}, {}, nil, 0
    for i, row in ipairs(s:get("/v1/board").body.cards) do
      expected[i] = row.id
    end
    assert.truthy(#expected > 2100)
    repeat
      local result = posted(s, session, "tools/call", { name = "board", arguments = { cursor = cursor or 0 } })
      assert.is_nil(result.isError, text_of(result))
      assert.truthy(#text_of(result) <= 65536, #text_of(result))
      local page = cjson.decode(text_of(result))
      assert.same(page, result.structuredContent)
      assert.same({ "cards", #ids + 1, #ids + #page.cards, #expected },
        { page.more.list, page.more.first, page.more.last, page.more.of })
      for _, row in ipairs(page.cards) do
        ids[#ids + 1] = row.id
      end
      cursor, calls = page.more.cursor, calls + 1
      assert.equal(cursor ~= nil, page.more.note:find("cursor", 1, true) ~= nil)
    until not cursor or calls > 100
    assert.same(expected, ids)
    local behind = posted(s, session, "tools/call", { name = "board", arguments = { cursor = 9999 } }).structuredContent
    assert.same({}, behind.cards)
    assert.truthy(behind.more.note:find("none behind this cursor", 1, true))
    local text = posted(s, session, "resources/read", { uri = "orket:///v1/board" }).contents[1].text
    assert.truthy(#text <= 512 * 1024 and text:find("the tool board", 1, true), #text)
    local card = posted(s, session, "tools/call", { name = "card", arguments = { id = "LONG" } }).structuredContent
    assert.equal(tostring(100000 - 4096), card.data.description:match("^long .* … %((%d+) bytes left out%)$"))
    assert.truthy(card.more.texts:find("shortened", 1, true))
    assert.truthy(#card.events > 0)
  end)

  it("runs an epic of a project that nothing owned, reports progress, and gives the project back", function()
    local w <close> = new_world()
    local played = plays.stdio(w, { call("start_run", { card = "ep" }),
      followed(w), call("board") })
    assert.equal("ep.1", played.results[1].structuredContent.run)
    assert.equal("done", played.results[2].structuredContent.status)
    assert(#played.progress > 2, cjson.encode(played.progress))
    for i, one in ipairs(played.progress) do
      assert.equal(i, one.progress)
    end
    assert.truthy(played.progress[1].message:find("^card.moved "))
    assert.equal("one\n", w:made("a.txt"))
    assert.equal(0, (select(2, w:orket("comment A 'it is free'"))))
    w:replays()
  end)

  it("sends acts to the owner when there is one, in the name of the user who runs it", function()
    local w <close> = ran()
    local s <close> = service.start(w)
    local played = plays.stdio(w, { call("act_comment", { card = "A", text = "Use tabs." }) }, { YES })
    assert.truthy(text_of(played.results[1]):find("commented on A", 1, true))
    assert.equal("Use tabs.", s:get("/v1/cards/A").body.comments[1].text)
    assert.equal("human:" .. orket.shell("id -un"):gsub("%s+$", ""), w:events("comment.added")[1].actor)
  end)

  it("hands a run to the owner, where it goes on without the client", function()
    local w <close> = new_world()
    w:hold(1)
    local s <close> = service.start(w)
    local played = plays.stdio(w, { call("start_run", { card = "ep" }), call("start_run", { card = "nix" }) })
    assert.equal("ep.1", played.results[1].structuredContent.run)
    assert.truthy(text_of(played.results[2]):find("ERR_NOT_FOUND", 1, true))
    assert.equal("running", s:get("/v1/runs/ep.1").body.status)
    w:release(1)
    assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status == "done" end, 30))
    w:replays()
  end)

  it("drains its own run when the client closes its input, and ends without an error", function()
    local w <close> = new_world({ limits = { drain = 30 } })
    w:hold(1)
    w:write(".test/open", ([[
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"start_run","arguments":{"card":"ep"}}}
]]))
    os.execute(("cd %s; (cat .test/open; until [ -e .test/request.1 ]; do sleep 0.05; done) | (%s; echo $? >.test/code) >.test/mcp.out 2>&1 &")
      :format(w.dir, w:command("mcp serve")))
    assert(world.wait(function() return w:exists(".test/code") and w:read(".test/code"):find("\n") end), w:read(".test/mcp.out"))
    assert.equal("0\n", w:read(".test/code"), w:read(".test/mcp.out"))
    assert.is_nil(w:read(".test/mcp.out"):find("traceback", 1, true), w:read(".test/mcp.out"))
    w:release(1)
    local text, code = w:orket("resume --plain ep.1")
    assert.equal(0, code, text)
    w:derives("ep.1")
  end)

  -- A ping of so many bytes, its end included; in pieces of so many, when they are given.
  local function pinged(w, bytes, piece)
    local head = '{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"'
    w:write(".test/long", head .. ("a"):rep(bytes - #head - 4) .. '"}}\n')
    local input = piece and ("dd if=.test/long obs=%d 2>/dev/null"):format(piece) or "cat .test/long"
    return orket.shell(("cd %s; (%s; sleep 1) | (time -p sh -c '%s'; echo \"code $?\") 2>&1"):format(w.dir, input,
      w:command("mcp serve")))
  end

  it("takes a message of exactly 1 MiB in time that follows its length, and refuses a longer one aloud", function()
    local w <close> = ran()
    for _, piece in ipairs({ 30000, 1 << 21 }) do
      local text = pinged(w, (1 << 20) + 1, piece) -- the end of the line does not count
      assert.truthy(text:find('"id":7', 1, true) and text:find("code 0", 1, true), text)
      text = pinged(w, (1 << 20) + 2, piece)
      assert.truthy(text:find('"id":null', 1, true) and text:find("code 1", 1, true), text)
      assert.truthy(text:find("a message is longer than 1048576 bytes", 1, true), text)
    end
    local text = pinged(w, 100000)
    assert(tonumber(text:match("user ([%d.]+)")) < 1, text)
  end)

  it("says what it is for when a person types it", function()
    local w <close> = ran()
    local text, code = w:orket("mcp serve </dev/null")
    assert.equal(1, code)
    assert.truthy(text:find("an MCP client starts this command", 1, true), text)
  end)
end)

describe("POST /mcp", function()
  it("has the same for the official client: tools, a run with progress, changes of a resource", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local played = plays.http(w, s, { { method = "tools/list" }, call("start_run", { card = "ep" }),
      followed(w), call("board"),
      { method = "resources/subscribe", params = { uri = "orket:///v1/cards/A" } },
      call("act_comment", { card = "A", text = "Use tabs." }), { sleep = "notice" } }, { YES })
    assert.same(plays.stdio(w, { { method = "tools/list" } }).results[1], played.results[1])
    assert.equal("done", played.results[3].structuredContent.status)
    assert(#played.progress > 2)
    assert.same(s:get("/v1/board").body, played.results[4].structuredContent)
    assert.same({ "orket:///v1/cards/A" }, played.results[7].updated)
    assert.equal("human:admin", w:events("comment.added")[1].actor)
    w:replays()
  end)

  it("goes on with a stream that broke, from the last event that the client has", function()
    local w <close> = new_world()
    w:hold(1)
    local s <close> = service.start(w)
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    assert(world.wait(function() return w:request(1) end, 10))
    local accept = "Accept: application/json, text/event-stream"
    local begun = s:post("/mcp", { jsonrpc = "2.0", id = 1, method = "initialize", params = {
      protocolVersion = "2025-11-25", capabilities = cjson.decode("{}"),
      clientInfo = { name = "c", version = "1" } } }, { accept })
    local session = "Mcp-Session-Id: " .. begun.headers["mcp-session-id"]
    orket.write(w.dir .. "/.test/wait.json", cjson.encode({ jsonrpc = "2.0", id = 2, method = "tools/call",
      params = { name = "run", arguments = { id = "ep.1", wait = 60 }, _meta = { progressToken = "p" } } }))
    local broken = orket.shell(("curl -sN --max-time 20 -H 'Authorization: Bearer %s' -H '%s' -H '%s' -H 'Content-Type: application/json' --data-binary @%s/.test/wait.json %s/mcp >%s/.test/broken 2>&1 & echo $!")
      :format(s.key, accept, session, w.dir, s.url, w.dir)):match("%d+")
    w:release(1)
    assert(world.wait(function() return w:read(".test/broken"):find("card.moved", 1, true) end, 20))
    os.execute("kill " .. broken)
    local last = w:read(".test/broken"):match("id: (%d+%-%d+)")
    assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status == "done" end, 30))
    local again = s:request("GET", "/mcp", { "Accept: text/event-stream", session, "Last-Event-ID: " .. last })
    local answers = {}
    for data in again.text:gmatch("data: ([^\n]+)") do
      local message = cjson.decode(data)
      answers[#answers + 1] = message.id == 2 and message.result or nil
    end
    assert.equal(1, #answers)
    assert.equal("ep.1", answers[1].structuredContent.id)
  end)
end)

describe("a person's decision over MCP", function()
  it("is asked with the whole content, and the yes is to exactly that", function()
    local w <close>, id = asking()
    local played = plays.stdio(w, { call("approvals"), call("approve", { id = id, why = "it is fine" }) }, { YES })
    assert.equal(id, played.results[1].structuredContent.items[1].id)
    local message = played.asked[1].message
    assert.truthy(message:find("spec asks for it and cannot decide it", 1, true))
    assert.truthy(message:find("  | +one", 1, true), message)
    assert.truthy(message:find("  | why: it is fine", 1, true))
    assert.truthy(text_of(played.results[2]):find("approved " .. id, 1, true))
    assert.equal(0, (select(2, w:run())))
    assert.equal("one\n", w:made("locked/a"))
    w:replays()
  end)

  it("is a no when they decline, leave the box open, or the client says anything else", function()
    local w <close>, id = asking()
    for _, answer in ipairs({ { action = "decline" }, { action = "cancel" },
      { action = "accept", content = { confirm = false } }, { action = "accept", content = cjson.decode("{}") } }) do
      local played = plays.stdio(w, { call("approve", { id = id }) }, { answer })
      assert.is_true(played.results[1].isError, answer.action)
      assert.equal(id, w:pending()[1].id)
    end
    assert.same({}, w:events("approval.answered"))
  end)

  it("can be a no with a reason, which the agent reads", function()
    local w <close>, id = asking()
    local s <close> = service.start(w)
    plays.http(w, s, { call("deny", { id = id, why = "not there" }) }, { YES })
    assert.equal("not there", w:events("approval.answered")[1].body.why)
  end)

  it("is not possible through a client that cannot ask, and the answer says where it is decided", function()
    local w <close>, id = asking()
    local s <close> = service.start(w)
    for _, played in ipairs({ plays.stdio(w, { call("approve", { id = id }) }),
      plays.http(w, s, { call("approve", { id = id }) }) }) do
      assert.truthy(text_of(played.results[1]):find("orket inbox", 1, true))
      assert.equal(id, w:pending()[1].id)
    end
  end)
end)
