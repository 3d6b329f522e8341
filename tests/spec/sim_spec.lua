-- sim_spec.lua: `orket sim`: planted changes of scripts and settings are found in recorded history exactly,
-- and nothing else; what comes along with the scripts, hostile or broken, does no harm.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  local path = "out/" .. talk.card .. ".txt"
  return steps(talk,
    function() return say(write(path, talk.card), call("read_file", { path = path })) end,
    function() return say(call("add_issue_comment", { comment = "half of " .. talk.card })) end,
    function() return say(finish()) end)
end
]]

local FAULTY = os.getenv("FAULTY") or "build/gcc-fault/orket"
FAULTY = FAULTY:find("^/") and FAULTY or world.orket.shell("pwd"):gsub("%s+$", "") .. "/" .. FAULTY

local function shipped(path)
  return world.orket.read(path)
end

-- A directory of changed scripts beside the project.
local function changed(files)
  local dir = world.orket.directory()
  for path, text in pairs(files) do
    world.orket.write(dir .. "/" .. path, text)
  end
  return setmetatable({ dir = dir }, { __close = function()
    world.orket.remove(dir)
  end })
end

local function sim(w, path, more)
  local text, code = w:orket("sim --json " .. (more or "") .. " --with " .. path)
  local ok, result = pcall(cjson.decode, text)
  return ok and result or text, code
end

local function word_of(one)
  if one.kind == "call" then
    return one.tool .. " " .. one.before.decision .. ">" .. one.after.decision .. " " .. one.after.rule
  elseif one.kind == "prompt" then
    return one.role
  elseif one.before.action then
    return one.before.action .. ">" .. one.after.action
  end
  local function said(side)
    return side.fails and "fails" or side.model and side.seat .. " as " .. side.role .. " on " .. side.model
      or side.status
  end
  return said(one.before) .. ">" .. said(one.after)
end

-- "kind card what" of each difference, sorted.
local function told(result)
  local lines = {}
  for i, one in ipairs(result.differences) do
    lines[i] = one.kind .. " " .. one.card .. " " .. word_of(one)
    assert.is_true(one.exact)
  end
  table.sort(lines)
  return lines
end

local function policy(condition, answer)
  return ("local function decide(call, view) if %s then return %s end end\nreturn { node = 'policy', decide = decide }"):format(
    condition, answer or "{ decision = 'deny', rule = 'planted', why = 'planted', fix = '-' }")
end

local function without(text, tool)
  local new, count = text:gsub('"' .. tool .. '",?%s*', "")
  assert(count == 1, tool)
  return new
end

describe("orket sim over long replies", function()
  it("judges also what lies in pieces", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
function work(talk)
  return steps(talk, function() return say(write("a.txt", ("long "):rep(20000))) end, function() return say(write("b.txt", "b")) end,
    function() return say(finish()) end)
end
]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.not_equal("0\n", world.orket.shell("sqlite3 " .. w.dir
      .. "/.orket/orket.db 'SELECT count(*) FROM message WHERE more IS NOT NULL'"))
    local p <close> = changed({ ["nodes/policy.lua"] = policy("call.tool == 'write_file' and #call.arguments.content > 1") })
    assert.same({ "call A write_file allow>deny policy.planted" }, told(sim(w, p.dir)))
  end)
end)

describe("orket sim", function()
  local w

  setup(function()
    w = world.new({ issues = { {}, {}, {} }, mock = MOCK, gate = {
      { id = "keep", effect = "deny", why = "keep it", tools = { "write_file" }, paths = { "kept/**" } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  teardown(function()
    w:close()
  end)

  it("finds a planted policy: these calls, no others, each by its event", function()
    local p <close> = changed({ ["nodes/policy.lua"] = policy("call.paths[1] == 'out/I-2.txt'") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-2 read_file allow>deny policy.planted",
      "call I-2 write_file allow>deny policy.planted" }, told(result))
    assert.same({ "nodes/policy.lua" }, result.changed)
    assert.same({}, result.caveats)
    for _, one in ipairs(result.differences) do
      local found
      for _, event in ipairs(w:events("call.allowed")) do
        found = found or event.seq == one.seq and event
      end
      assert.equal("I-2", found.card)
      assert.equal(("%s/%d.%d"):format(found.run, found.turn, found.n), one.event)
      assert.equal(one.tool, found.body.tool)
    end
  end)

  it("finds one of several policies, an ask, and what it sees of the card", function()
    local p <close> = changed({ ["nodes/policy/planted.lua"] = policy(
      "call.tool == 'update_issue_status' and view.seat == 'guard' and view.card.name == 'Issue I-3' and view.card.status == 'code_review'",
      "{ decision = 'ask', rule = 'planted', why = 'w', fix = 'f' }") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-3 update_issue_status allow>ask policy.planted" }, told(result))
    assert.equal("guard", result.differences[1].seat)
  end)

  it("finds a tool taken from a role", function()
    local p <close> = changed({ ["roles/coder.lua"] = without(shipped("roles/coder.lua"), "read_file") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-1 read_file allow>deny gate.role.tool",
      "call I-2 read_file allow>deny gate.role.tool",
      "call I-3 read_file allow>deny gate.role.tool" }, told(result))
    assert.equal(15, result.judged.calls)
  end)

  it("finds a tool's changed schema", function()
    local p <close> = changed({ ["tools/add_issue_comment.lua"] = (shipped("tools/add_issue_comment.lua"):gsub('maxLength = %d+', "maxLength = 3")) })
    local result = sim(w, p.dir)
    assert.equal(3, #result.differences)
    assert.equal("call I-1 add_issue_comment allow>deny gate.args.schema", told(result)[1])
  end)

  it("finds a rule of the house, and one that is gone", function()
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.gate[1] = { id = "keep", effect = "ask", why = "keep it",
      tools = { "write_file" }, paths = { "out/I-1*" } }
    local p <close> = changed({ ["organization.json"] = cjson.encode(organization) })
    local result, code = sim(w, p.dir .. "/organization.json")
    assert.equal(1, code)
    assert.same({ "call I-1 write_file allow>ask house.keep" }, told(result))
    assert.same({ "config/organization.json" }, result.changed)
  end)

  it("takes a unified diff, applied to the byte", function()
    local was = shipped("roles/coder.lua")
    local p <close> = changed({ ["a/roles/coder.lua"] = was,
      ["b/roles/coder.lua"] = without(was, "read_file") })
    local diff = world.orket.shell(("cd %s && diff -u a/roles/coder.lua b/roles/coder.lua"):format(p.dir))
    world.orket.write(p.dir .. "/change.diff", diff)
    local result, code = sim(w, p.dir .. "/change.diff")
    assert.equal(1, code)
    assert.equal(3, #result.differences)
    world.orket.write(p.dir .. "/change.diff", (diff:gsub("\n ([^\n])", "\n x%1", 1)))
    local text
    text, code = sim(w, p.dir .. "/change.diff")
    assert.equal(2, code)
    assert.truthy(text:find("does not fit", 1, true), text)
  end)

  -- Each line names what it is about, then why it is not judged.
  local function unjudged(result)
    local names = {}
    for i, line in ipairs(result.not_simulated) do
      names[i] = line:match("^(.-): .")
    end
    return names
  end

  it("says what of a change it does not judge, instead of nothing", function()
    local organization = cjson.decode(w:read("config/organization.json"))
    local rules = organization.process_rules
    rules.budgets, rules.rates, rules.canary = { tokens = 5 },
      { { tools = { "write_file" }, per_second = 1 } }, { turns = 3 }
    rules.limits = rules.limits or {}
    rules.limits.steps, rules.limits.content = 3, 100000
    organization.architecture = { idesign = { enabled = true } }
    local p <close> = changed({
      ["config/organization.json"] = cjson.encode(organization),
      ["config/teams/new.json"] = '{"name":"N","seats":{}}',
      ["config/teams/" .. w.dir:match("[^/]+$") .. ".json"] = "{}",
      ["tools/write_file.lua"] = shipped("tools/write_file.lua") .. "\n-- otherwise",
      ["nodes/planner.lua"] = shipped("nodes/planner.lua") .. "\n-- otherwise",
    })
    local result, code = sim(w, p.dir)
    assert.equal(0, code, cjson.encode(result))
    assert.same({ "config/organization.json#/architecture", "config/teams/new.json", "config/teams/"
      .. w.dir:match("[^/]+$") .. ".json", "nodes/planner.lua",
      "process_rules.budgets", "process_rules.canary", "process_rules.limits.steps", "process_rules.rates",
        "tools/write_file.lua" }, unjudged(result))
    assert.truthy((w:orket("sim --with " .. p.dir)):find("\nnot simulated: process_rules.budgets: ", 1, true))
    local q <close> = changed({ ["roles/coder.lua"] = shipped("roles/coder.lua") .. "-- a comment\n" })
    assert.same({}, sim(w, q.dir).not_simulated)
    local r <close> = changed({ ["config/teams/other.json"] = "{}" })
    local text, status = w:orket("sim --with " .. r.dir)
    assert.equal(2, status)
    assert.truthy(text:find("config/teams/other.json", 1, true), text)
  end)

  it("names tools of one's own whose operations it does not judge", function()
    local own <close> = world.new({ issues = { {} }, mock = MOCK,
      files = { ["tools/write_file.lua"] = shipped("tools/write_file.lua") .. "\n-- mine" } })
    assert.equal(0, (select(2, own:run())))
    local p <close> = changed({ ["nodes/policy.lua"] = policy("false") })
    assert.same({ "tools/write_file.lua" }, unjudged(sim(own, p.dir)))
  end)

  it("judges the model that the house works with when nobody names one", function()
    local two <close> = world.new({ issues = { {} }, mock = MOCK })
    assert.equal(0, (select(2, two:run())))
    local organization = cjson.decode(two:read("config/organization.json"))
    organization.models.other = organization.models.m
    organization.process_rules.default_llm = "other"
    local p <close> = changed({ ["organization.json"] = cjson.encode(organization) })
    local result = sim(two, p.dir .. "/organization.json")
    assert.same({ "config/organization.json#/models" }, unjudged(result))
    assert.same({ "route I-1 dev as coder on m>dev as coder on other",
      "route I-1 guard as integrity_guard on m>guard as integrity_guard on other" },
      told(result))
  end)

  it("finds nothing in an edit that changes nothing", function()
    for path, text in pairs({
      ["roles/coder.lua"] = shipped("roles/coder.lua") .. "-- a comment\n",
      ["nodes/policy.lua"] = policy("false"),
      ["nodes/router.lua"] = "-- a comment\n" .. shipped("nodes/router.lua"),
      ["tools/write_file.lua"] = shipped("tools/write_file.lua") .. "\n",
      ["nodes/prompts.lua"] = shipped("nodes/prompts.lua") .. "-- a comment\n",
    }) do
      local p <close> = changed({ [path] = text })
      local result, code = sim(w, p.dir)
      assert.equal(0, code, path .. ": " .. cjson.encode(result))
      assert.same({ path }, result.changed)
      assert.equal(15, result.judged.calls)
    end
    local same, code = sim(w, "config/organization.json")
    assert.equal(0, code)
    assert.same({}, same.changed)
  end)

  it("asks no model, opens no socket, and leaves the project as it is", function()
    local p <close> = changed({ ["nodes/policy.lua"] = policy("true") })
    local requests, list = w:requests(), "cd " .. w.dir
      .. " && find . -type f -newer .test/before ! -path './.test/*' ! -name '*-shm'"
    w:write(".test/before", "")
    local text, code = w:orket("sim --json --with " .. p.dir
      .. " >/dev/null; strace -f -e trace=socket,connect,bind,unlink,mkdir,rename -o .test/trace "
      .. w.binary .. " sim --with " .. p.dir .. " >/dev/null 2>&1; true")
    assert.equal(0, code, text)
    assert.equal(requests, w:requests())
    assert.equal("", world.orket.shell(list))
    if w:exists(".test/trace") then
      assert.falsy(w:read(".test/trace"):find("socket(", 1, true), w:read(".test/trace"))
    end
  end)

  it("names what is wrong: exit 2", function()
    assert.equal(0, select(2, w:orket("init .test/fresh")))
    local p <close> = changed({ ["nodes/policy.lua"] = "return { node = 'policy'", ["other.txt"] = "x" })
    for arguments, word in pairs({
      ["sim"] = "--with", ["sim --with " .. p.dir] = "nodes/policy.lua would not serve",
      ["sim --with nowhere"] = "nothing at",
      ["sim --with " .. p.dir .. "/other.txt"] = "patch", ["sim --runs ep.7 --with nodes"] = "",
      ["sim --nonsense"] = "unknown option",
      ["sim --runs ep.7 --with config/organization.json"] = "no run 'ep.7'",
      ["sim --runs '' --with config/organization.json"] = "'' names no runs",
      ["sim --runs 'last -1' --with config/organization.json"] = "names no runs",
      ["sim --with /dev/null"] = "not a regular file",
      ["sim -C .test/fresh --with config/organization.json"] = "no board in .test/fresh yet",
    }) do
      local text, code = w:orket(arguments)
      assert.equal(2, code, arguments .. ": " .. text)
      assert.truthy(text:find(word, 1, true), arguments .. ": " .. text)
      assert.truthy(word == "--with" or word == "unknown option" or text:find("\n  fix: ", 1, true),
        arguments .. ": " .. text)
    end
  end)

  it("is not held up by hostile scripts: they deny, or would not serve", function()
    for _, text in ipairs({ "while true do end",
      "local t = {} while true do t[#t + 1] = ('x'):rep(100000) end" }) do
      local p <close> = changed({ ["nodes/policy.lua"] = text })
      local said, code = sim(w, p.dir)
      assert.equal(2, code)
      assert.truthy(said:find("nodes/policy.lua would not serve", 1, true), said)
      local q <close> = changed({ ["nodes/policy.lua"] = "local function decide() " .. text
        .. " end return { node = 'policy', decide = decide }" })
      local result
      result, code = sim(w, q.dir)
      assert.equal(1, code)
      assert.equal(15, #result.differences)
      assert.equal("policy.failed", result.differences[15].after.rule)
    end
  end)
end)

local function replaced(text, from, to)
  local new, count = text:gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%")))
  assert(count > 0, from)
  return new
end

describe("orket sim of routes, prompts and outcomes", function()
  local w

  setup(function()
    w = world.new({ issues = { {}, { depends_on = { "I-1" } }, {} }, limits = { concurrency = 3 }, mock = [[
      function work(talk)
        return steps(talk,
          function() return say(write("out/" .. talk.card .. ".txt", talk.card), call("add_issue_comment", { comment = "for " .. talk.card })) end,
          function() return say(finish("built " .. talk.card)) end)
      end
      function review(talk)
        if talk.card == "I-3" and select(2, talk.text:gsub("for I%-3", "")) < 2 then
          return say(status("in_progress", "a word is missing"))
        end
        return accept()
      end ]] })
    w:write("config/teams/t.json", cjson.encode({ name = "T", seats = {
      dev = { name = "Dev", roles = { "coder", "code_reviewer" } },
      lead = { name = "Lead", roles = { "lead_architect" } },
      guard = { name = "Guard", roles = { "integrity_guard" } },
        other = { name = "Other", roles = { "integrity_guard" } } } }))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.models.big = organization.models.m
    organization.process_rules.default_llm = "m"
    w:write("config/organization.json", cjson.encode(organization))
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  teardown(function()
    w:close()
  end)

  local function finds(files, expected, remarks)
    local p <close> = changed(files)
    local result, code = sim(w, p.dir)
    assert.equal(#expected > 0 and 1 or 0, code, cjson.encode(result))
    assert.same(expected, told(result))
    assert.same({}, result.caveats)
    assert.same({ 16, 8, 8, 8 }, { result.judged.calls, result.judged.routes, result.judged.prompts,
      result.judged.transitions })
    return result, remarks
  end

  it("finds the prompts of a role, each with what changed in it", function()
    local result = finds({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"), "leave no placeholders",
      "leave no stone unturned") },
      { "prompt I-1 coder", "prompt I-2 coder", "prompt I-3 coder", "prompt I-3 coder" })
    for _, one in ipairs(result.differences) do
      assert.truthy(one.diff:find("leave no stone unturned", 1, true), one.diff)
      assert.not_equal(one.before.convo, one.after.convo)
    end
    finds({ ["roles/integrity_guard.lua"] = replaced(shipped("roles/integrity_guard.lua"),
      "never judge your own work", "judge nothing of your own") },
      { "prompt I-1 integrity_guard", "prompt I-2 integrity_guard", "prompt I-3 integrity_guard",
        "prompt I-3 integrity_guard" })
  end)

  it("tells each message that differs, and why there is none", function()
    local result = finds({ ["nodes/prompts.lua"] = [[
      local function build(view, prompt)
        local is_first = view.card.id == "I-1" and not view.review
        return { { role = "system", content = is_first and "S" or prompt.system }, is_first and { role = "user", content = "U" }
          or { role = "user", content = prompt.user } }
      end
      return { node = "prompts", build = build } ]] }, { "prompt I-1 coder" })
    local diff = result.differences[1].diff
    assert.truthy(diff:find('\n+[1].content = "S"\n', 1, true), diff)
    assert.truthy(diff:find('\n@@\n-[2].content:\n', 1, true), diff)
    assert.truthy(diff:find('\n+[2].content = "U"\n', 1, true), diff)
    result = finds({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"),
      "return brief.prompt(view, IDENTITY)",
      'if view.card.id == "I-2" then error("no words") end\n  return brief.prompt(view, IDENTITY)') },
        { "prompt I-2 coder" })
    assert.truthy(result.differences[1].diff:find('\n@@\n+fails = "ERR_SCRIPT', 1, true),
      result.differences[1].diff)
    assert.truthy(result.differences[1].after.fails:find("no words", 1, true))
  end)

  it("finds the prompts that see what others wrote meanwhile, no others", function()
    finds({ ["nodes/prompts.lua"] = [[
      local function build(view, prompt)
        local more = ""
        for _, other in ipairs(view.dependencies) do
          more = more .. tostring(some(other.note))
        end
        return { { role = "system", content = prompt.system .. more }, { role = "user", content = prompt.user } }
      end
      return { node = "prompts", build = build } ]] }, { "prompt I-2 coder", "prompt I-2 integrity_guard" })
    finds({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"), "return brief.prompt(view, IDENTITY)",
      "return brief.prompt(view, #(view.comments or {}) > 0 and 'you again' or IDENTITY)") },
        { "prompt I-3 coder" })
  end)

  it("finds the route of one card, and that of a review", function()
    finds({ ["nodes/router.lua"] = replaced(shipped("nodes/router.lua"),
      'local name = some(card.seat)\n  local seat',
      'local name = card.id == "I-2" and "lead" or some(card.seat)\n  local seat') },
        { "route I-2 dev as coder on m>lead as lead_architect on m" })
    finds({ ["nodes/router.lua"] = replaced(shipped("nodes/router.lua"), "not is_author(authors, name)",
      'not is_author(authors, name) and not (card.id == "I-1" and name == "guard" and authors[1] == "dev")') },
      { "route I-1 guard as integrity_guard on m>other as integrity_guard on m" })
    finds({ ["nodes/router.lua"] = replaced(shipped("nodes/router.lua"),
      "return reviewer(card, team, history.authors)",
      'return card.id == "I-1" and { seat = "dev", role = "integrity_guard" } or reviewer(card, team, history.authors)') },
      { "route I-1 guard as integrity_guard on m>fails" })
    finds({ ["nodes/models.lua"] = replaced(shipped("nodes/models.lua"), "local params",
      'if (card.retry_count or 0) > 0 then return "big" end\n  local params') },
      { "route I-3 dev as coder on m>dev as coder on big",
        "route I-3 guard as integrity_guard on m>guard as integrity_guard on big" })
  end)

  it("finds a model that is chosen by what was spent, also beside changed words", function()
    local routes = { "route I-3 dev as coder on m>dev as coder on big",
      "route I-3 guard as integrity_guard on m>guard as integrity_guard on big" }
    local models = replaced(replaced(shipped("nodes/models.lua"), "card, models)\n", "card, models, past)\n"),
      "local params",
      'if past and past.spent.calls > 2 then return "big" end\n  local params')
    finds({ ["nodes/models.lua"] = models }, routes)
    finds({ ["nodes/models.lua"] = models, ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"),
      "leave no placeholders", "leave none") },
      { "prompt I-1 coder", "prompt I-2 coder", "prompt I-3 coder", "prompt I-3 coder",
        table.unpack(routes) })
  end)

  it("finds the outcome that a role's route changes, and the note alone", function()
    finds({ ["roles/integrity_guard.lua"] = replaced(shipped("roles/integrity_guard.lua"),
      "  if not proposal or",
      '  if proposal and proposal.status == "done" and #card.depends_on > 0 then\n    return { status = "in_progress", why = "no" }\n  end\n  if not proposal or')
      :gsub("local function route%(_, reply%)", "local function route(card, reply)") },
        { "transition I-2 done>in_progress" })
    local result = finds({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"), "route = brief.hand_over", [[
      route = function(card, reply, effects)
        local answer = brief.hand_over(card, reply)
        if answer and card.id == "I-1" and #effects == 3 and effects[1].tool == "write_file" then
          answer.note = "noted"
        end
        return answer
      end]]) }, { "route I-1 ready_for_testing>ready_for_testing" })
    assert.equal("noted", result.differences[1].after.note)
  end)

  it("says what the law would refuse", function()
    local result = finds({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"),
      "route = brief.hand_over",
      'route = function(card) return card.id == "I-1" and { status = "done", why = "because" } or nil end') },
      { "route I-2 ready_for_testing>ready_for_testing", "route I-3 ready_for_testing>ready_for_testing",
        "route I-3 ready_for_testing>ready_for_testing", "transition I-1 ready_for_testing>done" })
    for _, one in ipairs(result.differences) do
      assert.equal(one.kind == "transition" and "fsm.edge" or nil, one.after.refused)
    end
  end)

  it("finds both in a change of two files, and nothing in comments", function()
    finds({
      ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"), "leave no placeholders",
        "leave no stone unturned"),
      ["nodes/policy/one.lua"] = policy("call.tool == 'write_file' and view.run == 'ep.1' and call.arguments.path == 'out/I-2.txt'"),
    }, { "call I-2 write_file allow>deny policy.planted", "prompt I-1 coder", "prompt I-2 coder",
      "prompt I-3 coder", "prompt I-3 coder" })
    local all = {}
    for _, path in ipairs({ "roles/coder.lua", "roles/integrity_guard.lua", "nodes/router.lua",
      "nodes/prompts.lua", "nodes/memory.lua",
      "nodes/models.lua", "nodes/evaluator.lua", "nodes/policy.lua", "tools/write_file.lua" }) do
      all[path] = shipped(path) .. "\n-- the same\n"
    end
    finds(all, {})
  end)

  it("finds what the evaluator would have said to a failure", function()
    local f <close> = world.new({ issues = { { max_retries = 1 }, {} }, mock = [[
      function work(talk)
        return talk.card == "I-1" and { status = 400 } or say(finish())
      end ]] })
    f:run()
    local p <close> = changed({ ["nodes/evaluator.lua"] = replaced(replaced(shipped("nodes/evaluator.lua"),
      'model = { action = "retry" }', 'model = { action = "park", reason = "system" }'),
      'count = 2 }).action == "retry"', 'count = 2 }).action == "park"') })
    local result, code = sim(f, p.dir)
    assert.equal(1, code)
    assert.same({ "transition I-1 retry>park" }, told(result))
    local q <close> = changed({ ["nodes/evaluator.lua"] = shipped("nodes/evaluator.lua") .. "-- the same" })
    assert.equal(0, (select(2, sim(f, q.dir))))
  end)
end)

describe("orket sim of journals with a past", function()
  local SAME = {}
  for _, path in ipairs({ "roles/coder.lua", "roles/integrity_guard.lua", "nodes/router.lua",
    "nodes/prompts.lua", "nodes/policy.lua" }) do
    SAME[path] = shipped(path) .. "\n-- the same\n"
  end

  -- Nothing in what is the same; of each write exactly one difference.
  local function judged(w, runs, writes, expected)
    local p <close> = changed(SAME)
    local result, code = sim(w, p.dir, runs)
    assert.equal(0, code, cjson.encode(result))
    assert.same({}, result.caveats)
    assert.equal(expected, result.judged.calls)
    local q <close> = changed({ ["nodes/policy.lua"] = policy("call.tool == 'write_file' and view.card.epic == view.run:match('^(.*)%.%d+$') and view.card.status == 'in_progress'") })
    result, code = sim(w, q.dir, runs)
    assert.equal(1, code)
    assert.equal(writes, #told(result), cjson.encode(result))
    assert.same({}, result.caveats)
    for _, path in ipairs({ "roles/coder.lua", "roles/integrity_guard.lua" }) do
      local r <close> = changed({ [path] = shipped(path):gsub("tools = {", "tools = {\n    -- the same", 1) })
      local same = sim(w, r.dir, runs)
      assert.same({ {}, {} }, { same.differences, same.caveats })
      local more <close> = changed({ [path] = shipped(path):gsub("route = [%w_.]+,",
        "route = function(_, reply, effects)\n    return { status = reply.proposal and reply.proposal.status, "
        .. "note = #effects .. ' ' .. effects[#effects].tool }\n  end,", 1) })
      local noted = sim(w, more.dir, runs)
      assert.same({}, noted.caveats)
      assert.truthy(#noted.differences > 0 and noted.differ.calls == 0, cjson.encode(noted))
      assert.equal("update_issue_status", noted.differences[1].after.note:match("^%d+ (.*)$"))
    end
    return result
  end

  it("judges a run that was killed inside of a call and went on, each call once", function()
    for _, point in ipairs({ "permit_before:2", "permit_after:1", "permit_before:5" }) do
      local w <close> = world.new({ issues = { {}, {} }, mock = MOCK })
      w.binary, w.environment = FAULTY, "ORKET_FAULT=" .. point .. ":kill"
      w:run()
      w.binary, w.environment = world.binary, ""
      assert.equal(0, (select(2, w:run())))
      judged(w, "", 2, 10)
    end
  end)

  -- Within the turn of I-2, after its first write.
  local function fork_at_a_write(w)
    for _, event in ipairs(w:events("call.result")) do
      if event.card == "I-2" and event.body.tool == "write_file" then
        return assert.equal(0, (select(2, w:orket("fork ep.1@" .. math.tointeger(event.seq)))))
      end
    end
    error("I-2 wrote nothing")
  end

  it("judges a fork from inside of a turn, and its source apart", function()
    local w <close> = world.new({ issues = { {}, {} }, limits = { concurrency = 1 }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    fork_at_a_write(w)
    assert.equal(0, (select(2, w:run("ep-f1"))))
    judged(w, "--runs ep.1", 2, 10)
    local p <close> = changed({ ["nodes/policy.lua"] = policy("view.card.id == 'I-2-f1' and view.card.name == 'Issue I-2'") })
    local result = sim(w, p.dir, "--runs ep-f1.1")
    assert.equal(4, result.judged.calls)
    assert.equal(4, #result.differences)
    assert.equal("I-2-f1", result.differences[1].card)
    assert.equal("read_file", result.differences[1].tool)
    assert.equal(14, sim(w, p.dir).judged.calls)
    assert.same({ "ep-f1.1" }, sim(w, p.dir, "--runs last 1").runs)
  end)

  it("judges the turn of a fork by what its run went on with", function()
    local w <close> = world.new({ issues = { {}, {} }, limits = { concurrency = 1 }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    fork_at_a_write(w)
    assert.equal(0, (select(2, w:orket("comment --label untrusted I-2-f1 hear"))))
    local before = w:read("config/organization.json")
    local organization = cjson.decode(before)
    organization.process_rules.autonomy = { ["*"] = "ask_risky" }
    w:write("config/organization.json", cjson.encode(organization))
    assert.equal(3, (select(2, w:run("ep-f1"))))
    w:write("config/organization.json", before)
  end)

  it("takes no failure of its own for a difference", function()
    local w <close> = world.new({ issues = { {} }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    local words <close> = changed({ ["roles/coder.lua"] = replaced(shipped("roles/coder.lua"),
      "leave no placeholders", "leave nothing out") })
    w:write(".broken/orket/history/sim/words.lua",
      "return { new = function() return { differ = function() error('broken') end } end }")
    local text = world.orket.shell(("cd %s && ORKET_LUA=.broken %s sim --with %s 2>&1; echo exit $?"):format(w.dir, w.binary, words.dir))
    assert.truthy(text:find("ERR_BUG", 1, true) and text:find("broken", 1, true)
      and text:find("exit 2\n", 1, true), text)
  end)

  it("finds the prompts of the arms that a change is about", function()
    local SHORT = [[
      local function build(_, prompt)
        return { { role = "system", content = prompt.system }, { role = "user", content = prompt.user .. " Be brief." } }
      end
      return { node = "prompts", build = build }
    ]]
    local arms = { salt = "s", choices = { plain = {}, brief = { prompts = "short" },
      lead = { roles = { coder = "lead_architect" } } } }
    local w <close> = world.new({ issues = { {}, {}, {}, {}, {}, {} }, mock = MOCK, rules = { arms = arms },
      files = { ["nodes/short.lua"] = SHORT } })
    assert.equal(0, (select(2, w:run())))
    local brief, lead = 0, 0
    for _, event in ipairs(w:events("turn.started")) do
      brief = brief + (event.body.arm_prompts == "short" and 1 or 0)
      lead = lead + (event.body.arm_speaks == "lead_architect" and 1 or 0)
    end
    assert(brief > 0 and lead > 0, "every arm has a card")
    local short <close> = changed({ ["nodes/short.lua"] = replaced(SHORT, "Be brief", "Be very brief") })
    local result, code = sim(w, short.dir)
    assert.same({ 1, { calls = 0, routes = 0, prompts = brief, transitions = 0 } }, { code, result.differ })
    local words <close> = changed({ ["roles/lead_architect.lua"] = replaced(shipped("roles/lead_architect.lua"), "the lead architect", "a lead architect") })
    assert.same({ calls = 0, routes = 0, prompts = lead, transitions = 0 }, sim(w, words.dir).differ)
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.memory_node = "memory2"
    local none <close> = changed({ ["config/organization.json"] = cjson.encode(organization),
      ["nodes/memory2.lua"] = shipped("nodes/memory.lua"),
      ["nodes/short.lua"] = shipped("nodes/router.lua") })
    assert.same({ calls = 0, routes = 0, prompts = brief, transitions = 0 }, sim(w, none.dir).differ)
  end)

  it("judges each turn by the scripts that served it", function()
    local w <close> = world.new({ issues = { {}, { depends_on = { "I-1" } } }, mock = MOCK })
    assert.equal(0, (select(2, w:run("I-1"))))
    w:write("nodes/policy.lua", policy("call.tool == 'read_file'"))
    assert.equal(0, (select(2, w:run())))
    local p <close> = changed({ ["nodes/policy.lua"] = shipped("nodes/policy.lua") })
    assert.same({ "call I-2 read_file deny>allow gate.allow" }, told(sim(w, p.dir)))
    local q <close> = changed({ ["nodes/policy.lua"] = policy("call.tool == 'read_file'") })
    assert.same({ "call I-1 read_file allow>deny policy.planted" }, told(sim(w, q.dir)))
  end)

  it("judges what a person was asked about once, by what the scripts said", function()
    local ASKS = policy("call.tool == 'write_file' and call.card.id == 'I-1'",
      "{ decision = 'ask', rule = 'planted', why = 'w', fix = 'f' }")
    local w <close> = world.new({ issues = { {}, {} }, mock = MOCK, files = { ["nodes/policy.lua"] = ASKS } })
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("approve " .. w:events("approval.asked")[1].run .. "/"
      .. math.tointeger(w:events("approval.asked")[1].turn)
      .. "/" .. math.tointeger(w:events("approval.asked")[1].n)))))
    local text, code = w:run()
    assert.equal(0, code, text)
    local p <close> = changed({ ["nodes/policy.lua"] = ASKS .. "\n-- the same",
      ["roles/coder.lua"] = shipped("roles/coder.lua") .. "-- the same" })
    local result
    result, code = sim(w, p.dir)
    assert.equal(0, code, cjson.encode(result))
    assert.same({}, result.caveats)
    assert.equal(10, result.judged.calls)
    local q <close> = changed({ ["nodes/policy.lua"] = policy("false") })
    assert.same({ "call I-1 write_file ask>allow gate.allow" }, told(sim(w, q.dir)))
    local r <close> = changed({ ["nodes/policy.lua"] = policy("call.tool == 'write_file'") })
    assert.same({ "call I-1 write_file ask>deny policy.planted",
      "call I-2 write_file allow>deny policy.planted" }, told(sim(w, r.dir)))
  end)

  it("judges autonomy, and calls of turns that carry labels", function()
    local w <close> = world.new({ issues = { {}, {} }, mock = MOCK })
    assert.equal(0, (select(2, w:run("I-1"))))
    assert.equal(0, (select(2, w:orket("comment --label untrusted I-2 hear"))))
    assert.equal(0, (select(2, w:run())))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.autonomy = { coder = "ask_all" }
    local p <close> = changed({ ["config/organization.json"] = cjson.encode(organization) })
    local lines = told(sim(w, p.dir))
    assert.equal(6, #lines)
    assert.equal("call I-1 add_issue_comment allow>ask autonomy.ask", lines[1])
    organization.process_rules.autonomy = { ["*"] = "ask_risky" }
    local careful <close> = changed({ ["config/organization.json"] = cjson.encode(organization) })
    local ends = {}
    for _, one in ipairs(sim(w, careful.dir).differences) do
      ends[#ends + 1] = table.concat({ one.kind, one.card, one.role, tostring(one.before.asks),
        one.after.status, one.after.asks }, " ")
    end
    assert.same({ "transition I-1 integrity_guard nil done autonomy.ask",
      "transition I-2 integrity_guard nil done autonomy.ask" }, ends)
    local q <close> = changed({ ["nodes/policy/mine.lua"] = "local function decide(call)\n  return call.tool == 'write_file' and "
      .. "{ decision = 'deny', rule = call.labels[1], why = 'w', fix = 'f' } or nil\nend\nreturn { decide = decide, when = 'labels' }" })
    assert.same({ "call I-2 write_file allow>deny policy.untrusted" }, told(sim(w, q.dir)))
  end)

  it("judges what a card may write, and how many calls a turn may make", function()
    local w <close> = world.new({ issues = { { params = { scope = { "out/**" } } }, {} }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.limits.calls = 3
    local p <close> = changed({ ["config/organization.json"] = cjson.encode(organization),
      ["nodes/policy.lua"] = policy("false") })
    assert.same({ "call I-1 update_issue_status allow>deny gate.limit.calls",
      "call I-2 update_issue_status allow>deny gate.limit.calls" },
      told(sim(w, p.dir)))
  end)

  it("judges calls of any origin from Lua, recorded and made up", function()
    local w <close> = world.new({ issues = { {} }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    local p <close> = changed({ ["nodes/policy.lua"] = policy("call.arguments.path == 'x.txt' and view.seat == 'dev'") })
    local started = w:events("turn.started")[1].body
    w:write(".judge/orket/main.lua", ([[
local async, projects, sim = require("orket.async"), require("orket.project.project"), require("orket.history.sim")
local function call(path, generation)
  return { role = "coder", seat = "dev", card = { id = "I-1", type = "issue", status = "in_progress" }, tool = "write_file",
    arguments = { path = path, content = "x" }, generation = generation }
end
return function(argv)
  return async.main(function()
    local project <close> = assert(projects.open(".", {}))
    local list = { call("x.txt"), call("y.txt"), call("x.txt", %q), call("../x.txt") }
    local function calls() return table.remove(list, 1) end
    for one, said in assert(sim.judge({ project = project, with = %q, calls = calls })) do
      print(one.arguments.path, said.before.rule, said.after.rule)
    end
    return 0
  end, argv)
end
]]):format(started.generation, p.dir))
    assert.equal("x.txt\tgate.allow\tpolicy.planted\ny.txt\tgate.allow\tgate.allow\nx.txt\tgate.allow\tpolicy.planted\n"
      .. "../x.txt\tgate.path.escape\tgate.path.escape\n",
        (world.orket.shell("cd " .. w.dir .. " && ORKET_LUA=.judge " .. w.binary .. " 2>&1")))
  end)

  it("leaves out what gc has dropped, and says so", function()
    local w <close> = world.new({ issues = { {} }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    assert.equal(0, (select(2, w:run("--again ep"))))
    assert.equal(0, (select(2, w:orket("gc --keep 0d"))))
    assert.equal(0, (select(2, w:run("--again ep"))))
    local p <close> = changed(SAME)
    local result = sim(w, p.dir)
    assert.equal(5, result.judged.calls)
    assert.equal(2, #result.remarks)
    assert.truthy(result.remarks[1]:find("dropped", 1, true))
    local text, code = w:orket("sim --runs ep.1 --with " .. p.dir)
    assert.equal(2, code)
    assert.truthy(text:find("was dropped", 1, true), text)
  end)
end)
