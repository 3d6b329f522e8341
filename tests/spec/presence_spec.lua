-- presence_spec.lua: who looks at which card, over the WebSockets of `orket serve`.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local PYTHON = dofile("tests/support/network.lua").python

local HEAD = [[
import asyncio, json, sys, websockets
URL, KEY = "ws://127.0.0.1:%s/ws/events" % sys.argv[1], sys.argv[2]
def dial(more="", key=KEY): return websockets.connect(URL + more, extra_headers={"Authorization": "Bearer " + key})
async def presence(s, seconds=10):
    while True:
        message = json.loads(await asyncio.wait_for(s.recv(), seconds))
        if message["event"] == "presence":
            assert "id" not in message
            return message["data"]
async def quiet(s, seconds=0.6):
    try: return await presence(s, seconds)
    except asyncio.TimeoutError: return None
]]

local w, s

setup(function()
  w = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = "function work() return say(finish()) end" })
  s = service.start(w)
  s:post("/v1/acts/comment", { card = "A", text = "so that it is on the board" })
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function python(body)
  local file = w.dir .. "/.test/presence.py"
  orket.write(file, HEAD .. "async def main():\n" .. body:gsub("([^\n]+)", "    %1") .. "\nasyncio.run(main())\n")
  local text, code = orket.shell(("timeout 60 %s %s %d %s 2>&1"):format(PYTHON, file, s.port, s.key))
  assert.equal(0, code, text)
  return cjson.decode(text)
end

describe("who looks at a card", function()
  it("is reported to all clients, to those who come later, and ends with the connection", function()
    local got = python([=[
out = []
async with dial() as a, dial() as b:
    await a.send('{"look": "A"}'); out.append(await presence(b)); out.append(await presence(a))
    async with dial() as c:
        out.append(await presence(c))
        await c.send('{"look": "B"}'); out.append(await presence(b))
    out.append(await presence(b))
    await a.send('{"look": null}'); out.append(await presence(b))
    out.append(await quiet(b))
print(json.dumps(out))]=])
    local function row(card, who)
      return { card = card, who = who, count = #who }
    end
    assert.same({ row("A", { "admin" }), row("A", { "admin" }), row("A", { "admin" }), row("B", { "admin" }),
      row("B", {}), row("A", {}), cjson.null }, got)
    assert.equal(0, #w:events("presence"))
  end)

  it("is not reported where deltas are not wanted, nor of a card that is not there, nor for anything else said", function()
    local got = python([=[
out = []
async with dial("?deltas=false") as silent, dial() as a, dial() as b:
    for said in ['{"look": "nix"}', '{"look": 7}', '{"look": ["A"]}', '["A"]', 'look', '{"look": "A"' + " " * 2000 + "}",
                 '{"look": "A', '"' + "[" * 500, '{"other": "A"}', '{"look": "' + "A" * 900 + '"}']:
        await a.send(said)
    await a.send(b'{"look": "A"}')
    out.append(await quiet(b))
    await a.send('{"look": "B"}')
    out.append((await presence(b))["card"])
    out.append(await quiet(silent))
print(json.dumps(out))]=])
    assert.same({ cjson.null, "B", cjson.null }, got)
  end)

  it("costs the same however often a client changes its mind", function()
    local got = python([=[
count = 0
async with dial() as a, dial() as b:
    for i in range(3000):
        await a.send('{"look": "%s"}' % "AB"[i % 2])
    await a.send('{"look": "A"}')
    last = None
    while True:
        row = await quiet(b, 1)
        if row is None: break
        count, last = count + 1, row if row["count"] else last
print(json.dumps([count, last["card"]]))]=])
    assert.truthy(got[1] < 100, got[1])
    assert.equal("A", got[2])
  end)
end)
