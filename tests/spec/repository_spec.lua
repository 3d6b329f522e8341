-- repository_spec.lua: an epic starts from a commit of a person's repository.

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

local FILES = { ["src/main.sh"] = "#!/bin/sh\necho old\n", ["README"] = "hello\n", ["empty"] = "", ["bytes.bin"] = "\0\255\1" }

local function mode(path)
  return (orket.shell("stat -c %a " .. path):gsub("\n", ""))
end

describe("an epic with a source", function()
  it("starts from the commit, with its modes, and records which one it was", function()
    local dir = repository(FILES)
    orket.shell("ln -s README " .. dir .. "/link")
    git(dir, "add -A")
    git(dir, "commit -qm second")
    orket.write(dir .. "/uncommitted", "not in\n")
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM, source = { repo = dir } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local source = w:events("source.imported")[1].body
    assert.equal(git(dir, "rev-parse HEAD"), source.commit)
    assert.same({ "src/main.sh" }, source.executable)
    assert.same({ { path = "link", why = "a symbolic link is not followed" } }, source.left)
    assert.equal("#!/bin/sh\necho better\n", w:made("src/main.sh"))
    assert.equal("755", mode(w.dir .. "/workspace/ep/tree/src/main.sh"))
    assert.same({ "\0\255\1", "", "new\n" }, { w:made("bytes.bin"), w:made("empty"), w:made("src/new.txt") })
    assert.is_nil(w:made("uncommitted"))
    w:replays("ep.1")
  end)
end)
