-- http_spec.lua: orket.core.http inside the binary, with curl and the core's own client. The parser and
-- the connections are tested in tests/c/test_http.c.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local WORLD = [==[
local async, cjson, uv = require("orket.async"), require("cjson"), require("luv")
local http, core = require("orket.core.http"), require("orket.core.llm")
local said = {}
local function serve(handler)
  local server = assert(http.listen({}, handler))
  return "http://127.0.0.1:" .. server:port(), server
end
local function get(url, more)
  local request = { url = url, deadlines = { total = 5 } }
  for key, value in pairs(more or {}) do request[key] = value end
  local reply, message, code, info = async.await(core.post, request, nil)
  return reply or { error = code, message = message, status = info.status }
end
local function say(value) print(cjson.encode(value)) end
]==]

local function probe(chunk)
  local text = orket.probe(WORLD .. "\nrequire('orket.async').main(function()\n" .. chunk
    .. "\nreturn 0 end)")
  local last = text:match("([^\n]*)\n?$")
  local ok, value = pcall(cjson.decode, last)
  return ok and value or error(text), text
end

describe("orket.core.http", function()
  it("hands over the request", function()
    local got = probe([[
      local url = serve(function(request, response)
        response:send(200, nil, cjson.encode({ request.method, request.path, request.query, request.body,
          request.headers["x-a"], request.headers["content-type"] }))
      end)
      say(cjson.decode(get(url .. "/a%20b?c=d", { body = { "x", "y" }, headers = { ["X-A"] = "1" } }).body))]])
    assert.same({ "POST", "/a%20b", "c=d", "xy", "1", "application/json" }, got)
  end)

  it("sends headers, also several of a name", function()
    local text = select(2, probe([[
      local url, server = serve(function(_, response)
        response:send(201, { ["Set-Cookie"] = { "a=1", "b=2" }, ["X-Y"] = "z" }, "made")
      end)
      local done
      uv.spawn("curl", { args = { "-si", url }, stdio = { nil, 1, 2 } }, function() done = true end)
      while not done do async.sleep(0.01) end
      server:close()
      print("")
      say(true)]]))
    assert.truthy(text:find("HTTP/1.1 201 Created\r\n", 1, true))
    assert.truthy(text:find("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", 1, true))
    assert.truthy(text:find("\r\n\r\nmade", 1, true))
  end)

  it("streams to a slow reader with back-pressure, in a task", function()
    local got = probe([[
      local piece, most = ("x"):rep(40000), 0
      local url = serve(function(_, response)
        async.spawn(function()
          response:start(200, { ["Content-Type"] = "text/plain" })
          for _ = 1, 200 do
            assert(async.await(response.write, response, piece))
            most = math.max(most, response:write(""))
          end
          response:finish()
        end)
      end)
      local reply = get(url)
      say({ #reply.body, most <= 200000 })]])
    assert.same({ 8000000, true }, got)
  end)

  it("tells when the client leaves", function()
    local got = probe([[
      local gone
      local url = serve(function(_, response)
        response:start(200)
        response:on_gone(function(_, message, code) gone = { code, response:is_open(), response:write("x") == nil } end)
      end)
      get(url, { deadlines = { total = 0.05 } })
      for _ = 1, 100 do
        if gone then break end
        async.sleep(0.01)
      end
      say(gone)]])
    assert.same({ "ERR_CANCELED", false, true }, got)
  end)

  it("answers 500 for a handler that fails or forgets", function()
    local got = probe([[
      local url = serve(function(request, response)
        if request.path == "/fail" then error("broken") end
        if request.path == "/late" then response:start(200) error("broken") end
      end)
      local collect = uv.new_timer()
      collect:start(20, 20, function() collectgarbage() end)
      local fail, late, forget = get(url .. "/fail"), get(url .. "/late"), get(url .. "/forget")
      collect:close()
      say({ fail.status, late.error, forget.status })]])
    assert.same({ 500, "ERR_PROTOCOL", 500 }, got)
  end)

  it("closes with what is open", function()
    local got = probe([[
      local left, arrived = 0, nil
      local url, server = serve(function(_, response)
        response:on_gone(function() left = left + 1 end)
        arrived(true)
      end)
      local reply
      local client = async.spawn(function() reply = get(url) end)
      async.suspend(function(wake) arrived = wake end)
      server:close()
      async.join(client)
      say({ left, reply.error, get(url).error, (pcall(server.port, server)) })]])
    assert.same({ 1, "ERR_NET", "ERR_NET", false }, got)
  end)

  it("fails on an address that is taken or none", function()
    local got = probe([[
      local _, server = serve(print)
      local _, _, taken = http.listen({ port = server:port() }, print)
      local _, _, none = http.listen({ host = "example.com" }, print)
      say({ taken, none })]])
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
    it("raises for " .. code, function()
      local got = probe(([[
        local ok
        local url = serve(function(_, response)
          ok = pcall(function() %s end)
          response:abort()
        end)
        get(url)
        say({ ok })]]):format(code))
      assert.is_false(got[1])
    end)
  end
end)

describe("the end of the program", function()
  for what, code in pairs({
    ["a timer"] = "uv.new_timer():start(100000, 0, print)",
    ["a process that has ended"] = "local over uv.spawn('true', { args = {} }, function() over = true end) "
      ..
      "while not over do async.sleep(0.01) end",
    ["a task that sleeps"] = "async.spawn(function() async.sleep(100) end)",
    ["a server"] = "serve(print)",
    ["a request"] = "local url = serve(function() end) async.spawn(function() get(url) end) async.sleep(0.02)",
  }) do
    it("survives " .. what .. " that nobody closed", function()
      local got, text = probe(code .. "\nsay({ 'end' })")
      assert.same({ "end" }, got, text)
    end)
  end
end)
