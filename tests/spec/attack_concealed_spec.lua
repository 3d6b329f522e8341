-- attack_concealed_spec.lua: programs of agents that look for the project that they work for: its journal and
-- keys, its configuration, the trees of other cards, the socket of its owner. The engine is an ordinary user,
-- whose uid its programs have, and the project lies beneath /usr, which every jail shows.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local UID = 12345 -- its programs have it too; those of root have one that no file is for
local root = orket.shell("id -u") == "0\n" and orket.shell("test -w /usr/local && echo yes") == "yes\n"
local test = root and it or pending -- only root can put a project there, and become another user

local PROBE = orket.read("tests/support/hostile/look_around.py")

local function as_user(w, uid)
  if uid == 0 then
    return
  end
  os.execute(("cd %s && mkdir -p .test && cp %s .test/engine && chmod 755 . .test .test/engine && chown -R %d:%d ."):format(w.dir, world.binary,
    UID, UID))
  w.binary = ("setpriv --reuid %d --regid %d --clear-groups %s/.test/engine"):format(UID, UID, w.dir)
end

-- A project beneath /usr/local, of an ordinary user.
local function project(options)
  local directory = orket.directory
  orket.directory = function()
    return (orket.shell("mktemp -d -p /usr/local"):gsub("\n", ""))
  end
  options.files = world.merged({
    ["roles/coder.lua"] = orket.read("roles/coder.lua"):gsub('"request_excuse"',
      '"request_excuse", "run_command"'),
  }, options.files)
  options.rules = world.merged({ commands = { { argv = { "python3", "**" } } } }, options.rules)
  options.mock = options.mock or "function work() return say(finish()) end"
  local w = world.new(options)
  orket.directory = directory
  w:write("secret.txt", "geheim-geheim-geheim\n")
  return w
end

-- A directory beneath /usr that goes when it is closed.
local function elsewhere()
  local path = orket.shell("mktemp -d -p /usr/local"):gsub("\n", "")
  os.execute("chmod 755 " .. path)
  return setmetatable({ path = path }, { __close = function()
    orket.remove(path)
  end })
end

local function configure(w, change)
  local organization = cjson.decode(w:read("config/organization.json"))
  change(organization)
  w:write("config/organization.json", cjson.encode(organization))
end

local function probe_of(w)
  return (PROBE:gsub("HOME", w.dir))
end

local function stdouts(w)
  local found = {}
  for _, event in ipairs(w:events("command.ran")) do
    found[#found + 1] = (event.body.stdout or "") .. (event.body.stderr or "")
      .. (event.body.error and event.body.error.message or "")
  end
  return table.concat(found)
end

describe("a program of a project beneath /usr, run by the engine's own user", function()
  for _, uid in ipairs({ UID, 0 }) do
    test("finds neither journal, keys, configuration, socket nor other cards' trees: run_command by " .. uid,
      function()
      local w <close> = project({ issues = { { id = "A" }, { id = "B" } },
        gate = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
          why = "a person decides" } },
        mock = [[
          function work(talk)
            if talk.card == "B" then
              return steps(talk, function() return say(write("b.txt", "of B")) end, function() return say(finish()) end)
            end
            return steps(talk, function() return say(write("locked/a", "x")) end,
              function() return say(write("probe.py", PROBE)) end,
              function() return say(call("run_command", { argv = { "python3", "probe.py" } })) end,
              function() return say(finish()) end)
          end ]] })
      w:write(".test/mock.lua", "PROBE = [==[" .. probe_of(w) .. "]==]\n" .. w:read(".test/mock.lua"))
      configure(w, function(organization)
        organization.keys = { k = { file = "secret.txt" } }
      end)
      os.execute("kill " .. w.mock)
      as_user(w, uid)
      w.mock = orket.shell(("cd %s/.test && { ORKET_LUA=$PWD %s mock-llm $PWD/mock.lua >mock.out 2>&1 & echo $!; }"):format(w.dir,
        world.binary)):match("%d+")
      assert(world.wait(function()
        w.url = w:read(".test/mock.out"):match("http:%S+")
        return w.url
      end))
      w:run()
      os.execute(("mkdir -p %s/workspace/ep/cards/B && touch %s/workspace/ep/cards/B/x && chown -R %d %s/workspace"):format(w.dir, w.dir, uid, w.dir))
      local text, code = w:orket("approve A")
      assert.equal(0, code, text)
      w:run()
      assert.equal("seen:;\n", stdouts(w))
    end)
  end

  test("finds them neither as a verification", function()
    local w <close> = project({ issues = { { id = "A", verification = { fixture_path = "look.json" } } },
      files = { ["verification/look.json"] = '{"argv": ["python3", "{verification}/probe.py"]}' } })
    w:write("verification/probe.py", probe_of(w) .. "sys.exit(0 if not seen else 1)\n")
    configure(w, function(organization)
      organization.keys = { k = { file = "secret.txt" } }
    end)
    as_user(w)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(text:find("exit code 0 seen:;", 1, true), text)
  end)

  test("finds them neither as an MCP server, wherever it works", function()
    for _, directory in ipairs({ false, "work" }) do
      local w <close> = project({ issues = { { id = "A" } } })
      w:write("work/x", "")
      configure(w, function(organization)
        organization.keys = { k = { file = "secret.txt" } }
        organization.mcp = { fake = { command = { "python3", "-c",
          probe_of(w) .. "open('seen', 'w').write(','.join(seen) + ';')" },
          directory = directory or nil } }
      end)
      as_user(w)
      local text = w:orket("mcp tools fake")
      assert.equal(";", w:read((directory or ".orket/mcp/fake") .. "/seen"), text)
    end
  end)
end)

describe("a project or a key that a jail would show under another name", function()
  -- what is configured and where, by DIR (the project) and ELSE (a directory beneath /usr); words of the
  -- refusal, nil: it is fine
  local ROWS = {
    { "a key in the project", "DIR/secret.txt" },
    { "a relative key", "secret.txt" },
    { "a key that is not there yet, in the project", "DIR/none" },
    { "a key where no jail looks", "/root/none/key" },
    { "a key beneath /usr", "ELSE/key", "the file of the key 'k' at ELSE/key" },
    { "a key beneath /usr that is not there yet", "ELSE/none/key",
      "the file of the key 'k' at ELSE/none/key" },
    { "a key by a relative way out", "../ELSEBASE/key", "the file of the key 'k' at ELSE/key" },
    { "a key by a link", "DIR/link", "the file of the key 'k' at ELSE/key" },
    { "a key by a link to nothing", "DIR/dangling", "the file of the key 'k' at ELSE/none" },
    { "a key by a link to a directory", "DIR/linked/key", "the file of the key 'k' at ELSE/key" },
    { "a key in verification/", "DIR/verification/key", "the file of the key 'k' at DIR/verification/key" },
    { "a key in a tree", "DIR/workspace/ep/tree/key", "the file of the key 'k'" },
    { "a key in a server's directory", "DIR/work/key", "the file of the key 'k' at DIR/work/key" },
    { "a key in what a server is shown", "DIR/docs/a/key", "the file of the key 'k' at DIR/docs/a/key" },
    { "a key in what a server is shown by a link", "/root/none/key", "the file of the key 'k' at /root",
      { show = { "DIR/toroot" } } },
    { "a key with a second name", "DIR/hard", "has another name (a hard link)" },
    { "a key in a readable part of /etc", "/etc/python-none/key",
      "the file of the key 'k' at /etc/python-none/key" },
    { "a key in /etc", "/etc/orket-none/key" },
  }

  for _, row in ipairs(ROWS) do
    local name, path, why, server = table.unpack(row, 1, 4)
    test((why and "is refused by validate and run: " or "is accepted: ") .. name, function()
      local w <close> = project({ issues = { { id = "A" } } })
      local other <close> = elsewhere()
      local function placed(text)
        return (text:gsub("DIR", w.dir):gsub("ELSEBASE", other.path:match("[^/]+$")):gsub("ELSE", other.path))
      end
      w:write("work/x", "")
      w:write("docs/a/x", "")
      os.execute(placed("cd DIR; echo geheim-geheim > ELSE/key; ln -s ELSE/key link; ln -s ELSE/none dangling; ln -s ELSE linked; ln -s /root toroot;"
        .. "mkdir -p verification; echo x > hard; ln hard hard2"))
      configure(w, function(organization)
        organization.keys = { k = { file = placed(path) } }
        organization.mcp = { fake = { command = { "true" }, directory = "work", show = { "docs" } } }
        for key, value in pairs(server or {}) do
          organization.mcp.fake[key] = { placed(value[1]) }
        end
      end)
      as_user(w)
      local said, code = w:orket("validate")
      assert.equal(why and 1 or 0, code, said)
      assert.truthy(said:find(placed(why or "ok:"), 1, true), said)
      local text, status = w:run()
      assert.equal(why and 1 or 0, status, text)
      assert.truthy(text:find(placed(why or "done"), 1, true), text)
    end)
  end

  test("is refused: a project, or a part of it, that a mount shows beneath /usr", function()
    for _, part in ipairs({ "", "/.orket", "/config" }) do
      local w <close> = world.new({ issues = { { id = "A" } },
        mock = "function work() return say(finish()) end" })
      os.execute("mkdir " .. w.dir .. "/.orket")
      local other <close> = elsewhere()
      for _, command in ipairs({ "validate", "run --plain ep", "mcp tools fake" }) do
        local text, code = orket.shell(("unshare -m sh -c 'mount --bind %s%s %s && cd %s && %s %s' 2>&1"):format(w.dir, part, other.path, w.dir,
          world.binary, command))
        assert.equal(1, code, text)
        assert.truthy(text:find("programs of agents would see the project at " .. other.path, 1, true),
          part .. text)
      end
    end
  end)
end)
