-- mock_llm_spec.lua: `orket mock-llm` as a program, by curl. The official clients are in clients_spec.lua.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local mock = dofile("tests/support/mock.lua")

describe("mock llm", function()
  local url, stop

  setup(function()
    url, stop = mock.start("tests/support/echo.lua", "--fast")
  end)

  teardown(function()
    assert.equal(0, stop())
  end)

  local function curl(path, arguments)
    return (orket.shell(("curl -sS --max-time 20 %s '%s%s' 2>&1"):format(arguments or "", url, path)))
  end

  local function chat(content, more)
    local body = { model = "m", messages = { { role = "user", content = content } } }
    for key, value in pairs(more or {}) do
      body[key] = value
    end
    return curl("/chat/completions", "-i -d '" .. cjson.encode(body) .. "'")
  end

  local function body_of(text)
    return cjson.decode(text:match("\r\n\r\n(.*)$"))
  end

  it("orket mock-llm says where it listens", function()
    assert.truthy(url:find("^http://127%.0%.0%.1:%d+/v1$"))
  end)

  it("orket mock-llm answers whole", function()
    local text = chat("hi")
    local body = body_of(text)
    assert.truthy(text:find("HTTP/1.1 200 OK\r\n", 1, true))
    assert.equal("you said: hi", body.choices[1].message.content)
    assert.same({ prompt_tokens = 11, completion_tokens = 22, total_tokens = 33 }, body.usage)
    assert.equal("chat.completion", body.object)
  end)

  it("orket mock-llm gives equal bytes for equal requests", function()
    local function body(text)
      return text:match("\r\n\r\n(.*)$")
    end
    assert.equal(body(chat("call", { stream = true })), body(chat("call", { stream = true })))
  end)

  it("orket mock-llm streams, with usage when asked", function()
    local text = chat("hi", { stream = true, stream_options = { include_usage = true } })
    assert.truthy(text:find("Content-Type: text/event-stream\r\n", 1, true))
    assert.truthy(text:find('"usage":{"completion_tokens":22', 1, true))
    assert.truthy(text:find("\n\ndata: [DONE]\n\n", 1, true))
    assert.falsy(chat("hi", { stream = true }):find('"usage"', 1, true))
  end)

  it("orket mock-llm cuts into pieces of one character at least", function()
    for _, wish in ipairs({ "chunks 0", "chunks -1", "chunks 0.5" }) do
      assert.truthy(chat(wish, { stream = true }):find("\n\ndata: [DONE]\n\n", 1, true), wish)
    end
  end)

  it("orket mock-llm makes faults on demand", function()
    local busy = chat("429")
    assert.truthy(busy:find("^HTTP/1.1 429 Too Many Requests\r\n"))
    assert.truthy(busy:find("Retry-After: 2\r\n", 1, true))
    assert.equal("slowly please", body_of(busy).error.message)
    assert.truthy(chat("500"):find("^HTTP/1.1 500 "))
    assert.truthy(chat("cut", { stream = true }):find("curl: %(18%)"))
    assert.truthy(chat("cut"):find("curl: %(18%)"))
    local broken = chat("malformed", { stream = true })
    assert.truthy(broken:find('"conte\n', 1, true))
    assert.equal('{"path', body_of(chat("half")).choices[1].message.tool_calls[1]["function"].arguments)
  end)

  it("orket mock-llm survives its script", function()
    assert.equal("script_error", body_of(chat("error")).error.type)
    assert.truthy(body_of(chat("forever")).error.message:find("steps", 1, true))
    assert.truthy(chat("hi"):find("HTTP/1.1 200 OK", 1, true))
  end)

  it("orket mock-llm refuses what is no request", function()
    assert.truthy(curl("/chat/completions", "-i -d x"):find("^HTTP/1.1 400 "))
    assert.truthy(curl("/chat/completions", "-i -d '{}'"):find("^HTTP/1.1 400 "))
    assert.truthy(curl("/chat/completions", "-i"):find("^HTTP/1.1 405 "))
    assert.truthy(curl("/nothing", "-i"):find("^HTTP/1.1 404 "))
  end)

  it("orket mock-llm lists models and counts", function()
    assert.equal("mock", cjson.decode(curl("/models")).data[1].id)
    local before = cjson.decode(curl("/stats"))
    chat("hi")
    local after = cjson.decode(curl("/stats"))
    assert.equal(before.replies + 1, after.replies)
    assert.equal(before.completion_tokens + 22, after.completion_tokens)
    assert.equal(0, after.open)
  end)

  it("orket mock-llm serves many at once", function()
    local text = orket.shell(([[seq 200 | xargs -P 40 -I{} curl -sS --max-time 20 -d '{"messages":[{"role":"user","content":"n{}"}],"stream":true}' ]] ..
      "%s/chat/completions | grep -c DONE"):format(url))
    assert.equal(200, tonumber(text))
  end)
end)

describe("mock llm", function()
  it("a mock's script that answers no reply is answered with the field that is wrong, and the mock goes on",
    function()
    local dir = orket.directory()
    orket.write(dir .. "/script.lua", [[
      local replies = {
        { content = 5 }, { calls = 5 }, { calls = { 5 } }, { calls = { { name = 5 } } }, { calls = { a = 1 } }, { status = "x" }, { status = 1e300 },
        { delay_ms = "x" }, { delay_ms = -1 }, { chunks = "x" }, { chunks = { 1 } }, { usage = 5 }, { usage = { prompt_tokens = "x" } },
        { cut_after = "x" }, { cut_after = -1 }, { finish = 5 }, { reasoning = {} }, { content = "\xff" }, { malformed = 5 }, { content = 0/0 },
      }
      function reply(request) return replies[tonumber(request.messages[1].content)] or { content = "well" } end
      function embed(texts) return { delay_ms = texts[1] } end
    ]])
    local url, stop = mock.start(dir .. "/script.lua", "--fast")
    for i = 1, 40 do
      for _, stream in ipairs({ "true", "false" }) do
        local said = orket.shell(string.format([[curl -sS -i --max-time 20 -d '{"stream":%s,"messages":[{"role":"user","content":"%d"}]}' %s/chat/completions 2>&1]],
          stream, i, url))
        assert.truthy(said:find(i <= 20 and "HTTP/1.1 500" or "HTTP/1.1 200", 1, true), i .. ": " .. said)
        assert.falsy(said:find("attempt to", 1, true) or said:find("lua/orket", 1, true), i .. ": " .. said)
        assert.truthy(i > 20 or said:find("script_error", 1, true), i .. ": " .. said)
      end
    end
    local said = orket.shell(string.format("curl -sS -i --max-time 20 -d '{\"model\":\"m\",\"input\":\"x\"}' %s/embeddings 2>&1", url))
    assert.truthy(said:find("delay_ms", 1, true), said)
    assert.equal(0, stop())
    orket.remove(dir)
  end)
end)

describe("mock llm", function()
  local cases = {
    { "", 2, "missing SCRIPT" },
    { "/nowhere.lua", 2, "nowhere" },
    { "--port 70000 tests/support/echo.lua", 2, "port" },
    { "--host example.com tests/support/echo.lua", 1, "no address" },
    { "lua/orket/util/suggest.lua", 1, "reply" },
    { "tests/support/openai.mjs", 1, "openai.mjs" },
  }
  for _, case in ipairs(cases) do
    it("orket mock-llm refuses the words '" .. case[1] .. "'", function()
      local text, code = orket.run("mock-llm " .. case[1])
      assert.equal(case[2], code, text)
      assert.truthy(text:find(case[3], 1, true), text)
    end)
  end
end)
