-- owner_spec.lua: the process that owns a project, as other commands meet it: stopped, gone, or another one
-- than the lock file says.

local world = dofile("tests/support/world.lua")

local WORKS = "function work() return say(finish()) end"

local function new_world()
  return world.new({ issues = { { id = "A" } }, mock = WORKS })
end

local function pid_of(w)
  return w:read(".test/run.out.pid"):match("%d+")
end

-- Waits until the kernel says so: a signal takes its time.
local function stop(w, run)
  run.kill("STOP")
  assert(world.wait(function()
    return world.orket.shell("cat /proc/" .. pid_of(w) .. "/stat"):find(") T ", 1, true)
  end))
end

local COMMANDS = { "comment A hello", "move A blocked --reason input", "sync", "halt", "run ep",
  "gc --keep 1d", "fork ep.1@6" }

-- Runs commands beside each other, since each waits for a while: what each says, and its exit code.
local function at_once(w, commands)
  local lines, said = {}, {}
  for i, command in ipairs(commands) do
    lines[i] = ("{ %s >.test/said.%d 2>&1; echo $? >.test/code.%d; } &"):format(w:command(command), i, i)
  end
  world.orket.shell("cd " .. w.dir .. "\n" .. table.concat(lines, "\n") .. "\nwait")
  for i, command in ipairs(commands) do
    said[command] = { text = w:read(".test/said." .. i), code = tonumber(w:read(".test/code." .. i)) }
  end
  return said
end

describe("owner", function()
  it("a stopped owner is not waited for for ever: every command that needs it names it, its state and the fix",
    function()
    local w <close> = new_world()
    local run = w:held(1)
    local pid = pid_of(w)
    stop(w, run)
    for command, said in pairs(at_once(w, COMMANDS)) do
      assert.equal(1, said.code, command .. ": " .. said.text)
      assert(said.text:find("orket: ERR_OWNED: process " .. pid .. " (orket, stopped) ", 1, true),
        command .. ": " .. said.text)
      assert(said.text:find("fix: let it go on (kill -CONT " .. pid .. ")", 1, true), command .. ": "
        .. said.text)
    end
    assert.equal(0, (select(2, w:orket("board"))))
    run.kill("CONT")
    local text, code = w:orket("comment A again")
    assert.equal(0, code, text)
    run.kill("INT")
    run.wait()
    assert.equal(0, (select(2, w:check())))
  end)

  it("a stopped owner that goes on in time answers as if nothing was", function()
    local w <close> = new_world()
    local run = w:held(1)
    stop(w, run)
    w:write(".test/ask", ("echo $$ >.test/asking; exec %s comment A hello"):format(w.binary))
    os.execute(("cd %s; { sh .test/ask; echo \"exit $?\"; } >.test/said 2>&1 &"):format(w.dir))
    assert(world.wait(function() return w:exists(".test/asking") and w:read(".test/asking"):find("\n") end))
    local asking = w:read(".test/asking"):match("%d+")
    assert(world.wait(function() -- it is connected
      return world.orket.shell("ls -l /proc/" .. asking .. "/fd"):find("socket:", 1, true)
    end))
    run.kill("CONT")
    assert(world.wait(function() return w:read(".test/said"):find("exit 0", 1, true) end),
      w:read(".test/said"))
    w:release(1)
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("hello", w:sql("SELECT text FROM comment"))
  end)
end)

local CHILD = world.orket.read("tests/support/lock_child.py")

describe("owner", function()
  it("a lock that outlives its owner names the process that holds it, not the dead one that took it",
    function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:orket("sync"))))
    w:write(".test/child.py", CHILD)
    local dead, child = world.orket.shell("cd " .. w.dir
      .. "; python3 .test/child.py .orket/lock"):match("(%d+) (%d+)")
    local closing <close> = setmetatable({}, { __close = function()
      os.execute("kill -9 " .. child .. " 2>/dev/null")
    end })
    assert.equal(dead, w:read(".orket/lock"):match("%d+"))
    for _, said in pairs(at_once(w, { "run ep", "comment A hi" })) do
      assert.equal(1, said.code, said.text)
      assert(said.text:find("ERR_OWNED: process " .. child .. " (python3", 1, true), said.text)
      assert(not said.text:find(dead, 1, true), said.text)
    end
    os.execute("kill -9 " .. child)
    assert(world.wait(function() return select(2, w:orket("comment A hi")) == 0 end))
  end)

  it("a lock that outlives its owner is not held by a number that another process has by now", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:orket("sync"))))
    w:write(".orket/lock", "1\n")
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  for _, way in ipairs({ "does not accept", "accepts and does not read", "is dead before its socket is closed" }) do
    it("an owner that ends while it is asked hinders no command, and did nothing of it: it " .. way, function()
      local w <close> = new_world()
      w:orket("sync")
      w:write(".test/ending.py", world.orket.read("tests/support/hostile/ending_owner.py"))
      for _, command in ipairs({ "comment A hello", "run --plain ep" }) do
        os.execute(("cd %s; rm -f .orket/owner.sock .orket/up; python3 .test/ending.py .orket '%s' >.test/ending.out 2>&1 &")
          :format(w.dir, way))
        assert(world.wait(function() return w:exists(".orket/up") end))
        local text, code = w:orket(command)
        assert.equal(0, code, text)
      end
      assert.equal("done", w:card("A").status)
      assert.equal("hello", w:sql("SELECT text FROM comment"))
      assert.equal(0, (select(2, w:check())))
    end)
  end
end)
