-- What work costs: counted, to the token, as whoever is paid for it counts it; and capped.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function stats(w)
  return cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats")))
end

local function rows(w, command)
  return cjson.decode((w:orket(command)))
end

local function sum_of(list, field, is_counted)
  local sum = 0
  for _, row in ipairs(list) do
    sum = sum + ((not is_counted or is_counted(row)) and row[field] or 0)
  end
  return sum
end

-- Cards, turns, runs and the server say the same.
local function assert_counted(w)
  local told, board, runs = stats(w), rows(w, "board --json --all"), rows(w, "history --json")
  local turns = {}
  for _, run in ipairs(runs) do
    table.move(rows(w, "history --json " .. run.id), 1, 1e4, #turns + 1, turns)
  end
  for here, there in pairs({ tokens_in = "prompt_tokens", tokens_out = "completion_tokens" }) do
    assert.equal(told[there], sum_of(runs, here), here .. " of the runs")
    assert.equal(told[there], sum_of(turns, here), here .. " of the turns")
    assert.equal(told[there], sum_of(board, here), here .. " of the cards")
  end
  assert(told.completion_tokens > 0)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
  return told
end

local function cards(count, fields)
  local issues = {}
  for i = 1, count do
    issues[i] = world.merged({ id = "C-" .. i }, fields)
  end
  return issues
end

local WORK = [[
  function work(talk)
    return steps(talk, function() return say(write(talk.card .. ".txt", ("a line\n"):rep(30))) end,
      function() return { reasoning = "hm, what now", calls = { finish() } } end)
  end
]]

describe("what work costs", function()
  it("is counted as the server counts it", function()
    local w <close> = world.new({ issues = cards(3), mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
  end)

  it("also where the server does not tell: then it is estimated, and marked", function()
    local w <close> = world.new({ issues = cards(2), model = { params = { stream_options = cjson.null } }, mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
    for _, event in ipairs(w:events("step.reply")) do
      assert.is_true(event.body.usage.estimated)
    end
  end)

  it("what cannot be true is not told: less than nothing, parts, all the money of the world, nothing at all", function()
    for _, count in ipairs({ "-1", "-1e300", "0.5", "1e300", "9223372036854775807", "0" }) do
      local w <close> = world.new({ issues = cards(1), mock = "function work() return { usage = { prompt_tokens = " .. count
        .. ", completion_tokens = " .. count .. " }, calls = { finish() } } end" })
      local text, code = w:run()
      assert.equal(0, code, text)
      for _, event in ipairs(w:events("step.reply")) do
        local usage = event.body.usage
        if usage.estimated then
          assert(usage.prompt > 100 and usage.prompt < 10000 and usage.completion > 5 and usage.completion < 100)
        end
      end
      assert.is_true(w:events("step.reply")[1].body.usage.estimated, count)
      assert.equal("sound", (w:orket("check")):match("^%a+"))
      assert.truthy((w:orket("replay --strict ep.1")):find("^ep.1: "))
    end
  end)

  it("also what broke off, was refused, and was worked on in vain", function()
    local w <close> = world.new({ issues = cards(5, { max_retries = 0 }), limits = { concurrency = 5 }, mock = [[
      function work(talk)
        if talk.card == "C-1" then return { content = ("words "):rep(50), cut_after = 5 } end
        if talk.card == "C-2" then return { content = ("words "):rep(50), calls = { finish() }, malformed = true } end
        if talk.card == "C-3" then return { status = 500 } end
        if talk.card == "C-4" then return { content = "some", cut_after = 0 } end
        return say(finish())
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local told = assert_counted(w)
    assert.equal(3 * 4 + 2, told.requests - 1)
    assert.equal(3 * 4 + 2, sum_of(rows(w, "history --json ep.1"), "calls"))
    assert.truthy((w:orket("replay --strict ep.1")):find("^ep.1: "))
  end)

  it("is counted once by a run that was killed and goes on, and by a fork", function()
    local w <close> = world.new({ issues = cards(2), mock = [[
      function work(talk)
        if talk.replies == 1 then return { delay_ms = 1500, calls = { write("b.txt", "b") } } end
        return steps(talk, function() return say(write("a.txt", "a")) end, nil, function() return say(finish()) end)
      end ]] })
    local run = w:start()
    assert(world.wait(function() return #w:events("call.result") >= 2 end))
    run.kill("KILL")
    run.wait()
    assert(world.wait(function() return stats(w).open == 0 end))
    local text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert_counted(w)
    local at
    for _, event in ipairs(w:events("step.reply")) do
      at = at or event.seq
    end
    text, code = w:orket(("fork ep.1@%d"):format(at))
    assert.equal(0, code, text)
    text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    assert_counted(w)
  end)
end)
