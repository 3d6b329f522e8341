-- http_spec.lua: orket.core.http inside the binary, with curl and the core's own client. The parser and
-- the connections are tested in tests/c/test_http.c.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/http.lua in a task.
local function probe(name, ...)
  local text = orket.probe(orket.task("http", name, ...))
  local last = text:match("([^\n]*)\n?$")
  local ok, value = pcall(cjson.decode, last)
  return ok and value or error(text), text
end

describe("http", function()
  it("orket.core.http hands over the request", function()
    local got = probe("hands_over_request")
    assert.same({ "POST", "/a%20b", "c=d", "xy", "1", "application/json" }, got)
  end)

  it("orket.core.http sends headers, also several of a name", function()
    local text = select(2, probe("sends_headers_also_several"))
    assert.truthy(text:find("HTTP/1.1 201 Created\r\n", 1, true))
    assert.truthy(text:find("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", 1, true))
    assert.truthy(text:find("\r\n\r\nmade", 1, true))
  end)

  it("orket.core.http streams to a slow reader with back-pressure, in a task", function()
    local got = probe("streams_slow_reader_back")
    assert.same({ 8000000, true }, got)
  end)

  it("orket.core.http tells when the client leaves", function()
    local got = probe("tells_when_client_leaves")
    assert.same({ "ERR_CANCELED", false, true }, got)
  end)

  it("orket.core.http answers 500 for a handler that fails or forgets", function()
    local got = probe("answers_500_handler_fails")
    assert.same({ 500, "ERR_PROTOCOL", 500 }, got)
  end)

  it("orket.core.http closes with what is open", function()
    local got = probe("closes_open")
    assert.same({ 1, "ERR_NET", "ERR_NET", false }, got)
  end)

  it("orket.core.http fails on an address that is taken or none", function()
    local got = probe("fails_address_taken_none")
    assert.same({ "ERR_IO", "ERR_USAGE" }, got)
  end)

  local wrong = {
    "http.listen({ hots = 1 }, print)", "http.listen({})", "http.listen({ port = -1 }, print)",
    "response:send('x')", "response:send(99)", "response:send(200, { 'x' })", "response:send(200, { a = 1 })",
    "response:send(200, { a = 'b\\r\\nc' })", "response:send(200, { a = 'b\\0c' })",
    "response:send(200, { Date = 'now' })",
    "response:write('x')", "response:finish()", "response:start(200) response:start(200)",
    "response:write(1, 2)",
  }
  for _, code in ipairs(wrong) do
    it("orket.core.http raises for " .. code, function()
      local got = probe("tries", code)
      assert.is_false(got[1])
    end)
  end
end)

describe("http", function()
  for what, code in pairs({
    ["a timer"] = "uv.new_timer():start(100000, 0, print)",
    ["a process that has ended"] = "local over uv.spawn('true', { args = {} }, function() over = true end) "
      ..
      "while not over do async.sleep(0.01) end",
    ["a task that sleeps"] = "async.spawn(function() async.sleep(100) end)",
    ["a server"] = "serve(print)",
    ["a request"] = "local url = serve(function() end) async.spawn(function() get(url) end) async.sleep(0.02)",
  }) do
    it("the end of the program survives " .. what .. " that nobody closed", function()
      local got, text = probe("leaves", code)
      assert.same({ "end" }, got, text)
    end)
  end
end)
