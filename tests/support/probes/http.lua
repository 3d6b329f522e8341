-- http.lua: a server in the binary and a client of it, and the tests of http_spec.lua there.

local async, cjson, uv = require("orket.async"), require("cjson"), require("luv")
local http, core = require("orket.core.http"), require("orket.core.llm")
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

local M = {}

function M.hands_over_request()
  local url = serve(function(request, response)
    response:send(200, nil, cjson.encode({ request.method, request.path, request.query, request.body,
      request.headers["x-a"], request.headers["content-type"] }))
  end)
  say(cjson.decode(get(url .. "/a%20b?c=d", { body = { "x", "y" }, headers = { ["X-A"] = "1" } }).body))
end

function M.sends_headers_also_several()
  local url, server = serve(function(_, response)
    response:send(201, { ["Set-Cookie"] = { "a=1", "b=2" }, ["X-Y"] = "z" }, "made")
  end)
  local done
  uv.spawn("curl", { args = { "-si", url }, stdio = { nil, 1, 2 } }, function() done = true end)
  while not done do async.sleep(0.01) end
  server:close()
  print("")
  say(true)
end

function M.streams_slow_reader_back()
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
  say({ #reply.body, most <= 200000 })
end

function M.tells_when_client_leaves()
  local gone
  local url = serve(function(_, response)
    response:start(200)
    response:on_gone(function(_, _, code) gone = { code, response:is_open(), response:write("x") == nil } end)
  end)
  get(url, { deadlines = { total = 0.05 } })
  for _ = 1, 100 do
    if gone then break end
    async.sleep(0.01)
  end
  say(gone)
end

function M.answers_500_handler_fails()
  local url = serve(function(request, response)
    if request.path == "/fail" then error("broken") end
    if request.path == "/late" then response:start(200) error("broken") end
  end)
  local collect = uv.new_timer()
  collect:start(20, 20, function() collectgarbage() end)
  local fail, late, forget = get(url .. "/fail"), get(url .. "/late"), get(url .. "/forget")
  collect:close()
  say({ fail.status, late.error, forget.status })
end

function M.closes_open()
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
  say({ left, reply.error, get(url).error, (pcall(server.port, server)) })
end

function M.fails_address_taken_none()
  local _, server = serve(print)
  local _, _, taken = http.listen({ port = server:port() }, print)
  local _, _, none = http.listen({ host = "example.com" }, print)
  say({ taken, none })
end

-- What code knows here.
local function compiled(code, ...)
  local names = setmetatable({ uv = uv, async = async, http = http, serve = serve, get = get },
    { __index = _G })
  names.response = ...
  return assert(load(code, "code", "t", names))
end

-- Whether the code raises that a server runs over its response.
function M.tries(code)
  local ok
  local url = serve(function(_, response)
    ok = pcall(compiled(code, response))
    response:abort()
  end)
  get(url)
  say({ ok })
end

-- The code leaves something open when the program ends.
function M.leaves(code)
  compiled(code)()
  say({ "end" })
end

return M
