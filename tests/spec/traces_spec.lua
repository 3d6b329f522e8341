-- traces_spec.lua: traces of runs for OpenTelemetry (lua/orket/telemetry/), against a collector that checks each
-- request against the schema of OTLP/HTTP, and collectors that are away, slow or hostile.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local python = dofile("tests/support/python.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("gen/a.c", "x")) end,
  function() return say(write("hello.sh", "echo hello\n")) end, function() return say(finish("it greets")) end) end]]

local GATE = { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited" } }
local SECRET = "a-secret-of-the-collector"

local function new_world(more)
  more = more or {}
  return world.new({ issues = more.issues or { { id = "A" } }, mock = more.mock or MOCK, gate = GATE,
    limits = more.limits })
end

local function environment_of(collector, more)
  return ("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d/ %s"):format(collector.port, more or "")
end

-- Runs the project of `w` beside a collector: what it has taken, what the command printed, its exit code.
local function run(w, mode, more)
  local file = w.dir .. "/.test/spans"
  local collector <close> = python.serve("collector.py", cjson.encode({ file = file, mode = mode }))
  w.environment = environment_of(collector, more)
  local text, code = w:run()
  local rows = {}
  for line in (w:exists(".test/spans") and orket.read(file) or ""):gmatch("[^\n]+") do
    rows[#rows + 1] = cjson.decode(line)
  end
  return { rows = rows, text = text, code = code }
end

local function named(rows, name)
  local list = {}
  for _, row in ipairs(rows) do
    assert.is_nil(row.bad, row.bad)
    list[#list + 1] = row.span.name == name and row or nil
  end
  return list
end

local function find_event(w, row)
  for _, event in ipairs(w:events()) do
    if event.seq == row.attributes["orket.event"] then
      return event
    end
  end
end

describe("a run beside a collector", function()
  local w, got
  setup(function()
    w = new_world()
    got = run(w, "good", "OTEL_SERVICE_NAME=shop OTEL_EXPORTER_OTLP_HEADERS='api-key=" .. SECRET
      .. ",authorization=Bearer%20also-a-secret-value'")
    assert.equal(0, got.code, got.text)
  end)
  teardown(function()
    w:__close()
  end)

  it("sends a trace: the run, its turns, their requests to models and calls of tools", function()
    local root = named(got.rows, "invoke_workflow ep")
    assert.equal(1, #root)
    assert.is_nil(root[1].span.parentSpanId)
    assert.equal("done", root[1].attributes["orket.status"])
    local turns = named(got.rows, "invoke_agent dev")
    assert.equal(1, #turns)
    assert.equal(root[1].span.spanId, turns[1].span.parentSpanId)
    assert.equal(1, #named(got.rows, "invoke_agent guard"))
    local parents = { [turns[1].span.spanId] = true, [named(got.rows, "invoke_agent guard")[1].span.spanId] = true }
    for _, name in ipairs({ "chat mock", "execute_tool write_file", "execute_tool update_issue_status" }) do
      local spans = named(got.rows, name)
      assert(#spans > 0, name)
      for _, row in ipairs(spans) do
        assert.is_true(parents[row.span.parentSpanId], name)
      end
    end
    for _, row in ipairs(got.rows) do
      assert.equal(root[1].span.traceId, row.span.traceId)
      assert(row.span.startTimeUnixNano >= root[1].span.startTimeUnixNano or row.span.name:find("^chat"), row.span.name)
    end
  end)

  it("names by the conventions of generative AI what each span is about", function()
    local chat = named(got.rows, "chat mock")[1]
    assert.equal(3, chat.span.kind)
    assert.equal("chat", chat.attributes["gen_ai.operation.name"])
    assert.equal("openai", chat.attributes["gen_ai.provider.name"])
    assert.equal("mock", chat.attributes["gen_ai.request.model"])
    assert(chat.attributes["gen_ai.usage.input_tokens"] > 0)
    assert(chat.attributes["gen_ai.usage.output_tokens"] > 0)
    assert.equal("table", type(chat.attributes["gen_ai.response.finish_reasons"]))
    local tool = named(got.rows, "execute_tool update_issue_status")[1]
    assert.equal("execute_tool", tool.attributes["gen_ai.operation.name"])
    assert.equal("update_issue_status", tool.attributes["gen_ai.tool.name"])
    assert(tool.attributes["gen_ai.tool.call.id"])
    local agent = named(got.rows, "invoke_agent dev")[1]
    assert.equal("invoke_agent", agent.attributes["gen_ai.operation.name"])
    assert.equal("dev", agent.attributes["gen_ai.agent.name"])
    assert.equal("shop", agent.resource["service.name"])
  end)

  it("marks a refusal with its rule", function()
    local refused
    for _, row in ipairs(named(got.rows, "execute_tool write_file")) do
      refused = row.attributes["orket.rule"] and row or refused
    end
    assert.equal("house.generated", refused.attributes["error.type"])
    assert.equal(2, refused.span.status.code)
  end)

  it("joins the journal: each span names its event, and the sums are those of the run", function()
    local tokens = 0
    for _, row in ipairs(got.rows) do
      local event = find_event(w, row)
      assert(event, row.span.name)
      assert.equal(event.run, row.attributes["orket.run"])
      if row.span.name == "chat mock" then
        assert.equal("step.reply", event.kind)
        assert.same({ event.turn, event.step, "A" },
          { row.attributes["orket.turn"], row.attributes["orket.step"], row.attributes["orket.card"] })
        tokens = tokens + row.attributes["gen_ai.usage.input_tokens"]
      end
    end
    assert.equal(w:sql("SELECT sum(tokens_in) FROM turn"), ("%d"):format(tokens))
  end)

  it("sends the headers of the environment, which appear nowhere else", function()
    assert.equal(SECRET, got.rows[1].headers["api-key"])
    assert.equal("Bearer also-a-secret-value", got.rows[1].headers.authorization)
    assert.is_nil(got.text:find(SECRET, 1, true))
    assert.equal("", (orket.shell("grep -rl " .. SECRET .. " " .. w.dir .. "/.orket " .. w.dir .. "/workspace")))
  end)

  it("sends nothing of what was said", function()
    for _, row in ipairs(got.rows) do
      for name, value in pairs(row.attributes) do
        assert.is_nil(name:find("messages", 1, true) or name:find("arguments", 1, true) or name:find("result$"), name)
        assert.is_nil(tostring(value):find("echo hello", 1, true))
      end
    end
  end)

  it("leaves a journal that replays", function()
    w:replays()
  end)
end)

describe("what was said", function()
  it("is sent where the environment asks for it, without credentials", function()
    local w <close> = new_world({ mock = [[function work(talk) return steps(talk,
      function() return say(write("hello.sh", "KEY=orket_0123456789abcdef0123456789abcdef\n")) end,
      function() return say(finish("it greets")) end) end]] })
    local got = run(w, "good", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true")
    local chat = named(got.rows, "chat mock")[1].attributes
    local sent, said = cjson.decode(chat["gen_ai.input.messages"]), cjson.decode(chat["gen_ai.output.messages"])
    assert.equal("user", sent[#sent].role)
    assert.equal("tool_call", said[1].parts[#said[1].parts].type)
    local tool = named(got.rows, "execute_tool write_file")[1].attributes
    assert.truthy(tool["gen_ai.tool.call.arguments"]:find("hello.sh", 1, true))
    for _, row in ipairs(got.rows) do
      assert.is_nil(cjson.encode(row):find("orket_0123456789", 1, true))
    end
  end)
end)

describe("a collector", function()
  local function seconds_of(fn)
    local uv = require("luv")
    local began = uv.hrtime()
    local value = fn()
    return (uv.hrtime() - began) / 1e9, value
  end

  it("that is away for a moment gets all spans once, later", function()
    local w <close> = new_world()
    local got = run(w, "away")
    assert.equal(0, got.code, got.text)
    assert.equal(1, #named(got.rows, "invoke_workflow ep"))
    assert.is_nil(got.text:find("not delivered", 1, true))
  end)

  it("that is not there, slow, or hostile changes nothing but a note, and holds no run up", function()
    for _, mode in ipairs({ "slow", "refuses", "redirects", "floods", "partial" }) do
      local w <close> = new_world()
      local seconds, got = seconds_of(function() return run(w, mode) end)
      assert.equal(0, got.code, mode .. got.text)
      assert.truthy(got.text:find("%d+ spans were not delivered"), mode .. got.text)
      assert.equal("echo hello\n", w:made("hello.sh"))
      assert.truthy(seconds < 12, mode .. seconds)
      w:replays()
    end
    local w <close> = new_world()
    w.environment = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
    local text, code = w:run()
    assert.equal(0, code)
    assert.truthy(text:find("spans were not delivered", 1, true), text)
  end)

  it("whose address is none changes nothing but a note, which shows no password", function()
    for _, url in ipairs({ "nonsense", "ftp://x", "http://user:secretpw@127.0.0.1:1", "http://[", " ",
      "http://127.0.0.1:99999" }) do
      local w <close> = new_world()
      w.environment = "OTEL_EXPORTER_OTLP_ENDPOINT='" .. url .. "'"
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.truthy(text:find("spans were not delivered: ", 1, true), text)
      assert.is_nil(text:find("secretpw", 1, true))
    end
  end)

  it("whose answer is nonsense has taken the spans", function()
    local w <close> = new_world()
    local got = run(w, "nonsense")
    assert.equal(0, got.code, got.text)
    assert.is_nil(got.text:find("not delivered", 1, true))
  end)

  it("is not asked when traces are switched off, or its headers cannot be read", function()
    local w <close> = new_world()
    local got = run(w, "good", "OTEL_SDK_DISABLED=true")
    assert.same({ 0, {} }, { got.code, got.rows })
    for _, headers in ipairs({ "no-equals", "a=%zz", "a=b%0d%0aX-Evil: 1", "bad name=x", "=x" }) do
      local other <close> = new_world()
      got = run(other, "good", "OTEL_EXPORTER_OTLP_HEADERS='" .. headers .. "'")
      assert.same({ 0, {} }, { got.code, got.rows }, headers)
      assert.truthy(got.text:find("no traces are sent", 1, true), got.text)
    end
  end)
end)

describe("a trace", function()
  it("of a run that was drained goes on when it is resumed, over the service too", function()
    local w <close> = new_world({ limits = { drain = 0 } })
    local file = w.dir .. "/.test/spans"
    local collector <close> = python.serve("collector.py", cjson.encode({ file = file }))
    w:hold(1)
    local s <close> = service.start(w, { environment = "ORKET_API_KEY=" .. service.KEY .. " "
      .. environment_of(collector) })
    s:post("/v1/runs", { card = "ep" })
    assert(world.wait(function() return w:request(1) end))
    local trace = s:get("/v1/runs/ep.1").body.trace
    s:stop()
    w:release(1)
    w.environment = environment_of(collector)
    assert.equal(0, (select(2, w:run())))
    local rows = {}
    for line in orket.read(file):gmatch("[^\n]+") do
      rows[#rows + 1] = cjson.decode(line)
    end
    local roots, turns = named(rows, "invoke_workflow ep"), named(rows, "invoke_agent dev")
    assert.same({ "drained", "done" }, { roots[1].attributes["orket.status"], roots[2].attributes["orket.status"] })
    assert.same({ trace, trace }, { roots[1].span.traceId, roots[2].span.traceId })
    assert.same({ "open", "done" }, { turns[1].attributes["orket.outcome"], turns[2].attributes["orket.outcome"] })
    assert.same({ roots[1].span.spanId, roots[2].span.spanId },
      { turns[1].span.parentSpanId, turns[2].span.parentSpanId })
  end)
end)
