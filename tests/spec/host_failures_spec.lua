-- host_failures_spec.lua: what the machine does to a run, and what stops it, is no failure of an agent's: the
-- turn stays open without an event that says so, nothing is charged, no reply is asked for twice, and the run
-- replays afterwards.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local where_jailed = refused and pending or it

local SHELL = { { argv = { "sh", "-c", "*" }, wall = 20 } }

local function coder()
  return (world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "run_command"'))
end

-- Names the programs of this spec among all that the machine runs.
local MARK = "mark" .. math.random(1 << 40)

-- A card whose work is a program that takes a while.
local SLOW_COMMAND = ([[
function work(talk)
  return steps(talk,
    function() return say(write("notes", "first")) end,
    function() return say(call("run_command", { argv = { "sh", "-c", "touch started; : MARK; sleep 2; echo made >f" } })) end,
    function() return say(finish()) end)
end
]]):gsub("MARK", MARK)

local function with_command(mock, options)
  return world.new(world.merged({
    issues = { { id = "A" } }, mock = mock, rules = { commands = SHELL },
    files = { ["roles/coder.lua"] = coder() },
  }, options))
end

local BLAMES = { "turn.failed", "call.refused", "operation.refused", "turn.looped", "turn.abandoned" }

-- What a run has to have come to after the machine, or a person, broke it off.
local function assert_unblamed(w)
  for _, kind in ipairs(BLAMES) do
    assert.equal(0, #w:events(kind), kind)
  end
  for _, event in ipairs(w:events("call.result")) do
    assert.is_true(event.body.ok, event.body.tool)
  end
  assert.equal("0", w:sql("SELECT count(*) FROM card WHERE retry_count > 0"))
  w:replays()
end

-- Every reply that was answered is in the journal: none was asked for again.
local function assert_asked_once(w)
  assert.equal(#w:events("step.reply"), w:requests())
end

local function assert_finished(w)
  local text, code = w:run()
  assert.equal(0, code, text)
  assert.equal("done", w:card("A").status)
  assert.equal("0", w:sql("SELECT count(*) FROM turn WHERE outcome IS NULL"))
  assert_unblamed(w)
end

describe("host failures", function()
  local it = where_jailed
  for _, way in ipairs({ "INT", "TERM", "HUP", "halt" }) do
    it("a program of an agent that is under way when the run stops runs again with the next run, after "
      .. way, function()
      local w <close> = with_command(SLOW_COMMAND)
      local run = w:start()
      assert(world.wait(function() return w:exists("workspace/ep/cards/A/started") end))
      if way == "halt" then
        w:orket("halt")
      else
        run.kill(way)
      end
      local text, code = run.wait()
      assert.equal(3, code, text)
      assert.equal(0, #w:events("command.ran"))
      assert.equal("in_progress", w:card("A").status)
      w:derives()
      assert_finished(w)
      assert_asked_once(w)
      assert.equal("made\n", w:made("f"))
    end)
  end
end)

describe("host failures", function()
  local it = where_jailed

  local function started()
    local w = with_command(SLOW_COMMAND)
    local run = w:start()
    assert(world.wait(function() return w:exists("workspace/ep/cards/A/started") end))
    return w, run
  end

  it("a program of an agent that a signal ends has no result when the same signal stops the run, as a service manager does it",
    function()
    local w, run = started()
    local closing <close> = w
    os.execute("kill -TERM $(pgrep -f '^sh -c touch started; : " .. MARK .. "')")
    run.kill("TERM")
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal(0, #w:events("command.ran"))
    assert_finished(w)
    assert_asked_once(w)
  end)

  it("a program of an agent that a signal ends stops the run when its jail was killed from outside, as the kernel does it without memory",
    function()
    local w, run = started()
    local closing <close> = w
    os.execute("kill -KILL $(pgrep -o -f '^orket-jail .*" .. MARK .. "')")
    local text, code = run.wait()
    assert.equal(1, code, text)
    assert(text:find("ERR_IO: A: [^\n]*killed from outside\n  fix: "), text)
    w:derives()
    assert_finished(w)
    assert_asked_once(w)
  end)
end)

describe("host failures", function()
  local HELD = [[ function work(talk)
    return steps(talk, function() return say(write("f", "text")) end, function() return say(finish()) end)
  end ]]

  it("a reply that is under way when the run stops is waited for and recorded: the next run does not ask for it again",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = HELD, limits = { drain = 20 } })
    local run = w:held(1)
    run.kill("TERM")
    assert(world.wait(function() return w:read(".test/run.out"):find("1 under way is waited for", 1,
      true) end), w:read(".test/run.out"))
    w:release(1)
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal(1, #w:events("step.reply"))
    assert.equal(0, #w:events("call.allowed"))
    w:derives()
    assert_finished(w)
    assert_asked_once(w)
  end)

  for _, way in ipairs({ "the second signal", "a second halt", "the limit" }) do
    it("a reply that is under way when the run stops is given up after " .. way
      .. ", and what it likely cost is counted", function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = HELD,
        limits = { drain = way == "the limit" and 0.2 or 60 },
        model = { price = { input = 1000000, output = 1000000 } } })
      local run = w:held(1)
      run.kill("TERM")
      if way ~= "the limit" then
        assert(world.wait(function() return w:read(".test/run.out"):find("stopping", 1, true) end))
      end
      if way == "the second signal" then
        run.kill("TERM")
      elseif way == "a second halt" then
        local said = w:orket("halt")
        assert(said:find("replies under way are given up", 1, true), said)
      end
      local text, code = run.wait()
      assert.equal(3, code, text)
      local lost = w:events("step.failed")[1].body
      assert.equal("ERR_CANCELED", lost.code)
      assert(lost.usage.prompt > 100 and lost.usage.estimated)
      local total = cjson.decode((w:orket("cost --json --run ep.1"))).total
      assert.same({ 1, 1, lost.usage.prompt }, { total.calls, total.failed, total.tokens_in })
      w:derives()
      w:release(1)
      assert_finished(w)
    end)
  end

  it("a reply that is under way when the run stops is not touched by a terminal that goes, when the run was started to ignore that",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = HELD })
    w.environment = "nohup"
    local run = w:held(1)
    run.kill("HUP")
    w:release(1)
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert_asked_once(w)
  end)

  it("a reply that is under way when the run stops is none during the pause before a retry: that is not waited for",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { drain = 60 }, mock = [[ function work(talk)
      if talk.request.request_number == 1 then return { status = 503, headers = { ["retry-after"] = "50" } } end
      return say(write("f", "x"), finish())
    end ]] })
    local run = w:start()
    assert(world.wait(function() return #w:events("step.failed") == 1 end))
    run.kill("INT")
    local text, code = run.wait(10)
    assert.equal(3, code, text)
    assert_finished(w)
  end)
end)

-- ---- the disk of workspace/ ----

local BIG = world.orket.read("tests/support/teams/big_files.lua")

-- What is wrong with workspace/ when the run begins, what fixes it, and what the person reads.
local BROKEN = {
  { "is full when an agent writes", "mount -t tmpfs -o size=48k tmpfs workspace", "'b': No space left",
    "free some space" },
  { "is full when an agent's program writes", "mount -t tmpfs -o size=96k tmpfs workspace", "too little room",
    "free some space" },
  { "is full when the verification writes", "mount -t tmpfs -o size=224k tmpfs workspace", "too little room",
    "free some space" },
  { "is read-only", "mount -t tmpfs -o ro tmpfs workspace", "Read%-only file system",
    "give this user write permission on workspace/",
    "mount --options-source=disable -o remount,rw workspace" },
  { "may not be written", "chmod a-w workspace", "Permission denied",
    "give this user write permission on workspace/", "chmod u+w workspace" },
  { "may not be written where cards are", "mkdir -p workspace/ep/cards; chmod a-w workspace/ep/cards",
    "Permission denied",
    "give this user write permission on workspace/", "chmod u+w workspace/ep/cards" },
  { "may not be written where the epic's files are",
    "mkdir -p workspace/ep/tree; chmod a-w workspace/ep/tree", "Permission denied",
    "give this user write permission on workspace/", "chmod u+w workspace/ep/tree" },
}

-- A shell script in the project with a namespace of its own for mounts; $orket is the binary, run as an
-- ordinary user.
local function apart(w, script)
  w:write(".test/script", script)
  local as_user = "timeout --foreground 60 unshare --user --map-user=1000 --map-group=1000 "
  return world.orket.shell(("cd %s && ORKET_MODEL_URL=%s orket='%s%s' unshare -Urm sh .test/script 2>&1"):format(
    w.dir, w.url, as_user, world.binary))
end

-- Output that only the journal's disk makes too much of.
local LARGE = [[
function work(talk)
  return talk.replies < 6 and say(write("f" .. talk.replies, ("text " .. talk.replies):rep(20000))) or say(finish())
end
]]

describe("host failures", function()
  local BEGIN = [[
    mkdir -p .orket kept; mount -t tmpfs -o size=700k tmpfs .orket
    $orket run --plain ep >out 2>&1 & pid=$!
    until grep -q "waiting up to" out || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
  ]]
  local FREE = "mount --options-source=disable -o remount,size=64m .orket\n"
  local KEEP = "cp -a .orket/. kept\n"

  -- `timeout` hands each signal on once in the foreground; elsewhere it would send the first one twice, which
  -- may count as one.
  local TWICE = 'kill -INT $pid; until grep -q "stopping:" out || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done; kill -INT $pid\n'

  local function with_limit(seconds)
    return world.new({ issues = { { id = "A" } }, mock = LARGE, limits = { disk = seconds } })
  end

  local function keep(w)
    world.orket.shell(("cd %s && rm -rf .orket && mv kept .orket"):format(w.dir))
  end

  it("a disk of the journal is waited for: with room again the run goes on, and no reply is asked for again",
    function()
    local w <close> = with_limit(60)
    local text = apart(w, BEGIN .. FREE .. 'wait $pid; echo "exit $?"; cat out\n' .. KEEP)
    assert(text:find("exit 0", 1, true), text)
    assert(text:find("waiting up to 60 s: ERR_STORE_FULL: [^\n]*fix: free some space"), text)
    assert(text:find("the disk takes commits again", 1, true), text)
    keep(w)
    assert.equal("done", w:card("A").status)
    assert_unblamed(w)
    assert_asked_once(w)
  end)

  for what, act in pairs({ ["its limit"] = "", ["the second interrupt"] = TWICE }) do
    it("a disk of the journal that stays full stops the run after " .. what .. ", and the next one goes on",
      function()
      local w <close> = with_limit(act == "" and 0.6 or 60)
      local text = apart(w, BEGIN .. act .. 'wait $pid; echo "exit $?"; cat out\n' .. FREE
        .. '$orket run --plain ep; echo "again $?"\n' .. KEEP)
      assert(text:find("exit 1", 1, true) and text:find("again 0", 1, true), text)
      assert(text:find("\norket: ERR_STORE_FULL: ", 1, true), text)
      assert(text:find("the disk takes no commits: given up", 1, true), text)
      assert.is_nil(text:find("takes commits again", 1, true), text)
      keep(w)
      assert.equal("done", w:card("A").status)
      assert_unblamed(w)
    end)
  end
end)

describe("host failures", function()
  local it = where_jailed
  for _, row in ipairs(BROKEN) do
    local what, breaks, says, fix, fixes = table.unpack(row)
    it("a disk of workspace/ that fails stops the run with the fix, and costs nothing: one that " .. what,
      function()
      local w <close> = with_command(BIG, {
        issues = { { id = "A", verification = { fixture_path = "v.json" } } },
        files = { ["roles/coder.lua"] = coder(),
          ["verification/v.json"] = '{"argv": ["/bin/sh", "-c", "cat a b c d >all"]}' },
      })
      local text = apart(w, ([[
        mkdir -p workspace kept; %s
        $orket run --plain ep; echo "exit $?"
        $orket replay --strict ep.1 >/dev/null; echo "replay $?"
        %s
        $orket run --plain ep; echo "again $?"
        rm -rf kept; cp -a workspace kept; chmod -R u+w kept
      ]]):format(breaks, fixes or "mount --options-source=disable -o remount,size=64m workspace"))
      assert(text:find("\norket: ERR_IO: A: [^\n]*" .. says), text)
      assert(text:find("\n  fix: " .. fix, 1, true), text)
      assert(text:find("\nexit 1\nreplay 0\n.*\nagain 0\n"), text)
      world.orket.shell(("cd %s && chmod -R u+w workspace && rm -rf workspace && mv kept workspace"):format(w.dir))
      assert.equal("done", w:card("A").status)
      assert.equal(("text "):rep(6000):rep(3), w:made("c"))
      assert_unblamed(w)
      assert_asked_once(w)
    end)
  end
end)

describe("host failures", function()
  it("a person's file that is too large to be kept stays, and stops the run with the fix; without it the next run goes on",
    function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write(talk.card .. ".txt", "made")) end, function() return say(finish()) end)
      end ]] })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return w:made("A.txt") end, 30))
    local theirs = w.dir .. "/workspace/ep/tree/B.txt"
    os.execute("truncate -s 65M " .. theirs)
    w:release("B")
    local text, code = run.wait(60)
    assert.equal(1, code, text)
    assert(text:find("B.txt in the directory of ep is not in the journal", 1, true), text)
    assert(text:find("fix: move it out of workspace/ep", 1, true), text)
    assert.equal("68157440\n", (world.orket.shell("stat -c %s " .. theirs)))
    assert.equal("done", w:card("B").status)
    assert_unblamed(w)
    os.remove(theirs)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("made", w:made("B.txt"))
    assert_unblamed(w)
  end)
end)
