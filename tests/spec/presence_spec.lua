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

-- 3,000,000 messages as fast as they are taken, and another client's requests meanwhile.
local FLOOD = [=[
import socket, threading, time, urllib.request
def spent():
    fields = open("/proc/%d/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
def frame(text): return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text
def flood():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(("GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %%s\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
               %% KEY).encode())
    assert b"101" in s.recv(4096)
    for _ in range(15000): s.sendall((frame(b'{"look":"A"}') + frame(b'{"look":null}')) * 100)
    s.sendall(frame(b'{"look":"B"}'))
    return s
slowest, held = 0, []
async with dial() as b:
    began = spent()
    thread = threading.Thread(target=lambda: held.append(flood()))
    thread.start()
    while thread.is_alive():
        at = time.monotonic()
        urllib.request.urlopen("http://127.0.0.1:%%s/health" %% sys.argv[1]).read()
        slowest = max(slowest, time.monotonic() - at)
    card = None
    while card != "B": card = (await presence(b))["card"]
    seconds = spent() - began
print(json.dumps({"card": card, "slowest": slowest, "seconds": seconds}))]=]

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

  it("takes no time from other clients, however many messages of it come", function()
    local got = python(FLOOD:format(s.pid))
    assert.equal("B", got.card)
    assert.truthy(got.slowest < 1, got.slowest)
    assert.truthy(got.seconds < 3, got.seconds)
  end)
end)
