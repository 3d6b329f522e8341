-- mcp_http_spec.lua: MCP servers over streamable HTTP: answers as texts and as streams, sessions and none,
-- streams that break and go on, and what a hostile one comes to.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local World = {}
World.__index = World

local function serve(self, mode)
  orket.write(self.dir .. "/server/orket/main.lua", orket.read("tests/support/mcp/http.lua"))
  local out = self.dir .. "/out"
  self.pid = orket.shell(("MODE=%s GO=%s/go LOG=%s/log ORKET_LUA=%s/server %s >%s 2>&1 & echo $!")
    :format(mode, self.dir, self.dir, self.dir, orket.binary, out)):match("%d+")
  for _ = 1, 1000 do
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
  organization.mcp = { far = { url = "http://127.0.0.1:" .. port .. "/mcp", deadline = 3, output = 1000000 } }
  for key, value in pairs(more or {}) do
    organization.mcp.far[key] = value
  end
  organization.keys = { FAR_KEY = { env = "FAR_KEY" },
    ELSEWHERE = { env = "FAR_KEY", origin = "http://127.0.0.1:1" } }
  orket.write(file, cjson.encode(organization))
end

function World:mcp(words, environment)
  return orket.shell((environment or "") .. " " .. orket.binary .. " mcp -C " .. self.dir .. "/p " .. words
    .. " 2>&1")
end

-- What the server was asked since it has its mode.
function World:log()
  return orket.read(self.dir .. "/log")
end

-- A project that trusts a server while it is honest; then it has this mode.
local function project(mode, more)
  local self = setmetatable({ dir = orket.directory() }, World)
  orket.run("init " .. self.dir .. "/p")
  self.port = serve(self, mode)
  configure(self, self.port, more)
  local text, code = self:mcp("trust far", "FAR_KEY=geheim")
  assert(code == 0, text)
  orket.write(self.dir .. "/log", "")
  orket.write(self.dir .. "/go", "")
  return self
end

function World:close()
  stop(self)
  orket.remove(self.dir)
end

World.__close = World.close

local CALL = "call far echo '{\"text\":\"over there\"}'"

local function called(mode, more)
  local w <close> = project(mode, more)
  local began = os.time()
  local text, code = w:mcp(CALL, "FAR_KEY=geheim")
  assert(os.time() - began <= 30, mode .. " took its time")
  return text, code, w:log()
end

local function count(log, pattern)
  return select(2, log:gsub(pattern, ""))
end

describe("mcp http", function()
  it("an MCP server over HTTP answers with a text, in a session that is ended", function()
    local text, code, log = called("honest")
    assert.same({ "over there\n", 0 }, { text, code })
    assert.equal("POST - initialize \nPOST s1 notifications/initialized \nPOST s1 tools/list \nPOST s1 tools/call \nDELETE s1\n", log)
  end)

  it("an MCP server over HTTP answers with a stream that it cuts anywhere, asks in, and never ends",
    function()
    local text, code = called("stream")
    assert.same({ "over there after q\n", 0 }, { text, code })
  end)

  it("an MCP server over HTTP is asked nothing before it has taken the end of the handshake", function()
    local text, code = called("slow")
    assert.same({ "over there\n", 0 }, { text, code })
  end)

  it("an MCP server over HTTP may lose a session: it is begun anew, once", function()
    local text, code, log = called("lost")
    assert.same({ "over there\n", 0 }, { text, code })
    assert.equal(2, count(log, "tools/call"))
  end)

  it("an MCP server over HTTP leaves a call uncertain when nobody knows what became of it", function()
    for _, mode in ipairs({ "never", "broken", "busy", "flood", "nothing", "accepted" }) do
      local text, code = called(mode)
      assert(text:find("ERR_UNCERTAIN", 1, true), mode .. ": " .. text)
      assert.equal(1, code)
    end
  end)

  it("an MCP server over HTTP is not answered for ever when it asks", function()
    local text, code, log = called("pesters")
    assert.same({ "over there\n", 0 }, { text, code })
    assert(count(log, "POST s1 answer") <= 100, count(log, "POST s1 answer"))
  end)

  it("an MCP server over HTTP is not followed elsewhere, and its refusal is one", function()
    local text = called("redirect")
    assert(text:find("redirects are not followed", 1, true) and not text:find("UNCERTAIN", 1, true), text)
    text = called("refused")
    assert(text:find("answered 400", 1, true) and not text:find("UNCERTAIN", 1, true), text)
  end)
end)

describe("mcp http", function()
  it("an answer that breaks off is gone on with, from where it was", function()
    local text, code, log = called("resumes")
    assert.same({ "over there\n", 0 }, { text, code })
    assert(log:find("GET s1 first\n", 1, true), log) -- the event that did not end is not known
    assert.equal(1, count(log, "tools/call"))
  end)

  it("an answer that breaks off is uncertain where the server cannot go on, and is not asked for twice",
    function()
    for _, mode in ipairs({ "gone", "deaf", "again" }) do
      local text, _, log = called(mode)
      assert(text:find("ERR_UNCERTAIN", 1, true), mode .. ": " .. text)
      assert.equal(1, count(log, "tools/call"), mode)
      assert.equal(mode == "again" and 5 or 1, count(log, "GET s1 first"), mode)
    end
  end)
end)

describe("mcp http", function()
  it("what a server says unasked is listened to: a tool that becomes another one is put aside at once",
    function()
    local w <close> = project("listens")
    local text, code = w:mcp(CALL)
    assert.same({ "over there\n", 0 }, { text, code })
    assert.equal(2, count(w:log(), "tools/list"), w:log())
    text = w:mcp("tools far")
    assert(text:find("and to me", 1, true), text)
    text, code = w:mcp(CALL)
    assert.equal(1, code)
    assert(text:find("in another way than was trusted", 1, true), text)
  end)
end)

describe("mcp http", function()
  it("the current protocol over HTTP has no session; each request says what it is, in headers as well",
    function()
    local w <close> = project("current")
    -- it has become one of the current protocol since it was trusted
    assert.same({ "over there\n", 0 }, { w:mcp(CALL) })
    assert.equal(0, select(2, w:mcp("trust far")))
    orket.write(w.dir .. "/log", "")
    assert.same({ "over there\n", 0 }, { w:mcp(CALL) })
    assert.equal("POST - server/discover \nPOST - tools/list \nPOST - tools/call \n", w:log())
    -- a header that cannot hold it
    assert.same({ "grün\n", 0 }, { w:mcp("call far echo '{\"text\":\"gr\\u00fcn\"}'") })
    -- what is false is said as well
    assert.same({ "x\n", 0 }, { w:mcp("call far echo '{\"text\":\"x\",\"loud\":false}'") })
  end)

  it("the current protocol over HTTP has schemas without what is for headers, and with all else", function()
    local w <close> = project("current")
    local tool = cjson.decode((w:mcp("--json tools far")))[1]
    assert.same({ text = { type = "string" }, loud = { type = "boolean" },
      how = { type = "object", additionalProperties = false } },
      tool.schema.properties)
  end)

  it("the current protocol over HTTP is refused with a reason when both have none in common", function()
    local text, code = called("future")
    assert.equal(1, code)
    assert(text:find("speaks the protocol 2099-01-01, and we 2026-07-28, 2025-11-25", 1, true), text)
  end)

  it("the current protocol over HTTP has answers that are none: questions are not answered", function()
    local text = called("asking")
    assert(text:find("wants to be told more", 1, true) and not text:find("UNCERTAIN", 1, true), text)
    text = called("strange")
    assert(text:find("ERR_UNCERTAIN", 1, true) and text:find("unknown type", 1, true), text)
  end)
end)

describe("mcp http", function()
  it("the key of a server goes to its origin alone", function()
    local text, code, log = called("honest", { key = "FAR_KEY" })
    assert.same({ "over there\n", 0 }, { text, code })
    assert.equal(4, count(log, "POST %S+ %S+ Bearer geheim\n"))
    local w <close> = project("honest")
    configure(w, w.port, { key = "ELSEWHERE" })
    text, code = w:mcp("tools far", "FAR_KEY=geheim")
    assert.equal(1, code)
    assert(not w:log():find("geheim", 1, true), w:log())
    assert(text:find("belongs to", 1, true), text)
  end)

  it("the key of a server that is missing is named before anything is asked", function()
    local w <close> = project("honest")
    configure(w, w.port, { key = "FAR_KEY" })
    local text, code = w:mcp("tools far")
    assert.equal(1, code)
    assert(text:find("FAR_KEY", 1, true), text)
    assert.equal("", w:log())
  end)

  it("the key of a server that is wanted or not accepted is said with the cure", function()
    local text, code = called("auth")
    assert.equal(1, code)
    assert(text:find("answered 401", 1, true)
      and text:find("it wants to know who asks (Bearer resource_metadata=\"http://x/y\")", 1, true), text)
    assert(text:find("fix: name its key: mcp.far.key", 1, true), text)
    text = called("auth", { key = "FAR_KEY" })
    assert(text:find("fix: the key that mcp.far.key names is not accepted", 1, true), text)
    assert(not text:find("geheim", 1, true), text)
  end)
end)
