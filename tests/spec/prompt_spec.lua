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
return { name = "coder", description = "d", tools = { "read_file", "update_issue_status" }, prompt = prompt, route = brief.hand_over }
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

describe("prompt", function()
  for _, calls in ipairs({ "native", "text" }) do
    it("orket prompt shows what is sent for work and for a review, calls = " .. calls, function()
      local w <close> = world.new({ issues = { { id = "A", description = "make a",
        requirements = { "a.txt is there" } } },
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

  it("orket prompt says how what another generation would send differs", function()
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

  it("orket prompt shows what serves, not what waits to be accepted", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK,
      files = { ["roles/coder.lua"] = OTHER } })
    w:run()
    w:write("roles/coder.lua", world.orket.read("roles/coder.lua"))
    local shown = preview(w, "A --role coder")
    assert.truthy(shown.note:find("the files' scripts wait: orket policy accept %x+$"))
    assert.equal(2, #shown.tools)
  end)

  it("orket prompt names what is wrong", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK })
    for _, case in ipairs({
      { "A", "there is no board", 1 }, { "", "missing CARD", 2 },
      { "A", nil, 0, "sync" }, { "B", "there is no card 'B'", 1 }, { "ep", "is no issue", 1 },
      { "A --role poet", "no seat of the team has the role 'poet'", 1 },
      { "A --diff abcdef", "no generation abcdef", 1 }, { "A --role lead_architect", "lead as lead_architect",
        0 },
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

-- Servers that count otherwise than by four bytes.
local TOKENIZERS = {
  ["of words and marks"] = [[
    MESSAGE, TOOLS = 0, true
    function count(text)
      local n = 0
      for word in text:gmatch("%w+") do
        n = n + (#word + 4) // 5
      end
      return n + select(2, text:gsub("[^%w%s\x80-\xFF]", "")) + select(2, text:gsub("[\xC2-\xF4]", ""))
    end]],
  ["of short pieces, with much around each message"] = [[
    MESSAGE, TOOLS = 25, true
    function count(text)
      return #text // 2
    end]],
  ["of 3.3 bytes and 4 around a message, that counts no tools"] = [[
    MESSAGE, TOOLS = 4, false
    function count(text)
      return math.ceil(#text / 3.3)
    end]],
  ["of characters, 1.5 for one that is not ASCII"] = [[
    MESSAGE, TOOLS = 7, true
    function count(text)
      local wide = select(2, text:gsub("[\xC2-\xF4]", ""))
      return math.ceil(1.5 * wide + (utf8.len(text) - wide) / 4.2)
    end]],
}

local COUNTED = world.orket.read("tests/support/teams/counted_prompts.lua")

local BUSY = [[
function work(talk)
  local n = talk.replies
  if n >= 6 then
    return say(finish("all of it is written and stands as it should"))
  end
  local number = tonumber(talk.card:match("%d+"))
  local lines = { "line of text, number " .. n .. "\n", "local a = f(b[" .. n .. "]) -- {x}\n", "解析器读取输入，返回语法树。\n" }
  return say(write(talk.card .. n .. ".txt", lines[number % 3 + 1]:rep(3 + n * 5)))
end
]]

describe("prompt", function()
  for name, count in pairs(TOKENIZERS) do
    it("the estimate of tokens is within 10 % after 20 replies, with a tokenizer " .. name, function()
      local issues = {}
      for i = 1, 8 do
        local said = i % 3 == 2 and "写一个解析器，读取输入，并写好测试。"
          or "Write something, and more of it, until there is enough of it. "
        issues[i] = { id = "I" .. i, description = said:rep(i * i * 3),
          depends_on = i > 1 and { "I" .. i - 1 } or nil }
      end
      local w <close> = world.new({ issues = issues, mock = BUSY .. count .. "\n" .. COUNTED,
        limits = { concurrency = 1 } })
      w:orket("sync")
      assert.equal(0, preview(w, "I8").calibrated)
      w:run("I1")
      w:run("I2")
      w:run("I3")
      assert.truthy(#w:events("step.reply") >= 20)
      for i = 4, 8 do
        local shown = preview(w, "I" .. i)
        w:run("I" .. i)
        local counted
        for _, event in ipairs(w:events("step.reply")) do
          counted = counted or event.card == "I" .. i and event.body.usage.prompt or nil
        end
        local off = math.abs(shown.tokens - counted) / counted
        assert(off <= 0.10, string.format("I%d: %d estimated, %d counted", i, shown.tokens, counted))
      end
      local first, second = preview(w, "I8"), preview(w, "I8")
      assert.equal(first.tokens, second.tokens)
      assert.equal(64, first.calibrated)
      assert.equal(0, (select(2, w:check())))
    end)
  end
end)
