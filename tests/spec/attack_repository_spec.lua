-- attack_repository_spec.lua: repositories that are made to run something, to show something else, or to
-- write elsewhere.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local WORK = [[
function work(talk)
  return steps(talk, function() return say(write("made.txt", "made\n"), finish()) end)
end
]]

local function git(dir, words)
  local text, code = orket.shell("git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C " .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

local function repository()
  local dir = orket.directory() .. "/repo"
  orket.shell("mkdir -p " .. dir)
  git(dir, "init -q")
  orket.write(dir .. "/README", "hello\n")
  git(dir, "add -A")
  git(dir, "commit -qm first")
  return dir
end

local function run(dir, ref)
  local w = world.new({ issues = { { id = "A" } }, mock = WORK, source = { repo = dir, ref = ref } })
  local text, code = w:run()
  return w, text, code
end

-- What would start a program, were it asked: each makes a mark where git may write.
local PROGRAM = "sh -c 'touch pwned ${GIT_DIR:-.git}/pwned %s/pwned'"

local HOOKS = { "reference-transaction", "post-index-change", "pre-commit", "post-commit", "post-checkout",
  "pre-auto-gc", "update",
  "post-update", "fsmonitor-watchman", "pre-receive", "proc-receive" }

local SETTINGS = { "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass",
  "core.alternateRefsCommand",
  "core.gitProxy", "filter.x.smudge", "filter.x.clean", "filter.x.process", "diff.x.textconv",
  "diff.x.command", "merge.x.driver",
  "uploadpack.packObjectsHook", "gpg.program", "credential.helper", "diff.external", "init.templateDir" }

local function arm(dir)
  local program = PROGRAM:format(dir)
  for _, name in ipairs(HOOKS) do
    orket.write(dir .. "/.git/hooks/" .. name, "#!/bin/sh\n" .. program .. "\n")
    orket.shell("chmod 755 " .. dir .. "/.git/hooks/" .. name)
  end
  orket.write(dir .. "/README", "hello\n")
  orket.write(dir .. "/.gitattributes", "* filter=x diff=x merge=x\n")
  git(dir, "-c core.hooksPath=/dev/null add -A")
  git(dir, "-c core.hooksPath=/dev/null commit -qm attributes")
  for _, name in ipairs(SETTINGS) do
    git(dir, ("-c core.fsmonitor=false config %s \"%s\""):format(name, program))
  end
  git(dir, "-c core.fsmonitor=false config commit.gpgSign true")
end

describe("a hostile repository", function()
  it("starts no program, neither when it is read nor when the branch is written", function()
    local dir = repository()
    arm(dir)
    local w <close>, text, code = run(dir)
    assert.equal(0, code, text)
    assert.equal("hello\n", w:made("README"))
    text, code = w:orket("branch ep")
    assert.equal(0, code, text)
    assert.equal("", (orket.shell("find / -xdev -name pwned -newer " .. dir .. "/README 2>/dev/null")))
  end)

  it("brings in no name under which git keeps its own files, and nothing outside of the tree", function()
    local dir = repository()
    local blob = git(dir, "hash-object -w README")
    local function tree(...)
      local lines = {}
      for i, line in ipairs({ ... }) do
        lines[i] = line
      end
      orket.write(dir .. "/lines", table.concat(lines, "\n") .. "\n")
      return git(dir, "mktree <" .. dir .. "/lines")
    end
    local inner = tree("100755 blob " .. blob .. "\tpost-checkout")
    local hooks = tree("040000 tree " .. inner .. "\thooks")
    local names = { ".git", ".GIT", ".giT.", "git~1", "GIT~2", ".g\u{200c}it", ".\u{202e}git", ".git::$INDEX_ALLOCATION", ".." }
    local lines = { "100644 blob " .. blob .. "\tfine" }
    for _, name in ipairs(names) do
      lines[#lines + 1] = "040000 tree " .. hooks .. "\t" .. name
    end
    local commit = git(dir, "commit-tree -m odd " .. tree(table.unpack(lines)))
    local w <close>, text, code = run(dir, commit)
    assert.equal(0, code, text)
    local left = {}
    for _, one in ipairs(w:events("source.imported")[1].body.left) do
      left[#left + 1] = one.path:match("^[^/]*")
    end
    table.sort(left)
    table.sort(names)
    assert.same(names, left)
    assert.equal("fine\nmade.txt\n", (orket.shell("ls -A " .. w.dir .. "/workspace/ep/tree")))
  end)

  for name, make in pairs({
    ["a .git that is a link"] = { function(dir)
      orket.shell(("mv %s/.git %s/../other && ln -s ../other %s/.git"):format(dir, dir, dir))
    end, "ERR_" },
    ["a .git file that names another directory"] = { function(dir)
      orket.shell("rm -r " .. dir .. "/.git")
      orket.write(dir .. "/.git", "gitdir: /etc\n")
    end, "ERR_NOT_FOUND" },
    ["a .git file that names another repository"] = { function(dir)
      orket.shell(("mv %s/.git %s/../private"):format(dir, dir))
      orket.write(dir .. "/.git", "gitdir: ../private\n")
    end, "names a repository that does not know this worktree" },
    ["objects that lie in another repository"] = { function(dir)
      orket.shell(("mkdir %s/../secret && mv %s/.git/objects %s/../secret/objects && mkdir -p %s/.git/objects/info"):format(dir, dir, dir, dir))
      orket.write(dir .. "/.git/objects/info/alternates",
        orket.shell("realpath " .. dir .. "/../secret/objects"))
    end, "ERR_GIT" },
    ["missing objects that a program would fetch"] = { function(dir)
      local blob = git(dir, "rev-parse HEAD:README")
      os.remove(dir .. "/.git/objects/" .. blob:sub(1, 2) .. "/" .. blob:sub(3))
      git(dir, "config extensions.partialClone origin")
      git(dir, "config remote.origin.promisor true")
      git(dir, "config remote.origin.url 'ext::sh -c \"touch " .. dir .. "/pwned\"'")
      git(dir, "config protocol.ext.allow always")
    end, "ERR_GIT" },
  }) do
    it("is refused: " .. name, function()
      local dir = repository()
      make[1](dir)
      local w <close>, text, code = run(dir)
      assert.equal(1, code, text)
      assert(text:find(make[2], 1, true), text)
      assert.same({}, w:events("turn.started"))
      assert.equal("", (orket.shell("ls " .. dir .. "/pwned 2>/dev/null")))
    end)
  end

  it("is no option of git", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = WORK,
      source = { repo = ".", ref = "--output=x" } })
    local text, code = w:orket("validate")
    assert.equal(1, code)
    assert(text:find("source.ref", 1, true) or text:find("/source/ref", 1, true), text)
  end)
end)
