-- repository_spec.lua: an epic starts from a commit of a person's repository.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local TEAM = [[
function work(talk)
  return steps(talk,
    function() return say(call("read_file", { path = "src/main.sh" }), call("write_file", { path = "src/new.txt", content = "new\n" })) end,
    function() return say(call("edit_file", { path = "src/main.sh", old = "old", new = "better" })) end,
    function() return say(finish()) end)
end
]]

local PLANNED = [[
function plan(tool)
  return tool == "propose_requirements" and { requirements = { "it is done" } } or sound()
end

function work() return say(write("made.txt", "made\n"), finish()) end
]]

local GIT = "git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C "

local function git(dir, words)
  local text, code = orket.shell(GIT .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

-- A repository with one commit of these files; text or {text, executable}.
local function repository(files)
  local dir = orket.directory() .. "/repo"
  orket.shell("mkdir -p " .. dir)
  git(dir, "init -q")
  for path, text in pairs(files) do
    orket.write(dir .. "/" .. path, text)
  end
  orket.shell("chmod 755 " .. dir .. "/src/main.sh")
  git(dir, "add -A")
  git(dir, "commit -qm first")
  return dir
end

local FILES = { ["src/main.sh"] = "#!/bin/sh\necho old\n", ["README"] = "hello\n", ["empty"] = "",
  ["bytes.bin"] = "\0\255\1" }

local function mode(path)
  return (orket.shell("stat -c %a " .. path):gsub("\n", ""))
end

describe("an epic with a source", function()
  it("starts from the commit, with its modes, and records which one it was", function()
    local dir = repository(FILES)
    orket.shell("ln -s /README " .. dir .. "/link")
    git(dir, "add -A")
    git(dir, "commit -qm second")
    orket.write(dir .. "/uncommitted", "not in\n")
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM, source = { repo = dir } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local source = w:events("source.imported")[1].body
    assert.equal(git(dir, "rev-parse HEAD"), source.commit)
    assert.same({ "src/main.sh" }, source.executable)
    assert.same({ { path = "link", why = "a symbolic link stays: it leads to an absolute path" } }, source.left)
    assert.equal("#!/bin/sh\necho better\n", w:made("src/main.sh"))
    assert.equal("755", mode(w.dir .. "/workspace/ep/tree/src/main.sh"))
    assert.same({ "\0\255\1", "", "new\n" }, { w:made("bytes.bin"), w:made("empty"), w:made("src/new.txt") })
    assert.is_nil(w:made("uncommitted"))
    assert(text:find(("starts from commit %s of %s, 1 left out"):format(source.commit:sub(1, 12), dir), 1,
      true), text)
    assert.is_nil(text:find("wrote README", 1, true))
    w:replays("ep.1")
    for _, what in ipairs({ "ep", "A" }) do
      w:orket("checkout " .. what .. " " .. w.dir .. "/out-" .. what)
      assert.same({ "755", "644" }, { mode(w.dir .. "/out-" .. what .. "/src/main.sh"), mode(w.dir .. "/out-" .. what .. "/README") })
    end
  end)
end)

local COMMAND = [[
function work(talk)
  return steps(talk,
    function() return say(call("run_command", { argv = { "sh", "src/main.sh" } })) end,
    function() return say(finish()) end)
end
]]

describe("a worktree of a repository", function()
  it("is a source, and the branch goes into the repository that it belongs to", function()
    local dir = repository(FILES)
    git(dir, "worktree add -q ../side")
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM, source = { repo = dir .. "/../side" } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("1", git(dir, "rev-list --count main..orket/ep"))
  end)
end)

describe("a source of the organization", function()
  it("is that of epics, not of plans and conversations, which read no files", function()
    local dir = repository(FILES)
    local w <close> = world.new({ issues = { { id = "A" } }, mock = orket.read("tests/support/planner.lua") .. PLANNED })
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.source = { repo = dir }
    w:write("config/organization.json", cjson.encode(organization))
    local text, code = w:orket("plan 'do it well'")
    assert.equal(3, code, text)
    assert.same({}, w:events("source.imported"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("ep", w:events("source.imported")[1].card)
  end)
end)

local DELETES = [[
function work(talk)
  return steps(talk,
    function() return say(call("run_command", { argv = { "rm", "src/main.sh" } })) end,
    function() return say(call("run_command", { argv = { "stat", "-c", "%a", "src/main.sh" } })) end,
    function() return say(finish()) end)
end
]]

describe("a file that may be executed", function()
  it("may be executed again when a command deleted it, which is put back", function()
    local dir = repository(FILES)
    local w <close> = world.new({ issues = { { id = "A" } }, mock = DELETES, source = { repo = dir },
      rules = { commands = { { argv = { "rm", "src/main.sh" } }, { argv = { "stat", "**" } } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("755\n", w:events("command.ran")[2].body.stdout)
  end)
end)

describe("a repository of more files than one look", function()
  it("has its commands run, and what they leave is taken over", function()
    local dir = repository({ ["src/main.sh"] = "echo from the repository >made.txt\n" })
    orket.shell(("mkdir %s/many && cd %s/many && seq 11000 | xargs touch"):format(dir, dir))
    git(dir, "add -A")
    git(dir, "commit -qm many")
    local w <close> = world.new({ issues = { { id = "A" } }, mock = COMMAND, source = { repo = dir },
      rules = { commands = { { argv = { "sh", "src/main.sh" } } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(text:find("files: orket checkout ep DIR writes them out", 1, true), text)
    assert.falsy(w:exists("workspace/ep/tree"))
    assert.equal(0, select(2, w:orket("checkout ep " .. w.dir .. "/out")))
    assert.equal("from the repository\n", w:read("out/made.txt"))
    assert(w:exists("out/many/11000"))
  end)
end)

describe("a repository that cannot be read", function()
  it("ends the run before its first card, and the next run goes on when it is mended", function()
    local dir = orket.directory() .. "/repo"
    orket.shell("git init -q " .. dir)
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM, source = { repo = dir } })
    local text, code = w:run()
    assert.equal(1, code)
    assert(text:find("ERR_GIT: the repository has no commit HEAD", 1, true), text)
    assert.same({ {}, {} }, { w:events("turn.started"), w:events("source.imported") })
    orket.write(dir .. "/src/main.sh", "echo old\n")
    git(dir, "add -A")
    git(dir, "commit -qm first")
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("echo better\n", w:made("src/main.sh"))
    w:replays("ep.1")
  end)
end)

local TWO = [[
function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(call("edit_file", { path = "src/main.sh", old = "old", new = "better" }), write("new.txt", "new\n"), finish()) end)
  end
  return steps(talk, function() return say(write("new.txt", "newer\n"), finish()) end)
end
]]

local ASKS = [[
function work(talk)
  if talk.card == "B" and not talk.text:find("go on") then
    return say(call("request_excuse", { reason = "what now?" }))
  elseif talk.card == "B" then
    return say(write("made", "by B"), finish())
  end
  return say(write(talk.card == "A" and "old" or "new", "by " .. talk.card), finish())
end
]]

describe("orket branch", function()
  it("makes a commit for each card on the commit that the epic started from, and the same ones again",
    function()
    local dir = repository(FILES)
    orket.shell("ln -s README " .. dir .. "/link")
    git(dir, "add -A")
    git(dir, "commit -qm second")
    local base, status = git(dir, "rev-parse HEAD"), git(dir, "status --porcelain")
    local w <close> = world.new({ issues = { { id = "A", name = "Better words" },
      { id = "B", depends_on = { "A" } } }, mock = TWO,
      source = { repo = dir } })
    local text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:orket("branch ep")
    assert.equal(0, code, text)
    local head = git(dir, "rev-parse orket/ep")
    assert.equal(("orket/ep: 2 commits, now %s, in %s\n"):format(head:sub(1, 12), dir), text)
    assert.equal("dev|Better words\ndev|Issue B",
      git(dir, "log --reverse --format='%an|%s' " .. base .. "..orket/ep"))
    assert.equal("A", git(dir,
      "log -1 --format='%(trailers:key=Orket-Card,valueonly,separator=)' orket/ep~1"))
    assert.equal(" new.txt     | 1 +\n src/main.sh | 2 +-\n 2 files changed, 2 insertions(+), 1 deletion(-)",
      git(dir, "diff --stat " .. base .. " orket/ep"))
    assert.equal("120000 100755",
      git(dir, "ls-tree -r --format='%(objectmode)' orket/ep link src/main.sh"):gsub("\n", " "))
    assert.equal("newer", git(dir, "show orket/ep:new.txt"))
    assert.same({ base, status }, { git(dir, "rev-parse HEAD"), git(dir, "status --porcelain") })
    assert.equal("", git(dir, "fsck --no-dangling"))
    git(dir, "update-ref -d refs/heads/orket/ep")
    w:orket("branch ep")
    assert.equal(head, git(dir, "rev-parse orket/ep"))
  end)

  it("goes on from what was there when a card is begun anew, and a fork has a branch of its own", function()
    local dir = repository(FILES)
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = ASKS, source = { repo = dir } })
    assert.equal(3, select(2, w:run()))
    assert.equal(0, select(2, w:orket("branch ep")))
    local before = git(dir, "rev-parse orket/ep")
    assert.equal("by A", git(dir, "show orket/ep:old"))
    w:orket("comment B 'go on'")
    local text, code = w:orket("resume --plain --from A")
    assert.equal(0, code, text)
    text, code = w:orket("branch ep")
    assert.equal(0, code, text)
    assert.equal("Issue A|work is taken out|Issue A|Issue B", (git(dir, "log --reverse --format=%s main..orket/ep"):gsub("\n", "|")))
    assert.equal(before, git(dir, "rev-parse orket/ep~3"))
    assert.equal("README bytes.bin empty made new src/main.sh", (git(dir, "ls-tree -r --name-only orket/ep"):gsub("\n", " ")))
    w:replays("ep.1")
    local turn = w:events("turn.prompted")[1]
    text, code = w:orket("fork --json ep.1@" .. math.tointeger(turn.seq))
    assert.equal(0, code, text)
    text, code = w:orket("branch " .. cjson.decode(text).run:match("^(.*)%.%d+$"))
    assert.equal(0, code, text)
    assert(text:find("has merged nothing yet", 1, true), text)
  end)

  it("leaves a branch alone that a person has checked out or continued", function()
    local dir = repository(FILES)
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TWO, source = { repo = dir } })
    w:run()
    w:orket("branch ep")
    git(dir, "checkout -q orket/ep")
    local text, code = w:orket("branch ep")
    assert.equal(1, code)
    assert(text:find("ERR_EXISTS: refs/heads/orket/ep is checked out in a worktree", 1, true), text)
    git(dir, "commit -q --allow-empty -m mine")
    git(dir, "checkout -q main")
    local mine = git(dir, "rev-parse orket/ep")
    text, code = w:orket("branch ep")
    assert.equal(1, code)
    assert(text:find("holds commits that are not of this epic", 1, true), text)
    assert.equal(mine, git(dir, "rev-parse orket/ep"))
  end)
end)
