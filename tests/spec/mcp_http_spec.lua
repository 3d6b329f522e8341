-- mcp_http_spec.lua: MCP servers over streamable HTTP: answers as texts and as streams, sessions, and what a hostile one
-- comes to.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local World = {}
World.__index = World

local function serve(self, mode)
  orket.write(self.dir .. "/server/orket/main.lua", orket.read("tests/support/mcp/http.lua"))
  local out = self.dir .. "/out." .. mode
  self.pid = orket.shell(("MODE=%s GO=%s/go ORKET_LUA=%s/server %s >%s 2>&1 & echo $!"):format(mode, self.dir, self.dir, orket.binary, out)):match("%d+")
  for _ = 1, 200 do
    local port = tonumber(orket.read(out):match("^%d+"))
    if port then
      return port
    end
    os.execute("sleep 0.02")
  end
  error("the server did not start: " .. orket.read(out))
end

local function stop(self)
  os.execute("kill " .. self.pid .. " 2>/dev/null")
end

local function configure(self, port, more)
  local file = self.dir .. "/p/config/organization.json"
  local organization = cjson.decode(orket.read(file))
  organization.mcp = { far = { url = "http://127.0.0.1:" .. port .. "/mcp", deadline = 2, output = 1000000, key = more } }
  orket.write(file, cjson.encode(organization))
end

function World:mcp(words)
  return orket.shell(orket.binary .. " mcp -C " .. self.dir .. "/p " .. words .. " 2>&1")
end

-- A project that trusts a server while it is honest; then it has this mode.
local function project(mode)
  local self = setmetatable({ dir = orket.directory() }, World)
  orket.run("init " .. self.dir .. "/p")
  configure(self, serve(self, mode))
  local text, code = self:mcp("trust far")
  assert(code == 0, text)
  orket.write(self.dir .. "/go", "")
  return self
end

function World:close()
  stop(self)
  orket.remove(self.dir)
end

World.__close = World.close

local function called(mode)
  local w <close> = project(mode)
  local began = os.time()
  local text, code = w:mcp("call far echo '{\"text\":\"over there\"}'")
  assert(os.time() - began <= 5, mode .. " took its time")
  return text, code
end

describe("an MCP server over HTTP", function()
  it("answers with a text", function()
    assert.same({ "over there\n", 0 }, { called("honest") })
  end)

  it("answers with a stream that it cuts anywhere, asks in, and never ends", function()
    assert.same({ "over there after q\n", 0 }, { called("stream") })
  end)

  it("may lose a session: it is begun anew", function()
    assert.same({ "over there\n", 0 }, { called("lost") })
  end)

  it("leaves a call uncertain when nobody knows what became of it", function()
    for _, mode in ipairs({ "never", "broken", "busy", "flood", "nothing" }) do
      local text, code = called(mode)
      assert(text:find("ERR_UNCERTAIN", 1, true), mode .. ": " .. text)
      assert.equal(1, code)
    end
  end)

  it("is not followed elsewhere, and its refusal is one", function()
    local text = called("redirect")
    assert(text:find("redirects are not followed", 1, true) and not text:find("UNCERTAIN", 1, true), text)
    text = called("refused")
    assert(text:find("answered 400", 1, true) and not text:find("UNCERTAIN", 1, true), text)
  end)

  it("gets the key that it is configured with, at its origin alone", function()
    local w <close> = project("honest")
    configure(w, 1, "FAR_KEY")
    local text, code = w:mcp("tools far")
    assert.equal(1, code)
    assert(text:find("FAR_KEY", 1, true), text)
  end)
end)
