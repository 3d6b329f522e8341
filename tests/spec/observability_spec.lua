-- observability_spec.lua: /health, /metrics against the journal and the rules of Prometheus' format, the log of
-- the service. Traces: traces_spec.lua.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local PYTHON = dofile("tests/support/network.lua").python

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("gen/a.c", "x")) end,
  function() return say({ name = "no_such_tool", arguments = {} }) end,
  function() return say(write("hello.sh", "echo hello\n")) end, function() return say(finish("it greets")) end) end]]

local GATE = { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited" } }

local function new_world(more)
  more = more or {}
  return world.new({ issues = more.issues or { { id = "A" }, { id = "B" } }, mock = more.mock or MOCK, gate = GATE,
    model = more.model, limits = more.limits })
end

local function scrape(s)
  local reply = s:get("/metrics")
  assert.equal(200, reply.status, reply.text)
  return reply.text
end

describe("what leaves as a log or a span", function()
  it("has no credential, and no query of a URL, and stays JSON", function()
    for before, after in pairs({
      ['{"url":"https://a.example/hook?token=abc&x=1"}'] = '{"url":"https://a.example/hook?***"}',
      ['{"text":"see \\"http://a/b?c=d\\", https://e/f?g"}'] = '{"text":"see \\"http://a/b?***\\", https://e/f?***"}',
      ['{"url":"https://me:pw@a.example/x?y"}'] = '{"url":"https://***@a.example/x?***"}',
      ['{"text":"is https://a.example/ there? yes"}'] = '{"text":"is https://a.example/ there? yes"}',
    }) do
      assert.equal(after, orket.probe(("io.write(require('orket.telemetry.redaction').clean(%q))"):format(before)))
    end
  end)
end)

local function values(text)
  local map = {}
  for name, value in text:gmatch("\n([%w_]+{?[^\n]-}?) ([^ \n]+)%f[\n]") do
    map[name] = tonumber(value)
  end
  return map
end

-- What follows from the journal, and from nothing else.
local function of_journal(text)
  local map = values(text)
  for name in pairs(map) do
    local is_own = name:find("^process_") or name:find("^orket_host") or name:find("^orket_disk")
      or name:find("^orket_http") or name:find("^orket_loop") or name:find("^orket_commit")
      or name:find("^orket_model_requests_[ow]") or name:find("^orket_event_streams")
    map[name] = not is_own and map[name] or nil
  end
  return map
end

local function run(s, card)
  local begun = s:post("/v1/runs", { card = card })
  assert.equal(202, begun.status, begun.text)
  assert(world.wait(function() return s:get("/v1/runs/" .. begun.body.run).body.status == "done" end, 30))
end

local function complaints(text)
  local file = os.tmpname()
  orket.write(file, text)
  local said, code = orket.shell(PYTHON .. " tests/support/exposition.py <" .. file .. " 2>&1")
  os.remove(file)
  return said, code
end

describe("the end of a server", function()
  it("is no stall, however long the loop had waited for the signal", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, limits = { drain = 60 } })
    w:hold(1)
    local s <close> = service.start(w)
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    os.execute("sleep 1; kill -TERM " .. s.pid)
    assert(world.wait(function() return s:log("stopping")[1] end))
    w:release(1)
    assert(world.wait(function() return s:ended() end))
    for _, row in ipairs(s:log("stall")) do
      assert(row.ms < 500, cjson.encode(row))
    end
  end)
end)

describe("/metrics", function()
  local w, s, first, text
  setup(function()
    w = new_world({ model = { price = { input = 2, output = 10 } } })
    s = service.start(w)
    first = scrape(s) -- so that the rest is counted on top of it
    run(s, "ep")
    text = scrape(s)
  end)
  teardown(function()
    s:__close()
    w:__close()
  end)

  it("keeps the rules of the format, with and without work", function()
    for _, page in ipairs({ first, text }) do
      local said, code = complaints(page)
      assert.equal(0, code, said)
    end
    assert.equal(1, (select(2, complaints("# HELP a_total b.\n# TYPE a_total gauge\na_total 1\n"))))
  end)

  it("counts what the journal has", function()
    local map = values(text)
    assert.equal(2, map["orket_cards_done_total"])
    assert.equal(2, map['orket_card_moves_total{type="issue",to="done"}'])
    assert.equal(1, map['orket_card_moves_total{type="epic",to="done"}'])
    assert.equal(#w:events("turn.started"), map["orket_turns_total"])
    assert.equal(#w:events("turn.ended"), map["orket_turn_seconds_count"])
    assert.equal(4, map['orket_turn_ends_total{outcome="done"}'])
    assert.equal(2, map["orket_card_seconds_count"])
    assert.equal(2, map['orket_tool_calls_total{tool="write_file",result="refused"}'])
    assert.equal(2, map['orket_tool_calls_total{tool="write_file",result="ok"}'])
    assert.equal(2, map['orket_refusals_total{rule="house.generated",decision="deny"}'])
    assert.equal(#w:events("call.allowed"), map["orket_gate_allowed_total"])
    assert.equal(#w:events("step.reply"), map['orket_model_requests_total{model="m"}'])
    assert.equal(#w:events("step.reply"), map["orket_model_reply_seconds_count"])
    assert.equal(tonumber(w:sql("SELECT sum(tokens_out) FROM turn")), map['orket_model_tokens_out_total{model="m"}'])
    local money = tonumber(w:sql("SELECT sum(money) FROM turn"))
    assert(money > 0 and math.abs(map['orket_model_cost_total{model="m"}'] - money / 1e6) < 1e-9)
    assert.equal(tonumber(w:sql("SELECT max(seq) FROM entry")), map["orket_events_total"])
  end)

  it("has how the process, its loop and its machine are", function()
    local map = values(text)
    for _, name in ipairs({ "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
      "process_start_time_seconds", "orket_host_memory_available_bytes", "orket_disk_free_bytes",
      "orket_commit_seconds_count", "orket_loop_busy_seconds_count", "orket_host_cpus" }) do
      assert(map[name] and map[name] > 0, name)
    end
    assert.truthy(map["process_start_time_seconds"] <= os.time() + 1)
    assert.truthy(map["process_start_time_seconds"] > os.time() - 600)
    assert.equal(0, map['orket_model_requests_waiting{model="m"}'])
  end)

  it("says the same after a restart, and counts each event once however often it is asked", function()
    for _ = 1, 3 do
      assert.same(of_journal(text), of_journal(scrape(s)))
    end
    s:stop()
    s = service.start(w)
    local map = of_journal(scrape(s))
    assert.equal(tonumber(w:sql("SELECT max(seq) FROM entry")), map["orket_events_total"])
    map["orket_events_total"] = of_journal(text)["orket_events_total"] -- it recorded its beginning
    assert.same(of_journal(text), map)
  end)

  it("has the graphics processors that NVIDIA's library tells", function()
    local other <close> = new_world()
    assert.equal("", (orket.shell("cc -shared -fPIC -o " .. other.dir .. "/.test/libnvidia-ml.so.1 tests/support/nvml/nvml.c")))
    local second <close> = service.start(other, { environment = ("ORKET_API_KEY=%s LD_LIBRARY_PATH=%s/.test")
      :format(service.KEY, other.dir) })
    local page = scrape(second)
    local map = values(page)
    assert.equal(0.75, map['orket_gpu_busy_ratio{gpu="0 Card \\"X\\""}'], page:match("orket_gpu[^\n]*"))
    assert.equal(8 << 30, map['orket_gpu_memory_bytes{gpu="0 Card \\"X\\""}'])
    assert.equal(2 << 30, map['orket_gpu_memory_used_bytes{gpu="0 Card \\"X\\""}'])
    assert.is_nil(page:find('gpu="1', 1, true))
    assert.equal(0, (select(2, complaints(page))))
  end)

  it("has no family that docs/observability.md does not list", function()
    local docs = orket.read("docs/observability.md")
    for name in text:gmatch("# TYPE ([%w_]+)") do
      assert.truthy(docs:find("`" .. name, 1, true), name)
    end
  end)

  it("tells no more than 200 names apart that models invent", function()
    local other <close> = new_world({ issues = { { id = "A" } }, limits = { repeats = 40 }, mock = [[function work(talk)
      local function many(from) local list = {}
        for i = from, from + 29 do list[#list + 1] = { name = "made_up_" .. i, arguments = {} } end
        return function() return say(table.unpack(list)) end end
      return steps(talk, many(1), many(31), many(61), many(91), many(121), many(151), many(181), many(211),
        function() return say(write("a.txt", "x")) end, function() return say(finish()) end) end]] })
    local second <close> = service.start(other)
    run(second, "ep")
    local refused, names = 0, 0
    for name, value in pairs(values(scrape(second))) do
      if name:find("^orket_tool_calls_total") then
        names, refused = names + 1, refused + (name:find('"refused"', 1, true) and value or 0)
      end
    end
    assert.equal(240, refused)
    assert.truthy(names <= 203, names)
  end)
end)

describe("/health", function()
  it("answers without a key, and reports that it stops", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local reply = s:request("GET", "/health", {}, nil, true)
    assert.same({ status = "ok", live = true, ready = true }, reply.body)
    assert.equal(401, s:request("GET", "/metrics", {}, nil, true).status)
  end)
end)

describe("the log of the service", function()
  it("begins, tells requests, and ends, a line of JSON each with its time", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    s:get("/v1/board?key=not-logged")
    s:stop()
    local kinds = {}
    for _, row in ipairs(s:log()) do
      kinds[#kinds + 1] = row.kind ~= "stall" and row.kind or nil
      assert.truthy(row.at:find("^%d+%-%d%d%-%d%dT[%d:%.]+Z$"))
    end
    assert.same({ "began", "request", "stopping", "ended" }, kinds)
    assert.same({ "board", "/v1/board" }, { s:log("request")[1].route, s:log("request")[1].path })
  end)

  it("has no credential, wherever a client puts it", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local key, token = "orket_" .. ("5d"):rep(32), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    s:get("/v1/cards/" .. key)
    s:get("/v1/cards/" .. token)
    s:request("GET", "/v1/cards/" .. service.KEY, { "X-Request-Id: " .. service.KEY })
    s:stop()
    local text = orket.read(s.err)
    assert.is_nil(text:find(key, 1, true))
    assert.is_nil(text:find(token, 1, true))
    assert.is_nil(text:find(service.KEY, 1, true))
    assert.truthy(text:find("/v1/cards/orket_***", 1, true))
  end)

  it("takes no longer for a text that is made to look like many URLs, or many tokens", function()
    local text = orket.probe([[
      local clean = require("orket.telemetry.redaction").clean
      for _, part in ipairs({ "://", "eyJ", "eyJ.", "Bearer", "orket_", "://a@" }) do
        clean(part:rep(300000))
      end
      print("done") ]], "timeout 20 env ")
    assert.equal("done\n", text)
  end)

  it("that no one reads holds nothing up: lines are dropped, counted, and the gap is said", function()
    local w <close> = new_world()
    local pipe = w.dir .. "/.test/log.pipe"
    os.execute("mkfifo " .. pipe)
    local holder = orket.shell("sleep 60 <>" .. pipe .. " >/dev/null 2>&1 & echo $!"):match("%d+")
    local s <close> = service.start(w, { err = pipe })
    local sent = orket.shell(PYTHON .. [[ -c '
import http.client, sys
c, ok = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1])), 0
for i in range(9000):
    c.request("GET", "/health"); r = c.getresponse(); r.read(); ok += r.status == 200
print(ok)' ]] .. s.port)
    assert.equal("9000\n", sent)
    local dropped = values(scrape(s))["orket_log_lines_dropped_total"]
    assert.truthy(dropped > 0)
    local text = orket.shell("timeout 2 cat " .. pipe)
    s:get("/health")
    text = text .. orket.shell("timeout 1 cat " .. pipe)
    os.execute("kill " .. holder)
    local lines, missing = 0, 0
    for line in text:gmatch("[^\n]+") do
      local row = cjson.decode(line)
      lines = lines + (row.kind == "request" and 1 or 0)
      missing = missing + (row.kind == "dropped" and row.lines or 0)
    end
    assert.truthy(missing >= dropped)
    assert.truthy(lines > 0 and lines + missing >= 9000 + 2) -- and /metrics, and the last one
  end)

  it("on a disk that is full loses lines, and nothing else", function()
    local w <close> = new_world()
    local s <close> = service.start(w, { err = "/dev/full" })
    for _ = 1, 5 do
      assert.equal(200, s:get("/v1/board").status)
    end
    assert.truthy(values(scrape(s))["orket_log_lines_dropped_total"] > 0)
    assert.truthy(s:stop() < 5)
  end)

  it("names the request that kept the loop busy for too long", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    local s <close> = service.start(w, { arguments = "--data " .. w.dir .. "/big --seed-cards 4000" })
    s:get("/v1/cards/nothing-like-this")
    s:get("/v1/policies") -- all scripts are built again
    s:stop()
    local found
    for _, row in ipairs(s:log("stall")) do
      found = found or row.cause == "request" and row.path == "/v1/policies" and row
    end
    assert(found, orket.read(s.err))
    assert.truthy(found.ms > 10 and found.step_ms > 5)
  end)

  it("shows that who looks for what is not there, in all of the journal, holds nothing up", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    local s <close> = service.start(w, { arguments = "--data " .. w.dir .. "/big --seed-cards 20000" })
    local stream = s:follow("/v1/events?after=0&kinds=no.such.kind")
    assert.same({}, s:get("/v1/events?kinds=no.such.kind").body.items)
    local found = s:get("/v1/events?kinds=card.created&after=19000&limit=1000").body
    assert.same({ 1000, 20000 }, { #found.items, found.next })
    s:post("/v1/acts/comment", { card = "seed", text = "hello" })
    local other = s:follow("/v1/events?after=0&kinds=comment.")
    assert(world.wait(function() return other.events()[1] end))
    assert.equal("comment.added", other.events()[1].event)
    stream.stop()
    other.stop()
    s:stop()
    for _, row in ipairs(s:log("stall")) do
      assert.is_false(row.cause == "request" and row.path == "/v1/events" and row.step_ms > 100, cjson.encode(row))
    end
  end)
end)
