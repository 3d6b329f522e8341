-- prompt_spec.lua: `orket prompt` shows what is sent, to the byte, and sends nothing.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local WORK = [[
function work(talk)
  return steps(talk, function() return say(write("a.txt", "a")) end, function() return say(finish("a is there")) end)
end
function review(talk)
  return say(call("request_excuse", { reason = "is a enough?" }))
end
]]

local OTHER = [[
local function prompt(view)
  return brief.prompt(view, "You are a poet, " .. view.seat .. ", " .. view.card.status .. view.card.revision)
end
return { name = "coder", description = "d", tools = { "read_file", "update_issue_status" }, prompt = prompt }
]]

local function preview(w, arguments)
  local text, code = w:orket("prompt --json " .. arguments)
  assert.equal(0, code, text)
  return cjson.decode(text), text
end

local function sent(w, n)
  return cjson.decode(w:request(n))
end

-- What a model is sent for a card is what was shown before, in the same bytes.
local function assert_sent(shown, request)
  assert.equal(cjson.encode(shown.messages), cjson.encode(request.messages))
  assert.equal(cjson.encode(shown.tools), cjson.encode(request.tools or {}))
end

describe("orket prompt", function()
  for _, calls in ipairs({ "native", "text" }) do
    it("shows what is sent for work and for a review, calls = " .. calls, function()
      local w <close> = world.new({ issues = { { id = "A", description = "make a", requirements = { "a.txt is there" } } },
        mock = WORK, model = { calls = calls }, limits = { steps = 2 } })
      w:orket("sync")
      local events = #w:events()
      local shown = preview(w, "A")
      assert.same({ "dev", "coder", false, "m" }, { shown.seat, shown.role, shown.review, shown.model })
      assert.equal(events, #w:events())
      assert.equal(0, w:requests())
      w:run()
      assert_sent(shown, sent(w, 1))
      if calls == "text" then
        return -- its answers are no matter here
      end
      shown = preview(w, "A")
      assert.same({ "guard", "integrity_guard", true }, { shown.seat, shown.role, shown.review })
      assert.truthy(shown.note:find("answered or retried", 1, true))
      local before = w:requests()
      w:orket("retry A")
      shown = preview(w, "A")
      w:run()
      assert_sent(shown, sent(w, before + 1))
    end)
  end

  it("says how what another generation would send differs", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK })
    w:run()
    local old = w:events("scripts.loaded")[1].body.generation
    w:write("roles/coder.lua", OTHER)
    local shown = preview(w, "A --role coder --diff " .. old:sub(1, 8))
    assert.equal(old, shown.against)
    assert.truthy(shown.diff:find("-  You are a poet, dev", 1, true), shown.diff)
    assert.truthy(shown.diff:find("+tools[", 1, true))
    assert.equal(2, #shown.tools)
    w:write("roles/coder.lua", world.orket.read("roles/coder.lua"))
    assert.equal("", preview(w, "A --role coder --diff " .. old:sub(1, 8)).diff)
    assert.truthy(w:orket("prompt A --diff " .. old):find("nothing differs", 1, true))
  end)

  it("shows what serves, not what waits to be accepted", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK, files = { ["roles/coder.lua"] = OTHER } })
    w:run()
    w:write("roles/coder.lua", world.orket.read("roles/coder.lua"))
    local shown = preview(w, "A --role coder")
    assert.truthy(shown.note:find("wait to be accepted", 1, true))
    assert.equal(2, #shown.tools)
  end)

  it("names what is wrong", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK })
    for _, case in ipairs({
      { "A", "there is no board", 1 }, { "", "missing CARD", 2 },
      { "A", nil, 0, "sync" }, { "B", "there is no card 'B'", 1 }, { "ep", "is no issue", 1 },
      { "A --role poet", "no seat of the team has the role 'poet'", 1 },
      { "A --diff abcdef", "no generation abcdef", 1 }, { "A --role lead_architect", "lead as lead_architect", 0 },
    }) do
      if case[4] then
        w:orket(case[4])
      end
      local text, code = w:orket("prompt " .. case[1])
      assert.equal(case[3], code, text)
      assert.truthy(not case[2] or text:find(case[2], 1, true), text)
    end
  end)
end)
