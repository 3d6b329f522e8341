-- git_patch_spec.lua: what `orket diff` prints into a pipe is a patch that git and patch apply.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local FIRST = {
  ["gone"] = "one\ntwo\n", ["gone.bin"] = "\0gone", ["gone.empty"] = "", ["run.sh"] = "#!/bin/sh\necho old\n",
  ["picture.bin"] = ("\0\1\2\255"):rep(40000), ["a name"] = "blank\n", ["no-end"] = "a\nb", ["stays"] = "s\n",
  ["deep/dir/file"] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
}

local TEXTS = {
  ["run.sh"] = "#!/bin/sh\necho new\n", ["a name"] = "blank 2\n", ["no-end"] = "a\nc", ["new"] = "no end",
  ["deep/dir/file"] = "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n", ["new.empty"] = "", ["odd\u{200b}name"] = "odd\n",
  ['quo"te'] = "q\n", ["ünicode"] = "ü\n",
}

local BINARIES = { ["picture.bin"] = ("\255\2\1\0"):rep(40001) .. "x", ["new dir/new.bin"] = "\0\1\2",
  ["latin1"] = "caf\233\n" }

local WORK = [[
function work(talk)
  return steps(talk,
    function() return say(call("run_command", { argv = { "cp", "-R", "next/.", "." } })) end,
    function() return say(call("delete_file", { path = "gone" })) end,
    function() return say(call("delete_file", { path = "gone.bin" })) end,
    function() return say(call("delete_file", { path = "gone.empty" })) end,
    function() return say(finish()) end)
end
]]

local TEXT_WORK = WORK:gsub("[^\n]*gone%.bin[^\n]*\n", "")

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
