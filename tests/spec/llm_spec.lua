-- llm_spec.lua: llm.complete inside the binary: against the mock model, and against servers that do what
-- no server should. Each costs at most its deadline or cap and answers with its code.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Inside the binary: a server that sends fixed bytes, and one call of complete.
local WORLD = orket.read("tests/support/probes/llm_world.lua")

local function probe(chunk)
  local text = orket.probe(WORLD .. "\nrequire('orket.async').main(function()\n" .. chunk
    .. "\nreturn 0 end)")
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

local OK = "HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n"

describe("llm.complete", function()
  it("streams, calls and counts", function()
    local got = probe([[
      local model = mock_server.start("m", "return function(r) return { content = 'Grüße an alle, die das hier lesen', " ..
        "calls = { { name = 'f', arguments = { a = 1 } } }, reasoning = 'hm' } end", {})
      local deltas = {}
      local reply = ask(model.url, { on_delta = function(text) deltas[#deltas + 1] = text end })
      model:close()
      say({ reply = reply, deltas = deltas })]])
    assert.equal("Grüße an alle, die das hier lesen", got.reply.content)
    assert.equal("Grüße an alle, die das hier lesen", table.concat(got.deltas))
    assert.is_true(#got.deltas >= 1) -- what comes together is told together
    assert.equal("hm", got.reply.reasoning)
    assert.same({ { id = "call_1_1", name = "f", arguments = '{"a":1}' } }, got.reply.calls)
    assert.equal("tool_calls", got.reply.finish)
    assert.is_true(got.reply.usage.prompt > 0 and got.reply.usage.completion > 0)
    assert.equal("call_1_1", cjson.decode(got.reply.message).tool_calls[1].id)
  end)

  it("answers the same when it is not streamed", function()
    local got = probe([[
      local model = mock_server.start("m", "return function(r) return { content = 'x', calls = { { name = 'f', arguments = 'broken' } } } end", {})
      local streamed, whole = ask(model.url), ask(model.url, { stream = false })
      model:close()
      streamed.ms, whole.ms = nil, nil
      say({ streamed, whole })]])
    assert.same(got[1], got[2])
    assert.equal("broken", got[1].calls[1].arguments)
  end)

  it("sends exactly these bytes", function()
    local got = probe([[
      local url, seen, close = raw("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
      ask(url .. "/v1/", { tools = '[{"type":"function"}]', messages = { '{"a":1}', '{"b":2}' },
        model = { temperature = 0, seed = 7, max_tokens = 9, params = { top_p = 0.5, model = "no", stream_options = cjson.null },
          headers = { ["X-Title"] = "Orket" } } })
      close()
      say({ seen.text })]])
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
    { "a cut stream", OK .. [[data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n]], "close", "",
      { error = "ERR_PROTOCOL" } },
    -- ERR_NET or ERR_PROTOCOL: it may take the bytes with it
    { "a reset stream", OK .. [[data: {\"choices\":]], "reset", "", { class = "model" } },
    { "silence", "", "hang", "model = { deadlines = { first_byte = 0.1 } }",
      { error = "ERR_TIMEOUT", deadline = "first_byte" } },
    { "a stream that stalls", OK .. [[data: {}\n\n]], "hang", "model = { deadlines = { idle = 0.1 } }",
      { error = "ERR_TIMEOUT", deadline = "idle" } },
    { "broken JSON", OK .. [[data: {\"choices\n\n]], "close", "", { error = "ERR_PROTOCOL" } },
    { "an error in the stream", OK .. [[data: {\"error\":{\"message\":\"overloaded\"}}\n\n]], "close", "",
      { error = "ERR_HTTP" } },
    { "HTML", [[HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>x]], "close", "",
      { error = "ERR_PROTOCOL" } },
    { "no content", [[HTTP/1.1 204 No Content\r\n\r\n]], "close", "", { error = "ERR_PROTOCOL" } },
    { "a redirect", [[HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n]],
      "close", "", { error = "ERR_HTTP", status = 307 } },
    { "an error with a message",
      [[HTTP/1.1 400 No\r\nContent-Length: 31\r\n\r\n{\"error\":{\"message\":\"bad seed\"}}]], "close", "",
      { error = "ERR_HTTP", status = 400 } },
    { "a long line", OK .. "data: \" .. (\"x\"):rep(3000000) .. \"", "close", "", { error = "ERR_LIMIT" } },
    { "a compressed reply",
      [[HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00]], "close", "", { error = "ERR_PROTOCOL" } },
    { "endless headers", "HTTP/1.1 200 OK\\r\\n\" .. (\"X-A: b\\r\\n\"):rep(100000) .. \"", "hang", "",
      { error = "ERR_LIMIT" } },
    { "a head that stops", [[HTTP/1.1 200 OK\r\nX-A]], "hang", "model = { deadlines = { idle = 0.1 } }",
      { error = "ERR_TIMEOUT", deadline = "idle" } },
    { "a long reply", OK .. "\" .. (\": x\\n\"):rep(1000000) .. \"", "close",
      "model = { caps = { body = 100000 } }", { error = "ERR_LIMIT" } },
    { "a bad UTF-8 event",
      OK .. [[data: {\"choices\":[{\"delta\":{\"content\":\"a\xFFb\"}}]}\n\ndata: [DONE]\n\n]], "hang", "",
      { content = "a\u{FFFD}b" } },
    { "CRLF and comments",
      OK .. [[: ping\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\r\n\r\n: x\r\ndata:[DONE]\r\n\r\n]], "hang", "", { content = "ok" } },
    { "a stream without a type",
      [[HTTP/1.1 200 OK\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\n]], "close", "", { content = "ok" } },
    { "a body without a type",
      [[HTTP/1.1 200 OK\r\n\r\n {\"choices\":[{\"message\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}]], "close", "", { content = "ok" } },
  }
  for _, row in ipairs(hostile) do
    it("survives " .. row[1], function()
      local got = probe(([[
        local url, _, close = raw("%s", "%s")
        local reply = ask(url, { %s })
        close()
        say(reply)]]):format(row[2], row[3], row[4]))
      for key, value in pairs(row[5]) do
        assert.equal(value, got[key], cjson.encode(got):sub(1, 300))
      end
      assert.is_true(not got.error or got.class == (got.error == "ERR_LIMIT" and "limit" or "model")
        and #got.message > 10)
    end)
  end

  it("tries again what may succeed, and tells of it", function()
    local got = probe([[
      local good = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n' ..
        '{"choices":[{"message":{"content":"at last"},"finish_reason":"stop"}]}'
      local url, seen, close = raw(function(n)
        return n == 1 and "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
          or n == 2 and "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" or good
      end)
      local attempts = {}
      local reply = ask(url, { attempts = 3, on_attempt = function(a) attempts[#attempts + 1] = a end })
      close()
      say({ reply = reply.content, attempts = attempts, requests = seen.requests })]])
    assert.equal("at last", got.reply)
    assert.equal(3, got.requests)
    assert.equal(2, #got.attempts)
    assert.equal(503, got.attempts[1].status)
    assert.is_true(got.attempts[2].wait > 0)
  end)

  it("does not wait for a server that asks for too much", function()
    local got = probe([[
      local url, seen, close = raw("HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")
      local reply = ask(url, { attempts = 3 })
      close()
      say({ reply = reply, requests = seen.requests })]])
    assert.equal(3600, got.reply.retry_after)
    assert.equal(1, got.requests)
  end)

  it("does not repeat what cannot succeed", function()
    local got = probe([[
      local url, seen, close = raw("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
      local reply = ask(url, { attempts = 3 })
      close()
      say({ status = reply.status, requests = seen.requests })]])
    assert.same({ status = 401, requests = 1 }, got)
  end)

  it("keeps a key to its origin, out of Lua and out of errors", function()
    local dir = orket.directory()
    orket.write(dir .. "/key", " sk-hidden\n")
    local got = probe(([[
      require("orket.llm.model_keys").list({ k = { file = "%s/key" } })
      local one, seen, close_one = raw("HTTP/1.1 401 sk-hidden\r\nContent-Length: 0\r\n\r\n")
      local two, other, close_two = raw("HTTP/1.1 200 OK\r\n\r\n")
      local first, second = ask(one, { model = { key = "k" } }), ask(two, { model = { key = "k" } })
      local missing = ask(one, { model = { key = "nobody_has_this" } })
      close_one() close_two()
      say({ sent = seen.text:find("Authorization: Bearer sk-hidden", 1, true) ~= nil, leaked = other.text,
        errors = { first, second, missing } })]]):format(dir))
    orket.remove(dir)
    assert.is_true(got.sent)
    assert.equal("", got.leaked)
    assert.same({ "ERR_HTTP", "ERR_DENIED", "ERR_NOT_FOUND" },
      { got.errors[1].error, got.errors[2].error, got.errors[3].error })
    assert.equal("input", got.errors[2].class)
    assert.falsy(cjson.encode(got.errors):find("sk-hidden", 1, true))
  end)

  it("that fetches an answer fails as canceled when the run gives it up", function()
    local got = probe([[
      local url, seen, close = raw("", "hang")
      local reply, err
      local task = async.spawn(function()
        reply, err = llm.fetch({ model = { base_url = url, model = "m" }, path = "/embeddings", body = { "{}" }, read = function(answer) return answer end })
      end)
      while seen.requests == 0 do async.sleep(0.01) end
      async.cancel(task, nil, true)
      async.hurry(task)
      while not task.done do async.sleep(0.01) end
      close()
      say({ reply = reply or false, code = err and err.code, estimated = err and err.usage.estimated })]])
    assert.same({ reply = false, code = "ERR_CANCELED", estimated = true }, got)
  end)

  it("ends when its task is canceled", function()
    local got = probe([[
      local core = require("orket.core.llm")
      local url, _, close = raw("", "hang")
      local reply
      local task = async.spawn(function() reply = ask(url) end)
      async.sleep(0.02)
      async.cancel(task)
      local before = reply.error
      async.sleep(0.01)
      close()
      say({ error = before, left = core.count() })]])
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
    local got = cjson.decode(orket.probe(WORLD .. [[
      async.main(function()
        local model, attempts = { base_url = "http://127.0.0.1:9", model = "m" }, 0
        local reply, err = llm.complete({ model = model, messages = { "{}" }, on_attempt = function() attempts = attempts + 1 end })
        local _, _, code = require("orket.core.llm").key("k", { env = "HOME", origin = "http://127.0.0.1:9" })
        say({ reply = reply, err = err, attempts = attempts, key = code })
        return 0
      end)]], path):match("[^\n]*"))
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

describe("orket.core.llm", function()
  it("answers a body as it is without a shape, and takes a GET", function()
    local got = probe([[
      local core = require("orket.core.llm")
      local url, seen, close = raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
      local reply = async.await(core.post, { url = url .. "/models" }, nil)
      close()
      say({ body = reply.body, status = reply.status, line = seen.text:match("[^\r]*") })]])
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
    it("raises for " .. call, function()
      local got = probe("local core = require('orket.core.llm')\nsay({ pcall(function() core." .. call
        .. " end) })")
      assert.is_false(got[1])
    end)
  end
end)
