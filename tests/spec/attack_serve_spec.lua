-- attack_serve_spec.lua: who has no key, comes from another site, or speaks HTTP in bad faith, against
-- `orket serve`; and good clients beside them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local w, s

setup(function()
  w = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
  s = service.start(w)
end)

teardown(function()
  assert.equal(200, s:get("/health").status) -- whatever was tried, it serves
  s:stop()
  w:__close()
end)

-- Runs a Python script that speaks to the port itself; its last line is JSON.
local function python(script, ...)
  local path = w.dir .. "/.test/attack.py"
  orket.write(path, "import json, socket, sys, time\nPORT, KEY = int(sys.argv[1]), sys.argv[2]\n" .. [[
HOST = "Host: 127.0.0.1:%d\r\n" % PORT
AUTH = "Authorization: Bearer %s\r\n" % KEY
def dial():
    s = socket.create_connection(("127.0.0.1", PORT)); s.settimeout(20); return s
def heard(s):
    parts = []
    try:
        while True:
            part = s.recv(65536)
            if not part: break
            parts.append(part)
    except OSError: pass
    return b"".join(parts).decode("latin-1")
def ask(text):
    s = dial()
    try: s.sendall(text.encode("latin-1"))
    except OSError: pass
    return heard(s)
def good():
    began = time.time()
    text = ask("GET /v1/version HTTP/1.1\r\n" + HOST + AUTH + "Connection: close\r\n\r\n")
    return text.startswith("HTTP/1.1 200"), time.time() - began
]] .. script)
  local text = orket.shell(table.concat({ "timeout 100 python3", path, s.port, s.key, ... }, " ") .. " 2>&1")
  local ok, value = pcall(cjson.decode, text:match("([^\n]*)\n?$"))
  return ok and value or error(text)
end

local function statuses(requests)
  orket.write(w.dir .. "/.test/requests.json", cjson.encode(requests))
  return python([[
out = []
for text in json.load(open(sys.argv[3])):
    text = text.replace("HOST", HOST).replace("AUTH", AUTH)
    out.append([int(line.split(" ")[1]) for line in ask(text).split("\r\n") if line.startswith("HTTP/1.1 ")])
print(json.dumps(out))]], w.dir .. "/.test/requests.json")
end

local OPEN = { ["/health"] = 200, ["/v1/login"] = 422 } -- a request that says nothing

describe("without the key", function()
  it("no route of the registry answers, and no other path says whether it exists", function()
    local document = s:get("/openapi.json").body
    local asked = 0
    for path, methods in pairs(document.paths) do
      for method in pairs(methods) do
        local reply = s:request(method:upper(), path:gsub("{%w+}", "A"), nil, nil, true)
        asked = asked + 1
        if OPEN[path] then
          assert.equal(OPEN[path], reply.status, path)
        else
          assert.same({ 401, "ERR_DENIED", 'Bearer realm="orket"' },
            { reply.status, reply.body.code, reply.headers["www-authenticate"] }, path)
        end
      end
    end
    assert(asked > 40, asked)
    for _, path in ipairs({ "/w", "/nix", "/v1", "/v1/acts/put", "/.orket/key", "/v1/board/" }) do
      assert.equal(401, s:request("GET", path, nil, nil, true).status, path)
    end
  end)

  it("credentials in any other form do not count, and two are none", function()
    local key = service.KEY
    for _, headers in ipairs({
      { "Authorization: " .. key }, { "Authorization: Basic " .. key }, { "Authorization: Bearer" },
      { "Authorization: Bearer " .. key .. "x" }, { "Authorization: Bearer " .. key:sub(1, -2) },
      { "Authorization: Bearer " .. key:upper() }, { "Cookie: key=" .. key },
      { "X-API-Key: " .. key, "Authorization: Bearer " .. key }, { "X-API-Key: " .. key, "X-API-Key: " .. key },
    }) do
      assert.equal(401, s:request("GET", "/v1/version", headers, nil, true).status, headers[1])
    end
    assert.equal(401, s:request("GET", "/v1/version?key=" .. key, nil, nil, true).status)
  end)

  it("guessing takes its time, while who has the key is served at once", function()
    local got = python([[
import threading
statuses, began = [], time.time()
def guess(i):
    text = ask("GET /v1/version HTTP/1.1\r\n" + HOST + "Authorization: Bearer guess%d\r\nConnection: close\r\n\r\n" % i)
    statuses.append(int(text.split(" ")[1]))
threads = [threading.Thread(target=guess, args=(i,)) for i in range(150)]
for t in threads: t.start()
served = [good() for _ in range(50)]
worst = max(seconds for _, seconds in served)
for t in threads: t.join()
print(json.dumps({"wrong": sorted(set(statuses)), "ok": sum(1 for ok, _ in served if ok), "worst": worst,
    "seconds": time.time() - began}))]])
    assert.same({ 401, 429 }, got.wrong)
    assert.equal(50, got.ok)
    assert.truthy(got.worst < 0.5, got.worst)
    assert.truthy(got.seconds > 4, got.seconds)
  end)
end)

describe("a page of another site", function()
  it("is refused by its name in Host, its Origin, and what its browser says of it", function()
    local port = s.port
    for _, headers in ipairs({
      { "Host: evil.example" }, { "Host: evil.example:" .. port }, { "Host: 127.0.0.1.evil.example" },
      { "Host: localhost.evil.example:" .. port }, { "Origin: http://evil.example" }, { "Origin: null" },
      { "Origin: http://127.0.0.1:" .. port + 1 }, { "Origin: http://localhost:" .. port },
      { "Sec-Fetch-Site: cross-site" }, { "Sec-Fetch-Site: same-site" },
    }) do
      local reply = s:get("/v1/version", headers)
      assert.same({ 403, "ERR_DENIED" }, { reply.status, reply.body.code }, headers[1])
      assert.is_nil(reply.headers["access-control-allow-origin"])
    end
    assert.equal(200, s:get("/v1/version", { "Host: LOCALHOST:" .. port }).status)
    assert.equal(200, s:get("/v1/version", { "Origin: http://127.0.0.1:" .. port }).status)
  end)

  it("learns nothing from a preflight", function()
    local reply = s:request("OPTIONS", "/v1/runs", { "Access-Control-Request-Method: POST" }, nil, true)
    assert.equal(401, reply.status)
    for name in pairs(reply.headers) do
      assert.is_nil(name:find("access-control", 1, true), name)
    end
    assert.equal(405, s:request("OPTIONS", "/v1/runs").status)
  end)

  it("cannot post a form", function()
    for _, kind in ipairs({ "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x" }) do
      assert.equal(415, s:request("POST", "/v1/runs", { "Content-Type: " .. kind }, '{"card":"ep"}').status)
    end
    assert.same({}, s:get("/v1/runs").body.items)
  end)
end)

it("a client that closes its side after its request hears what became of it", function()
  local text = python([[
def half(text):
    s = dial(); s.sendall(text.encode()); s.shutdown(socket.SHUT_WR); return heard(s)
body = '{"card":"A","text":"said and done"}'
print(json.dumps([half("GET /v1/board HTTP/1.0\r\n" + HOST + AUTH + "\r\n"),
    half("POST /v1/acts/comment HTTP/1.1\r\n" + HOST + AUTH + "Content-Type: application/json\r\n"
        + "Content-Length: %d\r\n\r\n" % len(body) + body)]))]])
  assert.truthy(text[1]:find("^HTTP/1.1 200 .+\r\n\r\n{.+}$"), text[1])
  assert.truthy(text[2]:find("^HTTP/1.1 200 .+\r\n\r\n{.+}$"), text[2])
end)

describe("a request in bad faith", function()
  it("is refused when two parsers could read it differently", function()
    local post = "POST /v1/runs HTTP/1.1\r\nHOSTAUTHContent-Type: application/json\r\n"
    local smuggled = "GET /v1/version HTTP/1.1\r\nHOSTAUTH\r\n"
    local all = statuses({
      post .. "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" .. smuggled,
      post .. "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" .. smuggled,
      post .. "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" .. smuggled,
      post .. "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" .. smuggled,
      "GET /v1/version HTTP/1.1\r\nHost: a\r\nHOSTAUTH\r\n" .. smuggled,
      "GET /v1/version HTTP/1.1\r\nHOSTAUTHX: a\r\n b\r\n\r\n" .. smuggled,
      "GET /v1/version HTTP/1.1\nHOSTAUTH\n" .. smuggled,
    })
    for i, list in ipairs(all) do
      assert.equal(1, #list, i) -- one answer: what was put behind is no request
      assert(list[1] >= 400 and list[1] < 600, i)
    end
  end)

  it("with a path that leads elsewhere finds nothing", function()
    for _, path in ipairs({ "/v1/cards/../../etc/passwd", "/v1/cards/%2e%2e", "/v1/cards/..%2f..%2fkey",
      "//v1/board", "/v1//board", "/v1/cards/A%00", "/v1/cards/%ff%fe", "/v1/cards/%zz", "/v1/cards/%",
      "/v1/cards/", "/V1/board", "/v1/board/", "/v1/cards/A/../A", "/v1/acts/comment%2f", "/v1/cards/%0d%0aX" }) do
      assert.equal(404, s:get(path).status, path)
    end
    assert.equal(404, s:get("/v1/cards/" .. ("x"):rep(4000)).status)
  end)

  it("of too many bytes is refused with the bound that it hit", function()
    local all = statuses({
      "GET /v1/version HTTP/1.1\r\nHOST" .. "X: " .. ("y"):rep(20000) .. "\r\n\r\n",
      "GET /v1/version HTTP/1.1\r\nHOST" .. ("X: y\r\n"):rep(200) .. "\r\n",
      "GET /" .. ("y"):rep(20000) .. " HTTP/1.1\r\nHOST\r\n",
      "POST /v1/runs HTTP/1.1\r\nHOSTAUTHContent-Length: 99999999\r\n\r\n",
    })
    assert.same({ { 431 }, { 431 }, { 414 }, { 413 } }, all)
  end)

  it("whose JSON is a bomb is refused before it is understood", function()
    local deep = ('{"card":'):rep(5000) .. "1" .. ("}"):rep(5000)
    for _, body in ipairs({ deep, ("["):rep(100000), '{"card":"ep","card":"ep"}', '{"card":"\\ud800"}',
      '{"card":"ep","again":' .. ("["):rep(64) .. ("]"):rep(64) .. "}" }) do
      local reply = s:post("/v1/runs", body)
      assert(reply.status >= 400 and reply.status < 500, reply.status)
    end
    assert.same({}, s:get("/v1/runs").body.items)
  end)

  it("cannot write into the log or the answer through its id", function()
    local text = python([[print(json.dumps(ask("GET /health HTTP/1.1\r\n" + HOST
      + "X-Request-Id: a\x0bb\"}{\r\nConnection: close\r\n\r\n")))]])
    assert.is_nil(text:find("}{", 1, true))
    local long = s:get("/v1/version", { "X-Request-Id: " .. ("a"):rep(65) })
    assert.is_nil(long.headers["x-request-id"]:find("aaa", 1, true))
  end)
end)

describe("clients that hold the server up", function()
  it("slowly (500 at once) take nothing from good ones", function()
    local got = python([[
slow = []
for i in range(500):
    c = dial(); c.sendall(("GET /v1/version HTTP/1.1\r\n" + HOST + "X-A: ").encode()); slow.append(c)
served = []
for i in range(100):
    for c in slow[i * 5:i * 5 + 5]: c.sendall(b"y")
    served.append(good())
times = sorted(seconds for _, seconds in served)
print(json.dumps({"ok": sum(1 for ok, _ in served if ok), "p99": times[98]}))]])
    assert.equal(100, got.ok)
    assert.truthy(got.p99 < 0.5, got.p99)
  end)

  it("by opening more connections than there are descriptors take none of the run's, nor of good clients", function()
    local own <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    local small <close> = service.start(own, { environment = "ulimit -n 500; ORKET_API_KEY=" .. service.KEY })
    local before = s
    s = small
    local got = python([[
idle = [dial() for _ in range(450)]
served = [good()[0] for _ in range(50)]
print(json.dumps({"ok": sum(served), "kept": len(idle)}))]])
    s = before
    assert.equal(50, got.ok)
    assert.equal(202, small:post("/v1/runs", { card = "ep" }).status)
    assert(world.wait(function() return small:get("/v1/runs/ep.1").body.status == "done" end, 30))
  end)

  it("by never reading what they follow are not written to, and others go on", function()
    local got = python([[
stuck = []
for i in range(20):
    c = dial()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.sendall(("GET /v1/events?after=0 HTTP/1.1\r\n" + HOST + AUTH + "Accept: text/event-stream\r\n\r\n").encode())
    stuck.append(c)
body = json.dumps({"card": "A", "text": "z" * 60000})
def comment():
    text = ask("POST /v1/acts/comment HTTP/1.1\r\n" + HOST + AUTH
      + "Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return int(text.split(" ")[1])
codes = set(comment() for _ in range(60))
pid = sys.argv[3]
rss = int([l for l in open("/proc/%s/status" % pid) if l.startswith("VmRSS")][0].split()[1])
print(json.dumps({"codes": sorted(codes), "rss": rss, "good": good()[0]}))]], s.pid)
    assert.same({ 200 }, got.codes)
    assert.is_true(got.good)
    assert.truthy(got.rss < 200 * 1024, got.rss)
  end)
end)

local SOCKET = [[
def upgrade(more="", auth=AUTH, host=HOST, key="dGhlIHNhbXBsZSBub25jZQ=="):
    s = dial()
    s.sendall(("GET /ws/events HTTP/1.1\r\n" + host + auth + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n" + more + "\r\n").encode())
    return s
def status(s): return int(s.recv(65536).decode("latin-1").split(" ")[1])
def frame(opcode, payload, masked=True, length=None):
    n = len(payload) if length is None else length
    head = bytes([0x80 | opcode]) + (bytes([n | (0x80 if masked else 0)]) if n < 126
      else bytes([(0x80 if masked else 0) | 127]) + n.to_bytes(8, "big"))
    return head + (b"\0\0\0\0" if masked else b"") + payload
def ends(s):
    try:
        while True:
            if not s.recv(65536): return True
    except socket.timeout: return False
    except OSError: return True
]]

describe("a WebSocket", function()
  it("is refused without the key, from another site, and with a handshake that is none", function()
    local got = python(SOCKET .. [[
print(json.dumps([status(upgrade(auth="")), status(upgrade("Origin: http://evil.example\r\n")),
  status(upgrade(host="Host: evil.example\r\n")), status(upgrade(key="short")),
  status(upgrade(key="!" * 22 + "==")) // 100, status(upgrade())]))]])
    assert.same({ 401, 403, 403, 400 }, { got[1], got[2], got[3], got[4] })
    assert.equal(101, got[6])
  end)

  it("that breaks the protocol ends, and one that says too much", function()
    local got = python(SOCKET .. [[
out = []
for bad in [frame(1, b"unmasked", masked=False), frame(3, b"no such opcode"), bytes([0xF1, 0x80, 0, 0, 0, 0]),
            frame(9, b"x" * 126), frame(1, b"y" * 100, length=1 << 40), frame(1, b"y" * 70000), frame(1, b"\xff\xfe"),
            b"GET / HTTP/1.1\r\n" + HOST.encode() + b"\r\n", frame(8, b"\x03\xe8")]:
    s = upgrade(); assert status(s) == 101
    try: s.sendall(bad)
    except OSError: pass
    out.append(ends(s))
print(json.dumps(out))]])
    for i = 1, 9 do
      assert.is_true(got[i], i)
    end
  end)

  it("whose client pings without end and reads nothing fills no memory", function()
    local got = python(SOCKET .. [[
import select
s = upgrade(); assert status(s) == 101
s.setblocking(False)
flood, sent, began = frame(9, b"p" * 125) * 500, 0, time.time()
while time.time() - began < 5 and sent < 200 << 20:
    if not select.select([], [s], [], 0.5)[1]: continue
    try: sent += s.send(flood)
    except OSError: break
rss = int([l for l in open("/proc/%s/status" % sys.argv[3]) if l.startswith("VmRSS")][0].split()[1])
print(json.dumps({"rss": rss, "good": good()[0]}))]], s.pid)
    assert.is_true(got.good)
    assert.truthy(got.rss < 200 * 1024, got.rss)
  end)
end)

describe("all attacks at once", function()
  it("take nothing from good clients, fill no memory, and leave nothing behind", function()
    local own <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
    local server <close> = service.start(own, { environment = "ORKET_RATE_LIMIT=0 ORKET_API_KEY=" .. service.KEY })
    local order = cjson.encode({ port = server.port, key = service.KEY, pid = tonumber(server.pid), card = "A",
      seconds = 3, slow = 60, idle = 300, stuck = 3, good = 2 })
    local text, code = orket.shell(("timeout 100 %s tests/support/attacks.py '%s' 2>&1")
      :format(dofile("tests/support/network.lua").python, order))
    assert.equal(0, code, text)
    local got = cjson.decode(text)
    assert.truthy(got.good.sent > 10 and got.good.part >= 0.99, text)
    assert.truthy(got.rss_mb.most < 256, text)
    assert.truthy(type(got.recovered_s) == "number", text)
    for _, name in ipairs({ "idle sockets", "slow bytes", "head bombs", "depth bombs", "body bombs", "guesses",
      "passwords", "events written" }) do
      assert.truthy((got.attacks[name] or 0) > 0, name .. text)
    end
  end)
end)
