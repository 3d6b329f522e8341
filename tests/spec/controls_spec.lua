-- controls_spec.lua: the keys of the live board: what is a key and what is none, what they do, what is
-- approved, and the terminal, which is left as it was found.

package.path = "lua/?.lua;" .. package.path
local keys = require("orket.view.live.keys")
local world = dofile("tests/support/world.lua")

describe("controls", function()
  local rows = { -- reads, keys
    { { "jk" }, "j k" },
    { { "\27[A", "\27OB", "\27[5~" }, "up down page up" },
    { { "\r", "\n", "\127", " ", "\12" }, "enter enter backspace space redraw" },
    { { "\27" }, "esc" },
    { { "\27", "[A", "j" }, "esc j" }, -- cut by a slow line: the sequence still is no text
    { { "\27[1;1R" }, "" },            -- where the cursor is
    { { "\27[1;", "1RY" }, "Y" },
    { { "\27]11;rgb:ff/Y\27", "\\a" }, "a" }, -- the colour of the background
    { { "\27]lY\7a" }, "a" },          -- the title, which a text may have set
    { { "\27P1$rY\27\\a" }, "a" },
    { { "\27[M YYa" }, "a" },          -- the mouse
    { { "\27[200~aY\27[201~b" }, "<aY> b" },
    { { "\27[200~a", "Y\n\27[2", "01~b" }, "<aY\n> b" },
    { { "\195", "\164\255\194\155" }, "ä" },
    { { "\27Y\27\27[A" }, "up" },
    { { "\27]" .. ("Y"):rep(70000), "j" }, "j" },
  }
  for i, row in ipairs(rows) do
    it("what a terminal sends is read as the keys of row " .. i, function()
      local parser, got = keys.new(), {}
      for _, bytes in ipairs(row[1]) do
        for _, one in ipairs(parser:feed(bytes)) do
          got[#got + 1] = one.key or "<" .. one.paste .. ">"
        end
      end
      local expected = row[2]:gsub("^esc up", "esc")
      assert.equal(expected, (table.concat(got, " "):gsub("^esc up", "esc")))
    end)
  end
end)

describe("controls", function()
  it("a pager has shown all only when no line was skipped, and not in a window of another width", function()
    assert.equal("false true false true false true\n",
      world.orket.probe(world.orket.chunk("controls", "reads_a_pager")))
  end)
end)

describe("controls", function()
  it("a pager of a text that grows stays at its end until who reads moves up, then where it is, also in another width, and goes back to the end",
    function()
    assert.equal("8-10 11-13 7-9 7-9 7-9 18-20 19-21",
      world.orket.probe(world.orket.chunk("controls", "follows_a_text")))
  end)
end)

describe("controls", function()
  it("the lines of a turn are what was committed, then the reply that comes, bounded and unable to steer the terminal",
    function()
    assert.equal("ok", world.orket.probe(world.orket.chunk("controls", "shows_a_turn")))
  end)
end)

local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

-- A's text would ask the terminal where its cursor is, and is longer than a window; C asks a question; D is
-- held.
local MOCK = world.orket.read("tests/support/teams/asks_a_person.lua")

local function waiting()
  local w = world.new({ issues = { { id = "A" }, { id = "B" }, { id = "C" }, { id = "D" } }, mock = MOCK,
    gate = RULE, limits = { concurrency = 4 } })
  w:hold("D")
  return w
end

local function released(w)
  return { "shell", "rm " .. w.dir .. "/.test/hold.D" }
end

local function answers(w)
  local said = {}
  for i, event in ipairs(w:events("approval.answered")) do
    said[i] = event.card .. " " .. event.body.answer .. " " .. (event.body.why or "-")
      .. (event.actor:find("^human:.") and "" or " " .. event.actor)
  end
  table.sort(said)
  return said
end

local function all_true(list)
  for _, is_found in ipairs(list) do
    if not is_found then
      return false
    end
  end
  return #list > 0
end

describe("controls", function()
  it("the board of orket run approves what was shown to its end, denies with a reason, answers, and shows what was said",
    function()
    local w <close> = waiting()
    local text, code, found = w:typed("run ep", {
      { "see", "3 need you" },
      { "type", "\27[200~aY\27[201~a" }, { "see", "lines 1-21 of" }, { "type", "Y" }, { "type", " " },
      { "see", "lines 22-42 of" },
      { "type", " " }, { "see", "the end of A" }, { "see", "Y approve once" }, { "type", "Y" },
      { "see", "approved ep.1/" },
      { "type", "d" }, { "see", "of B" }, { "see", "deny because" }, { "type", "not thit\127s\n" },
      { "see", ": not this" },
      { "type", "r" }, { "see", "which colour?" }, { "see", "answer >" }, { "type", "blue\n" },
      { "see", "answered" },
      { "type", "j" }, { "type", "t" }, { "see", "A from ep.1/" }, { "type", "q" }, { "see", "j/k select" },
      released(w),
    })
    assert.equal(0, code, text)
    assert.same({ "A approved -", "B denied not this" }, answers(w))
    assert(all_true(found))
    assert(text:find("␛[6n␛]2;Y␇", 1, true) and not text:find("\27[6n", 1, true)
      and not text:find("\27]2;", 1, true), "the agent's text reaches the terminal")
    w:replays()
  end)

  it("the board of orket run shows a turn while it streams, at its end, or where a person looks", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      local function numbered(what)
        local lines = {}
        for i = 1, 90 do lines[i] = what .. " " .. i .. "." end
        return table.concat(lines, "\n")
      end
      function work(talk)
        return steps(talk,
          function() return { reasoning = numbered("thought"), content = numbered("word"), pace_ms = 30, calls = { write("dish.sh", "x") } } end,
          function() return { reasoning = numbered("again"), pace_ms = 30, content = "so be it", calls = { finish() } } end)
      end ]] })
    local text, code = w:typed("run ep", {
      { "see", "A Issue A thinks" }, { "type", "t" }, { "see", "thoughts, as they come" },
      { "see", "thought 40." }, { "see", "thought 60." },
      { "type", "k" }, { "see", "l to its end" }, { "type", "l" }, { "see", "reply, as it comes" },
      { "see", "word 60." },
      { "see", "result of write_file" }, { "see", "thoughts, as they come" }, { "see", "again 40." },
      { "see", "code_review -> done" },
    })
    assert.equal(0, code, text)
    assert.equal("x", w:made("dish.sh"))
    text, code = w:typed("run --again ep", { { "see", "A-b2 Issue A thinks" }, { "type", "t" },
      { "see", "thought 30." }, { "type", "t" }, { "see", "j/k select" } })
    assert.equal(0, code, text)
  end)

  it("the board of orket run does not end while a person reads what a card asks for", function()
    local w <close> = waiting()
    local text, code = w:typed("run ep", {
      { "see", "3 need you" }, { "type", "r" }, { "see", "answer >" }, released(w),
      { "see", "code_review -> done" },
      { "type", "blue\n" }, { "see", "C code_review -> done" },
    })
    assert.equal(3, code, text)
    assert.equal("done", w:card("C").status)
    w:replays()
  end)

  it("the board of orket run gives the terminal back when it is stopped and when it ends, whatever ends it",
    function()
    for _, ending in ipairs({ { "type", "q" }, { "type", "\3" }, { "signal", "TERM" },
      { "signal", "HUP" } }) do
      local w <close> = waiting()
      local text, code, found = w:typed("run ep", {
        { "see", "3 need you" }, { "type", "\26" }, { "stopped" }, { "signal", "CONT" }, { "see", "q stop" },
        ending,
      })
      assert.equal(3, code, text)
      assert.equal(2, #found)
      assert(all_true(found), "the settings are other ones after " .. ending[2])
      assert(text:find("\27[?2004h", 1, true) and text:match(".*\27%[%?2004(%a)") == "l",
        "pastes are still marked")
      w:replays()
    end
  end)

  it("the board of orket run hears no keys where standard input is no terminal, and in a replay", function()
    local w <close> = world.new({ issues = { { id = "D" } }, mock = MOCK })
    local text, code = w:typed("run --record .test/cassette ep </dev/null", {})
    assert.equal(0, code, text)
    assert(not text:find("j/k select", 1, true) and not text:find("\27[?2004", 1, true), text)
    os.execute("rm -r " .. w.dir .. "/.orket " .. w.dir .. "/workspace")
    text, code = w:typed("run --replay .test/cassette ep", {})
    assert.equal(0, code, text)
    assert(not text:find("j/k select", 1, true) and not text:find("\27[?2004", 1, true), text)
  end)
end)

describe("controls", function()
  it("orket board -w sends a person's acts to the run's owner, and leaves the run alone when it is left",
    function()
    local w <close> = waiting()
    local run = w:start()
    assert(world.wait(function() return #w:pending() == 2
      and w:card("C").status == "waiting_for_developer" end), "nothing is asked")
    local id = w:pending()[1].id
    local text, code, found = w:typed("board -w", {
      { "see", "3 need you" }, { "type", "d" }, { "see", "deny because" }, { "type", "no\n" },
      { "see", "denied " .. id },
      { "type", "q" }, { "see", "q leave this board" }, { "type", "q" },
    })
    assert.equal(0, code, text)
    assert(all_true(found))
    assert(not run.ended())
    w:release("D")
    assert.equal(3, select(2, run.wait()))
    assert.same(1, #answers(w))
    text, code = w:typed("board -w", {})
    assert.equal(1, code, text)
    w:replays()
  end)

  it("orket board -w shows what is committed of a turn as it goes on, and says that a reply is shown when it is whole",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write("dish.sh", "x")) end, function() return say(finish()) end)
      end ]] })
    w:hold(1)
    w:hold(2)
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    local text, code = w:typed("board -w", {
      { "see", "waits for the model" }, { "type", "t" }, { "see", "shows it as it comes" },
      { "shell", "rm " .. w.dir .. "/.test/hold.1" },
      { "see", "result of write_file" }, { "see", "shows it as it comes" }, { "type", "\3" },
    }, { columns = 120, rows = 30 })
    assert.equal(0, code, text)
    assert(not run.ended())
    w:release(2)
    assert.equal(0, select(2, run.wait()))
  end)

  it("orket board -w knows of every agent what it is at, also when that began before the lines that are shown",
    function()
    local issues = {}
    for i = 1, 12 do
      issues[i] = { id = "C" .. i }
    end
    local w <close> = world.new({ issues = issues, limits = { concurrency = 12 },
      mock = "function work() return say(finish()) end" })
    for i = 1, 12 do
      w:hold("C" .. i)
    end
    local run = w:start()
    assert(world.wait(function() return w:request(12) end))
    local text, code = w:typed("board -w", { { "see", "12 at work" }, { "see", "C1" },
      { "see", "waits for the model" }, { "type", "\3" } })
    assert.equal(0, code, text)
    run.kill("KILL")
    run.wait()
  end)

  it("orket board -w stops the run after a question", function()
    local w <close> = waiting()
    local run = w:start()
    assert(world.wait(function() return #w:pending() == 2
      and w:card("C").status == "waiting_for_developer" end), "nothing is asked")
    local text, code = w:typed("board -w", { { "see", "3 need you" }, { "type", "q" }, { "see", "Y stop" },
      { "type", "Y" }, { "see", "drained" } })
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(3, code)
    assert(text:find("\ndrained: ", 1, true), text)
    w:replays()
  end)
end)
