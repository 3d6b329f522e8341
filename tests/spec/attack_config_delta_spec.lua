-- attack_config_delta_spec.lua: the house's own law: its configuration widened between two runs is told and
-- recorded, whatever key it is; no agent reaches it, its scripts or its journal, whatever the path; and a
-- person's yes is for one text, once.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local DONE = "function work() return say(finish()) end"
local LAW = {
  growth = "wait",
  gate = { { id = "gen", effect = "deny", paths = { "gen/**" }, why = "made" },
    { id = "db", effect = "ask", paths = { "db/**" }, why = "data" } },
  rates = { { tool = "write_file", per_minute = 60, burst = 5 } },
  forbidden_types = { "sql", "tf" },
  commands = { { argv = { "make", "*" } } },
  limits = { steps = 20, content = 2000, concurrency = 2 },
  budgets = { currency = "EUR", organization = { tokens = 1000000000, money = 500000000 },
    roles = { coder = { calls = 10000 } } },
  autonomy = { coder = "ask_risky", ["*"] = "autonomous" },
  approvals = { expires = "12h" },
  canary = { turns = 2 },
  labels = { files = { ["vendor/**"] = { "web", "mail" } } },
}

-- what is changed, how (a function on the organization), the place that is told; nil: it can do no more
local KEYS = {
  { "growth", function(_, rules) rules.growth = "auto" end, "growth" },
  { "a rule less", function(_, rules) table.remove(rules.gate, 1) end, "gate" },
  { "a rule that asks where it denied", function(_, rules) rules.gate[1].effect = "ask" end, "gate" },
  { "a rule more", function(_, rules) rules.gate[3] = { id = "x", effect = "deny", paths = { "x" },
    why = "x" } end, nil },
  { "a rate less", function(_, rules) rules.rates = nil end, "rates" },
  { "a faster rate", function(_, rules) rules.rates[1].per_minute = 61 end, "rates" },
  { "a type of file", function(_, rules) table.remove(rules.forbidden_types) end, "forbidden_types" },
  { "a type of file more", function(_, rules) table.insert(rules.forbidden_types, "css") end, nil },
  { "another command", function(_, rules) rules.commands[1].argv = { "sh", "-c", "*" } end, "commands" },
  { "no command", function(_, rules) rules.commands = nil end, nil },
  { "a higher limit", function(_, rules) rules.limits.steps = 21 end, "limits/steps" },
  { "no limit", function(_, rules) rules.limits.content = nil end, "limits/content" },
  { "a limit above what holds by itself", function(_, rules) rules.limits.seconds = 5000 end,
    "limits/seconds" },
  { "a lower limit", function(_, rules) rules.limits.steps, rules.limits.seconds = 19, 100 end, nil },
  { "a higher budget", function(_, rules) rules.budgets.organization.tokens = 1000000001 end,
    "budgets/organization/tokens" },
  { "no budget", function(_, rules) rules.budgets.roles = nil end, "budgets/roles" },
  { "a lower budget", function(_, rules) rules.budgets.organization.money = 400000000 end, nil },
  { "autonomy", function(_, rules) rules.autonomy.coder = "autonomous" end, "autonomy/coder" },
  { "autonomy by leaving a role out", function(_, rules) rules.autonomy = nil end, "autonomy/coder" },
  { "a careful role", function(_, rules) rules.autonomy["*"] = "ask_all" end, nil },
  { "a longer expiry", function(_, rules) rules.approvals.expires = "7d" end, "approvals/expires" },
  { "a shorter expiry", function(_, rules) rules.approvals.expires = 60 end, nil },
  { "no trial", function(_, rules) rules.canary = nil end, "canary" },
  { "labels", function(_, rules) rules.labels = "off" end, "labels" },
  { "a label", function(_, rules) rules.labels.files["vendor/**"] = { "web" } end, "labels/files/vendor" },
  { "a label more", function(_, rules) rules.labels.files["vendor/**"] = { "web", "mail", "x" } end, nil },
  { "another policy", function(_, rules) rules.policy_node = "other" end, "policy_node" },
  { "another model for all", function(_, rules) rules.default_llm = "m" end, "default_llm" },
  { "a model more", function(o) o.models.z = o.models.m end, "models/z" },
  { "another model", function(o) o.models.m.model = "bigger" end, "models/m/model" },
  { "a model elsewhere", function(o) o.models.m.base_url = "http://127.0.0.1:2/v1" end, "models/m/base_url" },
  { "a name that may lead inside", function(o) o.models.m.private = true end, "models/m/private" },
  { "another key", function(o) o.keys.b = { env = "B", origin = o.keys.a.origin }; o.models.m.key = "b" end,
    "models/m/key" },
  { "another origin of a key", function(o) o.keys.a.origin = "https://b.example:443" end,
    "models/m/key_origin" },
  { "thresholds", function(_, rules) rules.thresholds = { queue = 5 } end, nil, optional = true },
  { "words", function(o) o.vision = "more" end, nil },
  { "a role of a seat", function(_, _, team) table.insert(team.seats.dev.roles, "operations_lead") end,
    "seats/dev/roles" },
  { "a seat", function(_, _, team) team.seats.ops = { name = "Ops", roles = { "operations_lead" } } end,
    "seats/ops/roles" },
  { "a seat less", function(_, _, team) team.seats.lead = nil end, nil },
}

local function change(w, with)
  local organization, team = cjson.decode(w:read("config/organization.json")),
    cjson.decode(w:read("config/teams/t.json"))
  with(organization, organization.process_rules, team)
  w:write("config/organization.json", cjson.encode(organization))
  w:write("config/teams/t.json", cjson.encode(team))
end

local function delta(w)
  local text, code = w:orket("policy delta --json")
  assert.equal(0, code, text)
  return cjson.decode(text)
end

describe("attack config delta", function()
  local w, organization, team

  setup(function()
    w = world.new({ issues = { { id = "A" } }, mock = DONE, rules = LAW,
      model = { price = { input = 0, output = 0 } },
      files = { ["nodes/other.lua"] = 'return { node = "policy", decide = function() end }' } })
    change(w, function(o)
      o.keys, o.models.m.key = { a = { env = "A", origin = "https://a.example" } }, "a"
    end)
    local text, code = w:run()
    assert.equal(0, code, text)
    organization, team = w:read("config/organization.json"), w:read("config/teams/t.json")
  end)

  teardown(function()
    w:close()
  end)

  before_each(function()
    w:write("config/organization.json", organization)
    w:write("config/teams/t.json", team)
  end)

  for _, row in ipairs(KEYS) do
    if not row.optional then
      it("the configuration between two runs tells " .. row[1] .. (row[3] and "" or " as nothing more"),
        function()
        change(w, row[2])
        local found = delta(w).config
        local said = found and found.delta or {}
        assert.equal(row[3] and 1 or 0, #said, cjson.encode(said))
        assert(not row[3] or said[1].config:find(row[3], 1, true), cjson.encode(said))
      end)
    end
  end

  it("a changed configuration is recorded with both hashes when the next run begins, and reported once",
    function()
    assert.is_nil(delta(w).config)
    change(w, KEYS[18][2])
    local found = delta(w).config
    assert(w:orket("policy delta"):find("autonomy/coder: it is", 1, true))
    local text, code = w:run("--again ep")
    assert.equal(0, code, text)
    assert(text:find("the configuration makes more possible", 1, true), text)
    local changed = w:events("config.changed")
    assert.equal(1, #changed)
    assert.same({ found.was, found.now, "system" },
      { changed[1].body.was, changed[1].body.now, changed[1].actor })
    assert(changed[1].body.delta[1].config:find("autonomy/coder", 1, true))
    assert.is_nil(delta(w).config)
    text = w:run("--again ep")
    assert.equal(1, #w:events("config.changed"), text)
    assert.equal(0, select(2, w:check()))
    local replayed, again = w:orket("replay --strict " .. w:events("run.started")[2].run)
    assert.equal(0, again, replayed)
  end)
end)

describe("the configuration during a run", function()
  it("a run keeps the configuration that it began with", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } },
      gate = { { id = "no", effect = "deny", paths = { "x" }, why = "no" } },
      mock = [[
      function work(talk)
        return steps(talk, function() return say(write("y", "1")) end, function() return say(write("x", "1")) end, function() return say(finish()) end)
      end]] })
    local run = w:held(2)
    change(w, function(_, rules) rules.gate, rules.growth = nil, "auto" end)
    w:orket("sync")
    w:write("roles/coder.lua", (orket.read("roles/coder.lua"):gsub("tools = {", 'tools = { "create_issue", ',
      1)))
    assert(world.wait(function() return #w:events("scripts.waiting") == 1 end), "nothing waits")
    local text, code = run.wait()
    assert.equal(0, code, text)
    local refused = {}
    for _, event in ipairs(w:events("call.refused")) do
      refused[#refused + 1] = event.card .. " " .. event.body.rule
    end
    assert.same({ "A house.no", "B house.no" }, refused)
    assert.equal(0, #w:events("scripts.accepted")) -- growth is still what it was
  end)
end)

-- ---- out of reach ----

local TARGETS = { "config/organization.json", "config/teams/t.json", "roles/coder.lua", "nodes/policy.lua",
  "nodes/policy/mine.lua", "tools/write_file.lua",
  "verification/mine.json", ".orket/key", ".orket/owner.sock", ".orket/orket.db" }
local UP = { "../../../../", "./../../../../", "a/../../../../../", "..//..//..//../", "way/",
  "link/../../../../", "/proc/self/cwd/", "\\", "..\\..\\..\\..\\",
  "%2e%2e/%2e%2e/%2e%2e/%2e%2e/", "\u{ff0e}\u{ff0e}/\u{ff0e}\u{ff0e}/",
    "..\u{2215}..\u{2215}..\u{2215}..\u{2215}", "../../../../workspace/../" }

local function paths()
  local all = {}
  for _, target in ipairs(TARGETS) do
    for _, way in ipairs(UP) do
      all[#all + 1] = way .. target
    end
    local folded = target:upper()
    for _, one in ipairs({ "/" .. target, target, folded, (target:gsub("o", "\u{3bf}")),
      (target:gsub("/", "/./")), target .. ".", target .. " ",
      (target:gsub("^(%.?%a)", "%1\u{300}")), "file:" .. target, "~/" .. target, "../../../../"
        .. folded }) do
      all[#all + 1] = one
    end
  end
  return all
end

-- Everything that the house follows from, with its content; of .orket/ only what there is.
local function house(w)
  return orket.shell(string.format("cd %s; find config roles nodes tools verification workspace -maxdepth 9 -not -path 'workspace/*' -type f 2>/dev/null | sort "
    .. "| xargs sha256sum; ls -A .orket 2>/dev/null | grep -v -e '^orket.db' -e '^highwater' -e sock -e '^lock' -e '^key'; find . -type l -not -path './workspace/*'", w.dir))
end

describe("the organization's rules", function()
  local function project(more)
    return world.new({ issues = { { id = "A", params = more.params } }, mock = more.mock, rules = more.rules,
      files = world.merged({
      ["roles/coder.lua"] = (orket.read("roles/coder.lua"):gsub("tools = {",
        'tools = { "run_command", "any", ', 1)),
      ["verification/keep.json"] = '{"argv":["true"]}',
      ["tools/any.lua"] = [[
local function run(args)
  local said = {}
  for _, path in ipairs(args.paths) do
    local done, failure = fs.write(path, "return nil")
    said[#said + 1] = done and "DONE" or failure.code
  end
  return said
end
return { description = "any", operations = { "fs.write" }, schema = { type = "object" }, run = run }]],
    }, more.files) })
  end

  -- Each path by one of the shipped tools, a hundred a turn's step, then all of them by a tool of the
  -- project's own.
  local function play(all)
    local steps, calls = {}, {}
    for i, path in ipairs(all) do
      calls[#calls + 1] = i % 2 == 1
        and ("call('edit_file', { path = %q, old = 'a', new = 'b' })"):format(path)
        or ("call('write_file', { path = %q, content = 'x' })"):format(path)
      if #calls == 100 or i == #all then
        steps[#steps + 1] = "function() return say(" .. table.concat(calls, ", ") .. ") end"
        calls = {}
      end
    end
    local quoted = {}
    for i, path in ipairs(all) do
      quoted[i] = ("%q"):format(path)
    end
    steps[#steps + 1] = "function() return say(call('any', { paths = { " .. table.concat(quoted, ", ")
      .. " } })) end"
    steps[#steps + 1] = "function() return say(finish()) end"
    return "function work(talk) return steps(talk, " .. table.concat(steps, ", ") .. ") end"
  end

  it("no agent writes the organization's rules by a path, whichever tool writes", function()
    local all = paths()
    local w <close> = project({ mock = play(all) })
    w:orket("policy delta")
    local before = house(w)
    local text = w:run()
    assert.equal(before, house(w), text)
    local refused, last = #w:events("call.refused"), w:events("call.result")
    local tried = 0
    for _, event in ipairs(last) do
      tried = math.max(tried, #event.body.operations)
    end
    assert.equal(#all, tried) -- by the own tool
    assert(refused > #all / 3, refused .. " of " .. #all .. " refused\n" .. text)
    assert.same({ 1, 0, 0 }, { #w:events("scripts.loaded"), #w:events("scripts.waiting"),
      #w:events("config.changed") })
    assert.equal(0, select(2, w:check()))
  end)

  local refused = orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
  local test = refused and pending or it

  test("no agent reaches the organization's rules, or a person's yes, from inside a jail", function()
    local reach = orket.read("tests/support/hostile/reach.py")
    local w <close> = project({ rules = { commands = { { argv = { "python3", "**" }, wall = 20 } } }, mock = [==[
      function work(talk)
        return steps(talk,
          function() return say(write("id", tostring(WAITING)), write("reach.py", TEXT), write("targets", TARGETS)) end,
          function() return say(call("run_command", { argv = { "python3", "reach.py" } })) end,
          function() return say(finish()) end)
      end
      TEXT = ]==] .. ("%q"):format(reach) .. '\nTARGETS = "' .. table.concat(TARGETS, " ") .. '"' })
    w:run()
    w:write("roles/coder.lua", (w:read("roles/coder.lua"):gsub("tools = {", 'tools = { "create_issue", ', 1)))
    local waiting = delta(w).generation
    local before = house(w)
    local text = w:run("--again ep")
    assert.equal(before, house(w), text)
    assert.equal(0, #w:events("scripts.accepted"))
    assert.equal(waiting, w:events("scripts.waiting")[1].body.generation)
    local said = ""
    for _, event in ipairs(w:events("command.ran")) do
      said = said .. tostring(event.body.stdout or "") .. tostring(event.body.exit)
    end
    local results = orket.shell("cat " .. w.dir
      .. "/.test/request.* | tr '\\\\' '\\n' | grep -c 'accept [A-Z]'")
    assert(tonumber(results) > 0, text .. said)
    assert.equal(0, tonumber((orket.shell("cat " .. w.dir
      .. "/.test/request.* | tr '\\\\' '\\n' | grep -c -e 'accept DONE' -e 'through DONE'"))))
    assert.equal(0, select(2, w:check()))
  end)
end)

describe("a person's yes", function()
  local function grown(w, tools)
    w:write("roles/coder.lua", (orket.read("roles/coder.lua"):gsub("tools = {", "tools = { " .. tools, 1)))
  end

  it("a person's yes is for one text and the one that serves, and is used up by it", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = DONE })
    assert.equal(0, select(2, w:run()))
    grown(w, '"create_issue", ')
    local first = delta(w).generation
    grown(w, '"create_issue", "nominate_card", ') -- what nobody saw
    for _, id in ipairs({ first, delta(w).generation:sub(1, 4), delta(w).generation:sub(1, 15),
      delta(w).generation .. "0", "''", "%" }) do
      assert.equal(1, (select(2, w:orket("policy accept " .. id))), id)
    end
    assert.equal(0, #w:events("scripts.accepted"))
    grown(w, '"create_issue", ')
    assert.equal(0, select(2, w:orket("policy accept " .. first)))
    assert.equal(1, (select(2, w:orket("policy accept " .. first)))) -- used up
    grown(w, "")
    assert.equal(0, select(2, w:run("--again ep")))
    grown(w, '"create_issue", ')
    assert.equal(first, delta(w).generation)
    assert.equal(0, select(2, w:run("--again ep"))) -- the same text once more, and the old yes is none
    assert.equal(1, #w:events("scripts.accepted"))
    local loaded = w:events("scripts.loaded")
    assert.are_not.equal(first, loaded[#loaded].body.generation)
    assert(w:orket("board"):find("policy accept " .. first, 1, true))
    assert.equal(0, select(2, w:check()))
  end)
end)
