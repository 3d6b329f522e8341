-- remote_repository_spec.lua: an epic starts from a repository that is reached over HTTP, and its branch is
-- pushed to one, or to a directory.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local WORK = [[
function work(talk)
  return steps(talk, function() return say(write(talk.card .. ".txt", "made\n"), finish()) end)
end
]]

local GIT = "git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -c safe.directory=* -C "

local function git(dir, words)
  local text, code = orket.shell(GIT .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

-- A server with ROOT/plain.git, of three commits, which takes pushes; closed with the variable.
local function serve(credentials)
  local root = orket.directory()
  git(root, "init -q --bare plain.git")
  git(root .. "/plain.git", "config http.receivepack true")
  git(root, "clone -q plain.git work 2>&1")
  for i = 1, 3 do
    orket.write(root .. "/work/README", "hello " .. i .. "\n")
    git(root .. "/work", "add -A")
    git(root .. "/work", "commit -qm commit-" .. i)
  end
  git(root .. "/work", "push -q origin HEAD:main")
  git(root .. "/work", "tag -a v1 -m v1 HEAD~1")
  git(root .. "/work", "push -q origin v1")
  local out = root .. "/port"
  local pid = orket.shell(("python3 tests/support/git_server.py %s %s >%s 2>%s.err & echo $!"):format(root, credentials or "", out, out)):match("%d+")
  local port
  assert(world.wait(function()
    port = orket.read(out):match("%d+")
    return port
  end), "the server did not start")
  return setmetatable({ root = root, url = "http://127.0.0.1:" .. port, bare = root .. "/plain.git" },
    { __close = function() os.execute("kill " .. pid) orket.remove(root) end })
end

-- A world whose organization has these besides.
local function with(w, more)
  local organization = cjson.decode(w:read("config/organization.json"))
  for key, value in pairs(more) do
    organization[key] = value
  end
  w:write("config/organization.json", cjson.encode(organization))
  return w
end

local function new(source, more, environment)
  return with(world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = WORK, source = source,
    environment = environment }), more or {})
end

describe("a source by URL", function()
  it("is fetched once, without its past, and its commit is the epic's first state", function()
    local server <close> = serve()
    local w <close> = new({ repo = server.url .. "/plain.git" })
    local text, code = w:run()
    assert.equal(0, code, text)
    local source = w:events("source.imported")[1].body
    assert.equal(git(server.bare, "rev-parse main"), source.commit)
    assert.same({ "hello 3\n", "made\n" }, { w:made("README"), w:made("A.txt") })
    local copy = w.dir .. "/.orket/repositories/" .. orket.shell("ls " .. w.dir .. "/.orket/repositories"):gsub("\n", "")
    assert.equal("1", git(copy, "rev-list --count " .. source.commit))
    w:replays("ep.1")
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("2", git(copy, "rev-list --count " .. source.commit .. "..orket/ep"))
    local _, posts = orket.read(server.root .. "/log"):gsub("POST", "")
    assert.equal(1, posts)
  end)

  it("may name a branch, a tag or a commit, and what is there is not fetched again", function()
    local server <close> = serve()
    local first = git(server.bare, "rev-parse main~2")
    for ref, readme in pairs({ main = "hello 3\n", v1 = "hello 2\n", ["refs/heads/main"] = "hello 3\n" }) do
      local w <close> = new({ repo = server.url .. "/plain.git", ref = ref })
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.equal(readme, w:made("README"))
    end
    git(server.bare, "config uploadpack.allowReachableSHA1InWant true")
    local w <close> = new({ repo = server.url .. "/plain.git", ref = first })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("hello 1\n", w:made("README"))
    local missing <close> = new({ repo = server.url .. "/plain.git", ref = "nothing" })
    text, code = missing:run()
    assert.equal(1, code)
    assert(text:find("ERR_GIT: the repository has no commit nothing", 1, true), text)
    assert.same({}, missing:events("turn.started"))
  end)

  it("is asked with the key of the remote that has this address, which stands nowhere else", function()
    local server <close> = serve("x:s3cret-of-the-forge")
    local url = server.url .. "/plain.git"
    local plain <close> = new({ repo = url })
    local text, code = plain:run()
    assert.equal(1, code)
    assert(text:find("answered 401", 1, true) and text:find("remotes.NAME.key", 1, true), text)
    local w <close> = new({ repo = url }, { remotes = { forge = { url = url, key = "forge" } },
      keys = { forge = { env = "FORGE", user = "x" } } }, "FORGE=s3cret-of-the-forge")
    text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:orket("push ep")
    assert.equal(0, code, text)
    assert.equal("2", git(server.bare, "rev-list --count main..orket/ep"))
    assert.equal("", (orket.shell(("grep -rlE 's3cret|%s' %s --exclude-dir=.test"):format("eDpzM2NyZXQt", w.dir))))
    local wrong <close> = new({ repo = url }, { remotes = { forge = { url = url, key = "forge" } },
      keys = { forge = { env = "FORGE", user = "x" } } }, "FORGE=wr0ng-of-the-forge")
    text, code = wrong:run()
    assert.equal(1, code)
    assert(text:find("the key of this remote is not accepted", 1, true), text)
    assert.is_nil(text:find("wr0ng", 1, true) or text:find("eDp3cjBuZ", 1, true))
  end)
end)

describe("orket push", function()
  it("adds the commits of the epic to its branch on the server, and records it", function()
    local server <close> = serve()
    local clone = server.root .. "/work"
    local url = server.url .. "/plain.git"
    local w <close> = new({ repo = clone }, { remotes = { origin = { url = url } } })
    assert.equal(0, select(2, w:run()))
    local text, code = w:orket("push ep")
    assert.equal(0, code, text)
    local head = git(server.bare, "rev-parse orket/ep")
    assert.equal(git(clone, "rev-parse orket/ep"), head)
    assert.equal(("orket/ep: at %s in origin\n"):format(head:sub(1, 12)), text)
    assert.equal("Issue A|Issue B", (git(server.bare, "log --reverse --format=%s main..orket/ep"):gsub("\n", "|")))
    assert.equal("", git(server.bare, "fsck --no-dangling"))
    local event = w:events("branch.pushed")[1]
    assert.same({ "ep", { remote = "origin", url = url, ref = "refs/heads/orket/ep", commit = head } }, { event.card, event.body })
    assert(event.actor:find("^human:"), event.actor)
    local data = cjson.decode((w:orket("push ep --json")))
    assert.same({ head, head }, { data.commit, data.was })
    w:replays("ep.1")
  end)

  it("replaces nothing of others, and takes what they merged", function()
    local server <close> = serve()
    local w <close> = new({ repo = server.url .. "/plain.git" }, { remotes = { origin = { url = server.url .. "/plain.git" } } })
    w:run()
    git(server.root .. "/work", "push -q origin HEAD~1:refs/heads/orket/ep")
    local text, code = w:orket("push ep")
    assert.equal(1, code)
    assert(text:find("ERR_CONFLICT: refs/heads/orket/ep of the remote holds commits", 1, true), text)
    assert.equal(git(server.bare, "rev-parse main~1"), git(server.bare, "rev-parse orket/ep"))
    assert.same({}, w:events("branch.pushed"))
    git(server.root .. "/work", "push -qf origin HEAD:refs/heads/orket/ep")
    text, code = w:orket("push ep")
    assert.equal(0, code, text)
    assert.equal("2", git(server.bare, "rev-list --count main..orket/ep"))
    assert.equal(git(server.bare, "rev-parse main"), w:events("branch.pushed")[1].body.was)
  end)

  it("goes into a repository on this machine, whose hooks do not run", function()
    local server <close> = serve()
    local bare = server.bare
    for _, hook in ipairs({ "pre-receive", "update", "post-receive", "post-update", "reference-transaction" }) do
      orket.write(bare .. "/hooks/" .. hook, "#!/bin/sh\ntouch " .. server.root .. "/pwned pwned\n")
      orket.shell("chmod 755 " .. bare .. "/hooks/" .. hook)
    end
    orket.write(server.root .. "/work/.git/hooks/pre-push", "#!/bin/sh\ntouch " .. server.root .. "/pwned\n")
    orket.shell("chmod 755 " .. server.root .. "/work/.git/hooks/pre-push")
    local w <close> = new({ repo = server.root .. "/work" }, { remotes = { disk = { url = bare }, other = { url = "other.git" } } })
    w:run()
    local text, code = w:orket("push ep")
    assert.equal(1, code)
    assert(text:find("there are several remotes", 1, true) and text:find("disk, other", 1, true), text)
    text, code = w:orket("push ep --remote disk")
    assert.equal(0, code, text)
    assert.equal("2", git(bare, "rev-list --count main..orket/ep"))
    assert.equal("", (orket.shell(("find %s %s -name pwned"):format(server.root, w.dir))))
    git(w.dir, "init -q --bare other.git")
    text, code = w:orket("push ep --remote other")
    assert.equal(0, code, text)
    assert.equal("5", git(w.dir .. "/other.git", "rev-list --count orket/ep"))
    text, code = w:orket("push ep --remote nowhere")
    assert.equal(1, code)
    assert(text:find("there is no remote nowhere", 1, true), text)
  end)

  it("pushes what was merged from the server since, as a merge", function()
    local server <close> = serve()
    local url = server.url .. "/plain.git"
    local w <close> = with(world.new({ issues = { { id = "A" }, { id = "B" } }, source = { repo = url }, mock = [[
      function work(talk)
        if talk.card == "B" and not talk.text:find("go on") then
          return say(call("request_excuse", { reason = "what now?" }))
        end
        return say(write(talk.card .. ".txt", "made\n"), finish())
      end]] }), { remotes = { origin = { url = url } } })
    assert.equal(3, select(2, w:run()))
    assert.equal(0, select(2, w:orket("push ep")))
    local before = git(server.bare, "rev-parse orket/ep")
    orket.write(server.root .. "/work/README", "hello 4\n")
    git(server.root .. "/work", "commit -qam commit-4")
    git(server.root .. "/work", "push -q origin HEAD:main")
    local text, code = w:orket("update ep")
    assert.equal(0, code, text)
    assert.equal("hello 4\n", w:made("README"))
    text, code = w:orket("push ep")
    assert.equal(0, code, text)
    assert.equal(before, git(server.bare, "rev-parse orket/ep^1"))
    assert.equal(git(server.bare, "rev-parse main"), git(server.bare, "rev-parse orket/ep^2"))
    assert.equal("A.txt", git(server.bare, "diff --name-only main orket/ep"))
    assert.equal("", git(server.bare, "fsck --no-dangling"))
  end)

  it("is recorded by the next push when it was killed between the server and the journal", function()
    local server <close> = serve()
    local w <close> = new({ repo = server.root .. "/work" }, { remotes = { origin = { url = server.url .. "/plain.git" } } })
    w:run()
    assert.is_true(w:command_killed("push ep", "log_write_before:1"))
    local head = git(server.bare, "rev-parse orket/ep")
    assert.same({}, w:events("branch.pushed"))
    local text, code = w:orket("push ep")
    assert.equal(0, code, text)
    assert(text:find("is there already", 1, true), text)
    local body = w:events("branch.pushed")[1].body
    assert.same({ head, head }, { body.commit, body.was })
  end)

  it("reports what the server refuses, with its reason, and records nothing", function()
    local server <close> = serve()
    orket.write(server.bare .. "/hooks/update", "#!/bin/sh\nexit 1\n")
    orket.shell("chmod 755 " .. server.bare .. "/hooks/update")
    local w <close> = new({ repo = server.root .. "/work" }, { remotes = { origin = { url = server.url .. "/plain.git" } } })
    w:run()
    local text, code = w:orket("push ep")
    assert.equal(1, code)
    assert(text:find("ERR_GIT: the other repository refused: hook declined", 1, true), text)
    git(server.bare, "config http.receivepack false")
    text, code = w:orket("push ep")
    assert.equal(1, code)
    assert(text:find("403", 1, true), text)
    assert.same({}, w:events("branch.pushed"))
  end)
end)

describe("a remote with push = done", function()
  local function pushing(url, source)
    return new({ repo = source }, { remotes = { origin = { url = url, push = "done" } } })
  end

  it("is given the branch when every card is done, in the name of the rule, and once", function()
    local server <close> = serve()
    local url = server.url .. "/plain.git"
    local w <close> = pushing(url, server.root .. "/work")
    local text, code = w:run()
    assert.equal(0, code, text)
    local head = git(server.bare, "rev-parse orket/ep")
    assert.equal("2", git(server.bare, "rev-list --count main..orket/ep"))
    assert(text:find(("orket/ep: at %s in origin"):format(head:sub(1, 12)), 1, true), text)
    local event = w:events("branch.pushed")[1]
    assert.same({ "ep", "system", { remote = "origin", url = url, ref = "refs/heads/orket/ep", commit = head,
      rule = "remotes.origin.push" } }, { event.card, event.actor, event.body })
    local requests = orket.read(server.root .. "/log")
    assert.equal(0, select(2, w:run()))
    assert.equal(requests, orket.read(server.root .. "/log"))
    assert.equal(1, #w:events("branch.pushed"))
    w:replays("ep.1")
    assert.equal(requests, orket.read(server.root .. "/log"))
  end)

  it("is given nothing while a card is parked, nor when the rule is not there", function()
    local server <close> = serve()
    local parks <close> = with(world.new({ issues = { { id = "A" }, { id = "B" } }, source = { repo = server.root .. "/work" },
      mock = [[
      function work(talk)
        if talk.card == "B" then
          return say(call("request_excuse", { reason = "what now?" }))
        end
        return say(write(talk.card .. ".txt", "made\n"), finish())
      end]] }), { remotes = { origin = { url = server.bare, push = "done" } } })
    local text, code = parks:run()
    assert.equal(3, code, text)
    local off <close> = new({ repo = server.root .. "/work" }, { remotes = { origin = { url = server.bare } } })
    text, code = off:run()
    assert.equal(0, code, text)
    assert.equal("main", git(server.bare, "for-each-ref --format='%(refname:short)' refs/heads"))
    assert.same({ {}, {} }, { parks:events("branch.pushed"), off:events("branch.pushed") })
    assert.same({ {}, {} }, { parks:events("branch.unpushed"), off:events("branch.unpushed") })
  end)

  it("is given an epic that was done before the rule was written, and the rule is noted as one that makes more possible", function()
    local server <close> = serve()
    local w <close> = new({ repo = server.root .. "/work" }, { remotes = { origin = { url = server.bare } } })
    assert.equal(0, select(2, w:run()))
    with(w, { remotes = { origin = { url = server.bare, push = "done" } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local delta = w:events("config.changed")[1].body.delta
    assert.equal("config/organization.json#/remotes/origin", delta[1].config)
    assert.equal("2", git(server.bare, "rev-list --count main..orket/ep"))
  end)

  it("fails nothing but the push while it cannot be reached: the next run, or a person, does it again", function()
    local server <close> = serve()
    local bare, away = server.bare, server.root .. "/away.git"
    assert(os.rename(bare, away))
    local w <close> = pushing(server.url .. "/plain.git", server.root .. "/work")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(text:find("ep is not pushed to origin", 1, true) and text:find("ERR_HTTP", 1, true), text)
    assert(text:find("again with: orket push --remote origin ep", 1, true)
      or text:find("again with: orket push -C %S+ --remote origin ep"), text)
    assert.equal("done", w:card("ep").status)
    local body = w:events("branch.unpushed")[1].body
    assert.same({ "origin", "remotes.origin.push", "ERR_HTTP" }, { body.remote, body.rule, body.code })
    text, code = w:orket("inbox")
    assert.equal(3, code, text)
    assert(text:find("ep is not pushed to origin (remotes.origin.push)", 1, true), text)
    assert(os.rename(away, bare))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("2", git(bare, "rev-list --count main..orket/ep"))
    assert.equal(1, #w:events("branch.pushed"))
    assert.equal(0, select(2, w:orket("inbox")))
    w:replays("ep.1")
  end)

  it("replaces nothing of others, and says so in the inbox until a person has pushed", function()
    local server <close> = serve()
    git(server.root .. "/work", "push -q origin HEAD~1:refs/heads/orket/ep")
    local w <close> = pushing(server.url .. "/plain.git", server.url .. "/plain.git")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(text:find("ERR_CONFLICT", 1, true), text)
    assert.equal(git(server.bare, "rev-parse main~1"), git(server.bare, "rev-parse orket/ep"))
    assert.equal(3, select(2, w:orket("inbox")))
    git(server.root .. "/work", "push -q origin :orket/ep")
    assert.equal(0, select(2, w:orket("push ep")))
    assert.equal(0, select(2, w:orket("inbox")))
  end)

  it("is looked up by the next run when the engine was killed between the server and the journal", function()
    local server <close> = serve()
    local away = server.root .. "/away.git"
    assert(os.rename(server.bare, away))
    local w <close> = pushing(server.url .. "/plain.git", server.root .. "/work")
    assert.equal(0, select(2, w:run()))
    assert(os.rename(away, server.bare))
    local write = 0
    repeat -- at each write to the disk, up to the one that comes after the push
      write = write + 1
      assert.is_true(w:killed("log_write_before:" .. write))
    until git(server.bare, "for-each-ref refs/heads/orket") ~= ""
    local head = git(server.bare, "rev-parse orket/ep")
    assert.same({}, w:events("branch.pushed"))
    assert.equal(0, select(2, w:run()))
    local body = w:events("branch.pushed")[1].body
    assert.same({ head, head }, { body.commit, body.was })
    w:replays("ep.1")
  end)

  it("is given nothing by a run of a cassette", function()
    local server <close> = serve()
    local w <close> = pushing(server.bare, server.root .. "/work")
    local copy <close> = pushing(server.bare, server.root .. "/work")
    local text, code = w:run("--record run.tape ep")
    assert.equal(0, code, text)
    orket.write(copy.dir .. "/run.tape", w:read("run.tape"))
    text, code = copy:run("--replay run.tape ep")
    assert.equal(0, code, text)
    assert.equal("main", git(server.bare, "for-each-ref --format='%(refname:short)' refs/heads"))
    assert.same({ {}, {} }, { w:events("branch.pushed"), copy:events("branch.pushed") })
  end)

  it("is given nothing by orket eval, whose copies have the rule as well", function()
    local server <close> = serve()
    local w <close> = pushing(server.bare, server.root .. "/work")
    w:write("arms/plain.lua", [[
      local function build(_, prompt)
        return { { role = "system", content = prompt.system }, { role = "user", content = prompt.user } }
      end
      return { node = "prompts", build = build }]])
    local text, code = w:orket("eval . --json --arms arms/plain.lua,arms/plain.lua --cases B") -- with A, on which it depends: all of the epic
    assert.equal(0, code, text)
    assert(text:find('"successes":1', 1, true) or text:find('"success":true', 1, true), text)
    assert.equal("main", git(server.bare, "for-each-ref --format='%(refname:short)' refs/heads"))
  end)

  it("is given the branch by a run of orket serve, too", function()
    local server <close> = serve()
    local w <close> = pushing(server.bare, server.root .. "/work")
    local s <close> = service.start(w)
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    assert(world.wait(function() return #w:events("branch.pushed") == 1 end, 30))
    assert.equal("2", git(server.bare, "rev-list --count main..orket/ep"))
  end)

  it("is given the branch of a fork beside the one of what that was forked from", function()
    local server <close> = serve()
    local w <close> = pushing(server.bare, server.root .. "/work")
    assert.equal(0, select(2, w:run()))
    local before = git(server.bare, "rev-parse orket/ep")
    local at = w:events("turn.started")[2]
    local text, code = w:orket(("fork --json ep.1@%d"):format(at.seq))
    assert.equal(0, code, text)
    local id = cjson.decode(text).card
    text, code = w:run(id)
    assert.equal(0, code, text)
    assert.equal(before, git(server.bare, "rev-parse orket/ep"))
    assert.equal("2", git(server.bare, "rev-list --count main..refs/heads/orket/" .. id))
  end)

  it("is no word but done", function()
    local w <close> = new(nil, { remotes = { origin = { url = "x.git", push = "always" } } })
    local text, code = w:run()
    assert.equal(1, code)
    assert(text:find("push", 1, true) and text:find("done", 1, true), text)
  end)
end)
