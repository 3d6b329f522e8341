-- mcp_real_spec.lua: the protocol's own servers, in the jail.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local MODULES = orket.shell("pwd"):gsub("%s+$", "") .. "/build/mcp/node_modules"

local function server(name, argument)
  return { command = { "node", MODULES .. "/@modelcontextprotocol/server-" .. name .. "/dist/index.js",
    argument }, show = { MODULES } }
end

local Project = {}
Project.__index = Project

local function project()
  local self = setmetatable({ dir = orket.directory() .. "/p" }, Project)
  orket.run("init " .. self.dir)
  local file = self.dir .. "/config/organization.json"
  local organization = cjson.decode(orket.read(file))
  organization.mcp = { everything = server("everything", "stdio"), files = server("filesystem", ".") }
  orket.write(file, cjson.encode(organization))
  return self
end

function Project:mcp(words)
  local text, code = orket.shell(orket.binary .. " mcp -C " .. self.dir .. " " .. words .. " 2>&1")
  return text, code
end

function Project:call(name, tool, arguments)
  return self:mcp(("call %s %s '%s'"):format(name, tool, cjson.encode(arguments)))
end

function Project:close()
  orket.remove(self.dir:match("^(.*)/"))
end

Project.__close = Project.close

describe("the protocol's own server", function()
  it("everything is trusted and called", function()
    local p <close> = project()
    local text, code = p:mcp("trust everything")
    assert.equal(0, code, text)
    assert.same({ "Echo: over there\n", 0 }, { p:call("everything", "echo", { message = "over there" }) })
    assert(p:call("everything", "get-sum", { a = 40, b = 2 }):find("42", 1, true))
    text, code = p:call("everything", "echo", { message = 3 })
    assert.equal(1, code)
    assert(text:find("expected string", 1, true), text)
    local env = cjson.decode((p:mcp("call everything get-env")))
    assert.same({ PATH = "/usr/local/bin:/usr/bin:/bin", LANG = "C.UTF-8", HOME = "/run/home",
      TMPDIR = "/run/home" }, env)
    local image = cjson.decode((p:mcp("call --json everything get-tiny-image"))).other[1]
    assert.same({ "image", "image/png" }, { image.type, image.mime })
    local weather = cjson.decode((p:mcp("call --json everything get-structured-content '{\"location\":\"Chicago\"}'")))
    assert(weather.structured.temperature, cjson.encode(weather))
  end)

  it("filesystem works in its own directory, and nowhere else", function()
    local p <close> = project()
    local text, code = p:mcp("trust files")
    assert.equal(0, code, text)
    assert.equal(0, (select(2, p:call("files", "write_file", { path = "a.txt", content = "kept\n" }))))
    assert.equal("kept\n", orket.read(p.dir .. "/.orket/mcp/files/a.txt"))
    assert(p:call("files", "read_text_file", { path = "a.txt" }):find("kept", 1, true))
    for _, path in ipairs({ "/etc/passwd", "../../key", p.dir .. "/config/organization.json" }) do
      text, code = p:call("files", "read_text_file", { path = path })
      assert.equal(1, code, text)
      assert(text:find("outside allowed directories", 1, true), text)
    end
  end)
end)

-- The processes of the servers that a test started.
local function processes()
  return orket.shell("pgrep -fc " .. MODULES:gsub("build/mcp", "build[/]mcp")
    .. "/@modelcontextprotocol"):match("%d+")
end

local TEAM = [[
function work(talk)
  return steps(talk,
    function() return say(call("mcp__everything__echo", { message = "over there" }), call("mcp__files__write_file", { path = "a.txt", content = "kept" })) end,
    function() return say(call("mcp__everything__get-sum", { a = 40, b = 2 }), call("mcp__files__read_text_file", { path = "a.txt" })) end,
    function() return say(finish()) end)
end
]]

-- A team whose coder has tools of these servers.
local function team(named)
  local tools = '"mcp__everything__echo", "mcp__everything__get-sum", "mcp__files__write_file", "mcp__files__read_text_file"'
  local coder = orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", ' .. tools)
  local w = world.new({ issues = { { id = "A" } }, mock = TEAM, files = { ["roles/coder.lua"] = coder },
    rules = { labels = "off" } })
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.mcp = named
  w:write("config/organization.json", cjson.encode(organization))
  for name in pairs(named) do
    local text, code = w:orket("mcp trust " .. name)
    assert(code == 0, text)
  end
  return w
end

local function plays(named)
  local w <close> = team(named)
  local text, code = w:run()
  assert.equal(0, code, text)
  local found = {}
  for i, event in ipairs(w:events("operation.done")) do
    found[i] = (event.body.result or { text = event.body.error.message }).text
  end
  assert.equal("Echo: over there", found[1])
  assert(found[2]:find("Successfully wrote to a.txt", 1, true), found[2])
  assert(found[3]:find("42", 1, true), found[3])
  assert.equal("kept", found[4])
  assert.equal(0, select(2, w:orket("replay ep.1")))
  assert.equal(0, select(2, w:check()))
end

-- The port that this very process listens on, or nil: what it prints is the port that it was asked for.
local function port_of(pid)
  local sockets = orket.shell("ls -l /proc/" .. pid .. "/fd 2>/dev/null")
  for line in orket.shell("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null"):gmatch("[^\n]+") do
    local port, inode = line:match("^%s*%d+: %x+:(%x+) %x+:%x+ 0A%s+%S+%s+%S+%s+%S+%s+%d+%s+%d+%s+(%d+)")
    if port and sockets:find("socket:[" .. inode .. "]", 1, true) then
      return tonumber(port, 16)
    end
  end
end

-- The server over HTTP, on a port that the kernel chose; it ends when the variable closes.
local function listening(log)
  local pid = orket.shell(("PORT=0 exec node %s/@modelcontextprotocol/server-everything/dist/index.js streamableHttp >%s 2>&1 & echo $!")
    :format(MODULES, log)):match("%d+")
  local self = setmetatable({}, { __close = function() os.execute("kill " .. pid .. " 2>/dev/null") end })
  world.wait(function()
    self.port = port_of(pid)
    return self.port or not os.execute("kill -0 " .. pid .. " 2>/dev/null")
  end, 60)
  assert(self.port, orket.read(log))
  return self
end

describe("mcp real", function()
  it("a team with the protocol's own servers keeps both for its turn, and leaves nothing", function()
    plays({ everything = server("everything", "stdio"), files = server("filesystem", ".") })
    assert.equal("0", processes())
  end)

  it("a team with the protocol's own servers reaches one of them over HTTP, in a session that is ended",
    function()
    local dir = orket.directory()
    local listener <close> = listening(dir .. "/log")
    plays({ everything = { url = "http://127.0.0.1:" .. listener.port .. "/mcp" },
      files = server("filesystem", ".") })
    local log = orket.read(dir .. "/log")
    orket.remove(dir)
    assert.equal(select(2, log:gsub("Session initialized", "")),
      select(2, log:gsub("Received session termination request", "")), log)
    assert.truthy(log:find("Session initialized", 1, true), log)
  end)
end)
