-- window_spec.lua: conversations that outgrow the window of their model: what stays, what is left out, and that an
-- interruption and a replay change nothing of it.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- A server that counts tokens and refuses what does not fit, as real ones do.
local STRICT = [[
local function tokens_of(request)
  return (#cjson.encode(request.messages) + (request.tools and #cjson.encode(request.tools) or 0)) * 10 // RATE
end
local inner = reply
function reply(request)
  local tokens = tokens_of(request)
  if tokens + RESERVE > CONTEXT then
    return { status = 400, content = "This model's maximum context length is CONTEXT tokens. However, you requested " .. tokens + RESERVE .. " tokens" }
  end
  return inner(request)
end
]]

-- Reads, writes and looks around, each time something new, then hands over. The reply's number is in a file that it wrote.
local WORK = [[
local function count_of(talk)
  local most = 0
  for _, message in ipairs(talk.request.messages) do
    for number in (message.content or ""):gmatch("step (%d+)") do
      most = math.max(most, tonumber(number))
    end
    for _, one in ipairs(message.tool_calls or {}) do
      most = math.max(most, tonumber(one["function"].arguments:match("step (%d+)") or 0))
    end
  end
  return most
end
function work(talk)
  local n = count_of(talk) + 1
  if n > STEPS then
    return say(finish("all steps are done"))
  end
  local text = ("step " .. n .. " " .. ("wörter und \"Zeichen\" "):rep(10 + n % 40))
  return { content = "step " .. n, calls = { n % 2 == 1 and call("write_file", { path = "f" .. n % 7, content = text })
    or call("read_file", { path = "f" .. (n - 1) % 7 }) } }
end
]]

local REQUIREMENTS = { "REQ-ONE: \"quoted\" and <tagged>", "REQ-TWO: ünïcödé stays", "REQ-THREE: \\n is no line end" }

local function mock(steps, context, reserve, more, rate)
  local text = (more or "") .. WORK .. STRICT
  return (text:gsub("STEPS", steps):gsub("CONTEXT", context):gsub("RESERVE", reserve):gsub("RATE", rate or 40))
end

local function new(options)
  local context, reserve = options.context or 8192, options.reserve or 1024
  return world.new({
    issues = { { id = "A", description = "DESCRIPTION-PIN", requirements = REQUIREMENTS } },
    mock = mock(options.steps, options.server or context, reserve, options.mock, options.rate),
    limits = { steps = options.steps + 10 },
    model = world.merged({ context = not options.blind and context or nil, max_tokens = reserve }, options.model),
    binary = options.binary, files = options.files,
  })
end

local function texts_of(request)
  local texts = {}
  for i, message in ipairs(request.messages) do
    texts[i] = type(message.content) == "string" and message.content or ""
  end
  return table.concat(texts, "\n")
end

-- Every request of the worker has the pins, its calls have their results, and nothing stands alone.
local function assert_whole(w, from)
  local n = w:requests()
  for i = from or 1, n do
    local request = cjson.decode(w:request(i))
    local text = texts_of(request)
    if text:find("You are a programmer", 1, true) then
      for _, pin in ipairs({ "How the card moves:", "# Card A:", "status in_progress", "DESCRIPTION-PIN", table.unpack(REQUIREMENTS) }) do
        assert(text:find(pin, 1, true), "request " .. i .. " lacks " .. pin)
      end
      assert.equal("system", request.messages[1].role)
      assert.equal("user", request.messages[2].role)
      local open = {}
      for at = 3, #request.messages do
        local message = request.messages[at]
        if message.role == "tool" then
          assert(open[message.tool_call_id], "request " .. i .. ": a result without its call")
          open[message.tool_call_id] = nil
        else
          assert.is_nil(next(open))
          assert.truthy(at > 3 or message.role == "assistant")
        end
        for _, call in ipairs(message.tool_calls or {}) do
          open[call.id] = true
        end
      end
      assert.is_nil(next(open))
    end
  end
  return n
end

-- The chains of a run's turns.
local function chains(w)
  return w:sql("SELECT s.turn, s.n, hex(e.hash) FROM stream s JOIN event e ON e.seq = s.seq WHERE s.run = 'ep.1' AND s.turn > 0 ORDER BY s.turn")
end

local function distinct_requests(w)
  local seen = {}
  for n = 1, w:requests() do
    seen[w:request(n)] = true
  end
  return seen
end

describe("a window", function()
  it("of 8,192 tokens holds a turn of 500 steps, which is replayed to the byte", function()
    local w <close> = new({ steps = 500 })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(assert_whole(w) > 500)
    assert.equal(0, #w:events("step.failed"))
    local compacted = #w:events("window.compacted")
    assert(compacted > 10 and compacted < 150, compacted)
    w:replays()
    text, code = w:orket("export -o out.jsonl ep.1 && " .. w.binary .. " verify out.jsonl")
    assert.equal(0, code, text)
  end)

  for name, options in pairs({
    ["of another size"] = { steps = 120, context = 16384 },
    ["with Anthropic's API"] = { steps = 60, model = { shape = "anthropic" } },
    ["with Gemini's API"] = { steps = 60, model = { shape = "gemini" } },
    ["of a model that has no system role"] = { steps = 40, model = { system = "user" } },
  }) do
    it(name .. " keeps what it has to", function()
      local w <close> = new(options)
      local text, code = w:run()
      assert.equal(0, code, text)
      if not options.model then
        assert_whole(w)
      end
      assert.equal(0, #w:events("step.failed"))
      assert.truthy(#w:events("window.compacted") > 1)
      w:replays()
    end)
  end

  it("that nobody configured is made of what the server says", function()
    local w <close> = new({ steps = 80, blind = true })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_whole(w)
    local failed = w:events("step.failed")
    assert(#failed >= 1 and #failed < 5, #failed)
    assert.equal("ERR_CONTEXT", failed[1].body.code)
    assert.equal(8192, w:events("window.compacted")[1].body.told.limit)
    w:replays()
  end)

  it("that is smaller than configured is learnt", function()
    local w <close> = new({ steps = 60, context = 20000, server = 8192 })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_whole(w)
    assert(#w:events("step.failed") < 5)
    w:replays()
  end)

  it("that is unknown to everybody parks the card and says what to do", function()
    local w <close> = new({ steps = 40, blind = true, mock = "" })
    w:write(".test/mock.lua", (w:read(".test/mock.lua"):gsub("maximum context length is %d+ tokens%. However, you requested", "context length is exceeded:")))
    os.execute("kill " .. w.mock)
    local again <close> = world.copy(w.dir, w:read(".test/mock.lua"))
    local text, code = again:run()
    assert.equal(3, code, text)
    local full = again:events("window.full")
    assert.equal(1, #full)
    assert.truthy(full[1].body.fix:find("set `context` of models.m", 1, true))
    assert.truthy(text:find("ERR_CONTEXT", 1, true), text)
    assert.equal("blocked", again:card("A").status)
    again:replays()
  end)

  it("that is too small for the card parks it before anything is sent", function()
    local w <close> = new({ steps = 10, context = 1000, reserve = 300, model = { compact_at = 80 },
      files = { ["roles/coder.lua"] = world.orket.read("roles/coder.lua"):gsub("You are a programmer of a software team.", ("You are a programmer. "):rep(400)) } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(0, w:requests())
    assert.truthy(text:find("ERR_CONTEXT", 1, true), text)
    assert.truthy(w:events("window.full")[1].body.fix:find("raise `context` of models.m", 1, true))
    local reports = w:orket("reports --json --rule 'window.*'")
    assert.truthy(reports:find('"rule":"window.full"', 1, true), reports)
    w:replays()
  end)

  it("changes nothing where it is not full", function()
    local w <close> = new({ steps = 5 })
    w:run()
    assert.equal(0, #w:events("window.compacted"))
  end)

  it("is the same after every kill", function()
    local function whole(binary, points)
      local w <close> = new({ steps = 90, binary = binary })
      for _, point in ipairs(points) do
        w.environment, w.binary = "ORKET_FAULT=" .. point .. ":kill", world.faulty
        w:orket(w:requests() == 0 and "run --plain ep" or "resume --plain ep.1")
      end
      w.environment, w.binary = "", world.binary
      local text, code
      if #points > 0 then
        text, code = w:orket("resume --plain ep.1")
      else
        text, code = w:run()
      end
      assert.equal(0, code, text)
      assert.truthy(#w:events("window.compacted") > 2)
      assert_whole(w)
      w:replays()
      return chains(w), distinct_requests(w)
    end
    local unbroken, requests = whole(world.binary, {})
    local points = {}
    for n = 1, 9 do
      points[n] = (n % 2 == 0 and "log_sync_after:" or "commit_before:") .. 9 + n * 3 % 11
    end
    local broken, more = whole(world.binary, points)
    assert.equal(unbroken, broken)
    assert.same(requests, more)
  end)
end)

describe("what is left out", function()
  it("is read again by its handle, by its own turn alone", function()
    local w <close> = world.new({
      issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, limits = { steps = 60 }, model = { context = 8192, max_tokens = 1024 },
      mock = [[
        local function handle_of(talk)
          for _, text in ipairs(talk.said) do
            local answer = cjson.decode(text)
            if answer.cut and not answer.part and answer.cut.handle then
              return answer.cut.handle
            end
          end
        end
        function work(talk)
          if talk.card == "B" then
            return talk.replies == 0 and say(call("read_result", { handle = "r1" })) or say(write("b.txt", talk.said[1]), finish())
          end
          local last = talk.said[#talk.said] or ""
          if last:find('"part"', 1, true) then
            return say(write("seen.txt", last), finish())
          elseif handle_of(talk) then
            return say(call("read_result", { handle = handle_of(talk) }))
          end
          return say(call(talk.replies % 2 == 0 and "write_file" or "read_file", talk.replies % 2 == 0
            and { path = "a" .. talk.replies, content = "PLANTED-" .. talk.replies .. (" text"):rep(200) }
            or { path = "a" .. talk.replies - 1 }))
        end]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(w:made("seen.txt"):find("PLANTED-", 1, true))
    assert.truthy(w:made("b.txt"):find("this turn has no result r1", 1, true))
    assert.truthy(next(w:events("window.compacted")[1].body.rests))
    w:replays()
    for n = 1, w:requests() do
      local request = w:request(n)
      assert(not request:find("# Card B:", 1, true) or not request:find("PLANTED-", 1, true))
    end
  end)
end)

describe("a card that changes while its turn works", function()
  it("stands in the next requests as it is now", function()
    local w <close> = new({ steps = 30, mock = [[
      local quick = reply
      function reply(request)
        local answer = quick(request)
        if answer.content == "step 12" then
          answer.delay_ms = 1500
        end
        return answer
      end
    ]] })
    local run = w:start()
    assert(world.wait(function() return w:requests() >= 12 end))
    local epic = w:read("config/epics/ep.json")
    w:write("config/epics/ep.json", (epic:gsub("DESCRIPTION%-PIN", "DESCRIPTION-PIN, ANOTHER ONE")))
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    local before = w:requests()
    text, code = run.wait()
    assert.equal(0, code, text)
    assert_whole(w)
    for n = 1, w:requests() do
      assert.equal(n > before, w:request(n):find("DESCRIPTION-PIN, ANOTHER ONE", 1, true) ~= nil, n)
    end
    assert.equal(1, #w:events("turn.ended") - 1) -- the reviewer's is the other one
    w:replays()
  end)
end)
