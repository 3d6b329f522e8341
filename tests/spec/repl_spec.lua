-- repl_spec.lua: `orket repl` over a project: reads, dry runs, a person's acts, and what a line may not do.

local orket = dofile("tests/support/orket.lua")

describe("repl", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    assert.equal(0, select(2, orket.run("init " .. dir)))
    assert.equal(0, select(2, orket.run("sync -C " .. dir)))
  end)
  teardown(function()
    orket.remove(dir)
  end)

  -- Runs the lines; answers what was printed and the exit code.
  local function lines(...)
    orket.write(dir .. "/../lines", table.concat({ ... }, "\n") .. "\n")
    return orket.run("repl -C " .. dir .. " < " .. dir .. "/../lines")
  end

  local rows = {
    { "evaluates", "1 + 1", "2\n" },
    { "keeps plain data from line to line", { "x = { 20, 22 }", "x[1] + x[2]", "_ * 2" }, "42\n84\n" },
    { "ends at exit", { "1", "exit", "2" }, "1\n" },
    { "ends at quit()", { "1", "quit()", "2" }, "1\n" },
    { "lets a line use the name exit", { "exit = 3", "exit" }, "3\n" },
    { "prints", { 'print("a", nil, { b = 1 }, 2)', "for i = 1, 2 do", "  print(i)", "end", "print()" },
      'a nil {"b":1} 2\n1\n2\n\n' },
    { "prints nothing that steers a terminal", 'print("a\\27[2Jb")', "a [2Jb\n" },
    { "explains a word of its own", "help cards",
      "cards(status)\nAll cards, or those with a status: {id, type, status, name, seat}.\n" },
    { "explains a word called as a function", "help(files)", "files(id)\nThe files of a card or an epic.\n" },
    { "explains a function of a box", 'help("fs.list")',
      "fs.list(path, limit)  (in the box of scripts; docs/boxes.md)\n{entries = {{name, type, size}...}, more}\n" },
    { "names the nearest word", "help cardz", "there is no help for cardz, did you mean card?\n" },
    { "lets a line use the name help", { "help = 3", "help" }, "3\n" },
    { "keeps what is false", { "x = false", "x", "{ a = x }" }, "false\n{\"a\":false}\n" },
    { "forgets functions", { "f = function() end", "f" }, "" },
    { "shows cards", 'card("hello-1").status', "ready\n" },
    { "lists cards by status", '#cards("ready")', "2\n" },
    { "routes", 'route("hello-1").role', "coder\n" },
    { "dry-runs a prompt", 'prompt("hello-1", "coder")[2].content:match("hello, NAME")', "hello, NAME\n" },
    {
      "dry-runs the gate",
      'judge{card="hello-1", role="integrity_guard", tool="write_file", arguments={path="x", content=""}}.rule',
      "gate.role.tool\n",
    },
    { "goes on with a table that is not complete", { "x = {", "1,", "", "2 }", "#x" }, "2\n" },
    { "goes on with a statement", { "for i = 1, 3 do", "  y = i", "end", "y" }, "3\n" },
    { "goes on with an expression", { "1 +", "2" }, "3\n" },
    { "goes on with a call", { "#cards(", '"ready"', ")" }, "2\n" },
    { "goes on with a long string", { "[[a", "b]]" }, "a\nb\n" },
    { "goes on with a long comment", { "--[[ a", "b ]] 5" }, "5\n" },
    { "goes on with a string whose newline is escaped", { '"a\\', 'b"' }, "a\nb\n" },
    { "has nothing to say to a comment", { "-- nothing", "", "  " }, "" },
    { "reloads", 'reload().refused[1] == nil', "true\n" },
  }
  for _, row in ipairs(rows) do
    it(row[1], function()
      local text, code = lines(table.unpack(type(row[2]) == "table" and row[2] or { row[2] }))
      assert.equal(row[3], text)
      assert.equal(0, code)
    end)
  end

  local refused = {
    { "os.exit()", "ERR_SCRIPT:.*'os'" },
    { 'io.open("/etc/passwd")', "ERR_SCRIPT:.*'io'" },
    { 'load("return 1")', "ERR_SCRIPT:" },
    { "while true do end", "ERR_SCRIPT_[ST][TI]" },
    { "x = )", "ERR_SCRIPT_SYNTAX: line:1: unexpected symbol near '%)'" },
    { '"not closed', "unfinished string near '\"not closed'" },
    { "end, kept) end } --", "ERR_SCRIPT_SYNTAX: line:1: <eof> expected near 'end'" },
    { 'card("none")', "ERR_NOT_FOUND: there is no card none" },
    { 'move("hello-1", "done")', "ERR_TRANSITION" },
    { 'card("none")', "\n  fix: cards%(%) lists them\n" },
    { 'events{limit="x"}', "ERR_USAGE: events cannot take that" },
  }
  for _, row in ipairs(refused) do
    it("orket repl refuses " .. row[1], function()
      local text, code = lines(row[1], "7")
      assert.matches(row[2], text)
      assert.matches("\n7\n$", text) -- the next line runs
      assert.equal(1, code)
    end)
  end

  it("orket repl says at the end what was never completed", function()
    local text, code = lines("if true then", "  x = 1")
    assert.matches("'end' expected %(to close 'if' at line 1%) near <eof>", text)
    assert.equal(1, code)
  end)

  it("orket repl goes on at a second prompt on a terminal, where ^C gives up and ^D ends", function()
    local keys = "x = {\\r1,\\r2 }\\r#x + 40\\rfor i = 1, 2 do\\roops(\\0037 + 70\\rif true then\\r\\004"
    local shown, code = orket.shell(string.format( -- keys come when it asks
      "rm -f %s.tty; { until grep -q 'orket>' %s.tty; do sleep 0.02; done; printf '%s'; } 2>/dev/null"
        .. " | TERM=xterm timeout 20 script -fqec '%s repl -C %s' %s.tty", dir, dir, keys, orket.binary, dir,
          dir))
    assert.equal(0, code, shown)
    assert.matches("orket> x = {%s+>> 1,%s+>> 2 }%s+orket> ", shown)
    assert.matches("\n42\r\n", shown)
    assert.matches(">> oops%(%s+orket> 7 %+ 70%s+77\r\n", shown)
    assert.matches("near <eof>", shown)
  end)

  it("orket repl tells a long value in lines on a terminal, and as JSON elsewhere", function()
    local shown, code = orket.shell(string.format(
      "rm -f %s.tty; { until grep -q 'orket>' %s.tty; do sleep 0.02; done; printf '%s'; } 2>/dev/null"
        .. " | TERM=xterm timeout 20 script -fqec '%s repl -C %s' %s.tty", dir, dir, 'view("hello-1")\r\004',
          orket.binary, dir, dir))
    assert.equal(0, code, shown)
    assert.matches("\ncard:\r\n", shown)
    assert.matches("\n  requirements:", shown)
    assert.matches('^{"approvals":%[%],"card":{', (lines('view("hello-1")')))
  end)

  it("orket repl records what a person does as that person's", function()
    assert.matches('"status":"ready"', (lines('comment("hello-1", "said in the repl")')))
    local text = lines('events{card="hello-1", kind="comment.added"}[1].actor')
    assert.matches("^human:", text)
    assert.equal("said in the repl\n", (lines('events{card="hello-1", kind="comment.added"}[1].body.text')))
  end)

  it("orket repl explains commands as they do themselves", function()
    local text = lines("help board", "help(why-not)")
    assert.equal(orket.run("board --help") .. orket.run("why-not --help"), text)
  end)

  it("orket repl explains each of its words", function()
    local face = orket.read("lua/orket/dev/repl/face.lua")
    for name in face:gmatch("\nfunction API%.(%w+)") do
      local text = lines("help " .. name)
      assert.truthy(text:find("^" .. name .. "%(.-%)\n%S"), text)
    end
  end)

  -- On a terminal; a tab is what completes.
  local function typed(text)
    return orket.shell(("printf '%s' | SHELL=/bin/sh TERM=vt100 script -qec '%s repl -C %s' /dev/null"):format(text, orket.binary, dir))
  end

  it("orket repl completes words, ids of cards and fields, and keeps its history for its user alone",
    function()
    local text = typed('rou\t("hello-\t").sta\t\nx = { alpha = 41 }\nx.al\t + 1\n')
    assert.truthy(text:find("42", 1, true), text)
    assert.equal("600\n", (orket.shell("stat -c %a " .. dir .. "/.orket/repl_history")))
    local history = orket.read(dir .. "/.orket/repl_history")
    assert.truthy(history:find("x.alpha", 1, true), history)
    assert.truthy(history:find('route("hello-1").status', 1, true), history)
  end)
end)

describe("repl", function()
  it("ORKET_MODEL_KEY set to nothing is not set", function()
    assert.equal("nil set\n", orket.probe([[
      local value = require("orket.core.sys").env("ORKET_MODEL_KEY")
      print(value ~= "" and value or nil, require("orket.core.sys").env("ORKET_A_KEY"))
    ]], "ORKET_MODEL_KEY= ORKET_A_KEY=x "):gsub("\t", " "), nil)
  end)
end)
