-- view_spec.lua: texts in columns, frames that fit their window, endings that say what to do, errors
-- as lines; and the live view on a real (pseudo) terminal.

package.path = "lua/?.lua;" .. package.path
local orket = dofile("tests/support/orket.lua")
local text, texts = require("orket.view.format.text"), require("orket.util.strings")

describe("text", function()
  local rows = { -- text, clean, columns
    { "plain", "plain", 5 },
    { "tab\tand\nline", "tab and line", 12 },
    { "\27[31mred\7", " [31mred ", 9 },
    { "a\u{9b}b\u{202e}c", "a b c", 5 },
    { "a\xff\xfeb", "a??b", 4 },
    { "\xed\xa0\x80", "???", 3 },
    { "漢字", "漢字", 4 },
    { "🎉!", "🎉!", 3 },
    { "e\u{301}", "e\u{301}", 1 },
    { "", "", 0 },
  }
  for _, row in ipairs(rows) do
    it(("%q"):format(row[1]), function()
      assert.equal(row[2], text.clean(row[1]))
      assert.equal(row[3], text.width(row[2]))
    end)
  end

  it("a text is cut and filled to columns, whatever it is made of", function()
    for _, sample in ipairs({ "hello world", "漢字の名前です", "a漢b字c", "e\u{301}e\u{301}e\u{301}", "" }) do
      for columns = 1, 20 do
        assert(text.width(text.cut(sample, columns)) <= columns)
        assert(text.width(text.tail(sample, columns)) <= columns)
        assert.equal(columns, text.width(text.fit(sample, columns)))
      end
      assert.equal(sample, text.cut(sample, 40))
    end
    assert.equal("hel…", text.cut("hello", 4))
    assert.equal("llo", text.tail("hello", 3))
  end)

  it("a text of several lines becomes one", function()
    assert.equal("ERR_NET: no answer; fix: look", text.line("ERR_NET: no\n\tanswer\n  fix: look"))
    assert.equal("a; fix: b fix: c", text.line("a \n\n  fix: b fix: c"))
  end)

  it("a text is measured in time that grows with it, also where it is nothing but blanks", function()
    for _, blanks in ipairs({ "\n", " ", " \n" }) do
      local run, began = blanks:rep(100000), os.clock()
      assert.equal("a b", text.line("a" .. run .. "b"))
      assert.equal("a", texts.trimmed(run .. "a" .. run))
      assert.equal("", texts.trimmed(run) .. texts.ended(run))
      assert.equal("a" .. run .. "b", texts.trimmed("a" .. run .. "b"))
      assert(os.clock() - began < 10)
    end
  end)
end)

describe("view", function()
  it("json for standard output is written in parts where it is more than the codec writes at once, and is the same",
    function()
    assert.equal("true true true", orket.probe(orket.chunk("view", "writes_large_json")))
  end)

  it("json for standard output is refused where it is none, however large", function()
    assert.equal("false false false", orket.probe(orket.chunk("view", "refuses_large_values")))
  end)
end)

-- A scene of many cards, drawn in windows of all sizes; answers the largest offence.
local FRAMES = orket.read("tests/support/probes/frames.lua")

describe("view", function()
  it("a frame fits every window", function()
    assert.equal("frames fit\n", orket.probe(FRAMES, "LC_ALL=C.UTF-8 "))
  end)

  it("views say in plain lines once a minute that the run goes on", function()
    local said = orket.probe(orket.chunk("view", "says_it_goes_on"))
    assert(said:find("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%dZ  shop%.1 is running, 0:00: 1 blocked, 1 done\n[^\n]+: 1 blocked, 1 done\n$"), said)
  end)

  it("lines about a refusal, a failed call, a question, a warning and a script change say what happened, why, and what to do",
    function()
    assert.equal([[
refused: write_file. Generated files are never edited. Fix: change their source. Rule: house.generated
refused: card.move x. No. Rule: fsm.edge
failed: run. tools/run.lua:3: bad (ERR_SCRIPT)
failed: run
nil
needs approval: write_file a (rule house.a). Review: orket approvals --full ep.1/2/3
budget warning: epics/shop/tokens has used 80 of 100 (80 %). Work parks at 100 %
script change 3f adds 2 permissions. A person has to accept it: orket policy accept 3f
the model failed: x ... the fix
comment: x ... …
unknown outcome: http.post was interrupted. Check it, then answer: happened, did-not or again
]], orket.probe(orket.chunk("view", "says_what_happened")))
  end)

  it("the end of a run says what waits and the command that answers it", function()
    assert.equal([[
parked: 1 blocked, 1 done
  b waits (review): a person reads first
    orket answer -C 'my shop' b "TEXT"
go on with: orket run -C 'my shop' shop
]], orket.probe(orket.chunk("view", "ends_parked")))
  end)

  it("the end of a run names the questions of runs before it", function()
    assert.equal("shop.1/2/3\n", orket.probe(orket.chunk("view", "asks_of_runs_before")))
  end)

  it("the board shows a card that waits for its model as not at work, and why, without the words of a reply that broke off",
    function()
    local got = orket.probe(orket.chunk("view", "waits_for_its_model"))
    assert.truthy(got:find("^nil\tnil\tthe model m is unreachable since 2026%-01%-31T12:00:00Z, not tried since .*: no route\n$"), got)
  end)

  it("the board writes sentences whole above the picture, once, and of the picture only what changed",
    function()
    local drawn = orket.probe(orket.chunk("view", "draws_what_changed"), "LC_ALL=C.UTF-8 ")
    assert.equal("2\ttrue\ttrue\n^[?25l^[?7l^[5A^[3B\r ✓ a  Fifth   done^[K\r^[2B^[?7h^[?25h\n", drawn)
  end)

  it("times are shown in the time zone of the terminal", function()
    local say = [[
      local times = require("orket.view.format.local_time")
      print(times.of("2028-02-29T23:30:05.123Z"), times.of("-"), times.stamp("2028-02-29T23:30:05.123Z")) -- no terminal]]
    assert.equal("2028-02-29 23:30:05\t-\t2028-02-29T23:30:05Z\n", orket.probe(say, "TZ=UTC "))
    assert.equal("2028-03-01 01:30:05\t-\t2028-02-29T23:30:05Z\n", orket.probe(say, "TZ=XYZ-2 "))
  end)

  it("views show each moment in local time on a terminal, elsewhere in UTC with its mark", function()
    local say = [[
      local times, at = require("orket.view.format.local_time"), "2028-02-29T23:30:05.123Z"
      print(times.stamp(at), times.minute(at), times.clock(at), times.stamp("-"), times.within("since " .. at .. ", at 2028-02-29T23:59:59Z."))]]
    assert.equal("2028-02-29T23:30:05Z\t2028-02-29T23:30Z\t2028-02-29T23:30:05Z\t-\tsince 2028-02-29T23:30:05Z, at 2028-02-29T23:59:59Z.\n",
      orket.probe(say, "TZ=XYZ-2 "))
    local on = 'require("orket.core.sys").is_tty = function() return true end\n'
    assert.equal("2028-03-01 01:30:05\t2028-03-01 01:30\t01:30:05\t-\tsince 2028-03-01 01:30:05, at 2028-03-01 01:59:59.\n",
      orket.probe(on .. say, "TZ=XYZ-2 "))
  end)

  it("views fold a long outage to lines at growing intervals, changes, what a person does, and its end",
    function()
    local shown = orket.probe(orket.chunk("view", "folds_an_outage"))
    assert.equal([[
0	a	budget.lifted
0	a	card.moved
0	a	step.failed
0	a	model.paused
0	a	in_progress -> blocked [resource]: waits for the model m
1	b	budget.lifted
1	b	card.moved
1	b	the model m is still unreachable after 60 s, next try in 60 s
1	b	in_progress -> blocked [resource]: waits for the model m
3	b	the model m is still unreachable after 3 min, next try in 60 s
7	b	the model m is still unreachable after 7 min, next try in 60 s
15	b	the model m is still unreachable after 15 min, next try in 60 s
31	b	the model m is still unreachable after 31 min, next try in 60 s
60	a	model.paused
61	a	comment.added
61	b	card.moved
61	b	budget.lifted
61	b	card.moved
61	b	step.failed
61	b	model.paused
61	b	in_progress -> blocked [resource]: waits for the model m
62	a	step.failed
62	a	the model m answers again, after 62 min
62	a	card.moved
62	a	step.reply
63	a	step.failed
]], shown)
  end)

  it("views round a time span", function()
    local rows = { [0] = "0 s", [59.4] = "59 s", [119.4] = "119 s", [119.6] = "2 min", [250] = "4 min",
      [3600] = "60 min", [86399] = "24 h",
      [604799] = "7 d", [6.4 * 86400] = "6 d" }
    for seconds, expected in pairs(rows) do
      assert.equal(expected .. "\n",
        orket.probe(('print(require("orket.view.format.local_time").span(%s))'):format(seconds)))
    end
  end)

  it("a deadline is shown in local time and by what is left until it, in a log in UTC alone", function()
    local say = [[
      local at = "2028-02-29T23:30:05.123Z"
      for _, seconds in ipairs({ 6.9 * 86400, 86399, 60, 59.5, 0 }) do
        io.write(require("orket.view.format.local_time").expiry(at, seconds):sub(9), ",")
      end]]
    assert.equal(("2028-02-29T23:30:05Z,"):rep(5), orket.probe(say))
    local on = 'require("orket.core.sys").is_tty = function() return true end\n'
    assert.equal("2028-03-01 01:30 (in 7 d),2028-03-01 01:30 (in 24 h),2028-03-01 01:30 (in 60 s),2028-03-01 01:30 (in 60 s),2028-03-01 01:30,",
      orket.probe(on .. say, "TZ=XYZ-2 "))
  end)

  it("a line is wrapped at blanks, below its own indent, whatever it is made of", function()
    assert.equal("fits", orket.probe(orket.chunk("view", "wraps_lines")))
  end)

  it("marks are ASCII in a locale that is not UTF-8", function()
    local say = [[
      local style = require("orket.view.format.style")
      for _, status in ipairs({ "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review", "done", "canceled", "archived" }) do
        io.write(style.mark(status))
      end
      io.write(style.bar(1, 2))]]
    for environment, marks in pairs({ ["LC_ALL=C LANG=C.UTF-8 "] = ".>=?*#+x-#..",
      ["LC_ALL= LC_CTYPE= LANG=de_DE.ISO-8859-1 "] = ".>=?*#+x-#..",
      ["LC_ALL= LC_CTYPE=en_US.utf8 LANG=C "] = "·▶■?◇◆✓✗–█░░",
        ["LC_ALL= LC_CTYPE= LANG= "] = "·▶■?◇◆✓✗–█░░" }) do
      assert.equal(marks, orket.probe(say, environment))
    end
  end)

  it("the board leaves the cursor visible and the lines wrapped, and ends with the outcome", function()
    local dir = orket.directory()
    orket.write(dir .. "/lib/orket/main.lua", "return function() return "
      .. orket.chunk("view", "leaves_the_terminal") .. " end")
    local command = "stty cols 80 rows 24; TERM=xterm ORKET_LUA=" .. dir .. "/lib " .. orket.binary
    local shown, code = orket.shell("script -qec '" .. command .. "' /dev/null")
    orket.remove(dir)
    assert.equal(3, code)
    assert(not shown:find("\27%[%?25l[^\27]*$") and shown:find("\27[?25h", 1, true))
    local _, hidden = shown:gsub("\27%[%?25l", "")
    local _, visible = shown:gsub("\27%[%?25h", "")
    assert.equal(hidden, visible)
    assert(hidden >= 3, shown)
    assert(shown:find("go on with: orket run %-C 'my shop' shop\r?\n$"), shown)
  end)
end)

describe("report", function()
  local function said(call)
    return orket.probe('local report = require("orket.view.cli_report")\n' .. call)
  end

  it("an error is written as code, cause and fix", function()
    assert.equal("orket: ERR_X: it broke\n  fix: mend it\n",
      said('report.failure({ code = "ERR_X", message = "it broke", fix = "mend it" })'))
    assert.equal("orket: ERR_X: it broke\n", said('report.failure({ code = "ERR_X", message = "it broke" })'))
  end)

  it("problems of files are written with their place, and refused scripts with their name", function()
    assert.equal("orket: a.json:3: wrong\n  fix: right\norket: roles/x.lua: ERR_SCRIPT: bad\n", said([[
      report.failure({ { file = "a.json", line = 3, message = "wrong", fix = "right" },
        { path = "roles/x.lua", err = { code = "ERR_SCRIPT", message = "bad" } } })]]))
  end)

  it("`orket run` chooses the view by its options and its terminal", function()
    assert.equal("orket.view.json_lines orket.view.plain orket.view.plain\n", said([[
      print(report.view({ json = true }), report.view({ plain = true }), report.view({}))]]):gsub("\t", " ") .. "")
  end)
end)
