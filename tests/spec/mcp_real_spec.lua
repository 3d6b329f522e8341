-- mcp_real_spec.lua: the protocol's own servers, in the jail.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local MODULES = orket.shell("pwd"):gsub("%s+$", "") .. "/build/mcp/node_modules"

local function server(name, argument)
  return { command = { "node", MODULES .. "/@modelcontextprotocol/server-" .. name .. "/dist/index.js", argument }, show = { MODULES } }
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
    assert.same({ PATH = "/usr/local/bin:/usr/bin:/bin", LANG = "C.UTF-8", HOME = "/run/home", TMPDIR = "/run/home" }, env)
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
