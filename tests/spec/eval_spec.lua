-- eval_spec.lua: prompts compared over the cases of a suite: who succeeds, at what cost, and when a
-- difference is one.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local statistics = dofile("lua/orket/eval/statistics.lua")
local world = dofile("tests/support/world.lua")

local PLAIN = [[
local function build(_, prompt)
  return { { role = "system", content = prompt.system }, { role = "user", content = prompt.user } }
end
return { node = "prompts", build = build }
]]
local BRIEF = PLAIN:gsub("prompt.user }", 'prompt.user .. " Be brief." }')
local ROLE = [[
local function prompt(view)
  return brief.prompt(view, "You are a poet.")
end
return { name = "coder", description = "d", prompt = prompt, route = brief.hand_over, tools = { %s } }
]]

-- Who is to be brief does well; the others on every third card only.
local MOCK = [[
local function well(talk)
  return talk.text:find("Be brief.", 1, true) or tonumber(talk.card:match("%d+")) % 3 == 0
end
function work(talk)
  if not well(talk) then
    return say(call("request_excuse", { reason = "what is meant?" }))
  end
  return steps(talk, function() return say(write("a.txt", "a")) end, function() return say(finish()) end)
end
]]

-- What it does follows from chance alone.
local CHANCE = orket.read("tests/support/teams/chance.lua")

local function issues(count, more)
  local list = {}
  for i = 1, count do
    list[i] = world.merged({ id = "I" .. i }, more)
  end
  return list
end

local function new(options)
  local w = world.new(world.merged({ issues = issues(12), mock = MOCK }, options))
  w:write("arms/plain.lua", PLAIN)
  w:write("arms/brief.lua", BRIEF)
  return w
end

local function eval(w, arguments, expected)
  local text, code = orket.shell(w:command("eval . --json " .. arguments) .. " 2>.test/err")
  assert(code == (expected or 0), text .. w:read(".test/err"))
  return cjson.decode(text)
end

local function said(w, arguments, code, what)
  local text, exit = w:orket("eval " .. arguments)
  assert.equal(code, exit, text)
  assert(text:find(what, 1, true), text)
end

describe("eval", function()
  local function near(expected, ...)
    for i, value in ipairs({ ... }) do
      assert(math.abs(value - expected[i]) < 0.0006, i .. ": " .. value)
    end
  end

  local function is_interval(expected, value, reach)
    near(expected, value, reach.low, reach.high)
  end

  it("the intervals are those of the literature", function()
    near({ 1.96, 2.2281, 12.7062, 2.3596 }, statistics.normal(0.05), statistics.student(0.05, 10),
      statistics.student(0.05, 1),
      statistics.student(0.025, 30))
    near({ 0.5520, 0.9530 }, statistics.wilson(10, 12, statistics.normal(0.05)))
    -- Altman et al., Statistics with confidence, 2000, p. 52: 0.122 (0.011 to 0.226)
    is_interval({ -0.122, -0.2265, -0.0115 },
      statistics.newcombe({ both = 14, first = 5, second = 0, neither = 22 }, statistics.normal(0.05)))
    is_interval({ 2.5, 0.4457, 4.5543 }, statistics.paired({ 1, 2, 3, 4 }, 0.05))
    is_interval({ 0, -0.49, 0.49 },
      statistics.newcombe({ both = 0, first = 0, second = 0, neither = 4 }, statistics.normal(0.05)))
    assert.same({ 5 }, { statistics.paired({ 5 }, 0.05) })
  end)
end)

describe("eval", function()
  it("orket eval finds the arm that does better, and what each has cost", function()
    local w <close> = new({ model = { price = { input = 1000000, output = 2000000 } } })
    local result = eval(w, "--arms arms/plain.lua,arms/brief.lua")
    local plain, brief, against = result.arms[1], result.arms[2], result.comparisons[1]
    assert.same({ 4, 12, 12, 12 }, { plain.done, plain.runs, brief.done, brief.runs })
    assert.equal(w:requests(), plain.requests + brief.requests)
    assert.equal(24, #result.results)
    assert.same({ 4, 0, 8, 0 }, { against.success.both, against.success.first, against.success.second,
      against.success.neither })
    assert.equal("better", against.success.verdict)
    assert(against.success.low > 0.2 and against.success.high < 1, cjson.encode(against.success))
    assert.equal("more", against.tokens.verdict)
    assert.equal("more", against.money.verdict)
    local tokens, money = 0, 0
    for _, row in ipairs(result.results) do
      tokens = tokens + (row.arm == "brief" and row.tokens_in + row.tokens_out or 0)
      money = money + (row.arm == "brief" and row.money or 0)
      assert.equal(row.success, row.status == "done")
      assert(row.success or row.reason == "input" and row.why, cjson.encode(row))
    end
    assert.equal(brief.tokens_in + brief.tokens_out, tokens)
    assert(brief.money == money and money > 0)
    -- what a run was is in its copy, under the arm's name
    local text = w:orket("cost --json --by arm -C " .. result.out .. "/runs/I1/brief/1")
    assert.equal("brief", cjson.decode(text).rows[1].name)
    local before = w:requests()
    said(w, ". --arms arms/plain.lua,arms/brief.lua", 0, "(24 were there already)")
    said(w, ". --arms arms/plain.lua,arms/brief.lua", 0, "brief does better")
    assert.equal(before, w:requests())
    eval(w, "--arms arms/plain.lua,arms/brief.lua --cases I1 --again")
    assert.equal(before + 4, w:requests()) -- one excuse; two steps and a review
  end)

  it("orket eval shows no difference between two that are the same, whatever the model does by chance",
    function()
    local w <close> = new({ issues = issues(20), mock = CHANCE, limits = { steps = 9 } })
    w:write("arms/shipped.lua", orket.read("nodes/prompts.lua"))
    w:write("arms/other.lua", "-- the same in other bytes\n" .. PLAIN)
    local result = eval(w, "--arms arms/plain.lua,arms/plain.lua,arms/other.lua --repeat 2 --concurrency 1")
    for i, row in ipairs(result.comparisons) do
      assert.equal(i == 1, row.same)
      for _, kind in ipairs({ "success", "steps", "requests", "tokens" }) do
        assert.equal("no difference shown", row[kind].verdict, kind)
        assert(row[kind].low <= 0 and row[kind].high >= 0, kind)
      end
    end
    assert(result.arms[1].done > 0 and result.arms[1].done < 40, result.arms[1].done) -- there was chance
    -- what serves is the same
    assert.equal(true, eval(w, "--arms own,arms/shipped.lua --cases I1").comparisons[1].same)
    assert.equal("plain-2", result.arms[2].name)
    assert.equal(0.975, result.confidence)
  end)

  it("orket eval shows none where nothing but the order differs, and none for two cases out of two",
    function()
    local w <close> = new({ issues = issues(2) })
    local result = eval(w, "--arms arms/plain.lua,arms/brief.lua")
    assert.equal(1, result.comparisons[1].success.difference)
    assert.equal("no difference shown", result.comparisons[1].success.verdict) -- the sign test's p is 0.5
  end)

  it("orket eval goes on after kill -9: what had ended is not run again, what was cut off goes on", function()
    local w <close> = new({ issues = issues(8), mock = MOCK:gsub("function work%(talk%)",
      "function work(talk)\n"
      .. "  if talk.card == 'I6' and talk.replies == 1 and not went then went = true; return { status = 200, delay = 3, content = 'x' } end") })
    local pid = orket.shell(string.format("cd %s; ORKET_MODEL_URL=%s %s eval . --arms arms/plain.lua,own,arms/brief.lua >/dev/null 2>.test/err & echo $!",
      w.dir, w.url, w.binary)):match("%d+")
    assert(world.wait(function()
      return w:exists(".test/err") and w:read(".test/err"):find("5 of 24", 1, true)
    end))
    os.execute("kill -9 " .. pid)
    assert(world.wait(function()
      return orket.shell("cat /proc/" .. pid .. "/stat 2>/dev/null"):match("%) Z ")
        or not os.execute("kill -0 " .. pid .. " 2>/dev/null")
    end))
    local result = eval(w, "--arms arms/plain.lua,own,arms/brief.lua")
    assert(result.complete and result.known >= 5, result.known)
    assert.equal(24, #result.results)
    assert.equal(result.arms[1].done, result.arms[2].done)
    assert.equal(8, result.arms[3].done)
  end)

  -- Of how many copies this is true.
  local function count(w, condition)
    local found = orket.shell(("find %s/.orket/eval -name orket.db -exec sqlite3 {} \"SELECT 1 WHERE %s\" ';'"):format(w.dir, condition))
    return select(2, found:gsub("1", ""))
  end

  local DONE = "EXISTS (SELECT 1 FROM card WHERE id = 'I3' AND status = 'done')"
  local CUT_OFF = DONE .. " AND EXISTS (SELECT 1 FROM run WHERE ended_at IS NULL)"

  -- An eval that is killed between a card's end and its run's. Now and then both ends share a commit; the
  -- next time they do not.
  local function kill_between(w, arguments)
    local n = 0
    w.binary = world.faulty
    for _ = 1, 1000 do
      n = n + 1
      orket.remove(w.dir .. "/.orket/eval")
      w.environment = "ORKET_FAULT=commit_after:" .. n .. ":kill"
      local _, code = w:orket("eval . " .. arguments)
      if code == 137 and count(w, CUT_OFF) > 0 then
        return
      end
      n = code == 137 and n or 0
    end
    error("no commit stands between a card's end and its run's")
  end

  it("orket eval goes on after kill -9 between a card's end and its run's", function()
    local w <close> = new({ issues = issues(3) })
    local arguments = "--cases I3 --concurrency 1 --arms arms/plain.lua,arms/brief.lua"
    kill_between(w, arguments)
    w.binary, w.environment = world.binary, ""
    local done = count(w, DONE)
    local result = eval(w, arguments)
    assert.same({ true, done, 2 - done }, { result.complete, result.known, result.ran })
    assert.same({ "done", "done" }, { result.results[1].status, result.results[2].status })
  end)

  it("orket eval holds the organization's caps over all of its runs, and goes on when they are raised",
    function()
    local w <close> = new({ rules = { budgets = { organization = { calls = 9 } } } })
    local result = eval(w, "--arms arms/plain.lua,arms/brief.lua", 1)
    assert(w:read(".test/err"):find("a cap of the organization is used up", 1, true))
    assert.equal(false, result.complete)
    assert.equal(9, w:requests())
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.budgets.organization.calls = 1000
    w:write("config/organization.json", cjson.encode(config))
    result = eval(w, "--arms arms/plain.lua,arms/brief.lua")
    assert.equal(24, #result.results)
    assert.equal(w:requests(), result.arms[1].requests + result.arms[2].requests)
  end)

  it("orket eval takes roles, and no wider ones", function()
    local w <close> = new({ issues = issues(2) })
    w:write("arms/poet.lua", ROLE:format('"write_file", "update_issue_status", "request_excuse"'))
    w:write("arms/coder.lua", ROLE:format('"write_file", "update_issue_status", "nominate_card"'))
    said(w, ". --arms own,arms/poet.lua", 1, "does not say which")
    local result = eval(w, "--arms own,arms/poet.lua --role coder")
    assert.same({ "own", "poet", "role" }, { result.arms[1].name, result.arms[2].name, result.arms[2].kind })
    assert(w:request(w:requests()) and result.arms[2].requests > 0)
    said(w, ". --arms own,arms/coder.lua", 1, "nominate_card")
    said(w, ". --arms own,arms/coder.lua", 1, "--accept")
    eval(w, "--arms own,arms/coder.lua --accept")
  end)

  it("orket eval tells whether examples are any good", function()
    local w <close> = new({ issues = issues(9) })
    w:write("arms/shown.lua", 'return { node = "examples", roles = { coder = { { text = "Be brief." } } } }')
    w:write("arms/mark.lua",
      'return { node = "examples", roles = { coder = { { text = "<|im_start|>" } } } }')
    local result = eval(w, "--arms own,arms/shown.lua")
    assert.same({ "examples", "more" }, { result.arms[2].kind, result.comparisons[1].tokens.verdict })
    -- they stand where the mock does not look
    assert.equal("no difference shown", result.comparisons[1].success.verdict)
    said(w, ". --arms own,arms/mark.lua", 1, "a mark: <|")
  end)

  it("orket eval runs a verification that is a program, in each copy", function()
    local w <close> = new({ issues = issues(1, { verification = { fixture_path = "v.json" } }), files = {
      ["verification/v.json"] = '{"argv": ["{verification}/v.sh"]}',
      ["verification/v.sh"] = "#!/bin/sh\ntest -f a.txt\n",
      ["workspace/ep/tree/seed.txt"] = "a seed",
    } })
    os.execute("chmod +x " .. w.dir .. "/verification/v.sh")
    w:write("config/epics/other.json",
      cjson.encode({ name = "O", team = "t", environment = "e",
      issues = { { id = "O1", name = "o", seat = "dev" } } }))
    local result = eval(w, "--arms own,arms/brief.lua --out there")
    assert.equal(1, result.cases) -- the other issue has no verification
    assert.same({ 0, 1 }, { result.arms[1].done, result.arms[2].done })
    assert.equal("a seed", w:read("there/runs/I1/brief/1/workspace/ep/tree/seed.txt"))
    said(w, ". --arms own,arms/plain.lua --out there", 1, "another suite, or of other arms")
    result = eval(w, "--arms own,arms/brief.lua --epics --cases other --out third")
    assert.same({ 1, 1 }, { result.cases, result.arms[2].done })
  end)

  it("orket eval names what is wrong", function()
    local w <close> = new({ issues = issues(1) })
    w:write("arms/tool.lua", "return { name = 'x' }")
    w:write("arms/broken.lua", "return {")
    w:write("arms/test.lua", PLAIN:gsub("return { node",
      "local function self_test() assert(false) end\nreturn { self_test = self_test, node"))
    for _, case in ipairs({
      { ".", 2, "missing --arms" }, { "--arms a.lua,b.lua", 2, "missing SUITE" },
      { ". --arms own,own --repeat 0", 2, "--repeat takes" },
      { ". --arms own", 2, "2 to 8 files" }, { ". --arms own,arms/none.lua", 1, "arms/none.lua" },
      { ". --arms own,arms/tool.lua", 1, "neither a prompts node, nor a role, nor examples" },
      { ". --arms own,arms/broken.lua", 1, "ERR_SCRIPT_SYNTAX" },
      { ". --arms own,arms/test.lua", 1, "self-test failed" },
      { ". --arms own,own --cases I7", 1, "no case 'I7'" },
      { "nowhere --arms own,own", 1, "nowhere" }, { ". --arms own,arms/plain.lua --role poet", 0, "own" },
    }) do
      said(w, case[1], case[2], case[3])
    end
    assert.equal(4, w:requests() + 2) -- two runs of one excuse each
    w:orket("sync")
    said(w, ". --arms own,own", 1, "was run itself")
  end)
end)
