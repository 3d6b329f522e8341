-- try_llm_spec.lua: `orket try llm` from outside: against the mock model, and where nothing answers.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local mock = dofile("tests/support/mock.lua")

describe("try llm", function()
  local url, stop

  setup(function()
    url, stop = mock.start("tests/support/echo.lua", "--fast")
  end)

  teardown(function()
    assert.equal(0, stop())
  end)

  local function try(arguments, environment)
    local text, code = orket.shell(("%s %s try llm %s 2>&1"):format(environment or "", orket.binary,
      arguments))
    return cjson.decode(text) or text, code
  end

  for _, how in ipairs({ "", " --whole" }) do
    it("orket try llm says what came of it" .. how, function()
      local got, code = try(("--base-url %s --prompt hi --model m%s"):format(url, how))
      assert.equal(0, code)
      assert.equal("ok", got.outcome)
      assert.equal("you said: hi", got.text)
      assert.same({}, got.calls)
      assert.same({ prompt = 11, completion = 22 }, got.usage)
      assert.equal("stop", got.finish)
      assert.equal("m", got.model)
      assert.is_true(math.tointeger(got.ms) >= 0)
    end)

    it("orket try llm shows calls" .. how, function()
      local got, code = try(("--base-url %s --prompt call%s"):format(url, how))
      assert.equal(0, code)
      assert.equal("Let me.", got.text)
      assert.equal("f", got.calls[1].name)
      assert.same({ a = 1, b = { "x" } }, got.calls[1].arguments)
      assert.same({}, got.calls[2].arguments)
      assert.not_equal(got.calls[1].id, got.calls[2].id)
    end)

    it("orket try llm shows broken arguments as they came" .. how, function()
      local got = try(("--base-url %s --prompt half%s"):format(url, how))
      assert.equal('{"path', got.calls[1].arguments)
    end)
  end

  it("orket try llm tells errors by their codes", function()
    local busy, code = try(("--base-url %s --prompt 429"):format(url))
    assert.equal(1, code)
    assert.equal("error", busy.outcome)
    assert.equal("ERR_HTTP", busy.code)
    assert.equal(429, busy.status)
    assert.equal(2, busy.retry_after)
    assert.truthy(busy.message:find("slowly please", 1, true))
    assert.equal("ERR_PROTOCOL", try(("--base-url %s --prompt malformed"):format(url)).code)
    assert.equal("ERR_NET", try("--base-url http://127.0.0.1:1/v1").code)
    assert.equal("ERR_HTTP", try(("--base-url %s/nothing"):format(url)).code)
  end)

  it("orket try llm keeps its deadline", function()
    local slow, ended = mock.start("tests/support/echo.lua", "")
    local got = try(("--base-url %s --prompt slow --timeout 0.05"):format(slow))
    ended()
    assert.equal("ERR_TIMEOUT", got.code)
    assert.truthy(got.deadline)
  end)

  it("orket try llm reads its key from the environment, and never shows it", function()
    local got, code = try(("--base-url %s --prompt hi --key PROBE_KEY"):format(url),
      "PROBE_KEY=sk-not-to-be-seen-1234")
    assert.equal(0, code)
    assert.equal("ok", got.outcome)
    local shown = try(("--base-url %s --prompt 'say sk-not-to-be-seen-1234' --key PROBE_KEY"):format(url),
      "PROBE_KEY=sk-not-to-be-seen-1234")
    assert.falsy(cjson.encode(shown):find("not-to-be-seen", 1, true))
    assert.equal("ERR_NOT_FOUND", try(("--base-url %s --key NO_SUCH_KEY"):format(url)).code)
  end)

  for host, code in pairs({
    ["0.0.0.0"] = "ERR_DENIED", ["[::]"] = "ERR_DENIED", ["[::ffff:127.0.0.1]"] = "ERR_DENIED",
    ["[::127.0.0.1]"] = "ERR_DENIED",
    ["169.254.169.254"] = "ERR_DENIED", ["2130706433"] = "ERR_USAGE", ["0x7f.1"] = "ERR_USAGE",
    ["0177.0.0.1"] = "ERR_USAGE",
    ["%31%32%37.0.0.1"] = "ERR_USAGE",
  }) do
    it("orket try llm does not go to " .. host .. ", whatever listens there", function()
      local got = try(("--base-url http://%s:%s"):format(host, url:match(":(%d+)")))
      assert.equal(code, got.code)
      assert.truthy(got.message and got.fix)
    end)
  end

  it("orket try llm goes to an address inside another one when it is told to", function()
    local got = try(("--private --prompt hi --base-url http://[::ffff:127.0.0.1]:%s/v1"):format(url:match(":(%d+)")))
    assert.equal("you said: hi", got.text)
    assert.equal("ERR_DENIED",
      try(("--private --base-url http://0.0.0.0:%s/v1"):format(url:match(":(%d+)"))).code)
  end)

  for _, address in ipairs({
    "x", "file:///etc/passwd", "unix:///tmp/s", "http://", "http:///", "http://user@h/v1",
    "http://u:p@127.0.0.1/v1", "http://h?a=b",
    "http://h#x", "ftp://h/v1", "gopher://h", "http://h:99999/v1", "http://h:-1/v1", "https://[::1/v1",
    "http://h\\tx/v1",
  }) do
    it("orket try llm takes no address like " .. address, function()
      local got, code = try("--base-url '" .. address .. "'")
      assert.equal(1, code)
      assert.equal("ERR_USAGE", got.code)
      assert.equal("error", got.outcome)
    end)
  end

  it("orket try llm goes to localhost", function()
    assert.equal("ok", try(("--prompt hi --base-url http://localhost:%s/v1"):format(url:match(":(%d+)"))).outcome)
  end)

  it("orket try llm takes lines of requests", function()
    local answers = orket.try("llm", {
      { id = 1, base_url = url, prompt = "hi" }, { id = 2, base_url = "ftp://x" },
      { id = 3, base_url = url, prompt = 7 },
      { id = 4, base_url = url, prompt = "call", stream = false },
    })
    assert.equal("you said: hi", answers[1].text)
    assert.equal("ERR_USAGE", answers[2].code)
    assert.truthy(answers[3].error:find("prompt", 1, true))
    assert.equal("g", answers[4].calls[2].name)
  end)

  it("orket try llm is not stopped by tools that are none", function()
    for _, tools in ipairs({ "x", { 1 }, { a = 1 }, { { ["function"] = 3 } }, { { name = 5 } },
      { cjson.null } }) do
      for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
        local got = orket.try("llm", { { base_url = url, shape = shape, prompt = "hi", tools = tools } })[1]
        assert.same({ "ERR_USAGE", "tools is" }, { got.code, got.error:sub(1, 8) })
      end
    end
    assert.equal("ok", orket.try("llm",
      { { base_url = url, prompt = "hi", tools = cjson.null, model = cjson.null } })[1].outcome)
  end)

  for _, case in ipairs({
    { "", "--base-url" }, { "--base-url ''", "--base-url" },
    { "--base-url http://h --shape none", "no shape" },
    { "--base-url http://h --timeout soon", "--timeout" },
    { "--base-url http://h --tools /nowhere.json", "nowhere" },
    { "--base-url http://h --tools tests/support/echo.lua", "--tools" },
    { "--base-url http://h more", "unexpected" },
  }) do
    it("orket try llm refuses '" .. case[1] .. "'", function()
      local text, code = orket.run("try llm " .. case[1])
      assert.equal(2, code, text)
      assert.truthy(text:find(case[2], 1, true), text)
    end)
  end
end)
