-- ignored_spec.lua: what a command makes that the .gitignore files of its tree name, as builds do.

local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local test = refused and pending or it

local MOCK = [[
function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
function work(talk)
  return steps(talk, %s, function() return say(finish()) end)
end
]]

-- Each step is the calls of one reply; files lie in the epic's tree.
local function project(files, ...)
  local steps, all = { ... }, {}
  for i, text in ipairs(steps) do
    steps[i] = "function() return say(" .. text .. ") end"
  end
  for path, text in pairs(files) do
    all["workspace/ep/tree/" .. path] = text
  end
  return { issues = { { id = "A" } }, files = all, mock = MOCK:format(table.concat(steps, ", ")),
    rules = { commands = { { argv = { "sh", "-c", "*" }, wall = 60 } } } }
end

local function ran(options)
  local w = world.new(options)
  local text, code = w:run()
  assert.equal(0, code, text)
  return w, w:events("command.ran")
end

local function paths(event)
  local found = {}
  for i, change in ipairs(event.body.changes) do
    found[i] = change.path
  end
  table.sort(found)
  return table.concat(found, " ")
end

describe("what .gitignore names", function()
  test("does not stay when a command made it, and the model reads how many files that were", function()
    local w <close>, commands = ran(project({ [".gitignore"] = "build/\n*.o\n", ["a.c"] = "x\n" },
      [[sh("mkdir -p build/deep; echo 1 > build/deep/x; echo 2 > a.o; echo 3 > b.c; cat build/deep/x a.o")]],
      [[sh("find . -type f | sort")]]))
    assert.equal("1\n2\n", commands[1].body.stdout)
    assert.same({ "b.c", 2, 0 }, { paths(commands[1]), commands[1].body.ignored, commands[1].body.put_back })
    assert.equal("./.gitignore\n./a.c\n./b.c\n", commands[2].body.stdout)
    assert.is_nil(commands[2].body.ignored)
    assert.truthy(w:request(2):find("2 new files that .gitignore names did not stay", 1, true))
    assert.same({ "3\n" }, { w:made("b.c"), w:made("a.o") })
    w:replays()
  end)

  test("does not stay in a large tree either, whose cards share layers", function()
    local repository = world.orket.directory()
    for i = 1, 300 do
      world.orket.write(("%s/src/%d.c"):format(repository, i), "x\n")
    end
    world.orket.write(repository .. "/.gitignore", "build/\n")
    local git = "git -C " .. repository .. " -c user.name=P -c user.email=p@example.org "
    local text, code = world.orket.shell(git .. "init -q && " .. git .. "add -A && " .. git .. "commit -qm first 2>&1")
    assert.equal(0, code, text)
    local options = project({}, [[sh("mkdir build; echo 1 > build/x; echo 2 > made")]], [[sh("ls build")]])
    options.source = { repo = repository }
    local w <close>, commands = ran(options)
    assert.same({ "made", 1, "" }, { paths(commands[1]), commands[1].body.ignored, commands[2].body.stdout })
    w:replays()
    world.orket.remove(repository)
  end)

  test("is a change like any other when the tree has the file already", function()
    local w <close>, commands = ran(project({ [".gitignore"] = "*.log\n", ["kept.log"] = "old\n" },
      [[sh("echo new > kept.log; echo new > other.log")]], [[write("mine.log", "by a tool\n")]]))
    assert.same({ "kept.log", 1 }, { paths(commands[1]), commands[1].body.ignored })
    assert.same({ "new\n", "by a tool\n" }, { w:made("kept.log"), w:made("mine.log") })
    w:replays()
  end)

  test("is what git means: files of deeper directories go before, with their negations", function()
    local files = { [".gitignore"] = "*.gen\n/only\nout/*\n!out/keep\n", ["a/.gitignore"] = "!b.gen\n/c\n" }
    local w <close>, commands = ran(project(files,
      [[sh("mkdir -p a/d out only; touch x.gen a/b.gen a/c a/d/c a/only out/keep out/lost only/y")]]))
    assert.equal("a/b.gen a/d/c a/only out/keep", paths(commands[1]))
    assert.equal(4, commands[1].body.ignored)
    local repository = w.dir .. "/git"
    for path, text in pairs(files) do
      world.orket.write(repository .. "/" .. path, text)
    end
    local made = world.orket.shell("cd " .. repository .. " && git init -q . && mkdir -p a/d out only"
      .. " && touch x.gen a/b.gen a/c a/d/c a/only out/keep out/lost only/y && git ls-files -o --exclude-standard")
    assert.equal(".gitignore\na/.gitignore\na/b.gen\na/d/c\na/only\nout/keep\n", made)
  end)

  test("is in no card's way: two that build the same are merged without a conflict", function()
    local options = project({ [".gitignore"] = "build/\n" },
      [[sh("mkdir build; echo $$ $(date +%N) > build/product; echo made > source.$$")]])
    options.issues = { { id = "A" }, { id = "B" } }
    local w <close> = ran(options)
    assert.same({}, w:events("tree.conflict"))
    assert.is_nil(w:made("build/product"))
    w:replays()
  end)

  test("hides nothing when an agent wrote that file: what a command made is gone for the next one", function()
    local w <close>, commands = ran(project({ old = "old\n" }, [[write(".gitignore", "*\n")]],
      [[sh("echo evil > tool; echo changed > old")]], [[sh("ls -A; cat tool")]]))
    assert.same({ "old", 1 }, { paths(commands[1]), commands[1].body.ignored })
    assert.equal(".gitignore\nold\n", commands[2].body.stdout)
    assert.equal("changed\n", w:made("old"))
  end)

  test("stays, and the command ends, where the rules cost too much to follow", function()
    local rules = ("**/a*"):rep(200) .. "b\n"
    local w <close>, commands = ran(project({ [".gitignore"] = rules:rep(100) .. "lost\n" },
      [[sh("mkdir -p $(printf 'a/%.0s' $(seq 60)); for i in $(seq 400); do touch $(printf 'a/%.0s' $(seq 60))aaaaaaaaaa$i; done")]]))
    assert.equal(400, #commands[1].body.changes)
    assert.is_nil(commands[1].body.ignored)
    w:replays()
  end)
end)
