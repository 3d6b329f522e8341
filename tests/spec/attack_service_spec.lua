-- attack_service_spec.lua: who has a credential of `orket serve`, and wants more than it gives: what a role does
-- not have, a second yes in another's place, the place of others at the server, another project.

local cjson = require("cjson")
local accounts = dofile("tests/support/accounts.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local function served(options)
  local w = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
  for name, role in pairs({ ada = "admin", dev = "developer", eve = "viewer" }) do
    accounts.add(w, name, role)
  end
  return w, service.start(w, options)
end

describe("a viewer", function()
  local w, s, eve, ada

  setup(function()
    w, s = served()
    eve, ada = accounts.token(s, "eve"), accounts.token(s, "ada")
  end)

  teardown(function()
    s:__close()
    w:__close()
  end)

  it("reads nothing of the audit among the events, nor by asking why", function()
    local audited = accounts.ask(s, ada, "GET", "/v1/audit").body.items[1]
    assert.equal("user.created", audited.kind)
    assert.equal(403, accounts.ask(s, eve, "GET", "/v1/audit").status)
    assert.equal(403, accounts.ask(s, eve, "GET", ("/v1/why/%d"):format(audited.seq)).status)
    assert.equal(200, accounts.ask(s, ada, "GET", ("/v1/why/%d"):format(audited.seq)).status)
    for _, path in ipairs({ "/v1/events?kinds=user.,key.", "/v1/events", "/v1/events?kinds=u" }) do
      assert.is_nil(accounts.ask(s, eve, "GET", path).text:find('"user%.'), path)
      assert.truthy(accounts.ask(s, ada, "GET", path).text:find('"user%.'), path)
    end
    s.key = eve
    local stream <close> = setmetatable(s:follow("/v1/events?after=0"), { __close = function(self) self.stop() end })
    accounts.add(w, "late", "viewer")
    assert.equal(200, accounts.ask(s, ada, "POST", "/v1/acts/comment", { card = "A", text = "x" }).status)
    assert(service.wait(function() return stream.text():find("comment.added", 1, true) end))
    assert.is_nil(stream.text():find("user.created", 1, true))
  end)

  it("is given no stream that was an administrator's", function()
    accounts.add(w, "max", "admin")
    s.key = accounts.token(s, "max")
    local stream = s:follow("/v1/events")
    accounts.run(w, "user role max viewer")
    assert(service.wait(stream.ended))
  end)
end)

describe("who asked for it", function()
  local function configured(w)
    local path = w.dir .. "/config/organization.json"
    local organization = cjson.decode(orket.read(path))
    organization.people = { approvals = { { requester = false } } }
    orket.write(path, cjson.encode(organization))
  end

  local function approve(s, who, item)
    return accounts.ask(s, who, "POST", "/v1/approvals/" .. item.id:gsub("/", "%%2F") .. "/approve",
      { hash = item.hash }).status
  end

  local function waits(s)
    local item
    assert(world.wait(function()
      item = s:get("/v1/inbox").body.items[1]
      return item and item.kind == "approval"
    end, 30))
    return item
  end

  it("by asking for a plan does not take it as another person would", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = orket.read("tests/support/planner.lua") .. [[
function plan(tool)
  return tool == "propose_requirements" and { requirements = { "it is done" } } or sound()
end
]] })
    configured(w)
    accounts.add(w, "dev", "developer")
    accounts.add(w, "bob", "developer")
    local s <close> = service.start(w)
    local dev, bob = accounts.token(s, "dev"), accounts.token(s, "bob")
    assert.equal(202, accounts.ask(s, dev, "POST", "/v1/plans", { text = "make a thing" }).status)
    local item = waits(s)
    assert.equal(403, approve(s, dev, item))
    assert.equal(200, approve(s, bob, item))
  end)

  it("by letting a parked card go on does not answer what its run asks then", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
function work(talk)
  if not talk.text:find("that one", 1, true) then
    return say(call("request_excuse", { reason = "which?" }))
  end
  return steps(talk, function() return say(write("locked/a", "one\n")) end, function() return say(finish()) end)
end
]], gate = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" }, why = "so" } } })
    configured(w)
    accounts.add(w, "dev", "developer")
    accounts.add(w, "bob", "developer")
    local s <close> = service.start(w)
    local dev, bob = accounts.token(s, "dev"), accounts.token(s, "bob")
    assert.equal(202, s:post("/v1/cards/A/execute").status)
    assert(world.wait(function() return s:get("/v1/runs").body.items[1].status == "parked" end, 20))
    local answer = accounts.ask(s, dev, "POST", "/v1/acts/answer", { card = "A", text = "that one" })
    assert.equal(200, answer.status, answer.text)
    local item = waits(s)
    assert.equal(403, approve(s, dev, item))
    assert.equal(200, approve(s, bob, item))
  end)
end)

-- Opens streams with a credential: how many were answered how, while they stay open, and a stream of another's.
local STREAMS = [=[
import json, socket, sys
port, mine, other = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def follow(key):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(("GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n"
               % key).encode())
    return s, s.recv(4096).split(b" ")[1].decode()
held = [follow(mine) for _ in range(205)]
codes = [code for _, code in held]
held[0][0].close()
other = follow(other)[1]
while follow(mine)[1] != "200": pass
print(json.dumps({"200": codes.count("200"), "429": codes.count("429"), "other": other}))]=]

describe("a stream", function()
  it("takes no list of kinds that costs each event more than others' streams do", function()
    local w, s = served()
    local _ <close> = w
    local _ <close> = s
    local eve = accounts.token(s, "eve")
    for _, path in ipairs({ "/v1/events", "/ws/events", "/v1/runs/ep.1/events" }) do
      local reply = s:request("GET", path .. "?kinds=" .. ("a,"):rep(4000),
        { "Accept: text/event-stream", "Authorization: Bearer " .. eve }, nil, true)
      assert.equal(422, reply.status, path)
    end
  end)
end)

describe("a key that is offered as a protocol of a WebSocket", function()
  local w, s

  setup(function()
    w, s = served()
  end)

  teardown(function()
    s:__close()
    w:__close()
  end)

  local function offer(text)
    return "orket.bearer." .. orket.shell("printf '%s' '" .. text .. "' | base64 -w0 | tr '+/' '-_' | tr -d '='")
  end

  -- What is sent back at first; who gives wrong keys waits for it.
  local function answered(...)
    local headers = {}
    for _, one in ipairs({ ... }) do
      headers[#headers + 1] = "-H '" .. one .. "'"
    end
    return (orket.shell(("curl -s -i --http1.1 --max-time 20 -H 'Connection: Upgrade' -H 'Upgrade: websocket' "
      .. "-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' %s %s/ws/events?deltas=false "
      .. "2>&1 | head -c 400 | tr -d '\\0' | LC_ALL=C tr -cd '[:print:]\\n'"):format(table.concat(headers, " "), s.url)))
  end

  local PROTOCOL = "Sec-WebSocket-Protocol: orket, "

  it("opens what the key opens, and is in no answer and no log", function()
    local text = answered(PROTOCOL .. offer(s.key))
    assert.truthy(text:find("^HTTP/1.1 101 "), text)
    assert.truthy(text:find("\nSec%-WebSocket%-Protocol: orket\n"), text)
    assert.truthy(text:find('{"data":{"seq":%d+},"event":"last"}') or text:find('"event":"last"', 1, true), text)
    for _, seen in ipairs({ text, orket.read(s.err) }) do
      assert.is_nil(seen:find(offer(s.key), 1, true))
      assert.is_nil(seen:find(s.key, 1, true))
    end
  end)

  it("is refused when it is wrong, none, cut off, two of them, or beside another credential", function()
    local good = offer(s.key)
    for name, headers in pairs({
      wrong = { PROTOCOL .. offer(s.key .. "x") }, empty = { PROTOCOL .. "orket.bearer." },
      spelled = { PROTOCOL .. "orket.bearer.!!!" }, nul = { PROTOCOL .. good .. "AA" },
      two = { PROTOCOL .. good .. ", " .. good }, lines = { PROTOCOL .. good, "Sec-WebSocket-Protocol: " .. good },
      beside = { PROTOCOL .. good, "Authorization: Bearer " .. s.key }, none = { "Sec-WebSocket-Protocol: orket" },
    }) do
      local text = answered(table.unpack(headers))
      assert.truthy(text:find("^HTTP/1.1 401 "), name .. ": " .. text)
    end
    assert.truthy(answered(PROTOCOL .. good, "Origin: http://evil.example"):find("^HTTP/1.1 403 "))
  end)
end)

describe("streams of one user", function()
  it("are 200 at most, and keep no other user from having one", function()
    local w, s = served()
    local _ <close> = w
    local _ <close> = s
    local eve, dev = accounts.token(s, "eve"), accounts.token(s, "dev")
    orket.write(w.dir .. "/.test/streams.py", STREAMS)
    local text, code = orket.shell(("timeout 60 python3 %s/.test/streams.py %d %s %s 2>&1"):format(w.dir, s.port, eve, dev))
    assert.equal(0, code, text)
    assert.same({ ["200"] = 200, ["429"] = 5, other = "200" }, cjson.decode(text))
  end)
end)

-- Clients that leave at the moment at which their stream begins; is the server there for another one then?
local LEAVERS = [=[
import socket, sys, urllib.request
port, key = int(sys.argv[1]), sys.argv[2]
HEADS = ["GET /v1/events HTTP/1.1\r\nAccept: text/event-stream\r\n",
    "GET /ws/events HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"]
for i in range(300):
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(10)
    s.sendall((HEADS[i % 2] + "Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n" % key).encode())
    if i % 3: s.recv(1)
    s.close()
print(urllib.request.urlopen("http://127.0.0.1:%d/health" % port, timeout=10).status)]=]

describe("clients that leave when their stream begins", function()
  it("do not keep the server from answering others", function()
    local w, s = served()
    local _ <close> = w
    local _ <close> = s
    orket.write(w.dir .. "/.test/leavers.py", LEAVERS)
    local text, code = orket.shell(("timeout 60 python3 %s/.test/leavers.py %d %s 2>&1"):format(w.dir, s.port,
      accounts.token(s, "eve")))
    assert.same({ "200\n", 0 }, { text, code })
  end)
end)

-- Changes a card and leaves at once, again and again; do board and file agree afterwards?
local DESERTERS = [=[
import json, socket, sys, time, urllib.request
port, key, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def card():
    request = urllib.request.Request("http://127.0.0.1:%d/v1/cards/A" % port, headers={"Authorization": "Bearer " + key})
    return json.load(urllib.request.urlopen(request, timeout=10))
def agree():
    return card()["name"] == json.load(open(path))["issues"][0]["name"]
for i in range(30):
    body = json.dumps({"name": "Name %d" % i})
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(("PATCH /v1/cards/A?revision=%d HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
               "Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (card()["revision"], key, len(body), body)).encode())
    time.sleep(i * 0.0001)
    s.close()
    until = time.monotonic() + 5
    while not agree():
        assert time.monotonic() < until, "board and file differ after change %d" % i
        time.sleep(0.01)
print(card()["revision"] > 1)]=]

describe("a client that leaves while its card is written", function()
  it("leaves no board that differs from the file", function()
    local w, s = served()
    local _ <close> = w
    local _ <close> = s
    assert.equal(200, s:post("/v1/acts/sync").status)
    orket.write(w.dir .. "/.test/deserters.py", DESERTERS)
    local text, code = orket.shell(("timeout 60 python3 %s/.test/deserters.py %d %s %s/config/epics/ep.json 2>&1")
      :format(w.dir, s.port, s.key, w.dir))
    assert.same({ "True\n", 0 }, { text, code })
  end)
end)

describe("keys of one user", function()
  it("are 50 at most, those that are good, and keep no other user from having one", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "" })
    accounts.add(w, "eve", "viewer")
    accounts.add(w, "dev", "developer")
    local s <close> = service.start(w, { environment = "ORKET_RATE_LIMIT=0 ORKET_API_KEY=" .. service.KEY })
    local eve, dev = accounts.token(s, "eve"), accounts.token(s, "dev")
    local function make(token)
      return accounts.ask(s, token, "POST", "/v1/keys", { name = "one", allow = { "read" } })
    end
    local first
    for _ = 1, 50 do
      local reply = make(eve)
      assert.equal(200, reply.status, reply.text)
      first = first or reply.body.id
    end
    assert.equal("ERR_LIMIT", make(eve).body.code)
    assert.equal(200, make(dev).status)
    assert.equal(200, accounts.ask(s, eve, "POST", "/v1/keys/" .. first .. "/revoke", {}).status)
    assert.equal(200, make(eve).status)
  end)
end)
