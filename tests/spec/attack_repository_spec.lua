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

-- What would start a program, were it asked: it makes a mark where git may write, and beside the repository.
local PROGRAM = "sh -c 'touch pwned ${GIT_DIR:-.git}/pwned %s/pwned'"

local HOOKS = { "reference-transaction", "post-index-change", "pre-commit", "post-commit", "post-checkout",
  "pre-auto-gc", "update",
  "post-update", "fsmonitor-watchman", "pre-receive", "proc-receive" }

local SETTINGS = { "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.alternateRefsCommand",
  "core.gitProxy", "diff.external", "init.templateDir", "uploadpack.packObjectsHook", "gpg.program", "credential.helper" }

-- A person's own git on a repository that is hostile by now.
local function safely(dir, words)
  return git(dir, "-c core.fsmonitor=false -c core.hooksPath=/dev/null " .. words)
end

local function program(dir, path)
  orket.write(dir .. "/" .. path, "#!/bin/sh\n" .. PROGRAM:format(dir) .. "\n")
  orket.shell(("chmod 755 '%s/%s'"):format(dir, path))
end

local function set(dir, ...)
  for _, name in ipairs({ ... }) do
    safely(dir, ("config %s \"%s\""):format(name, PROGRAM:format(dir)))
  end
end

-- A commit whose tree has these entries ("MODE TYPE OBJECT\tNAME") beside a plain file; NUL-separated, any name.
local function commit_of(dir, ...)
  local blob = git(dir, "hash-object -w README")
  local lines = { ("100644 blob %s\tfine"):format(blob), ... }
  orket.write(dir .. "/.git/lines", table.concat(lines, "\0") .. "\0")
  return git(dir, "commit-tree -m odd " .. git(dir, "mktree -z --missing <" .. dir .. "/.git/lines"))
end

local function entry(dir, mode, name, bytes)
  orket.write(dir .. "/.git/bytes", bytes or "x\n")
  return ("%s blob %s\t%s"):format(mode, git(dir, "hash-object -w --literally --stdin <" .. dir .. "/.git/bytes"), name)
end

local function directory(dir, name, ...)
  orket.write(dir .. "/.git/lines", table.concat({ ... }, "\0") .. "\0")
  return ("040000 tree %s\t%s"):format(git(dir, "mktree -z <" .. dir .. "/.git/lines"), name)
end

-- Repositories that are read, or give less. Each makes itself and answers the commit to read (default HEAD), and the
-- names that stay out.
local QUIET = {
  ["hooks of every kind"] = function(dir)
    for _, name in ipairs(HOOKS) do
      program(dir, ".git/hooks/" .. name)
    end
  end,
  ["hooks that its configuration names"] = function(dir)
    program(dir, "hooks/post-commit")
    program(dir, "hooks/reference-transaction")
    safely(dir, "config core.hooksPath " .. dir .. "/hooks")
  end,
  ["a program that watches files"] = function(dir) set(dir, "core.fsmonitor") end,
  ["programs in its configuration"] = function(dir) set(dir, table.unpack(SETTINGS)) end,
  ["filters that its attributes name"] = function(dir)
    orket.write(dir .. "/.gitattributes", "* filter=x diff=x merge=x\n")
    safely(dir, "add .gitattributes")
    safely(dir, "commit -qm attributes")
    set(dir, "filter.x.smudge", "filter.x.clean", "filter.x.process", "diff.x.textconv", "diff.x.command", "merge.x.driver")
    safely(dir, "config filter.x.required true")
  end,
  ["filters that its private attributes name"] = function(dir)
    orket.write(dir .. "/.git/info/attributes", "* filter=x\n")
    set(dir, "filter.x.smudge")
  end,
  ["a configuration that includes another one"] = function(dir)
    orket.write(dir .. "/../evil.config", "[core]\n\tfsmonitor = \"" .. PROGRAM:format(dir):gsub('"', '\\"') .. "\"\n")
    safely(dir, "config include.path " .. dir .. "/../evil.config")
  end,
  ["a working directory elsewhere"] = function(dir) safely(dir, "config core.worktree /") end,
  ["aliases of the commands that are used"] = function(dir)
    for _, name in ipairs({ "rev-parse", "ls-tree", "cat-file", "fast-import" }) do
      safely(dir, ("config alias.%s \"!%s\""):format(name, PROGRAM:format(dir)))
    end
  end,
  ["a signature that a program would verify"] = function(dir)
    set(dir, "gpg.program", "gpg.ssh.program", "gpg.x509.program")
    safely(dir, "config log.showSignature true")
    local text = git(dir, "cat-file commit HEAD"):gsub("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n", 1)
    orket.write(dir .. "/.git/bytes", text .. "\n")
    return git(dir, "hash-object -t commit -w --stdin <" .. dir .. "/.git/bytes")
  end,
  ["a replaced commit"] = function(dir)
    local other = commit_of(dir, entry(dir, "100644", "replaced"))
    git(dir, "replace HEAD " .. other)
  end,
  ["a graft"] = function(dir)
    orket.write(dir .. "/.git/info/grafts", git(dir, "rev-parse HEAD") .. " " .. ("1"):rep(40) .. "\n")
  end,
  ["a submodule whose address is a program"] = function(dir)
    return commit_of(dir, entry(dir, "100644", ".gitmodules", "[submodule \"x\"]\n\tpath = sub\n\turl = ext::sh -c touch% " .. dir
      .. "/pwned\n\tupdate = !touch " .. dir .. "/pwned\n"), "160000 commit " .. ("1"):rep(40) .. "\tsub"), { "sub" }
  end,
  ["a submodule whose name leads out"] = function(dir)
    return commit_of(dir, entry(dir, "100644", ".gitmodules", "[submodule \"../../hooks\"]\n\tpath = sub\n\turl = -u./pwned\n"),
      "160000 commit " .. ("1"):rep(40) .. "\tsub"), { "sub" }
  end,
  ["files of git that are links"] = function(dir)
    return commit_of(dir, entry(dir, "120000", ".gitattributes", "/etc/passwd"), entry(dir, "120000", ".gitmodules", "/etc/passwd")),
      { ".gitattributes", ".gitmodules" }
  end,
  ["links that lead out"] = function(dir)
    return commit_of(dir, entry(dir, "120000", "absolute", "/etc/passwd"), entry(dir, "120000", "dotted", "../../../etc/passwd"),
      entry(dir, "120000", "looped", "looped")), { "absolute", "dotted", "looped" }
  end,
  ["links that lead to what does not come in"] = function(dir)
    return commit_of(dir, "160000 commit " .. ("1"):rep(40) .. "\tsub", entry(dir, "120000", "to-sub", "sub"),
      entry(dir, "120000", "to-sub-file", "sub/README"), entry(dir, "120000", "to-git", ".git/config"),
      entry(dir, "100644", "big", "version https://git-lfs.github.com/spec/v1\noid sha256:" .. ("1"):rep(64) .. "\nsize 1\n"),
      entry(dir, "120000", "to-big", "big"), entry(dir, "120000", "long", ("./"):rep(5000) .. "fine"),
      entry(dir, "120000", "odd", "fine\n"), entry(dir, "120000", "nul", "fine\0/../../etc"), entry(dir, "120000", ".GIT", "fine"),
      entry(dir, "120000", "bytes", "\255\254"), entry(dir, "120000", "twice", "fine"), entry(dir, "120000", "twice", "/etc")),
      { "sub", "to-sub", "to-sub-file", "to-git", "big", "to-big", "long", "odd", "nul", ".GIT", "bytes", "twice" }
  end,
  ["a link and a directory of one name"] = function(dir)
    return commit_of(dir, entry(dir, "120000", "a", "/tmp"), directory(dir, "a", entry(dir, "100644", "b"))), { "a" }
  end,
  ["names that lead upwards"] = function(dir)
    return commit_of(dir, directory(dir, "..", entry(dir, "100644", "up")), directory(dir, ".", entry(dir, "100644", "here"))),
      { "..", "." }
  end,
  ["names with control characters"] = function(dir)
    return commit_of(dir, entry(dir, "100644", "new\nline"), entry(dir, "100644", "esc\27[31m"), entry(dir, "100644", "tab\tname")),
      { "new\nline", "esc\27[31m", "tab\tname" }
  end,
  ["names that are no UTF-8"] = function(dir)
    return commit_of(dir, entry(dir, "100644", "caf\233"), entry(dir, "100644", "over\192\175long")), { "caf\u{FFFD}", "over\u{FFFD}\u{FFFD}long" }
  end,
  ["names that look like options"] = function(dir)
    return commit_of(dir, entry(dir, "100644", "--output=pwned"), entry(dir, "100644", "-rf"), entry(dir, "100644", "--upload-pack=touch pwned"))
  end,
  ["a name that is too long, and directories that are too deep"] = function(dir)
    local deep = entry(dir, "100644", "file")
    for _ = 1, 100 do
      deep = directory(dir, "d", deep)
    end
    return commit_of(dir, entry(dir, "100644", ("n"):rep(300)), deep), { ("n"):rep(300), "d" }
  end,
  ["a file that unpacks to more than may come in"] = function(dir)
    orket.shell(("truncate -s 65M %s/zeros"):format(dir))
    git(dir, "add zeros")
    git(dir, "commit -qm zeros")
    return "HEAD", { "zeros" }
  end,
  ["a file that git LFS keeps elsewhere"] = function(dir)
    return commit_of(dir, entry(dir, "100644", "big", "version https://git-lfs.github.com/spec/v1\noid sha256:" .. ("1"):rep(64) .. "\nsize 1\n")),
      { "big" }
  end,
  ["a name of Orket's own"] = function(dir)
    return commit_of(dir, entry(dir, "100644", ".orket-tmp-1")), { ".orket-tmp-1" }
  end,
}

for _, name in ipairs({ ".git", ".GIT", ".giT.", "git~1", "GIT~2", ".g\u{200c}it", ".\u{202e}git", ".git::$INDEX_ALLOCATION" }) do
  QUIET["hooks beneath the name " .. name] = function(dir)
    return commit_of(dir, directory(dir, name, directory(dir, "hooks", entry(dir, "100755", "post-checkout", "#!/bin/sh\ntouch pwned\n")))),
      { name }
  end
end

local function assert_nothing_ran(dir, w)
  assert.equal("", (orket.shell(("find %s/.. %s -name pwned"):format(dir, w.dir))))
end

-- The first names of what stayed out.
local function left_of(w)
  local left, seen = {}, {}
  for _, one in ipairs(w:events("source.imported")[1].body.left) do
    local name = one.path:match("^[^/]*")
    left[#left + 1] = not seen[name] and name or nil
    seen[name] = true
  end
  table.sort(left)
  return left
end

-- Repositories that are refused.
local REFUSED = {
  ["a .git that is a link"] = { function(dir)
    orket.shell(("mv %s/.git %s/../other && ln -s ../other %s/.git"):format(dir, dir, dir))
  end, "ERR_" },
  ["a .git file that names another directory"] = { function(dir)
    orket.shell("rm -r " .. dir .. "/.git")
    orket.write(dir .. "/.git", "gitdir: /etc\n")
  end, "ERR_NOT_FOUND" },
  ["a .git file that names itself"] = { function(dir)
    orket.shell("rm -r " .. dir .. "/.git")
    orket.write(dir .. "/.git", "gitdir: .git\n")
  end, "ERR_NOT_FOUND" },
  ["a .git file that names another repository"] = { function(dir)
    orket.shell(("mv %s/.git %s/../private"):format(dir, dir))
    orket.write(dir .. "/.git", "gitdir: ../private\n")
  end, "names a repository that does not know this worktree" },
  ["a configuration that is a pipe"] = { function(dir)
    orket.shell(("rm %s/.git/config && mkfifo %s/.git/config"):format(dir, dir))
  end, "is no repository of git" },
  ["a HEAD that leads out"] = { function(dir)
    orket.write(dir .. "/.git/HEAD", "ref: ../../../etc/passwd\n")
  end, "ERR_GIT" },
  ["an object that is not what its name says"] = { function(dir)
    local blob, other = git(dir, "rev-parse HEAD:README"), git(dir, "rev-parse HEAD")
    local function place(id)
      return dir .. "/.git/objects/" .. id:sub(1, 2) .. "/" .. id:sub(3)
    end
    orket.shell(("cp -f %s %s"):format(place(other), place(blob)))
  end, "ERR_GIT" },
  ["more files than there is time or room for, in ten trees"] = { function(dir)
    local tree = entry(dir, "100644", "f")
    for level = 1, 9 do
      local entries = {}
      for i = 1, 12 do
        entries[i] = tree:gsub("\t.*", "\t" .. level .. "-" .. ("%02d"):format(i))
      end
      tree = directory(dir, "t", table.unpack(entries))
    end
    git(dir, "update-ref refs/heads/main " .. commit_of(dir, tree))
  end, "ERR_" },
  ["more bytes than may come in, in one object"] = { function(dir)
    orket.shell(("truncate -s 60M %s/zeros"):format(dir))
    local blob = git(dir, "hash-object -w zeros")
    local entries = {}
    for i = 1, 5 do
      entries[i] = ("100644 blob %s\tz%d"):format(blob, i)
    end
    git(dir, "update-ref refs/heads/main " .. commit_of(dir, table.unpack(entries)))
  end, "ERR_TOO_LARGE" },
  ["more files than may come in, in one object"] = { function(dir)
    local blob, files, directories = git(dir, "rev-parse HEAD:README"), {}, {}
    for i = 1, 1000 do
      files[i] = ("100644 blob %s\tf%04d"):format(blob, i)
    end
    local tree = directory(dir, "t", table.unpack(files))
    for i = 1, 33 do
      directories[i] = tree:gsub("\t.*", "\td" .. ("%02d"):format(i))
    end
    git(dir, "update-ref refs/heads/main " .. commit_of(dir, table.unpack(directories)))
  end, "at most 32000 files" },
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
}

describe("a hostile repository", function()
  for name, make in pairs(QUIET) do
    it("does nothing, and gives its plain files only: " .. name, function()
      local dir = repository()
      local ref, left = make(dir)
      local w <close>, text, code = run(dir, ref)
      assert.equal(0, code, text)
      table.sort(left or {})
      assert.same(left or {}, left_of(w))
      assert.equal("hello\n", w:made(ref and ref ~= "HEAD" and not w:made("README") and "fine" or "README"))
      if not w:made(".gitattributes") then
        assert.equal("", (orket.shell(("find %s/workspace/ep -name '.git*' -not -name .gitmodules"):format(w.dir))))
      end
      text, code = w:orket("branch ep")
      assert.equal(0, code, text)
      assert_nothing_ran(dir, w)
    end)
  end

  for name, make in pairs(REFUSED) do
    it("is refused: " .. name, function()
      local dir = repository()
      make[1](dir)
      local w <close>, text, code = run(dir)
      assert.equal(1, code, text)
      assert(text:find(make[2], 1, true), text)
      assert.same({}, w:events("turn.started"))
      assert_nothing_ran(dir, w)
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
