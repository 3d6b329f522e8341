-- command_spec.lua: the tool run_command: what may run, what it leaves, and that the journal tells all of it.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local SHELL = { { argv = { "sh", "-c", "*" }, wall = 20 }, { argv = { "cat", "**" } },
  { argv = { "./run*", "**" } } }

local function project(options)
  options.issues = options.issues or { { id = "A" } }
  local named = options.commands == nil and SHELL or options.commands or nil
  options.rules = world.merged({ commands = named }, options.rules)
  return world.new(options)
end

local MOCK = [[
function run(...) return call("run_command", { argv = { ... } }) end
function sh(text) return run("sh", "-c", text) end
]]

-- Each step is the calls of one reply; then the card is handed over.
local function play(...)
  local replies = {}
  for i, text in ipairs({ ... }) do
    replies[i] = "function() return say(" .. text .. ") end"
  end
  return MOCK .. "function work(talk) return steps(talk, " .. table.concat(replies, ", ")
    .. ", function() return say(finish()) end) end"
end

local function argv(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = ("%q"):format(word)
  end
  return "run(" .. table.concat(quoted, ", ") .. ")"
end

-- The results of the card's calls of run_command, in order.
local function results(w)
  local found, of = {}, {}
  for _, event in ipairs(w:events()) do
    if event.kind == "call.allowed" or event.kind == "call.refused" then
      of[event.body.call] = event.body.tool
    end
    if (event.kind == "call.result" or event.kind == "call.refused")
      and of[event.body.call] == "run_command" then
      found[#found + 1] = event.body
    end
  end
  return found
end

local function ran(w)
  local found = {}
  for _, event in ipairs(w:events("command.ran")) do
    found[#found + 1] = event.body
  end
  return found
end

local function done(w)
  local text, code = w:run()
  assert.equal(0, code, text)
  assert.equal(0, (select(2, w:orket("check --permits"))))
  return text
end

describe("run_command", function()
  test("runs in the card's tree, and what it changes is the card's work", function()
    local w <close> = project({ mock = play(
      [[write("in.txt", "three\none\n")]],
      [[sh("sort in.txt > out.txt; mkdir -p deep/er; echo x > deep/er/file; echo done; echo bad >&2")]],
      [[sh("cat out.txt")]]) })
    done(w)
    assert.equal("one\nthree\n", w:made("out.txt"))
    assert.equal("x\n", w:made("deep/er/file"))
    local first, second = table.unpack(ran(w))
    assert.same({ "deep/er/file", "out.txt" }, { first.changes[1].path, first.changes[2].path })
    assert.same({ 0, "done\n", "bad\n", 0 }, { first.exit, first.stdout, first.stderr, first.put_back })
    assert.truthy(first.program:find("^/usr/bin/"))
    assert.equal("one\nthree\n", second.stdout)
    w:derives()
  end)

  test("runs nothing that the organization does not name", function()
    local rows = {
      { { "sh", "-c", "true" }, false, "gate.command" }, -- none is named
      { { "sh", "-c", "true" }, { { argv = { "sh" } }, { argv = { "sh", "-c" } },
        { argv = { "sh", "-c", "false" } },
        { argv = { "dash", "**" } }, { argv = { "./sh", "**" } } }, "gate.command" },
      { { "/bin/sh", "-c", "true" }, { { argv = { "sh", "**" } } }, "gate.command" },
      { { "./sh", "-c", "true" }, { { argv = { "sh", "**" } } }, "gate.command.program" },
      { { "no-such-program" }, { { argv = { "**x" } }, { argv = { "*" } } }, "gate.command.program" },
      { { "../../../../../../../../bin/sh" }, { { argv = { "*" } }, { argv = { "/*", "**" } } },
        "gate.command.program" },
      { { "/etc/passwd" }, { { argv = { "/*" } } }, "gate.command.program" },
      { { "" }, { { argv = { "*" } } }, "gate.op.form" },
      { { "sh\0x" }, { { argv = { "*" } } }, "gate.op.form" },
    }
    for _, row in ipairs(rows) do
      local w <close> = project({ commands = row[2], mock = play(argv(row[1])) })
      done(w)
      assert.equal(0, #ran(w), cjson.encode(row))
      local operation = results(w)[1].operations[1]
      assert.equal(row[3], operation.refused, cjson.encode(row) .. cjson.encode(operation))
    end
  end)

  test("knows a program by what it really is", function()
    local rows = {
      { { "sh", "-c", "true" }, { { argv = { "/usr/bin/*", "-c", "t*" } } } },
      { { "/bin/sh", "-c", "true" }, { { argv = { "/usr/bin/*sh", "**" } } } },
      { { "s?h" }, { { argv = { "s?" } } }, "no" },
      { { "true" }, { { argv = { "tru?", "**" } } } },
    }
    for _, row in ipairs(rows) do
      local w <close> = project({ commands = row[2], mock = play(argv(row[1])) })
      done(w)
      assert.equal(row[3] and 0 or 1, #ran(w), cjson.encode(row))
    end
  end)

  test("is not offered without the role's list, and not called", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"run_command",', "")
    local w <close> = project({ files = { ["roles/coder.lua"] = role }, mock = play([[sh("touch x")]]) })
    done(w)
    assert.falsy(w:request(1):find("run_command", 1, true))
    assert.equal("gate.role.tool", w:events("call.refused")[1].body.rule)
  end)

  test("is offered where the organization names commands, and a refusal names them", function()
    local none <close> = project({ commands = false, mock = play([[run("true")]]) })
    done(none)
    assert.falsy(none:request(1):find("run_command", 1, true))
    local w <close> = project({ commands = { { argv = { "make", "test" } }, { argv = { "cat", "**" } } },
      mock = play([[run("make", "all")]]) })
    done(w)
    assert.truthy(w:request(1):find("run_command", 1, true))
    assert.same({ "make test", "cat **" }, results(w)[1].help.commands)
    w:derives()
  end)

  test("keeps no file that a tool might not write, and says so", function()
    local w <close> = project({
      rules = { gate = { { id = "no-db", effect = "deny", paths = { "db/**" }, why = "not yours" } } },
      mock = play([[write("keep.txt", "kept")]], argv({ "sh", "-c", table.concat({
        "echo s > .env", "mkdir -p .git .ssh db a", "echo x > .git/config", "echo k > a/server.pem",
        "echo k > .ssh/id_rsa",
        "echo d > db/one", "ln -s /etc/passwd link", "ln -s a dirlink", "mkfifo pipe",
        "touch .orket-tmp-1 'a/b\tc'",
        "rm keep.txt", "head -c 2000000 /dev/zero > big", "mkdir closed", "echo x > closed/f",
        "chmod 000 closed",
        "echo fine > a/fine", "printf '\\377\\376' > bytes" }, "; ") }),
        [[sh("find . -mindepth 1 | sort; cat keep.txt")]]),
    })
    done(w)
    local first, second = table.unpack(ran(w))
    local taken = {}
    for i, change in ipairs(first.changes) do
      taken[i] = change.path
    end
    assert.same({ "a/fine", "bytes", "closed/f" }, taken)
    local rules = {}
    for _, one in ipairs(first.refused) do
      rules[one.path] = one.rule
    end
    assert.same({ [".env"] = "gate.path.name", [".git/config"] = "gate.path.name",
      ["a/server.pem"] = "gate.path.name",
      [".ssh/id_rsa"] = "gate.path.name", ["db/one"] = "house.no-db", link = "gate.path.name",
      dirlink = "gate.path.name",
      pipe = "gate.path.name", [".orket-tmp-1"] = "gate.path.name", ["a/b?c"] = "gate.path.name",
      ["keep.txt"] = "gate.confirm", big = "gate.limit.content" }, rules)
    assert.equal(#first.refused, #w:events("operation.refused"))
    assert.truthy(second.stdout:find("./a/fine\n./bytes\n./closed\n./closed/f\n./keep.txt\nkept", 1, true)
      or second.stdout:find("^%./a\n%./a/fine\n%./bytes\n%./closed\n%./closed/f\n"), second.stdout)
    assert.truthy(second.stdout:find("kept$"), second.stdout)
    assert.equal("kept", w:made("keep.txt"))
    assert.equal("\255\254", w:made("bytes"))
    assert.falsy(w:made("big") or w:made(".env") or w:made("db/one"))
    w:derives()
  end)

  test("has limits of the organization, which a model can only lower", function()
    local w <close> = project({
      commands = { { argv = { "sh", "-c", "*" }, wall = 1, memory = 64 << 20, output = 1000, procs = 5,
        fsize = 4096 } },
      mock = play([[sh("sleep 30")]],
        [[call("run_command", { argv = { "sh", "-c", "sleep 30" }, seconds = 0.1 })]],
        [[call("run_command", { argv = { "sh", "-c", "sleep 30" }, seconds = 3000 })]], [[sh("yes")]],
        [[sh("for i in 1 2 3 4 5 6 7 8; do sleep 9 & done; wait")]],
        [[sh("head -c 9999 /dev/zero > f; rm -f f; exit 3")]],
        [[sh("head -c 9999 /dev/zero > f")]]),
    })
    done(w)
    local limits = {}
    for i, one in ipairs(ran(w)) do
      limits[i] = one.limit or one.exit
    end
    assert.same({ "time", "time", "time", "output", "processes", 3, "files" }, limits)
    assert.truthy(ran(w)[2].ms < 900)
    w:derives()
  end)

  test("goes on after a failure: the model reads it", function()
    local w <close> = project({ mock = play([[sh("echo no >&2; exit 7")]], [[run("cat", "none")]],
      [[call("run_command", { argv = { "cat" }, stdin = "given" })]]) })
    done(w)
    local all = ran(w)
    assert.same({ 7, "no\n" }, { all[1].exit, all[1].stderr })
    assert.equal(1, all[2].exit)
    assert.equal("given", all[3].stdout)
    for _, result in ipairs(results(w)) do
      assert.is_true(result.ok)
    end
  end)

  test("runs an own program of the tree when its path is named, and no link to one", function()
    local w <close> = project({ mock = play(
      [[write("run.sh", "#!/bin/sh\necho ran $0 $1 > made; cat made\n")]],
      [[sh("chmod +x run.sh; ln -s run.sh run2.sh; ./run.sh first")]],
      [[run("./run.sh", "x")]], [[run("./run2.sh", "x")]], [[run("run.sh", "x")]]) })
    done(w)
    local all = results(w)
    assert.equal("ran ./run.sh first\n", ran(w)[1].stdout)
    assert.equal("./run.sh", ran(w)[2].program)
    assert.equal("gate.command.program", all[3].operations[1].refused)
    assert.equal("gate.command.program", all[4].operations[1].refused)
  end)

  test("sees no other card's tree, no journal and no key", function()
    local w <close> = project({
      issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
      mock = play([[write("mine.txt", "secret of A")]],
        [[sh("cat ../*/mine.txt ../../tree/* ../../../../.orket/* ../../../../config/*; ls ..; env | grep -i key; true")]]),
    })
    done(w)
    for _, one in ipairs(ran(w)) do
      assert.equal("secret of A", (one.stdout:gsub("[AB]\n$", "")), one.stdout) -- its own
    end
  end)

  test("runs again when it was interrupted, on the tree of the journal", function()
    local w <close> = project({ mock = play([[write("count", "")]],
      [[sh("echo run >> count; echo junk > junk-$(wc -l < count); touch started; [ -e again ] || { sleep 1; }; cat count")]]) })
    local run = w:start()
    assert(world.wait(function() return w:exists("workspace/ep/cards/A/started") end))
    run.kill("KILL")
    run.wait()
    assert.equal(0, #ran(w))
    done(w)
    assert.equal("run\n", w:made("count"))
    assert.equal(1, #ran(w))
    w:derives()
  end)

  test("an own tool may run programs, and write before and after", function()
    local w <close> = project({
      mock = play([[call("build", {})]]),
      files = {
        ["roles/coder.lua"] = world.orket.read("roles/coder.lua"):gsub("run_command", "build"),
        ["tools/build.lua"] = [[
return {
  name = "build", description = "build", operations = { "proc.run", "fs.write", "fs.read" },
  schema = { type = "object", properties = {}, additionalProperties = false },
  run = function()
    assert(fs.write("a", "one"))
    local first = assert(proc.run({ "sh", "-c", "cat a > b; rm a; echo two > c" }))
    assert(proc.run({ "sh", "-c", "rm c; cat a b > d" }))
    assert(fs.write("e", fs.read("d")))
    local none, failure = proc.run({ "rm", "a" })
    return { first = first.changed, none = none == nil, rule = failure.rule }
  end,
}]],
      },
    })
    done(w)
    assert.same({ "one", "one", "two\n", "oneone", "oneone" },
      { w:made("a"), w:made("b"), w:made("c"), w:made("d"), w:made("e") })
    w:derives()
  end)

  it("has commands that a configuration can be wrong in", function()
    for _, command in ipairs({ { argv = {} }, { argv = { "" } }, { argv = { "bin/x" } }, { argv = { "**" } },
      { argv = { "a", "**", "b" } }, { argv = { "a" }, wall = 0 }, { argv = { "a" }, shell = true } }) do
      local w <close> = project({ commands = { command }, mock = play([[sh("true")]]) })
      local text, code = w:orket("validate")
      assert.equal(1, code, cjson.encode(command) .. text)
      assert.truthy(text:find("command", 1, true) or text:find("argv", 1, true), text)
    end
  end)

  it("is judged by `orket try gate` like any other call", function()
    local w <close> = project({ mock = play([[sh("true")]]) })
    local function try(words)
      w:write("call.json", cjson.encode({ role = "coder",
        card = { id = "A", type = "issue", status = "in_progress" },
        tool = "run_command", arguments = { argv = words } }))
      return cjson.decode((w:orket("try gate . call.json")))
    end
    assert.equal("gate.allow", try({ "sh", "-c", "true" }).rule)
    local no = try({ "rm", "-rf", "x" })
    assert.same({ "deny", "gate.command" }, { no.decision, no.rule })
    assert.truthy(no.why:find("rm -rf x", 1, true))
  end)
end)
