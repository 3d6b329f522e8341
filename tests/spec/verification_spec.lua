-- verification_spec.lua: fixtures of every kind, what they count, and what is recorded of them.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

-- A worker that writes these files, and hands them over.
local function writer(files)
  local calls = {}
  for path, text in pairs(files) do
    calls[#calls + 1] = string.format("write(%q, %q)", path, text)
  end
  table.sort(calls)
  return "function work(talk) return steps(talk, function() return say(" .. table.concat(calls, ", ")
    .. ") end, function() return say(finish()) end) end"
end

-- A project with one card, whose worker writes `files`, and whose fixture is a value of JSON.
local function project(fixture, files, options)
  options = world.merged({
    issues = { { id = "A", max_retries = 0, verification = { fixture_path = "f.json" } } },
    mock = writer(files),
  }, options)
  options.files = world.merged({ ["verification/f.json"] = cjson.encode(fixture) }, options.files)
  return world.new(options)
end

local function verdict(w)
  return w:events("verify.done")[1].body
end

local function report(w)
  return cjson.decode((w:orket("test --recorded --json A")))
end

local ADD = [[read a b
case $1 in --json) echo "{\"sum\": $((a + b)), \"of\": [$a, $b]}" ;; *) echo $((a + b)) ;; esac
]]

local function command(cases)
  return { kind = "command", argv = { "sh", "add.sh" }, cases = cases }
end

local SUMS = command({
  { name = "two and two", stdin = "2 2\n", expect = { stdout = "4\n" } },
  { name = "in words", stdin = "20 1\n", expect = { matches = "^2[0-9]\n$" } },
  { name = "as JSON", argv = { "sh", "add.sh", "--json" }, stdin = "3 4\n",
    expect = { json = { ["/sum"] = 7, ["/of"] = { 3, 4 } } } },
})

describe("a fixture with cases", function()
  test("counts what passed, records the report and its control, and replays", function()
    local w <close> = project(SUMS, { ["add.sh"] = ADD })
    local text, code = w:run()
    assert.equal(0, code, text)
    local body = verdict(w)
    assert.same({ total = 3, passed = 3, failed = 0, errors = 0, skipped = 0 }, body.counts)
    assert.same({ total = 3, passed = 0, failed = 3, errors = 0, skipped = 0 }, body.control)
    assert(#body.fixture == 64 and body.ok, cjson.encode(body))
    assert.equal("as JSON", report(w).cases[3].name)
    w:check()
    w:replays("ep.1")
  end)

  test("fails by one case, and says which one and why", function()
    local w <close> = project(SUMS, { ["add.sh"] = ADD:gsub("%+ b%)%)\\\"", "- b))\\\""):gsub("echo %$.*%+ b%)%) ;;",
      "echo $((a - b)) ;;") })
    local text, code = w:run()
    assert.equal(3, code, text)
    local body = verdict(w)
    assert.equal(false, body.ok)
    assert.equal(body.counts.total, body.counts.passed + body.counts.failed)
    assert(body.counts.failed > 0, cjson.encode(body))
    assert(body.log:find('failed: two and two: stdout: expected "4\\n", got "0\\n"', 1, true), body.log)
    assert.is_nil(body.control) -- it has shown that it can fail
  end)

  for name, row in pairs({
    ["another exit code"] = { { expect = { exit = 3 } }, "expected exit code 3, got exit code 0" },
    ["JSON that is none"] = { { expect = { json = { [""] = 4 } }, argv = { "echo", "four" } }, "stdout is not JSON" },
    ["a value that is not there"] = { { expect = { json = { ["/x"] = 4 } }, argv = { "echo", "{}" } },
      "stdout/x: expected 4, got nothing" },
    ["an array for an object"] = { { expect = { json = { ["/x"] = {} } }, argv = { "echo", '{"x": []}' } },
      "stdout/x: expected {}, got []" },
    ["no match"] = { { expect = { matches = "^five$" } }, 'no match for "^five$" in "4\\n"' },
    ["no match of its errors"] = { { expect = { stderr_matches = "usage" } }, "stderr: no match" },
    ["a program that is not there"] = { { argv = { "./no-such" } }, "cannot be started" },
    ["its time"] = { { argv = { "sleep", "20" }, wall = 0.2 }, "stopped by the time limit" },
    ["a signal"] = { { argv = { "sh", "-c", "kill -9 $$" } }, "killed by signal 9" },
  }) do
    test("fails because of " .. name, function()
      local case = world.merged({ name = "it", stdin = "2 2\n" }, row[1])
      local w <close> = project(command({ case }), { ["add.sh"] = ADD })
      w:run()
      assert(not verdict(w).ok and verdict(w).log:find(row[2], 1, true), verdict(w).log)
    end)
  end

  test("stops at a fatal case, and the rest counts as errors", function()
    local w <close> = project(command({
      { name = "first", stdin = "1 1\n", expect = { stdout = "2\n" } },
      { name = "builds", argv = { "false" }, fatal = true },
      { name = "second", stdin = "1 1\n", expect = { stdout = "2\n" } },
      { name = "third", stdin = "1 1\n", expect = { stdout = "2\n" } },
    }), { ["add.sh"] = ADD })
    w:run()
    assert.same({ total = 4, passed = 1, failed = 1, errors = 2, skipped = 0 }, verdict(w).counts)
    assert(verdict(w).log:find("error: third: not run: builds did not pass", 1, true), verdict(w).log)
  end)

  test("does not tell an agent what a hidden case expects", function()
    local w <close> = project(command({
      { name = "held out", stdin = "2 2\n", hidden = true, expect = { stdout = "17\n" } },
    }), { ["add.sh"] = ADD })
    w:run()
    assert(verdict(w).log:find("failed: held out: what it expects is not told", 1, true), verdict(w).log)
    assert(not verdict(w).log:find("17", 1, true), verdict(w).log)
    assert(report(w).cases[1].why:find('expected "17\\n"', 1, true))
  end)

  test("begins each case with the card's files", function()
    local w <close> = project({ kind = "command", cases = {
      { name = "leaves something", argv = { "sh", "-c", "cat a; echo x > a; echo y > b" }, expect = { stdout = "a" } },
      { name = "finds nothing of it", argv = { "sh", "-c", "cat a; ls" }, expect = { stdout = "aa\n" } },
    } }, { a = "a" })
    local text, code = w:run()
    assert.equal(0, code, text .. verdict(w).log)
  end)

  test("that passes without the card's files is not trusted", function()
    local w <close> = project({ kind = "command", cases = { { name = "it is here", argv = { "true" } } } }, { a = "a" })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("system", w:card("A").wait_reason)
    assert(text:find("it cannot fail", 1, true), text)
    assert.equal(0, #w:events("verify.done"))
  end)
end)

describe("a fixture that is wrong", function()
  for name, row in pairs({
    ["an unknown kind"] = { { kind = "wish" }, "there is no kind 'wish'" },
    ["no cases"] = { { kind = "command", cases = setmetatable({}, cjson.array_mt) }, "cases" },
    ["a case without a command"] = { { kind = "command", cases = { { name = "a" } } }, "there is no command" },
    ["two cases of one name"] = { command({ { name = "a" }, { name = "a" } }), "two cases are named 'a'" },
    ["a pattern that is none"] = { command({ { name = "a", expect = { matches = "(" } } }), "the pattern cannot be used" },
    ["a word that is none"] = { command({ { name = "a", expects = {} } }), "unknown key 'expects'" },
    ["a place that is no JSON pointer"] = { command({ { name = "a", expect = { json = { x = 1 } } } }), "json" },
  }) do
    it("is refused: " .. name, function()
      local w <close> = project(row[1], { a = "a" })
      local text, code = w:orket("validate")
      assert.equal(1, code, text)
      assert(text:find("verification/f.json", 1, true) and text:find(row[2], 1, true), text)
    end)
  end
end)

describe("a verdict", function()
  test("does not count when its fixture has changed since", function()
    local w <close> = project({ kind = "command", cases = {
      { name = "a", argv = { "cat", "a" }, expect = { stdout = "a" } } } }, { a = "a" })
    local run = w:held(3) -- the guard's first
    w:write("verification/f.json", w:read("verification/f.json") .. "\n")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert(text:find("code_review -> ready_for_testing: the fixture has changed since its verdict", 1, true), text)
    assert.equal(2, #w:events("verify.done"))
    w:replays("ep.1")
  end)
end)

describe("orket test", function()
  test("runs a card's verification now, and records nothing", function()
    local w <close> = project(SUMS, { ["add.sh"] = ADD })
    w:run()
    local before = #w:events()
    local text, code = w:orket("test A")
    assert.equal(0, code, text)
    assert(text:find("two and two  passed", 1, true) and text:find("3 of 3 tests passed\n", 1, true), text)
    local answer = cjson.decode((w:orket("test --json A")))
    assert.same({ "f.json", "A", verdict(w).tree, true }, { answer.fixture, answer.card, answer.tree, answer.ok })
    assert.equal(before, #w:events())
  end)

  test("prints what failed, and exits with 1", function()
    local w <close> = project(command({ { name = "held out", hidden = true, stdin = "1 1\n",
      expect = { stdout = "3\n" } } }), { ["add.sh"] = ADD })
    w:run()
    local text, code = w:orket("test A")
    assert.equal(1, code, text)
    assert(text:find('expected "3\\n", got "2\\n"', 1, true), text) -- a person may read it
    assert(text:find("0 of 1 tests passed, 1 failed: FAILED", 1, true), text)
    assert(w:orket("show A"):find("0 of 1 tests passed, 1 failed: FAILED", 1, true))
  end)

  test("shows with --control that a fixture can fail, also one without a kind", function()
    local w <close> = project({ argv = { "sh", "{verification}/t.sh" } }, { ["add.sh"] = ADD }, { files = {
      ["verification/t.sh"] = "test -f add.sh", ["verification/always.json"] = '{"argv": ["true"]}' } })
    local text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:orket("test --control A")
    assert(code == 0 and text:find("it fails without the card's files, as it has to", 1, true), text)
    w:write("verification/f.json", '{"argv": ["true"]}')
    text, code = w:orket("test --control A")
    assert(code == 1 and text:find("it passes without any file of the card", 1, true), text)
  end)

  test("writes JUnit that another program reads", function()
    local w <close> = project(command({
      { name = "a <b> & \"c\"", stdin = "1 1\n", expect = { stdout = "2\n" } },
      { name = "d", stdin = "1 1\n", expect = { stdout = "<\1>\n" } },
    }), { ["add.sh"] = ADD })
    w:run()
    w:orket("test A --junit j.xml")
    local said, code = world.orket.shell("cd " .. w.dir .. [[ && python3 -c '
import xml.etree.ElementTree as e
s = e.parse("j.xml").getroot()
print(s.get("tests"), s.get("failures"), [c.get("name") for c in s], s[1][0].get("message")[:20])' 2>&1]])
    assert.equal(0, code, said)
    assert.equal("2 1 ['a <b> & \"c\"', 'd'] stdout: expected \"<\\", (said:gsub("%s+$", "")))
  end)

  it("names what is missing", function()
    local w <close> = project(SUMS, {}, { issues = { { id = "A" } } })
    w:orket("sync")
    for arguments, said in pairs({ ["test A"] = "A has no verification", ["test B"] = "no card", ["test ep"] = "no verif",
      ["test --recorded A"] = "no report of A is recorded" }) do
      local text, code = w:orket(arguments)
      assert(code == 1 and text:find(said, 1, true), arguments .. ": " .. text)
    end
    local text, code = w:orket("test --recorded --control A")
    assert(code == 2 and text:find("exclude each other", 1, true), text)
  end)
end)
