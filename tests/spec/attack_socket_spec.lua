-- attack_socket_spec.lua: the owner's socket: garbage, floods, silence, other users, planted sockets.

local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")

local ATTACK = orket.read("tests/support/hostile/owner_socket.py")

describe("attack socket", function()
  local dir

  before_each(function()
    dir = hostile.project()
  end)

  after_each(function()
    hostile.remove(dir)
  end)

  it("the owner's socket answers a crowd of liars and stays", function()
    orket.write(dir .. "/attack.py", ATTACK)
    os.execute(string.format("(cd %s/p && python3 ../attack.py .orket/owner.sock > ../said 2>&1; touch %s/over) &", dir, dir))
    local text, code = hostile.run(dir, [=[ return { { content = "slow", delay_ms = 8000, calls = {
      { name = "list_directory", arguments = {} } } } } ]=], { slow = true })
    local said = orket.shell("for i in $(seq 100); do test -e " .. dir
      .. "/over && break; sleep 0.1; done; cat " .. dir .. "/said")
    assert.equal("mode 0o600 0o700 0o600 0o600\nrefused\nalive\n", said)
    assert.equal(0, code, text)
  end)

  it("the owner's socket is not believed when another user planted it", function()
    if orket.shell("id -u"):match("%d+") ~= "0" then
      return pending("needs two users")
    end
    hostile.ask(dir, "sync")
    orket.write(dir .. "/plant.py", orket.read("tests/support/hostile/plant.py"))
    os.execute(string.format("cd %s/p && (python3 ../plant.py .orket/owner.sock > ../planted & echo $! > ../pid; for i in $(seq 200); do grep -q up ../planted && break; sleep 0.05; done)",
      dir))
    local text, code = hostile.ask(dir, "comment", "H-1 hello")
    os.execute("kill $(cat " .. dir .. "/pid)")
    assert.equal(1, code, text)
    assert(text:find("ERR_DENIED", 1, true) and not text:find("fooled", 1, true), text)
    assert(not orket.read(dir .. "/planted"):find("hello", 1, true))
  end)

  -- by util-linux' unshare: the peer has the engine's own uid, and its credentials say so
  for _, spaces in ipairs({ "--pid --fork", "--user --map-current-user",
    "--user --map-current-user --pid --fork --mount-proc" }) do
    it("the owner's socket answers no process of other namespaces, where a program in a jail is: " .. spaces,
      function()
      orket.write(dir .. "/ask.py", orket.read("tests/support/hostile/ask.py"))
      local _, refused = orket.shell("unshare " .. spaces .. " true 2>/dev/null")
      if refused ~= 0 then
        return pending("no namespaces here")
      end
      os.execute(("(cd %s/p && unshare %s python3 ../ask.py .orket/owner.sock > ../foreign 2>&1; python3 ../ask.py .orket/owner.sock > ../own 2>&1; touch %s/over) &"):format(
        dir, spaces, dir))
      local text, code = hostile.run(dir, [=[ return { { content = "slow", delay_ms = 3000, calls = {
        { name = "list_directory", arguments = {} } } } } ]=], { slow = true })
      assert.equal(0, code, text)
      orket.shell("for i in $(seq 100); do test -e " .. dir .. "/over && break; sleep 0.1; done")
      local foreign = orket.read(dir .. "/foreign")
      assert(foreign == "hung up\n" or foreign == "said b''\n", foreign)
      assert(orket.read(dir .. "/own"):find('"result"', 1, true), orket.read(dir .. "/own"))
    end)
  end

  it("the owner's socket is refused in words when its path is too long for a socket", function()
    local deep = dir .. "/" .. ("d"):rep(120)
    os.execute("mkdir " .. deep .. " && cp -R " .. dir .. "/p " .. deep .. "/p")
    local text, code = hostile.ask(deep, "comment", "H-1 hello")
    assert(code == 0 or text:find("ERR_", 1, true), text)
    text = hostile.run(deep, "return {}")
    assert(text:find("done: 1 done", 1, true), text)
  end)
end)

describe("attack socket", function()
  local dir

  before_each(function()
    dir = hostile.project()
  end)

  after_each(function()
    hostile.remove(dir)
  end)

  it("the engine's own directory is no link, and holds none", function()
    os.execute(string.format("mkdir %s/elsewhere && ln -s %s/elsewhere %s/p/.orket", dir, dir, dir))
    local text, code = hostile.ask(dir, "sync")
    assert.equal(1, code, text)
    assert(text:find("ERR_DENIED", 1, true), text)
    assert.equal("", (orket.shell("ls " .. dir .. "/elsewhere")))
    os.execute(string.format("rm %s/p/.orket; mkdir %s/p/.orket; ln -s %s/victim %s/p/.orket/orket.db", dir,
      dir, dir, dir))
    text, code = hostile.ask(dir, "sync")
    assert.equal(1, code, text)
    assert.equal(nil, io.open(dir .. "/victim"))
  end)

  it("the engine's own directory is closed to writers, also when it was open", function()
    os.execute(string.format("mkdir %s/p/.orket; chmod 0777 %s/p/.orket", dir, dir))
    local text, code = hostile.ask(dir, "sync")
    assert.equal(0, code, text)
    assert.equal("755\n", (orket.shell("stat -c %a " .. dir .. "/p/.orket")))
  end)
end)
