-- attack_egress_spec.lua: programs with egress that try to reach what is not named, by whatever way, to keep
-- a way out, or to be taken for somebody else; and servers that want to reach into the jail's neighbours.

local cjson = require("cjson")
local network = dofile("tests/support/network.lua")
local orket = dofile("tests/support/orket.lua")

local refused = orket.run("try jail -- true"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local function rules(result)
  local found = {}
  for i, request in ipairs(result.requests) do
    found[i] = request.rule or "-"
  end
  return table.concat(found, " ")
end

-- Each line of the code prints one thing; all of them as one text.
local function lines(result)
  return (result.stdout:gsub("\n$", ""):gsub("\n", " | "))
end

describe("a program with egress", function()
  local net

  setup(function()
    net = network.start(nil, true)
  end)

  teardown(function()
    net:__close()
  end)

  before_each(function()
    net:reached()
  end)

  test("has no other way out than the proxy: no route, no resolver, no socket of the host", function()
    local result = net:python(net:egress(), [[
def tries(fn):
    try:
        fn()
        return "done"
    except OSError as e:
        return type(e).__name__
print(tries(lambda: socket.create_connection(("127.0.0.1", {http}), 2)))
print(tries(lambda: socket.create_connection(("192.0.2.1", 80), 2)))
print(tries(lambda: socket.create_connection(("::1", {http}), 2)))
print(tries(lambda: socket.getaddrinfo("registry.test", {http})))
print(sorted(open("/proc/net/route").read().split("\n")[1:]))
print([f for f in os.listdir("/proc/1/fd")] if os.access("/proc/1/fd", os.R_OK) else "closed")]])
    assert.equal("ConnectionRefusedError | OSError | ConnectionRefusedError | gaierror | [''] | closed",
      lines(result))
    assert.equal("", net:reached())
    assert.same({}, result.requests)
  end)

  test("without egress there is neither a proxy nor a word of one", function()
    local result = net:python(nil, [[
print([k for k in os.environ if "PROXY" in k.upper()])
try:
    socket.create_connection(("127.0.0.1", 3128), 2)
except OSError as e:
    print(type(e).__name__)]])
    assert.equal("[] | ConnectionRefusedError", lines(result))
    assert.is_nil(result.requests)
  end)

  test("another host, another port, an address and a name in disguise are not reached", function()
    local result = net:python(net:egress(), [[
for url in ["http://other.test:{http}/file", "http://registry.test/file", "http://registry.test:{tls}/file",
            "http://127.0.0.1:{http}/file", "http://0x7f000001:{http}/file", "http://2130706433:{http}/file",
            "http://127.1:{http}/file", "http://[::1]:{http}/file", "http://registry.test.:{http}/file",
            "http://localhost:{http}/file", "http://registry.test@other.test:{http}/file",
            "http://other.test:{http}@registry.test/file", "http://registry.test:0{http}/file",
            "http://registry.test:{http}#@other.test/file", "http://registry.test%2eother.test:{http}/",
            "https://registry.test:{http}/file", "ftp://registry.test:{http}/file", "/file", "*"]:
    host = url.split("/")[2] if "//" in url else "registry.test:{http}"
    print(ask("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (url, host)).split("\r\n")[0].split(" ")[1])
for target in ["other.test:{tls}", "127.0.0.1:{tls}", "[::1]:{tls}", "registry.test", "registry.test:",
               "registry.test:+{http}", "http://registry.test:{http}", "registry.test:{http}/x", "a@registry.test:{http}",
               "registry.test:65536", "registry.test:4294967376"]:
    print(connect(target)[1].split(" ")[1])]])
    for answer in result.stdout:gmatch("%d+") do
      assert.truthy(answer == "400" or answer == "403", lines(result))
    end
    assert.equal(30, #result.requests)
    for _, request in ipairs(result.requests) do
      assert.truthy(request.rule == "egress.host" or request.rule == "egress.form", cjson.encode(request))
    end
    assert.equal("", net:reached())
  end)

  test("a name that leads to a private address is refused, and to one among others as well", function()
    local public = net:egress({ hosts = { { host = "registry.test", port = net.http } } })
    for _, address in ipairs({ "127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254",
      "100.64.0.1", "0.0.0.0", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1", "fd00::1", "224.0.0.1",
      "2002:7f00:1::" }) do
      local result = net:python(public, [[print(get("http://registry.test:{http}/file").split("\r\n")[0])
print(connect("registry.test:{http}")[1])]], "registry.test=" .. address)
      assert.equal("egress.address egress.address", rules(result), address)
      assert.equal("HTTP/1.1 403 Refused | HTTP/1.1 403 Refused", lines(result))
    end
    local allowed = net:python(net:egress(), [[print(get("http://registry.test:{http}/file").split("\r\n")[0])]],
      "registry.test=0.0.0.0")
    assert.equal("egress.address", rules(allowed))
    assert.equal("", net:reached())
  end)

  test("the address that was judged is the one that is connected to, also when the name leads elsewhere since",
    function()
      local public = net:egress({ hosts = { { host = "registry.test", port = net.http } } })
      -- first a public address, where nothing answers in time, then loopback
      public.seconds = 2
      local result = net:python(public, [[print(get("http://registry.test:{http}/file")[:40])]],
        "registry.test=192.0.2.1+127.0.0.1")
      assert.equal("192.0.2.1", result.requests[1].address)
      assert.equal("", net:reached())
    end)

  test("CONNECT is for TLS with just that host: plaintext and other names end it", function()
    local egress = net:egress({ hosts = { { host = "registry.test", port = net.tls, private = true } } })
    local result = net:python(egress, [[
context = ssl._create_unverified_context()
def through(name, before=b""):
    s, answer = connect("registry.test:{tls}")
    try:
        t = context.wrap_socket(s, server_hostname=name)
        t.sendall(b"GET /file HTTP/1.1\r\nHost: registry.test\r\nConnection: close\r\n\r\n")
        return rest(t).decode().split("\r\n\r\n")[1].strip()
    except OSError as e:
        return type(e).__name__
def plain(text):
    s, answer = connect("registry.test:{tls}")
    s.sendall(text)
    return rest(s)
print(through("registry.test"))
print(through("REGISTRY.test"))
print(through("other.test"))
print(through(None))
print(through("registry.test.evil.test"))
print(plain(b"GET /file HTTP/1.1\r\nHost: registry.test\r\n\r\n"))
print(plain(b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00"))
print(plain(b"SSH-2.0-x\r\n"))]])
    local found = {}
    for line in result.stdout:gmatch("[^\n]+") do
      found[#found + 1] = line
    end
    assert.same({ "hello from outside", "hello from outside", "SSLError", "SSLError", "SSLError" },
      { table.unpack(found, 1, 5) }, result.stdout)
    assert.equal("- - egress.sni egress.sni egress.sni egress.sni egress.sni egress.sni", rules(result))
    assert.equal("GET /file\nGET /file\n", net:reached())
  end)

  test("two readers cannot see two requests in one", function()
    local result = net:python(net:egress(), [[
url = "http://registry.test:{http}/seen"
host = "Host: registry.test:{http}\r\n"
inner = "GET /smuggled HTTP/1.1\r\nHost: registry.test\r\n\r\n"
for head, body in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + inner),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + inner),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n" + inner),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + inner),
        ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + inner),
        ("X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + inner),
        ("Content-Length: +5\r\n", "hello" + inner),
        ("X: a\nContent-Length: 5\r\n", "hello" + inner),
        ("X: a\rContent-Length: 5\r\n", "hello" + inner),
        ("Host: other.test\r\n", inner),
        ("Upgrade: websocket\r\nConnection: upgrade\r\n", inner)]:
    print(ask("POST " + url + " HTTP/1.1\r\n" + host + head + "\r\n" + body).split("\r\n")[0].split(" ")[1])
print(ask("GET " + url + " HTTP/1.1\r\nHost: other.test\r\n\r\n").split(" ")[1])
print(ask("GET " + url + " HTTP/0.9\r\n" + host + "\r\n").split(" ")[1])
print(ask("TRACE " + url + " HTTP/1.1\r\n" + host + "\r\n").split(" ")[1])
print(ask("PUT " + url + " HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n").split(" ")[1])
print(ask("GET " + url + " HTTP/1.1\r\n" + host + "X: " + "a" * 20000 + "\r\n\r\n").split(" ")[1])
print(ask("GET " + url + " HTTP/1.1\r\n" + host + "X: a\r\n" * 200 + "\r\n").split(" ")[1])
print(ask("GET " + url + "?" + "a" * 20000 + " HTTP/1.1\r\n" + host + "\r\n").split(" ")[1])]])
    for answer in result.stdout:gmatch("%S+") do
      assert.truthy(answer:find("^[45]%d%d$"), lines(result))
    end
    assert.equal("", net:reached())
  end)

  test("what follows a request on its connection is none: a pipelined one reaches nobody", function()
    local result = net:python(net:egress(), [[
one = "GET http://registry.test:{http}/%s HTTP/1.1\r\nHost: registry.test:{http}\r\n\r\n"
print(ask(one % "file" + one % "empty").count("HTTP/1.1"))
print(ask("POST http://registry.test:{http}/post HTTP/1.1\r\nHost: registry.test:{http}\r\n"
          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + one % "empty").count("HTTP/1.1"))]])
    assert.equal("1 | 1", lines(result))
    assert.equal("GET /file\nPOST /post b'abc'\n", net:reached())
  end)

  test("a redirect is the program's to follow, and the other host is refused like any", function()
    local result = net:python(net:egress(), [[
import urllib.request
try:
    urllib.request.urlopen("http://registry.test:{http}/redirect?http://other.test:{http}/file")
except urllib.error.HTTPError as e:
    print(e.code, e.url)]])
    assert.equal("403 http://other.test:" .. net.http .. "/file", lines(result))
    assert.equal("- egress.host", rules(result))
    assert.equal("GET /redirect?http://other.test:" .. net.http .. "/file\n", net:reached())
  end)

  test("a server speaks no other protocol with it, and cannot answer twice", function()
    local result = net:python(net:egress(), [[
for path in ["upgrade", "two", "junk"]:
    answer = get("http://registry.test:{http}/" + path)
    print(answer.split(" ")[1], "secret" in answer or "abc" in answer)
print(get("http://registry.test:{http}/break").endswith("half"))]])
    assert.equal("502 False | 502 False | 502 False | True", lines(result))
    assert.truthy(result.requests[4].why:find("broke off", 1, true))
  end)

  test("a flood of bytes is cut at the bound, in whatever direction, and nothing goes on then", function()
    local result = net:python(net:egress({ bytes = 300000 }), [[
print(len(get("http://registry.test:{http}/big")) <= 300000)
try:
    print(get("http://registry.test:{http}/file")[:12])
except OSError as e:
    print(type(e).__name__)]])
    assert.truthy(lines(result):find("^True | Connection%a+Error$") or lines(result):find("^True | <ConnectionR"))
    assert.same({ "bytes", "egress.limit.bytes" }, { result.egress_limit, rules(result) })
    assert.equal("GET /big\n", net:reached():gsub("big: cut\n", ""), 1)
    result = net:python(net:egress({ bytes = 300000 }), [[
try:
    print(ask("POST http://registry.test:{http}/post HTTP/1.1\r\nHost: registry.test:{http}\r\n"
              "Content-Length: 900000\r\n\r\n" + "x" * 900000)[:12])
except OSError as e:
    print("cut")]])
    assert.equal("bytes", result.egress_limit)
    assert.equal("", net:reached())
  end)

  test("a body over the bound of one request is refused before it is sent on", function()
    local result = net:python(net:egress(), [[
s = proxy()
s.sendall(b"POST http://registry.test:{http}/post HTTP/1.1\r\nHost: registry.test:{http}\r\nContent-Length: 2000000\r\n\r\n")
print(rest(s).split(b" ")[1].decode())]])
    assert.equal("413", lines(result))
    assert.equal("egress.form", rules(result))
  end)

  test("a slow drip ends with the seconds, and so does a server that says nothing", function()
    for _, path in ipairs({ "drip", "hang" }) do
      local result = net:python(net:egress({ seconds = 0.5 }), [[
began = time.monotonic()
get("http://registry.test:{http}/]] .. path .. [[")
print(time.monotonic() - began < 5)]])
      assert.equal("True", lines(result))
      assert.same({ "seconds", "egress.limit.seconds" }, { result.egress_limit, rules(result) })
    end
  end)

  test("connections that say nothing, and too many of them, cost nothing but themselves", function()
    local result = net:python(net:egress(), [[
held = [proxy() for _ in range(60)]
time.sleep(0.2)
print(sum(1 for s in held if not s.recv(0) and s.fileno() >= 0) > 0)
for s in held[:40]:
    s.close()
time.sleep(0.2)
print(get("http://registry.test:{http}/file").split(" ")[1])]])
    assert.equal("True | 200", lines(result))
    assert.equal(1, #result.requests)
  end)

  test("makes no more requests than are written down", function()
    local result = net:python(net:egress({ seconds = 60 }), [[
made = 0
try:
    for _ in range(1100):
        made += get("http://other.test:{http}/file").startswith("HTTP/1.1 403")
except OSError:
    pass
print(made)]])
    assert.equal("1000", lines(result))
    assert.same({ 1000, "requests" }, { #result.requests, result.egress_limit })
  end)

  test("its way out ends with it: a process that it leaves behind says nothing more", function()
    local result = net:python(net:egress(), [[
if os.fork() == 0:
    os.setsid()
    s = proxy()
    time.sleep(0.3)
    s.sendall(b"GET http://registry.test:{http}/file HTTP/1.1\r\nHost: registry.test:{http}\r\n\r\n")
    os._exit(0)
print("gone")]])
    assert.equal("gone", lines(result))
    assert.equal("", net:reached())
  end)

  test("a second jail does not reach the first one's proxy", function()
    local result = network.both(net, net:egress(), [[
open("up", "w").close()
while not os.path.exists("stop"):
    time.sleep(0.01)
print("first")]], [[
while not os.path.exists("up"):
    time.sleep(0.01)
try:
    s = socket.create_connection(("127.0.0.1", 3128), 2)
    print("connected")
except OSError as e:
    print(type(e).__name__)
open("stop", "w").close()]])
    assert.equal("first | ConnectionRefusedError", result)
  end)

  test("the socket of the proxy is nobody's inside: it can be neither found nor taken over", function()
    local result = net:python(net:egress(), [[
import glob
print([p for p in glob.glob("/proc/[0-9]*/fd/*") if "socket" in (os.readlink(p) if os.access(p, os.R_OK) else "")])
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", 3128))
    s.listen()
    print("taken")
except OSError as e:
    print(e.strerror)]])
    assert.equal("[] | Address already in use", lines(result))
  end)
end)
