-- remote_spec.lua: `orket board -w`: the run of another process, followed until it ends.

package.path = "lua/?.lua;" .. package.path
local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local TEAM = [[
function work() return say(write("a", "b"), finish()) end
function review() return accept() end
]]

local ASKS_OR_WORKS = [[function work(talk)
  if talk.card == "A" and not talk.text:find("green", 1, true) then
    return say(call("request_excuse", { reason = "which colour?" }))
  end
  return say(write("a", "b"), finish())
end]]

-- `orket board -w` in the background: a function that answers what it printed, and its exit code when it has
-- ended.
local function followed(w, options)
  local out = w.dir .. "/.test/board.out"
  orket.shell(string.format("cd %s; { %s board -w %s >%s 2>&1; echo $? >%s.code; } >/dev/null 2>&1 &", w.dir,
    w.binary, options, out, out))
  return function()
    local file, code = io.open(out), io.open(out .. ".code")
    local text, number = file and file:read("a") or "", code and tonumber(code:read("a"))
    for _, one in pairs({ text = file, code = code }) do
      one:close()
    end
    return text, number
  end
end

describe("remote", function()
  for options, last in pairs({ [""] = "\ndone: 1 done", ["--json"] = '"kind":"result","' }) do
    it("orket board -w shows a run of another process as it goes on, and ends with it: "
      .. (options == "" and "lines" or options), function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM })
      local run = w:held(1)
      local shown = followed(w, options)
      assert(world.wait(function() return shown():find("turn.started") or shown():find("takes it") end),
        "it shows nothing")
      assert.is_nil(select(2, shown()))
      local text, code = run.wait()
      assert.equal(0, code, text)
      assert(world.wait(function() return select(2, shown()) end), "it goes on after the run")
      text, code = shown()
      assert.equal(0, code, text)
      assert(text:find(last, 1, true), text)
      local _, started = text:gsub(options == "" and "run ep.1 started" or '"kind":"run.started"', "")
      assert.equal(1, started)
      w:replays()
    end)
  end

  it("orket board -w ends with the process of the run, however that ended, and says how to go on; the board says so as well",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM })
    local run = w:held(1)
    local shown = followed(w, "")
    assert(world.wait(function() return shown():find("takes it") end), "it shows nothing")
    run.kill("KILL")
    assert(world.wait(function() return select(2, shown()) end), "it goes on after the process")
    local text, code = shown()
    assert.equal(1, code, text)
    assert(text:find("the process that worked on ep.1 is gone", 1, true)
      and text:find("fix: orket resume ep.1", 1, true), text)
    text = w:orket("board")
    assert(text:find("ep.1 was interrupted; to go on: orket resume ep.1", 1, true), text)
    w:release(1)
    text, code = w:orket("resume --plain ep.1")
    assert.equal(0, code, text)
    assert.falsy(w:orket("board"):find("orket resume", 1, true))
    assert.equal("0", w:sql("SELECT count(*) FROM card WHERE retry_count > 0"))
    w:replays()
  end)

  it("each run that stopped is named: the newest of each epic, and runs that a person let go on", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = ASKS_OR_WORKS })
    for i = 2, 8 do
      w:write("config/epics/e" .. i .. ".json", cjson.encode({ name = "E", team = "t", environment = "e",
        issues = { { id = "B" .. i, name = "B", seat = "dev" } } }))
    end
    w:orket("run --plain ep")
    assert.equal(0, (select(2, w:orket("answer A green"))))
    local let_go = "ep.1 was let go on, and did not; to go on: orket resume ep.1"
    assert.truthy(w:orket("board"):find(let_go, 1, true), w:orket("board"))
    local function killed(i)
      w:hold("B" .. i)
      local run = w:start("e" .. i)
      assert(world.wait(function() return w:request(i) end))
      run.kill("KILL")
      run.wait()
    end
    for i = 2, 4 do
      killed(i)
    end
    for _, command in ipairs({ "board", "inbox" }) do
      local text = w:orket(command)
      local at = 1
      for i = 4, 2, -1 do
        at = assert(text:find(("e%d.1 was interrupted; to go on: orket resume e%d.1"):format(i, i), at, true), text)
      end
      assert.truthy(text:find(let_go, at, true), text)
    end
    for i = 5, 8 do
      killed(i)
    end
    local text = w:orket("inbox")
    assert.truthy(text:find("Nothing waits for you.\n\ne8.1 was interrupted", 1, true), text)
    assert.truthy(text:find("\nand 3 more: orket history\n", 1, true), text)
  end)

  it("a run that failed is named as well, until it is resumed", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM })
    w:run("ep --record .test/tape")
    w:write(".test/tape", w:read(".test/tape"):match("^[^\n]+\n"))
    local text, code = w:run("--again ep --replay .test/tape")
    assert.equal(1, code, text)
    for _, command in ipairs({ "board", "inbox" }) do
      text = w:orket(command)
      assert.truthy(text:find("\nep-b2.1 failed; to go on: orket resume ep-b2.1\n", 1, true), text)
    end
    text, code = w:orket("resume --plain ep-b2.1")
    assert.equal(0, code, text)
    assert.falsy(w:orket("board"):find("orket resume", 1, true))
  end)

  it("orket board -w is an error when no run is under way", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = TEAM })
    assert.equal(0, (select(2, w:run())))
    local text, code = w:orket("board -w")
    assert.equal(1, code)
    assert(text:find("no run is under way", 1, true), text)
  end)
end)
