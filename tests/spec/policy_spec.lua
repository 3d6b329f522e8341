-- policy_spec.lua: several policies of a house: who is asked, what they are shown, which answer counts, and
-- what becomes of one that fails. Asked through `orket try gate`, and in a run.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local PEEK = [[
local function run(args)
  local _, unread = fs.read(args.path)
  local written, failure = fs.write(args.path, "seen")
  return written or { error = unread.code and unread or failure }
end
return { description = "peek", operations = { "fs.read", "fs.write" }, run = run,
  schema = { type = "object", properties = { path = { type = "string", format = "path" } } } }]]

local CODER = [[
return { tools = { "peek", "read_file", "write_file", "delete_file", "update_issue_status" }, prompt = brief.prompt and function(view)
  return brief.prompt(view, "You are a programmer.") end, route = brief.hand_over }]]

-- A policy that does this with the call.
local function policy(body)
  return "local function decide(call, view)\n" .. body .. "\nend\nreturn { decide = decide }\n"
end

local function deny(rule, condition)
  return policy(string.format("if %s then return { decision = 'deny', rule = '%s', why = 'no', fix = 'do not' } end",
    condition or "true", rule))
end

local function ask(rule, condition)
  return (deny(rule, condition):gsub("'deny'", "'ask'"))
end

describe("policy", function()
  local dir

  before_each(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    orket.write(dir .. "/tools/peek.lua", PEEK)
    orket.write(dir .. "/roles/coder.lua", CODER)
  end)

  after_each(function()
    orket.remove((dir:gsub("/p$", "")))
  end)

  local function try(tool, arguments, files)
    for path, text in pairs(files or {}) do
      orket.write(dir .. "/" .. path, text)
    end
    return orket.try("gate", { { project = dir, call = {
      role = "coder", tool = tool, arguments = arguments,
      card = { id = "I", type = "issue", status = "in_progress" },
    } } })[1]
  end

  it("policies have the words of a card in their box where they name them, and what they have no parameter for is not missed",
    function()
    local answer = try("read_file", { path = "a" }, {
      ["nodes/policy.lua"] = "return { node = 'policy', decide = function() return { decision = 'ask', rule = 'blind' } end }",
      ["nodes/policy/named.lua"] = "return { decide = function(...) local call, view = ... return { decision = 'deny', rule = 'named', "
        .. "why = type(brief.card) .. ' ' .. call.tool .. ' ' .. view.role } end }" })
    assert.same({ "policy.named", "function read_file coder" }, { answer.rule, answer.why })
  end)

  it("policies are all asked: the first deny wins, else the first ask", function()
    local answer = try("read_file", { path = "a" }, {
      ["nodes/policy.lua"] = 'return { node = "policy", decide = function() end }',
      ["nodes/policy/a.lua"] = ask("one"), ["nodes/policy/b.lua"] = ask("two"),
    })
    assert.same({ "ask", "policy.one", "nodes/policy/a.lua:2" },
      { answer.decision, answer.rule, answer.where })
    answer = try("read_file", { path = "a" }, { ["nodes/policy/c.lua"] = deny("three"),
      ["nodes/policy/d.lua"] = deny("four") })
    assert.same({ "deny", "policy.three", "nodes/policy/c.lua:2" },
      { answer.decision, answer.rule, answer.where })
    answer = try("read_file", { path = "a" },
      { ["nodes/policy.lua"] = deny("chosen"):gsub("return {", 'return { node = "policy",', 1) })
    assert.equal("policy.chosen", answer.rule)
  end)

  it("policies are shown the call as it was judged, what its tool may do, and whose turn it is", function()
    local echo = policy("return { decision = 'deny', rule = 'echo', why = cjson.encode({ call = call, view = view }) }")
    local shown = cjson.decode(try("delete_file", { path = "./a//b" },
      { ["nodes/policy/echo.lua"] = echo }).why)
    assert.same({ "a/b" }, shown.call.paths)
    assert.equal("./a//b", shown.call.arguments.path)
    assert.same({ "delete_file", "coder", true, false, true },
      { shown.call.tool, shown.call.role, shown.call.destructive,
      shown.call.outward, shown.call.risky })
    assert.same({ "fs.delete" }, shown.call.operations)
    assert.same({}, shown.call.labels)
    assert.same({ id = "I", type = "issue", status = "in_progress" }, shown.call.card)
    assert.same({ "I", "coder" }, { shown.view.card.id, shown.view.role })
    shown = cjson.decode(try("read_file", { path = "a" }).why)
    assert.same({ false, false, false }, { shown.call.destructive, shown.call.outward, shown.call.risky })
  end)

  it("policies are given the fields that they declare, and deny when they ask for another one", function()
    for _, row in ipairs({
      { "'call.tool', 'view.card.type'", "call.tool .. ' ' .. view.card.type", "policy.seen",
        "read_file issue" },
      { "'view.card', 'view.card.id'", "view.card.id .. ' ' .. view.card.status", "policy.seen",
        "I in_progress" },
      { "'call.arguments', 'view.seat', 'call.none'",
        "call.arguments.path .. ' ' .. tostring(view.seat) .. tostring(call.none)", "policy.seen",
        "a nilnil" },
      { "'call.tool'", "call.tool .. call.role", "policy.failed", "'role' is not among the declared fields" },
      { "'call.tool'", "call.tool .. tostring(view.card)", "policy.failed",
        "'card' is not among the declared fields" },
      { "'call.card.id'", "call.card.id .. call.card.type", "policy.failed",
        "'type' is not among the declared fields" },
    }) do
      local answer = try("read_file", { path = "a" },
        { ["nodes/policy/see.lua"] = ("return { fields = { %s }, decide = function(call, view)\n"
        .. "return { decision = 'deny', rule = 'seen', why = %s } end }"):format(row[1], row[2]) })
      assert.equal(row[3], answer.rule, row[2])
      assert(answer.why:find(row[4], 1, true), answer.why)
    end
  end)

  it("policies forbid by data what a rule of theirs fits", function()
    local rules = 'return { deny = { { tool = "*_file", path = "gen/**", rule = "gen", why = "made by a program", fix = "run it" },'
      .. ' { role = "reviewer" }, { tool = "delete_file" } } }'
    local function rule_of(tool, path)
      local answer = try(tool, { path = path }, { ["nodes/policy/data.lua"] = rules })
      return answer.decision .. " " .. (answer.rule or "")
    end
    assert.equal("deny policy.gen", rule_of("read_file", "gen/a/b"))
    assert.equal("deny policy.gen", rule_of("read_file", "./gen//a"))
    assert.equal("deny policy.house", rule_of("delete_file", "x"))
    assert(rule_of("read_file", "general/a"):find("^allow"))
    local answer = try("read_file", { path = "gen/a" })
    assert.same({ "made by a program", "run it", "nodes/policy/data.lua" },
      { answer.why, answer.fix, answer.where })
    rules = rules:gsub("return {",
      "return { decide = function() return { decision = 'ask', rule = 'other' } end,", 1)
    assert.equal("deny policy.gen", rule_of("read_file", "gen/a"))
    assert.equal("ask policy.other", rule_of("read_file", "x"))
  end)

  it("policies are refused with data that would forbid something else than it says", function()
    for data, fault in pairs({
      ["deny = true"] = "deny is not a list", ["deny = { 1 }"] = "rule 1",
      ["deny = { {} }"] = "names no tool, role or path",
      ["deny = { { path = 'a' }, { pth = 'b' } }"] = "rule 2: it has an unknown key: pth",
      ["deny = { { why = 'x' } }"] = "names no tool",
      ["deny = { { path = { 'a' } } }"] = "has a path that is not a text",
      ["deny = { { path = '' } }"] = "not a text",
      ["deny = { { tool = 'a', rule = 'a b' } }"] = "a rule that is not an id",
      ["deny = { first = { tool = 'a' } }"] = "rule 1",
      ["deny = { { path = '[a' } }"] = "not a glob",
      ["fields = {}, decide = function() end"] = "fields is not a list",
      ["fields = { 'call' }, decide = function() end"] = "'call' is not a name",
      ["fields = { 'turn.id' }, decide = function() end"] = "'turn.id' is not a name",
      ["fields = { 'call..x' }, decide = function() end"] = "is not a name",
      ["node = 'policy'"] = "the function decide is missing",
    }) do
      orket.write(dir .. "/nodes/policy/data.lua", "return { " .. data .. " }")
      local text = orket.run("validate -C " .. dir)
      assert(text:find(fault, 1, true), data .. ": " .. text)
    end
  end)

  it("policies that fail deny, and name the cause and the place", function()
    local memory = "local t = {}\nfor i = 1, 1e9 do t[i] = i end"
    for body, expected in pairs({
      ["local x = nil\nreturn x.y"] = { "policy.failed", "nodes/policy/bad.lua:3", "index" },
      ["error('broken')"] = { "policy.failed", "nodes/policy/bad.lua:2", "broken" },
      ["while true do end"] = { "policy.failed", "nodes/policy/bad.lua:2", "used more than its" },
      [memory] = { "policy.failed", "nodes/policy/bad.lua:3", "memory" },
      ["return 'yes'"] = { "policy.answer", "nodes/policy/bad.lua:2", "outside its contract" },
      ["return { decision = 'allow' }"] = { "policy.answer", "nodes/policy/bad.lua", "outside its contract" },
    }) do
      local answer = try("read_file", { path = "a" }, { ["nodes/policy/bad.lua"] = policy(body) })
      assert.equal("deny", answer.decision)
      assert.equal(expected[1], answer.rule, body)
      assert.equal(expected[2], answer.where:sub(1, #expected[2]), body)
      assert(answer.why:find(expected[3], 1, true), answer.why)
    end
  end)

  it("policies that say so are asked about labelled turns only", function()
    local only = deny("labelled"):gsub("return { decide", 'return { when = "labels", decide')
    assert.equal("gate.allow", try("read_file", { path = "a" }, { ["nodes/policy/only.lua"] = only }).rule)
  end)

  it("policies of another kind, or without decide, do not serve", function()
    for text, why in pairs({
      ['return { node = "router", route = function() end }'] = "it is no policy",
      ["return { decides = function() end }"] = "the function decide is missing",
    }) do
      orket.write(dir .. "/nodes/policy/x.lua", text)
      local told, code = orket.run("validate " .. dir)
      assert.equal(1, code)
      assert(told:find("nodes/policy/x.lua", 1, true) and told:find(why, 1, true), told)
    end
  end)
end)

describe("policy", function()
  local MOCK = [[
  function work(talk)
    return steps(talk,
      function() return say(write("a.txt", "made"), call("peek", { path = "a.txt" })) end,
      function() return say(finish()) end)
  end]]

  local function outcome(events, kind, tool)
    for _, event in ipairs(events) do
      if event.kind == kind and event.body.tool == tool then
        return event.body
      end
    end
  end

  it("a policy in a run sees what an own tool asks for, and is not asked about a shipped one's", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, files = {
      ["tools/peek.lua"] = PEEK, ["roles/coder.lua"] = CODER,
      ["nodes/policy/looks.lua"] = deny("looks",
        "call.operation and call.operation.op == 'fs.write' and #call.operation_hash == 64"),
    } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local events = w:events()
    assert.is_true(outcome(events, "call.result", "write_file").ok)
    local peek = outcome(events, "call.result", "peek")
    assert.is_false(peek.ok)
    assert.same({ "fs.read", nil }, { peek.operations[1].op, peek.operations[1].refused })
    assert.same({ "fs.write", "policy.looks", "no", "nodes/policy/looks.lua:2" },
      { peek.operations[2].op, peek.operations[2].refused, peek.operations[2].why, peek.operations[2].where })
    assert.equal("made", w:made("a.txt"))
  end)

  it("a policy in a run sees among the paths where an own tool goes that calls none of its arguments a path",
    function()
    local hidden = PEEK:gsub(', format = "path"', ""):gsub("fs.write%(args.path",
      'fs.write("./vendor//" .. args.path')
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, files = {
      ["tools/peek.lua"] = hidden, ["roles/coder.lua"] = CODER,
      ["nodes/policy/vendor.lua"] = policy("for _, path in ipairs(call.paths) do\n"
        .. "if path:find('^vendor/') then return { decision = 'deny', rule = 'vendor', why = 'not ours', fix = 'do not' } end\nend"),
    } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("policy.vendor", outcome(w:events(), "call.result", "peek").operations[2].refused)
  end)

  it("a policy in a run refuses with its place in the journal, knows the turn, and replays", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, files = {
      ["nodes/policy/turn.lua"] = deny("turn",
        "call.tool == 'write_file' and view.seat == 'dev' and view.turn == 1 and view.run ~= ''"),
    } })
    local text, code = w:run()
    assert.equal(0, code, text)
    local refused = outcome(w:events(), "call.refused", "write_file")
    assert.same({ "policy.turn", "nodes/policy/turn.lua:2" }, { refused.rule, refused.where })
    local replayed, again = w:orket("replay " .. w:events("run.started")[1].run)
    assert.equal(0, again, replayed)
  end)

  it("a policy in a run that is put into nodes/policy/ while it runs serves the turns that begin then",
    function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work(talk)
        return steps(talk,
          function() return say(write(talk.card .. ".txt", "made")) end,
          function() return say(call("list_directory", { path = "." })) end,
          function() return say(finish()) end)
      end]] })
    local run = w:held(2)
    w:write("nodes/policy/late.lua", deny("late", "call.tool == 'write_file'"))
    assert(world.wait(function() return #w:events("scripts.loaded") == 2 end), "it is not loaded")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.same({ "made", nil }, { w:made("A.txt"), w:made("B.txt") })
    local refused = outcome(w:events(), "call.refused", "write_file")
    assert.equal("policy.late", refused.rule)
  end)
end)
