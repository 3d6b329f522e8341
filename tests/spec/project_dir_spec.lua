-- project_dir_spec.lua: commands below a project's directory find it; what agents and other users write is
-- none.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local EVIL = '{"name": "Evil", "models": {"evil": {"base_url": "http://127.0.0.1:1/v1", "model": "evil"}}}'

describe("project dir", function()
  local dir, home, binary

  before_each(function()
    dir, binary = orket.directory(), world.binary
    home = dir .. "/p"
    orket.run("init " .. home)
    os.execute("mkdir -p " .. home .. "/src/deep")
  end)
  after_each(function()
    orket.remove(dir)
  end)

  local function at(place, command)
    return orket.shell(("cd %s && %s %s 2>&1"):format(place, binary, command))
  end

  -- The models that a command finds tell which project it is.
  local function found(place)
    local text, code = at(place, "models")
    if code ~= 0 then
      return code, text
    end
    return text:find("evil", 1, true) and "evil" or text:find("reviewer", 1, true) and "own" or text
  end

  it("the project of a directory is found from below, by any command", function()
    assert.equal("own", found(home))
    assert.equal("own", found(home .. "/src/deep"))
    for _, command in ipairs({ "validate", "sync", "board", "show hello-1", "check", "policy status",
      "prompt hello-1", "log", "script list" }) do
      local text, code = at(home .. "/src/deep", command)
      assert.equal(0, code, command .. ": " .. text)
    end
    os.execute("ln -s " .. home .. "/src " .. dir .. "/link")
    assert.equal("own", found(dir .. "/link"))
  end)

  it("the project of a directory is where -C says, seen from where the person is", function()
    orket.run("init " .. dir .. "/other")
    orket.write(dir .. "/other/config/organization.json", EVIL)
    assert.equal(1, (found(dir)))
    assert.truthy(at(home .. "/src", "models -C ../../other"):find("evil", 1, true))
    assert.equal(1, (select(2, at(home .. "/src", "models -C ."))))
  end)

  it("the project of a directory leaves paths on the command line to where the person is", function()
    at(home, "sync")
    orket.write(home .. "/src/deep/notes.txt", "from below")
    local text, code = at(home .. "/src/deep", "put hello-1 notes.txt")
    assert.equal(0, code, text)
    text, code = at(home .. "/src/deep", "checkout hello-1 out")
    assert.equal(0, code, text)
    assert.equal("from below", orket.read(home .. "/src/deep/out/notes.txt"))
    text, code = at(home .. "/src", "backup copy")
    assert.equal(0, code, text)
    assert.equal(0, (select(2, orket.shell("test -d " .. home .. "/src/copy"))))
  end)

  for name, place in pairs({ ["an epic's tree"] = "workspace/hello/tree",
    ["a card's tree"] = "workspace/hello/cards/hello-1",
    ["workspace itself"] = "workspace" }) do
    it("the project of a directory is never what an agent wrote into " .. name, function()
      orket.write(home .. "/" .. place .. "/config/organization.json", EVIL)
      os.execute("mkdir -p " .. home .. "/" .. place .. "/sub")
      assert.equal("own", found(home .. "/" .. place))
      os.execute("mkdir -p " .. home .. "/" .. place .. "/.orket")
      assert.equal("own", found(home .. "/" .. place .. "/sub"))
      assert.equal("own", found(home .. "/" .. place .. "/config"))
      orket.write(home .. "/" .. place .. "/workspace/a/config/organization.json", EVIL)
      assert.equal("own", found(home .. "/" .. place .. "/workspace/a"))
      os.remove(home .. "/config/organization.json") -- also where the project itself is broken
      assert.equal(1, (found(home .. "/" .. place)))
    end)
  end

  it("the project of a directory is not, without being named, a copy of what agents wrote", function()
    orket.write(home .. "/out/config/organization.json", EVIL)
    for _, place in ipairs({ "/out", "/out/config" }) do
      local code, text = found(home .. place)
      assert.equal(1, code)
      assert.truthy(text:find(home .. "/out has no .orket and lies in the project " .. home .. "\n", 1, true),
        text)
    end
    assert.truthy(at(home .. "/out", "models -C " .. home):find("reviewer", 1, true))
    assert.truthy(at(home .. "/out", "models -C ."):find("evil", 1, true))
  end)

  it("the project of a directory is the inner one of two that people made", function()
    local text, code = at(home .. "/src", "init inner")
    assert.equal(0, code)
    assert.truthy(text:find("note: inner lies in the project " .. home, 1, true), text)
    orket.write(home .. "/src/inner/config/organization.json", EVIL)
    assert.truthy(at(home .. "/src/inner/config", "models"):find("evil", 1, true))
    assert.falsy(orket.run("init " .. dir .. "/alone"):find("note:", 1, true))
  end)

  it("the project of a directory is not made where agents write", function()
    os.execute("mkdir -p " .. home .. "/workspace/hello/tree")
    local text, code = at(home .. "/workspace/hello", "init tree/new/deep")
    assert.equal(1, code)
    assert.truthy(text:find("where the agents of " .. home .. " write", 1, true), text)
    assert.equal("", (orket.shell("ls -A " .. home .. "/workspace/hello/tree")))
  end)

  it("the project of a directory of another user is refused, unless it is named", function()
    if not os.execute("chown 12345 " .. home .. " 2>/dev/null") then
      return -- only root can make one
    end
    for _, place in ipairs({ home, home .. "/src/deep" }) do
      local code, text = found(place)
      assert.equal(1, code)
      assert.equal("orket: ERR_DENIED: " .. home
        .. " is a project of another user\n  fix: if you trust that user, name it: -C " .. home .. "\n", text)
    end
    assert.truthy(at(home, "models -C ."):find("reviewer", 1, true))
    assert.equal(0, (select(2, at(home, "models --help"))))
    assert.equal(0, (select(2, at(home, "validate ."))))
  end)

  it("the project of a directory is not looked for in another file system", function()
    local text, code = orket.shell(("unshare -rm sh -c 'mount -t tmpfs none %s/src && cd %s/src && mkdir a && cd a && %s models' 2>&1"):format(home, home, binary))
    if not text:find("^unshare") then
      assert.equal(1, code)
      assert.truthy(text:find("config/organization.json", 1, true), text)
    end
  end)
end)
