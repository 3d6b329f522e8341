-- api_reads_spec.lua: what the reading routes of the service answer about what waits, where a card may go and
-- what was spent, against the journal and the commands; each answer against its promised schema.

local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

-- A asks for an approval, B asks a question, C reaches its cap, D is done.
local MOCK = [[
function work(talk)
  local usage = { prompt_tokens = 70, completion_tokens = 30 }
  if talk.card == "A" then
    return steps(talk, function() return say(write("locked/a", "content of A\n")) end, function() return say(finish()) end)
  elseif talk.card == "B" then
    return say(call("request_excuse", { reason = "which colour?" }))
  elseif talk.card == "C" then
    return { usage = usage, calls = { write("c" .. talk.replies, "x") } }
  end
  return steps(talk, function() return { usage = usage, calls = { write("d.txt", "of D\n") } } end,
    function() return say(finish()) end)
end
]]

local RULE = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
  why = "a person decides" } }

local w, s

setup(function()
  w = world.new({ issues = { { id = "A" }, { id = "B" }, { id = "C", budget = { calls = 2 } }, { id = "D" } },
    mock = MOCK, gate = RULE,
    rules = { budgets = { currency = "EUR", organization = { tokens = 1000000, seconds = 90.5 } } } })
  s = service.ran(w, "parked")
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function get(template, path)
  return s:checked(template, path)
end

local function cli(arguments)
  return cjson.decode((w:orket(arguments)))
end

local function move_of(card, status)
  for _, row in ipairs(get("/v1/cards/{id}/moves", "/v1/cards/" .. card .. "/moves").moves) do
    if row.status == status then
      return row
    end
  end
end

describe("the moves of a card", function()
  it("say of every status whether a person may move the card there, by the rule that decides the act", function()
    local answer = get("/v1/cards/{id}/moves", "/v1/cards/D/moves")
    assert.same({ "D", "done", 9 }, { answer.card, answer.status, #answer.moves })
    for _, row in ipairs(answer.moves) do
      assert.same({ false, row.status == "archived" and "fsm.system" or "fsm.final" }, { row.allowed, row.rule })
      local done = s:post("/v1/acts/move", { card = "D", status = row.status,
        reason = row.needs_reason and row.reasons[1] or nil })
      assert.same({ 409, row.fix }, { done.status, done.body.fix }, row.status)
    end
  end)

  it("name a question that has to be answered first, and let a card be given up all the same", function()
    local row = move_of("A", "in_progress")
    assert.same({ false, "card.unanswered" }, { row.allowed, row.rule })
    assert.truthy(row.fix:find("orket approve", 1, true))
    local refused = s:post("/v1/acts/move", { card = "A", status = "in_progress" })
    assert.same({ 409, row.why }, { refused.status, refused.body.detail })
    assert.is_true(move_of("A", "canceled").allowed)
    assert.is_true(move_of("B", "in_progress").allowed)
  end)

  it("name the reasons that a wait needs, and only the engine's edges as such", function()
    local row = move_of("ep", "blocked")
    assert.same({ false, true, "fsm.edge" }, { row.allowed, row.needs_reason, row.rule })
    assert.truthy(table.concat(row.reasons, " "):find("resource", 1, true))
    assert.equal("fsm.system", move_of("B", "ready").rule)
  end)

  it("are unknown of an unknown card", function()
    assert.equal(404, s:get("/v1/cards/nix/moves").status)
  end)

  it("are refused to who saw an earlier revision of the card", function()
    local card = s:get("/v1/cards/B").body
    local reply = s:post("/v1/acts/move", { card = "B", status = "canceled", revision = card.revision - 1 })
    assert.same({ 409, "ERR_STALE" }, { reply.status, reply.body.code })
    assert(reply.body.detail:find(("revision %d"):format(card.revision), 1, true), reply.text)
    assert.equal(card.revision, s:get("/v1/cards/B").body.revision)
  end)
end)

describe("the inbox", function()
  it("is that of orket inbox, with kind, rule, hash and cap of what waits, what expires first", function()
    local items = get("/v1/inbox").items
    local of = {}
    for _, item in ipairs(items) do
      of[item.card] = item
    end
    assert.same({ "approval", "question", "cap" }, { of.A.kind, of.B.kind, of.C.kind })
    assert.equal("approval", items[1].kind)
    assert.equal("cards/C/calls", of.C.cap)
    local asked = get("/v1/approvals").items[1]
    assert.same({ asked.hash, asked.rule, asked.id }, { of.A.hash, of.A.rule, of.A.id })
    assert.equal("house.locked", of.A.rule)
    assert.truthy(table.concat(of.A.lines, "\n"):find("content of A", 1, true))
    assert.truthy(table.concat(of.B.lines, "\n"):find("which colour?", 1, true))
    local told = cli("inbox --json")
    for i, item in ipairs(items) do
      assert.same({ told[i].kind, told[i].id, told[i].event, told[i].lines[2] },
        { item.kind, item.id, item.event, item.lines[2] })
    end
  end)
end)

describe("costs", function()
  local function of_days(from, to)
    return get("/v1/costs", "/v1/costs?by=card&from=" .. from .. "&to=" .. to)
  end

  it("have no money where no price is known, instead of 0", function()
    local costs = get("/v1/costs", "/v1/costs?by=card")
    assert.same(cli("cost --json --by card"), costs)
    for _, row in ipairs(costs.rows) do
      assert.same({ nil, 0 }, { row.money, row.priced })
      assert(row.calls > 0)
    end
    assert.is_nil(costs.total.money)
  end)

  it("have the requests one by one, as orket cost --requests, by card and in pages", function()
    local lines = {}
    for line in w:orket("cost --requests --json"):gmatch("[^\n]+") do
      lines[#lines + 1] = cjson.decode(line)
    end
    assert.same(lines, get("/v1/requests", "/v1/requests").items)
    local page = get("/v1/requests", "/v1/requests?limit=1&card=C")
    assert.same({ "C", page.items[1].seq }, { page.items[1].card, page.next })
    local rest = get("/v1/requests", ("/v1/requests?card=C&before=%d"):format(page.next))
    assert(#rest.items > 0 and not rest.next and rest.items[1].seq < page.next)
  end)

  it("are of the days that are asked for", function()
    local day = w:events("step.reply")[1].at:sub(1, 10)
    assert.same(get("/v1/costs", "/v1/costs?by=card").total, of_days(day, "9999-12-31").total)
    assert.same(cli("cost --json --by card --from " .. day .. " --to 9999-12-31"), of_days(day, "9999-12-31"))
    assert.same({}, of_days("2001-01-01", "2001-01-02").rows)
    assert.same({}, of_days("9999-01-01", "9999-01-02").rows)
    local bad = s:get("/v1/costs?from=yesterday")
    assert.same({ 422, "/query/from" }, { bad.status, bad.body.errors[1].path })
  end)

  it("are held against every cap, in the units of orket budget, and say which are nearly used up", function()
    local caps = get("/v1/budgets")
    assert.same(cli("budget --json --all"), caps)
    local of = {}
    for _, row in ipairs(caps.caps) do
      of[row.cap] = row
    end
    assert.same({ 90.5, false }, { of["organization/seconds"].limit, of["organization/seconds"].warned })
    assert.same({ 2, 2, 100, true }, { of["cards/C/calls"].used, of["cards/C/calls"].limit,
      of["cards/C/calls"].percent, of["cards/C/calls"].warned })
  end)
end)

describe("a run", function()
  it("has figures of each role by value: tokens, files, lines, the last call", function()
    local figures = get("/v1/runs/{id}/metrics", "/v1/runs/ep.1/metrics")
    local roles = {}
    for _, row in ipairs(figures.roles) do
      roles[row.role] = row
    end
    local coder = roles.coder
    assert.equal(w:sql("SELECT sum(tokens_in) FROM turn WHERE role = 'coder'"), ("%d"):format(coder.tokens_in))
    local written = 0
    for _, event in ipairs(w:events("file.written")) do
      written = written + (event.run == "ep.1" and event.role == "coder" and 1 or 0)
    end
    assert(written >= 3)
    assert.same({ written, written, 4 }, { coder.files_written, coder.lines_written, coder.turns })
    assert.equal("update_issue_status", roles.integrity_guard.last_action)
    assert.truthy(roles.integrity_guard.detail)
    assert.equal(404, s:get("/v1/runs/ep.9/metrics").status)
  end)

  it("has its backlog, with what each issue depends on", function()
    local backlog = get("/v1/runs/{id}/backlog", "/v1/runs/ep.1/backlog")
    local said = {}
    for i, row in ipairs(backlog.items) do
      said[i] = row.id .. " " .. row.status
    end
    assert.same({ "A blocked", "B waiting_for_developer", "C blocked", "D done" }, said)
    assert.equal(404, s:get("/v1/runs/ep.9/backlog").status)
  end)

  it("has a snapshot: what it follows from, its cards, its tree", function()
    local taken = get("/v1/sessions/{id}/snapshot", "/v1/sessions/ep.1/snapshot")
    local run = cli("show --json ep.1")
    assert.same({ "ep.1", run.tree, "ep", "t", "e" }, { taken.session.id, taken.tree, taken.config.epic,
      taken.config.team, taken.config.environment })
    assert.equal(#w:events(), taken.at)
    assert.same(get("/v1/runs/{id}/backlog", "/v1/runs/ep.1/backlog").items, taken.cards)
    assert.equal(404, s:get("/v1/sessions/ep.9/snapshot").status)
  end)
end)

describe("the system", function()
  it("has a heartbeat with the turns that are open", function()
    local beat = get("/v1/system/heartbeat")
    assert.same({ "online", w:sql("SELECT count(*) FROM turn WHERE outcome IS NULL") },
      { beat.status, ("%d"):format(beat.active_tasks) })
    assert(beat.active_tasks > 0)
  end)

  it("says how much of the machine is used, by the figures of the kernel", function()
    local now = get("/v1/system/metrics")
    local total, free = world.orket.read("/proc/meminfo"):match("MemTotal:%s+(%d+).-MemAvailable:%s+(%d+)")
    local expected = 100 * (total - free) / total
    assert(math.abs(now.ram_percent - expected) < 20, now.ram_percent .. " " .. expected)
    assert(now.cpu_percent >= 0 and now.cpu_percent <= 100, now.cpu_percent)
    assert.same({ now.cpu_percent, now.ram_percent }, { now.cpu, now.memory })
  end)

  it("clears no log, and says why", function()
    local before = #w:events()
    local reply = s:post("/v1/system/clear-logs")
    assert.equal(410, reply.status)
    assert.truthy(reply.body.detail:find("the journal is the truth", 1, true))
    assert.equal(before, #w:events())
  end)

  it("knows the sprint of this week, and its cards", function()
    local now = get("/v1/system/calendar")
    assert.equal(os.date("!%V"), ("%02d"):format(now.week))
    assert.equal(os.date("!%Y-%m-%d", os.time() - (os.date("!*t").wday + 5) % 7 * 86400), now.sprint_start)
    assert.same({}, now.cards)
  end)
end)

describe("the files of the project", function()
  it("are listed where a person edits them, directories first, and nowhere else", function()
    local top = get("/v1/system/explorer")
    local names = {}
    for i, item in ipairs(top.items) do
      names[i] = item.name
    end
    assert.same({ "config" }, names)
    local epics = get("/v1/system/explorer", "/v1/system/explorer?path=config%2Fepics").items
    assert.same({ "ep.json", false, ".json" }, { epics[1].name, epics[1].is_dir, epics[1].ext })
    assert.equal(404, s:get("/v1/system/explorer?path=config%2Fnix").status)
  end)

  it("are read with a revision, and saved at that revision alone", function()
    local file = get("/v1/system/read", "/v1/system/read?path=config%2Fenvironments%2Fe.json")
    assert.equal(w:read("config/environments/e.json"), file.content)
    local wanted = { path = file.path, content = '{"name": "Other"}\n', revision = file.revision }
    local saved = s:post("/v1/system/save", wanted)
    assert.equal(200, saved.status, saved.text)
    assert.equal(wanted.content, w:read(file.path))
    local again = s:post("/v1/system/save", wanted)
    assert.same({ 409, "ERR_STALE" }, { again.status, again.body.code })
    wanted.revision = nil
    assert.equal(409, s:post("/v1/system/save", wanted).status)
    local events = w:events("project.saved")
    assert.same({ 1, "human:admin", file.path }, { #events, events[1].actor, events[1].body.path })
    assert.equal(saved.body.revision, get("/v1/system/read", "/v1/system/read?path=config%2Fenvironments%2Fe.json").revision)
  end)

  it("are not saved when they do not hold, with the place of what is wrong", function()
    local cases = { { "config/epics/new.json", '{"name": "New", "team": "nix", "environment": "e", "issues": []}', "nix" },
      { "config/epics/new.json", "{", "" }, { "roles/mine.lua", "return 7", "roles/mine.lua" } }
    for _, case in ipairs(cases) do
      local reply = s:post("/v1/system/save", { path = case[1], content = case[2] })
      assert.equal(422, reply.status, reply.text)
      assert(reply.text:gsub("\\/", "/"):find(case[3], 1, true), reply.text)
      assert.is_false(w:exists(case[1]))
    end
    assert.equal(1, #w:events("project.saved"))
  end)

  it("are not saved with a secret in them, which the journal would hold for good", function()
    local secret = "ghp_" .. ("Ab3dE6gH9j"):rep(3) .. "Kl5mN8"
    local reply = s:post("/v1/system/save", { path = "config/environments/e.json",
      content = '{"name": "' .. secret .. '"}', revision = get("/v1/system/read",
        "/v1/system/read?path=config%2Fenvironments%2Fe.json").revision })
    assert.same({ 403, "ERR_DENIED" }, { reply.status, reply.body.code }, reply.text)
    assert(not reply.text:find(secret, 1, true))
    assert(not world.orket.shell("cat " .. w.dir .. "/.orket/orket.db*"):find(secret, 1, true))
  end)

  it("are none that hold the journal, keys or anything hidden, by whatever path", function()
    os.execute(("ln -s /etc/passwd %s/config/link.json; mkdir -p %s/config/sub; echo x > %s/config/notes.txt")
      :format(w.dir, w.dir, w.dir))
    for _, path in ipairs({ ".orket/orket.db", ".orket/admin.hash", "config/../.orket/key", "../x.json", "/etc/passwd",
      "config/.hidden.json", ".env", "config//organization.json", "config/notes.txt", "workspace/ep/tree/d.txt",
      "roles", "config/a\tb.json" }) do
      local name = path:gsub("[^%w.]", function(c) return ("%%%02X"):format(c:byte()) end)
      assert.equal(403, s:get("/v1/system/read?path=" .. name).status, path)
      local saved = s:post("/v1/system/save", { path = path, content = "{}" })
      assert.equal(403, saved.status, path .. saved.text)
    end
    assert.equal(403, s:get("/v1/system/explorer?path=.orket").status)
    assert.equal(403, s:get("/v1/system/explorer?path=config%2F..").status)
    assert(s:get("/v1/system/read?path=config%2Flink.json").status >= 400)
    assert(not s:get("/v1/system/explorer?path=config").text:find("link.json", 1, true))
    os.execute(("echo '{}' > %s/.test/victim; ln -sf ../.test/victim %s/config/link.json"):format(w.dir, w.dir))
    assert(s:post("/v1/system/save", { path = "config/link.json", content = '{"name": "x"}' }).status >= 400)
    assert.equal("{}\n", w:read(".test/victim"))
    os.execute("ln -sf /etc/passwd " .. w.dir .. "/config/link.json")
    os.execute(("rm %s/config/link.json %s/config/notes.txt; rmdir %s/config/sub"):format(w.dir, w.dir, w.dir))
  end)
end)

describe("what would be sent", function()
  it("is that of orket prompt, for a card and for each issue of an epic", function()
    local one = get("/v1/cards/{id}/prompt", "/v1/cards/B/prompt")
    assert.same(cli("prompt --json B"), one)
    local all = get("/v1/system/preview-asset", "/v1/system/preview-asset?path=config%2Fepics%2Fep.json")
    assert.same({ "ep", "epic", 4, "A", "D" },
      { all.card, all.type, all.total, all.prompts[1].card, all.prompts[4].card })
    assert.same(one, get("/v1/system/preview-asset", "/v1/system/preview-asset?issue_id=B").prompts[1])
    assert.equal(404, s:get("/v1/system/preview-asset?issue_id=nix").status)
    assert.equal(422, s:get("/v1/system/preview-asset").status)
    assert.equal(404, s:get("/v1/cards/nix/prompt").status)
  end)
end)

describe("the original's way to begin a run", function()
  it("takes a path or a card, and refuses an unknown one before anything begins", function()
    local runs = #get("/v1/runs").items
    assert.equal(404, s:post("/v1/system/run-active", { issue_id = "nix" }).status)
    assert.equal(400, s:post("/v1/system/run-active", {}).status)
    assert.equal(422, s:post("/v1/system/run-active", { issue = "A" }).status)
    assert.equal(runs, #get("/v1/runs").items)
    local begun = s:post("/v1/system/run-active", { path = "config/epics/ep.json" })
    assert.equal(202, begun.status, begun.text)
    assert.same({ "ep.1", "ep" }, { begun.body.session_id, begun.body.card })
    assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status == "parked" end, 30))
  end)
end)

describe("reports and models", function()
  it("say by rule what was refused, with the newest report of each", function()
    local items = get("/v1/refusals").items
    local newest = {}
    for _, report in ipairs(get("/v1/reports").items) do
      newest[report.rule] = newest[report.rule] or report
    end
    local count = 0
    for _, row in ipairs(items) do
      assert.same(newest[row.rule], row.last)
      count = count + row.reports
    end
    assert.equal(w:sql("SELECT count(*) FROM report"), ("%d"):format(count))
    assert.equal("budget.calls", get("/v1/refusals", "/v1/refusals?card=C").items[1].rule)
    assert.same({}, get("/v1/refusals", "/v1/refusals?card=D").items)
  end)

  it("say why a call was stopped, with every check, as orket why-not", function()
    local event = get("/v1/refusals", "/v1/refusals?card=A").items[1].last.event
    local path = ("/v1/why-not/%d"):format(event)
    local answer = get("/v1/why-not/{event}", path)
    assert.same(cli(("why-not --json %d"):format(event)), answer)
    assert.equal("house.locked", answer.checks[1].rule)
    assert.equal(404, s:get("/v1/why-not/999999").status)
    assert(s:get("/v1/why-not/1").status >= 400)
  end)

  it("say where work piles up, as orket bottlenecks", function()
    local told, answer = cli("bottlenecks --json"), get("/v1/bottlenecks")
    assert.same({ told.level, told.counts, told.thresholds }, { answer.level, answer.counts, answer.thresholds })
    local rules = {}
    for i, one in ipairs(answer.found) do
      rules[i] = one.rule
    end
    assert.truthy(table.concat(rules, " "):find("bottleneck.person", 1, true))
  end)

  it("have alerts of what a person should know besides the cards", function()
    local of = {}
    for _, item in ipairs(get("/v1/alerts").items) do
      of[item.kind] = item
    end
    assert.equal("cards/C/calls", of.cap.subject)
    assert(of.cap.what:find("budget cards/C/calls: 100 %", 1, true), of.cap.what)
    assert(w:orket("board"):find(of.cap.text, 1, true))
  end)

  it("list the models as orket models, and who waits for one", function()
    local told = cli("models --json")
    local models = get("/v1/models").models
    assert.same(told.models, models)
    assert.same({ "m", "mock" }, { models[1].name, models[1].model })
  end)

  it("check a model with real requests, and know no other", function()
    local reply = s:post("/v1/models/m/check", { timeout = 10 })
    assert.equal(200, reply.status, reply.text)
    assert.equal("m", reply.body.model)
    assert.equal(4, #reply.body.checks)
    local unknown = s:post("/v1/models/mm/check")
    assert.equal(404, unknown.status)
    assert(unknown.body.detail:find("did you mean m?", 1, true), unknown.text)
    assert.equal(422, s:post("/v1/models/m/check", { timeout = 0 }).status)
  end)

  it("have the turns of a run, as orket history", function()
    local whole = get("/v1/runs/{id}/turns", "/v1/runs/ep.1/turns")
    assert.same(cli("history --json ep.1"), whole.items)
    assert.is_nil(whole.next)
    local first = get("/v1/runs/{id}/turns", "/v1/runs/ep.1/turns?limit=1")
    local second = get("/v1/runs/{id}/turns", ("/v1/runs/ep.1/turns?limit=1&after=%d"):format(first.next))
    assert.same({ whole.items[1].turn, whole.items[2].turn }, { first.items[1].turn, second.items[1].turn })
    local issues = get("/v1/runs/{id}/backlog", "/v1/runs/ep.1/backlog?limit=3")
    local rest = get("/v1/runs/{id}/backlog", ("/v1/runs/ep.1/backlog?after=%d"):format(issues.next))
    assert.same({ 3, 1, "D" }, { #issues.items, #rest.items, rest.items[1].id })
    assert.equal(404, s:get("/v1/runs/ep.9/turns").status)
  end)

  it("have which scripts served and what changed in them", function()
    local items = get("/v1/policies/history").items
    local serving = w:sql("SELECT generation FROM serving WHERE kind = 'loaded' ORDER BY seq DESC LIMIT 1")
    assert.same({ "loaded", serving }, { items[1].kind, items[1].generation })
    assert.same({}, items[#items].changed)
    local newest = get("/v1/policies/history", "/v1/policies/history?limit=1")
    assert.same({ items[1] }, newest.items)
    if newest.next then
      local behind = get("/v1/policies/history", ("/v1/policies/history?before=%d"):format(newest.next))
      assert.equal(items[2].seq, behind.items[1].seq)
    end
  end)
end)

describe("what is remembered", function()
  it("is listed and found as orket memory does, and one row says where it came from", function()
    assert.equal(200, s:post("/v1/acts/remember", { text = "the door is blue" }).status)
    assert.equal(200, s:post("/v1/acts/remember", { text = "cards are small", card = "A" }).status)
    local items = get("/v1/memory").items
    assert.same(cli("memory --json search"), items)
    assert.same({ "cards are small", "the door is blue" }, { items[1].text, items[2].text })
    assert.same(cli("memory --json search door"), get("/v1/memory", "/v1/memory?q=door").items)
    assert.equal(1, #get("/v1/memory", "/v1/memory?card=A").items)
    assert.equal(0, #get("/v1/memory", "/v1/memory?q=door&epic=ep&role=coder&all=true&limit=3").items)
    local id = ("%d"):format(items[2].id)
    local row = get("/v1/memory/{id}", "/v1/memory/" .. id .. "?q=door")
    assert.same(cli("memory --json why " .. id .. " door"), row)
    assert.same({ "human:admin", 1 }, { row.actor, row.rank })
    assert.equal(200, s:post("/v1/acts/forget", { id = id, why = "it is red" }).status)
    assert.equal(1, #get("/v1/memory").items)
    assert.equal("it is red", get("/v1/memory/{id}", "/v1/memory/" .. id).forgot.why)
    assert.equal(404, s:get("/v1/memory/999999").status)
    assert.equal(404, s:get("/v1/memory/x").status)
    assert.equal(422, s:get("/v1/memory?limit=0").status)
  end)
end)

-- The bodies of as many requests that are sent at once.
local function burst(path, count)
  local parts, bodies = {}, {}
  for i = 1, count do
    parts[i] = ("-o %s/.test/burst.%d %s%s"):format(w.dir, i, s.url, path)
  end
  world.orket.shell("curl -sZ --parallel-immediate -H 'Authorization: Bearer " .. s.key .. "' "
    .. table.concat(parts, " "))
  for i = 1, count do
    bodies[i] = w:read(".test/burst." .. i)
  end
  return bodies
end

describe("the board", function()
  it("has only the rows of the cards that are named, as they stand on it", function()
    local rows = {}
    for _, row in ipairs(get("/v1/board", "/v1/board").cards) do
      rows[row.id] = row
    end
    assert.same({ rows.A, rows.D }, get("/v1/board", "/v1/board?cards=D,A,nothing").cards)
    assert.same({}, get("/v1/board", "/v1/board?cards=nothing").cards)
  end)

  it("that the pool makes is that of orket board, with what is asked, refused and put away", function()
    assert.same(cli("board --json"), get("/v1/board").cards)
    assert.same(cli("board --json --all"), get("/v1/board", "/v1/board?all=true").cards)
    local of = {}
    for _, card in ipairs(get("/v1/board").cards) do
      of[card.id] = card
    end
    assert.equal("house.locked", of.A.approval.rule)
    assert.equal(1, of.C.reports)
  end)

  it("is the same to many who ask at once, and no older than what was done before", function()
    for i = 1, 3 do
      assert.equal(200, s:post("/v1/acts/comment", { card = "D", text = "number " .. i }).status)
      local bodies = burst("/v1/cards/D", 12)
      for _, body in ipairs(bodies) do
        assert.equal(bodies[1], body)
      end
      local comments = cjson.decode(bodies[1]).comments
      assert.equal("number " .. i, comments[#comments].text)
      bodies = burst("/v1/board", 12)
      for _, body in ipairs(bodies) do
        assert.equal(bodies[1], body)
      end
    end
  end)
end)

describe("the file of a key in the project", function()
  it("is not read over HTTP, also when its path is written from there and the server began elsewhere", function()
    local own <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    local organization = cjson.decode(own:read("config/organization.json"))
    organization.keys = { inside = { file = "verification/key.txt" } }
    own:write("config/organization.json", cjson.encode(organization))
    own:write("verification/key.txt", "a-secret-of-the-specs\n")
    own:write("verification/other.txt", "no secret\n")
    local other <close> = service.start(own, { environment = "cd / && ORKET_API_KEY=" .. service.KEY,
      arguments = "-C " .. own.dir })
    assert.equal(200, other:get("/v1/system/read?path=verification%2Fother.txt").status)
    local reply = other:get("/v1/system/read?path=verification%2Fkey.txt")
    assert.equal(403, reply.status)
    assert.is_nil(reply.text:find("a-secret-of-the-specs", 1, true))
    assert.is_nil(other:get("/v1/system/explorer?path=verification").text:find("key.txt", 1, true))
  end)
end)
