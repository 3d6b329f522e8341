-- resume_spec.lua: runs that are stopped, killed and gone on with, and scripts that change under them.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Six files, one in each step; slow enough that a spec which is late still meets the run under way.
local SLOW = [[
function work(talk)
  local r = talk.replies < 6 and say(write("f" .. talk.replies, "text " .. talk.replies)) or say(finish())
  r.delay_ms = 300
  return r
end
]]

local function assert_whole(w)
  for i = 0, 5 do
    assert.equal("text " .. i, w:made("f" .. i))
  end
  local text, code = w:check()
  assert.equal(0, code, text)
  assert.equal("0", w:sql("SELECT count(*) FROM turn WHERE outcome IS NULL"))
end

local function written(w)
  local times = {}
  for _, event in ipairs(w:events("file.written")) do
    times[event.body.path] = (times[event.body.path] or 0) + 1
  end
  return times
end

local function after_requests(w, n)
  assert(world.wait(function() return w:request(n) end), "no request " .. n)
end

local function loaded(w, n)
  assert(world.wait(function() return #w:events("scripts.loaded") == n end), n .. "th generation")
end

describe("resume", function()
  it("a run that is stopped drains, and the next one goes on with the same bytes", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW })
    local run = w:held(5)
    run.kill("INT")
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal("in_progress", w:card("A").status)
    local n = w:requests()
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(w:request(n), w:request(n + 1))
    for path, times in pairs(written(w)) do
      assert.equal(1, times, path)
    end
    assert_whole(w)
    assert.equal(2, #w:events("turn.started"))
    local ended = w:events("turn.ended")[1].body
    assert.equal(7, ended.steps)
    local tokens = 0
    for _, event in ipairs(w:events("step.reply")) do
      tokens = tokens + (event.turn == 1 and event.body.usage.prompt or 0)
    end
    -- the reply that the stop gave up was asked for, and likely billed
    for _, event in ipairs(w:events("step.failed")) do
      assert.equal("ERR_CANCELED", event.body.code)
      tokens = tokens + event.body.usage.prompt
    end
    assert.equal(tokens, ended.tokens_in)
  end)

  it("a run that is stopped keeps what its turn's role did: a person hands the work over, the guard begins its own turn",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW })
    local run = w:held(3)
    run.kill("TERM")
    assert.equal(3, (select(2, run.wait())))
    assert.equal(0, (select(2, w:orket("move A ready_for_testing"))))
    local n = w:requests()
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(w:request(n + 1):find("integrity guard", 1, true))
    assert(not w:request(n + 1):find("You are a programmer", 1, true))
    assert.equal("0", w:sql("SELECT count(*) FROM turn WHERE outcome IS NULL"))
  end)

  it("a run that is stopped abandons the turn of another engine, and claims the card anew", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW })
    local run = w:held(3)
    run.kill("TERM")
    assert.equal(3, (select(2, run.wait())))
    w:sql("UPDATE turn SET engine = '0.0.0' WHERE outcome IS NULL")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("0.0.0", w:events("turn.abandoned")[1].body.was)
    assert.equal(3, #w:events("turn.started"))
    for i = 0, 5 do
      assert.equal("text " .. i, w:made("f" .. i))
    end
  end)

  it("a run that is stopped during a verification loses nothing", function()
    local w <close> = world.new({ issues = { { id = "A", verification = { fixture_path = "slow.json" } } }, mock = [[
      function work() return say(write("a", "b"), finish()) end ]],
      files = { ["verification/slow.json"] = '{"argv": ["/bin/sh", "-c", "sleep 1; cat a"]}' } })
    local run = w:start()
    assert(world.wait(function() return w:card("A").status == "ready_for_testing" end))
    run.kill("INT")
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal("ready_for_testing", w:card("A").status)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("verify.done"))
  end)

  it("a run that is stopped stops at once at the second interrupt, or by orket halt", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW })
    local run = w:held(2)
    local text, code = w:orket("halt")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(3, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert_whole(w)
  end)

  it("a run that is stopped creates each card once, with an id of its own", function()
    local w <close> = world.new({ issues = { { id = "A", seat = "lead" } }, mock = [[
      function work(talk)
        local r = say(write(talk.card, "x"), finish())
        if talk.card == "A" then
          r = talk.replies < 3 and say(call("create_issue", { seat = "dev", summary = "part " .. talk.replies })) or r
          r.delay_ms = 200
        end
        return r
      end ]], limits = { concurrency = 1 } })
    local run = w:held(3)
    run.kill("INT")
    run.wait()
    local text, code = w:run()
    assert.equal(0, code, text)
    local names = {}
    for _, event in ipairs(w:events("card.created")) do
      names[#names + 1] = event.body.name
    end
    table.sort(names)
    assert.same({ "Epic", "Issue A", "part 0", "part 1", "part 2" }, names)
  end)

  it("a run that is stopped survives kill -9 at any moment", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work(talk)
        local name = talk.card == "A" and "f" or "g"
        return talk.replies < 6 and say(write(name .. talk.replies, "text " .. talk.replies)) or say(finish())
      end ]] })
    w:killed_at({ "dispatch_after:2", "log_sync_before:10", "reply_before:2", "file_write_after:1",
      "permit_before:2", "commit_after:8" })
    local text, code = w:run()
    assert.equal(0, code, text)
    for i = 0, 5 do
      assert.equal("text " .. i, w:made("f" .. i))
      assert.equal("text " .. i, w:made("g" .. i))
    end
    for path, times in pairs(written(w)) do
      assert.equal(1, times, path)
    end
    assert_whole(w)
    assert(w:requests() <= 16 + 6, w:requests() .. " requests: a journaled reply was asked for again")
  end)

  it("a run that is stopped numbers its turns on from the last one, whatever number was left out", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work(talk) return say(write(talk.card .. ".txt", "made\n"), finish()) end]] })
    assert.equal(0, (select(2, w:run("A"))))
    w:sql("UPDATE turn SET turn = 3 WHERE turn = 1") -- as if the first had never begun
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("made\n", w:made("B.txt"))
  end)

  it("a run that is stopped publishes what was merged last, also when nothing was published before",
    function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = [[
      function work(talk) return say(write(talk.card .. ".txt", "made\n"), finish()) end]] })
    assert.equal(0, (select(2, w:run("A"))))
    world.orket.remove(w.dir .. "/workspace/ep/tree") -- as if killed between the commit and the first file
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("made\n", w:made("A.txt"))
    assert.equal("made\n", w:made("B.txt"))
  end)
end)

describe("resume", function()
  it("cards that write one file and are killed again and again lose no line", function()
    local issues = {}
    for i = 1, 30 do
      issues[i] = { id = "P" .. i, depends_on = i > 10 and { "P" .. i - 10 } or nil, max_retries = 100 }
    end
    local w <close> = world.new({ issues = issues, limits = { concurrency = 20 },
      mock = world.orket.read("tests/support/teams/appends_to_one_file.lua") })
    w:killed_at({ "dispatch_after:15", "reply_before:12", "permit_before:6", "log_sync_before:15",
      "file_write_after:4", "publish_before:2" })
    local text, code = w:run()
    assert.equal(0, code, text)
    local count = 0
    for _ in w:made("all"):gmatch("P%d+\n") do
      count = count + 1
    end
    assert.equal(30, count)
    text, code = w:check()
    assert.equal(0, code, text)
  end)
end)

describe("resume", function()
  local function coder(w, identity)
    local text = world.orket.read("roles/coder.lua"):gsub("You are a programmer of a software team%.",
      identity)
    w:write("roles/coder.lua", text)
  end

  it("scripts that change serve the turns that start from then on; a bad file leaves the old one and says why",
    function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } },
      { id = "C", depends_on = { "B" } } },
      mock = [[
        function work(talk)
          return talk.replies < 3 and say(write(talk.card .. talk.replies, "x")) or say(finish())
        end ]], files = { ["roles/.keep"] = "" } })
    coder(w, "I am the first.")
    w:hold(7)
    local run = w:held(1)
    coder(w, "I am the second.")
    loaded(w, 2)
    w:release(1)
    after_requests(w, 7) -- B works
    w:write("roles/coder.lua", "return {") -- no Lua
    assert(world.wait(function() return w:read(".test/run.out"):find("refused", 1, true) end))
    w:release(7)
    local text, code = run.wait()
    assert.equal(0, code, text)
    local function identity(n)
      return w:request(n):match("I am the %a+")
    end
    assert.equal("I am the first", identity(1))
    assert.equal("I am the first", identity(4))
    assert.equal("I am the second", identity(6))
    assert.equal("I am the second", identity(11))
    assert(text:find("roles/coder.lua", 1, true) and text:find("refused", 1, true), text)
    local generations = {}
    for _, event in ipairs(w:events("turn.started")) do
      if event.role == "coder" then
        generations[#generations + 1] = event.body.generation
      end
    end
    assert.equal(3, #generations)
    assert.not_equal(generations[1], generations[2])
    assert.equal(generations[2], generations[3])
    for _, generation in ipairs(generations) do
      assert.equal("1", w:sql("SELECT count(*) FROM generation WHERE id = '" .. generation .. "'"))
    end
    text, code = w:run("--again ep")
    assert.equal(1, code)
    assert(text:find("roles/coder.lua", 1, true), text)
  end)

  it("people act while scripts are loaded", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW, files = { ["roles/.keep"] = "" } })
    coder(w, "I am the first.")
    local run = w:held(1)
    for i = 1, 3 do
      assert.equal(0, (select(2, w:orket("comment A 'number " .. i .. "'"))))
      coder(w, "I am number " .. i .. ".")
      loaded(w, i + 1)
    end
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(4, #w:events("scripts.loaded"))
    assert.equal(3, #w:events("comment.added"))
    assert_whole(w)
  end)

  it("their directory may be made, removed and put back during the run", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } },
      { id = "C", depends_on = { "B" } } },
      mock = [[ function work(talk) return say(write(talk.card, "x"), finish()) end ]] })
    w:hold(1)
    w:hold(3)
    local run = w:start()
    after_requests(w, 1)
    coder(w, "I came later.")
    loaded(w, 2)
    w:release(1)
    after_requests(w, 3) -- B works
    os.execute("mv " .. w.dir .. "/roles " .. w.dir .. "/away")
    loaded(w, 3)
    os.execute("mv " .. w.dir .. "/away " .. w.dir .. "/roles")
    loaded(w, 4)
    coder(w, "I came back.")
    loaded(w, 5)
    w:release(3)
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert(w:request(1):find("You are a programmer", 1, true))
    assert(w:request(3):find("I came later", 1, true))
    assert(w:request(5):find("I came back", 1, true))
  end)

  it("a turn that goes on does so with the scripts it began with", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = SLOW, files = { ["roles/.keep"] = "" } })
    coder(w, "I am the first.")
    local run = w:held(3)
    run.kill("INT")
    run.wait()
    coder(w, "I am the second.")
    local n = w:requests()
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(w:request(n + 1):find("I am the first", 1, true))
  end)
end)

describe("resume", function()
  it("the first request carries everything the card has, in known bytes", function()
    local w <close> = world.new({ mock = [[
      function work(talk)
        if talk.card == "base" then return say(write("base.txt", "b"), finish("the base stands")) end
        return say(write("a.txt", "a"), finish("done so"))
      end
    ]], limits = { concurrency = 1 }, issues = {
      { id = "base", name = "The base" },
      { id = "top", name = "The \"top\"", depends_on = { "base" }, priority = "high",
        description = "Build on it.\nTwo lines — with a dash.",
        requirements = { "it stands", "it is dry" }, note = "careful",
        verification = { fixture_path = "ok.json" } },
    }, files = { ["verification/ok.json"] = '{"argv": ["/bin/true"]}' } })
    assert.equal(0, (select(2, w:orket("sync"))))
    assert.equal(0, (select(2, w:orket("comment top 'mind the gap'"))))
    local text, code = w:run()
    assert.equal(0, code, text)
    local request = w:request(3)
    local messages = cjson.decode(request).messages
    assert.equal(2, #messages)
    local expected = table.concat({
      '# Card top: The "top"', "type issue, status in_progress, priority 3.0, seat dev", "", "## Part of",
        "Epic", "",
      "## Description", "Build on it.\nTwo lines — with a dash.", "", "## Requirements", "- it stands",
      "- it is dry", "",
      "## Depends on", "- base, The base (done): the base stands", "", "## Note handed over", "careful", "",
      "## Comments", "- human:WHO: mind the gap", "", "## Verification",
      "When the work is handed over, ok.json runs on the card's files. It has to pass.",
    }, "\n")
    assert.equal(expected, (messages[2].content:gsub("human:[^:\n]+", "human:WHO")))
    -- the tools as the role lists them, each with its schema as its file says
    local tools = cjson.decode(request).tools
    local names = {}
    for i, tool in ipairs(tools) do
      assert.equal("function", tool.type)
      assert.equal("object", tool["function"].parameters.type)
      assert(#tool["function"].description > 10)
      names[i] = tool["function"].name
    end
    assert.same({ "read_file", "write_file", "edit_file", "apply_patch", "list_directory", "search_files",
      "outline", "find_symbol",
      "read_result", "delete_file", "add_issue_comment",
      "get_issue_context", "update_issue_status", "report_credits", "request_excuse" }, names)
    assert(request:find('{"function":{"description":"Read a text file of this card\'s directory', 1, true))
    assert(request:find('^{"model":"mock","stream":true,"stream_options":{"include_usage":true},"temperature":0,"messages":%[{"content":"You are a programmer'))
    assert(request:find('"required":["path"]', 1, true))
    assert.equal("}]}", request:sub(-3))
  end)
end)

describe("resume", function()
  it("a call that was begun when the run was killed and is denied by now leaves nothing to the calls after it",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write("locked/a", "one")) end, function() return say(write("b", "b")) end,
          function() return say(finish()) end)
      end ]] })
    w:killed("permit_before:1")
    assert.equal(1, #w:events("call.allowed"))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.gate = { { id = "never", effect = "deny", paths = { "locked/**" },
      why = "not any more" } }
    w:write("config/organization.json", cjson.encode(organization))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("house.never", w:events("call.refused")[1].body.rule)
    assert.equal(4, #w:events("call.allowed")) -- the denied one, b, and two that finish
    assert.equal(0, #w:events("operation.settled"))
    text, code = w:orket("check --permits")
    assert.equal(0, code, text)
    w:derives()
  end)

  it("a call that was begun when the run was killed counts the cards that its agents made before", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",', '%0 "create_issue",')
    local w <close> = world.new({ issues = { { id = "A" } }, files = { ["roles/coder.lua"] = role }, limits = { issues = 1000 }, mock = [[
      function work(talk)
        local calls = {}
        for i = 1, 15 do calls[i] = call("create_issue", { seat = "dev", summary = talk.card .. " child " .. i }) end
        return talk.replies == 0 and { calls = calls, delay_ms = 100 } or say(call("request_excuse", { reason = "enough" }))
      end ]] })
    local run = w:start()
    assert(world.wait(function() return #w:events("card.created") > 40 end))
    run.kill("KILL")
    run.wait()
    assert.equal(3, (select(2, w:run())))
    local made = tonumber(w:sql("SELECT count(*) FROM event WHERE kind = 'card.created' AND actor LIKE 'agent:%'"))
    assert.equal(100, made)
    w:replays()
  end)
end)
