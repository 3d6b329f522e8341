-- test_runners_spec.lua: fixtures that run a project's own tests: each runner that the machine has, and the reports of
-- all of them as they were recorded.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)

-- A test of a runner that jails see here.
local function test_with(program)
  local answer = not refused and world.orket.shell(world.binary .. " try jail -- " .. program .. " 2>&1") or ""
  return answer:find('"exit":0', 1, true) and it or pending
end

local function writer(files)
  local calls = {}
  for path, text in pairs(files) do
    calls[#calls + 1] = string.format("write(%q, %q)", path, text)
  end
  table.sort(calls)
  return "function work(talk) return steps(talk, function() return say(" .. table.concat(calls, ", ")
    .. ") end, function() return say(finish()) end) end"
end

-- A project whose worker writes `files`, tested by a fixture with `tests` laid over them.
local function project(fixture, files, tests)
  local laid = { ["verification/f.json"] = cjson.encode(world.merged({ kind = "runner", wall = 60 }, fixture)) }
  for path, text in pairs(tests) do
    laid["verification/f/tree/" .. path] = text
  end
  return world.new({ issues = { { id = "A", max_retries = 0, verification = { fixture_path = "f.json" } } },
    mock = writer(files), files = laid })
end

local function verdict(w)
  return w:events("verify.done")[1].body
end

local function of_report(format, text)
  local answer = world.orket.probe(string.format([[
    local cases, message = require("orket.verification.formats.%s").parse(%q)
    io.write(require("cjson").encode(cases and { cases = cases } or { message = message }))]], format, text))
  return cjson.decode(answer)
end

local PROJECTS = {
  pytest = {
    program = "python3 -I -c 'import pytest'", files = { ["calc.py"] = "def add(a, b):\n    return a + b\n" },
    tests = { ["tests/test_calc.py"] = "from calc import add\n\ndef test_add():\n    assert add(1, 2) == 3\n\n"
      .. "def test_zero():\n    assert add(0, 0) == 0\n" },
    broken = { "calc.py", "def add(a, b):\n    return a * b\n" }, require = { "tests.test_calc.test_add" },
  },
  node = {
    program = "node --version", files = { ["calc.mjs"] = "export const add = (a, b) => a + b\n" },
    tests = { ["calc.test.mjs"] = "import {test} from 'node:test'\nimport assert from 'node:assert'\n"
      .. "import {add} from './calc.mjs'\ntest('adds', () => assert.equal(add(1, 2), 3))\n"
      .. "test('zero', () => assert.equal(add(0, 0), 0))\n" },
    broken = { "calc.mjs", "export const add = (a, b) => a * b\n" }, require = { "adds" },
  },
  busted = {
    program = "busted --version", files = { ["calc.lua"] = "return { add = function(a, b) return a + b end }\n" },
    tests = { ["spec/calc_spec.lua"] = "local calc = require('calc')\ndescribe('calc', function()\n"
      .. "it('adds', function() assert.equal(3, calc.add(1, 2)) end)\n"
      .. "it('zero', function() assert.equal(0, calc.add(0, 0)) end)\nend)\n" },
    broken = { "calc.lua", "return { add = function(a, b) return a * b end }\n" },
    require = { "spec/calc_spec.lua:3.calc adds" },
  },
  ctest = {
    program = "ctest --version", files = { ["calc.c"] = "int add(int a, int b) { return a + b; }\n" },
    tests = { ["t.c"] = "int add(int, int);\nint main(int c, char **v) { (void)v; return c > 1 ? add(0, 0) : add(1, 2) != 3; }\n",
      ["CMakeLists.txt"] = "cmake_minimum_required(VERSION 3.10)\nproject(c C)\nenable_testing()\n"
        .. "add_executable(t t.c calc.c)\nadd_test(NAME adds COMMAND t)\nadd_test(NAME zero COMMAND t 0)\n" },
    broken = { "calc.c", "int add(int a, int b) { return a * b; }\n" }, require = { "adds" },
  },
  go = {
    program = "go version", files = { ["calc.go"] = "package calc\nfunc Add(a, b int) int { return a + b }\n" },
    tests = { ["go.mod"] = "module calc\ngo 1.18\n", ["calc_test.go"] = "package calc\nimport \"testing\"\n"
      .. "func TestAdd(t *testing.T) { if Add(1, 2) != 3 { t.Fatal() } }\n"
      .. "func TestZero(t *testing.T) { if Add(0, 0) != 0 { t.Fatal() } }\n" },
    broken = { "calc.go", "package calc\nfunc Add(a, b int) int { return a * b }\n" }, require = { "calc.TestAdd" },
  },
  npm = {
    program = "npm --version", files = { ["calc.mjs"] = "export const add = (a, b) => a + b\n" },
    tests = { ["t.mjs"] = "import {add} from './calc.mjs'\nconst say = (ok, n, what) => console.log(`${ok ? '' : 'not '}ok ${n} - ${what}`)\n"
      .. "const ok = [add(1, 2) === 3, add(0, 0) === 0]\nsay(ok[0], 1, 'adds'); say(ok[1], 2, 'zero'); console.log('1..2')\n"
      .. "process.exit(ok.every(x => x) ? 0 : 1)\n",
      ["package.json"] = '{"name": "calc", "scripts": {"test": "node t.mjs"}}' },
    broken = { "calc.mjs", "export const add = (a, b) => a * b\n" }, require = { "adds" },
  },
  make = {
    program = "make --version", files = { ["add.sh"] = "echo $(($1 + $2))\n" },
    tests = { ["t.sh"] = "echo TAP version 13\necho 1..2\nn=0 bad=0\n"
      .. "try() { n=$((n + 1)); if [ \"$(sh add.sh $1 $2)\" = $3 ]; then echo \"ok $n - $4\"; else echo \"not ok $n - $4\"; bad=1; fi; }\n"
      .. "try 1 2 3 adds\ntry 0 0 0 zero\nexit $bad\n", ["Makefile"] = "test:\n\t@sh t.sh\n" },
    broken = { "add.sh", "echo $(($1 * $2))\n" }, require = { "adds" },
  },
}

for name, about in pairs(PROJECTS) do
  local test = test_with(about.program)
  describe("the runner " .. name, function()
    test("tests the card's files with the tests of the fixture, and counts them: " .. name, function()
      local w <close> = project({ runner = name, minimum = 2, require = about.require }, about.files, about.tests)
      local text, code = w:run()
      assert(code == 0, text .. verdict(w).log)
      assert.same({ total = 2, passed = 2, failed = 0, errors = 0, skipped = 0 }, verdict(w).counts)
      assert.equal(0, verdict(w).control.passed)
    end)

    test("is detected, and tells what failed: " .. name, function()
      local files = world.merged({}, about.files)
      files[about.broken[1]] = about.broken[2]
      local w <close> = project({ runner = "auto" }, files, about.tests)
      local text, code = w:run()
      assert.equal(3, code, text)
      local counts = verdict(w).counts
      assert.same({ 2, 1, 1 }, { counts.total, counts.passed, counts.failed }, verdict(w).log)
    end)
  end)
end

describe("a report", function()
  local RECORDED = {
    { "junit", [[<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.03" hostname="vm"><testcase classname="tests.test_calc" name="test_add" time="0.001" /><testcase classname="tests.test_calc.TestX" name="test_p[1]" time="0.000"><failure message="assert 3 == 4">def test_bad(): assert 1 &lt; 0</failure></testcase><testcase classname="tests.test_calc" name="test_later" time="0.000"><skipped type="pytest.skip" message="later">x.py:6: later</skipped></testcase></testsuite></testsuites>]],
      { "tests.test_calc.test_add passed", "tests.test_calc.TestX.test_p[1] failed", "tests.test_calc.test_later skipped" } },
    { "junit", [[<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)"
	tests="3"
	failures="1"
	disabled="0"
	skipped="1"
	>
	<testcase name="good" classname="good" time="0.00476975" status="run">
		<system-out></system-out>
	</testcase>
	<testcase name="bad" classname="bad" time="0.00445113" status="fail">
		<failure message=""/>
		<system-out></system-out>
	</testcase>
	<testcase name="skipme" classname="skipme" time="0.0038844" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
	</testcase>
</testsuite>
]], { "good passed", "bad failed", "skipme skipped" } },
    { "tap", [[TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 1.175679
  ...
# Subtest: bad \# x
not ok 2 - bad \# x
  ---
  error: |-
    ok 1 - forged
    1..1
  ...
# Subtest: later
ok 3 - later # SKIP
# Subtest: todo one
ok 4 - todo one # TODO
# Subtest: group
    # Subtest: in
    ok 1 - in
    # Subtest: fails in
    not ok 2 - fails in
    1..2
not ok 5 - group
1..5
# tests 6
]], { "adds passed", "bad # x failed", "later skipped", "todo one skipped", "in passed", "fails in failed" } },
    { "go_json", [[
{"Time":"2026-11-25T00:26:42Z","Action":"run","Package":"ex","Test":"TestAdd"}
{"Action":"output","Package":"ex","Test":"TestAdd","Output":"--- PASS: TestAdd (0.00s)\n"}
{"Action":"pass","Package":"ex","Test":"TestAdd","Elapsed":0}
{"Action":"output","Package":"ex","Test":"TestBad","Output":"    a_test.go:4: bad\n"}
{"Action":"fail","Package":"ex","Test":"TestBad","Elapsed":0}
{"Action":"skip","Package":"ex","Test":"TestSkip","Elapsed":0}
{"Action":"pass","Package":"ex","Test":"TestSub/x","Elapsed":0}
{"Action":"fail","Package":"ex","Test":"TestSub/y","Elapsed":0}
{"Action":"fail","Package":"ex","Test":"TestSub","Elapsed":0}
{"Action":"output","Package":"ex","Output":"FAIL\tex\t0.002s\n"}
{"Action":"fail","Package":"ex","Elapsed":0.002}
{"Action":"output","Package":"no","Output":"FAIL\tno [build failed]\n"}
{"Action":"fail","Package":"no","Elapsed":0}
]], { "ex.TestAdd passed", "ex.TestBad failed", "ex.TestSkip skipped", "ex.TestSub/x passed", "ex.TestSub/y failed",
      "no error" } },
    { "cargo_text", [[

running 3 tests
test adds ... ok
test later ... ignored
test bad ... FAILED

failures:

---- bad stdout ----
thread 'bad' (16193) panicked at src/lib.rs:3:20:

failures:
    bad

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.11s


running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
]], { "adds passed", "later skipped", "bad failed" } },
  }
  for i, row in ipairs(RECORDED) do
    it("is read as its runner wrote it: " .. row[1] .. " " .. i, function()
      local found = {}
      local answer = of_report(row[1], row[2])
      for at, case in ipairs(answer.cases or {}) do
        found[at] = case.name .. " " .. case.status
      end
      assert.same(row[3], found, cjson.encode(answer))
    end)
  end

  for name, row in pairs({
    ["a document type"] = { "junit", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>', "a document type" },
    ["an entity"] = { "junit", "<testsuite>&xxe;</testsuite>", "the entity &xxe is not one" },
    ["a character that there is not"] = { "junit", "<testsuite>&#xD800;</testsuite>", "no such character" },
    ["an element that does not end"] = { "junit", "<testsuite><testcase>", "an element does not end" },
    ["another end"] = { "junit", "<testsuite></testcase>", "closes nothing" },
    ["two roots"] = { "junit", "<testsuite/><testsuite/>", "a second root" },
    ["an attribute twice"] = { "junit", '<testsuite a="1" a="2"/>', "the attribute a is wrong" },
    ["too deep elements"] = { "junit", ("<testsuite>"):rep(200), "too many elements" },
    ["another root"] = { "junit", "<html/>", "its root is <html>" },
    ["no XML"] = { "junit", "PASSED", "text outside of the root" },
    ["nothing"] = { "junit", "", "an element does not end" },
    ["bytes that are not UTF-8"] = { "junit", "<testsuite name='\xff'/>", "it is not UTF-8" },
    ["another number of tests"] = { "junit", '<testsuite tests="2"><testcase name="a"/></testsuite>',
      "it states 2 tests, and has 1" },
    ["no plan"] = { "tap", "ok 1\nok 2\n", "it has no plan" },
    ["a plan that was not kept"] = { "tap", "1..3\nok 1\nok 2\n", "its plan has 3 tests, and 2 came" },
    ["a bail-out"] = { "tap", "1..1\nok 1\nBail out! no disk\n", "Bail out! no disk" },
    ["closing lines that differ"] = { "cargo_text", "test a ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0\n",
      "a program states 2 passed" },
    ["no closing line"] = { "cargo_text", "test a ... ok\n", "did not come to its end" },
  }) do
    it("is refused with " .. name, function()
      local answer = of_report(row[1], row[2])
      assert(answer.message and answer.message:find(row[3], 1, true), cjson.encode(answer))
    end)
  end
end)
