-- api_spec.lua: what the routes of the service answer, against the journal; each answer against the schema that
-- openapi.json promises; what is refused, with its place.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("gen/a.c", "x")) end,
  function() return say(write("hello.sh", "echo hello\n")) end, function() return say(finish("it greets")) end) end]]

local GATE = { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited",
  fix = "change their source" } }

-- A finished run with a refusal; every check below reads it.
local w, s, document

setup(function()
  w = world.new({ issues = { { id = "A", description = "A script that greets." } }, mock = MOCK, gate = GATE,
    rules = { budgets = { organization = { tokens = 1000000 } } } })
  s = service.ran(w)
  document = s:get("/openapi.json").body
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function cli(arguments)
  local text, code = w:orket(arguments)
  return cjson.decode(text), code
end

-- The schema of a success of an operation, whole: with the components that it refers to.
local function schema_of(path, method)
  local operation = document.paths[path][method]
  for status, response in pairs(operation.responses) do
    local content = status:find("^2") and response.content["application/json"]
    if content then
      local whole = { ["$defs"] = document.components.schemas, allOf = { content.schema } }
      return (cjson.encode(whole):gsub("#\\/components\\/schemas\\/", "#/$defs/"))
    end
  end
end

-- The text of an answer, as it came: an empty list is no empty object.
local function fits(path, method, text)
  local answer = orket.try("schema", { ('{"schema":%s,"value":%s}'):format(schema_of(path, method), text) })[1]
  assert(answer.valid, path .. ": " .. cjson.encode(answer))
end

local function get(template, path)
  local reply = s:get(path or template)
  assert.equal(200, reply.status, reply.text)
  fits(template, "get", reply.text)
  return reply.body
end

describe("the board and its cards", function()
  it("are what orket board and orket show say", function()
    local board = get("/api/board")
    assert.same(cli("board --json"), board.cards)
    assert.same(board, get("/v1/board"))
    assert.same(board, get("/v1/system/board"))
    assert.same(cli("show --json A"), get("/api/cards/{id}", "/api/cards/A"))
  end)

  it("have the transcript and the changed files of a card", function()
    local said = get("/v1/cards/{id}/transcript", "/v1/cards/A/transcript")
    local entries = {}
    for _, turn in ipairs(said.turns) do
      for _, entry in ipairs(turn.entries) do
        entries[#entries + 1] = entry
      end
    end
    local told = {}
    for line in w:orket("transcript --json A"):gmatch("[^\n]+") do
      told[#told + 1] = cjson.decode(line)
    end
    assert.same(told, entries)
    local changed = get("/v1/cards/{id}/diff", "/v1/cards/A/diff")
    assert.same(cli("diff --json A"), changed)
    assert.equal("hello.sh", changed.files[1].path)
  end)

  it("are known again by their ETag until the journal moves", function()
    local first = s:get("/api/board")
    local same = s:get("/api/board", { "If-None-Match: " .. first.headers.etag })
    assert.same({ 304, "" }, { same.status, same.text })
    s:post("/v1/acts/comment", { card = "A", text = "the journal moves" })
    local moved = s:get("/api/cards/A", { "If-None-Match: " .. first.headers.etag })
    assert.equal(200, moved.status)
    assert.equal("the journal moves", moved.body.comments[#moved.body.comments].text)
  end)

  it("are found by letters of their text, and so are comments", function()
    s:post("/v1/acts/comment", { card = "A", text = "Umlauts stay: größer" })
    local found = get("/v1/search", "/v1/search?q=gr%C3%B6%C3%9Fer").items
    assert.same({ "comment", "A" }, { found[1].kind, found[1].card })
    assert.equal("A", get("/v1/search", "/v1/search?q=SCRIPT+that+greets").items[1].id)
    assert.same({}, get("/v1/search", "/v1/search?q=%25%25").items)
  end)
end)

describe("runs", function()
  it("are what orket history and orket show say", function()
    assert.same(cli("history --json"), get("/v1/runs").items)
    assert.same(get("/v1/runs"), get("/api/sessions"))
    assert.same(cli("show --json ep.1"), get("/v1/runs/{id}", "/v1/runs/ep.1"))
  end)

  it("have their transcript in pages", function()
    local whole = get("/api/sessions/{id}", "/api/sessions/ep.1")
    assert.equal("ep.1", whole.session.id)
    assert.equal(2, #whole.turns)
    local first = get("/v1/sessions/{id}", "/v1/sessions/ep.1?limit=1")
    assert.same({ whole.turns[1] }, first.turns)
    local second = get("/v1/sessions/{id}", ("/v1/sessions/ep.1?limit=1&after=%d"):format(first.next))
    assert.same({ whole.turns[2] }, second.turns)
    assert.is_nil(second.next)
  end)

  it("have their events in pages, those of the journal", function()
    local events, after = {}, 0
    repeat
      local page = get("/v1/runs/{id}/events", ("/v1/runs/ep.1/events?limit=7&after=%d"):format(after))
      table.move(page.items, 1, #page.items, #events + 1, events)
      after = page.next
    until not after
    local told = {}
    for line in w:orket("log --json --run ep.1 -n 1000"):gmatch("[^\n]+") do
      told[#told + 1] = cjson.decode(line)
    end
    assert.same(told, events)
    local moves = get("/v1/events", "/v1/events?kinds=card.moved&card=A").items
    assert.equal(#w:moves("A"), #moves)
  end)
end)

describe("reports", function()
  it("say what was refused, why, by which rule, and what follows from what", function()
    local report = get("/v1/reports").items[1]
    local told = cjson.decode((w:orket("reports --json"):match("[^\n]+")))
    assert.same(told, report)
    assert.equal("house.generated", report.rule)
    local path = ("/v1/why/%d"):format(report.event)
    local reason, expected = s:get(path), cli(("why --json %d"):format(report.event))
    for i, link in ipairs(expected.chain) do -- each with the place of its event
      link.run, link.turn, link.n = "ep.1", 1, reason.body.chain[i].n
      assert.equal("integer", math.type(math.tointeger(link.n)))
    end
    assert.same(expected, reason.body)
    local moved = get("/v1/why/{event}", "/v1/why/A")
    assert.is_true(moved.complete)
    assert.equal("code_review", moved.event.body.from)
  end)

  it("have a page behind the last one", function()
    assert.same({}, get("/v1/reports", "/v1/reports?rule=nix*").items)
    local first = get("/v1/reports", "/v1/reports?limit=1")
    local rest = get("/v1/reports", ("/v1/reports?before=%d"):format(first.items[1].event))
    assert.equal(0, #rest.items)
  end)

  it("say what was spent and may be", function()
    assert.same(cli("cost --json"), get("/v1/costs"))
    assert.same(cli("cost --json --by card"), get("/v1/costs", "/v1/costs?by=card"))
    assert.same(cli("budget --json --all"), get("/v1/budgets"))
  end)
end)

local NO_JSON = { ["/metrics"] = true, ["/ws/events"] = true, ["/v1/blobs/{hash}"] = true,
  ["/v1/cards/{id}/file"] = true, ["/v1/cards/{id}/archive"] = true }

describe("the service", function()
  it("counts for Prometheus what the journal has, and what it answered", function()
    local text = s:get("/metrics").text
    for _, sample in ipairs({ 'orket_cards{status="done"} 2', 'orket_runs_total 1', 'orket_turns_total 2',
      'orket_refusals_total{rule="house.generated",decision="deny"} 1', 'orket_runs_under_way 0' }) do
      assert(text:find("\n" .. sample .. "\n", 1, true), sample .. "\n" .. text)
    end
    assert.equal(w:sql("SELECT sum(tokens_in) FROM turn"), text:match('orket_model_tokens_in_total{model="m"} (%d+)'))
    assert.truthy(text:find('orket_http_requests_total{route="runs",status="200"}', 1, true))
  end)

  it("describes each route once, with a schema of what it answers", function()
    assert.equal("3.1.0", document.openapi)
    local ids = {}
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        assert.is_nil(ids[operation.operationId], operation.operationId)
        ids[operation.operationId] = true
        assert.truthy(operation["x-permission"], path)
        assert(NO_JSON[path] or schema_of(path, method), path)
      end
    end
    assert.is_true(ids.board and ids.execute and ids.approve and ids.act_comment and ids.metrics)
  end)

  it("offers a person's acts, but none that reads files of its machine, and none of a program", function()
    assert.truthy(document.paths["/v1/acts/move"])
    for _, name in ipairs({ "put", "attach", "recall", "mcp.changed", "approve", "deny" }) do
      assert.is_nil(document.paths["/v1/acts/" .. name], name)
      assert.equal(404, s:post("/v1/acts/" .. name, { card = "A" }).status)
    end
  end)

  it("performs an act in the name of the key, through the registry that commands use", function()
    local reply = s:post("/v1/acts/comment", { card = "A", text = "over the API" })
    assert.equal(200, reply.status, reply.text)
    fits("/v1/acts/comment", "post", reply.text)
    local events = w:events("comment.added")
    assert.equal("human:admin", events[#events].actor)
    assert.equal(422, s:post("/v1/acts/comment", { card = "A", text = "x", who = "somebody" }).status)
    local refused = s:post("/v1/acts/move", { card = "A", status = "ready" })
    assert.same({ 409, "ERR_TRANSITION" }, { refused.status, refused.body.code })
  end)

  it("names the place of what does not fit", function()
    local cases = {
      { s:get("/v1/runs?limit=0"), "/query/limit" },
      { s:get("/v1/runs?limit=x"), "/query/limit" },
      { s:get("/v1/runs?limt=1"), "/query/limt" },
      { s:get("/v1/runs?limit=1&limit=2"), "/query/limit" },
      { s:post("/v1/runs", { card = 7 }), "/body/card" },
      { s:post("/v1/runs", { card = "ep", more = 1 }), "/body/more" },
      { s:post("/v1/acts/comment", { text = "no card" }), "/body" },
      { s:post("/v1/runs/ep.1/halt", { now = true }), "/body" },
    }
    for i, case in ipairs(cases) do
      assert.equal(422, case[1].status, i .. ": " .. case[1].text)
      assert.equal("ERR_SCHEMA", case[1].body.code)
      assert.equal(case[2], case[1].body.errors[1].path, i .. ": " .. case[1].text)
    end
  end)

  it("answers failures as problems with code, fix and the id of the request", function()
    local reply = s:get("/v1/cards/nix", { "X-Request-Id: r-7" })
    assert.same({ 404, "application/problem+json", "r-7" },
      { reply.status, reply.headers["content-type"], reply.headers["x-request-id"] })
    get("/v1/version")
    local problem = reply.body
    assert.same({ "ERR_NOT_FOUND", "urn:orket:ERR_NOT_FOUND", "r-7", 404 },
      { problem.code, problem.type, problem.instance, problem.status })
    assert.truthy(problem.fix)
    local method = s:request("DELETE", "/v1/runs")
    assert.same({ 405, "GET, POST" }, { method.status, method.headers.allow })
    local kind = s:request("POST", "/v1/runs", { "Content-Type: text/plain" }, "{}")
    assert.equal(415, kind.status)
    assert.equal(400, s:post("/v1/runs", "{").status)
  end)

  it("answers HEAD as GET without the body", function()
    local head, whole = s:request("HEAD", "/api/board"), s:get("/api/board")
    assert.equal("", head.text)
    assert.equal(whole.headers["content-length"], head.headers["content-length"])
    local stream = s:request("HEAD", "/v1/events", { "Accept: text/event-stream" }) -- of that there is no end
    assert.same({ 200, "text/event-stream" }, { stream.status, stream.headers["content-type"] })
  end)

  it("takes tags as a proxy that compresses makes them, lists of them, and a star", function()
    local tag = s:get("/v1/board").headers.etag
    for sent, status in pairs({ [tag] = 304, ["W/" .. tag] = 304, ['"x", ' .. tag] = 304, ["*"] = 304,
      ['"x"'] = 200, [tag:sub(1, -2)] = 200 }) do
      assert.equal(status, s:request("GET", "/v1/board", { "If-None-Match: " .. sent }).status, sent)
    end
  end)

  -- What is answered to the first line of a request for this server.
  local function answer_to(line)
    local text = orket.shell(("timeout 20 bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d; "
      .. "printf \"%s\\r\\nHost: x\\r\\n\\r\\n\" >&3; cat <&3'"):format(s.port, line))
    local head, body = text:match("^(.-)\r\n\r\n(.*)$")
    assert.truthy(head and head:find("application/problem+json", 1, true), text)
    return head, cjson.decode(body)
  end

  it("answers what is no HTTP as a problem, too", function()
    local _, problem = answer_to("GET board HTTP/1.1")
    assert.same({ 400, "Bad Request", "ERR_USAGE", "urn:orket:ERR_USAGE" },
      { problem.status, problem.title, problem.code, problem.type })
    local refused = s:log("refused", 1)[1]
    assert.same({ "127.0.0.1", 400, "ERR_USAGE", problem.detail },
      { refused.address, refused.status, refused.code, refused.why })
    assert.truthy(s:get("/metrics").text:find('orket_http_requests_total{route="none",status="400"} %d'))
  end)

  it("gives what is no request an id: in the head of its answer, in the problem, in the log", function()
    local ids = {}
    for line, status in pairs({ nonsense = 400, ["CONNECT h:1 HTTP/1.1"] = 501, ["GET / HTTP/2.0"] = 505,
      ["GET /" .. ("a"):rep(17000) .. " HTTP/1.1"] = 414 }) do
      local head, problem = answer_to(line)
      local id = assert(head:match("\r\nX%-Request%-Id: (%S+)"), head)
      assert.same({ status, id, nil }, { problem.status, problem.instance, ids[id] })
      ids[id] = status
    end
    world.wait(function()
      for _, row in ipairs(s:log("refused")) do
        ids[row.id] = ids[row.id] ~= row.status and ids[row.id] or nil
      end
      return not next(ids)
    end)
    assert.same({}, ids)
  end)
end)
