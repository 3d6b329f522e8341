-- git_patch_spec.lua: what `orket diff` prints into a pipe is a patch that git and patch apply.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local FIRST = {
  ["gone"] = "one\ntwo\n", ["gone.png"] = "\0gone", ["gone.empty"] = "", ["run.sh"] = "#!/bin/sh\necho old\n",
  ["picture.png"] = ("\0\1\2\255"):rep(40000), ["a name"] = "blank\n", ["no-end"] = "a\nb", ["stays"] = "s\n",
  ["deep/dir/file"] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
}

local TEXTS = {
  ["run.sh"] = "#!/bin/sh\necho new\n", ["a name"] = "blank 2\n", ["no-end"] = "a\nc", ["new"] = "no end",
  ["deep/dir/file"] = "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n", ["new.empty"] = "", ["odd\u{200b}name"] = "odd\n",
  ['quo"te'] = "q\n", ["ünicode"] = "ü\n",
}

local BINARIES = { ["picture.png"] = ("\255\2\1\0"):rep(40001) .. "x", ["new dir/new.png"] = "\0\1\2",
  ["latin1"] = "caf\233\n" }

local WORK = [[
function work(talk)
  return steps(talk,
    function() return say(call("run_command", { argv = { "cp", "-R", "next/.", "." } })) end,
    function() return say(call("delete_file", { path = "gone" })) end,
    function() return say(call("delete_file", { path = "gone.png" })) end,
    function() return say(call("delete_file", { path = "gone.empty" })) end,
    function() return say(finish()) end)
end
]]

local TEXT_WORK = WORK:gsub("[^\n]*gone%.png[^\n]*\n", "")

local function git(dir, words)
  return orket.shell("git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C " .. dir
    .. " " .. words .. " 2>&1")
end

-- A repository with FIRST, and in next/ what the card makes of it.
local function repository(...)
  local dir = orket.directory() .. "/repo"
  for path, bytes in pairs(FIRST) do
    orket.write(dir .. "/" .. path, bytes)
  end
  for _, files in ipairs({ ... }) do
    for path, bytes in pairs(files) do
      orket.write(dir .. "/next/" .. path, bytes)
    end
  end
  orket.shell(("chmod 755 %s/run.sh %s/gone"):format(dir, dir))
  git(dir, "init -q")
  git(dir, "add -A")
  git(dir, "commit -qm first")
  return dir
end

-- The work of a card on it, done.
local function worked(dir, mock)
  local w = world.new({ issues = { { id = "A" } }, mock = mock or WORK, source = { repo = dir },
    rules = { commands = { { argv = { "cp", "-R", "next/.", "." } } } } })
  local text, code = w:run()
  while code == 3 do
    assert.equal(0, select(2, w:orket("approve A")), text)
    text, code = w:run()
  end
  assert.equal(0, code, text)
  return w
end

-- A directory holds what the epic's tree holds, and the modes of the repository.
local function assert_equal_trees(w, dir)
  local text = orket.shell(("diff -r --exclude=.git %s/workspace/ep/tree %s 2>&1"):format(w.dir, dir))
  assert.equal("", text)
  assert.equal("755", (orket.shell("stat -c %a " .. dir .. "/run.sh"):gsub("\n", "")))
end

describe("orket diff into a file", function()
  it("is a patch that git apply takes whole, binary files included, and takes back", function()
    local dir = repository(TEXTS, BINARIES)
    local w <close> = worked(dir)
    orket.shell(("%s diff -C %s ep >%s/.test/patch"):format(w.binary, w.dir, w.dir))
    local text, code = git(dir, "apply --whitespace=nowarn " .. w.dir .. "/.test/patch")
    assert.equal(0, code, text)
    assert_equal_trees(w, dir)
    text, code = git(dir, "apply -R --whitespace=nowarn " .. w.dir .. "/.test/patch")
    assert.equal(0, code, text)
    assert.equal("", (git(dir, "-c core.fileMode=false status --porcelain")))
  end)

  it("is a patch that patch -p1 takes when all its files are texts", function()
    local dir = repository(TEXTS)
    local w <close> = worked(dir, TEXT_WORK)
    local text, code = orket.shell(("%s diff -C %s ep | patch -p1 -d %s 2>&1"):format(w.binary, w.dir, dir))
    assert.equal(0, code, text)
    assert_equal_trees(w, dir)
  end)
end)

local function applied(w, arguments)
  return w:orket("apply ep " .. arguments)
end

-- Bytes of every file of a directory, and their modes.
local function state_of(dir)
  return (orket.shell(("cd %s && find . -path ./.git -prune -o -type f -printf '%%p %%m ' -exec sha1sum {} \\; | sort"):format(dir)))
end

describe("orket apply", function()
  it("brings the work into the working directory, merges what the person changed, and once is enough", function()
    local dir = repository(TEXTS, BINARIES)
    local w <close> = worked(dir)
    orket.write(dir .. "/deep/dir/file", "zero\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")
    orket.write(dir .. "/mine", "mine\n")
    local head = git(dir, "rev-parse HEAD")
    local before = state_of(dir)
    local text, code = applied(w, "--check")
    assert.equal(0, code, text)
    assert.equal(before, state_of(dir))
    assert(text:find("merged   deep/dir/file\n", 1, true) and text:find("deleted  gone.png\n", 1, true), text)
    assert.equal(0, select(2, applied(w, "")))
    assert.equal("zero\n1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n", orket.read(dir .. "/deep/dir/file"))
    orket.write(dir .. "/deep/dir/file", TEXTS["deep/dir/file"])
    os.remove(dir .. "/mine")
    assert_equal_trees(w, dir)
    assert.equal(head, git(dir, "rev-parse HEAD"))
    assert.equal("", (git(dir, "diff --cached --name-only")))
    local data = cjson.decode((applied(w, "--json " .. dir)))
    assert.same({ true, {}, {}, 15 }, { data.applied, data.files, data.conflicts, data.same })
  end)

  for name, make in pairs({
    ["a line that both changed"] = { "run.sh", "#!/bin/sh\necho mine\n", "both changed the same lines" },
    ["a new file that the person has otherwise"] = { "new", "mine\n", "you have another file there" },
    ["a deleted file that the person changed"] = { "gone", "one\nmine\n", "it was deleted, and yours is another one" },
    ["bytes that both changed"] = { "picture.png", "\0mine", "it is no text" },
    ["a changed file that the person deleted"] = { "no-end", nil, "you have no such file" },
  }) do
    it("changes nothing when there is " .. name, function()
      local dir = repository(TEXTS, BINARIES)
      local w <close> = worked(dir)
      os.remove(dir .. "/" .. make[1])
      if make[2] then
        orket.write(dir .. "/" .. make[1], make[2])
      end
      local before = state_of(dir)
      local text, code = applied(w, "")
      assert.equal(1, code)
      assert(text:find("ERR_CONFLICT: nothing is changed: " .. make[1] .. " (", 1, true) and text:find(make[3], 1, true), text)
      assert.equal(before, state_of(dir))
      local data = cjson.decode((applied(w, "--json 2>/dev/null"):match("^[^\n]+")))
      assert.same({ false, make[1] }, { data.applied, data.conflicts[1].path })
    end)
  end

  it("takes back what it wrote when a later file cannot be written, and writes through no link", function()
    local dir = repository(TEXTS, BINARIES)
    local w <close> = worked(dir)
    local outside = orket.directory()
    orket.write(outside .. "/run.sh", FIRST["run.sh"])
    orket.shell(("rm %s/run.sh && ln -s %s/run.sh %s/run.sh"):format(dir, outside, dir))
    local text, code = applied(w, "")
    assert.equal(1, code, text)
    assert.equal(FIRST["run.sh"], orket.read(outside .. "/run.sh"))
    orket.shell(("cp %s/run.sh %s/zz && rm %s/run.sh && ln -s zz %s/run.sh"):format(outside, dir, dir, dir))
    local before = state_of(dir)
    text, code = applied(w, "")
    assert.equal(1, code)
    assert(text:find("ERR_PATH: run.sh: ", 1, true) and text:find("nothing is changed", 1, true), text)
    assert.equal(before, state_of(dir))
  end)

  it("keeps work away from what governs the project and from git's own files", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = [[function work(talk) return steps(talk, function() return say(write("config/organization.json", "{}\n"), write("roles/coder.lua", "x\n"), write("code.txt", "x\n"), finish()) end) end]] })
    assert.equal(0, select(2, w:run()))
    local before = w:read("config/organization.json")
    local text, code = applied(w, w.dir)
    assert.equal(1, code)
    assert(text:find("config/organization.json (it governs the project itself", 1, true), text)
    assert.equal(before, w:read("config/organization.json"))
    assert.is_false(w:exists("code.txt"))
    text, code = w:orket("apply ep")
    assert.equal(1, code)
    assert(text:find("started from no repository", 1, true), text)
    local dir = orket.directory()
    assert.equal(0, select(2, applied(w, dir)))
    assert.equal("x\n", orket.read(dir .. "/roles/coder.lua"))
    local open = world.new({ issues = { { id = "A" } }, mock = [[function work() return say(call("request_excuse", { reason = "what?" })) end]] })
    open:run()
    open:write(".test/config", "[core]\n\tfsmonitor = touch pwned\n")
    assert.equal(0, select(2, open:orket("put --as .git/config A .test/config")))
    text, code = open:orket("apply A " .. dir)
    open:__close()
    assert.equal(1, code)
    assert(text:find(".git/config (git keeps its own files under this name)", 1, true), text)
  end)
end)
