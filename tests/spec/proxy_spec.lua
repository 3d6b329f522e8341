-- proxy_spec.lua: `orket serve` behind nginx with TLS, as examples/proxy/nginx.conf has it; whom the server takes
-- for its client; the socket of systemd.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local PYTHON = dofile("tests/support/network.lua").python

local MAIN = [[
daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/nginx.err;
events { worker_connections 100; }
http {
  access_log off; client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
  include DIR/site.conf;
}
]]

-- The example, with the addresses of this spec; the rest is as a person would copy it.
local function start_nginx(dir, port, upstream)
  orket.shell(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout %s/key -out %s/cert 2>&1")
    :format(dir, dir))
  local site = orket.read("examples/proxy/nginx.conf"):gsub("listen 443", "listen 127.0.0.1:" .. port)
    :gsub("/etc/ssl/orket.pem", dir .. "/cert"):gsub("/etc/ssl/orket.key", dir .. "/key")
    :gsub("127.0.0.1:8082", "127.0.0.1:" .. upstream)
  orket.write(dir .. "/site.conf", site)
  orket.write(dir .. "/nginx.conf", (MAIN:gsub("DIR", dir)))
  local pid = orket.shell(("/usr/sbin/nginx -c %s/nginx.conf -e %s/nginx.err >%s/nginx.out 2>&1 & echo $!")
    :format(dir, dir, dir)):match("%d+")
  return setmetatable({}, { __close = function() os.execute("kill " .. pid .. " 2>/dev/null") end })
end

local function free_port()
  return orket.shell(PYTHON .. " -c 'import socket; s=socket.socket(); s.bind((\"127.0.0.1\",0)); print(s.getsockname()[1])'")
    :match("%d+")
end

local MOCK = "function work() return say(finish()) end"

describe("behind nginx", function()
  local w, s, nginx, url, port
  setup(function()
    w = world.new({ issues = { { id = "A" } }, mock = MOCK })
    s = service.start(w, { arguments = "--name orket.example.org --proxy 127.0.0.1" })
    port = free_port()
    nginx = start_nginx(w.dir .. "/.test", port, s.port)
    url = "https://localhost:" .. port
    assert(world.wait(function()
      return orket.shell("curl -sk " .. url .. "/health"):find('"ok"', 1, true)
    end), orket.read(w.dir .. "/.test/nginx.err"))
  end)
  teardown(function()
    getmetatable(nginx).__close()
    s:__close()
    w:__close()
  end)

  local function curl(arguments)
    return (orket.shell(("curl -sk --max-time 20 -H 'Authorization: Bearer %s' %s"):format(s.key, arguments)))
  end

  it("requests, acts and the page pass", function()
    assert.equal("A", cjson.decode(curl(url .. "/v1/cards/A")).id)
    assert.truthy(curl(url .. "/"):find("<!doctype html>", 1, true) or curl(url .. "/"):find("<html", 1, true))
    local reply = curl(("-X POST -H 'Content-Type: application/json' -H 'Origin: %s' -d '{\"card\":\"A\",\"text\":\"hi\"}' %s/v1/acts/comment")
      :format(url, url))
    assert.truthy(cjson.decode(reply).message, reply)
    reply = curl(("-o /dev/null -w '%%{http_code}' -X POST -H 'Content-Type: application/json' -H 'Origin: https://evil.example' -d '{}' %s/v1/acts/comment")
      :format(url))
    assert.equal("403", reply)
  end)

  it("events pass as they come, over both kinds of stream", function()
    local stream = w.dir .. "/.test/passed"
    local pid = orket.shell(("curl -skN --max-time 30 -H 'Accept: text/event-stream' -H 'Authorization: Bearer %s' %s/v1/events?after=0 >%s & echo $!")
      :format(s.key, url, stream)):match("%d+")
    assert(world.wait(function() return orket.read(stream):find("event: card.created", 1, true) end))
    s:post("/v1/acts/comment", { card = "A", text = "through the proxy" })
    assert(world.wait(function() return orket.read(stream):find("through the proxy", 1, true) end))
    os.execute("kill " .. pid)
    local said, code = orket.shell(([[timeout 30 %s -c '
import asyncio, ssl, sys, websockets
async def main():
    context = ssl._create_unverified_context()
    async with websockets.connect(sys.argv[1], ssl=context, extra_headers={"Authorization": "Bearer " + sys.argv[2]}) as s:
        print(await asyncio.wait_for(s.recv(), 10))
asyncio.run(main())' wss://localhost:%s/ws/events?after=0 %s 2>&1]]):format(PYTHON, port, s.key))
    assert.equal(0, code, said)
    assert.equal(1, cjson.decode(said).id)
  end)

  it("the client is whom the proxy names, not whom the client claims to be", function()
    curl("-H 'X-Forwarded-For: 203.0.113.9' -H 'X-Request-Id: claimed' " .. url .. "/v1/version")
    s:get("/v1/version", { "X-Forwarded-For: 203.0.113.9, 198.51.100.7", "X-Request-Id: straight" })
    s:get("/v1/version", { "X-Forwarded-For: 198.51.100.8:4711", "X-Request-Id: port" })
    s:get("/v1/version", { "X-Forwarded-For: [2001:db8::1]:443", "X-Request-Id: six" })
    s:get("/v1/version", { "X-Forwarded-For: nonsense", "X-Request-Id: nonsense" })
    local addresses = {}
    assert(world.wait(function()
      for _, row in ipairs(s:log("request")) do
        addresses[row.id], addresses[#addresses + 1] = row.address, row.path == "/v1/version" and row.address or nil
      end
      return addresses.nonsense
    end))
    assert.equal("198.51.100.7", addresses.straight) -- this machine is the declared proxy: the last one it names
    assert.same({ "198.51.100.8", "2001:db8::1" }, { addresses.port, addresses.six })
    assert.equal("127.0.0.1", addresses.nonsense)
    assert.equal("203.0.113.9", addresses[1]) -- nginx and curl are both on the proxy's address
  end)
end)

describe("without a declared proxy", function()
  it("what X-Forwarded-* says counts for nothing", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    local s <close> = service.start(w)
    local reply = s:get("/v1/version", { "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: evil.example" })
    assert.equal(200, reply.status)
    assert.equal(403, s:get("/v1/version", { "Host: evil.example", "X-Forwarded-Host: localhost" }).status)
    s:stop()
    assert.equal("127.0.0.1", s:log("request")[1].address)
    assert.equal(2, (select(2, orket.run("serve --proxy example.org"))))
  end)
end)

-- Starts the server as systemd does: a listening socket as descriptor 3, a place to report to.
local LAUNCH = [[
import os, socket, sys
kind, command = sys.argv[1], sys.argv[2:]
report = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
report.bind("notify")
listener = socket.socket()
if kind == "tcp":
    listener.bind(("127.0.0.1", 0)); listener.listen()
elif kind == "udp":
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); listener.bind(("127.0.0.1", 0))
port = listener.getsockname()[1]
early = socket.create_connection(("127.0.0.1", port)) if kind == "tcp" else None
if early: early.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
pid = os.fork()
if pid == 0:
    keep = os.dup(listener.fileno())
    os.dup2(keep, 3)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", NOTIFY_SOCKET="notify" if kind == "bad" else os.path.abspath("notify"))
    os.execvp(command[0], command)
report.settimeout(20)
if kind == "tcp":
    print(report.recv(100).decode(), flush=True)
    answer = b""
    while True:
        part = early.recv(65536)
        if not part: break
        answer += part
    print(answer.split(b"\r\n")[0].decode(), flush=True)
    os.kill(pid, 15)
    print(report.recv(100).decode(), flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
]]

describe("started by systemd", function()
  it("serves the socket that it was given, also who connected before, and reports when it is ready and stops", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    w:write(".test/launch.py", LAUNCH)
    local function launch(kind)
      return orket.shell(("cd %s && ORKET_API_KEY=%s timeout 60 %s .test/launch.py %s %s serve --port 1 2>&1")
        :format(w.dir, service.KEY, PYTHON, kind, w.binary))
    end
    local text = launch("tcp")
    for _, said in ipairs({ "READY=1", "HTTP/1.1 200 OK", "STOPPING=1" }) do
      assert.truthy(text:find(said, 1, true), text)
    end
    assert.truthy(text:find("\n0\n$"), text)
    os.remove(w.dir .. "/notify")
    text = launch("udp")
    assert.truthy(text:find("ERR_CONFIG", 1, true), text)
    assert.truthy(text:find("\n1\n$"), text)
  end)
end)
