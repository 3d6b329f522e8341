-- llm_spec.lua: llm.complete inside the binary: against the mock model, and against servers that do what
-- no server should. Each costs at most its deadline or cap and answers with its code.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/llm.lua in a task.
local function probe(name, ...)
  local text = orket.probe(orket.task("llm", name, ...))
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

local OK = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

describe("llm", function()
  it("llm.complete streams, calls and counts", function()
    local got = probe("streams_calls_counts")
    assert.equal("Grüße an alle, die das hier lesen", got.reply.content)
    assert.equal("Grüße an alle, die das hier lesen", table.concat(got.deltas))
    assert.is_true(#got.deltas >= 1) -- what comes together is told together
    assert.equal("hm", got.reply.reasoning)
    assert.same({ { id = "call_1_1", name = "f", arguments = '{"a":1}' } }, got.reply.calls)
    assert.equal("tool_calls", got.reply.finish)
    assert.is_true(got.reply.usage.prompt > 0 and got.reply.usage.completion > 0)
    assert.equal("call_1_1", cjson.decode(got.reply.message).tool_calls[1].id)
  end)

  it("llm.complete answers the same when it is not streamed", function()
    local got = probe("answers_same_when_streamed")
    assert.same(got[1], got[2])
    assert.equal("broken", got[1].calls[1].arguments)
  end)

  it("llm.complete sends exactly these bytes", function()
    local got = probe("sends_exactly_these_bytes")
    local head, body = got[1]:match("^(.-)\r\n\r\n(.*)$")
    assert.equal('{"max_tokens":9,"model":"m","seed":7,"stream":true,"temperature":0,"top_p":0.5,' ..
      '"messages":[{"a":1},{"b":2}],"tools":[{"type":"function"}]}', body)
    assert.truthy(head:find("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:", 1, true))
    assert.truthy(head:find("\r\nContent-Type: application/json\r\n", 1, true))
    assert.truthy(head:find("\r\nX-Title: Orket", 1, true))
    assert.falsy(head:find("Expect", 1, true) or head:find("Encoding", 1, true)
      or head:find("Authorization", 1, true))
  end)

  local hostile = { -- name, bytes, how it ends, more, expected
    { "a cut stream", OK .. 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n', "close", {},
      { error = "ERR_PROTOCOL" } },
    -- ERR_NET or ERR_PROTOCOL: it may take the bytes with it
    { "a reset stream", OK .. 'data: {"choices":', "reset", {}, { class = "model" } },
    { "silence", "", "hang", { model = { deadlines = { first_byte = 0.1 } } },
      { error = "ERR_TIMEOUT", deadline = "first_byte" } },
    { "a stream that stalls", OK .. 'data: {}\n\n', "hang", { model = { deadlines = { idle = 0.1 } } },
      { error = "ERR_TIMEOUT", deadline = "idle" } },
    { "broken JSON", OK .. 'data: {"choices\n\n', "close", {}, { error = "ERR_PROTOCOL" } },
    { "an error in the stream", OK .. 'data: {"error":{"message":"overloaded"}}\n\n', "close", {},
      { error = "ERR_HTTP" } },
    { "HTML", 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>x', "close", {},
      { error = "ERR_PROTOCOL" } },
    { "no content", 'HTTP/1.1 204 No Content\r\n\r\n', "close", {}, { error = "ERR_PROTOCOL" } },
    { "a redirect", 'HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      "close", {}, { error = "ERR_HTTP", status = 307 } },
    { "an error with a message",
      'HTTP/1.1 400 No\r\nContent-Length: 31\r\n\r\n{"error":{"message":"bad seed"}}', "close", {},
      { error = "ERR_HTTP", status = 400 } },
    { "a long line", OK .. "data: " .. ("x"):rep(3000000), "close", {}, { error = "ERR_LIMIT" } },
    { "a compressed reply",
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00', "close", {}, { error = "ERR_PROTOCOL" } },
    { "endless headers", "HTTP/1.1 200 OK\r\n" .. ("X-A: b\r\n"):rep(100000), "hang", {},
      { error = "ERR_LIMIT" } },
    { "a head that stops", 'HTTP/1.1 200 OK\r\nX-A', "hang", { model = { deadlines = { idle = 0.1 } } },
      { error = "ERR_TIMEOUT", deadline = "idle" } },
    { "a long reply", OK .. (": x\n"):rep(1000000), "close",
      { model = { caps = { body = 100000 } } }, { error = "ERR_LIMIT" } },
    { "a bad UTF-8 event",
      OK .. 'data: {"choices":[{"delta":{"content":"a\xFFb"}}]}\n\ndata: [DONE]\n\n', "hang", {},
      { content = "a\u{FFFD}b" } },
    { "CRLF and comments",
      OK .. ': ping\r\n\r\ndata: {"choices":[{"delta":{"content":"ok"}}]}\r\n\r\n: x\r\ndata:[DONE]\r\n\r\n',
        "hang", {}, { content = "ok" } },
    { "a stream without a type",
      'HTTP/1.1 200 OK\r\n\r\ndata: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n',
        "close", {}, { content = "ok" } },
    { "a body without a type",
      'HTTP/1.1 200 OK\r\n\r\n {"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}', "close",
        {}, { content = "ok" } },
  }
  for _, row in ipairs(hostile) do
    it("llm.complete survives " .. row[1], function()
      local got = probe("asks", row[2], row[3], cjson.encode(row[4]))
      for key, value in pairs(row[5]) do
        assert.equal(value, got[key], cjson.encode(got):sub(1, 300))
      end
      assert.is_true(not got.error or got.class == (got.error == "ERR_LIMIT" and "limit" or "model")
        and #got.message > 10)
    end)
  end

  it("llm.complete tries again what may succeed, and tells of it", function()
    local got = probe("tries_again_may_succeed")
    assert.equal("at last", got.reply)
    assert.equal(3, got.requests)
    assert.equal(2, #got.attempts)
    assert.equal(503, got.attempts[1].status)
    assert.is_true(got.attempts[2].wait > 0)
  end)

  it("llm.complete does not wait for a server that asks for too much", function()
    local got = probe("does_wait_server_asks")
    assert.equal(3600, got.reply.retry_after)
    assert.equal(1, got.requests)
  end)

  it("llm.complete does not repeat what cannot succeed", function()
    local got = probe("does_repeat_cannot_succeed")
    assert.same({ status = 401, requests = 1 }, got)
  end)

  it("llm.complete keeps a key to its origin, out of Lua and out of errors", function()
    local dir = orket.directory()
    orket.write(dir .. "/key", " sk-hidden\n")
    local got = probe("keeps_key_to_origin", dir .. "/key")
    orket.remove(dir)
    assert.is_true(got.sent)
    assert.equal("", got.leaked)
    assert.same({ "ERR_HTTP", "ERR_DENIED", "ERR_NOT_FOUND" },
      { got.errors[1].error, got.errors[2].error, got.errors[3].error })
    assert.equal("input", got.errors[2].class)
    assert.falsy(cjson.encode(got.errors):find("sk-hidden", 1, true))
  end)

  it("llm.complete that fetches an answer fails as canceled when the run gives it up", function()
    local got = probe("fetches_answer_fails_canceled")
    assert.same({ reply = false, code = "ERR_CANCELED", estimated = true }, got)
  end)

  it("llm.complete ends when its task is canceled", function()
    local got = probe("ends_when_task_canceled")
    assert.same({ error = "ERR_CANCELED", left = 0 }, got)
  end)
end)

-- A libcurl that the loader finds first and cannot use.
describe("without a usable libcurl", function()
  local dir, path = orket.directory(), nil
  setup(function()
    orket.write(dir .. "/libcurl.so.4", "no library")
    path = "LD_LIBRARY_PATH=" .. dir .. " "
  end)
  teardown(function()
    orket.remove(dir)
  end)

  it("a request without a usable libcurl ends with the cause and the fix, and is no attempt", function()
    local got = cjson.decode(orket.probe(orket.task("llm", "asks_without_library"), path):match("[^\n]*"))
    assert.is_nil(got.reply)
    assert.equal(0, got.attempts) -- nothing of the model failed
    assert.same({ "ERR_LIBRARY", "environment", "apt install libcurl4" },
      { got.err.code, got.err.class, got.err.fix })
    assert.truthy(got.err.message:find("libcurl cannot be loaded: ", 1, true))
    assert.equal("ERR_LIBRARY", got.key)
  end)

  it("commands that ask no model work without a usable libcurl", function()
    assert.equal(orket.run("law"), (orket.shell(path .. orket.binary .. " law 2>&1")))
  end)
end)

describe("llm", function()
  it("orket.core.llm answers a body as it is without a shape, and takes a GET", function()
    local got = probe("answers_body_without_shape")
    assert.same({ body = "hi", status = 200, line = "GET /models HTTP/1.1" }, got)
  end)

  local wrong = {
    "post({})", "post({ url = 1 }, nil, print)", "post({ url = 'x', body = 1 }, nil, print)",
    "post({ url = 'x', body = { 1 } }, nil, print)", "post({ url = 'x', unknown = 1 }, nil, print)",
    "post({ url = 'x', deadlines = { sum = 1 } }, nil, print)",
    "post({ url = 'x', deadlines = { total = -1 } }, nil, print)",
    "post({ url = 'x', caps = { body = -1 } }, nil, print)",
    "post({ url = 'x', headers = { 1 } }, nil, print)",
    "post({ url = 'x', headers = { a = 'b\\0c' } }, nil, print)",
    "post({ url = 'x', shape = {} }, nil, print)",
    "post({ url = 'x' }, 1, print)", "post({ url = 'x' })", "key('a', { secret = 'x' })", "shape(1)",
  }
  for _, call in ipairs(wrong) do
    it("orket.core.llm raises for " .. call, function()
      local got = probe("calls_wrongly", call)
      assert.is_false(got[1])
    end)
  end
end)
