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

local EMPTY = "an empty array" -- which this codec cannot write

-- A project with one card, whose worker writes `files`, and whose fixture is a value of JSON.
local function project(fixture, files, options)
  options = world.merged({
    issues = { { id = "A", max_retries = 0, verification = { fixture_path = "f.json" } } },
    mock = writer(files),
  }, options)
  local text = cjson.encode(fixture):gsub('"' .. EMPTY .. '"', "[]")
  options.files = world.merged({ ["verification/f.json"] = text }, options.files)
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
    assert(w:orket("why " .. math.tointeger(w:events("verify.done")[1].seq)):find("tests=3 of 3 tests passed", 1, true))
    assert(w:orket("log"):find("verification passed: 3 of 3 tests passed", 1, true))
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

  test("sends the card back with the cases that failed, and passes when they do", function()
    local w <close> = project(SUMS, {}, {
      issues = { { id = "A", verification = { fixture_path = "f.json" } } },
      mock = "local ADD = " .. ("%q"):format(ADD) .. [[

        function work(talk)
          if talk.replies > 0 then
            return say(finish())
          elseif talk.text:find('failed: two and two: stdout: expected "4\\n", got "5\\n"', 1, true) then
            return say(write("add.sh", ADD))
          end
          return say(write("add.sh", "echo 5"))
        end]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    local oks = {}
    for i, event in ipairs(w:events("verify.done")) do
      oks[i] = event.body.ok
      assert.is_nil(event.body.control) -- the first one showed that it can fail
    end
    assert.same({ false, true }, oks)
    w:replays("ep.1")
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

  test("shows its own directory to the cases that name it, and not what they expect", function()
    local w <close> = project({ kind = "command", cases = {
      { name = "named", argv = { "sh", "-c", "cat a; ls {fixture} {fixture}/..; touch {fixture}/x", "{fixture}" },
        expect = { exit = 1, stdout = "a{fixture}:\nhelp.txt\n\n{fixture}/..:\nf\n" } },
      { name = "not named", argv = { "ls", "-d", "a", "../../../../verification" },
        expect = { exit = 2, stdout = "a\n" } },
    } }, { a = "a" }, { files = { ["verification/f/help.txt"] = "" } })
    local place = w.dir .. "/verification/f"
    w:write("verification/f.json", (w:read("verification/f.json"):gsub('"stdout":"a.-"', function(text)
      return (text:gsub("{fixture}", place))
    end)))
    local text, code = w:run()
    assert.equal(0, code, text)
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

local PYTHON = [[
print("noise")
def add(a, b):
    print("more noise")
    return {"sum": a + b, "of": [a, b], "none": None}

def half(a):
    if a % 2:
        raise ValueError("odd: %d" % a)
    return a // 2

def endless():
    while True:
        pass

def thing():
    return object()

class Counter:
    @staticmethod
    def of(text):
        return len(text)
]]

local LUA = [[
print("noise")
local M = { text = {} }
function M.add(a, b)
  io.write("more noise")
  return { sum = a + b, of = { a, b } }
end
function M.half(a)
  assert(a % 2 == 0, "odd: " .. a)
  return a // 2
end
function M.endless() while true do end end
function M.thing() return print end
function M.text.empty() return {} end
return M
]]

local LANGUAGES = {
  python = { test = refused and pending or it, file = { ["calc.py"] = PYTHON }, module = "calc.py", cases = {
    { name = "adds", ["function"] = "add", arguments = { 1, 2 },
      expect = { returns = { sum = 3, of = { 1, 2 }, none = cjson.null } } },
    { name = "in a class", ["function"] = "Counter.of", arguments = { "abc" }, expect = { returns = 3 } },
    { name = "raises", ["function"] = "half", arguments = { 3 }, expect = { raises = "^ValueError: odd: 3$" } },
  } },
  lua = { test = not refused and world.orket.shell(world.binary .. " try jail -- lua5.4 -v 2>&1"):find('"exit":0', 1, true)
    and it or pending, file = { ["calc.lua"] = LUA }, module = "calc.lua", cases = {
    { name = "adds", ["function"] = "add", arguments = { 1, 2 }, expect = { returns = { sum = 3, of = { 1, 2 } } } },
    { name = "in a table", ["function"] = "text.empty",
      expect = { returns = EMPTY } },
    { name = "raises", ["function"] = "half", arguments = { 3 }, expect = { raises = "odd: 3$" } },
  } },
}

for language, about in pairs(LANGUAGES) do
  local function functions(cases)
    return { kind = "functions", language = language, module = about.module, cases = cases }
  end
  describe("functions of " .. language, function()
    about.test("are called, each in a process of its own: " .. language, function()
      local w <close> = project(functions(about.cases), about.file)
      local text, code = w:run()
      assert(code == 0, text)
      assert.equal(3, verdict(w).counts.passed)
    end)

    about.test("fail each for its own reason: " .. language, function()
      local w <close> = project(functions({
        { name = "another value", ["function"] = "half", arguments = { 4 }, expect = { returns = "2" } },
        { name = "raised", ["function"] = "half", arguments = { 3 }, expect = { returns = 1 } },
        { name = "raised nothing", ["function"] = "half", arguments = { 4 }, expect = { raises = "odd" } },
        { name = "raised another", ["function"] = "half", arguments = { 5 }, expect = { raises = "even" } },
        { name = "no function", ["function"] = "third", expect = { returns = 1 } },
        { name = "no JSON", ["function"] = "thing", expect = { returns = 1 } },
        { name = "no end", ["function"] = "endless", wall = 0.5, expect = { returns = 1 } },
        { name = "right", ["function"] = "half", arguments = { 4 }, expect = { returns = 2 } },
      }), about.file)
      w:run()
      assert.same({ total = 8, passed = 1, failed = 7, errors = 0, skipped = 0 }, verdict(w).counts, verdict(w).log)
      for _, said in ipairs({ 'another value: expected "2", got 2', "raised: it raised", "raised nothing: expected an error, got 2",
        'raised another: what it raised: no match for "even"', "no function: ", "no JSON: the result is not JSON",
        "no end: it gave no result: stopped by the time limit" }) do
        assert(verdict(w).log:find(said, 1, true), said .. "\n" .. verdict(w).log)
      end
    end)

    about.test("of a module that cannot be loaded fail: " .. language, function()
      local w <close> = project(functions(about.cases), { [about.module] = "x = = 1" })
      w:run()
      assert.equal(3, verdict(w).counts.failed)
    end)
  end)
end

local SERVICE = [[
import http.server, json, os, sys
names = []
class Names(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Names", str(len(names)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200 if self.path == "/names" else 404, {"names": names})
    def do_POST(self):
        names.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["name"])
        self.answer(201, {"count": len(names)})
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Names).serve_forever()
]]

local function http(cases, more)
  return world.merged({ kind = "http", argv = { "python3", "service.py" }, cases = cases, ready = { seconds = 8 } }, more)
end

describe("an HTTP service", function()
  test("answers the requests of all cases in their order", function()
    local w <close> = project(http({
      { name = "none", path = "/names", expect = { json = { ["/names"] = EMPTY },
        headers = { ["x-names"] = "0" } } },
      { name = "one more", method = "POST", path = "/", payload = { name = "Ann" }, expect = { status = 201,
        body = '{"count": 1}' } },
      { name = "one", path = "/names", expect = { matches = "Ann", json = { ["/names/0"] = "Ann" } } },
      { name = "elsewhere", path = "/x", expect = { status = 404 } },
    }), { ["service.py"] = SERVICE })
    local text, code = w:run()
    assert(code == 0, text)
    assert.same({ total = 4, passed = 4, failed = 0, errors = 0, skipped = 0 }, verdict(w).counts)
    assert.equal(4, verdict(w).control.errors)
    w:replays("ep.1")
  end)

  test("fails by status, header, body, and where it does not answer", function()
    local w <close> = project(http({
      { name = "status", path = "/x" },
      { name = "header", path = "/names", expect = { headers = { ["X-Names"] = "7" } } },
      { name = "no header", path = "/names", expect = { headers = { ["X-Other"] = "7" } } },
      { name = "body", path = "/names", expect = { body = "x" } },
      { name = "breaks", method = "POST", path = "/", body = "no JSON" },
    }), { ["service.py"] = SERVICE })
    w:run()
    assert.same({ total = 5, passed = 0, failed = 4, errors = 1, skipped = 0 }, verdict(w).counts)
    for _, said in ipairs({ "status: expected status 200, got 404", 'header X-Names: expected "7", got "0"',
      "header X-Other: expected \"7\", got nothing", "breaks: RemoteDisconnected" }) do
      assert(verdict(w).log:find(said, 1, true), said .. "\n" .. verdict(w).log)
    end
  end)

  test("may answer with much more than a program may print", function()
    local w <close> = project(http({ { name = "much", path = "/names", expect = { matches = "a{1000}" } } }),
      { ["service.py"] = SERVICE:gsub("names = %[%]", "names = ['a' * 600000]") })
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  test("that does not come up fails every case", function()
    local w <close> = project(http({ { name = "a", path = "/" }, { name = "b", path = "/" } }),
      { ["service.py"] = "raise SystemExit('no database')" })
    w:run()
    assert.equal(2, verdict(w).counts.errors)
    assert(verdict(w).log:find("the service was not ready within 8 seconds\nno database", 1, true), verdict(w).log)
  end)
end)

local PAGE = [[
import http.server, os
PAGE = b"""<!doctype html><title>Names</title><form onsubmit="later(event)"><input id=name><button id=go>go</button></form>
<div id=box></div><a id=next href="/next?n=1">next</a><script>
function later(e) { e.preventDefault(); setTimeout(() => {
  box.innerHTML = '<p id=hello></p>'; hello.textContent = 'hello, ' + document.getElementById('name').value }, 100) }
document.querySelector = () => ({ innerText: 'what the page says' })
</script>"""
class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Next</title><p id=p>second" if self.path.startswith("/next") else PAGE)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Pages).serve_forever()
]]

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local has_browser = exists("/usr/lib/chromium/chromium") or exists("/usr/lib/chromium/headless_shell")
local in_browser = has_browser and test == it and it or pending
local without_browser = not has_browser and test == it and it or pending
local BROWSER = { kind = "browser", argv = { "python3", "page.py" }, timeout = 5, ready = { seconds = 8 }, cases = {
  { name = "greets", path = "/", steps = { { type = "#name", text = "Ann" }, { click = "#go" }, { wait = "#hello" } },
    expect = { title = "Names", texts = { ["#hello"] = "hello, Ann" }, matches = "hello, Ann" } },
  { name = "goes on", path = "/", steps = { { click = "#next" }, { wait = "#p" } },
    expect = { path = "/next?n=1", title = "Next", texts = { ["#p"] = "second" } } },
} }

describe("a page in a browser", function()
  in_browser("is used and compared, in a world that its scripts do not reach", function()
    local w <close> = project(BROWSER, { ["page.py"] = PAGE })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(2, verdict(w).counts.passed)
  end)

  in_browser("fails by what it shows, and by what is not there", function()
    local w <close> = project(world.merged({ cases = {
      { name = "another", path = "/", expect = { texts = { ["#box"] = "hello" } } },
      { name = "no text", path = "/", expect = { texts = { ["#none"] = "hello" } } },
      { name = "no element", path = "/", steps = { { click = "#none" } }, expect = { title = "Names" } },
    }, timeout = 0.5 }, { kind = "browser", argv = BROWSER.argv, ready = BROWSER.ready }), { ["page.py"] = PAGE })
    w:run()
    assert.same({ total = 3, passed = 0, failed = 2, errors = 1, skipped = 0 }, verdict(w).counts, verdict(w).log)
    for _, said in ipairs({ '#box: expected "hello", got ""', '#none: expected "hello", got null',
      "no element: ValueError: no element is #none" }) do
      assert(verdict(w).log:find(said, 1, true), said .. "\n" .. verdict(w).log)
    end
  end)

  without_browser("waits for a person where no browser is installed", function()
    local w <close> = project(BROWSER, { ["page.py"] = PAGE })
    local text, code = w:run()
    assert(code == 3 and text:find("chromium cannot be run: it is not installed", 1, true), text)
    assert.equal(0, #w:events("verify.done"))
  end)
end)

describe("a fixture that is wrong", function()
  for name, row in pairs({
    ["an unknown kind"] = { { kind = "wish" }, "there is no kind 'wish'" },
    ["no cases"] = { { kind = "command", cases = EMPTY }, "cases" },
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

  test("has a board that names how many cases test nothing of the card", function()
    local w <close> = project(command({ { name = "sum", stdin = "1 1\n", expect = { stdout = "2\n" } },
      { name = "idle", argv = { "true" } } }), { ["add.sh"] = ADD })
    w:run()
    local text = w:orket("show A")
    assert(text:find("2 of 2 tests passed; 1 of them pass also without the card's files", 1, true), text)
    assert.same({ true, 2, 1 }, { w:card("A").verdict.ok, w:card("A").verdict.counts.passed,
      w:card("A").verdict.control.passed })
  end)

  test("shows with --control that a fixture can fail, also one without a kind", function()
    local w <close> = project({ argv = { "sh", "{verification}/t.sh" } }, { ["add.sh"] = ADD }, { files = {
      ["verification/t.sh"] = "test -f add.sh", ["verification/always.json"] = '{"argv": ["true"]}' } })
    local text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:orket("test --control A")
    assert(code == 0 and text:find("1 failed: it fails without the card's files, as it has to", 1, true), text)
    w:write("verification/f.json", '{"argv": ["true"]}')
    text, code = w:orket("test --control A")
    assert(code == 1 and text:find("it passes without any file of the card, and tests nothing of it", 1, true), text)
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
