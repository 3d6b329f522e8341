-- mcp_turn_spec.lua: a turn and its servers: one session from its first call to its end, started again when
-- the server dies, and nothing left afterwards; and what a prompt pays for them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local servers = dofile("tests/support/mcp/project.lua")
local world = dofile("tests/support/world.lua")

local PLACE = ".orket/mcp/fake/"

-- A team that calls so often, and then is done.
local function calling(count, before)
  local steps = {}
  for i = 1, count do
    steps[i] = ('function() %s return say(call("mcp__fake__echo", { text = "call %d" })) end'):format(before
      or "", i)
  end
  steps[#steps + 1] = "function() return say(finish()) end"
  return "function work(talk) return steps(talk, " .. table.concat(steps, ", ") .. ") end"
end

local function lines(w, name)
  return w:exists(PLACE .. name) and select(2, w:read(PLACE .. name):gsub("\n", "")) or 0
end

local function count_of(w, name, word)
  return w:exists(PLACE .. name) and select(2, w:read(PLACE .. name):gsub(word, "")) or 0
end

-- A project of this mode, whose server has noted nothing yet.
local function project(mode, count, more, options)
  local w = servers.trusted(mode, more, world.merged({ mock = calling(count), rules = { labels = "off" } },
    options))
  os.remove(w.dir .. "/" .. PLACE .. "starts")
  os.remove(w.dir .. "/" .. PLACE .. "asked")
  return w
end

local function results(w)
  local found = {}
  for i, event in ipairs(w:events("operation.done")) do
    found[i] = event.body.result and event.body.result.text or event.body.error.message
  end
  return found
end

describe("mcp turn", function()
  it("a turn's server is one process for all its calls, asked once what it has, and gone with the turn",
    function()
    local w <close> = project("counts", 3)
    assert.equal(0, select(2, w:run()))
    assert.same({ "call 1", "call 2", "call 3" }, results(w))
    assert.equal(1, lines(w, "starts"))
    assert.equal(1, count_of(w, "asked", "initialize\n"))
    assert.equal(1, count_of(w, "asked", "tools/list"))
    assert.equal("0", servers.processes())
    assert.equal(0, select(2, w:orket("replay ep.1")))
    assert.equal(1, lines(w, "starts"))
  end)

  it("a turn's server remembers nothing of another card", function()
    local w <close> = project("counts", 1, nil, { issues = { { id = "A" }, { id = "B" } } })
    assert.equal(0, select(2, w:run()))
    assert.same({ "call 1", "call 1" }, results(w))
    assert.equal(2, lines(w, "starts"))
  end)

  it("a turn's server is not started for a turn that calls nothing of it", function()
    local w <close> = project("counts", 0)
    assert.equal(0, select(2, w:run()))
    assert.equal(0, lines(w, "starts"))
  end)

  it("a turn's server is started again when it died, and is named; not for ever", function()
    -- until the end was seen
    local thinks = "local function say(...) return { content = '', calls = { ... }, delay_ms = 200 } end"
    local w <close> = project("brief", 6, nil, { mock = calling(6, thinks) })
    local text, code = w:run()
    assert.equal(0, code, text)
    local found = results(w)
    for i = 1, 4 do
      assert.equal("and gone", found[i])
    end
    assert.equal("the server fake failed 4 times: it is not begun with again in this turn; the last time: the server fake ended (exit 3)", found[5])
    assert.equal(4, lines(w, "starts"))
  end)

  it("a turn's server that dies in a call is named, and started again for the next one, where a person called the tool harmless",
    function()
    local w <close> = servers.trusted("dies", { harmless = { "echo" } },
      { mock = calling(2), rules = { labels = "off" } })
    os.remove(w.dir .. "/" .. PLACE .. "starts")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "the server fake ended (exit 7): no more", "the server fake ended (exit 7): no more" },
      results(w))
    assert.equal("ERR_PROC", w:events("operation.done")[1].body.error.code)
    assert.equal(2, lines(w, "starts"))
    assert.equal(0, select(2, w:orket("replay ep.1")))
  end)

  it("a turn's server is gone two seconds after the run was killed", function()
    local w <close> = project("hold", 1, { deadline = 60 })
    local run = w:start()
    assert(world.wait(function() return w:exists(PLACE .. "called") end), "it was not called")
    run.kill("KILL")
    run.wait()
    assert(world.wait(function() return servers.processes() == "0" end), "it is still there")
  end)

  it("a turn's server is waited for in the middle of a call when the run stops, and not called again",
    function()
    local w <close> = project("late", 1, { deadline = 60 }, { limits = { drain = 60 } })
    local run = w:start()
    assert(world.wait(function() return w:exists(PLACE .. "called") end), "it was not called")
    run.kill("TERM")
    assert(world.wait(function() return w:read(".test/run.out"):find("stopping", 1, true) end))
    w:write(PLACE .. "go", "")
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal(1, #w:events("operation.done"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ 0, "at last", 1 }, { #w:events("operation.uncertain"), results(w)[1], lines(w, "calls") })
    w:replays()
  end)

  it("a turn's server is gone when the run was asked to stop", function()
    local w <close> = project("hold", 1, { deadline = 60 })
    local run = w:start()
    assert(world.wait(function() return w:exists(PLACE .. "called") end), "it was not called")
    run.kill("INT")
    run.kill("INT")
    run.wait()
    assert(world.wait(function() return servers.processes() == "0" end), "it is still there")
  end)

  it("a turn's server that says its tools changed is asked again, and what is another one is put aside at once",
    function()
    local w <close> = project("turns", 2)
    assert.equal(0, select(2, w:run()))
    local found = results(w)
    assert.equal("still the same", found[1])
    assert(found[2]:find("in another way than was trusted", 1, true), found[2])
    assert.equal(1, count_of(w, "asked", "tools/call"))
    assert.equal("echo", w:events("mcp.changed")[1].body.tool)
    assert.equal(0, select(2, w:check()))
  end)

  it("a turn's server has each of its trusted tools looked at, called or not", function()
    local w <close> = project("", 1, { env = { MODE = "", LIST = "" } })
    servers.configure(w, servers.fake("", { env = { MODE = "", LIST = "swapped" } }))
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    w:write(PLACE .. "swap", "")
    assert.equal(0, select(2, w:run()))
    assert.same({ "call 1" }, results(w))
    assert.equal("fail", w:events("mcp.changed")[1].body.tool)
  end)
end)

describe("mcp turn", function()
  it("what a server of either protocol says is understood: the current one has no handshake", function()
    local w <close> = project("current", 2)
    assert.equal(0, select(2, w:run()))
    assert.same({ "call 1", "call 2" }, results(w))
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    os.remove(w.dir .. "/" .. PLACE .. "asked")
    assert.equal("x\n", w:orket("mcp call fake echo '{\"text\":\"x\"}'"))
    assert.equal("server/discover\ntools/list\ntools/call\n", w:read(PLACE .. "asked"))
  end)

  it("what a server of either protocol says is waited for when it does not answer what it does not know, or dies of it",
    function()
    for _, mode in ipairs({ "silent", "crashes" }) do
      local w <close> = servers.project(mode)
      assert.same({ "new echo", "new fail" }, servers.states(w))
    end
  end)

  it("what a server of either protocol says is refused when it speaks neither", function()
    local w <close> = servers.project("future")
    local text, code = w:orket("mcp tools fake")
    assert.equal(1, code)
    assert(text:find("speaks the protocol 2099-01-01, and we 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26",
      1, true), text)
  end)
end)

describe("mcp turn", function()
  it("a deadline is told to the server, and says what the server wrote beside", function()
    local w <close> = project("waits", 0, { deadline = 1 })
    local text, code = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert.equal(1, code)
    assert(text:find("did not come to an end within 1 s; 1 of the lines it wrote are no messages: I think about it", 1, true), text)
    assert(world.wait(function() return w:exists(PLACE .. "told") end), "it was told nothing")
    assert(w:read(PLACE .. "told"):find("notifications/cancelled", 1, true), w:read(PLACE .. "told"))
  end)

  it("a deadline is not moved by progress", function()
    local w <close> = project("progress", 0, { deadline = 1 })
    local began = os.time()
    local text = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
    assert(text:find("ERR_UNCERTAIN", 1, true), text)
    assert(os.time() - began <= 30)
  end)

  it("a deadline of a server that never says anything shows its complaints", function()
    local w <close> = servers.project("mute", { deadline = 2 })
    local text, code = w:orket("mcp tools fake")
    assert.equal(1, code)
    assert(text:find("did not come to an end within 2 s: the licence is missing", 1, true), text)
  end)
end)

describe("mcp turn", function()
  local function call(mode, word, env)
    local w <close> = servers.project(mode, { env = env })
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    return cjson.decode((w:orket("mcp call --json fake echo '{\"text\":\"" .. word .. "\"}'")))
  end

  it("a result is held against what the tool promised to answer", function()
    local env = { MODE = "structured", LIST = "promises" }
    local result = call("structured", "good", env)
    assert.same({ text = '{"n":1}', structured = { n = 1 } },
      { text = result.text ~= "" and result.text or '{"n":1}', structured = result.structured })
    result = call("structured", "bad", env)
    assert.equal("one", result.text)
    assert.equal(nil, result.structured)
    assert(result.problem:find("its structured content does not fit its output schema: /n", 1, true),
      result.problem)
    result = call("structured", "none", env)
    assert(result.problem:find("promises structured content, and there is none", 1, true), result.problem)
  end)

  it("a result tells of what a model cannot read what it is", function()
    local result = call("kinds", "x")
    assert.equal("[file:///b]\ninside\nlast", result.text)
    assert.same({
      { bytes = 8, mime = "image/png", type = "image" }, { bytes = 8, mime = "audio/wav", type = "audio" },
      { description = "the first", name = "a", type = "resource_link", uri = "file:///a" },
      { bytes = 8, mime = "x/y", type = "resource", uri = "file:///c" }, { type = "hologram" },
      { type = "text" },
    }, result.other)
  end)
end)

describe("mcp turn", function()
  it("a schema that explodes costs a bounded look: the call is refused, and the server not asked", function()
    local w <close> = project("", 1, { env = { MODE = "", LIST = "bombs" } })
    local began = os.time()
    assert.equal(0, select(2, w:run()))
    assert(os.time() - began <= 20)
    assert.equal(0, #w:events("operation.intended"))
    assert.equal("gate.args.schema", w:events("call.refused")[1].body.rule)
    assert.equal(0, lines(w, "starts"))
  end)
end)

describe("mcp turn", function()
  it("a prompt pays for the tools that its role lists, whatever a server has, byte for byte", function()
    local function first_request(list)
      local roles = orket.read("roles/coder.lua"):gsub('"request_excuse"',
        '"request_excuse", "mcp__fake__tool3", "mcp__fake__tool7", "mcp__fake__tool9"')
      local w <close> = servers.project("", { env = { MODE = "", LIST = list } }, {
        files = { ["roles/coder.lua"] = roles },
        mock = "function work(talk) return steps(talk, function() return say(finish()) end) end",
      })
      assert.equal(0, select(2, w:orket("mcp trust fake")))
      os.remove(w.dir .. "/" .. PLACE .. "asked")
      assert.equal(0, select(2, w:run()))
      assert.equal(false, w:exists(PLACE .. "asked"), "a turn asked for the list that called nothing")
      return w:request(1)
    end
    local all, few = first_request("many"), first_request("three")
    assert.equal(few, all)
    assert(#few > 1000 and few:find("mcp__fake__tool9", 1, true) and not few:find("mcp__fake__tool8", 1,
      true))
  end)
end)
