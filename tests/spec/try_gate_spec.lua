-- try_gate_spec.lua: `orket try gate` over a project: the law of the shipped scripts, the house's rules and
-- policy, the project's own scripts; and rows that are no requests.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function call(tool, arguments, role, status)
  return { role = role or "coder", card = { id = "ISSUE-1", type = "issue", status = status
    or "in_progress" },
    tool = tool, arguments = arguments }
end

describe("try gate", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    local organization = cjson.decode(orket.read(dir .. "/config/organization.json"))
    organization.process_rules.gate = {
      { id = "no-vendor", effect = "deny", paths = { "vendor/**" }, why = "vendor code is not ours",
        fix = "wrap it" },
      { id = "schema", effect = "ask", tools = { "write_file" }, paths = { "**/*.sql" },
        why = "the schema is shared" },
    }
    orket.write(dir .. "/config/organization.json", cjson.encode(organization))
    orket.write(dir .. "/nodes/policy.lua", [[
      local function decide(call)
        if call.tool == "delete_file" and call.arguments.path == "kept" then
          return { decision = "deny", rule = "keep", why = "this one stays", fix = "move it away" }
        elseif call.arguments.path == "shared" then
          return { decision = "ask", rule = "shared", why = "others read it", fix = "wait" }
        elseif call.arguments.path == "loop" then
          while true do end
        elseif call.arguments.path == "odd" then
          return "yes"
        end
      end
      return { node = "policy", decide = decide }]])
    orket.write(dir .. "/tools/peek.lua", [[
      local function run(args)
        return fs.write(args.path, "x")
      end
      return { description = "peek", operations = { "fs.read" }, run = run,
        schema = { type = "object", properties = { path = { type = "string", format = "path" } } } }]])
    orket.write(dir .. "/roles/peeker.lua", [[
      return { tools = { "peek" }, prompt = function() return { system = "", user = "" } end }]])
  end)

  setup(function()
    orket.write(dir .. "/tools/drop.lua", [[
      local function run(args)
        return fs.delete(some(args.other) or args.path)
      end
      return { description = "drop", operations = { "fs.delete" }, run = run, schema = { type = "object", properties = {
        path = { type = "string", format = "path" }, confirm = { type = "boolean" }, other = { type = "string" } } } }]])
    orket.write(dir .. "/roles/dropper.lua", [[
      return { tools = { "drop" }, prompt = function() return { system = "", user = "" } end }]])
  end)

  teardown(function()
    orket.remove((dir:gsub("/p$", "")))
  end)

  local rows = {
    { call("write_file", { path = "src/a.c", content = "x" }), "allow", "gate.allow" },
    { call("write_file", '{"path":"src/a.c","content":"x"}'), "allow", "gate.allow" },
    { call("write_file", { path = "vendor/a.c", content = "x" }), "deny", "house.no-vendor" },
    { call("write_file", { path = "db/a.sql", content = "x" }), "ask", "house.schema" },
    { call("read_file", { path = "db/a.sql" }), "allow", "gate.allow" },
    { call("read_file", { path = "shared" }), "ask", "policy.shared" },
    { call("delete_file", { path = "a" }), "ask", "gate.confirm" },
    { call("delete_file", { path = "kept" }), "deny", "policy.keep" },
    { call("delete_file", { path = "vendor/a" }), "deny", "house.no-vendor" },
    { call("delete_file", { path = "../a" }), "deny", "gate.path.escape" },
    { call("delete_file", { path = "a", confirm = true }), "deny", "gate.args.schema" },
    { call("drop", { path = "a", confirm = true }, "dropper"), "ask", "gate.confirm" },
    { call("drop", { path = "vendor/a", confirm = true }, "dropper"), "deny", "house.no-vendor" },
    { call("drop", { path = "a", other = "../b" }, "dropper"), "deny", "gate.path.escape" },
    { call("read_file", { path = "loop" }), "deny", "policy.failed" },
    { call("read_file", { path = "odd" }), "deny", "policy.answer" },
    { call("write_file", { path = "../a", content = "x" }), "deny", "gate.path.escape" },
    { call("write_file", { path = "/etc/passwd", content = "x" }), "deny", "gate.path.escape" },
    { call("write_file", { path = "a/../../b", content = "x" }), "deny", "gate.path.escape" },
    { call("write_file", { path = ".git/config", content = "x" }), "deny", "gate.path.name" },
    { call("write_file", { path = "a", content = ("x"):rep(1000001) }), "deny", "gate.args.schema" },
    { call("write_file", { path = "a" }), "deny", "gate.args.schema" },
    { call("write_file", { path = "a", content = "x", mode = 493 }), "deny", "gate.args.schema" },
    { call("write_file", '{"path":"a","content":"x",}'), "deny", "gate.args.json" },
    { call("write_file", "[]"), "deny", "gate.args.object" },
    { call("write_file", { path = "a", content = "x" }, "integrity_guard"), "deny", "gate.role.tool" },
    { call("write_file", { path = "a", content = "x" }, "nobody"), "deny", "gate.role.unknown" },
    { call("write_file", { path = "a", content = "x" }, "coder", "done"), "deny", "gate.card.status" },
    { call("write_file", { path = "a", content = "x" }, "coder", "code_review"), "deny", "gate.card.status" },
    { call("WRITE_FILE", { path = "a", content = "x" }), "deny", "gate.tool.unknown" },
    { call(("w"):rep(200), {}), "deny", "gate.tool.length" },
    { call("peek", { path = "a" }, "peeker"), "deny", "gate.op.undeclared" },
    { call("update_issue_status", { status = "done" }), "deny", "fsm.edge" },
    { call("update_issue_status", { status = "ready_for_testing" }), "allow", "gate.allow" },
    { call("update_issue_status", { status = "done" }, "integrity_guard", "code_review"), "allow",
      "gate.allow" },
    { call("update_issue_status", { status = "done" }, "coder", "code_review"), "deny", "fsm.guard" },
    { {}, "deny", "gate.tool.length" },
    { { role = {}, card = 7, tool = false, arguments = 7 }, "deny", "gate.tool.length" },
  }

  it("try gate answers each call as the rules say", function()
    local requests = {}
    for i, row in ipairs(rows) do
      requests[i] = { id = i, project = dir, call = row[1] }
    end
    local answers = orket.try("gate", requests)
    assert.equal(#rows, #answers)
    for i, row in ipairs(rows) do
      local answer = answers[i]
      assert.equal(i, answer.id)
      assert.equal(row[3], answer.rule, "row " .. i .. ": " .. tostring(answer.why))
      assert.equal(row[2], answer.decision)
      assert.equal(row[2] == "allow", answer.why == "")
    end
  end)

  it("try gate names the place that decided", function()
    local places = {
      ["house.no-vendor"] = "config/organization.json#/process_rules/gate/0",
      ["house.schema"] = "config/organization.json#/process_rules/gate/1",
      ["gate.role.tool"] = "roles/integrity_guard.lua",
      ["gate.args.schema"] = "tools/write_file.lua", ["gate.op.undeclared"] = "tools/peek.lua",
    }
    local seen = {}
    for i, row in ipairs(rows) do
      seen[i] = { id = i, project = dir, call = row[1] }
    end
    for i, answer in ipairs(orket.try("gate", seen)) do
      local place = places[answer.rule]
      if place and rows[i][1].tool ~= "delete_file" and rows[i][1].tool ~= "drop" then
        assert.equal(place, answer.where, "row " .. i)
      elseif answer.rule == "gate.path.escape" or answer.rule == "gate.confirm" then
        assert.is_nil(answer.where)
      end
    end
  end)

  it("try gate resolves in the card's own tree when there is one", function()
    local tree = dir .. "/workspace/hello/cards/I%2f7"
    orket.write(tree .. "/inside.txt", "x")
    os.execute("ln -s ../../../../config " .. tree .. "/out")
    local asked = { call("read_file", { path = "inside.txt" }),
      call("read_file", { path = "out/organization.json" }),
      call("read_file", { path = "out/organization.json" }), call("read_file", { path = "x" }) }
    for i, id in ipairs({ "I/7", "I/7", "I-8", "../../.." }) do
      asked[i].card.id = id
      asked[i] = { project = dir, call = asked[i] }
    end
    local answers = orket.try("gate", asked)
    assert.equal("gate.allow", answers[1].rule)
    assert.equal("gate.path.escape", answers[2].rule)
    assert.equal("gate.allow", answers[3].rule, "no tree: nothing is there")
    assert.equal("gate.allow", answers[4].rule)
  end)

  it("try gate says no where a script of the project does not serve: a policy may be the one that would",
    function()
    local other = orket.directory() .. "/p"
    orket.run("init " .. other)
    local request = { project = other, call = rows[1][1] }
    assert.equal("allow", orket.try("gate", { request })[1].decision)
    for _, text in ipairs({ "return {", "return {}", "while true do end",
      "return { decide = function() end, self_test = function() error('no') end }" }) do
      orket.write(other .. "/nodes/policy/house.lua", text)
      local answer = orket.try("gate", { request })[1]
      assert.same({ "deny", "gate.project" }, { answer.decision, answer.rule }, text)
      assert.equal(1, answer.why:find("nodes/policy/house.lua", 1, true), answer.why)
    end
    os.remove(other .. "/nodes/policy/house.lua")
    os.execute("ln -s /nowhere " .. other .. "/nodes/policy/house.lua")
    assert.equal("gate.project", orket.try("gate", { request })[1].rule)
    orket.remove((other:gsub("/p$", "")))
  end)

  it("try gate never dies on a row", function()
    local answers = orket.try("gate", {
      "nonsense", "[]", "7", "{}", '{"project":"/nowhere","call":{}}', '{"project":7,"call":{}}',
      '{"project":"' .. dir .. '"}', '{"project":"' .. dir .. '","call":{"calls":-1}}', '{"project":"' .. dir
        .. '","call":{"calls":"x"}}', cjson.encode({ project = dir, call = rows[1][1] }),
    })
    assert.equal(10, #answers)
    assert.is_string(answers[1].error)
    for i = 4, 9 do
      assert.equal("deny", answers[i].decision)
      assert.equal("gate.project", answers[i].rule)
    end
    assert.equal("allow", answers[10].decision)
  end)

  it("try gate takes one call from standard input, and says yes or no by its exit code", function()
    local function try(request)
      orket.write(dir .. "/call.json", cjson.encode(request))
      return orket.run("try gate " .. dir .. " < " .. dir .. "/call.json")
    end
    local text, code = try(rows[1][1])
    assert.equal(0, code)
    assert.equal("allow", cjson.decode(text).decision)
    text, code = try({ project = "ignored", call = rows[3][1] })
    assert.equal(1, code)
    assert.equal("house.no-vendor", cjson.decode(text).rule)
    text, code = orket.run("try gate")
    assert.equal(2, code)
    assert.truthy(text:find("usage", 1, true))
  end)
end)

describe("try gate", function()
  it("bench gate --policy compares the answers of the box with those outside of one, then measures",
    function()
    local text, code = orket.run("bench gate --policy --decisions 5000")
    assert.equal(0, code, text)
    local figures = cjson.decode(text:match("BENCH (%b{})"))
    assert.equal(100, figures.rules)
    assert.is_true(figures.denied_share > 0.02 and figures.denied_share < 0.5, text)
    assert.is_true(figures.per_s > 1000 and figures.entered_per_s > 1000, text)
  end)
end)

describe("try gate", function()
  it("bench gate agrees with its oracle and says what a decision costs", function()
    local text, code = orket.run("bench gate --decisions 20000")
    assert.equal(0, code)
    local figures = cjson.decode(text:match("^BENCH (.*)$"))
    assert.equal(0.2, figures.denied_share)
    assert.is_true(figures.ns_per_decision > 0)
  end)
end)
