-- network.lua: what specs of egress share: servers on loopback that stand for the network (network.py), and
-- programs in jails of a binary whose names lead where the spec says (tests/c/named.c).

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local M = {}

M.binary = os.getenv("NAMED") or "build/gcc/tests/named"
M.python = "/usr/bin/python3"

local MAIN = [[
local async, cjson = require("orket.async"), require("cjson")
local proc = require("orket.core.proc")
return function()
  proc.hide({})
  return async.main(function()
    local order = cjson.decode(%q)
    order.cwd = os.getenv("DIR")
    local result, message, code = async.await(proc.run, order)
    print(cjson.encode(result or { code = code, message = message }))
    return 0
  end)
end
]]

local BOTH = [[
local async, cjson = require("orket.async"), require("cjson")
local proc = require("orket.core.proc")
local function run(order)
  order.cwd = os.getenv("DIR")
  local result, message = async.await(proc.run, order)
  io.write(result and result.stdout .. result.stderr or message .. "\n")
end
return function()
  proc.hide({})
  return async.main(function()
    local egress = cjson.decode(%q)
    local one = async.spawn(run, { argv = { %q, "first.py" }, egress = egress })
    local output = {}
    local two, message = async.await(proc.run, { argv = { %q, "second.py" }, cwd = os.getenv("DIR") })
    output[1] = two and two.stdout .. two.stderr or message
    async.join(one)
    io.write(output[1])
    return 0
  end)
end
]]

-- What a program inside says through the proxy, without a library that would judge it first.
local PRELUDE = [[
import json, os, socket, ssl, sys, time
def proxy():
    return socket.create_connection(("127.0.0.1", int(os.environ["http_proxy"].rsplit(":", 1)[1])), 10)
def rest(s):
    got = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece
    except OSError as e:
        return got + b"<" + type(e).__name__.encode() + b">"
def ask(text):
    s = proxy()
    s.sendall(text.encode("latin-1"))
    return rest(s).decode("latin-1")
def get(url, more=""):
    host = url.split("/")[2]
    return ask("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (url, host, more))
def connect(target):
    s = proxy()
    s.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    got = b""
    while b"\r\n\r\n" not in got:
        piece = s.recv(1)
        if not piece:
            break
        got += piece
    return s, got.decode().split("\r\n")[0]
]]

---@class Network
local Network = {}
Network.__index = Network

---Servers of a spec; `files` is what the plain one serves, secure has TLS for registry.test.
---@param files string|nil
---@param secure boolean|nil
---@return Network
function M.start(files, secure)
  local self = setmetatable({ dir = orket.directory() }, Network)
  local certificate = ""
  if secure then
    certificate = (" %s/cert.pem %s/key.pem"):format(self.dir, self.dir)
    assert(os.execute(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry.test "
      .. "-addext subjectAltName=DNS:registry.test -keyout %s/key.pem -out %s/cert.pem 2> /dev/null")
      :format(self.dir, self.dir)))
  end
  self.pipe = assert(io.popen(("exec %s tests/support/network.py %s/log %s%s"):format(M.python, self.dir,
    files or "/nowhere", certificate)))
  local ports = cjson.decode(self.pipe:read("l"))
  self.http, self.tls, self.pid = math.tointeger(ports.http), math.tointeger(ports.tls), ports.pid
  orket.write(self.dir .. "/log", "")
  os.execute("mkdir -p " .. self.dir .. "/tree")
  return self
end

function Network:__close()
  os.execute("kill " .. math.tointeger(self.pid))
  self.pipe:close()
  orket.remove(self.dir)
end

---Two programs at one time, in one tree: the first with the egress, the second without; what they print.
---@param net Network
---@param egress table
---@return string
function M.both(net, egress, first, second)
  orket.write(net.dir .. "/tree/first.py", PRELUDE .. first)
  orket.write(net.dir .. "/tree/second.py", PRELUDE .. second)
  orket.write(net.dir .. "/lua/orket/main.lua", BOTH:format(cjson.encode(egress), M.python, M.python))
  local text = orket.shell(("DIR=%s/tree ORKET_LUA=%s/lua %s 2>&1"):format(net.dir, net.dir, M.binary))
  return (text:gsub("\n$", ""):gsub("\n", " | "))
end

---What reached the servers since this was asked last.
function Network:reached()
  local text = orket.read(self.dir .. "/log")
  orket.write(self.dir .. "/log", "")
  return text
end

---An egress that may reach the plain server, and what else is given.
function Network:egress(more)
  local egress = { hosts = { { host = "registry.test", port = self.http, private = true } }, bytes = 10000000,
    seconds = 20 }
  for key, value in pairs(more or {}) do
    egress[key] = value
  end
  return egress
end

---Runs a program with an egress; without `names` registry.test and other.test lead to loopback.
---@param egress table|nil
---@param argv string[]
---@param more table|nil of proc.run
---@param names string|nil
---@return table result
function Network:program(egress, argv, more, names)
  local order = { argv = argv, egress = egress, wall = 60, mem = 2 << 30, procs = 128 }
  for key, value in pairs(more or {}) do
    order[key] = value
  end
  orket.write(self.dir .. "/lua/orket/main.lua", MAIN:format(cjson.encode(order)))
  local text = orket.shell(("ORKET_NAMES='%s' DIR=%s/tree ORKET_LUA=%s/lua %s 2>&1"):format(
    names or "registry.test=127.0.0.1 other.test=127.0.0.1", self.dir, self.dir, M.binary))
  local ok, result = pcall(cjson.decode, text)
  return ok and result or error(text)
end

---Runs a piece of Python in a jail; what it prints is `stdout`.
function Network:python(egress, code, names)
  orket.write(self.dir .. "/tree/prog.py", PRELUDE .. code:gsub("{http}", tostring(self.http))
    :gsub("{tls}", tostring(self.tls)))
  local result = self:program(egress, { M.python, "prog.py" }, nil, names)
  assert(result.exit == 0, cjson.encode(result))
  return result
end

return M
