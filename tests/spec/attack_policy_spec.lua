-- attack_policy_spec.lua: policies that lie, swallow, grow, and try to reach beyond their box: whatever they
-- do, a call is denied, or judged by the others as if they were not there. None is ever a yes.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local CALL = { role = "coder", tool = "read_file", arguments = { path = "a.txt" },
  card = { id = "I", type = "issue", status = "in_progress" } }

-- body of decide -> rule, what the reason holds
local FAILS = {
  { "return setmetatable({}, { __index = function() return 'allow' end })", "policy.answer" },
  { "return setmetatable({ decision = 'allow' }, { __eq = function() return true end })", "policy.answer" },
  { "return { decision = 'Deny' }", "policy.answer" },
  { "return { decision = { 'ask' } }", "policy.answer" },
  { "return { { decision = 'ask' } }", "policy.answer" },
  { "return { decision = 'allow', rule = 'gate.allow' }", "policy.answer" },
  { "return true", "policy.answer" },
  { "return ''", "policy.answer" },
  { "return { decision = 'ask', rule = 'a\\27[2Jb' }", "policy.answer" },
  { "return { decision = 'ask', rule = ('x'):rep(100) }", "policy.answer" },
  { "return { decision = 'ask', rule = 'a b' }", "policy.answer" },
  { "return { decision = 'ask', why = '\\255\\254' }", "policy.failed", "UTF-8" },
  { "local t = { decision = 'ask' } t.t = t return t", "policy.failed" },
  { "local t = {} for i = 1, 100 do t = { t } end return t", "policy.failed" },
  { "return { decision = 'ask', [7] = 1 }", "policy.failed" },
  { "return { decision = 'ask', why = function() end }", "policy.failed" },
  { "return { decision = 'ask', why = ('x'):rep(9e6) }", "policy.failed" },
  { "perform({ op = 'fs.write', path = 'a', content = 'x' })", "policy.failed", "perform" },
  { "coroutine.yield()", "policy.failed" },
  { "local function f() return 1 + f() end return f()", "policy.failed", "memory" },
  { "local function f() return pcall(f) or f() end f()", "policy.failed" },
  { "error(setmetatable({}, { __tostring = function() while true do end end }))", "policy.failed",
    "raised a table" },
  { "error({ message = setmetatable({}, { __name = 'allow' }) })", "policy.failed" },
  { "error({ message = '\\27[2J' })", "policy.failed" },
  { "error()", "policy.failed" },
  { "while true do pcall(function() while true do end end) end", "policy.failed", "more than its" },
  { "xpcall(function() while true do end end, function() while true do end end)", "policy.failed",
    "more than its" },
  { "local s = ('x'):rep(4000000) while true do s:find(('.-'):rep(20) .. 'y') end", "policy.failed" },
  { "local t = {} for i = 1, 1e9 do t[i] = { i } end", "policy.failed" },
  { "table.sort({ 3, 2, 1 }, function() while true do end end)", "policy.failed" },
  { "return { decision = 'ask', why = tostring(os.getenv('HOME')) }", "policy.failed" },
  { "return { decision = 'ask', why = io.open('/etc/passwd'):read('a') }", "policy.failed" },
  { "return require('orket.scripts.serving')", "policy.failed" },
  { "return load('return nil')()", "policy.failed" },
}

describe("attack policy", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
  end)

  before_each(function()
    orket.remove(dir .. "/nodes")
  end)

  teardown(function()
    orket.remove((dir:gsub("/p$", "")))
  end)

  local function put(name, body, more)
    orket.write(dir .. "/nodes/policy/" .. name .. ".lua",
      "local function decide(call, view)\n" .. body .. "\nend\nreturn { decide = decide, " .. (more or "")
        .. " }\n")
  end

  local function ask(count)
    local rows = {}
    for i = 1, count or 1 do
      rows[i] = { project = dir, call = CALL }
    end
    return orket.try("gate", rows)
  end

  for _, row in ipairs(FAILS) do
    it("denies: " .. row[1]:sub(1, 90), function()
      put("bad", row[1])
      local answer = ask()[1]
      assert.same({ "deny", row[2] }, { answer.decision, answer.rule }, answer.why)
      assert.equal("nodes/policy/bad.lua", answer.where:match("^[^:]*"))
      assert(not row[3] or answer.why:find(row[3], 1, true), answer.why)
      assert(#answer.why <= 1200 and not answer.why:find("%c"), #answer.why .. " bytes")
    end)
  end

  it("a hostile policy changes nothing that another one sees", function()
    put("a", "call.tool = 'x' call.arguments.path = 'y' call.paths[1] = 'z' view.card.id = 'w' string.find = nil _G.pairs = nil")
    put("b", "if call.tool == 'read_file' and call.arguments.path == 'a.txt' and call.paths[1] == 'a.txt' and view.card.id == 'I' "
      .. "and ('x'):find('x') and pairs then return { decision = 'deny', rule = 'seen', why = 'as it was' } end")
    assert.equal("policy.seen", ask()[1].rule)
  end)

  it("a hostile policy remembers nothing from one call to the next", function()
    put("a", "count = (count or 0) + 1 local t = getmetatable('') and cjson cjson.seen = (cjson.seen or 0) + 1 "
      .. "if count > 1 or cjson.seen > 1 then return nil end return { decision = 'deny', rule = 'first', why = 'once' }")
    for _, answer in ipairs(ask(5)) do
      assert.equal("policy.first", answer.rule)
    end
  end)

  it("a hostile policy silences no other one, whatever it answers", function()
    put("a", "error('broken')")
    put("b", "return { decision = 'deny', rule = 'b', why = 'no' }")
    assert.equal("deny", ask()[1].decision)
    put("a", "return { decision = 'ask', rule = 'soft', why = 'perhaps' }")
    assert.equal("policy.b", ask()[1].rule)
  end)

  it("a hostile policy says neither more nor stranger than a sentence", function()
    put("a", "return { decision = 'deny', rule = 'long', why = ('w€'):rep(100000), fix = ('f'):rep(100000) }")
    local answer = ask()[1]
    assert.equal("policy.long", answer.rule)
    assert(#answer.why <= 1200 and utf8.len(answer.why) and #answer.fix <= 1200, #answer.why)
    put("a", "return { decision = 'deny', rule = 'x', why = 'a\\nb\\27[2Jc' }")
    assert(not ask()[1].why:find("%c"))
  end)

  it("a hostile policy is asked about every turn when what it says of labels is no word", function()
    for _, more in ipairs({ "when = {}", "when = 'never'", "when = true", "when = function() end" }) do
      put("a", "return { decision = 'deny', rule = 'always', why = 'no' }", more)
      assert.equal("policy.always", ask()[1].rule, more)
    end
  end)

  it("a hostile policy does not load as anything else than a function that decides", function()
    for _, text in ipairs({
      "return setmetatable({}, { __index = function() return function() end end })",
      "return { decide = setmetatable({}, { __call = function() end }) }",
      "return function() end", "return { decide = true }", "",
      "return { decide = function() end, node = {} }",
      "return { decide = function() end, self_test = function() error({}) end }", "\27Lua",
      "return { decide = function() end } end",
    }) do
      orket.write(dir .. "/nodes/policy/bad.lua", text)
      local told, code = orket.run("validate --json " .. dir)
      assert.equal(1, code, text)
      assert.equal("nodes/policy/bad.lua", cjson.decode(told).errors[1].file, told)
    end
  end)
end)
