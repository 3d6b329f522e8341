-- replay_spec.lua: `orket replay`: recorded runs are derived again, whatever their concurrency and however
-- often they were killed; the first event that differs is named, whatever was changed.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local EXAMPLE = "examples/textkit"
local FAULTY = os.getenv("FAULTY") or "build/gcc-fault/orket"

local function replay(dir, run, arguments)
  return orket.shell(string.format("%s replay -C %s %s %s 2>&1", world.binary, dir, arguments or "", run))
end

local function contents(dir)
  return (orket.shell("cd " .. dir .. " && find . -type f ! -name '*-shm' | sort | xargs sha256sum"))
end

local function set_concurrency(dir, concurrency)
  local path = dir .. "/config/organization.json"
  local text, count = orket.read(path):gsub('"concurrency": %d+', '"concurrency": ' .. concurrency)
  assert.equal(1, count)
  orket.write(path, text)
end

-- A copy of the example at a concurrency, run with its mock (or a cassette).
local function example(dir, concurrency, arguments, url)
  orket.shell(string.format("cp -R %s %s", EXAMPLE, dir))
  set_concurrency(dir, concurrency)
  local text, code = orket.shell(string.format("ORKET_MODEL_URL=%s %s run --plain -C %s %s textkit 2>&1", url,
    world.binary,
    dir, arguments))
  assert.equal(0, code, text)
end

describe("replay", function()
  local dir = orket.directory()
  local tape = dir .. "/tape"

  setup(function()
    local out = dir .. "/mock"
    local pid = orket.shell(string.format("%s mock-llm --fast %s/mock.lua > %s 2>&1 & echo $!", world.binary,
      EXAMPLE, out)):match("%d+")
    assert(world.wait(function()
      return (orket.shell("cat " .. out)):find("http:", 1, true)
    end))
    example(dir .. "/first", 3, "--record " .. tape, orket.read(out):match("http:%S+"))
    os.execute("kill " .. pid)
  end)

  teardown(function()
    orket.remove(dir)
  end)

  for _, concurrency in ipairs({ 1, 4, 32 }) do
    it("the example recorded at concurrency " .. concurrency .. " replays to its hash", function()
      local copy = dir .. "/at" .. concurrency
      example(copy, concurrency, "--replay " .. tape, "http://127.0.0.1:1")
      local head = cjson.decode((replay(copy, "textkit.1", "--json"))).hash
      for _, now in ipairs({ 1, 4, 32 }) do
        set_concurrency(copy, now)
        local before = contents(copy)
        for _, mode in ipairs({ "", "--strict", "--config", "--strict --scripts --config",
          "--strict --card TK-3" }) do
          local text, code = replay(copy, "textkit.1", mode)
          assert.equal(0, code, text)
          assert.truthy(text:find("hash " .. head .. ", as recorded", 1, true), text)
          local told = text:find("the setting process_rules.limits.concurrency is another one", 1,
            true) ~= nil
          assert.equal(mode:find("config") ~= nil and now ~= concurrency, told, text)
        end
        assert.equal(before, contents(copy))
      end
    end)
  end

  it("the example opens no socket and leaves nothing behind", function()
    local _, code = orket.shell("command -v strace")
    if code ~= 0 then
      pending("strace is not installed")
    end
    orket.shell("mkdir " .. dir .. "/empty")
    local text
    text, code = orket.shell(string.format("TMPDIR=%s/empty ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=%%net -o %s/trace %s replay -C %s/first textkit.1 2>&1", dir, dir, world.binary, dir))
    assert.equal(0, code, text)
    assert.falsy(orket.read(dir .. "/trace"):find("%f[%w]%l+%("), "a call to the network")
    assert.equal("", (orket.shell("ls -A " .. dir .. "/empty")))
  end)

  it("the example is swept away by the next one when it is killed, unlike one that is at work", function()
    local tmp = dir .. "/tmp"
    local busy = tmp .. "/orket-scratch-00000000000c0de1"
    orket.write(busy .. "/note", "somebody's")
    orket.shell("chmod 700 " .. busy)
    local holder = orket.shell(string.format("flock -F %s/lock sleep 60 >/dev/null 2>&1 & echo $!",
      busy)):match("%d+")
    assert(world.wait(function() return not os.execute("flock -n " .. busy .. "/lock true") end))
    local function replayed(binary, environment)
      local text = orket.shell(string.format("TMPDIR=%s %s %s replay -C %s/first textkit.1 2>&1", tmp,
        environment, binary, dir))
      return text, tonumber((orket.shell("ls " .. tmp .. " | wc -l")))
    end
    for _, point in ipairs({ "permit_after:1", "publish_after:1", "file_write_before:2" }) do
      local text, left = replayed(FAULTY, "ORKET_FAULT=" .. point .. ":kill")
      assert.falsy(text:find("hash", 1, true), text)
      assert.equal(2, left, point) -- its own; that of the one before is gone
    end
    local text, left = replayed(world.binary, "")
    assert.truthy(text:find("as recorded", 1, true), text)
    assert.equal(1, left)
    assert.equal("somebody's", orket.read(busy .. "/note"))
    os.execute("kill " .. holder)
    assert(world.wait(function() return os.execute("flock -n " .. busy .. "/lock true") end))
    assert.equal(0, (select(2, replayed(world.binary, ""))))
  end)

  it("the example is another one with another role, tool or policy", function()
    local rows = {
      { "roles/coder.lua", "You are a programmer", "You are a poet", "turn%.prompted of TK%-%d",
        "+  You are a poet" },
      { "nodes/policy.lua", "local function decide%(.-\n",
        "%0  if call.tool == 'write_file' then return { decision = 'deny', why = 'never' } end\n",
        "call%.allowed of TK%-1", "call.refused" },
      { "tools/write_file.lua", "bytes = written.bytes", "bytes = 1", "call%.result of TK%-1", 'bytes' },
    }
    for _, row in ipairs(rows) do
      local path, from, to, where, what = table.unpack(row)
      local source, count = orket.read(path):gsub(from, to, 1)
      assert.equal(1, count, path)
      orket.shell("rm -rf " .. dir .. "/other && cp -R " .. dir .. "/first " .. dir .. "/other")
      orket.write(dir .. "/other/" .. path, source)
      local text, code = replay(dir .. "/other", "textkit.1", "--scripts")
      assert.equal(1, code, text)
      assert.truthy(text:find("ERR_REPLAY: textkit%.1/%d+%.%d+ %(" .. where), text)
      assert.truthy(text:find(what, 1, true), text)
      text, code = replay(dir .. "/other", "textkit.1")
      assert.equal(0, code, text) -- what was recorded counts
    end
  end)

  it("the example takes one role from a file", function()
    orket.write(dir .. "/r/coder.lua",
      (orket.read("roles/coder.lua"):gsub("You are a programmer", "You are a poet")))
    local text, code = replay(dir .. "/first", "textkit.1", "--role " .. dir .. "/r/coder.lua")
    assert.equal(1, code, text)
    assert.truthy(text:find("-  You are a programmer", 1, true), text)
    orket.write(dir .. "/r/coder.lua", orket.read("roles/coder.lua") .. "-- a remark\n")
    text, code = replay(dir .. "/first", "textkit.1", "--role " .. dir .. "/r/coder.lua")
    assert.equal(0, code, text)
    assert.truthy(text:find("roles/coder.lua is another one: it makes no difference", 1, true), text)
  end)

  -- One byte, anywhere in what the run rests on. It is looked for at the beginning of a text: the rest may be
  -- in pieces.
  local flips = {
    { "the body of an event",
      "UPDATE entry SET body = replace(body, '\"ok\":true', '\"ok\":trUe') WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'call.result')" },
    { "tokens", "UPDATE entry SET body = replace(body, '\"prompt\":', '\"prompt\":1') WHERE seq = (SELECT min(seq) FROM event WHERE kind = 'step.reply')" },
    { "an actor", "UPDATE entry SET actor = 'agent:guarD' WHERE seq = (SELECT min(seq) FROM event WHERE actor = 'agent:guard')" },
    { "a hash", "UPDATE entry SET hash = CAST(X'00' || substr(hash, 2) AS BLOB) WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'step.reply')" },
    { "an event of the board",
      "UPDATE entry SET body = replace(body, 'textkit', 'textkIt') WHERE seq = (SELECT min(seq) FROM event WHERE kind = 'card.created')" },
    { "a reply", "UPDATE message SET bytes = CAST(replace(CAST(bytes AS TEXT), 'assistant', 'assistanT') AS BLOB) WHERE id = (SELECT max(id) FROM message WHERE CAST(bytes AS TEXT) LIKE '%\"role\":\"assistant\"%')" },
    { "a reply's call", "UPDATE message SET bytes = CAST(replace(CAST(bytes AS TEXT), 'write_file', 'write_filE') AS BLOB) WHERE id = (SELECT min(id) FROM message WHERE CAST(bytes AS TEXT) LIKE '%write_file%' AND CAST(bytes AS TEXT) LIKE '%assistant%')" },
    { "a tool's result", "UPDATE message SET bytes = CAST(replace(CAST(bytes AS TEXT), 'true', 'trUe') AS BLOB) WHERE id = (SELECT max(id) FROM message WHERE CAST(bytes AS TEXT) LIKE '%true%\"role\":\"tool\"%')" },
    { "a prompt", "UPDATE message SET bytes = CAST(replace(CAST(bytes AS TEXT), 'You', 'yOu') AS BLOB) WHERE id = (SELECT min(id) FROM message WHERE parent IS NULL AND CAST(bytes AS TEXT) LIKE '%You%')" },
    { "a file", "UPDATE blob SET bytes = CAST(CAST(bytes AS TEXT) || '!' AS BLOB) WHERE CAST(bytes AS TEXT) LIKE '# Requirements%'" },
    { "a script", "UPDATE blob SET bytes = CAST(replace(CAST(bytes AS TEXT), '-- coder', '-- codeR') AS BLOB) WHERE CAST(bytes AS TEXT) LIKE '-- coder.lua%'" },
    { "an event that is gone",
      "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'call.allowed')" },
    { "the last event of a turn",
      "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'turn.ended')" },
  }
  for _, flip in ipairs(flips) do
    it("the example is not what it was with a change of " .. flip[1], function()
      orket.shell("rm -rf " .. dir .. "/flipped && cp -R " .. dir .. "/first " .. dir .. "/flipped")
      orket.write(dir .. "/sql", flip[2] .. "; SELECT changes();")
      assert.equal("1", (orket.shell("sqlite3 " .. dir .. "/flipped/.orket/orket.db < " .. dir
        .. "/sql 2>&1"):gsub("%s", "")))
      local text, code = replay(dir .. "/flipped", "textkit.1")
      assert.equal(1, code, text)
      assert.truthy(text:find("^orket: ERR_%u+: "), text)
      assert.truthy(text:find("[%w%.]+/%d+%.%d+ %(") or text:find("hash of textkit.1", 1, true), text)
    end)
  end
end)

-- A second opinion about a journal that somebody wrote anew, hashes and all, is not the chain's but the
-- engine's.
describe("replay", function()
  local function played(options, arguments)
    local w = world.new(options)
    w:run(arguments)
    return w
  end

  local function same(w, run)
    for _, mode in ipairs({ "", "--strict" }) do
      local text, code = replay(w.dir, run or "ep.1", mode)
      assert.equal(0, code, text)
    end
  end

  local WORK = [[
    function work(talk)
      return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
    end
  ]]

  it("a replay derives a run that parked, was answered and went on", function()
    local w <close> = played({ issues = { {} }, mock = [[
      function work(talk)
        if not talk.text:find("yes, blue", 1, true) then
          return say(call("request_excuse", { reason = "which colour?" }))
        end
        return steps(talk, function() return say(write("a", "blue")) end, function() return say(finish()) end)
      end
    ]] })
    w:orket("answer I-1 'yes, blue'")
    local text, code = w:run()
    assert.equal(0, code, text)
    same(w)
  end)

  it("a replay derives a run that failed at its model, was stopped, was killed", function()
    local w <close> = played({ issues = { { max_retries = 0 } }, environment = world.impatient,
      mock = "function work() return { status = 500 } end" })
    same(w)
    local slow <close> = world.new({ issues = { {}, {} },
      mock = "function work() return { content = 'x', delay_ms = 60000 } end" })
    for _, signal in ipairs({ "INT", "KILL" }) do
      local run = slow:start()
      assert(world.wait(function() return slow:requests() >= (signal == "INT" and 2 or 4) end))
      run.kill(signal)
      if signal == "INT" then
        run.wait()
      else
        assert(world.wait(function() return not slow:orket("comment I-1 hello"):find("ERR_") end))
      end
    end
    same(slow)
  end)

  local FAILING = {
    ["raises"] = 'error("boom")', ["is no proposal"] = "return 5",
    ["is against the law"] = '  return { status = "done", note = "n", memory = "m" }',
  }
  for name, route in pairs(FAILING) do
    it("a replay derives a run that failed by a proposal that " .. name, function()
      local role = orket.read("roles/coder.lua"):gsub("route = brief.hand_over", function()
        return "route = function(card) if card.id == 'A' then " .. route .. " end end"
      end)
      local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } },
        files = { ["roles/coder.lua"] = role }, limits = { concurrency = 1 },
        mock = [[
          function work(talk)
            return say(write("f", "by " .. talk.card), finish())
          end
        ]] })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.equal("blocked", w:card("A").status)
      assert.equal(1, #w:events("turn.failed"))
      local cost, paid = cjson.decode((w:orket("cost --json"))).total, 0
      for _, event in ipairs(w:events("turn.ended")) do
        paid = paid + event.body.tokens_in
      end
      assert.same({ w:requests(), paid }, { cost.calls, cost.tokens_in })
      assert.equal("by B", w:made("f")) -- nothing of A was merged, so there is no conflict
      assert.same({}, w:events("tree.conflict"))
      w:replays()
    end)
  end

  it("a replay derives a run that merged the same file twice, with memory, reviews that say no, and a verification",
    function()
    local w <close> = played({ issues = { { verification = { fixture_path = "ok.json" } }, {}, {} },
      files = { ["verification/ok.json"] = '{"argv":["/bin/sh","-c","test -f shared"]}' }, limits = { concurrency = 3 }, mock = [[
      function work(talk)
        if talk.text:find("no, again", 1, true) then
          return steps(talk, function() return say(write(talk.card, "better")) end, function() return say(finish()) end)
        end
        return steps(talk, function() return say(write("shared", "a\nb\n" .. talk.card .. "\n"), write(talk.card, "x")) end,
          function() return say(finish()) end)
      end
      function review(talk)
        if talk.card == "I-2" and not talk.text:find("better", 1, true) and talk.replies == 0 then
          return say(status("in_progress", "no, again"))
        end
        return accept()
      end
    ]] })
    same(w)
  end)

  it("a replay derives a run that was forked from another one's middle", function()
    local w <close> = played({ issues = { {}, { depends_on = { "I-1" } } }, mock = WORK })
    local coder = orket.read("roles/coder.lua"):gsub("You are a programmer", "You are a poet")
    w:write("other/coder.lua", coder)
    local changes = { ["turn.started"] = "--role other/coder.lua", ["file.written"] = "--set I-2:note=hurry" }
    for _, kind in ipairs({ "turn.started", "turn.prompted", "call.allowed", "file.written",
      "call.result" }) do
      local at = math.tointeger(w:events(kind)[2].seq)
      local text, code = w:orket("fork " .. (changes[kind] or "") .. " ep.1@" .. at)
      assert.equal(0, code, text)
      local epic = text:match("^(%S+) goes on")
      text, code = w:run(epic)
      assert.equal(0, code, text)
      same(w, epic .. ".1")
    end
    same(w)
  end)

  it("a replay of a run that does not exist is refused", function()
    local w <close> = played({ issues = { {} }, mock = WORK })
    same(w)
    local text, code = replay(w.dir, "ep.7")
    assert.equal(1, code, text)
    assert.truthy(text:find("ERR_NOT_FOUND: there is no run 'ep.7'", 1, true), text)
    assert.equal(2, select(2, replay(w.dir, "")))
    assert.equal(2, select(2, replay(w.dir, "ep.1", "--scripts --role x")))
  end)
end)
