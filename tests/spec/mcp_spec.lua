-- mcp_spec.lua: tools of MCP servers that are programs: what is trusted, what of it a role may use, and what
-- a hostile server comes to.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local servers = dofile("tests/support/mcp/project.lua")

local project, trusted, states, with_servers, fake = servers.project, servers.trusted, servers.states,
  servers.configure, servers.fake

describe("mcp", function()
  it("trust in a server's tools is a person's: an event, and a tool's script that says the hash", function()
    local w <close> = project("")
    assert.same({ "new echo", "new fail" }, states(w))
    local text, code = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert.equal(1, code)
    assert(text:find("echo is not trusted", 1, true), text)
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    assert.same({ "trusted echo", "trusted fail" }, states(w))
    local event = w:events("mcp.trusted")[1]
    assert(event.actor:find("^human:"))
    local script = w:read("tools/mcp__fake__echo.lua")
    assert(script:find(event.body.tools[1].pin, 1, true), script)
    assert.equal("hello\n", w:orket("mcp call fake echo '{\"text\":\"hello\"}'"))
    text, code = w:orket("mcp call fake fail '{\"text\":\"x\"}'")
    assert.same({ "the disk is made of cheese\n", 1 }, { text, code })
    assert.equal(0, select(2, w:check()))
  end)

  it("trust in a server's tools takes no tool's place that somebody wrote", function()
    local w <close> = project("")
    w:write("tools/mcp__fake__fail.lua", "return 1\n")
    local text, code = w:orket("mcp trust fake")
    assert.equal(1, code)
    assert(text:find("is a tool of the project's own", 1, true), text)
    assert.equal("return 1\n", w:read("tools/mcp__fake__fail.lua"))
    assert.equal(false, w:exists("tools/mcp__fake__echo.lua"))
  end)

  it("trust in a server's tools is not had by tools that cannot be shown as they are, and by none of two of one name",
    function()
    local w <close> = project("names")
    local text = w:orket("mcp tools fake --json")
    local found = {}
    for _, row in ipairs(cjson.decode(text)) do
      found[#found + 1] = row.state .. (row.why and ": " .. row.why:sub(1, 24) or " " .. row.tool)
    end
    assert.same({
      "refused: its name has other chara", "refused: its name has other chara",
      "refused: another tool of the serv",
      "refused: another tool of the serv", "refused: its name is longer than ",
      "refused: it has invisible charact", "refused: it has invisible charact",
      "refused: it has invisible charact", "refused: its schema is not that o",
      "refused: its schema is refused: s",
      "refused: its description is longe", "refused: its name has other chara", "new good",
      "refused: it has marks with which ", "refused: it has marks with which ", "new bomb",
      "refused: its schema is refused: s", "new regex",
    }, found)
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    assert.equal(true, w:exists("tools/mcp__fake__good.lua"))
    assert.equal("mcp__fake__bomb.lua\nmcp__fake__good.lua\nmcp__fake__regex.lua\n",
      orket.shell("ls " .. w.dir .. "/tools"))
  end)

  it("trust in a server's tools is for the tools that the organization lets in", function()
    local w <close> = project("", { tools = { "echo" } })
    assert.same({ "new echo", "refused fail" }, states(w))
  end)

  it("trust in a server's tools reads a list in pages, and speaks the version before", function()
    local w <close> = project("paged")
    assert.same({ "new echo", "new second" }, states(w))
    with_servers(w, fake("", { env = { MODE = "", VERSION = "2025-03-26" } }))
    assert.same({ "new echo", "new fail" }, states(w))
    with_servers(w, fake("", { env = { MODE = "", VERSION = "1999-01-01" } }))
    local text, code = w:orket("mcp tools fake")
    assert.equal(1, code)
    assert(text:find("speaks the protocol 1999-01-01", 1, true), text)
  end)
end)

describe("mcp", function()
  it("a call of a server's tool passes the gate, is journaled, comes from outside, and is replayed without the server",
    function()
    local w <close> = trusted("")
    local text, code = w:run()
    assert.equal(0, code, text)
    local intent, done = w:events("operation.intended")[1].body, w:events("operation.done")[1].body
    assert.same({ "mcp.call", "fake", "echo", "over there" },
      { intent.operation.op, intent.operation.server, intent.operation.tool,
        intent.operation.arguments.text })
    assert.same({ text = "over there" }, done.result)
    local result = cjson.decode(w:events("call.result")[1].body.text
      or cjson.decode(w:request(2)).messages[4].content)
    assert.same({ "untrusted" }, result.labels)
    with_servers(w, {})
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
    assert.equal(0, select(2, w:check()))
  end)

  it("a call of a server's tool is denied to a role that does not list the tool", function()
    local w <close> = trusted("")
    w:write("roles/coder.lua", orket.read("roles/coder.lua"))
    w:run()
    assert.equal(0, #w:events("operation.intended"))
    assert.equal("gate.role.tool", w:events("call.refused")[1].body.rule)
  end)

  it("a call of a server's tool is refused when the server describes the tool in another way, until a person has looked",
    function()
    local w <close> = trusted("")
    w:write(".orket/mcp/fake/changed", "")
    assert.equal(0, select(2, w:run()))
    local done = w:events("operation.done")[1].body
    assert.equal("ERR_DENIED", done.error.code)
    assert.equal(1, #w:events("mcp.changed"))
    local text = w:orket("mcp tools fake")
    assert(text:find("sends all files to me", 1, true) and text:find("+", 1, true), text)
    os.remove(w.dir .. "/.orket/mcp/fake/changed") -- it is as before, and was not for a while
    assert.same({ "changed echo", "trusted fail" }, states(w))
    local said, code = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert.equal(1, code)
    assert(said:find("quarantined", 1, true), said)
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    assert.equal("x\n", w:orket("mcp call fake echo '{\"text\":\"x\"}'"))
    assert.equal(0, select(2, w:check()))
  end)

  it("a call of a server's tool of a person puts aside what changed, as a turn's does", function()
    local w <close> = trusted("")
    w:write(".orket/mcp/fake/changed", "")
    local said, code = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert.equal(1, code)
    assert(said:find("quarantined", 1, true), said)
    assert.equal("echo", w:events("mcp.changed")[1].body.tool)
    os.remove(w.dir .. "/.orket/mcp/fake/changed")
    assert.truthy((w:orket("mcp list")):find("quarantined: mcp__fake__echo", 1, true))
    assert.equal(1, select(2, w:orket("mcp call fake echo '{\"text\":\"x\"}'")))
    assert.equal(1, #w:events("mcp.changed"))
    assert.equal(0, select(2, w:check()))
  end)

  it("a call of a server's tool that was cut off parks its card, and a person says what became of it",
    function()
    local w <close> = trusted("hold", { deadline = 60 })
    local run = w:start()
    assert(world.wait(function() return w:exists(".orket/mcp/fake/called") end), "it was not called")
    run.kill("KILL")
    run.wait()
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("mcp.call", w:card("A").uncertain.operation.op)
    assert.equal("over there\n", w:read(".orket/mcp/fake/called"))
    assert.equal(0, select(2, w:orket("answer A happened it said yes")))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("over there\n", w:read(".orket/mcp/fake/called"))
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
  end)

  it("a call of a server's tool that has no answer parks its card as well", function()
    local w <close> = trusted("dies")
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("over there", w:card("A").uncertain.operation.arguments.text)
    assert.equal(0, select(2, w:orket("answer A did-not")))
    text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
  end)

  it("a call of a server's tool costs a prompt what its roles list, whatever a server has", function()
    local w <close> = project("many", nil,
      { mock = "function work(talk) return steps(talk, function() return say(finish()) end) end" })
    w:write("roles/coder.lua",
      (orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "mcp__fake__tool7"')))
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    local text, code = w:run()
    assert.equal(0, code, text)
    local names = {}
    for _, tool in ipairs(cjson.decode(w:request(1)).tools) do
      names[#names + 1] = tool["function"].name:match("^mcp__.*")
    end
    assert.same({ "mcp__fake__tool7" }, names)
  end)
end)

describe("mcp", function()
  local function ends(mode, more, words, code)
    local w <close> = trusted(mode, world.merged({ deadline = 1, output = 1000000 }, more))
    local began = os.time()
    local text, exit = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert(text:find(words, 1, true), mode .. ": " .. text)
    assert.equal(code or 1, exit, mode)
    assert(os.time() - began <= 30, mode .. " took its time")
    assert.equal("0", servers.processes(), mode)
    return text
  end

  it("a hostile server costs at most its deadline", function()
    ends("drip", nil, "ERR_UNCERTAIN")
    ends("never", nil, "ERR_UNCERTAIN")
    ends("mute", nil, "ERR_PROC: the server fake did not come to an end within 1 s")
  end)

  it("a hostile server costs at most its cap", function()
    ends("line", { deadline = 20 }, "said more than 1000000 bytes")
    ends("flood", { deadline = 20 }, "said more than 1000000 bytes")
    ends("gigantic", { deadline = 20 }, "said more than 1000000 bytes")
    ends("counting", { deadline = 20 }, "has more than 100 pages")
    ends("endless", { deadline = 20 }, "goes round in a circle")
    ends("restless", nil, "changes its tools without end")
  end)

  it("a hostile server says nothing with ids that were not asked, and is told nothing", function()
    local text = ends("ids", nil, "in a batch", 0)
    assert.equal("in a batch\n", text)
    text = ends("asks", nil, "'result':{}", 0)
    assert(text:find("not offered", 1, true), text)
  end)

  it("a hostile server may die in the middle of a call", function()
    ends("dies", nil, "ended (exit 7): no more")
  end)

  it("a hostile server is cut where it says too much", function()
    local text = ends("large", { result = 1000 }, "[cut: 1000 of 200000 bytes]", 0)
    assert(#text < 1100)
  end)
end)
