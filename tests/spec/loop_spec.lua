-- loop_spec.lua: turns that come to nothing new end soon, and say what they kept doing; turns that wait do
-- not.

local world = dofile("tests/support/world.lua")

-- Each: the mock's work, the rule that ends the turn (nil: it is done) and the most replies that this may
-- take.
local CASES = {
  ["the same call with the same result"] = { "turn.repeats", 4, [[
    function work() return say(call("list_directory", { path = "." })) end]] },
  ["several equal calls in each reply"] = { "turn.repeats", 4, [[
    function work() return say(call("list_directory", { path = "." }), call("get_issue_context", {})) end]] },
  ["the same file written again and again"] = { "turn.repeats", 4, [[
    function work() return say(write("a", "same")) end]] },
  ["two calls in turns"] = { "turn.circles", 5, [[
    function work(talk)
      return talk.replies % 2 == 0 and say(write("a", "one")) or say(write("a", "two"))
    end]] },
  ["three calls in turns"] = { "turn.stalled", 6, [[
    function work(talk) return say(write("a", tostring(talk.replies % 3))) end]] },
  ["calls that are refused, each another one"] = { "turn.fails", 3, [[
    function work(talk) return say(write("../" .. talk.replies, "x")) end]] },
  ["calls that fail"] = { "turn.fails", 3, [[
    function work(talk) return say(call("read_file", { path = "no" .. talk.replies })) end]] },
  ["words alone"] = { "turn.silent", 4, [[
    function work(talk) return { content = "I think, " .. talk.replies } end]] },
  ["the same call, and other words around it"] = { "turn.repeats", 4, [[
    function work(talk)
      return { content = "once more, " .. talk.replies, calls = { call("list_directory", { path = "." }) } }
    end]] },
  ["a loop after real work"] = { "turn.repeats", 7, [[
    function work(talk)
      return talk.replies < 3 and say(write("f" .. talk.replies, "x")) or say(call("list_directory", { path = "." }))
    end]] },
  ["the same call whose result changes"] = { nil, 13, [[
    function work(talk) -- what it looks at is another thing each time: a file grows between its looks
      if talk.replies >= 12 then
        return say(finish())
      end
      return say(call("read_file", { path = "log" }), write("log", ("x"):rep(talk.replies + 1)))
    end]] },
  ["searches, each for another word, that find nothing"] = { "turn.stalled", 4, [[
    function work(talk) return say(call("search_files", { path = ".", text = "nowhere" .. talk.replies })) end]] },
  ["a question with a reason that is another one each time"] = { "turn.fails", 3, [[
    function work(talk) return say(call("read_file", { path = "no", reason = "try " .. talk.replies })) end]] },
  ["a write that is taken back, again and again"] = { "turn.circles", 6, [[
    function work(talk)
      return talk.replies % 2 == 0 and say(write("a", "one")) or say(call("edit_file", { path = "a", old = talk.replies % 4 == 1 and "one" or "two",
        new = talk.replies % 4 == 1 and "two" or "one" }))
    end]] },
  ["four calls in turns"] = { "turn.stalled", 7, [[
    function work(talk) return say(write("a", tostring(talk.replies % 4))) end]] },
  ["good calls and a refused one beside each"] = { "turn.repeats", 4, [[
    function work() return say(call("list_directory", { path = "." }), write("../x", "x")) end]] },
  ["a check between two states that others change"] = { nil, 22, [[
    function work(talk) -- the file is another one at each look, as a build's log is
      local n = talk.replies
      return n >= 20 and say(finish()) or n % 2 == 0 and say(write("status", "building, " .. n .. " %")) or say(call("read_file", { path = "status" }))
    end]] },
  ["waiting for others, who take their time"] = { nil, 16, [[
    function work(talk) return talk.replies < 15 and say(call("get_issue_context", {})) or say(finish()) end]] },
  ["waiting for others, who never come"] = { "turn.repeats", 21, [[
    function work() return say(call("get_issue_context", {})) end]] },
  ["words alone now and then, between real work"] = { nil, 13, [[
    function work(talk)
      local n = talk.replies
      return n >= 12 and say(finish()) or n % 4 == 3 and { content = "I think, " .. n } or say(write("f" .. n, "x"))
    end]] },
  ["looking again, twice, at what did not change yet"] = { nil, 5, [[
    function work(talk)
      return talk.replies < 3 and say(call("list_directory", { path = "." })) or talk.replies == 3 and say(write("a", "a")) or say(finish())
    end]] },
  ["the same check after each change"] = { nil, 9, [[
    function work(talk)
      local n = talk.replies
      return n >= 8 and say(finish()) or n % 2 == 0 and say(write("a", "try " .. n)) or say(call("list_directory", { path = "." }))
    end]] },
}

local function replies(w)
  local n = 0
  for _, event in ipairs(w:events("step.reply")) do
    n = n + (event.role == "coder" and 1 or 0)
  end
  return n
end

describe("a turn of", function()
  for name, case in pairs(CASES) do
    it(name .. (case[1] and " ends: " .. case[1] or " goes on"), function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = case[3] })
      local text, code = w:run()
      assert.equal(case[1] and 3 or 0, code, text)
      assert(replies(w) <= case[2], replies(w) .. " replies")
      local looped = w:events("turn.looped")
      assert.equal(case[1] and 1 or 0, #looped)
      if case[1] then
        assert.equal(case[1], looped[1].body.rule)
        local reports = w:orket("reports --json --rule 'turn.*'")
        assert.truthy(reports:find('"violation_type":"no_progress"', 1, true), reports)
        assert.truthy(text:find(case[1] == "turn.silent" and "4 replies in a row called no tool"
          or "changed nothing: they", 1, true), text)
        assert.equal("waiting_for_developer", w:card("A").status)
      end
      assert.equal(0, (select(2, w:check())))
      text, code = w:orket("replay ep.1")
      assert.equal(0, code, text)
    end)
  end

  it("any kind may repeat as often as the organization says", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = CASES["the same call with the same result"][3], limits = { repeats = 7 } })
    w:run()
    assert.equal(8, replies(w))
  end)
end)
