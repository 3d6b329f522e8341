-- repository_links_spec.lua: symbolic links of a repository: which come in, and what programs, tools and commits
-- make of them.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local refused = orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local jailed = refused and pending or it

-- ---- which come in ----

local SIFT = [[
  local manifest, tree_links = require("orket.workspace.manifest"), require("orket.workspace.tree_links")
  local cjson = require("cjson")
  local files = { ["src/include/a.h"] = "1", ["src/main.c"] = "1", ["deep/b/c/d/file"] = "1", README = "1",
    ["taken/file"] = "1", ["sub.txt"] = "1" }
  local case = cjson.decode([==[%s]==])
  local held, why = tree_links.sift(manifest.over(files), case)
  print(cjson.encode({ held = held, why = why }))
]]

local function sift(links)
  local answer = cjson.decode(orket.probe(SIFT:format(cjson.encode(links))))
  return answer.held, answer.why
end

local GOOD = {
  ["a directory at the root"] = { include = "src/include" },
  ["a directory, with a slash at its end"] = { include = "src/include/" },
  ["a file"] = { ["include.h"] = "src/include/a.h" },
  ["a file beside it"] = { ["src/other.c"] = "main.c" },
  ["upwards, within the tree"] = { ["src/readme"] = "../README" },
  ["down and up again"] = { x = "deep/b/../../README" },
  ["names that say nothing"] = { x = ".//./src/./main.c" },
  ["through another link"] = { include = "src/include", ["a.h"] = "include/a.h" },
  ["through a chain of links"] = { a = "b", b = "c", c = "README" },
  ["up from where another link leads"] = { way = "src/include", x = "way/../main.c" },
  ["into a directory that has no file but a link"] = { ["new/x"] = "../README" },
  ["each other's directory"] = { ["src/x"] = "../deep", ["deep/x"] = "../src" },
  ["a name with dots"] = { x = "..x", ["..x"] = "README" },
}

local OUT, NOTHING, THROUGH = "it leads out of the tree", "it leads to nothing that came in",
  "it leads through a link that stays out"

-- What stays out, each with its reason; what else is named comes in.
local BAD = {
  ["an absolute path"] = { x = "/etc/passwd", why = { x = "it leads to an absolute path" } },
  ["an absolute path with more slashes"] = { x = "//etc", why = { x = "it leads to an absolute path" } },
  ["no text"] = { x = "", why = { x = "it leads to an absolute path" } },
  ["the directory above"] = { x = "..", why = { x = OUT } },
  ["out by dots"] = { x = "../../etc", why = { x = OUT } },
  ["out and in again"] = { ["src/x"] = "../../tree/README", why = { ["src/x"] = OUT } },
  ["out after going down"] = { x = "src/include/../../../etc", why = { x = OUT } },
  ["out through another link, which leads deeper than its name"] = {
    down = "deep/b/c/d", x = "down/../../../../../etc", why = { x = OUT } },
  ["out by another link, whose name is deeper than where it leads"] = {
    ["deep/b/up"] = "../../src", x = "deep/b/up/../../etc", why = { x = OUT } },
  ["through a link that leads out"] = { out = "/etc", x = "out/passwd",
    why = { out = "it leads to an absolute path", x = THROUGH } },
  ["itself"] = { x = "x", why = { x = THROUGH } },
  ["something beneath itself"] = { x = "x/y", why = { x = THROUGH } },
  ["a circle"] = { a = "b", b = "c", c = "a", why = { a = THROUGH, b = THROUGH, c = THROUGH } },
  ["the tree itself"] = { x = ".", why = { x = "it leads to a directory that it lies in" } },
  ["the directory that it lies in"] = { ["src/x"] = "../src", why = { ["src/x"] = "it leads to a directory that it lies in" } },
  ["nothing"] = { x = "missing", why = { x = NOTHING } },
  ["beneath a file"] = { x = "README/..", why = { x = NOTHING } },
  ["a file as a directory"] = { x = "README/", why = { x = NOTHING } },
  ["beneath a link to a file"] = { x = "README", y = "x/../src", why = { y = NOTHING } },
  ["a name in other letters"] = { x = "readme", y = "SRC/main.c", why = { x = NOTHING, y = NOTHING } },
  ["a name that looks alike"] = { x = "READM\u{0415}", why = { x = NOTHING } },
  ["git's own files"] = { x = ".git/config", y = ".GIT/hooks", why = { x = NOTHING, y = NOTHING } },
  ["a very long way"] = { x = ("./"):rep(600) .. "README", why = { x = "it is longer than 1024 bytes" } },
  ["more text than a path"] = { x = ("src/../"):rep(10000), why = { x = "it is longer than 1024 bytes" } },
  ["what is a directory already"] = { taken = "src", why = { taken = "something else has its name" } },
  ["what is a file already"] = { README = "src", why = { README = "something else has its name" } },
  ["what lies beneath a file"] = { ["README/x"] = "../src", why = { ["README/x"] = "something else has its name" } },
  ["what lies beneath another link"] = { include = "src/include", ["include/x"] = "../README",
    why = { ["include/x"] = "something else has its name" } },
}

describe("a link of a repository", function()
  for name, links in pairs(GOOD) do
    it("comes in when it leads to " .. name, function()
      local held, why = sift(links)
      assert.same({ links, {} }, { held, why })
    end)
  end

  for name, links in pairs(BAD) do
    it("stays out when it leads to, or is, " .. name, function()
      local reasons, good = links.why, {}
      links.why = nil
      for path, to in pairs(links) do
        good[path] = not reasons[path] and to or nil
      end
      local held, why = sift(links)
      assert.same({ good, reasons }, { held, why })
    end)
  end

  it("stays out when it leads through more links than the kernel follows", function()
    local links = { ["l00"] = "README" }
    for i = 1, 60 do
      links[("l%02d"):format(i)] = ("l%02d"):format(i - 1)
    end
    local held, why = sift(links)
    assert.equal("README", held.l00)
    assert.truthy(held.l39)
    assert.is_nil(held.l40)
    assert.equal("it leads through too many links", why.l40)
    assert.equal(THROUGH, why.l60)
  end)

  it("stays out when there are a thousand others", function()
    local links = {}
    for i = 1, 1500 do
      links[("l%04d"):format(i)] = "README"
    end
    local held, why = sift(links)
    assert.same({ "README", nil, "there are more than 1000" }, { held.l1000, held.l1001, why.l1001 })
  end)
end)

-- ---- projects ----

local function git(dir, words)
  local text, code = orket.shell("git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C "
    .. dir .. " " .. words .. " 2>&1")
  assert(code == 0, text)
  return (text:gsub("\n$", ""))
end

local function commit(dir, files, links)
  for path, text in pairs(files) do
    orket.write(dir .. "/" .. path, text)
  end
  for path, to in pairs(links) do
    orket.shell(("rm -rf %s/%s; ln -sfn %s %s/%s"):format(dir, path, to, dir, path))
  end
  git(dir, "add -A")
  git(dir, "commit -qm next")
  return git(dir, "rev-parse HEAD")
end

local FILES = { ["src/include/a.h"] = "answer\n", ["other/a.h"] = "other\n", ["make.sh"] = "cat include/a.h >made.txt\n" }
local LINKS = { include = "src/include", passwd = "/etc/passwd" }

local function repository(count)
  local dir = orket.directory() .. "/repo"
  orket.shell(("mkdir -p %s/many && cd %s/many && for n in $(seq %d); do echo $n > $n; done"):format(dir, dir, count))
  git(dir, "init -q")
  commit(dir, FILES, LINKS)
  return dir
end

-- Each step is the calls of one reply; then the card is handed over.
local function play(...)
  local replies = {}
  for i, text in ipairs({ ... }) do
    replies[i] = "function() return say(" .. text .. ") end"
  end
  return [[function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
    function work(talk) return steps(talk, ]] .. table.concat(replies, ", ")
    .. ", function() return say(finish()) end) end"
end

local function begun(count, options)
  local dir = repository(count)
  options.issues = options.issues or { { id = "A" } }
  options.source = { repo = dir }
  options.rules = { commands = { { argv = { "sh", "-c", "*" }, wall = 20 } } }
  return world.new(options), dir
end

-- The run to its end, a yes to whatever is asked.
local function run(w)
  local text, code = w:run()
  while code == 3 and w:pending()[1] do
    w:orket("approve " .. w:pending()[1].id)
    text, code = w:run()
  end
  assert.equal(0, code, text)
end

-- What the model was answered.
local function said(w)
  return (w:orket("transcript --full A"))
end

local function outputs(w)
  local found = {}
  for i, event in ipairs(w:events("command.ran")) do
    found[i] = event.body.stdout .. event.body.stderr
  end
  return found
end

local function rules_by_path(body)
  local found = {}
  for _, one in ipairs(body.refused) do
    found[one.path] = one.rule
  end
  return found
end

local FIXTURE = { argv = { "sh", "-c", "test -L include && grep -q answer include/a.h" } }

local function with_fixture(options)
  options.issues = { { id = "A", verification = { fixture_path = "check.json" } } }
  options.files = { ["verification/check.json"] = cjson.encode(FIXTURE) }
  return options
end

for count, size in pairs({ [2] = "a small", [300] = "a large" }) do
  describe("a link in " .. size .. " tree", function()
    jailed("is there for a build and for the verification, and for nothing else", function()
      local w <close>, dir = begun(count, with_fixture({ mock = play([[sh("sh make.sh; ls include; readlink include")]],
        [[call("read_file", { path = "include/a.h" }), call("read_file", { path = "made.txt" })]]) }))
      run(w)
      local source = w:events("source.imported")[1].body
      assert.same({ { path = "include", to = "src/include" } }, source.links)
      assert.same({ { path = "passwd", why = "a symbolic link stays: it leads to an absolute path" } }, source.left)
      assert.same({ "a.h\nsrc/include\n" }, outputs(w))
      local command = w:events("command.ran")[1].body
      assert.same({ "made.txt", 0 }, { command.changes[1].path, command.put_back })
      assert.is_true(w:events("verify.done")[1].body.ok)
      local text = said(w)
      assert(text:find('code = "ERR_NOT_FOUND"\n    help.nearest[1] = "src/include/a.h"\n    message', 1, true), text)
      assert.equal("", (orket.shell("find " .. w.dir .. "/workspace " .. w.dir .. "/.orket -type l")))
      w:replays("ep.1")
      assert.equal(0, select(2, w:orket("checkout ep " .. w.dir .. "/out")))
      assert.equal("src/include\n", (orket.shell("readlink " .. w.dir .. "/out/include")))
      assert.equal("answer\n", w:read("out/made.txt"))
      assert.falsy(w:exists("out/passwd"))
      assert.equal(0, select(2, w:orket("branch ep")))
      assert.equal("src/include/etc/passwd", git(dir, "show orket/ep:include orket/ep:passwd"):gsub("\n", "") .. "")
      assert.equal("made.txt", git(dir, "diff --name-only main orket/ep"))
      assert.equal(0, select(2, w:orket("test A")))
    end)

    jailed("is what it was for the next program, whatever one made of it", function()
      local show = [[sh("readlink include; cat include/a.h; ls -d include/passwd")]]
      local w <close> = begun(count, { mock = play([[sh("ln -sfn /etc include; cat include/passwd | wc -l")]],
        [[call("read_file", { path = "include/passwd" }), call("read_file", { path = "include" })]], show,
        [[sh("ln -sfn other include; cat include/a.h")]], show,
        [[sh("rm include")]], show,
        [[sh("rm include; echo mine > include")]], show,
        [[sh("rm include; mkdir -p include/empty/more; echo mine > include/b.h")]], show,
        [[sh("rm include; mkdir include; ln -s /etc/passwd include/a.h")]], show,
        [[sh("(while :; do ln -sfn /etc include; ln -sfn src/include include; done) & exit")]],
        [[call("read_file", { path = "include/a.h" }), call("read_file", { path = "include/passwd" })]], show,
        [[sh("echo new > include/b.h; cat src/include/b.h")]]) })
      run(w)
      local ran, seen = w:events("command.ran"), 0
      for _, event in ipairs(ran) do
        if event.body.argv[3]:find("^readlink") then
          seen = seen + 1
          assert.equal("src/include\nanswer\n", event.body.stdout)
        end
      end
      assert.equal(7, seen)
      assert.same({ include = "gate.path.name" }, rules_by_path(ran[7].body))
      assert.equal("gate.path.name", rules_by_path(ran[9].body)["include/b.h"])
      for i, event in ipairs(ran) do
        assert.equal(i == #ran and 1 or 0, #event.body.changes, event.body.argv[3])
      end
      assert.same({ "src/include/b.h", "new\n" }, { ran[#ran].body.changes[1].path, ran[#ran].body.stdout })
      local text = said(w)
      assert.is_nil(text:find("root:", 1, true), text)
      assert.equal(4, select(2, text:gsub('code = "ERR_NOT_FOUND"', "")), text)
      assert.equal("", (orket.shell("find " .. w.dir .. "/workspace -type l")))
      w:replays("ep.1")
    end)

    jailed("is not replaced by a tool's file, nor by one beneath it", function()
      local w <close> = begun(count, { mock = play(
        [[write("include", "mine\n"), write("include/b.h", "mine\n"), write("./include//a.h", "mine\n"), call("delete_file", { path = "include" })]],
        [[write("includes", "fine\n"), write("src/include/b.h", "fine\n"), sh("cat include/b.h")]]) })
      run(w)
      local seen = {}
      for i, event in ipairs(w:events("operation.refused")) do
        seen[i] = event.body.rule
        assert(event.body.why:find("a link of the repository is there: include, to src/include", 1, true), event.body.why)
      end
      assert.same({ "gate.path.name", "gate.path.name", "gate.path.name" }, seen)
      assert.same({ "fine\n" }, outputs(w))
      w:replays("ep.1")
    end)
  end)
end

describe("links of a repository that moves on", function()
  jailed("come, go and lead elsewhere with its commit, for the cards of the epic and not for a fork", function()
    local w <close>, dir = begun(2, { issues = { { id = "A" }, { id = "B" } }, mock = [[
      local look = "for n in include more; do readlink $n; done; cat include/a.h more/a.h; true"
      function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
      function work(talk)
        if talk.card:find("^B") and not talk.text:find("go on") then
          return steps(talk, function() return say(sh(look)) end,
            function() return say(call("request_excuse", { reason = "what now?" })) end)
        end
        return steps(talk, function() return say(sh(look)) end, function() return say(finish()) end)
      end]] })
    assert.equal(3, select(2, w:run()))
    local turn = w:events("turn.prompted")[1]
    local text, code = w:orket("fork --json ep.1@" .. math.tointeger(turn.seq))
    assert.equal(0, code, text)
    local fork = cjson.decode(text).run:match("^(.*)%.%d+$")
    commit(dir, {}, { include = "other", more = "include" })
    assert.equal(0, select(2, w:orket("update ep")))
    assert.same({ { path = "include", to = "other" }, { path = "more", to = "include" } },
      w:events("source.updated")[1].body.links)
    w:orket("comment B 'go on'")
    w:orket("move B in_progress")
    -- as a kill during a program leaves it
    orket.shell(("ln -s /etc %s/workspace/ep/cards/B/include"):format(w.dir))
    assert.equal(0, select(2, w:orket("resume --plain ep.1")))
    assert.equal("", (orket.shell("find " .. w.dir .. "/workspace -type l")))
    local before, after = "src/include\nanswer\n", "other\ninclude\nother\nother\n"
    local found = outputs(w)
    assert.equal(before, found[1]:sub(1, #before))
    assert.equal(after, found[#found])
    w:orket("resume --plain " .. fork .. ".1")
    found = outputs(w)
    assert.equal(before, found[#found]:sub(1, #before))
    w:replays("ep.1")
    assert.equal(0, select(2, w:orket("branch ep")))
    assert.equal("src/include\n", (orket.shell(("%s checkout -C %s %s %s/out && readlink %s/out/include"):format(
      world.binary, w.dir, fork, w.dir, w.dir)):match("[^\n]*\n$")))
  end)

  jailed("stay out where a card has removed what they lead to, until it is there again", function()
    local w <close> = begun(2, { mock = play([[call("delete_file", { path = "src/include/a.h" }), sh("ls -d include")]],
      [[write("src/include/a.h", "again\n"), sh("cat include/a.h")]]) })
    run(w)
    local found = outputs(w)
    assert(found[1]:find("No such file", 1, true), found[1])
    assert.equal("again\n", found[2])
    w:replays("ep.1")
  end)
end)
