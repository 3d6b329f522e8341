-- upstream_spec.lua: the repository that an epic started from moves while the epic is worked on, and a person
-- has the new commit merged into it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- A changes a file and is done; B asks first, then works with what it finds.
local WORK = [[
function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(call("read_file", { path = "src/main.sh" })) end,
      function() return say(call("edit_file", { path = "src/main.sh", old = "echo two", new = "echo zwei" }), write("a.txt", "a\n"), finish()) end)
  elseif talk.card == "ep-upstream-1" then
    return steps(talk, function() return say(call("read_file", { path = "src/main.sh" })) end,
      function() return say(write("src/main.sh", "#!/bin/sh\necho one\necho both\necho three\n"), finish()) end)
  elseif not talk.text:find("go on") then
    return say(call("request_excuse", { reason = "what now?" }))
  end
  return steps(talk, function() return say(call("read_file", { path = "README" })) end,
    function() return say(write("b.txt", table.concat(talk.said)), finish()) end)
end
]]

local FILES = { ["src/main.sh"] = "#!/bin/sh\necho one\necho two\necho three\n", README = "hello\n", gone = "gone\n",
  ["tool.sh"] = "#!/bin/sh\n" }

local function git(dir, words)
  local text, code = orket.shell("git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C " .. dir
    .. " " .. words .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

local function commit(dir, files)
  for path, text in pairs(files) do
    orket.write(dir .. "/" .. path, text)
  end
  git(dir, "add -A")
  git(dir, "commit -qm next")
  return git(dir, "rev-parse HEAD")
end

-- An epic whose card A is done and whose card B waits, on a repository.
local function begun(more)
  local dir = orket.directory() .. "/repo"
  orket.shell("mkdir -p " .. dir)
  git(dir, "init -q")
  orket.shell(("ln -s README %s/link"):format(dir))
  local first = commit(dir, FILES)
  local w = world.new(world.merged({ issues = { { id = "A" }, { id = "B" } }, mock = WORK, source = { repo = dir } }, more))
  local text, code = w:run()
  assert.equal(3, code, text)
  return w, dir, first
end

local function go_on(w)
  w:orket("comment B 'go on'")
  w:orket("move B in_progress")
  local text, code = w:orket("resume --plain ep.1")
  assert.equal(0, code, text)
  return text
end

describe("orket update", function()
  it("merges the new commit into the epic's files, its open cards and its branch", function()
    local w <close>, dir, first = begun()
    os.remove(dir .. "/gone")
    orket.shell(("chmod 755 %s/tool.sh && ln -sfn src/main.sh %s/link"):format(dir, dir))
    local second = commit(dir, { README = "hello again\n", ["new/file"] = "new\n", ["src/main.sh"] = "#!/bin/sh\n# said\necho one\necho two\necho three\n" })
    local text, code = w:orket("update ep")
    assert.equal(0, code, text)
    assert.equal(("ep: commit %s is merged, 4 files changed\n"):format(second:sub(1, 12)), text)
    assert.same({ "hello again\n", "new\n", nil, "#!/bin/sh\n# said\necho one\necho zwei\necho three\n" },
      { w:made("README"), w:made("new/file"), w:made("gone"), w:made("src/main.sh") })
    assert.equal("755\n", (orket.shell("stat -c %a " .. w.dir .. "/workspace/ep/tree/tool.sh")))
    text, code = w:orket("update ep")
    assert.equal(0, code, text)
    assert.equal("ep has this commit: " .. second:sub(1, 12) .. "\n", text)
    go_on(w)
    assert(w:made("b.txt"):find("hello again", 1, true), w:made("b.txt"))
    w:replays("ep.1")
    assert.equal(0, select(2, w:orket("check")))
    text, code = w:orket("branch ep")
    assert.equal(0, code, text)
    assert.equal(("Issue A|Merge commit '%s'|Issue B"):format(second), (git(dir, "log --first-parent --reverse --format=%s " .. first .. "..orket/ep"):gsub("\n", "|")))
    assert.equal(second, git(dir, "rev-parse orket/ep~1^2"))
    assert.equal("a.txt b.txt src/main.sh", (git(dir, "diff --name-only " .. second .. " orket/ep"):gsub("\n", " ")))
    local head = git(dir, "rev-parse orket/ep")
    git(dir, "update-ref -d refs/heads/orket/ep")
    w:orket("branch ep")
    assert.equal(head, git(dir, "rev-parse orket/ep"))
    assert.equal("", git(dir, "fsck --no-dangling"))
    local changed = cjson.decode((w:orket("diff --json ep")))
    assert.same({ "a.txt", "b.txt", "src/main.sh" }, { changed.files[1].path, changed.files[2].path, changed.files[3].path })
  end)

  it("makes a card of what a finished card changed in the same place, which has both sides", function()
    local w <close>, dir = begun()
    local second = commit(dir, { ["src/main.sh"] = "#!/bin/sh\necho one\necho deux\necho three\n", README = "hello again\n" })
    local text, code = w:orket("update ep --json")
    assert.equal(0, code, text)
    local data = cjson.decode(text)
    assert.same({ "ep-upstream-1", { "src/main.sh" }, 1 }, { data.conflict, data.paths, data.changed })
    assert.same({ "hello again\n", "#!/bin/sh\necho one\necho zwei\necho three\n" }, { w:made("README"), w:made("src/main.sh") })
    go_on(w)
    local card = w:card("ep-upstream-1")
    assert.same({ "done", "dev", { "A" } }, { card.status, card.seat, card.depends_on })
    assert.equal("#!/bin/sh\necho one\necho both\necho three\n", w:made("src/main.sh"))
    local seen = w:orket("transcript --full ep-upstream-1")
    assert(seen:find("<<<<<<< upstream " .. second:sub(1, 12), 1, true) and seen:find("echo deux", 1, true)
      and seen:find("echo zwei", 1, true), seen)
    w:replays("ep.1")
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("echo both", git(dir, "show orket/ep:src/main.sh"):match("echo b%w+"))
    assert.equal(0, select(2, w:orket("check")))
  end)

  it("sends an open card back that changed the same place, when it is merged", function()
    local w <close>, dir = begun({ mock = [[
      function work(talk)
        if talk.card == "A" then
          return say(finish())
        elseif talk.text:find("Merge conflict") or talk.text:find("<<<<<<<") or talk.text:find("conflict") then
          return steps(talk, function() return say(call("read_file", { path = "src/main.sh" })) end,
            function() return say(write("src/main.sh", "#!/bin/sh\necho one\necho both\necho three\n"), finish()) end)
        end
        return steps(talk, function() return say(call("edit_file", { path = "src/main.sh", old = "echo two", new = "echo zwei" })) end,
          function() return say(talk.text:find("go on") and finish() or call("request_excuse", { reason = "what now?" })) end)
      end]] })
    commit(dir, { ["src/main.sh"] = "#!/bin/sh\necho one\necho deux\necho three\n" })
    assert.equal(0, select(2, w:orket("update ep")))
    assert.equal("#!/bin/sh\necho one\necho deux\necho three\n", w:made("src/main.sh"))
    go_on(w)
    assert.equal("B", w:events("tree.conflict")[1].card)
    assert.equal("#!/bin/sh\necho one\necho both\necho three\n", w:made("src/main.sh"))
    w:replays("ep.1")
  end)

  it("happens whole or not at all when it is killed, and its files follow", function()
    for point, is_merged in pairs({ ["log_write_before:1"] = false, ["file_write_before:1"] = true, ["file_write_before:2"] = true }) do
      local w <close>, dir = begun()
      os.remove(dir .. "/gone")
      commit(dir, { README = "hello again\n", ["new/file"] = "new\n" })
      assert.is_true(w:command_killed("update ep", point), point)
      assert.equal(is_merged and 1 or 0, #w:events("source.updated"), point)
      local text, code = w:orket("update ep")
      assert.equal(0, code, text)
      assert.equal(1, #w:events("source.updated"), point)
      go_on(w)
      assert.same({ "hello again\n", "new\n" }, { w:made("README"), w:made("new/file") }, point)
      assert.is_nil(w:made("gone"), point)
      w:replays("ep.1")
    end
  end)

  it("leaves what lies outside of the epic's part as it is in the new commit", function()
    local dir = orket.directory() .. "/repo"
    orket.shell("mkdir -p " .. dir)
    git(dir, "init -q")
    local first = commit(dir, { ["app/src/main.sh"] = FILES["src/main.sh"], ["app/README"] = "hello\n", ["other/x"] = "1\n" })
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = WORK, source = { repo = dir, subdir = "app" } })
    assert.equal(3, select(2, w:run()))
    local second = commit(dir, { ["other/x"] = "2\n", ["other/y"] = "new\n" })
    local text, code = w:orket("update ep")
    assert.equal(0, code, text)
    assert(text:find("0 files changed", 1, true), text)
    go_on(w)
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("2\nnew", git(dir, "show orket/ep:other/x orket/ep:other/y"))
    assert.equal(second, git(dir, "rev-parse orket/ep~1^2"))
    assert.equal("app/a.txt app/b.txt app/src/main.sh", (git(dir, "diff --name-only " .. second .. " orket/ep"):gsub("\n", " ")))
    assert.equal("3", git(dir, "rev-list --first-parent --count " .. first .. "..orket/ep"))
  end)

  it("reaches no fork that was made before it, and a second commit lies on the first", function()
    local w <close>, dir = begun()
    local turn = w:events("turn.prompted")[1]
    local text, code = w:orket("fork --json ep.1@" .. math.tointeger(turn.seq))
    assert.equal(0, code, text)
    local fork = cjson.decode(text).run:match("^(.*)%.%d+$")
    commit(dir, { README = "second\n" })
    assert.equal(0, select(2, w:orket("update ep")))
    commit(dir, { README = "third\n" })
    assert.equal(0, select(2, w:orket("update ep")))
    assert.equal("third\n", w:made("README"))
    w:orket("checkout " .. fork .. " " .. w.dir .. "/out")
    assert.equal("hello\n", w:read("out/README"))
    text, code = w:orket("update " .. fork)
    assert.equal(1, code)
    assert(text:find("is a fork", 1, true), text)
    go_on(w)
    w:replays("ep.1")
    assert.equal(3, select(2, w:orket("resume --plain " .. fork .. ".1")))
    w:replays(fork .. ".1")
    assert.equal("hello\n", w:read("workspace/" .. fork .. "/tree/README"))
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("third", git(dir, "show orket/ep:README"))
    assert.equal(0, select(2, w:orket("check")))
  end)

  it("is refused for what is finished, did not start, is worked on or has no repository", function()
    local w <close>, dir = begun()
    commit(dir, { README = "again\n" })
    go_on(w)
    local text, code = w:orket("update ep")
    assert.equal(1, code)
    assert(text:find("ERR_TRANSITION: ep is done", 1, true), text)
    local other <close> = world.new({ issues = { { id = "A" } }, mock = WORK })
    other:orket("sync")
    text, code = other:orket("update ep")
    assert.equal(1, code)
    assert(text:find("started from no repository, or did not start yet", 1, true), text)
  end)
end)
