-- policy_command_spec.lua: `orket policy status|test|diff|rollback`: what serves and what does not, fixtures
-- with coverage, two generations compared, an earlier one's policies again.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local VENDOR = orket.read("tests/support/scripts/vendor_policy.lua")

local MOCK = "function work(talk) return steps(talk, function() return say(write('vendor/x', 'made')) end, function() return say(finish()) end) end"

local function new(files, count, mock)
  local issues = {}
  for i = 1, count or 4 do
    issues[i] = { id = "I-" .. i }
  end
  return world.new({ issues = issues, mock = mock or MOCK, files = files })
end

local function json(w, command)
  local text, code = w:orket("policy --json " .. command)
  return cjson.decode(text), code, text
end

local function fixtures(list)
  return cjson.encode(list)
end

describe("policy command", function()
  local dir

  before_each(function()
    dir = orket.directory()
    orket.write(dir .. "/vendor.lua", VENDOR)
  end)

  after_each(function()
    orket.remove(dir)
  end)

  local function test(path, arguments)
    local text, code = orket.run("policy --json test " .. (arguments or "") .. " " .. path)
    return code ~= 2 and cjson.decode(text:match("{.*}") or "null") or text, code, text
  end

  it("orket policy test runs fixtures beside a policy, as JSON and as Lua, and tells lines that no fixture reached",
    function()
    orket.write(dir .. "/one.json", fixtures({
      { name = "vendor", call = { tool = "write_file", arguments = { path = "vendor/a.c" } },
        expect = { decision = "deny", rule = "vendor" } },
      { name = "elsewhere", call = { tool = "write_file", arguments = { path = "src/a.c" } },
        expect = "allow" },
    }))
    local result, code, text = test(dir)
    assert.equal(0, code, text)
    assert.same({ true, 2, 0 }, { result.ok, result.passed, result.failed })
    assert.same({ policy = "vendor.lua", lines = 6, hit = 5, missed = { 10 } }, result.coverage[1])
    assert.equal("vendor.lua:6", (result.fixtures[1].got.where:gsub("^.*/", "")))
    orket.write(dir .. "/tests/more.lua", [[
      return { { name = "deletes", call = { tool = "delete_file", operations = { "fs.delete" } }, expect = { decision = "ask" } } }]])
    result, code, text = test(dir)
    assert.equal(0, code, text)
    assert.same({ 3, 6, 6 }, { result.passed, result.coverage[1].hit, result.coverage[1].lines })
    text = orket.run("policy test " .. dir)
    assert(text:find("ok deletes", 1, true) and text:find("vendor.lua: 6 of 6 lines", 1, true)
      and text:find("3 passed, 0 failed", 1, true), text)
  end)

  it("orket policy test fails with what was expected and what came instead, also when there is nothing to run",
    function()
    orket.write(dir .. "/one.json",
      fixtures({ { name = "wrong", call = { tool = "read_file", arguments = { path = "vendor/a.c" } },
      expect = "deny" } }))
    local result, code = test(dir)
    assert.equal(1, code)
    assert.same({ false, "allow" }, { result.fixtures[1].ok, result.fixtures[1].got.decision })
    local text = orket.run("policy test " .. dir)
    assert(text:find("FAILED wrong: expected deny, got allow", 1, true), text)
    os.remove(dir .. "/one.json")
    text, code = orket.run("policy test " .. dir)
    assert.equal(1, code)
    assert(text:find("has no fixtures", 1, true), text)
    orket.write(dir .. "/one.json", "{")
    assert.equal(1, select(2, orket.run("policy test " .. dir)))
    assert.equal(1, select(2, orket.run("policy test " .. dir .. "/none")))
    assert.equal(2, select(2, orket.run("policy test")))
  end)

  it("orket policy test shows what a policy's failure is, and refuses one that would not serve", function()
    orket.write(dir .. "/one.json",
      fixtures({ { call = { tool = "x", paths = 7 }, expect = { decision = "deny", rule = "failed" } } }))
    local result, code, text = test(dir .. "/vendor.lua")
    assert.equal(0, code, text)
    assert(result.fixtures[1].got.where:find("vendor.lua:4", 1, true), text)
    for _, body in ipairs({ "error('no')", "while true do end", "return 7" }) do
      orket.write(dir .. "/one.json",
        fixtures({ { name = "any", call = { tool = "read_file" }, policy = "fails", expect = "deny" } }))
      orket.write(dir .. "/fails.lua", "return { decide = function() " .. body .. " end }")
      result, code = test(dir)
      assert.equal(1, code, body)
      assert.is_false(result.fixtures[1].ok)
    end
    text = orket.run("policy test " .. dir)
    assert(text:find("FAILED any: expected deny, got deny policy.answer (fails.lua): an answer outside the contract", 1, true), text)
    os.remove(dir .. "/fails.lua")
    orket.write(dir .. "/broken.lua", "return { decide = function( }")
    text, code = orket.run("policy test " .. dir)
    assert.equal(1, code)
    assert(text:find("broken.lua:1", 1, true), text)
  end)

  it("orket policy test takes no fixture that would test nothing", function()
    local call = { tool = "write_file", arguments = { path = "vendor/a.c" } }
    for name, rows in pairs({
      ["unknown key 'expcet'"] = { { { call = call, expcet = "deny" } } },
      ["expects what no policy decides"] = { { { call = call, expect = "maybe" } },
        { { call = call, expect = { decison = "deny" } } } },
      ["there is no policy 'nope'"] = { { { call = call, policy = "nope", expect = "allow" } } },
      ["has no call"] = { { { expect = "deny" } } },
      ["has a call or a view that is no object"] = { { { call = call, view = { {} } } },
        { { call = { call } } }, { { call = call, view = 5 } } },
      ["has a call whose operations are no list of texts"] = { { { call = { operations = 5 } } },
        { { call = { operations = { {} } } } },
        { { call = { operations = { a = "b" } } } } },
      ["has a call whose labels are no list of texts"] = { { { call = { labels = "web" } } } },
    }) do
      for _, row in ipairs(rows) do
        orket.write(dir .. "/one.json", fixtures(row))
        local text, code = orket.run("policy test " .. dir)
        assert.equal(1, code, text)
        assert(text:find(name, 1, true) and text:find("fix: ", 1, true), text)
      end
    end
    orket.write(dir .. "/one.json", "7")
    local text = orket.run("policy test " .. dir)
    assert(text:find("one.json holds no fixture", 1, true), text)
    orket.write(dir .. "/one.json", fixtures({ { call = call, expect = { rule = "vendor" } } }))
    assert.equal(1, test(dir).passed)
  end)

  it("orket policy test takes a project's policies for fixtures that lie elsewhere, and the fixtures of a project",
    function()
    local w <close> = new({ ["nodes/policy/vendor.lua"] = VENDOR })
    orket.remove(dir)
    orket.write(dir .. "/fixture.json",
      fixtures({ { policy = "vendor", call = { tool = "write_file", arguments = { path = "vendor/a" } },
      expect = "deny" } }))
    local result, code, text = test(dir .. "/fixture.json", "-C " .. w.dir)
    assert.equal(0, code, text)
    assert.equal(1, result.passed)
    w:write("nodes/policy/fixtures/a.json", orket.read(dir .. "/fixture.json"))
    result, code, text = test(w.dir)
    assert.equal(0, code, text)
    assert.equal(1, result.passed)
    assert.equal(0, select(2, orket.run("validate " .. w.dir)))
  end)
end)

describe("policy command", function()
  it("docs/policies.md has an example whose fixtures pass", function()
    local page, dir = orket.read("docs/policies.md"), orket.directory()
    orket.write(dir .. "/vendor.lua", assert(page:match("```lua\n(.-)```")))
    orket.write(dir .. "/fixtures/vendor.json", assert(page:match("```json\n(.-)```")))
    local text, code = orket.run("policy test " .. dir)
    orket.remove(dir)
    assert.equal(0, code, text)
    assert(text:find("2 passed, 0 failed", 1, true), text)
  end)
end)

describe("policy command", function()
  it("orket policy status shows what serves since when, what does not and why", function()
    local w <close> = new({ ["nodes/policy/vendor.lua"] = VENDOR })
    assert.equal(0, select(2, w:run("I-1")))
    local status = json(w, "status")
    local loaded = w:events("scripts.loaded")
    assert.same({ loaded[#loaded].body.generation, loaded[1].at },
      { status.serving.generation, status.serving.since })
    local one
    for _, each in ipairs(status.policies) do
      one = each.path == "nodes/policy/vendor.lua" and each or one
    end
    assert.same({ "serves", "passed", loaded[1].at, false, loaded[1].body.files["nodes/policy/vendor.lua"] },
      { one.file, one.self_test, one.since, one.shipped, one.hash })
    assert.equal(0, #status.problems)
    for text, why in pairs({
      ["return {"] = "expected", ["while true do end"] = "more than its",
      [VENDOR:gsub("== nil", "== 1")] = "its self-test failed",
      ["return { decide = function() end, self_test = function() while true do end end }"] = "its self-test failed",
      ["local t = {} for i = 1, 1e8 do t[i] = i end"] = "memory",
    }) do
      w:write("nodes/policy/vendor.lua", text)
      status = json(w, "status")
      assert.equal("nodes/policy/vendor.lua", status.problems[1].path)
      assert(status.problems[1].message:find(why, 1, true), status.problems[1].message)
    end
  end)
end)

describe("policy command", function()
  it("a policy that is broken in the middle of a run leaves its predecessor in place, told and recorded",
    function()
    local w <close> = new({ ["nodes/policy/vendor.lua"] = VENDOR }, 2,
      "function work(talk) return talk.replies == 0 and say(write('vendor/x', 'made')) or say(finish()) end")
    local run = w:held(1)
    w:write("nodes/policy/vendor.new", "while true do end")
    os.rename(w.dir .. "/nodes/policy/vendor.new", w.dir .. "/nodes/policy/vendor.lua") -- whole at once
    assert(world.wait(function() return #w:events("policy.failed") > 0 end), "no policy.failed")
    local text, code = run.wait()
    assert.equal(0, code, text)
    local failed = w:events("policy.failed")[1].body
    assert.equal("nodes/policy/vendor.lua", failed.path)
    -- on a slow machine the clock is first
    assert(failed.code == "ERR_SCRIPT_STEPS" or failed.code == "ERR_SCRIPT_TIME", failed.code)
    assert.equal(1, #w:events("scripts.loaded"))
    assert.equal(2, #w:events("call.refused"))
    assert(w:orket("policy status"):find("nodes/policy/vendor.lua:1 does not serve", 1, true))
  end)
end)

describe("policy command", function()
  local SRC = (VENDOR:gsub("vendor/", "src/"))

  it("orket policy diff and rollback tell what changed, and bring the earlier policies back as a recorded act",
    function()
    local w <close> = new({ ["nodes/policy/vendor.lua"] = VENDOR })
    assert.equal(0, select(2, w:run("I-1")))
    w:write("nodes/policy/more.lua", SRC)
    assert.equal(0, select(2, w:run("I-2")))
    local found, code, text = json(w, "diff")
    assert.equal(0, code, text)
    assert.same({ 1, "nodes/policy/more.lua" }, { #found.changed, found.changed[1].path })
    assert(found.changed[1].diff:find("+local function decide(call)", 1, true), found.changed[1].diff)
    assert.equal(0, #found.wider)
    assert(#found.narrower > 0 and found.narrower[1].now ~= "allow", text)
    local said
    found, code, said = json(w, "rollback")
    assert.equal(0, code, said)
    assert.same({ "nodes/policy/more.lua" }, found.files)
    -- the step back makes more possible
    assert(found.message:find("orket policy accept", 1, true), found.message)
    assert.is_false(w:exists("nodes/policy/more.lua"))
    assert.equal(VENDOR, w:read("nodes/policy/vendor.lua"))
    local event = w:events("policy.rolled_back")[1]
    assert(event.actor:find("^human:"))
    assert.equal(64, #event.body.files["nodes/policy/more.lua"].was)
    assert.equal(0, select(2, w:orket("policy accept " .. found.message:match("(%x+)$"))))
    assert.equal(found.generation, json(w, "status").serving.generation)
    assert.equal(0, select(2, w:check()))
    found, code = json(w, "rollback " .. w:events("scripts.loaded")[2].body.generation)
    assert.equal(0, code)
    assert.equal(SRC, w:read("nodes/policy/more.lua"))
    assert(found.message:find("the next run takes them", 1, true), found.message)
  end)

  it("orket policy diff and rollback refuse what never served", function()
    local w <close> = new({})
    assert.equal(1, select(2, w:orket("policy diff")))
    assert.equal(1, select(2, w:orket("policy rollback")))
    assert.equal(0, select(2, w:run("I-1")))
    assert.equal(1, select(2, w:orket("policy rollback")))
    assert.equal(1, select(2, w:orket("policy rollback 0123456789")))
    assert.equal(1, select(2, w:orket("policy diff 0123456789")))
    assert.equal(2, select(2, w:orket("policy undo")))
    assert.equal(2, select(2, w:orket("policy status now")))
  end)
end)
