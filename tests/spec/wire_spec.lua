-- wire_spec.lua: replies in every variation that servers are known to write (tests/wire), as bytes, at once
-- and in pieces: what is understood of them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local WIRE = orket.read("tests/support/probes/wire.lua")

local function answers(shape, rows)
  local bodies = {}
  for i, row in ipairs(rows) do
    bodies[i] = { body = row[2], kind = row.kind, status = row.status }
  end
  local path = os.tmpname()
  orket.write(path, cjson.encode(bodies))
  local text = orket.probe(WIRE, ("SHAPE=%s ROWS=%s "):format(shape, path))
  os.remove(path)
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
