-- run_rules_spec.lua: what the store and the journal of a whole run say about the rules: nothing happened
-- without its permit, and no status changed but through the state machine. That one place of the source moves
-- cards is held by tests/floors.lua.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function kinds_of_events()
  local kinds = {}
  for kind in orket.read("core/io/store/sql/projections.sql"):gmatch("\n%-%- kind: ([%w.]+)") do
    kinds[#kinds + 1] = kind
  end
  return kinds
end

describe("run rules", function()
  local dir

  before_each(function()
    dir = orket.directory()
  end)

  after_each(function()
    orket.remove(dir)
  end)

  it("the store takes no status but from the state machine, whoever asks", function()
    local text = orket.probe(orket.chunk("run_rules", "takes_statuses", dir))
    local said = {}
    for what, ok in text:gmatch("([^\n\t]+)\t([^\t\n]+)") do
      said[what] = ok
    end
    assert.equal("false", said.event, text)
    assert.equal("false", said.jump, text)
    assert.equal("false", said["lie about from"], text)
    assert.equal("false", said.stale, text)
    assert.equal("true", said.legal, text)
    assert(text:find("now\tin_progress\t3", 1, true), text)
  end)

  it("no event of any kind changes the status of a card, whatever its body says", function()
    local kinds = kinds_of_events()
    assert(#kinds > 70, #kinds)
    local text = orket.probe(orket.chunk("run_rules", "tries_kinds", dir, table.concat(kinds, " ")))
    local written, changed = text:match("^(%d+)\t(.*)\n$")
    assert(tonumber(written) > 40, text)
    assert.equal("", changed)
  end)
end)

describe("run rules", function()
  local dir, project

  setup(function()
    dir = orket.directory()
    project = dir .. "/project"
    local text, code = orket.shell(string.format("env -u ORKET_MODEL_URL -u ORKET_MODEL ORKET=%s sh examples/demo.sh %s 2>&1",
      orket.binary, project))
    assert.equal(0, code, text)
  end)

  teardown(function()
    orket.remove(dir)
  end)

  local function sql(query)
    return (orket.shell(string.format("sqlite3 %s/.orket/orket.db \"%s\" 2>&1", project, query)):gsub("%s+$",
      ""))
  end

  -- Events of these kinds by an agent that nothing of `before` precedes in their turn (and `same`).
  local function orphans(kinds, before, same)
    return sql("SELECT count(*) FROM journal e WHERE e.kind IN (" .. kinds
      .. ") AND e.actor LIKE 'agent:%' AND NOT EXISTS ("
      .. "SELECT 1 FROM journal b WHERE b.run = e.run AND b.turn = e.turn AND b.n < e.n AND b.kind IN ("
        .. before .. ") "
      .. (same or "") .. ")")
  end

  it("the example's journal has enough events to judge by", function()
    assert(tonumber(sql("SELECT count(*) FROM journal WHERE kind = 'call.allowed'")) > 20)
    assert(tonumber(sql("SELECT count(*) FROM journal WHERE kind = 'call.refused'")) >= 2)
    assert(tonumber(sql("SELECT count(*) FROM journal WHERE kind = 'file.written'")) > 8)
  end)

  it("the journal of the example has no effect without an allowed call before it, in its turn and step",
    function()
    assert.equal("0", orphans("'file.written','file.deleted','comment.added','card.created','card.credits'",
      "'call.allowed'", "AND b.step = e.step"))
  end)

  it("the journal of the example has no effect of an agent without its permit, and a planted one is found",
    function()
    local text, code = orket.run("check --permits " .. project)
    assert.equal(0, code, text)
    local copy = orket.directory()
    orket.shell(string.format("cp -R %s/. %s", project, copy))
    orket.probe(orket.chunk("run_rules", "plants_effects", copy))
    text, code = orket.run("check --permits " .. copy)
    assert.equal(1, code, text)
    for n = 1, 3 do
      assert(text:find("comment.added planted/1." .. (n == 1 and 1 or n + 1) .. ": nothing permitted it", 1,
        true), text)
    end
    orket.remove(copy)
  end)

  it("the journal of the example has no result without its permission, and no call without the reply that asked for it",
    function()
    local call = "AND b.step = e.step AND b.body->>'call' = e.body->>'call'"
    assert.equal("0", orphans("'call.result'", "'call.allowed'", call))
    assert.equal("0", orphans("'call.allowed','call.refused'", "'step.reply'", "AND b.step = e.step"))
    assert.equal("0", orphans("'step.reply'", "'turn.prompted'"))
    assert.equal("0", orphans("'turn.prompted','turn.ended'", "'turn.started'"))
  end)

  it("the journal of the example has no permission after a refusal of the same call", function()
    assert.equal("0", sql("SELECT count(*) FROM journal e JOIN journal b ON b.run = e.run AND b.turn = e.turn AND b.step = e.step "
      .. "AND b.n < e.n AND b.body->>'call' = e.body->>'call' WHERE e.kind IN ('call.allowed', 'call.result') AND b.kind = 'call.refused'"))
  end)

  it("the journal of the example has moves that the state machine allows, each with actor and role",
    function()
    local rows = {}
    for body in sql("SELECT body FROM journal WHERE kind = 'card.moved'"):gmatch("[^\n]+") do
      local move = cjson.decode(body)
      rows[#rows + 1] = { type = move.type, from = move.from, to = move.to, role = move.role,
        reason = move.reason }
    end
    assert(#rows > 30)
    for i, answer in ipairs(orket.try("fsm", rows)) do
      assert(answer.ok, cjson.encode(rows[i]) .. cjson.encode(answer))
    end
    assert.equal("0", sql("SELECT count(*) FROM journal WHERE kind = 'card.moved' AND (actor = '' OR body->>'role' IS NULL)"))
  end)

  it("the journal of the example has one move at most for each turn of an agent after its claim", function()
    assert.equal("0", sql("SELECT count(*) FROM (SELECT run, turn FROM journal WHERE kind = 'card.moved' AND turn > 0 "
      .. "AND body->>'to' <> 'in_progress' GROUP BY run, turn HAVING count(*) > 1)"))
  end)

  it("the journal of the example has every issue done by a guard that did none of its work, with a verdict where one is asked for",
    function()
    assert.equal("0", sql("SELECT count(*) FROM journal e WHERE kind = 'card.moved' AND body->>'to' = 'done' AND body->>'type' = 'issue' "
      .. "AND (body->>'role' <> 'integrity_guard' OR EXISTS (SELECT 1 FROM turn t WHERE t.card = e.card AND t.role <> 'integrity_guard' "
      .. "AND 'agent:' || t.seat = e.actor))"))
    assert.equal("0", sql("SELECT count(*) FROM journal e JOIN card c ON c.id = e.card JOIN card_text x ON x.id = c.text WHERE kind = 'card.moved' AND body->>'to' = 'done' "
      .. "AND x.data->>'$.verification.fixture_path' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal v WHERE v.kind = 'verify.done' "
      .. "AND v.card = e.card AND v.seq < e.seq AND v.body->>'ok' AND v.body->>'tree' = e.body->>'tree')"))
  end)

  it("the journal of the example has streams without gaps, and stands when it is built again", function()
    assert.equal("0", sql("SELECT count(*) FROM (SELECT run, turn, count(*) AS n, max(n) AS last FROM journal GROUP BY run, turn) WHERE n <> last"))
    local text, code = orket.run("check " .. project)
    assert.equal(0, code, text)
  end)
end)
