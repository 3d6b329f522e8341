-- reasons_spec.lua: what was refused is reported, and every effect is followed back to the prompt.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local RULES = {
  { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited",
    fix = "change their source" },
  { id = "migrations", effect = "ask", paths = { "db/**" }, why = "a migration changes everybody's data" },
}

-- A worker who tries what it may not do, in four ways, then does its work.
local TRIES = [[
function work(talk)
  return steps(talk,
    function() return say(write("gen/a.c", "x"), write("../out", "x"), call("nothing", { a = 1 })) end,
    function() return say(call("reach", { path = "gen/b" }), status("done")) end,
    function() return say(write("dish", "salt"), call("add_issue_comment", { comment = "cooked" }), finish()) end)
end
]]

-- A tool whose script goes where its call did not.
local REACH = [[
local function run(args)
  local ok, failure = fs.write(args.path, "x")
  return { tried = ok ~= nil, failure = failure }
end
return { name = "reach", description = "Reach.", operations = { "fs.write" }, run = run,
  schema = { type = "object", properties = { path = { type = "string" } }, required = { "path" }, additionalProperties = false } }
]]

local function coder()
  return (world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "reach"'))
end

local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = cjson.decode(line)
  end
  return list
end

local function tried()
  local w = world.new({ issues = { { id = "A" } }, gate = RULES, mock = TRIES,
    files = { ["tools/reach.lua"] = REACH, ["roles/coder.lua"] = coder() } })
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

describe("orket reports", function()
  local w
  setup(function() w = tried() end)
  teardown(function() w:__close() end)

  it("a report says what was attempted, why not, and how to fix it", function()
    local list = lines((w:orket("reports --json")))
    local seen = {}
    for i = #list, 1, -1 do
      seen[#seen + 1] = list[i].rule
    end
    assert.same({ "house.generated", "gate.path.escape", "gate.tool.unknown", "house.generated", "fsm.edge" },
      seen)
    local first = list[#list]
    assert.equal("A", first.card_id)
    assert.equal("agent:dev", first.actor)
    assert.same({ "coder" }, first.active_roles)
    assert.equal("tool_gate", first.violation_type)
    assert.equal("generated files are never edited", first.detail)
    assert.equal("change their source", first.remedy_suggestion)
    assert.equal("gen/a.c", cjson.decode(first.attempted_action.arguments).path)
    local operation = list[2]
    assert.same({ op = "fs.write", path = "gen/b", content = "x" }, operation.attempted_action.operation)
    assert.equal("state_transition", list[1].violation_type)
  end)

  it("reports are listed by card, run and rule", function()
    assert.equal(2, #lines((w:orket("reports --json --rule 'house.*'"))))
    assert.equal(5, #lines((w:orket("reports --json --card A --run ep.1"))))
    assert.equal(1, #lines((w:orket("reports --json -n 1"))))
    assert.equal("nothing was refused\n", (w:orket("reports --rule gate.card.type")))
    assert.equal(1, select(2, w:orket("reports --card B")))
    assert.equal(1, select(2, w:orket("reports --run ep.9")))
    assert.equal(2, select(2, w:orket("reports -n many")))
  end)

  it("reports are counted on the card and on the board", function()
    assert.truthy(w:orket("show A"):find("policy-violation", 1, true))
    assert.equal(5, #w:card("A").reports)
    assert.truthy(w:orket("board"):find("5 refused", 1, true))
    local board = cjson.decode((w:orket("board --json")))
    for _, card in ipairs(board) do
      assert.equal(card.id == "A" and 5 or nil, card.reports)
    end
  end)

  it("reports follow from the journal", function()
    local text, code = w:orket("check")
    assert.equal(0, code, text)
  end)
end)

describe("orket why", function()
  local w
  setup(function() w = tried() end)
  teardown(function() w:__close() end)

  local function why(event)
    local text, code = w:orket("why --json " .. (math.tointeger(event) or event))
    return cjson.decode(text), code
  end

  local function names(reason)
    local list = {}
    for i, link in ipairs(reason.chain) do
      list[i] = link.link
    end
    return table.concat(list, " ")
  end

  it("`orket why` leads from a file back to the prompt", function()
    local written = w:events("file.written")
    local dish
    for _, event in ipairs(written) do
      dish = event.body.path == "dish" and not event.body.tree and event or dish
    end
    local reason, code = why(dish.seq)
    assert.equal(0, code)
    assert.equal("prompt reply parse rule effect", names(reason))
    assert.equal(w:events("turn.prompted")[1].body.convo, reason.chain[1].hash)
    assert.equal("write_file", reason.chain[3].tool)
    assert.equal("salt", cjson.decode(reason.chain[3].arguments).content)
    assert.equal("gate.allow", reason.chain[4].rule)
    assert.equal(64, #reason.chain[5].permit)
    assert.same(reason.chain, why(string.format("%s/%d.%d", dish.run, dish.turn, dish.n)).chain)
  end)

  it("`orket why` explains a refusal and a move", function()
    local reason = why(w:events("call.refused")[1].seq)
    assert.equal("prompt reply parse rule effect", names(reason))
    assert.equal("house.generated", reason.chain[4].rule)
    for _, move in ipairs(w:events("card.moved")) do
      local chain, code = why(move.seq)
      assert.equal(0, code)
      local issue = move.body.type == "issue"
      if issue and (move.body.to == "ready_for_testing" or move.body.to == "done") then
        assert.equal("prompt reply parse rule route effect", names(chain))
      elseif issue and move.body.to == "in_progress" then
        assert.equal("claim effect", names(chain))
      end
    end
  end)

  it("`orket why` names the person who acted", function()
    assert.equal(0, select(2, w:orket("comment A hello")))
    local events = w:events("comment.added")
    local reason = why(events[#events].seq)
    assert.equal("person effect", names(reason))
    assert.equal("hello", reason.chain[1].why)
  end)

  it("`orket why --run` finds every effect accounted for, and says when one is not", function()
    local text, code = w:orket("why --json --run ep.1")
    assert.equal(0, code, text)
    local all = cjson.decode(text)
    assert.truthy(all.effects > 5)
    assert.same({}, all.incomplete)
    world.orket.shell("sqlite3 " .. w.dir .. "/.orket/orket.db \"INSERT INTO kind (name) VALUES ('odd'); "
      .. "UPDATE entry SET kind = (SELECT id FROM kind WHERE name = 'odd') "
      .. "WHERE kind = (SELECT id FROM kind WHERE name = 'call.allowed')\"")
    text, code = w:orket("why --json --run ep.1")
    assert.equal(1, code, text)
    for _, reason in ipairs(cjson.decode(text).incomplete) do
      assert.equal("rule", reason.missing[#reason.missing])
    end
  end)

  it("`orket why` refuses what is not an event", function()
    assert.equal(1, select(2, w:orket("why 999999")))
    assert.equal(1, select(2, w:orket("why ep.1/1.999")))
    assert.equal(1, select(2, w:orket("why nonsense")))
    assert.equal(2, select(2, w:orket("why")))
    assert.equal(1, select(2, w:orket("why --run ep.9")))
  end)
end)

describe("a question", function()
  it("a question is a report, and its answer a link of the chain of `orket why`", function()
    local w <close> = world.new({ issues = { { id = "A" } }, gate = RULES,
      mock = 'function work(talk) return steps(talk, function() return say(write("db/1.sql", "x")) end, function() return say(finish()) end) end' })
    local text, code = w:run()
    assert.equal(3, code, text)
    local report = lines((w:orket("reports --json")))[1]
    assert.equal("ask", report.decision)
    assert.equal("house.migrations", report.rule)
    assert.equal("config/organization.json#/process_rules/gate/1", report.where)
    text, code = w:orket("approve A --why fine")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    local effect
    for _, event in ipairs(w:events("file.written")) do
      effect = event.body.path == "db/1.sql" and not event.body.tree and event or effect
    end
    local reason = cjson.decode((w:orket("why --json " .. math.tointeger(effect.seq))))
    local links = {}
    for i, link in ipairs(reason.chain) do
      links[i] = link.link
    end
    assert.equal("prompt reply parse rule approval effect", table.concat(links, " "))
    local approval = reason.chain[5]
    assert.equal("approved used", approval.answer .. " " .. approval.outcome)
    assert.truthy(approval.by:find("^human:"))
    assert.equal(0, select(2, w:orket("why --run ep.1")))
    assert.equal(0, select(2, w:orket("check")))
  end)
end)

describe("orket why-not", function()
  it("`orket why-not` names every check that stands against a call, with the key or line that decides",
    function()
    local w <close> = tried()
    local checks = {}
    for _, event in ipairs(w:events("call.refused")) do
      local answer = cjson.decode((w:orket("why-not --json " .. math.tointeger(event.seq))))
      for _, check in ipairs(answer.checks) do
        checks[#checks + 1] = check.rule .. " " .. (check.where or "")
      end
    end
    assert.same({ "house.generated config/organization.json#/process_rules/gate/0",
      "gate.path.escape the gate itself", "gate.tool.unknown tools/nothing.lua" }, checks)
    local operation = w:events("operation.refused")[1]
    local answer = cjson.decode((w:orket("why-not --json " .. math.tointeger(operation.seq))))
    assert.equal("house.generated", answer.checks[1].rule)
    local text, code = w:orket("why-not " .. math.tointeger(w:events("call.allowed")[1].seq))
    assert.equal(1, code)
    assert.truthy(text:find("nothing was refused", 1, true), text)
  end)

  it("`orket why-not` names all of several checks, and tries an edit of any of them", function()
    local w <close> = world.new({
      issues = { { id = "A" } }, gate = RULES,
      mock = 'function review(talk) return steps(talk, function() return say(write("gen/x", "x")) end, accept) end '
        .. "function work() return say(finish()) end",
    })
    local text, code = w:run()
    assert.equal(0, code, text)
    local seq = math.tointeger(w:events("call.refused")[1].seq)
    local answer = cjson.decode((w:orket("why-not --json " .. seq)))
    local rules = {}
    for i, check in ipairs(answer.checks) do
      rules[i] = check.rule .. " " .. tostring(check.where)
    end
    assert.truthy(rules[1]:find("^gate%.role%.tool roles/integrity_guard%.lua:%d+$"),
      table.concat(rules, "\n"))
    assert.truthy(rules[2]:find("^gate%.card%.status tools/write_file%.lua:%d+$"), rules[2])
    assert.equal("house.generated config/organization.json#/process_rules/gate/0", rules[3])
    local guard = world.orket.read("roles/integrity_guard.lua")
    w:write("edit/roles/integrity_guard.lua", (guard:gsub('tools = {', 'tools = { "write_file",', 1)))
    text, code = w:orket("why-not --try edit " .. seq)
    assert.equal(1, code, text)
    assert.truthy(text:find("with the edit: deny  gate.card.status", 1, true), text)
    assert.equal(1, select(2, w:orket("why-not --try nowhere " .. seq)))
  end)

  -- One worker and what it may not do, one call after the other, each beside one that it may.
  local EACH = [[
    function work(talk)
      local tries = { write("gen/two", "x"), write("other/x", "x"), call("delete_file", { path = "src/q" }), call("reach", { path = "src/two" }),
        call("reach", { path = "gen/b" }), status("done") }
      local one = tries[talk.replies + 1]
      return one and say(one, write("src/n" .. talk.replies, "n" .. talk.replies)) or say(finish())
    end
  ]]
  local SECOND = [[
    return { decide = function(call)
      local path = (call.operation or call.arguments).path
      if path and path:find("two$") then
        return { decision = "deny", rule = "second", why = "one is enough" }
      end
    end }
  ]]

  -- why-not of each refusal: "rule where, rule where"; with an edit the rule before and after it.
  local function told(w, seq, edit)
    local text, code = w:orket("why-not --json " .. (edit and "--try " .. edit .. " " or "")
      .. math.tointeger(seq))
    local answer, list = cjson.decode(text), {}
    for i, check in ipairs(answer.checks) do
      list[i] = check.rule .. " " .. tostring(check.where)
    end
    return table.concat(list, ", "), answer.try and answer.try.before.rule .. " -> " .. answer.try.after.rule
      .. " " .. code
  end

  local function refusals()
    local w = world.new({
      issues = { { id = "A", params = { scope = { "src/**", "gen/**" } } } }, gate = RULES, mock = EACH,
      rules = { autonomy = { coder = "ask_risky" } },
      files = { ["tools/reach.lua"] = REACH, ["roles/coder.lua"] = coder(),
        ["nodes/policy/second.lua"] = SECOND },
    })
    assert.equal(3, select(2, w:run()))
    assert.equal(0, select(2, w:orket("deny A")))
    assert.equal(0, select(2, w:run()))
    local seqs = {}
    for _, event in ipairs(w:events()) do
      if event.kind == "call.refused" or event.kind == "operation.refused" then
        seqs[#seqs + 1] = event.seq
      end
    end
    return w, seqs
  end

  it("`orket why-not` asks policies and autonomy also where the gate denies, and judges operations",
    function()
    local w <close>, seqs = refusals()
    local wanted = {
      "house.generated config/organization.json#/process_rules/gate/0, policy.second nodes/policy/second.lua:1",
      "gate.scope card A#/params/scope",
      "approval.denied nil, gate.confirm tools/delete_file.lua:14, autonomy.ask config/organization.json#/process_rules/autonomy (ask_risky)",
      "policy.second nodes/policy/second.lua:1",
      "house.generated config/organization.json#/process_rules/gate/0",
      "fsm.edge orket law, autonomy.ask config/organization.json#/process_rules/autonomy (ask_risky)",
    }
    for i, seq in ipairs(seqs) do
      assert.equal(wanted[i], (told(w, seq):gsub("second.lua:%d+", "second.lua:1")))
    end
    assert.equal(#wanted, #seqs)
    assert.truthy(world.orket.read("tools/delete_file.lua"):match(("[^\n]*\n"):rep(13) .. "  operations"))
  end)

  it("`orket why-not` tells what an edit changes, and which checks stay", function()
    local w <close>, seqs = refusals()
    w:write("lax/nodes/policy/second.lua", "return { decide = function() end }")
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.gate, organization.process_rules.autonomy = nil, nil
    w:write("free/config/organization.json", cjson.encode(organization))
    local wanted = {
      { "house.generated -> house.generated 1", "house.generated -> policy.second 1" },
      { "gate.scope -> gate.scope 1", "gate.scope -> gate.scope 1" },
      { "gate.confirm -> gate.confirm 1", "gate.confirm -> gate.confirm 1" },
      { "policy.second -> gate.allow 0", "policy.second -> policy.second 1" },
      { "house.generated -> house.generated 1", "house.generated -> gate.allow 0" },
      { "fsm.edge -> fsm.edge 1", "fsm.edge -> fsm.edge 1" },
    }
    for i, seq in ipairs(seqs) do
      assert.same(wanted[i], { select(2, told(w, seq, "lax")), (select(2, told(w, seq, "free"))) },
        tostring(i))
    end
  end)
end)

describe("orket why", function()
  it("`orket why` names the rule that refused an operation, and what a verdict followed from", function()
    local w <close> = world.new({
      issues = { { id = "A", verification = { fixture_path = "f.json" } } },
      files = { ["verification/f.json"] = '{"argv": ["/bin/true"]}' },
      mock = 'function work(talk) return steps(talk, function() return say(status("done"), write("a", "x")) end, '
        .. 'function() return say(finish("it is there")) end) end',
    })
    assert.equal(0, select(2, w:run()))
    local chain = cjson.decode((w:orket("why --json "
      .. math.tointeger(w:events("operation.refused")[1].seq)))).chain
    assert.same({ "allow gate.allow", "deny fsm.edge" },
      { chain[4].decision .. " " .. chain[4].rule, chain[5].decision .. " " .. chain[5].rule })
    for _, event in ipairs(w:events("card.moved")) do
      if event.body.to == "code_review" then
        chain = cjson.decode((w:orket("why --json " .. math.tointeger(event.seq)))).chain
      end
    end
    assert.same({ "hand-in", "verdict", "engine", "effect" },
      { chain[1].link, chain[2].link, chain[3].link, chain[4].link })
    assert.same({ "it is there", true }, { chain[1].why, chain[2].ok })
    assert.truthy(w:orket("why --json 1"):find('"missing":[]', 1, true)) -- nothing is a list as well
  end)
end)

describe("reasons", function()
  local WEB = [[
    return { description = "tells", operations = {}, untrusted = true, run = function() return { said = "do it" } end,
      schema = { type = "object", properties = {}, additionalProperties = false } }
  ]]
  local w
  setup(function()
    w = world.new({ gate = RULES, rules = { commands = { { argv = { "echo", "hi" } } } },
      issues = { { id = "A" }, { id = "C", budget = { calls = 1 } }, { id = "D", budget = { disk = 100 } },
        { id = "L" } },
      files = { ["tools/web.lua"] = WEB,
        ["roles/coder.lua"] = (world.orket.read("roles/coder.lua"):gsub('"request_excuse"',
          '"request_excuse", "web", "run_command"')) },
      mock = [[
        function work(talk)
          local first = { A = function() return say(call("web", {}), call("run_command", { argv = { "echo", "hi" } }), write("db/1.sql", "x")) end,
            C = function() return say(write("c", "c")) end, D = function() return say(write("d", ("d"):rep(200))) end,
            L = function() return say(call("list_directory", {})) end }
          return talk.card == "L" and first.L() or steps(talk, first[talk.card], function() return say(finish()) end)
        end ]] })
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(3, (select(2, w:run())))
  end)
  teardown(function() w:__close() end)

  local function told(event)
    local text, code = w:orket("why --json " .. math.tointeger(event.seq))
    assert.equal(0, code, text)
    local links = {}
    for i, link in ipairs(cjson.decode(text).chain) do
      links[i] = link.tool and link.link .. ":" .. link.tool or link.rule and link.link .. ":" .. link.rule
        or link.link
    end
    return table.concat(links, " ")
  end

  local function of(kind, card)
    for _, event in ipairs(w:events(kind)) do
      if event.card == card then
        return event
      end
    end
  end

  it("the explanation of an outcome leads back to the prompt, each by its call", function()
    local asked = "prompt reply parse:write_file rule:house.migrations approval:house.migrations effect"
    for kind, links in pairs({
      ["command.ran"] = "prompt reply parse:run_command rule:gate.allow effect",
      ["turn.labelled"] = "prompt reply parse:web rule:gate.allow effect",
      ["approval.asked"] = asked, ["approval.answered"] = asked, ["approval.settled"] = asked,
    }) do
      assert.equal(links, told(of(kind, "A")), kind)
    end
    local text, code = w:orket("why --run ep.1")
    assert.equal(0, code, text)
  end)

  it("the explanation of an outcome names the cap or the limit, where no call was refused", function()
    for card, row in pairs({
      C = { "budget.reached", "budget.calls", "prompt reply rule:budget.calls effect",
        "another request to its model" },
      D = { "budget.reached", "budget.disk",
        "prompt reply parse:write_file rule:gate.allow rule:budget.disk effect", "to write into its tree" },
      L = { "turn.looped", "turn.repeats", "prompt reply rule:turn.repeats effect", "another step" },
    }) do
      local event = of(row[1], card)
      assert.equal(row[3], told(event))
      assert.equal(row[4], lines((w:orket("reports --json --card " .. card)))[1].attempted_action.what)
      local text, code = w:orket("why-not --json " .. math.tointeger(event.seq))
      assert.equal(0, code, text)
      local checks = cjson.decode(text).checks
      assert.equal(1, #checks)
      assert.equal(row[2], checks[1].rule)
      assert.truthy(checks[1].fix:find("orket", 1, true))
      assert.equal(1, (select(2, w:orket("why-not --try roles/coder.lua " .. math.tointeger(event.seq)))))
    end
  end)

  it("the explanation of an outcome tells what a card was parked for, which no route of a role did",
    function()
    for card, links in pairs({
      A = "prompt reply parse:write_file rule:house.migrations approval:house.migrations engine effect",
      C = "prompt reply rule:budget.calls engine effect",
      D = "prompt reply parse:write_file rule:gate.allow rule:budget.disk engine effect",
      L = "prompt reply rule:turn.repeats engine effect",
    }) do
      for _, event in ipairs(w:events("card.moved")) do
        local is_parking = event.card == card and event.body.from == "in_progress" and event.body.reason
        assert.equal(is_parking and links or nil, is_parking and told(event) or nil, card)
      end
    end
  end)
end)
