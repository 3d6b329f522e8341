-- clients_spec.lua: the official clients of OpenAI, Anthropic and Gemini (tests/clients): what they make of
-- the mock model, and that our requests mean what theirs do.

local cjson = require("cjson")
local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")

local CLIENTS = os.getenv("CLIENTS") or "build/clients"

-- Installed, and a Node that they run with.
local function is_there()
  local _, code = orket.shell(("test -d %s/node_modules/openai && node -e 'process.exit(+(parseInt(process.versions.node) < 20))'"):format(CLIENTS))
  return code == 0
end

-- A script's JSON line.
local function node(script, arguments)
  local text = orket.shell(("node tests/support/%s %s $(cd %s && pwd) 2>&1"):format(script, arguments,
    CLIENTS))
  return cjson.decode(text) or error(text)
end

-- The same conversation as capture.mjs has, as Orket keeps it.
local OURS = orket.read("tests/support/probes/our_requests.lua")

describe("clients", function()
  if not is_there() then
    it("the official clients run here", function()
      pending("they are not installed (make build/clients/installed), or Node is older than 20")
    end)
    return
  end

  local url, stop, got

  setup(function()
    url, stop = mock.start("tests/support/echo.lua", "--fast")
    got = node("clients.mjs", (url:gsub("/v1$", "")))
    got.openai = node("openai.mjs", url)
  end)
  teardown(function()
    assert.equal(0, stop())
  end)

  it("the official clients of Anthropic understand the mock, whole and streamed", function()
    local one = got.anthropic
    for _, way in ipairs({ "whole", "streamed" }) do
      local content = one[way].content
      assert.same({ "text", "tool_use", "tool_use" }, { content[1].type, content[2].type, content[3].type })
      assert.equal("Let me.", content[1].text)
      assert.same({ a = 1, b = { "x" } }, content[2].input)
      assert.same({}, content[3].input)
      assert.equal("tool_use", one[way].stop_reason)
      assert.is_true(one[way].usage.input_tokens > 0 and one[way].usage.output_tokens > 1)
    end
    assert.equal("Let me.", one.text)
    assert.equal("you said: two", one.tools)
    assert.equal("RateLimitError", one.error.name)
    assert.truthy(one.error.message:find("slowly please", 1, true))
    assert.equal(400, one.bad.status)
    assert.not_equal("nothing noticed", one.cut)
  end)

  it("the official clients of Gemini understand the mock, whole and streamed", function()
    local one = got.gemini
    for _, way in ipairs({ "whole", "streamed" }) do
      assert.equal("Let me.", one[way].text)
      assert.equal("f", one[way].calls[1].name)
      assert.same({ a = 1, b = { "x" } }, one[way].calls[1].args)
      assert.equal("g", one[way].calls[2].name)
      assert.equal("STOP", one[way].finish)
      assert.is_true(one[way].usage.totalTokenCount > 0)
    end
    assert.equal("you said: two", one.tools)
    assert.equal(429, one.error.status)
    assert.not_equal("nothing noticed", one.cut)
  end)

  it("the official clients of OpenAI understand the mock, whole and streamed", function()
    local one = got.openai
    for _, way in ipairs({ "whole", "streamed" }) do
      assert.equal("Let me.", one[way].content)
      assert.equal("tool_calls", one[way].finish)
      assert.same({ name = "f", arguments = '{"a":1,"b":["x"]}' }, one[way].calls[1]["function"])
      assert.same({ name = "g", arguments = "{}" }, one[way].calls[2]["function"])
      assert.is_true(one[way].usage.total_tokens > 0)
    end
    assert.equal(429, one.error.status)
    assert.equal("rate_limit_error", one.error.type)
    assert.equal("2", one.error.retry)
    assert.not_equal("nothing noticed", one.cut)
    assert.same({ "mock" }, one.models)
  end)

  it("the official clients send what we send", function()
    local theirs, ours = node("capture.mjs", ""), cjson.decode(orket.probe(OURS))
    local names = { "openai", "openai_whole", "anthropic", "anthropic_whole", "gemini", "gemini_whole" }
    for _, name in ipairs(names) do
      local their, our = theirs[name], ours[name]
      assert.equal(their.method .. " " .. their.target, our.method .. " " .. our.target)
      assert.same(their.body, our.body, name)
    end
    assert.equal("Bearer the-key-of-a-test", theirs.openai.headers.authorization)
    assert.equal("the-key-of-a-test", theirs.gemini.headers["x-goog-api-key"])
    assert.equal("2026-10-21", theirs.anthropic.headers["anthropic-version"])
  end)
end)

describe("clients", function()
  local url, stop

  setup(function()
    url, stop = mock.start("tests/support/echo.lua", "--fast")
  end)
  teardown(function()
    assert.equal(0, stop())
  end)

  local function try(arguments)
    return cjson.decode((orket.shell(("%s try llm --base-url %s %s 2>&1"):format(orket.binary, url,
      arguments))))
  end

  local function stats()
    return cjson.decode((orket.shell(("curl -sS --max-time 20 %s/stats"):format(url))))
  end

  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    for _, how in ipairs({ "", " --whole" }) do
      it("a provider and the mock agree in " .. shape .. how, function()
        local before = stats()
        local one = try(("--shape %s --prompt call%s"):format(shape, how))
        local after = stats()
        assert.equal("ok", one.outcome)
        assert.equal("Let me.", one.text)
        assert.equal("tool_calls", one.finish)
        assert.same({ { a = 1, b = { "x" } }, {} }, { one.calls[1].arguments, one.calls[2].arguments })
        assert.equal(after.prompt_tokens - before.prompt_tokens, one.usage.prompt)
        assert.equal(after.completion_tokens - before.completion_tokens, one.usage.completion)
      end)
    end

    it("a provider and the mock agree in " .. shape .. " on what fails, and what it cost", function()
      assert.equal(429, try(("--shape %s --prompt 429"):format(shape)).status)
      for _, prompt in ipairs({ "cut", "malformed" }) do
        local before = stats()
        local one = try(("--shape %s --prompt %s"):format(shape, prompt))
        local after = stats()
        assert.equal("ERR_PROTOCOL", one.code)
        assert.equal(after.prompt_tokens - before.prompt_tokens, one.usage.prompt or 0, prompt)
        assert.equal(after.completion_tokens - before.completion_tokens, one.usage.completion or 0, prompt)
      end
    end)
  end

  it("a provider and the mock take no nonsense", function()
    local function post(path, body)
      return (orket.shell(("curl -sS --max-time 20 -o /dev/null -w '%%{http_code}' -d '%s' %s%s"):format(body,
        url:gsub("/v1$", ""), path)))
    end
    for _, body in ipairs({ "x", "[]", "{}", '{"messages":7,"max_tokens":1}',
      '{"messages":[7],"max_tokens":1}', '{"messages":[{"content":[7]}],"max_tokens":1}' }) do
      assert.equal("400", post("/v1/messages", body), body)
    end
    for _, body in ipairs({ "x", "{}", '{"contents":7}', '{"contents":[7]}',
      '{"contents":[{"parts":[7]}]}' }) do
      assert.equal("400", post("/v1beta/models/m:generateContent", body), body)
    end
    assert.equal("404", post("/v1beta/models/m:countTokens", "{}"))
    assert.equal("404", post("/v2/models/m:generateContent", "{}"))
  end)
end)
