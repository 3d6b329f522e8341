-- reload_spec.lua: policies that change while turns run: the small form of bench/evidence/reload.lua.

local reloads = dofile("tests/support/reloads.lua")
local world = dofile("tests/support/world.lua")

describe("policies that change under load", function()
  it("policies that change under load drop no turn, and no turn is judged by two generations", function()
    local result = reloads.run({ seconds = 6, cards = 16, pause = 0.3, delay = 100, concurrency = 8 })
    assert.equal(0, result.code, result.text)
    assert.same({ 16, 0, 0, 0, true }, { result.turns, result.dropped, result.mixed, result.waiting,
      result.sound })
    assert(result.changes >= 4 and result.loaded >= 3 and result.loaded <= result.changes, result.loaded
      .. " of " .. result.changes)
    assert(result.generations > 1, result.generations)
    assert.equal(16 * 6, result.decisions)
  end)
end)

local EDITOR = world.orket.shell("pwd"):gsub("%s+$", "") .. "/tests/support/editor"

local PROBE = [[
local function decide(call)
  if call.tool == "write_file" and call.arguments.path == "probe.txt" then
    return { decision = "deny", rule = "probe", why = "never" }
  end
end
return { decide = decide }
]]

local UNREADABLE = {
  file = "mkfifo pipe && mv -f pipe nodes/policy/p.lua",
  directory = "mkdir many && (cd many && seq -f .%g 1001 | xargs touch) && mv many/.[0-9]* nodes/policy",
}

describe("reload", function()
  it("a policy that does not come to an end any more holds up no run while it is compared with the one before: it denies, and its turn is told",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, rules = { growth = "auto" },
      files = { ["nodes/policy/p.lua"] = PROBE },
      mock = [[
        function work(talk)
          local said = talk.replies < 8 and say(write("f" .. talk.replies, "x")) or say(finish())
          said.delay_ms = 100
          return said
        end ]] })
    local run = w:held(1)
    w:write("nodes/policy/p.lua", "return { decide = function(call) while true do end end }")
    local text, code = run.wait(25)
    assert.equal(3, code, text)
    assert(text:find("policy.failed", 1, true), text)
    assert.equal("sound", w:check():match("^%a+"))
  end)
end)

describe("reload", function()
  for what, replace in pairs(UNREADABLE) do
    it("a policy that cannot be read any more goes on serving, also where everything is accepted: its "
      .. what, function()
      local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
        rules = { growth = "auto" },
        files = { ["nodes/policy/p.lua"] = PROBE }, mock = [[
        function work(talk)
          local said = talk.replies == 0 and say(write(talk.card == "A" and "a" or "probe.txt", "x")) or say(finish())
          return said
        end ]] })
      local run = w:held(1)
      world.orket.shell("cd " .. w.dir .. " && " .. replace)
      assert(world.wait(function()
        return w:read(".test/run.out"):find("the previous one serves", 1, true)
      end), "it was not noticed")
      local text, code = run.wait()
      assert.equal(0, code, text)
      local refused = w:events("call.refused")[1]
      assert.same({ "policy.probe", "B" }, { refused and refused.body.rule, refused and refused.card }, text)
      assert.equal(nil, w:made("probe.txt"))
    end)
  end
end)

describe("reload", function()
  it("a script that is saved is not reported as broken while its editor has emptied it, and once while it stays broken",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, files = { ["nodes/policy/p.lua"] = PROBE },
      environment = "ORKET_LUA=" .. EDITOR, mock = "function work() return say(finish()) end" })
    local run = w:held(1)
    w:write(".test/saved", PROBE .. "-- saved")
    w:write("nodes/policy/p.lua", "")
    assert(world.wait(function() return not w:exists(".test/saved") end), "the emptied file was not noticed")
    w:write("nodes/policy/p.lua", "return {")
    local function refused()
      return select(2, w:read(".test/run.out"):gsub("p%.lua is refused", ""))
    end
    assert(world.wait(function() return refused() > 0 end), "the broken file was not noticed")
    w:write("nodes/planner.lua", "return {") -- the broken policy is looked at again, and is the same
    assert(world.wait(function() return w:read(".test/run.out"):find("planner.lua is refused", 1, true) end),
      "the other was not noticed")
    assert.equal(1, refused(), w:read(".test/run.out"))
    w:write("nodes/policy/p.lua", PROBE)
    local text, code = run.wait()
    assert.equal(0, code, text)
  end)
end)

local AT_ONCE = world.orket.read("tests/support/accept_at_once.py")

describe("reload", function()
  it("scripts that wait are accepted once, however many say so at the same moment", function()
    local coder = world.orket.read("roles/coder.lua")
    local w <close> = world.new({ issues = { { id = "A" } },
      files = { ["roles/coder.lua"] = (coder:gsub('"delete_file",%s*', "")) },
      mock = "function work() return say(finish()) end" })
    local run = w:held(1)
    w:write("roles/coder.lua", coder)
    assert(world.wait(function() return #w:events("scripts.waiting") == 1 end), "nothing waits")
    local id = w:events("scripts.waiting")[1].body.generation
    w:write(".test/accept.py", AT_ONCE)
    local said = world.orket.shell(string.format("cd %s && python3 .test/accept.py .orket/owner.sock %s 2>&1",
      w.dir, id))
    assert.equal(1, select(2, said:gsub("is accepted and serves", "")), said)
    assert.equal(7, select(2, said:gsub("ERR_NOT_FOUND", "")), said)
    assert.equal(1, #w:events("scripts.accepted"))
    local text, code = run.wait()
    assert.equal(0, code, text)
  end)
end)

describe("a watch of directories", function()
  it("cancels what is under way because of a change when it is closed", function()
    local dir = world.orket.directory()
    world.orket.shell("mkdir " .. dir .. "/roles")
    local text = world.orket.probe(([[
      local async, watch = require("orket.async"), require("orket.project.watch")
      local code = async.main(function()
        local begun
        local watched = watch.open(%q, { "roles" }, function(name)
          begun = true
          local ok, err = async.sleep(60)
          print(name, ok, err.code)
        end)
        io.open(%q, "w"):close()
        while not begun do async.give_way() end
        watched:close()
        print("closed")
      end) ]]):format(dir, dir .. "/roles/a.lua"))
    world.orket.remove(dir)
    assert.equal("a.lua\tnil\tERR_CANCELED\nclosed\n", text)
  end)
end)
