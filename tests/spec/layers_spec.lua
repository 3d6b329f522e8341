-- layers_spec.lua: cards over a large start share read-only layers, and each has only what it differs by.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local GIT = "git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C "

local function git(dir, words)
  local text, code = orket.shell(GIT .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
end

-- A repository with 300 files and some that the agents work on.
local function repository()
  local dir = orket.directory() .. "/repo"
  orket.shell(("mkdir -p %s/many %s/src && cd %s/many && for n in $(seq 300); do echo $n > $n; done"):format(dir, dir,
    dir))
  git(dir, "init -q")
  orket.write(dir .. "/src/main.sh", "echo old\n")
  orket.write(dir .. "/src/gone.txt", "goes\n")
  orket.write(dir .. "/README", "hello\n")
  orket.shell("chmod 755 " .. dir .. "/src/main.sh")
  git(dir, "add -A")
  git(dir, "commit -qm first")
  return dir
end

local SHELL = { commands = { { argv = { "sh", "-c", "*" }, wall = 20 } }, deletes = "allow" }

local MOCK = [[
function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
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

local function project(mock, options)
  options = options or {}
  options.issues = options.issues or { { id = "A" } }
  options.mock, options.source, options.rules = mock, { repo = repository() }, { commands = SHELL.commands }
  return world.new(options)
end

local function done(w, arguments)
  local text, code = w:run(arguments)
  assert.equal(0, code, text)
  return text
end

-- The names below a directory of the project, one a line.
local function below(w, path)
  return (orket.shell(("cd %s/%s && find . ! -type d | sort | sed s/^..//"):format(w.dir, path)))
end

local function layers(w)
  return select(2, orket.shell("ls " .. w.dir .. "/.orket/bases 2>/dev/null"):gsub("\n", "\n"))
end

-- What was recorded, but for when, by whom, and what is another one's in each project.
local function story(w)
  local lines = {}
  for _, event in ipairs(w:events()) do
    local body = event.body
    for _, key in ipairs({ "ms", "commit", "repo", "at", "expires", "version", "seconds", "layers", "pid" }) do
      body[key] = nil
    end
    lines[#lines + 1] = event.kind .. " " .. tostring(event.card)
      .. ((event.kind:find("^file") or event.kind:find("^tree") or event.kind == "command.ran")
        and " " .. cjson.encode({ body.path or "", body.blob or "", body.hash or "", body.changes or {},
          body.refused or {}, body.stdout or "" }) or "")
  end
  return table.concat(lines, "\n")
end

local made = 0

-- A file of the epic or a card, as the journal has it.
local function file(w, what, path)
  made = made + 1
  local text, code = w:orket(("checkout %s %s/out-%d"):format(what, w.dir, made))
  assert.equal(0, code, text)
  path = ("out-%d/%s"):format(made, path)
  return w:exists(path) and w:read(path) or nil
end

local possible = orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true) == nil
local it = possible and it or pending

describe("a card over a large start", function()
  it("has only what it differs by, and the seed is laid out once for all", function()
    local w <close> = project(play(
      [[call("read_file", { path = "many/7" }), call("edit_file", { path = "src/main.sh", old = "old", new = "new" })]],
      [[write("src/made.txt", "made\n"), call("list_directory", { path = "src" })]],
      [[sh("./src/main.sh; cat many/299; ls | tr '\\n' ' '; ls many | wc -l")]]),
      { issues = { { id = "A" }, { id = "B" } } })
    local text = done(w)
    for _, event in ipairs(w:events("command.ran")) do
      assert.equal("new\n299\nREADME many src 300\n", event.body.stdout)
      assert.same({}, event.body.changes)
    end
    for _, card in ipairs({ "A", "B" }) do
      assert.equal("src/made.txt\nsrc/main.sh\n", below(w, "workspace/ep/layers/" .. card .. "/changes"))
    end
    assert.falsy(w:exists("workspace/ep/cards"))
    assert.falsy(w:exists("workspace/ep/tree"))
    assert.equal(1, layers(w))
    assert.equal("echo new\n", file(w, "ep", "src/main.sh"))
    assert.equal("7\n", file(w, "A", "many/7"))
    assert(text:find("files: orket checkout ep DIR", 1, true), text)
    w:replays("ep.1")
  end)

  it("is judged by what a program changed of it, and the rest is as it was", function()
    local w <close> = project(play([[write("own.txt", "own\n"), write("src/two.txt", "two\n")]],
      [[sh("rm own.txt src/gone.txt; rm -r many; mkdir many; echo in > many/new; echo x >> README;" ..
        " mv src/two.txt three.txt; touch src/main.sh; ln -s /etc/passwd link; rm src/main.sh; mkdir -p src/main.sh; echo y > src/main.sh/y")]],
      [[sh("cat own.txt src/gone.txt README src/two.txt three.txt src/main.sh; ls many | wc -l; cat many/new many/300; ls; stat -c %a src/main.sh")]]))
    done(w)
    local first, second = w:events("command.ran")[1].body, w:events("command.ran")[2].body
    local changed, back = {}, {}
    for i, one in ipairs(first.changes) do
      changed[i] = one.path
    end
    for _, one in ipairs(first.refused) do
      back[one.path] = one.rule
    end
    assert.same({ "README", "many/new", "three.txt" }, changed)
    assert.equal("gate.path.name", back.link)
    assert.equal("gate.confirm", back["src/main.sh/y"])
    -- 300 of many, own.txt, gone.txt, two.txt, main.sh, what took its place, the link
    assert.equal(306, first.put_back)
    assert.equal("", second.stderr)
    assert.equal("own\ngoes\nhello\nx\ntwo\ntwo\necho old\n301\nin\n300\n"
      .. "README\nmany\nown.txt\nsrc\nthree.txt\n755\n", second.stdout)
    w:replays("ep.1")
  end)
end)

-- Each card writes 40 files and depends on the one before.
local CHAIN = [[
function work(talk)
  local writes = {}
  for i = 1, 40 do
    writes[i] = write(talk.card .. "/" .. i, talk.card)
  end
  writes[41] = write("last", talk.card)
  return talk.replies == 0 and say(table.unpack(writes)) or say(finish())
end
]]

local is_root = orket.shell("id -u") == "0\n"

describe("an ordinary user", function()
  (is_root and it or pending)("has layers as root has, and can remove all that they leave", function()
    local w <close> = project(play([[write("src/made.txt", "made\n")]],
      [[sh("cat src/made.txt README; echo more >> README; rm many/1")]], [[sh("cat many/1")]]))
    local repo = cjson.decode(w:read("config/epics/ep.json")).source.repo:match("^(.*)/")
    orket.shell(("mkdir %s/tmp; chown -R 65534:65534 %s %s"):format(w.dir, w.dir, repo))
    w.environment = ("TMPDIR=%s/tmp HOME=%s setpriv --reuid=65534 --regid=65534 --clear-groups env"):format(w.dir,
      w.dir)
    done(w)
    local ran = w:events("command.ran")
    assert.equal("made\nhello\n", ran[1].body.stdout)
    assert.equal("1\n", ran[2].body.stdout)
    assert.equal("README\nsrc/made.txt\n", below(w, "workspace/ep/layers/A/changes"))
    w:derives()
    assert.equal("", orket.shell(("ls %s/tmp"):format(w.dir)))
    local text, code = orket.shell(("setpriv --reuid=65534 --regid=65534 --clear-groups rm -r %s/workspace %s/.orket 2>&1"):format(
      w.dir, w.dir))
    assert.equal(0, code, text)
  end)
end)

describe("a chain of cards", function()
  it("costs by its length: many changes become a layer that those who come later share", function()
    local issues = {}
    for i = 1, 6 do
      issues[i] = { id = "C" .. i, depends_on = i > 1 and { "C" .. i - 1 } or nil }
    end
    local w <close> = project(CHAIN, { issues = issues })
    done(w)
    assert.equal(3, layers(w)) -- the base, that of two cards and that of four
    local counts = {}
    for i = 1, 6 do
      counts[i] = select(2, below(w, "workspace/ep/layers/C" .. i .. "/changes"):gsub("\n", "\n"))
    end
    assert.same({ 41, 81, 41, 81, 41, 81 }, counts)
    assert.equal("C6", file(w, "ep", "last"))
    assert.equal("C3", file(w, "C6", "C3/40"))
    w:replays("ep.1")
  end)

  it("without any seed has layers as soon as its starts are large", function()
    local issues = {}
    for i = 1, 9 do
      issues[i] = { id = "C" .. i, depends_on = i > 1 and { "C" .. i - 1 } or nil }
    end
    local w <close> = world.new({ issues = issues, mock = CHAIN })
    done(w)
    assert.equal(1, layers(w)) -- of 281 files
    assert(w:exists("workspace/ep/cards/C7/C6/40"))
    assert.equal(41, select(2, below(w, "workspace/ep/layers/C8/changes"):gsub("\n", "\n")))
    assert.equal(81, select(2, below(w, "workspace/ep/layers/C9/changes"):gsub("\n", "\n")))
    assert.equal("C9", w:made("last"))
    w:replays("ep.1")
  end)
end)

local WORK = play([[call("edit_file", { path = "src/main.sh", old = "old", new = "new" }), write("own/made.txt", "made\n")]],
  [[sh("cat src/main.sh own/made.txt; echo more >> own/made.txt; rm many/3; ls src; echo w > many/4")]],
  [[sh("cat many/3 many/4 own/made.txt")]])

local DELETES = MOCK .. [[
function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(call("delete_file", { path = "src/gone.txt" })) end,
      function() return say(finish()) end)
  end
  return steps(talk, function() return say(sh("ls src")) end, function() return say(finish()) end)
end
]]

describe("where layers are not whole", function()
  it("a base that was changed or is incomplete is made anew, and cards see nothing of it", function()
    local w <close> = project(play([[call("read_file", { path = "README" })]], [[sh("cat README many/9")]]))
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    orket.shell(("cd %s/.orket/bases/*/files && echo forged > README && rm many/9"):format(w.dir))
    done(w)
    assert.equal("hello\n9\n", w:events("command.ran")[1].body.stdout)
    assert.equal(1, layers(w))
    w:replays("ep.1")
  end)

  it("what a person puts into the changes of a card is kept aside, and taken back", function()
    local w <close> = project(WORK)
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    local changes = "workspace/ep/layers/A/changes/"
    w:write(changes .. "src/main.sh", "a person's\n")
    w:write(changes .. "mine.txt", "mine\n")
    orket.shell(("rm -r %s/%sown"):format(w.dir, changes))
    done(w)
    local kept = w:events("tree.kept")
    assert.equal(1, #kept)
    assert.same({ "mine.txt", "src/main.sh" }, kept[1].body.paths)
    assert.equal("mine\n", w:read(kept[1].body.place .. "/mine.txt"))
    assert.equal("echo new\n", file(w, "ep", "src/main.sh"))
    assert.is_nil(file(w, "ep", "mine.txt"))
    assert.equal("made\nmore\n", file(w, "ep", "own/made.txt"))
    w:replays("ep.1")
  end)

  it("a kill at any point of making them leaves what the next run completes", function()
    for _, point in ipairs({ "layer_sync_before:1", "layer_sync_after:1", "layer_rename_before:1",
      "layer_rename_after:1", "union_mount_before:1", "union_mount_before:2", "union_mount_before:4",
      "file_create_before:150" }) do
      local w <close> = project(WORK)
      assert(w:killed(point), "the run did not come to " .. point)
      done(w)
      assert.equal("echo new\n", file(w, "ep", "src/main.sh"), point)
      assert.equal("made\nmore\n", file(w, "ep", "own/made.txt"), point)
      assert.equal("3\n", file(w, "ep", "many/3"), point)
      assert.equal(1, layers(w), point)
      assert.equal(1, #w:events("tree.merged"), point)
      w:replays("ep.1")
    end
  end)

  it("a file that is gone is hidden by a whiteout, which a kill leaves whole or not at all", function()
    for _, point in ipairs({ "file_hide_before:1", "file_hide_after:1" }) do
      local w <close> = project(DELETES, { issues = { { id = "A" }, { id = "B", depends_on = { "A" } } } })
      assert.equal(3, (select(2, w:run())))
      assert.equal(0, (select(2, w:orket("approve " .. w:pending()[1].id))))
      assert(w:killed(point), "the run did not come to " .. point)
      done(w)
      assert.equal("src/gone.txt\n", below(w, "workspace/ep/layers/B/changes"))
      assert.equal("main.sh\n", w:events("command.ran")[1].body.stdout)
      assert.is_nil(file(w, "ep", "src/gone.txt"))
      w:replays("ep.1")
    end
  end)

  it("a kernel that shows no layers has plain directories, with the same journal", function()
    local stories = {}
    for i, fault in ipairs({ "", "ORKET_FAULT=union_mount_before:1:enospc" }) do
      local w <close> = project(WORK)
      w.binary, w.environment = world.faulty, fault
      done(w)
      assert.equal(i == 1, w:exists("workspace/ep/layers/A"))
      assert.equal(i == 2, w:exists("workspace/ep/cards/A/many/300"))
      stories[i] = story(w)
    end
    assert.equal(stories[1], stories[2])
  end)

  it("a tree that was begun as a plain directory stays one", function()
    local w <close> = project(WORK)
    w.binary, w.environment = world.faulty, "ORKET_FAULT=union_mount_before:1:enospc"
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    w.environment = ""
    done(w)
    assert.falsy(w:exists("workspace/ep/layers/A"))
    assert.equal("echo new\n", file(w, "ep", "src/main.sh"))
    w:replays("ep.1")
  end)
end)

local COUNTS = play([[write("src/made.txt", "made\n")]], [[sh("cat src/made.txt many/17 own 2>/dev/null; ls | wc -l")]])

describe("a card over a large start, by a person's acts", function()
  it("a fork has the files of then, and no directory of them", function()
    local w <close> = project(COUNTS, { issues = { { id = "A" }, { id = "B", depends_on = { "A" } } } })
    done(w)
    local text, code = w:orket("fork --json ep.1@" .. math.floor(w:events("tree.merged")[1].seq))
    assert.equal(0, code, text)
    local epic = "ep-f1"
    done(w, epic)
    assert.equal("made\n", file(w, epic, "src/made.txt"))
    assert.equal("300\n", file(w, epic, "many/300"))
    assert.falsy(w:exists("workspace/" .. epic .. "/tree"))
    assert.equal(0, select(2, w:check()))
  end)

  it("a run that begins again at a card takes out what that had brought", function()
    local w <close> = project(COUNTS, { issues = { { id = "A" }, { id = "B", depends_on = { "A" } } } })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return w:card("B").status == "in_progress" end))
    run.kill("KILL")
    run.wait()
    w:release("B")
    local text, code = w:orket("resume --plain --from A")
    assert.equal(0, code, text)
    assert.equal(2, #w:events("command.ran") - 1)
    assert.equal("made\n", file(w, "ep", "src/made.txt"))
    assert.equal(0, select(2, w:check()))
  end)

  it("what a person puts is the card's, also out of what it changed", function()
    local w <close> = project(COUNTS)
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    w:write("workspace/ep/layers/A/changes/own", "put\n")
    local text, code = w:orket("put A workspace/ep/layers/A/changes/own")
    assert.equal(0, code, text)
    done(w)
    assert.equal("put\n", file(w, "ep", "own"))
    assert.same({}, w:events("tree.kept"))
    w:replays("ep.1")
  end)

  it("a verification runs on the whole, and leaves nothing", function()
    local w <close> = project(play([[write("src/made.txt", "made\n")]]),
      { issues = { { id = "A", verification = { fixture_path = "all.json" } } } })
    w:write("verification/all.json", cjson.encode({ argv = { "sh", "-c",
      "test $(ls many | wc -l) = 300 && grep made src/made.txt && rm -r many && echo x > left && mkdir many" } }))
    done(w)
    assert.equal("src/made.txt\n", below(w, "workspace/ep/layers/A/changes"))
    assert.is_true(w:events("verify.done")[1].body.ok)
    assert.equal("300\n", file(w, "A", "many/300"))
  end)

  it("orket update gives it the new commit, also in a process that has seen the old one, and no directory", function()
    local w <close> = project(play([[call("request_excuse", { reason = "what now?" })]]), { issues = { { id = "A" } } })
    local other = cjson.decode(w:read("config/epics/ep.json"))
    other.issues[1].id, other.source = "O", nil
    w:write("config/epics/other.json", cjson.encode(other))
    assert.equal(3, select(2, w:run()))
    w:hold("O")
    local run = w:start("other")
    assert(world.wait(function() return w:card("O").status == "in_progress" end))
    w:write("one", "put\n")
    assert.equal("put into A: one\n", (w:orket("put A one")))
    local repo = cjson.decode(w:read("config/epics/ep.json")).source.repo
    orket.write(repo .. "/many/7", "seven\n")
    os.remove(repo .. "/many/8")
    git(repo, "commit -qam next")
    local text, code = w:orket("update ep")
    assert.equal(0, code, text)
    w:write("two", "put\n")
    assert.equal("put into A: two\n", (w:orket("put A two")))
    assert.equal("one\ntwo\n", below(w, "workspace/ep/layers/A/changes"))
    assert.equal(2, layers(w))
    assert.falsy(w:exists("workspace/ep/tree"))
    w:release("O")
    run.wait()
    assert.equal("seven\n", file(w, "A", "many/7"))
    assert.is_nil(file(w, "A", "many/8"))
  end)

  it("orket gc removes layers from which no open epic starts, and what was not finished", function()
    local w <close> = project(COUNTS)
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    orket.shell(("mkdir -p %s/.orket/bases/making-x/files"):format(w.dir))
    local text, code = w:orket("gc --keep 0s --json")
    assert.equal(0, code, text)
    assert.equal(".orket/bases/making-x", cjson.decode(text).bases[1].path)
    assert.equal(1, layers(w))
    done(w)
    text, code = w:orket("gc --keep 0s")
    assert.equal(0, code, text)
    assert(text:find("from which no open epic starts: 304 files", 1, true), text)
    assert.falsy(w:exists(".orket/bases") or w:exists("workspace/ep/layers"))
    assert.equal("made\n", file(w, "ep", "src/made.txt"))
  end)
end)

-- Marks with which a later mount would show another file, or none.
local MARK = [[
import os
for space in ("user", "trusted"):
    for name in ("redirect", "metacopy", "opaque", "origin", "whiteout", "xwhiteouts", "impure"):
        for path in ("own", "own/file", "many", "many/9", "."):
            for value in (b"y", b"x", b"/../../../../../.orket/bases", b""):
                try:
                    os.setxattr(path, space + ".overlay." + name, value)
                except OSError:
                    pass
]]

-- Those that a program made: the kernel has marks of origin of its own, and makes others harmless.
local MARKS = [[
import os, sys
for above, directories, files in os.walk(sys.argv[1]):
    for path in [above] + [above + "/" + name for name in files]:
        for name in os.listxattr(path, follow_symlinks=False):
            if name.split(".")[-1] in ("redirect", "metacopy", "opaque", "whiteout", "xwhiteouts") and not name.startswith("user.overlay.overlay."):
                print(path, name)
]]

describe("a program over layers", function()
  it("reaches no layer and no other card's changes", function()
    local w <close> = project(play(
      [[sh("cat ../../layers/*/changes/* ../../../../.orket/bases/*/files/README 2>/dev/null; ls ../.. ..; mount | grep -c overlay; for d in / /run /tmp; do echo x 2>/dev/null > $d/layer.txt; done; grep -o 'lowerdir=[^,]*' /proc/self/mountinfo | head -1 >&2")]],
      [[sh("echo forged >> README; cat README")]]),
      { issues = { { id = "A" }, { id = "B" } } })
    done(w)
    for _, event in ipairs(w:events("command.ran")) do
      if not event.body.stdout:find("forged") then
        assert.is_nil(event.body.stdout:find("hello", 1, true), event.body.stdout)
        assert.is_nil(event.body.stderr:find(w.dir, 1, true), event.body.stderr)
      end
    end
    assert.equal("hello\n", orket.shell(("cat %s/.orket/bases/*/files/README"):format(w.dir)))
  end)

  it("cannot mark its files for the kernel: no mark of its own reaches its changes", function()
    local w <close> = project(play([[write("own/file", "own\n"), write("mark.py", MARK)]],
      [[sh("python3 -I mark.py; mknod many/7 c 0 0; mknod own/gone c 0 0; cat own/file many/7")]], [[sh("cat own/file; ls -a own")]])
      .. '\nMARK = [==[' .. MARK .. ']==]')
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    local marks = orket.shell(("python3 -I -c '%s' %s/workspace/ep/layers/A/changes"):format(MARKS, w.dir))
    assert.equal("", marks)
    done(w)
    local ran = w:events("command.ran")
    assert.equal("own\n7\n", ran[1].body.stdout)
    assert(ran[1].body.stderr:find("mknod", 1, true), ran[1].body.stderr)
    assert.equal("own\n.\n..\nfile\n", ran[2].body.stdout)
  end)
end)
