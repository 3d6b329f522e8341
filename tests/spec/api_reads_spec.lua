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
  s = service.start(w)
  assert.equal(202, s:post("/v1/cards/ep/execute").status)
  assert(world.wait(function() return s:get("/v1/runs/ep.1").body.status == "parked" end, 30))
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
