-- cli_spec.lua: the command line as a person meets it: help everywhere, errors with a cure, exit codes,
-- and docs/cli.md beside it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function commands()
  local names = {}
  for name in orket.run("--help"):gmatch("\n  ([%w%-]+)  +%a") do
    names[#names + 1] = name
  end
  return names
end

local page = orket.read("docs/cli.md")
local binary = orket.shell("realpath " .. orket.binary):gsub("\n", "")

describe("cli", function()
  it("help is there for every command, and docs/cli.md has it", function()
    local names = commands()
    assert(#names > 15)
    for _, name in ipairs(names) do
      local text, code = orket.shell(orket.binary .. " " .. name .. " --help 2>/dev/null")
      assert.equal(0, code, name)
      assert(text:find("^usage: orket " .. name:gsub("%-", "%%-")), name .. ": " .. text)
      assert(page:find("\n### `orket " .. name, 1, true), name .. " is not in docs/cli.md")
      for option in text:gmatch("%f[%S%[](%-%-?%w[%w%-]*)") do
        assert(page:find(option, 1, true), name .. " " .. option .. " is not in docs/cli.md")
      end
    end
  end)

  it("help lists every command once, in groups, everyday ones first", function()
    local seen, text = {}, orket.run("--help")
    for _, name in ipairs(commands()) do
      assert(not seen[name], name .. " is listed twice")
      seen[name] = true
    end
    for name in orket.read("lua/orket/cli.lua"):match("M%.commands = (%b{})"):gmatch('\n  %[?"?([%w-]+)"?%]? = {') do
      assert(seen[name], name .. " is not listed")
    end
    assert(text:find("^usage: orket[^\n]+\n\nEvery day\n  init "), text)
  end)

  it("help is there for every wall and bench", function()
    for _, name in ipairs({ "try json", "try schema", "try box", "try path", "try fsm", "try gate", "try sse",
      "bench gate", "bench streams", "bench turns" }) do
      local text, code = orket.shell(orket.binary .. " " .. name .. " --help 2>/dev/null")
      assert.equal(0, code, name)
      assert(text:find("^usage: orket " .. name), text)
    end
  end)

  it("help comes as `orket help COMMAND`", function()
    assert.equal(orket.run("board --help"), (orket.run("help board")))
  end)
end)

describe("usage errors", function()
  local rows = {
    { "", "usage: orket [-C DIR] COMMAND" },
    { "bord", "did you mean board?" },
    { "vlidate", "did you mean validate?" },
    { "xyzzy", "there is no command xyzzy\n  fix: " },
    { "board --wide", "unknown option --wide\nusage: orket board" },
    { "board --jsn", "unknown option --jsn, did you mean --json?\nusage: orket board" },
    { "board --jsn", "\n  help: orket board --help\n" },
    { "board extra", "unexpected argument extra" },
    { "show", "missing CARD" },
    { "comment a", "missing TEXT" },
    { "comment a ''", "TEXT is empty" },
    { "comment a \"$(printf 'a\\377')\"", "TEXT is not UTF-8" },
    { "answer a '  '", "TEXT is empty" },
    { "log -n many", "COUNT is a number" },
    { "run -C", "option -C needs a value" },
    { "try walls", "usage: orket try BOUNDARY" },
  }
  for _, row in ipairs(rows) do
    it("orket " .. row[1], function()
      local text, code = orket.run(row[1])
      assert.equal(2, code)
      assert(text:find(row[2], 1, true), text)
    end)
  end
end)

-- The forms of a command as its help lists them: words -> whether an operand or a value has to follow.
-- "user disable|enable NAME" is two forms.
local function forms_of(name)
  local head = orket.run(name .. " --help"):match("^usage: (.-)\n\n")
  local forms = {}
  for line in head:gsub("\n +orket ", "\1orket "):gmatch("[^\1]+") do
    local plain = line:gsub("%b[]", "")
    local words = plain:match("^orket " .. name:gsub("%-", "%%-") .. "%s+(%l[%l|-]*)%f[%s\0]") or ""
    for word in (words .. "|"):gmatch("([^|]*)|") do
      local form = (name .. " " .. word):gsub(" $", "")
      forms[form] = forms[form] ~= false and plain:find("%f[%w%-]%u%u+") ~= nil
    end
  end
  return forms
end

describe("usage errors", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    orket.run("sync -C " .. dir)
  end)

  teardown(function()
    orket.remove(dir:match("^(.*)/p$"))
  end)

  -- What it prints, within the project, and its exit code.
  local function within(words)
    return orket.shell(("cd %s && timeout 60 %s %s 2>&1 < /dev/null"):format(dir, binary, words))
  end

  it("every form of every command refuses an unknown option and a missing operand with exit 2", function()
    local count = 0
    for _, name in ipairs(commands()) do
      for words, is_more_needed in pairs(forms_of(name)) do
        for _, line in ipairs({ words .. " --no-such-option", is_more_needed and words or nil }) do
          local text, code = within(line)
          assert(code == 2 and text:find("^orket: [^\n]+\n"), line .. ": " .. text)
          count = count + 1
        end
      end
    end
    assert(count > 150, count)
  end)

  it("every command prints its help for -h as for --help", function()
    for _, name in ipairs(commands()) do
      assert.same({ within(name .. " --help") }, { within(name .. " -h") }, name)
    end
  end)

  it("what is found wrong only by looking at the project exits with 1, with code and fix", function()
    for _, words in ipairs({ "user add --no-password --role king eve", "user add --no-password Ada",
      "key add --allow fly ci", "comment --label '!!' hello-1 hi", "memory --days x add hi",
      "retry --all --reason foo", "why zz", "diff hello-1@x", "plan ''", "plan --label '!!' 'a request'",
      "serve -C . -C ." }) do
      local text, code = within(words)
      assert(text:find("^orket: ERR_USAGE: .+\n  fix: "), words .. ": " .. text)
      assert.equal(1, code, words)
    end
  end)
end)

describe("cli", function()
  local dir

  before_each(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    orket.run("sync -C " .. dir)
  end)

  after_each(function()
    orket.remove(dir:match("^(.*)/p$"))
  end)

  local function on(arguments)
    return orket.run(arguments:gsub("^(%S+)", "%1 -C " .. dir))
  end

  it("commands on a project count no card that was given up as done", function()
    on("move hello-1 canceled")
    local text = on("board")
    assert(text:find("(0 of 1 done, 1 canceled)", 1, true), text)
  end)

  it("commands on a project say when there is none", function()
    for _, command in ipairs({ "board", "show x", "log", "comment x hi" }) do
      local text, code = orket.run(command .. " -C /nonexistent")
      assert.equal(1, code)
      assert(text:find("^orket: ") and text:find("fix: ", 1, true), text)
    end
  end)

  it("commands on a project say when there is no board yet", function()
    os.execute("rm -r " .. dir .. "/.orket")
    for _, command in ipairs({ "board", "show x", "log" }) do
      local text, code = on(command)
      assert.equal(1, code)
      assert(text:find("no board", 1, true) and text:find("fix: orket run", 1, true), text)
    end
  end)

  it("commands on a project may have -C and --json before the command", function()
    local expected = on("board --json")
    for _, words in ipairs({ "-C %s board --json", "--json -C %s board", "-C %s --json board",
      "--json board -C %s",
      "-C%s board --json", "board --json -C%s" }) do
      assert.equal(expected, (orket.run(words:format(dir))))
    end
    assert.equal(2, select(2, orket.run("-C " .. dir)))
    assert.equal((orket.run("version")), (orket.run("-V")))
  end)

  it("commands on a project list what can run when no card is named", function()
    local text, code = on("run")
    assert(code == 2 and text:find("orket run hello +epic: Hello\n"), text)
  end)

  it("work on a board", function()
    local text = on("board")
    assert(text:find("hello%-1%s+ready%s+Write hello%.sh"), text)
    assert.equal(2, #cjson.decode((on("board --json"))))
    assert.equal("hello-1", cjson.decode((on("show --json hello-1"))).id)
  end)

  local refused = {
    { "show hello-2", "there is no card 'hello-2', did you mean hello-1?" },
    { "log --card x", "there is no card 'x'" },
    { "comment nobody hi", "there is no card 'nobody'" },
    { "move hello-1 finished", "one of: ready, in_progress, blocked" },
    { "move hello-1 done", "hello-1 stays ready: an issue cannot go from ready to done" },
    { "move hello-1 blocked", "one of: resource, dependency, review, input, system" },
    { "answer hello-1 yes", "asked nothing" },
    { "retry hello-1", "only a parked card is retried" },
    { "halt", "no run is under way" },
  }
  for _, row in ipairs(refused) do
    it("commands on a project refuse orket " .. row[1], function()
      local text, code = on(row[1])
      assert.equal(1, code)
      assert(text:find("^orket: ERR_%u+[%u_]*: .+\n  fix: .+\n$"), text)
      assert(text:find(row[2], 1, true), text)
    end)
  end

  it("commands on a project keep what they show from steering the terminal", function()
    on("comment hello-1 \"$(printf 'x\\033]0;evil\\007\\302\\233y \\342\\200\\256z')\"")
    for _, command in ipairs({ "show hello-1", "log" }) do
      local text = on(command)
      assert(text:find("x ]0;evil", 1, true), text)
      assert(not text:find("[\27\7]") and not text:find("\u{9b}", 1, true)
        and not text:find("\u{202e}", 1, true))
    end
  end)

  it("commands on a project show the last events with log -n, and those of one card", function()
    on("comment hello-1 last")
    local text = on("log -n 1")
    assert(text:find("^ *%d+  [%dT:%-]+Z  hello%-1 +%S+: comment: last\n$"), text)
    assert(not on("log --card hello"):find("hello-1", 1, true))
    assert.equal("comment.added", cjson.decode((on("log --json -n 1"))).kind)
  end)

  it("commands on a project follow the journal with log -f", function()
    local out = dir .. "/followed"
    local function after(lines) -- the text, once it has that many lines
      return orket.shell(string.format(
        "for i in $(seq 100); do [ $(wc -l < %s) -ge %d ] && break; sleep 0.05; done; cat %s", out, lines,
          out))
    end
    os.execute(string.format("%s log -C %s -f -n 1 > %s 2>&1 & echo $! > %s.pid", orket.binary, dir, out,
      out))
    after(1)
    on("comment hello-1 followed")
    local text = after(2)
    local _, _, code = os.execute(string.format("kill -INT $(cat %s.pid)", out))
    assert.equal(0, code)
    assert(text:find("^[^\n]+\n *%d+  %S+  hello%-1 +%S+: comment: followed\n$"), text)
  end)

  it("commands on a project end quietly when nobody reads", function()
    local text = orket.shell(orket.binary .. " log --json -C " .. dir .. " 2>&1 | head -1")
    assert.equal("card.created", cjson.decode(text).kind)
  end)

  it("commands on a project fail when their output cannot be written", function()
    for _, words in ipairs({ "version", "schema epic", "log --json -C " .. dir, "board -C " .. dir }) do
      local text, code = orket.shell("( " .. orket.binary .. " " .. words .. " >/dev/full ) 2>&1")
      assert.equal(1, code, words .. ": " .. text)
      assert(text:find("^orket: ERR_IO: some of the output could not be written\n  fix: [^\n]+\n$"), text)
    end
  end)

  it("commands on a project begin well without the first descriptors, and where the ends of programs are ignored",
    function()
    for _, words in ipairs({ "version >&-", "version <&- >&- 2>&-", "try jail -- true >&-" }) do
      assert.equal(0, select(2, orket.shell(orket.binary .. " " .. words)), words)
    end
    local text, code = orket.shell("trap '' CHLD; timeout 60 " .. orket.binary .. " try jail -- echo there")
    assert.equal(0, code, text)
    assert.equal("there\n", cjson.decode(text).stdout)
  end)

  it("commands on a project know NO_COLOR", function()
    local command = string.format("script -qec '%s board -C %s' /dev/null", orket.binary, dir)
    assert(orket.shell("NO_COLOR= " .. command):find("\27[", 1, true))
    assert(not orket.shell("NO_COLOR=1 " .. command):find("\27[", 1, true))
  end)
end)

describe("cli", function()
  it("orket log prints as many lines as asked for, though not every event has one", function()
    local dir = orket.directory()
    orket.run("init --demo " .. dir .. "/p")
    local text, code = orket.shell(("ORKET=$(realpath %s) sh %s/p/demo/run.sh 2>&1"):format(orket.binary,
      dir))
    assert.equal(0, code, text)
    local all = orket.run("log -n 1000 -C " .. dir .. "/p")
    assert.equal(all:match("([^\n]*\n[^\n]*\n[^\n]*\n)$"), orket.run("log -n 3 -C " .. dir .. "/p"))
    assert.equal("", orket.run("log -n 0 -C " .. dir .. "/p"))
    local _, events = orket.run("log --json -n 4 -C " .. dir .. "/p"):gsub("\n", "")
    assert.equal(4, events)
    orket.remove(dir)
  end)
end)
