-- help_spec.lua: what the model reads when a call was refused or failed: how to do it right, on the record.

package.path = "lua/?.lua;" .. package.path
local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local nearest_lines = require("orket.util.nearest_lines")

local FILE = "#include <stdio.h>\n\nint main(void)\n{\n\tputs(\"hi\");\n\treturn 0;\n}\n"

-- The calls of one reply (Lua text), after which the card is handed over; what the model was answered to
-- each.
local function answers(calls, options)
  options = options or {}
  options.issues = { { id = "A" } }
  options.mock = ("local FILE = %q\n"):format(FILE) .. (options.before or "") .. [[
    function work(talk)
      return steps(talk, function() return say(write("src/main.c", FILE), write("README", "read me\n"), write("big.txt", ("x\n"):rep(5))) end,
        function() return say(]] .. calls .. [[) end,
        function() return say(write("said", table.concat(talk.results, "\n")), finish()) end)
    end]]
  local w = world.new(options)
  local text, code = w:run()
  assert(code == 0, text)
  local list = {}
  for line in w:made("said"):gmatch("[^\n]+") do
    list[#list + 1] = cjson.decode(line)
  end
  return w, list
end

local function edit(old, new)
  return ('call("edit_file", { path = "src/main.c", old = %q, new = %q })'):format(old, new)
end

describe("help", function()
  it("a refused call is answered with the arguments, the one that was meant, and an example", function()
    local w <close>, said = answers([[
      call("write_file", { path = "x", contnt = "y" }), call("write_file", { path = "x", content = { 1 } }), call("write_file", "{"),
      call("read_file", { path = "README", limit = 0 }), call("update_issue_status", { status = "finished" })]])
    local help = said[1].error.help
    assert.same({ path = "string, required", content = "string, required" }, help.arguments)
    assert.same({ contnt = "content" }, help.meant)
    assert.same({ path = "x", content = "content" }, help.example) -- what was sent and fits stays
    assert.same({ path = "path/to/file", content = "content" }, said[2].error.help.example)
    assert.same(help.arguments, said[3].error.help.arguments)
    assert.equal("integer", said[4].error.help.arguments.limit)
    assert.truthy(said[5].error.help.arguments.status:find('one of ["in_progress"', 1, true))
    local refused = w:events("call.refused")
    assert.same({ 5, help }, { #refused, refused[1].body.help })
    w:replays()
  end)

  it("a refused call of a tool that the role has not is answered with the nearest it has, or with all of them",
    function()
    local w <close>, said = answers([[call("create_file", { path = "x" }), call("bash", { command = "ls" }), call("create_issue", {})]])
    assert.same({ nearest = { "read_file", "write_file" } }, said[1].error.help)
    assert.equal("read_file", said[2].error.help.tools[1])
    for _, one in ipairs(said) do
      assert.falsy(cjson.encode(one.error.help):find("create_issue", 1, true))
    end
    w:replays()
  end)

  it("a refused call of very many keys, or of a list, is answered as briefly", function()
    local w <close>, said = answers([[call("write_file", '{"contnt":1}'), call("write_file", "[1]"),
      (function() local keys = {} for i = 1, 20000 do keys[i] = ('"contnt%d":1'):format(i) end return call("write_file", "{" .. table.concat(keys, ",") .. "}") end)()]])
    for _, one in ipairs(said) do
      assert.same({ "content", true }, { one.error.help.example.content,
        #cjson.encode(one.error.help) < 3000 })
    end
    w:replays()
  end)

  it("a call that is refused by a rule that no other form of the call would meet is answered with its reason alone",
    function()
    local w <close>, said = answers([[call("write_file", { path = "../x", content = "y" })]])
    assert.is_nil(said[1].error.help)
    assert.equal("gate.path.escape", said[1].error.rule)
    w:replays()
  end)

  it("a refused call has an example that its tool takes, for each tool that is shipped", function()
    local names = {}
    for name in world.orket.shell("ls tools"):gmatch("(%S+)%.lua") do
      names[#names + 1] = name
    end
    local role = world.orket.read("roles/coder.lua"):gsub("tools = %b{}", 'tools = { "'
      .. table.concat(names, '", "') .. '" }')
    local calls = {}
    for i, name in ipairs(names) do
      calls[i] = ("call(%q, '[]')"):format(name)
    end
    local w <close>, said = answers(table.concat(calls, ", "), { files = { ["roles/coder.lua"] = role } })
    local counts = { with = 0, without = {} }
    for i, one in ipairs(said) do
      local help = one.error.rule == "gate.args.object" and (one.error.help or {})
      if help and help.example then
        counts.with = counts.with + 1
      elseif help then
        counts.without[#counts.without + 1] = names[i]
      end
    end
    -- it takes nothing; its handle cannot be made up
    assert.same({ "get_issue_context", "read_result" }, counts.without)
    assert.truthy(counts.with > 10)
    w:replays()
  end)
end)

describe("help", function()
  it("a path that is not there is answered with the nearest one", function()
    local w <close>, said = answers([[call("read_file", { path = "main.c" }), call("read_file", { path = "src/mian.c" }),
      call("list_directory", { path = "scr" }), call("read_file", { path = "nothing/like/it" })]])
    assert.same({ "src/main.c" }, said[1].error.help.nearest)
    assert.same({ "src/main.c" }, said[2].error.help.nearest)
    assert.same({ "src" }, said[3].error.help.nearest)
    assert.is_nil(said[4].error.help)
    w:replays()
  end)

  it("a path that is not there is not answered with one that the gate keeps from the role, nor with one whose name came from outside",
    function()
    local rule = { { id = "closed", effect = "deny", tools = { "read_file" }, paths = { "src/**" },
      why = "not yours" } }
    local w <close>, said = answers([[call("read_file", { path = "main.c" }), call("read_file", { path = "READNE" })]], { gate = rule })
    assert.is_nil(said[1].error.help)
    assert.same({ "README" }, said[2].error.help.nearest)
    w:replays()
    local files = { ["workspace/ep/tree/vendor/theirs.c"] = "x" }
    local marked <close>, answered = answers([[call("read_file", { path = "theirs.c" })]],
      { files = files, rules = { labels = { files = { ["vendor/**"] = { "vendor" } } } } })
    assert.is_nil(answered[1].error.help)
    assert.equal(0, #marked:events("turn.labelled"))
    marked:replays()
  end)
end)

describe("help", function()
  it("edit_file shows the nearest lines of a text that it does not find, and the difference", function()
    local w <close>, said = answers(table.concat({ edit('puts("ho");', "x"),
      edit("{\n\tputs(\"hi\");\n\treturn 1;\n}", "x"), edit("qqq", "x") }, ", "))
    assert.same({ '5|\tputs("hi");' }, said[1].error.help.lines)
    assert.same({ "line 6, column 9: the file has '0;', you sent '1;'" }, said[2].error.help.differences)
    assert.same({ "4|{", '5|\tputs("hi");', "6|\treturn 0;", "7|}" }, said[2].error.help.lines)
    assert.is_nil(said[3].error.help)
    w:replays()
  end)

  it("edit_file names the lines of a text that occurs more than once", function()
    local w <close>, said = answers([[call("edit_file", { path = "big.txt", old = "x", new = "y" })]])
    assert.equal("the old text occurs more than once in big.txt, at the lines 1, 2, 3, 4, 5",
      said[1].error.message)
    w:replays()
  end)

  it("edit_file takes a place that differs in white space only, and says so", function()
    local w <close>, said = answers(edit('{\n    puts("hi");\n    return 0;\n', '{\n    return 1;\n'))
    assert.equal(1, said[1].result.replaced)
    assert.truthy(said[1].result.repaired:find("line 4", 1, true))
    assert.equal("#include <stdio.h>\n\nint main(void)\n{\n\treturn 1;\n}\n", w:made("src/main.c"))
    w:replays()
  end)
end)

describe("help", function()
  local tool = assert(loadfile("tools/edit_file.lua"))()

  local function edited(text, old, new)
    return (tool.edit(text, { path = "f", old = old, new = new }))
  end

  it("the edit of a text keeps the file's indentation and ends of lines", function()
    local rows = { -- file, old, new, afterwards
      { "a\n\tb()\nc\n", "    b()\n", "    b()\n    d()\n        e()\n", "a\n\tb()\n\td()\n\t\te()\nc\n" },
      { "a\n    b\n    c\n", "b\nc", "b\nd\n  e", "a\n    b\n    d\n      e\n" },
      { "a\nb\n  c\n", "  b\n    c\n", "  d\n    c\n", "a\nd\n  c\n" },
      { "\tif a:\n\t\tb\n", "  if a:\n    b\n", "  if a:\n    b\n    c\n", "\tif a:\n\t\tb\n\t\tc\n" },
      { "a\r\nb\r\nc\r\n", "b\nc\n", "B\n\nC\n", "a\r\nB\r\n\r\nC\r\n" },
      { "a\r\nb\r\nc", "a\nb", "x", "x\r\nc" },
      { "a  \nb\t\nc\n", "a\nb\n", "x\n", "x\nc\n" },
      { "a\n b \nc", "b\n", "", "a\nc" },
    }
    for i, row in ipairs(rows) do
      assert.equal(row[4], edited(row[1], row[2], row[3]), "row " .. i)
    end
  end)

  it("the edit of a text is not made where two places would do, where blanks stand inside of a line, or where the indentation is not clear",
    function()
    local rows = {
      { "\ta\n  a\n", "    a", "b" }, { "a b\n", "a  b", "c" }, { "\n \n", "\t\n", "x" },
      { "\ta\n\t\tb\n", "    a\n        b\n", "    a\n      c\n" }, { "  a\n        b\n", "a\n  b\n", "x\n" },
      { "x = '''\n  a'''\n", "x = '''a'''", "y" }, { ("a"):rep(200001), " a", "b" },
    }
    for i, row in ipairs(rows) do
      assert.is_nil(edited(row[1], row[2], row[3]), "row " .. i)
    end
  end)
end)

describe("help", function()
  it("nearest lines say which characters differ, or which blanks", function()
    local rows = {
      { "a\n\tb\n", "    b", "line 2, white space at column 1: the file has 1 tab, you sent 4 spaces" },
      { "one two\n", "one  two", "line 1, white space at column 4: the file has 1 space, you sent 2 spaces" },
      { "a_word\r\n", "a_word",
        "line 1, white space at column 7: the file has 1 carriage return, you sent no blank" },
      { "local Name = 1\n", "local name = 1",
        "line 1, upper and lower case at column 7: the file has 'Name = 1', you sent 'name = 1'" },
      { "\treturn 0;\n", "return 2;", "line 1, column 9: the file has '0;', you sent '2;'" },
      { "x = größe\n", "x = größer", "line 1, column 10: the file has '', you sent 'r'" },
      { "x = é\n", "x = è", "line 1, column 5: the file has 'é', you sent 'è'" },
      { "one\ntwo\n", "two\nthree\nfour", "line 3, column 1: the file has '', you sent 'three'" },
    }
    for i, row in ipairs(rows) do
      assert.equal(row[3], nearest_lines.find(row[1], row[2]).differences[1], "row " .. i)
    end
  end)

  it("nearest lines are few and short, whatever the texts are, and are found in a time that grows with them",
    function()
    local texts = { ("\n"):rep(8000000), ("x"):rep(1000000), ("word "):rep(200000), ("a b\n"):rep(250000),
      ("\n"):rep(1000000), ("\xff\n"):rep(1000), "" }
    for _, text in ipairs(texts) do
      for _, sent in ipairs({ ("a c\n"):rep(20000), ("word "):rep(20000), "\n", "y",
        ("b\na\n"):rep(50000) }) do
        local near = nearest_lines.find(text, sent)
        assert.truthy(not near or #cjson.encode(near) < 4000)
      end
    end
  end)
end)

describe("help", function()
  it("a journal that was made before is derived again to what it was", function()
    local dir = world.orket.directory()
    world.orket.shell("tar -C " .. dir .. " -xzf tests/journals/before_help.tar.gz")
    local text, code = world.orket.shell(world.binary .. " replay --strict -C " .. dir .. " ep.1 2>&1")
    assert.equal(0, code, text)
    text, code = world.orket.shell(world.binary .. " check " .. dir .. " 2>&1")
    assert.equal(0, code, text)
    world.orket.remove(dir)
  end)
end)
