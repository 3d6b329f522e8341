-- timeline_spec.lua: how a run went, over HTTP: its outline and its events against the journal, what any read
-- was as of an event, and two runs side by side.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk)
  if talk.card:find("^B") then
    return steps(talk, function() return say(write("b", "other\n")) end, function() return say(finish()) end)
  end
  return steps(talk, function() return say(write("gen/a.c", "x")) end,
    function() return say(write("a", "one\n")) end, function() return say(write("a", "two\n")) end,
    function() return say(finish("it is built")) end)
end]]

local GATE = { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited",
  fix = "change their source" } }

-- A finished run with a refusal, and a person's comment in it; every check below reads it.
local w, s, document, events

setup(function()
  w = world.new({ issues = { { id = "A", name = "Card A" }, { id = "B", depends_on = { "A" } } }, mock = MOCK,
    gate = GATE })
  s = service.ran(w)
  document, events = s:get("/openapi.json").body, w:events()
  for _, event in ipairs(events) do
    event.seq, event.n = math.tointeger(event.seq), math.tointeger(event.n)
    event.turn = math.tointeger(event.turn) or event.turn
  end
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function schema_of(path)
  local content = document.paths[path].get.responses["200"].content["application/json"]
  local whole = { ["$defs"] = document.components.schemas, allOf = { content.schema } }
  return (cjson.encode(whole):gsub("#\\/components\\/schemas\\/", "#/$defs/"))
end

local function get(path, template)
  local reply = s:get(path)
  assert.equal(200, reply.status, reply.text)
  if template then
    local answer = orket.try("schema", { ('{"schema":%s,"value":%s}'):format(schema_of(template), reply.text) })[1]
    assert(answer.valid, path .. ": " .. cjson.encode(answer))
  end
  return reply.body
end

local function refused(path, status, code)
  local reply = s:get(path)
  assert.same({ status, code }, { reply.status, reply.body.code }, reply.text)
end

local OUTLINE, EVENTS = "/v1/runs/{id}/timeline", "/v1/runs/{id}/timeline/events"

local function of_run(run, fits)
  local list = {}
  for _, event in ipairs(events) do
    list[#list + 1] = event.run == run and (not fits or fits(event)) and event or nil
  end
  return list
end

local function seqs_of(list)
  local seqs = {}
  for i, event in ipairs(list) do
    seqs[i] = event.seq
  end
  return seqs
end

describe("the outline of a run", function()
  it("counts the events of each turn that have a row, and names those outside of turns", function()
    local outline = get("/v1/runs/ep.1/timeline", OUTLINE)
    local all = of_run("ep.1")
    assert.same({ #all, all[1].seq, all[#all].seq }, { outline.events, outline.first, outline.last })
    assert.equal(4, #outline.turns)
    for _, turn in ipairs(outline.turns) do
      local own = of_run("ep.1", function(event) return event.turn == turn.turn end)
      local rows = of_run("ep.1", function(event)
        return event.turn == turn.turn and event.n > 1 and event.kind ~= "call.result"
      end)
      assert.same({ #own, #rows, own[1].card }, { turn.events, turn.rows, turn.card })
    end
    for _, card in ipairs(outline.cards) do
      local own = of_run("ep.1", function(event) return event.turn == 0 and event.card == card.card end)
      assert.same(seqs_of(own), card.seqs)
    end
  end)

  it("has every event of the run in its density, and no pause where there was none", function()
    local outline, sum = get("/v1/runs/ep.1/timeline"), 0
    for _, slot in ipairs(outline.density) do
      sum = sum + slot.events
    end
    assert.same({ outline.events, outline.last }, { sum, outline.density[#outline.density].seq })
    assert.same({}, outline.gaps)
  end)

  it("has pauses in which no one was at work, not those that ended with what a model was asked", function()
    local copy <close> = world.copy(w.dir, "function reply() end")
    local function later(kind, card) -- two hours later from this event on
      local seq = copy:sql(("SELECT min(seq) FROM journal WHERE kind = '%s' AND card = '%s'"):format(kind, card))
      copy:sql("UPDATE entry SET at = at + 7200000 WHERE seq >= " .. seq)
    end
    later("step.reply", "A")
    later("turn.started", "B")
    local server <close> = service.start(copy)
    local outline = server:get("/v1/runs/ep.1/timeline").body
    assert.equal(1, #outline.gaps)
    local gap = outline.gaps[1]
    assert(gap.to - gap.from >= 7200000 and gap.to - gap.from < 7300000, cjson.encode(gap))
    local started = copy:sql("SELECT at FROM entry WHERE seq = (SELECT seq FROM journal WHERE kind = 'turn.started' AND card = 'B' LIMIT 1)")
    assert.equal(tonumber(started), gap.to)
  end)

  it("is refused of a run that is not there", function()
    refused("/v1/runs/nope/timeline", 404, "ERR_NOT_FOUND")
    refused("/v1/runs/nope/timeline/events", 404, "ERR_NOT_FOUND")
  end)
end)

describe("the events of a run", function()
  -- All pages: `query` names what, `cursor` is "after" or "before", from `at` on.
  local function pages(query, cursor, at)
    local list = {}
    repeat
      local page = get(("/v1/runs/ep.1/timeline/events?limit=4&%s%s=%d"):format(query, cursor, at), EVENTS)
      table.move(page.items, 1, #page.items, #list + 1, list)
      at = page.next
    until not at
    return list
  end

  it("come by turn, by card outside of turns, and in whole, a page at a time", function()
    local of_turn = of_run("ep.1", function(event) return event.turn == 1 end)
    assert.same(seqs_of(of_turn), seqs_of(pages("turn=1&", "after", 0)))
    local of_card = of_run("ep.1", function(event) return event.turn == 0 and event.card == "A" end)
    assert.same(seqs_of(of_card), seqs_of(pages("card=A&", "after", 0)))
    assert.same(seqs_of(of_run("ep.1")), seqs_of(pages("", "after", 0)))
  end)

  it("come newest first before an event", function()
    local all, newest = seqs_of(of_run("ep.1")), {}
    for i = #all, 1, -1 do
      newest[#newest + 1] = all[i]
    end
    assert.same(newest, seqs_of(pages("", "before", all[#all] + 1)))
  end)

  it("say what a call is about, why one was refused, and what a reply cost", function()
    local found = {}
    for _, event in ipairs(get("/v1/runs/ep.1/timeline/events?turn=1").items) do
      found[event.kind] = found[event.kind] or event.brief
    end
    assert.same({ "write_file", "a" }, { found["call.allowed"].tool, found["call.allowed"].about })
    assert.same({ "gen/a.c", "house.generated", GATE[1].why, GATE[1].fix }, { found["call.refused"].about,
      found["call.refused"].rule, found["call.refused"].why, found["call.refused"].fix })
    assert(found["step.reply"].tokens > 0)
    assert.same({ true, "a" }, { found["call.result"].ok, found["call.result"].about })
  end)

  it("never have a body in whole, however long a text in it is", function()
    local reply = s:get("/v1/runs/ep.1/timeline/events?after=0&limit=500")
    assert.is_nil(reply.text:find('"convo"', 1, true))
    for _, event in ipairs(reply.body.items) do
      for _, value in pairs(event.brief) do
        assert(type(value) ~= "table" and #tostring(value) <= 220, cjson.encode(event))
      end
    end
  end)
end)

describe("why an event happened", function()
  it("is said link by link, each with its place in a run", function()
    local written = of_run("ep.1", function(event) return event.kind == "file.written" and event.card == "A" end)[1]
    local reason, names = get("/v1/why/" .. written.seq, "/v1/why/{event}"), {}
    for i, link in ipairs(reason.chain) do
      names[i] = link.link
      local event = events[link.event]
      assert.same({ event.run, event.turn, event.n }, { link.run, link.turn, link.n })
    end
    assert.same({ "prompt", "reply", "parse", "rule", "effect" }, names)
    assert.same(reason, get("/v1/why/ep.1%2F" .. written.turn .. "." .. written.n))
  end)
end)

-- ---- as of an event ----

-- The board's statuses after each event, as the events themselves say.
local function statuses_by_seq()
  local now, all = {}, {}
  for _, event in ipairs(events) do
    if event.kind == "card.created" then
      now[event.card] = "ready"
    elseif event.kind == "card.moved" then
      now[event.card] = event.body.to
    end
    local copy = {}
    for card, status in pairs(now) do
      copy[card] = status
    end
    all[event.seq] = copy
  end
  return all
end

local function board_at(seq)
  local statuses = {}
  for _, card in ipairs(get("/v1/board?at=" .. seq).cards) do
    statuses[card.id] = card.status
  end
  return statuses
end

describe("what is read as of an event", function()
  it("is the board after each event of the journal", function()
    for seq, statuses in pairs(statuses_by_seq()) do
      assert.same(statuses, board_at(seq), seq)
    end
  end)

  it("is a card with its files, transcript, refusals and cost of then", function()
    local written = of_run("ep.1", function(event) return event.kind == "file.written" and event.body.path == "a" end)
    local first, second = written[1].seq, written[2].seq
    local function diff(seq)
      local files = get("/v1/cards/A/diff?at=" .. seq).files
      return files[1] and files[1].diff
    end
    assert.is_nil(diff(first - 1))
    assert(diff(first):find("+one", 1, true) and not diff(first):find("two", 1, true))
    assert(diff(second):find("+two", 1, true) and not diff(second):find("one", 1, true))
    local card = get("/v1/cards/A?at=" .. first)
    assert.same({ "in_progress", 1 }, { card.status, #card.reports })
    assert.equal(first, card.events[#card.events].seq)
    assert.equal(0, #get("/v1/cards/A?at=" .. events[1].seq + 1).reports)
    local entries = get("/v1/cards/A/transcript?at=" .. first).turns[1].entries
    assert(entries[#entries].event <= first)
    assert.equal(2, get("/v1/costs?at=" .. first).total.calls)
    assert.same({}, get("/v1/reports?at=" .. written[1].seq - 4).items)
  end)

  it("is a run with its figures of then, and no run before it began", function()
    local began = of_run("ep.1")[1].seq
    assert.same({}, get("/v1/runs?at=" .. began - 1).items)
    refused("/v1/runs/ep.1?at=" .. began - 1, 404, "ERR_NOT_FOUND")
    local ended = of_run("ep.1", function(event) return event.kind == "turn.ended" end)[1].seq
    local run = get("/v1/runs/ep.1?figures=true&at=" .. ended, "/v1/runs/{id}")
    assert.same({ "running", 1, 4, 1 }, { run.status, run.turns, run.steps, run.refusals })
    assert.same({ ready = 1, ready_for_testing = 1 }, run.cards)
    assert.is_nil(run.checkpoints)
    assert.equal("done", get("/v1/runs/ep.1?at=" .. events[#events].seq).status)
  end)

  it("is refused where there is no such event, and only reads take it", function()
    refused("/v1/board?at=" .. #events + 1000, 404, "ERR_NOT_FOUND")
    for _, at in ipairs({ "0", "-1", "now", "1.5", "99999999999999999999" }) do
      refused("/v1/board?at=" .. at, 422, "ERR_SCHEMA")
    end
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        for _, parameter in ipairs(operation.parameters) do
          assert(parameter.name ~= "at" or method == "get", path)
        end
      end
    end
    assert.equal(422, s:post("/v1/acts/comment?at=3", { card = "A", text = "then" }).status)
  end)

  it("is answered to many at once, of different events, from a few open files", function()
    local list = {}
    for i = 1, 60 do
      local seq = events[1 + i % #events].seq
      list[i] = ("url = %s/v1/board?at=%d\noutput = %s/.test/at.%d\n"):format(s.url, seq, w.dir, i)
    end
    w:write(".test/many", table.concat(list))
    local function databases() -- that the server has open, with those of snapshots
      return tonumber((orket.shell("ls -l /proc/" .. s.pid .. "/fd | grep -c 'orket[.]db$'")))
    end
    s:get("/v1/runs") -- what reads on a thread is open
    orket.shell(("curl -sS --no-progress-meter --parallel --parallel-max 60 -H 'Authorization: Bearer %s' -K %s/.test/many"):format(s.key,
      w.dir))
    local statuses = statuses_by_seq()
    for i = 1, 60 do
      local now = {}
      for _, card in ipairs(cjson.decode(w:read(".test/at." .. i)).cards) do
        now[card.id] = card.status
      end
      assert.same(statuses[events[1 + i % #events].seq], now)
    end
    local most = databases()
    s:stop()
    s = service.start(w)
    s:get("/v1/runs")
    assert(most <= databases() + 4, most)
  end)

  it("is not changed by what happens now", function()
    local at = of_run("ep.1", function(event) return event.kind == "turn.ended" end)[1].seq
    local before = s:get("/v1/cards/A?at=" .. at).text
    assert.equal(200, s:post("/v1/acts/comment", { card = "A", text = "later" }).status)
    assert.equal(before, s:get("/v1/cards/A?at=" .. at).text)
    assert.equal("later", get("/v1/cards/A").comments[1].text)
    assert.same({}, get("/v1/cards/A?at=" .. at).comments)
  end)
end)

-- ---- two runs ----

describe("two runs side by side", function()
  it("are a fork and its source: the same up to the point, then the first decision that differs", function()
    local refusal = of_run("ep.1", function(event) return event.kind == "call.refused" end)[1]
    w:write(".test/mock.lua", orket.read("tests/support/play.lua") .. [[function work(talk)
      return steps(talk, nil, function() return say(write("c", "another way\n")) end, function() return say(finish()) end)
    end]])
    local forked = s:post("/v1/acts/fork", { run = "ep.1", at = tostring(refusal.seq) })
    assert.equal(200, forked.status, forked.text)
    local compared = get("/v1/runs/ep.1/compare/" .. forked.body.run, "/v1/runs/{id}/compare/{other}")
    assert.same({ "ep.1", forked.body.run, refusal.seq }, { compared.one.run.id, compared.other.run.id, compared.common })
    assert.is_nil(compared.difference.other) -- it has not gone on
    assert.equal("step.reply", compared.difference.one.kind)
    assert(compared.difference.one.seq > refusal.seq)
    assert.same({ "deleted", "deleted" }, { compared.files[1].status, compared.files[2].status })
    assert.same({ done = 2 }, compared.one.cards)
  end)

  it("are the same when it is one", function()
    local compared = get("/v1/runs/ep.1/compare/ep.1")
    assert.is_nil(compared.difference)
    assert.same({}, compared.files)
  end)

  it("are refused when one of them is not there", function()
    refused("/v1/runs/ep.1/compare/nope", 404, "ERR_NOT_FOUND")
    refused("/v1/runs/nope/compare/ep.1", 404, "ERR_NOT_FOUND")
  end)
end)
