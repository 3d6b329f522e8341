-- Replies that are too large: each is reported to the model, or is a failure that is tried once; nothing is
-- bought again and again, and the run is replayed (tests/support/big.py is the server).

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- kind, how much; the failure's part of its text, or how often the model is asked, and the rule or problem
-- that it reads.
local CASES = {
  { "content", 17, failure = "a conversation keeps 16777216 of one", tokens = 5000 },
  { "content", 40, failure = "the reply is over 33554432 bytes" },
  { "arguments", 17, failure = "a conversation keeps 16777216 of one", tokens = 5000 },
  { "event", 5, failure = "is over" },
  { "calls", 1400, failure = "more than 1024 calls" },
  { "calls", 129, asked = 4, problem = "more than 128 calls" },
  { "calls", 300, asked = 4, problem = "more than 128 calls" },
  { "arguments", 5, asked = 3, rule = "gate.limit.args" },
  { "depth", 100, asked = 3, refused = true },
  { "name", 2000, asked = 3, refused = true },
}

local function serve(w, case)
  local out = w.dir .. "/.test/port"
  local pid = orket.shell(("python3 tests/support/big.py %s %d >%s 2>&1 & echo $!"):format(case[1], case[2],
    out)):match("%d+")
  assert(world.wait(function() return orket.read(out):find("%d+\n") end))
  w.url = "http://127.0.0.1:" .. orket.read(out):match("%d+") .. "/v1"
  return setmetatable({}, { __close = function() os.execute("kill " .. pid) end })
end

local function run_of(case)
  local w = world.new({ issues = { { id = "C-1" } }, mock = "function work() end", limits = { repeats = 3 } })
  local _ <close> = serve(w, case)
  local text, code = w:run()
  assert.equal(3, code, text)
  w:replays()
  return w, text
end

describe("big replies", function()
  for _, case in ipairs(CASES) do
    local name = case[2] .. " of " .. case[1]
    if case.failure then
      it("a reply that is too large is a failure that is tried once, costs what it cost, and says what to set: " .. name, function()
        local w <close>, text = run_of(case)
        local failed = w:events("step.failed")
        assert.equal(1, #failed)
        assert.equal("ERR_LIMIT", failed[1].body.code)
        assert.truthy(failed[1].body.message:find(case.failure, 1, true), failed[1].body.message)
        assert.equal(case.tokens or failed[1].body.usage.completion, failed[1].body.usage.completion)
        assert.equal(1, #w:events("turn.failed"))
        assert.equal(0, #w:events("step.reply"))
        assert.equal(0, w:card("C-1").retry_count)
        assert.truthy(text:find("max_tokens", 1, true), text)
      end)
    else
      it("a reply that is too large is reported to the model: " .. name, function()
        local w <close>, text = run_of(case)
        local replies = w:events("step.reply")
        assert.equal(case.asked, #replies)
        assert.equal(0, #w:events("turn.failed") + #w:events("step.failed"))
        assert.is_nil(w:made("f0.txt"))
        if case.problem then
          assert.equal(case.asked - 1, #w:events("turn.nudged")) -- none after the last one
          assert.equal(0, #w:events("call.refused") + #w:events("call.allowed"))
          assert.truthy(replies[1].body.problem:find(case.problem, 1, true), replies[1].body.problem)
          assert.truthy(text:find(case.problem, 1, true), text)
        else
          assert.equal(case.asked, #w:events("call.refused"))
          assert.equal(case.rule or w:events("call.refused")[1].body.rule,
            w:events("call.refused")[1].body.rule)
        end
      end)
    end
  end

  it("a reply that is too large with a very long id of a call is done, under an id of its own", function()
    local w <close> = run_of({ "id", 5000 })
    assert.equal("call_0", w:events("call.result")[1].body.call)
  end)

  it("a reply that is too large that is text with too many calls in it is reported to the model as well",
    function()
    local w <close> = world.new({ issues = { { id = "C-1" } }, model = { calls = "hermes" }, mock = [[
      function reply()
        local call = '<tool_call>{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}</tool_call>'
        return { content = (call .. "\n"):rep(129) }
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(3, #w:events("turn.nudged"))
    assert.equal(0, #w:events("call.allowed"))
    assert.truthy(w:events("step.reply")[1].body.problem:find("more than 128 calls", 1, true))
    w:replays()
  end)

  it("a reply that is too large goes to the fallback, which may do better", function()
    local w <close> = world.new({ issues = { { id = "C-1" } }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write("a.txt", "x")) end, function() return say(finish()) end)
      end ]] })
    local _ <close> = serve(setmetatable({ dir = w.dir },
      { __index = w, __newindex = function(_, _, url) w.big = url end }), CASES[1])
    local config = w:read("config/organization.json")
    config = config:gsub('"models":{', '"models":{"s":{"base_url":"' .. w.url .. '","model":"mock"},', 1)
      :gsub("http:\\?/\\?/127.0.0.1:1\\?/v1", w.big):gsub('"m":{', '"m":{"fallback":["s"],', 1)
      :gsub('"process_rules":{', '"process_rules":{"default_llm":"m",', 1)
    w:write("config/organization.json", config)
    local text, code = orket.shell(("cd %s && timeout 60 %s run --plain ep 2>&1"):format(w.dir, w.binary))
    assert.equal(0, code, text)
    assert.equal("ERR_LIMIT", w:events("step.reply")[1].body.instead[1].code)
    w:replays()
  end)
end)
