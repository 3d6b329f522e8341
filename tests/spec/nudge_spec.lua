-- nudge_spec.lua: a reply without a call: the model reads what was seen in it and one right call, as often in
-- a row as limits.nudges says; a reply that was cut; conversations; runs that were recorded before there was
-- a limit.

local cjson = require("cjson")
local terminal = dofile("tests/support/terminal.lua")
local world = dofile("tests/support/world.lua")
local orket = world.orket

-- A model whose first replies are those of WORDS; then it makes the call that it was shown, or works.
local function wordy(words, more)
  local quoted = {}
  for i, one in ipairs(words) do
    quoted[i] = ("%q"):format(one)
  end
  return "local WORDS = { " .. table.concat(quoted, ", ") .. " }\n" .. [[
    function shown(talk)
      local last = talk.request.messages[#talk.request.messages].content
      local name, arguments = last:match("call (%S+) with the arguments (%b{})$")
      return name and { content = "", calls = { { name = name, arguments = arguments } } }
    end
    function words(talk)
      local content = WORDS[talk.replies + 1]
      return content and { content = content }
    end
    function work(talk)
      return words(talk) or say(write("f", "x"), finish())
    end
  ]] .. (more or "")
end

-- What a model reads after each of its replies, by the order of the replies.
local function nudges(w)
  local told = {}
  for _, event in ipairs(w:events("step.reply")) do
    told[#told + 1] = event.body.nudge
  end
  return told
end

local SEEN = {
  { "Let me look at the card first.", "changed nothing", "list_directory" },
  { "Which colour should the greeting have?", "asks a question", "request_excuse" },
  { "I'm sorry, I cannot write files.", "you cannot do this", "request_excuse" },
  { "All done! The script is written.", "no tool was called in this turn", "list_directory" },
  { " ", "Your reply was empty", "update_issue_status" },
  { 'So I call write_file({"path": "f"}) now.', "stands in the text", "update_issue_status" },
  { 'Or so: <tool_call>{"name": "write_file", "arguments": {"path": "f"}}</tool_call></think>',
    "inside your thoughts", "update_issue_status" },
  { 'I would do {"name": "delete_all", "arguments": {"path": "f"}} here.', "stands in the text",
    "update_issue_status" },
}

describe("nudge", function()
  for _, row in ipairs(SEEN) do
    it("a reply without a call is answered with what was seen and a right call: " .. row[1], function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = wordy({ row[1] }, [[
        function work(talk)
          return words(talk) or shown(talk) or say(write("f", "x"), finish())
        end ]]) })
      w:run()
      local told = nudges(w)
      assert.truthy(told[1]:find(row[2], 1, true), told[1])
      assert.truthy(told[1]:find("call " .. row[3] .. " with", 1, true), told[1])
      local last = cjson.decode(w:request(2)).messages
      assert.equal(told[1], last[#last].content)
      assert.equal(0, #w:events("call.refused") + #w:events("operation.refused"))
      assert.equal(row[3], w:events("call.allowed")[1].body.tool)
      w:replays()
    end)
  end

  it("a reply without a call after work is nudged to report it, and in a review as well", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      local function shown(talk)
        local name, arguments = talk.request.messages[#talk.request.messages].content:match("call (%S+) with the arguments (%b{})$")
        return { content = "", calls = { { name = name, arguments = arguments } } }
      end
      function work(talk)
        return steps(talk, function() return say(write("f", "x")) end, function() return { content = "The work is complete." } end, shown)
      end
      function review(talk)
        return steps(talk, function() return { content = "LGTM, approved." } end, shown)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    for i, told in ipairs(nudges(w)) do
      assert.truthy(told:find("says that the work is done", 1, true)
        and told:find(i == 1 and '"ready_for_testing"' or '"done"', 1, true), told)
    end
    assert.equal("done", w:card("A").status)
    w:replays()
  end)

  it("a reply without a call counts until a reply calls a tool, and is not counted as a step without progress as well",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { repeats = 1 }, mock = [[
      function work(talk)
        local n = talk.replies
        return n % 4 < 3 and { content = "I think." } or n < 11 and say(write("f" .. n, "x")) or say(finish())
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(9, #w:events("turn.nudged"))
    w:replays()
  end)

  it("a reply without a call is the last one when it is one more than limits.nudges: nothing is said of it that is not sent",
    function()
    for most, review in pairs({ [0] = false, [1] = true, [3] = false }) do
      local w <close> = world.new({ issues = { { id = "A" } }, limits = { nudges = most }, mock = review
        and 'function work() return say(write("f", "x"), finish()) end function review() return { content = "It looks\\ngood." } end'
        or 'function work() return { content = "It looks\\ngood." } end' })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.equal(most, #w:events("turn.nudged"))
      local looped = w:events("turn.looped")[1].body
      assert.equal(most + 1, math.tointeger(looped.steps))
      for _, part in ipairs({ "limits.nudges is " .. most, "orket models check m, or another model",
        '"It looks good."' }) do
        assert.truthy(looped.why:find(part, 1, true) and text:find(part, 1, true), part .. "\n" .. text)
      end
      w:replays()
    end
  end)

  it("a reply without a call that was heard before a kill is answered in the same words after it", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = wordy({ "I think.", "I think more." }) })
    w:killed("reply_before:3")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(2, #w:events("turn.nudged"))
    assert.equal(w:request(3), w:request(4))
    w:replays()
  end)
end)

describe("nudge", function()
  it("a reply that was cut is reported as that to the model and to the person, with the setting", function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { nudges = 1 },
      mock = 'function work() return { content = "First I will", finish = "length", usage = { completion_tokens = 77 } } end' })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.truthy(nudges(w)[1]:find("cut off at 77 tokens", 1, true), nudges(w)[1])
    local why = "the reply was cut at 77 tokens: set `max_tokens` of the model m higher (config/organization.json)"
    assert.truthy(w:events("turn.looped")[1].body.why:find(why, 1, true))
    for _, shown in ipairs({ text, (w:orket("log --card A")), (w:orket("show A")) }) do
      assert.truthy(shown:find(why, 1, true), shown)
    end
    w:replays()
  end)

  it("a reply that was cut in its call makes no half of it, and the same again ends the turn", function()
    for _, calls in ipairs({ "native", "text" }) do
      local w <close> = world.new({ issues = { { id = "A" } }, model = { calls = calls }, mock = [[
        function work(talk)
          local arguments = '{"path": "f.txt", "content": "a long text'
          local text = '<tool_call>\n{"name": "write_file", "arguments": ' .. arguments
          return talk.request.tools and { content = "", calls = { { name = "write_file", arguments = arguments } }, finish = "length" }
            or { content = text, finish = "length" }
        end ]] })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.is_nil(w:made("f.txt"))
      assert.equal(calls == "native" and 3 or 4, #w:events("step.reply"))
      for _, told in ipairs(nudges(w)) do
        assert.truthy(told:find("cut off at", 1, true) and told:find("Write less at once", 1, true), told)
      end
      local last = cjson.decode(w:request(2)).messages
      assert.truthy(last[#last].content:find("cut off at", 1, true), last[#last].content)
      assert.truthy(w:events("turn.looped")[1].body.why:find("set `max_tokens` of the model m", 1, true))
      w:replays()
    end
  end)
end)

-- A conversation in which the model answers `content`, and when it is nudged makes the call that it was
-- shown, or `content` again.
local function talk_of(content, again)
  local w = world.new({ issues = { { id = "A" } }, mock = "local CONTENT, AGAIN = " .. ("%q, %s"):format(content, again) .. [[

    function reply(request)
      local last = request.messages[#request.messages]
      local name, arguments = (last.content or ""):match("call (%S+) with the arguments (%b{})$")
      if name and not AGAIN then
        return { content = "", calls = { { name = name, arguments = arguments } } }
      end
      return { content = last.role == "tool" and "There is one card." or CONTENT }
    end ]] })
  assert(select(2, w:orket("sync")) == 0)
  w:write(".test/lines", "what is there?\n")
  local text, code = orket.shell(w:command("chat <.test/lines 2>&1"))
  return w, text, code
end

local function on_terminal(w, steps)
  return (terminal.play(("cd %s && ORKET_MODEL_URL=%s exec %s chat"):format(w.dir, w.url, world.binary),
    steps))
end

describe("nudge", function()
  local CALL = 'I look.\n{"name": "look_at_everything", "arguments": {"what": "cards"}}\nThen I answer.'

  it("a conversation shows no call as its answer: the model is shown how to make it", function()
    local w <close>, text, code = talk_of(CALL, false)
    assert.equal(0, code, text)
    assert.truthy(text:find("There is one card.", 1, true), text)
    assert.falsy(text:find("look_at_everything", 1, true), text)
    w:replays("CHAT-1.1")
  end)

  it("a conversation shows none on a terminal either, where words are shown as they come", function()
    local w <close> = talk_of(CALL, false)
    local text = on_terminal(w, { { "see", "you > " }, { "type", "what is there?\r" },
      { "see", "There is one card." }, { "see", "you > " },
      { "type", "/quit\r" } })
    assert.truthy(text:find("I look.", 1, true), text)
    assert.falsy(text:find("look_at_everything", 1, true), text)
  end)

  it("a conversation shows an answer whole and once on a terminal, also with braces in it", function()
    local answer = 'Like this: {"name": "hello"} or <b>.'
    local w <close> = talk_of(answer, true)
    local text = on_terminal(w, { { "see", "you > " }, { "type", "how?\r" }, { "see", answer },
      { "see", "you > " }, { "type", "/quit\r" } })
    assert.equal(1, select(2, text:gsub("Like this: ", "")), text)
  end)

  it("a conversation ends with 3 when it stopped without an answer", function()
    local w <close>, text, code = talk_of(CALL, true)
    assert.equal(3, code, text)
    assert.equal(0, #w:events("turn.said"))
    assert.equal(3, #w:events("turn.nudged"))
    w:replays("CHAT-1.1")
  end)

  it("a conversation takes JSON that is no call for an answer", function()
    local w <close>, text, code = talk_of('Like this: {"name": "hello", "version": "1"}', true)
    assert.equal(0, code, text)
    assert.truthy(text:find('"version"', 1, true), text)
    w:replays("CHAT-1.1")
  end)
end)

-- tests/journals/nudged_once.sql: the database of a run from before there was a limit. A was nudged twice,
-- the second time for nothing, and is parked; B and the plan PLAN-1 were killed after their first nudge.
describe("nudge", function()
  local function old()
    local w = world.new({ issues = { { id = "A" }, { id = "B" } }, limits = { concurrency = 1 },
      mock = orket.read("tests/support/planner.lua") .. [[
        function plan() return { content = "I am done." } end
        function work(talk)
          return steps(talk, function() return { content = "all done" } end, function() return say(write("b.txt", "b"), finish()) end)
        end ]] })
    local text, code = orket.shell("mkdir -m 700 " .. w.dir .. "/.orket && sqlite3 " .. w.dir
      .. "/.orket/orket.db <tests/journals/nudged_once.sql 2>&1")
    assert(code == 0, text)
    return w
  end

  it("a run that was recorded before there was a limit is derived again as it was recorded", function()
    local w <close> = old()
    assert.equal(1, #w:events("turn.looped"))
    w:replays("ep.1")
    w:replays("PLAN-1.1")
  end)

  it("a run that was recorded before there was a limit goes on as it began, and is derived again", function()
    local w <close> = old()
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("done", w:card("B").status)
    assert.equal(4, #w:events("turn.nudged"))
    text, code = w:orket("plan --go-on PLAN-1")
    assert.equal(1, code, text)
    w:replays("ep.1")
    w:replays("PLAN-1.1")
  end)
end)
