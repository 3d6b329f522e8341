-- attack_verification_spec.lua: an agent that wants its work to pass without doing it. Each of these gets a verdict that
-- failed, or none; docs/verification.md names them.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)

local function test_with(program)
  local answer = not refused and world.orket.shell(world.binary .. " try jail -- " .. program .. " 2>&1") or ""
  return answer:find('"exit":0', 1, true) and it or pending
end

local test = test_with("true")
local pytest = test_with("python3 -I -c 'import pytest'")
local busted = test_with("busted --version")
local npm = test_with("npm --version")

local function writer(files)
  local calls = {}
  for path, text in pairs(files) do
    calls[#calls + 1] = string.format("write(%q, %q)", path, text)
  end
  table.sort(calls)
  return "function work(talk) return steps(talk, function() return say(" .. table.concat(calls, ", ")
    .. ") end, function() return say(finish()) end) end"
end

-- A project whose worker writes `files`; `laid` are files of the fixture.
local function project(fixture, files, laid, mock)
  local all = { ["verification/f.json"] = cjson.encode(fixture) }
  for path, text in pairs(laid or {}) do
    all["verification/f/" .. path] = text
  end
  return world.new({ issues = { { id = "A", max_retries = 0, verification = { fixture_path = "f.json" } } },
    mock = writer(files) .. "\n" .. (mock or ""), files = all })
end

-- The work was refused: the card is not done, and the verdict says why.
local function is_refused(w, said)
  local text, code = w:run()
  assert.equal(3, code, text)
  assert.equal("blocked", w:card("A").status)
  local verdict = w:events("verify.done")[1].body
  assert.equal(false, verdict.ok)
  assert(verdict.log:find(said, 1, true), verdict.log)
  local counts = verdict.counts
  assert.equal(counts.total, counts.passed + counts.failed + counts.errors + counts.skipped)
  return verdict
end

local SUM = { kind = "command", cases = {
  { name = "sum", argv = { "sh", "sum.sh", "19", "23" }, expect = { stdout = "42\n" } } } }
local PYTEST = { kind = "runner", runner = "pytest", wall = 30 }
local TESTS = { ["tree/tests/test_calc.py"] = "from calc import add\n\ndef test_add():\n    assert add(19, 23) == 42\n\n"
  .. "def test_more():\n    assert add(1, 1) == 2\n" }
local WRONG = "def add(a, b):\n    return 0\n"

describe("an edited fixture", function()
  test("in the card's tree is another file", function()
    local always = '{"kind": "command", "cases": [{"name": "sum", "argv": ["true"]}]}'
    local w <close> = project(SUM, { ["sum.sh"] = "echo 1", ["verification/f.json"] = always, ["f.json"] = always })
    is_refused(w, 'expected "42\\n", got "1\\n"')
  end)

  test("elsewhere cannot be written", function()
    local w <close> = project(SUM, { ["sum.sh"] = "echo 1", ["../../../../verification/f.json"] = "{}" })
    is_refused(w, 'expected "42\\n"')
    assert.equal("gate.path.escape", w:events("call.refused")[1].body.rule)
  end)

  pytest("does not replace tests that the fixture brings", function()
    local w <close> = project(PYTEST, { ["calc.py"] = WRONG,
      ["tests/test_calc.py"] = "def test_add():\n    pass\n\ndef test_more():\n    pass\n" }, TESTS)
    assert.equal(2, is_refused(w, "failed: tests.test_calc.test_add").counts.failed)
  end)
end)

describe("a file in the way of the fixture's", function()
  pytest("goes", function()
    local w <close> = project(PYTEST, { ["calc.py"] = WRONG, tests = "not a directory" }, TESTS)
    assert.equal(2, is_refused(w, "failed: tests.test_calc.test_add").counts.failed)
  end)

  pytest("goes also when it is a directory", function()
    local w <close> = project(PYTEST, { ["calc.py"] = WRONG, ["tests/test_calc.py/x"] = "" }, TESTS)
    assert.equal(2, is_refused(w, "failed: tests.test_calc.test_add").counts.failed)
  end)
end)

describe("zero tests", function()
  pytest("are no success", function()
    local w <close> = project(PYTEST, { ["calc.py"] = WRONG, ["test_calc.py"] = "# later\n" })
    is_refused(w, "0 tests were run, and the fixture asks for 1")
  end)

  pytest("instead of those that are required are none either", function()
    local w <close> = project(world.merged({ require = { "test_calc.test_add" } }, PYTEST),
      { ["calc.py"] = WRONG, ["test_calc.py"] = "def test_nothing():\n    pass\n" })
    is_refused(w, "the test test_calc.test_add did not pass")
  end)
end)

describe("a stale tree", function()
  test("has no verdict: files that came after it are tested anew", function()
    local w <close> = project(SUM, { ["sum.sh"] = "echo 42\n" }, {}, [[
      function review(talk)
        return talk.text:find("go on", 1, true) and accept() or say(call("request_excuse", { reason = "may I?" }))
      end]])
    w:run()
    assert.equal(true, w:events("verify.done")[1].body.ok)
    w:write("sum.sh", "echo 1\n")
    assert.equal(0, (select(2, w:orket("put A sum.sh"))))
    w:orket("answer A 'go on'")
    local text, code = w:run()
    assert.equal(3, code, text)
    local verdicts = w:events("verify.done")
    assert.same({ true, false, 2 }, { verdicts[1].body.ok, verdicts[2].body.ok, #verdicts })
    assert.are_not.equal(verdicts[1].body.tree, verdicts[2].body.tree)
    assert.equal("blocked", w:card("A").status)
  end)

  test("is not what a program makes of it while it is tested", function()
    local w <close> = project({ kind = "command", cases = {
      { name = "first", argv = { "sh", "sum.sh" }, expect = { stdout = "42\n" } },
      { name = "second", argv = { "sh", "sum.sh" }, expect = { stdout = "42\n" } },
    } }, { ["sum.sh"] = "echo 'echo 42' > sum.sh; echo 1\n" })
    assert.equal(2, is_refused(w, 'got "1\\n"').counts.failed)
  end)
end)

describe("a report that the agent wrote", function()
  local FORGED = '<testsuites><testsuite name="pytest" tests="2"><testcase classname="tests.test_calc" name="test_add"/>'
    .. '<testcase classname="tests.test_calc" name="test_more"/></testsuite></testsuites>'

  pytest("is not the runner's", function()
    local w <close> = project(PYTEST, { ["calc.py"] = "import os\nos._exit(0)\n", ["report.xml"] = FORGED,
      [".orket/report"] = FORGED, ["report"] = FORGED }, TESTS)
    is_refused(w, "pytest left no report: exit code 0")
  end)

  for name, row in pairs({
    ["a number of a character that wraps around"] = { "junit",
      '<testsuite><testcase name="&#xFFFFFFFFFFFFFFFF;"/></testsuite>', "no such character" },
    ["a plan that no integer holds"] = { "tap", "1..99999999999999999999999999\nok 1", "its plan has 1e+26 tests" },
  }) do
    test("with " .. name .. " is a verdict, and no fault of the engine's", function()
      local w <close> = project({ kind = "runner", runner = "make", report = { format = row[1] } },
        { ["calc.sh"] = "cat report", report = row[2] }, { ["tree/Makefile"] = "test:\n\t@sh calc.sh\n" })
      is_refused(w, row[3])
    end)
  end

  test("is gone when the tests begin", function()
    local w <close> = project({ kind = "runner", runner = "make", report = { format = "junit", file = "out/r.xml" } },
      { ["out/r.xml"] = FORGED, ["calc.py"] = WRONG }, { ["tree/Makefile"] = "test:\n\t@true\n" })
    is_refused(w, "make left no report: exit code 0")
  end)
end)

describe("a module under test", function()
  local FORGE = "import os\nfor fd in range(3, 16):\n    try:\n        os.write(fd, open('answer', 'rb').read())\n"
    .. "    except OSError:\n        pass\nos._exit(0)\n"

  for _, answer in ipairs({ '{"error": {}}', '{"raises": [1]}', '{"raises": 5, "returns": 3}', "[]", "7" }) do
    test("that answers for the harness with " .. answer .. " fails, and is no fault of the engine's", function()
      local w <close> = project({ kind = "functions", language = "python", module = "calc.py", cases = {
        { name = "add", ["function"] = "add", arguments = { 1, 2 }, expect = { raises = "x" } } } },
        { ["calc.py"] = FORGE, answer = answer })
      is_refused(w, answer == "[]" and "expected an error, got nothing" or "it gave no result: exit code 0")
    end)
  end
end)

describe("an oracle of the agent's own", function()
  test("does not find what is expected", function()
    local w <close> = project(SUM, { ["sum.sh"] = "ls ../../../../verification ../verification 2>&1\n"
      .. "find / -name 'f.json' -o -name 'verification' 2>/dev/null\n"
      .. "cat /proc/*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep 'expec[t]'; echo done\n" })
    local said = is_refused(w, 'expected "42\\n"').log
    assert(not said:find("f.json", 1, true), said)
    assert(said:find("cannot access '../verification'", 1, true), said)
  end)
end)

describe("exit code 0 without a result", function()
  test("passes no case", function()
    local w <close> = project(SUM, { ["sum.sh"] = "exit 0\n" })
    is_refused(w, 'expected "42\\n", got ""')
  end)

  pytest("passes no test", function()
    local w <close> = project(PYTEST, { ["calc.py"] = "import atexit, os, sys\natexit.register(os._exit, 0)\n" .. WRONG }, TESTS)
    is_refused(w, "it ended with exit code 0, and its report has 2 failures")
  end)
end)

describe("a runner that the agent patched", function()
  for name, files in pairs({
    ["pytest.py"] = { ["pytest.py"] = "import sys\ndef main(*a):\n    sys.exit(0)\n" },
    ["_pytest/"] = { ["_pytest/__init__.py"] = "import sys\nsys.exit(0)\n" },
    ["a plugin of a package"] = { ["x-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n",
      ["x-1.0.dist-info/entry_points.txt"] = "[pytest11]\nx = plugin_x\n",
      ["plugin_x.py"] = "def pytest_collection_modifyitems(items):\n    items.clear()\n" },
    ["pytest.ini"] = { ["pytest.ini"] = "[pytest]\naddopts = --collect-only -p no:junitxml\n" },
    ["pyproject.toml"] = { ["pyproject.toml"] = "[tool.pytest.ini_options]\naddopts = '-k nothing'\n" },
  }) do
    pytest("is not the one that runs: " .. name, function()
      local w <close> = project(PYTEST, world.merged({ ["calc.py"] = WRONG }, files), TESTS)
      assert.equal(2, is_refused(w, "failed: tests.test_calc.test_add").counts.failed)
    end)
  end

  for name, files in pairs({
    ["a module of C that it wants"] = { ["lfs.lua"] = "os.exit(0)\n", ["term.lua"] = "os.exit(0)\n",
      ["system.lua"] = "os.exit(0)\n", ["moonscript.lua"] = "os.exit(0)\n" },
    ["a module of its own"] = { ["busted.lua"] = "os.exit(0)\n", ["src/busted/outputHandlers/junit.lua"] = "os.exit(0)\n",
      ["src/pl/xml.lua"] = "os.exit(0)\n" },
  }) do
    busted("is not the one that runs: busted, " .. name, function()
      local w <close> = project({ kind = "runner", runner = "busted" },
        world.merged({ ["calc.lua"] = "return { add = function() return 0 end }\n" }, files), {
        ["tree/spec/calc_spec.lua"] = "it('adds', function() assert.equal(42, require('calc').add(19, 23)) end)\n" })
      assert.equal(1, is_refused(w, "adds").counts.failed)
    end)
  end

  pytest("is not chosen by a file of the agent's", function()
    local w <close> = project({ kind = "runner", runner = "auto" }, { ["calc.py"] = WRONG,
      ["t.test.mjs"] = "import {test} from 'node:test'\ntest('mine', () => {})\n" }, TESTS)
    assert.equal(2, is_refused(w, "failed: tests.test_calc.test_add").counts.failed)
  end)

  local SAYS = "decides how %s runs the tests, and an agent changed it"
  pytest("is refused when it is a conftest.py", function()
    local w <close> = project(PYTEST, { ["calc.py"] = WRONG,
      ["tests/conftest.py"] = "def pytest_collection_modifyitems(items):\n    items.clear()\n" }, TESTS)
    is_refused(w, SAYS:format("pytest"))
  end)

  test("is refused when it is a Makefile", function()
    local w <close> = project({ kind = "runner", runner = "make" }, { Makefile = "test:\n\t@echo 1..1; echo ok 1\n" })
    is_refused(w, SAYS:format("make"))
  end)

  npm("is refused when it is a program of node_modules", function()
    local w <close> = project({ kind = "runner", runner = "npm" },
      { ["node_modules/.bin/vitest"] = "#!/bin/sh\necho 1..1; echo ok 1\n" },
      { ["tree/package.json"] = '{"scripts": {"test": "vitest"}}' })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.is_not.equal("done", w:card("A").status)
  end)
end)

describe("skipped tests", function()
  pytest("are not passed ones", function()
    local w <close> = project(PYTEST, { ["calc.py"] = "import pytest\n"
      .. "def add(a, b):\n    pytest.skip('later') if a == 19 else None\n    return a + b\n" }, TESTS)
    local verdict = is_refused(w, "1 tests were skipped, and 0 may be")
    assert.same({ 1, 1 }, { verdict.counts.passed, verdict.counts.skipped })
  end)
end)

describe("an answer from the network", function()
  test("does not come", function()
    local listening <close> = project(SUM, {}) -- its model: a server on the host's loopback
    local asks = "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", "
      .. listening.url:match(":(%d+)") .. "), 2)' && echo 42\n"
    assert.equal("42\n", (world.orket.shell(asks)))
    local w <close> = project(SUM, { ["sum.sh"] = asks })
    is_refused(w, "got exit code 1\nTraceback")
  end)
end)

describe("a time-out", function()
  test("is not a pass", function()
    local w <close> = project({ kind = "command", cases = {
      { name = "sum", argv = { "sh", "sum.sh" }, wall = 0.3, expect = { stdout = "42\n" } } } },
      { ["sum.sh"] = "echo 42; sleep 60\n" })
    is_refused(w, "got stopped by the time limit")
  end)

  pytest("of a runner is not one either", function()
    local w <close> = project({ kind = "runner", runner = "pytest", wall = 3 },
      { ["calc.py"] = "import time\ndef add(a, b):\n    time.sleep(60)\n" }, TESTS)
    is_refused(w, "stopped by the time limit")
  end)
end)

describe("a service", function()
  -- What it can reach of the driver, which is its parent: its memory, its descriptors, its environment.
  local SPY = [[
import glob, os, sys
parent, found = os.getppid(), []
for place in ["mem", "environ", "maps"] + ["fd/%d" % n for n in range(10)]:
    try:
        os.close(os.open("/proc/%d/%s" % (parent, place), os.O_RDONLY if place != "fd/1" else os.O_WRONLY))
        found.append(place)
    except OSError:
        pass
for n in range(3, 64):
    try:
        os.fstat(n)
        found.append("own %d" % n)
    except OSError:
        pass
print("input", repr(sys.stdin.read()), "reached", found, file=sys.stderr)
print('{"ready": true, "answers": [{"status": 200, "headers": {}, "body": "NDI=", "ms": 1}]}', flush=True)
os.kill(parent, 9)
]]
  test("cannot answer for the driver, nor learn its nonce", function()
    local w <close> = project({ kind = "http", argv = { "python3", "spy.py" }, ready = { seconds = 2 },
      cases = { { name = "sum", path = "/", expect = { body = "42" } } } }, { ["spy.py"] = SPY })
    local verdict = is_refused(w, "input '' reached []")
    assert.equal(0, verdict.counts.passed)
    assert(verdict.log:find("the driver gave no answer: killed by signal 9", 1, true), verdict.log)
  end)

  -- math.random starts from the time and an address: who has seen one place of a report could find the next.
  it("meets a nonce that does not follow from earlier ones", function()
    local nonces = world.orket.probe([[
      local sys = require("orket.core.sys")
      for _ = 1, 2 do
        math.randomseed(7)
        print(sys.nonce())
      end]])
    local first, second = nonces:match("^(%x+)\n(%x+)\n$")
    assert.equal(64, #first)
    assert.are_not.equal(first, second)
  end)
end)
