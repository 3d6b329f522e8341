-- wire_spec.lua: replies in every variation that servers are known to write (tests/wire), as bytes, at once and in
-- pieces: what is understood of them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Inside the binary: serves each row, whole and in pieces, and tells what came of it.
local WORLD = [==[
local async, cjson, llm, uv = require("orket.async"), require("cjson"), require("orket.llm.client"), require("luv")

local function send(peer, head, body, size)
  if not size then
    return peer:write(head .. body, function() peer:close() end)
  end
  local function more(at)
    if at > #body then return peer:close() end
    peer:write(body:sub(at, at + size - 1), function() more(at + size) end)
  end
  peer:write(head, function() more(1) end)
end

-- The end is the connection's, as with servers that do not know how long a stream will be.
local function serve(row, size)
  local server = uv.new_tcp()
  server:bind("127.0.0.1", 0)
  server:listen(16, function()
    local peer, asked = uv.new_tcp(), ""
    server:accept(peer)
    peer:nodelay(true)
    peer:read_start(function(_, data)
      asked = asked .. (data or "")
      if not asked:find("\r\n\r\n", 1, true) or peer:is_closing() then return end
      peer:read_stop()
      local kind = row.kind or "text/event-stream"
      send(peer, "HTTP/1.1 " .. (row.status or "200 OK") .. "\r\n" .. (kind ~= "" and "Content-Type: " .. kind .. "\r\n" or "")
        .. "Connection: close\r\n\r\n", row.body, size)
    end)
  end)
  return "http://127.0.0.1:" .. server:getsockname().port, function() server:close() end
end

local function ask(shape, row, size)
  local url, close = serve(row, size)
  local deltas = {}
  local reply, err = llm.complete({
    model = { base_url = url, model = "m", shape = shape, deadlines = { connect = 20, first_byte = 20, idle = 20, total = 20 } },
    messages = { '{"content":"hi","role":"user"}' }, attempts = 1, on_delta = function(text) deltas[#deltas + 1] = text end,
  })
  close()
  return { reply = reply, error = err, heard = table.concat(deltas) }
end

local shape, rows = SHAPE, cjson.decode(ROWS)
async.main(function()
  for i, row in ipairs(rows) do
    print(cjson.encode({ ask(shape, row), ask(shape, row, 1 + i % 7) }))
  end
  return 0
end)
]==]

local function answers(shape, rows)
  local bodies = {}
  for i, row in ipairs(rows) do
    bodies[i] = { body = row[2], kind = row.kind, status = row.status }
  end
  local text = orket.probe((WORLD:gsub("SHAPE", ("%q"):format(shape)):gsub("ROWS", function()
    return ("[=====[%s]=====]"):format(cjson.encode(bodies))
  end)))
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    lines[#lines + 1] = cjson.decode(line) or error(text)
  end
  return lines
end

local function calls_of(reply, wanted)
  local calls = {}
  for i, call in ipairs(reply.calls) do
    calls[i] = { call.name, call.arguments, wanted[i] and wanted[i][3] and call.id or nil }
  end
  return calls
end

local function judge(row, got)
  if row.code then
    assert.is_nil(got.reply, "understood")
    assert.equal(row.code, got.error.code, got.error.message)
    assert.truthy(got.error.message:find(row.message or "", 1, true), got.error.message)
    return
  end
  assert.is_nil(got.error, got.error and got.error.message)
  local reply = got.reply
  assert.same(row.calls or {}, calls_of(reply, row.calls or {}))
  assert.equal(row.reasoning, reply.reasoning)
  if row.content then
    assert.equal(row.content, reply.content)
  end
  if row.usage then
    assert.same(row.usage, reply.usage)
  end
  if row.finish then
    assert.equal(row.finish, reply.finish)
  end
  if row.said then
    assert.same(row.said, cjson.decode(reply.message).apart.said)
  end
  assert.truthy(got.heard == "" or got.heard == reply.content or row.raw)
  local message = cjson.decode(reply.message)
  assert.equal(reply.content or "", message.content ~= cjson.null and message.content or "")
end

for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
  describe("what servers of " .. shape .. " write", function()
    local rows = dofile(("tests/wire/%s.lua"):format(shape))
    local got

    setup(function()
      got = answers(shape, rows)
      assert.equal(#rows, #got)
    end)

    for i, row in ipairs(rows) do
      it(row[1], function()
        judge(row, got[i][1])
        judge(row, got[i][2]) -- in pieces
      end)
    end
  end)
end
