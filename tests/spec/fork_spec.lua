-- fork_spec.lua: a run that goes on from a moment of another one: what it shares, what it leaves alone.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- A writes three files in three steps, B (which needs A) one; each card says whose file it is.
local MOCK = [[
function work(talk)
  local own = talk.card:gsub("%-f%d.*", "")
  if own == "B" then
    return talk.replies < 1 and say(write("b", "b saw " .. (talk.text:match("note: (%w+)") or "nothing"))) or say(finish())
  end
  return talk.replies < 3 and say(write("a" .. talk.replies, "text " .. talk.replies)) or say(finish())
end
]]

local function built(options)
  options = world.merged({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = MOCK },
    options)
  local w = world.new(options)
  assert.equal(0, (select(2, w:run())))
  return w
end

local EVENTS = "SELECT seq, stream, prev, n, step, kind, card, actor, role, at, body, hex(hash) FROM event "
  .. "WHERE seq <= %d ORDER BY seq"

local function last(w)
  return tonumber(w:sql("SELECT max(seq) FROM event"))
end

-- The seq of the nth event of this kind, and of this card.
local function seq_of(w, kind, card, nth)
  for _, event in ipairs(w:events(kind)) do
    if event.card == card then
      nth = (nth or 1) - 1
      if nth == 0 then
        return math.floor(event.seq)
      end
    end
  end
  error("no such event")
end

local function fork(w, arguments)
  local text, code = w:orket("fork --json " .. arguments)
  assert.equal(0, code, text)
  return cjson.decode(text)
end

local function refused(w, arguments, ...)
  local text, code = w:orket("fork " .. arguments)
  assert(code ~= 0, text)
  for _, part in ipairs({ ... }) do
    assert(text:find(part, 1, true), text)
  end
end

local function sound(w)
  local text, code = w:check()
  assert.equal(0, code, text)
end

describe("fork", function()
  it("a fork in the middle of a turn goes on with the turn's conversation, leaves the source as it is, and ends like it",
    function()
    local w <close> = built()
    local at, requests = seq_of(w, "step.reply", "A", 3), w:requests()
    local before = last(w)
    local rows = w:sql(EVENTS:format(before))
    local answer = fork(w, "ep.1@" .. at)
    assert.same({ "ep-f1", "ep-f1.1", "ep.1", at, 2, 1 },
      { answer.card, answer.run, answer.of, answer.at, answer.cards, answer.turns })
    assert.equal("text 1", w:read("workspace/ep-f1/cards/A-f1/a1"))
    assert(not w:exists("workspace/ep-f1/cards/A-f1/a2")) -- asked for, not written then
    assert((w:orket("board")):find("ep%-f1 .*forked from ep%.1@" .. at))
    sound(w)
    local text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    assert.equal(rows, w:sql(EVENTS:format(before)))
    assert.equal(w:request(4), w:request(requests + 1)) -- the source's fourth, byte for byte
    for _, name in ipairs({ "a0", "a1", "a2", "b" }) do
      assert.equal(w:read("workspace/ep/tree/" .. name), w:read("workspace/ep-f1/tree/" .. name))
    end
    sound(w)
    local paid = cjson.decode((w:orket("history --json ep-f1.1")))[1]
    assert.equal(4, paid.steps)
    assert(paid.tokens_in < cjson.decode((w:orket("history --json ep.1")))[1].tokens_in)
  end)

  it("a fork in the middle of a turn is the same whether the moment is a seq or TURN.N, and may be forked itself",
    function()
    local w <close> = built()
    local at = seq_of(w, "call.result", "A", 2)
    local n = w:sql("SELECT n FROM event WHERE seq = " .. at)
    assert.equal(at, fork(w, "ep.1@1." .. n).at)
    local again = fork(w, "ep-f1.1@" .. last(w))
    assert.same({ "ep-f1-f1", 1 }, { again.card, again.turns })
    local requests = w:requests()
    assert.equal(0, (select(2, w:run("ep-f1-f1"))))
    assert.equal(w:request(3), w:request(requests + 1))
    assert.equal(0, (select(2, w:run("ep-f1"))))
    for _, name in ipairs({ "a0", "a1", "a2", "b" }) do
      assert.equal(w:read("workspace/ep/tree/" .. name), w:read("workspace/ep-f1-f1/tree/" .. name))
    end
    sound(w)
  end)
end)

describe("fork", function()
  it("a fork between turns depends on what was finished, and copies none of it", function()
    local w <close> = built()
    local answer = fork(w, "ep.1@" .. seq_of(w, "turn.ended", "A", 2))
    assert.same({ 1, 0 }, { answer.cards, answer.turns })
    assert.same({ "A" }, w:card("B-f1").depends_on)
    assert.equal(nil, w:card("A-f1").id)
    assert.equal("text 2", w:read("workspace/ep-f1/tree/a2"))
    assert(not w:exists("workspace/ep-f1/tree/b"))
    assert.equal(0, (select(2, w:run("ep-f1"))))
    assert.equal("b saw nothing", w:read("workspace/ep-f1/tree/b"))
    sound(w)
  end)

  it("a fork between turns has the files the epic began with, and comments of before, not of after",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK,
      files = { ["workspace/ep/tree/seed"] = "s" } })
    assert.equal(0, (select(2, w:orket("sync"))))
    assert.equal(0, (select(2, w:orket("comment A early"))))
    assert.equal(0, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("comment A late"))))
    fork(w, "ep.1@" .. seq_of(w, "turn.started", "A"))
    assert.equal("s", w:read("workspace/ep-f1/tree/seed"))
    local requests = w:requests()
    assert.equal(0, (select(2, w:run("ep-f1"))))
    local request = w:request(requests + 1)
    assert(request:find("early", 1, true) and not request:find("late", 1, true), request)
    assert.equal("s", w:read("workspace/ep-f1/cards/A-f1/seed"))
    assert.equal("text 0", w:read("workspace/ep-f1/tree/a0"))
    sound(w)
  end)

  it("a fork between turns does not forget who did the work: nobody reviews it whose work it was", function()
    local w <close> = built({ issues = { { id = "A" } } })
    fork(w, "ep.1@" .. seq_of(w, "card.moved", "A", 3)) -- in review, nobody has begun it
    assert.equal("code_review", w:card("A-f1").status)
    local rev = math.floor(w:card("A-f1").revision)
    local text = orket.probe(orket.chunk("fork", "reviews_its_own_work", w.dir .. "/.orket/orket.db", rev))
    assert(text:find("ERR_STALE", 1, true), text)
    assert.equal("code_review", w:card("A-f1").status)
    assert.equal(0, (select(2, w:run("ep-f1"))))
    sound(w)
  end)
end)

describe("fork", function()
  it("a card of a fork is shown to its workers as its source was then, at whatever moment", function()
    local w <close> = world.new({
      issues = { { id = "A", verification = { fixture_path = "v.json" } } },
      files = { ["verification/v.json"] = '{"argv": ["/bin/sh", "-c", "grep -q 2 a"]}' },
      mock = [[ -- the first build fails its verification, the second passes, the guard sends it back once
        function work(talk)
          local again = talk.text:find("FAILED", 1, true) and 1 or talk.text:find("Sent back", 1, true) and 2 or 0
          return talk.replies < 1 and say(write("a", "a " .. again + 1), call("add_issue_comment", { comment = "built " .. again }))
            or say(finish())
        end
        function review(talk)
          return talk.text:find("built 2", 1, true) and accept() or say(status("in_progress", "once more"))
        end]],
    })
    local function shown(repl, card)
      w:write("lines", "(function(v) return { v.comments, v.effects, v.verification, v.conflict, v.card.note or 0,"
        .. (' v.card.status, v.card.retry_count } end)(view("%s"))\n'):format(card))
      local text, code = w:orket("repl " .. repl .. " < lines")
      assert.equal(0, code, text)
      return text
    end
    w:run()
    local forks = 0
    for _, event in ipairs(w:events()) do
      local at = math.floor(event.seq)
      if event.run == "ep.1" and event.card == "A" and at % 3 == 0 and event.kind ~= "card.moved" then
        local answer = fork(w, "ep.1@" .. at)
        if answer.cards == 1 then
          forks = forks + 1
          local fields = shown("--run ep.1 --at " .. at, "A")
          assert.equal(fields, shown("", answer.card:gsub("^ep", "A")))
        end
      end
    end
    assert(forks > 5, forks)
    sound(w)
  end)
end)

describe("fork", function()
  it("what a fork changes is a field of its card, which begins its turn anew", function()
    local w <close> = built()
    local at = seq_of(w, "step.reply", "B")
    local answer = fork(w, "--set 'note=hint' --set max_retries=7 ep.1@" .. at)
    assert.equal(0, answer.turns)
    assert.same({ "hint", 7 }, { w:card("B-f1").note, w:card("B-f1").max_retries })
    assert.equal(3, w:card("B").max_retries)
    local requests = w:requests()
    assert.equal(0, (select(2, w:run("ep-f1"))))
    assert(w:request(requests + 1):find("hint", 1, true))
    sound(w)
  end)

  it("what a fork changes is a field of another card or of the epic; a turn that has nothing to do with it goes on",
    function()
    local w <close> = built()
    local at = seq_of(w, "step.reply", "A")
    local answer = fork(w, "--set B:priority=9 --set 'example_task=try it' ep.1@" .. at)
    assert.equal(1, answer.turns)
    assert.equal(9, w:card("B-f1").priority)
    assert.equal("try it", w:card("ep-f1").data.example_task)
    assert.equal(nil, w:card("ep").data.example_task)
  end)

  it("what a fork changes is refused when it is no setting", function()
    local w <close> = built()
    local at, before = seq_of(w, "step.reply", "A"), last(w)
    for _, row in ipairs({
      { "--set status=done", "'status' cannot be set", "of a card: ", "of the epic: " },
      { "--set nonsense=1", "'nonsense' cannot be set" },
      { "--set B:team=t", "'team' of an issue cannot be set", "one of: " },
      { "--set seat=nobody", "there is no seat 'nobody'", "dev" }, { "--set team=x", "there is no team" },
      { "--set max_retries=many", "ERR_SCHEMA" }, { "--set C:note=x", "the card C is not open", "A, B" },
      { "--set note", "sets nothing" },
      { [[--set 'verification={"fixture_path":"verification/none.json"}']],
        "no fixture verification/none.json", "put the fixture" },
      { [[--set 'verification={"fixture_path":"../config/epics/ep.json"}']],
        "no fixture verification/../config" },
    }) do
      refused(w, row[1] .. " ep.1@" .. at, table.unpack(row, 2))
    end
    for _, set in ipairs({ "{", "7", "[7]" }) do -- by whoever speaks to the owner
      local text = orket.probe(orket.chunk("fork", "changes_a_card", w.dir, ("%d"):format(at), set))
      assert(text:find("ERR_USAGE", 1, true), text)
    end
    assert.equal(before, last(w))
  end)

  it("what a fork changes is the text of a role, there and nowhere else", function()
    local w <close> = built()
    local text = orket.read("roles/coder.lua")
    w:write("other/coder.lua", (text:gsub("You are a programmer", "You are a careful programmer")))
    local at = seq_of(w, "step.reply", "A")
    assert.equal(0, fork(w, "--role other/coder.lua ep.1@" .. at).turns)
    os.remove(w.dir .. "/other/coder.lua")
    local requests = w:requests()
    assert.equal(0, (select(2, w:run("ep-f1"))))
    assert(w:request(requests + 1):find("You are a careful programmer", 1, true))
    fork(w, "ep.1@" .. at)
    requests = w:requests()
    assert.equal(0, (select(2, w:run("ep-f2"))))
    assert(not w:request(requests + 1):find("careful", 1, true))
    w:write("other/coder.lua", "return 1")
    refused(w, "--role other/coder.lua ep.1@" .. at, "roles/coder.lua", "ERR_SCRIPT")
    w:write("other/guard.lua", "\xff\0")
    refused(w, "--role other ep.1@" .. at, "it is unknown which role other is for")
    refused(w, "--role other/none.lua ep.1@" .. at, "ERR_IO: other/none.lua: No such file", "fix:")
    refused(w, "--role other/guard.lua ep.1@" .. at, "ERR_UTF8: other/guard.lua is no text")
    os.execute("mkdir " .. w.dir .. "/other/tester.lua")
    refused(w, "--role other/tester.lua ep.1@" .. at, "ERR_IO: other/tester.lua: Is a directory")
    w:write("other/cooder.lua", text)
    refused(w, "--role other/cooder.lua ep.1@" .. at, "there is no role 'cooder'")
    sound(w)
  end)
end)

describe("orket fork RUN@EVENT", function()
  it("a fork at an event that there is not is refused, and nothing happens", function()
    local w <close> = built()
    local before = last(w)
    refused(w, "ep.1", "is not RUN@EVENT", "usage:")
    refused(w, "ep.7@5", "there is no run 'ep.7'", "orket history")
    refused(w, "ep.1@" .. before + 1, "is no moment of ep.1", "the last event of the project is " .. before)
    refused(w, "ep.1@1", "is no moment of ep.1")
    refused(w, "ep.1@1.999", "has no event 999")
    refused(w, "ep.1@now", "'now' is no event")
    refused(w, "ep.1@1.0", "has no event 0")
    assert.equal(before, last(w))
  end)

  it("a fork at an event before its parent fork was whole is refused", function()
    local w <close> = built()
    local source = seq_of(w, "step.reply", "A", 2)
    w:write("coder.lua", orket.read("roles/coder.lua"))
    fork(w, "--role coder.lua --set A:note=x ep.1@" .. source)
    local made = last(w)
    for _, event in ipairs(w:events()) do
      local at = math.floor(event.seq)
      if event.run == "ep-f1.1" and at < made then
        refused(w, "ep-f1.1@" .. at, "is no moment of ep-f1.1: it began with " .. made)
      end
    end
    assert.equal(2, fork(w, "ep-f1.1@" .. made).cards)
    sound(w)
  end)

  it("a fork of a run at another run's event is refused", function()
    local w <close> = built()
    fork(w, "ep.1@" .. last(w))
    local of_fork = last(w)
    refused(w, "ep.1@" .. of_fork, "event " .. of_fork .. " is of the run ep-f1.1, not of ep.1")
    assert.equal(0, (select(2, w:orket("comment A late"))))
    fork(w, "ep.1@" .. last(w)) -- the board's
  end)

  it("a fork at the end of a run has nothing left to do", function()
    local w <close> = built()
    local answer = fork(w, "ep.1@" .. last(w))
    assert.equal(0, answer.cards)
    assert(answer.message:find("nothing is left to do", 1, true), answer.message)
    local text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    assert(text:find("already done", 1, true), text)
    sound(w)
  end)
end)

describe("fork", function()
  it("a fork of a long run adds less than 64 KB to the database after a thousand steps", function()
    local w <close> = world.new({
      issues = { { id = "A", description = ("what to do. "):rep(400) } }, limits = { steps = 1100, tokens = 1e12 }, mock = [[
        function work(talk)
          return talk.replies < 999 and say(write("f" .. talk.replies % 50, "text " .. talk.replies)) or say(finish())
        end]],
    })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("1000", w:sql("SELECT steps FROM turn WHERE turn = 1"))
    local function size()
      return tonumber(w:sql("SELECT sum(length(body) + length(hash)) FROM event")) + tonumber(w:sql(
        "SELECT count(*) FROM tree_file")) * 200, #w:read(".orket/orket.db")
    end
    local rows, bytes = size()
    fork(w, "ep.1@" .. seq_of(w, "step.reply", "A", 990))
    local more_rows, more_bytes = size()
    assert(more_rows - rows < 16384, more_rows - rows)
    assert(more_bytes - bytes < 65536, more_bytes - bytes)
    local requests = w:requests()
    text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    assert.equal(w:request(991), w:request(requests + 1))
    assert.equal(w:read("workspace/ep/tree/f7"), w:read("workspace/ep-f1/tree/f7"))
    sound(w)
  end)
end)

describe("fork", function()
  -- Each card with a long text, on a chain, and a note when it is said so; only A is worked on.
  local function many(count, note)
    local issues = { { id = "A" } }
    for i = 1, count do
      local id = ("C%03d"):format(i)
      issues[i + 1] = {
        id = id, description = id .. ("what to do. "):rep(300),
        depends_on = { ("C%03d"):format(i == 1 and count or i - 1) }, note = note,
      }
    end
    issues[2].depends_on = { "A" }
    local w = world.new({ issues = issues, mock = MOCK })
    assert.equal(0, (select(2, w:run("A"))))
    return w
  end

  it("a fork of a run with many open cards adds less than 64 KB for 120 of them, whatever their texts are",
    function()
    local w <close> = many(120)
    local at = seq_of(w, "step.reply", "A", 3)
    w:sql("PRAGMA wal_checkpoint(TRUNCATE)")
    local before = #w:read(".orket/orket.db")
    assert.equal(121, fork(w, "ep.1@" .. at).cards)
    w:sql("PRAGMA wal_checkpoint(TRUNCATE)")
    local more = #w:read(".orket/orket.db") - before
    assert(more < 65536, more)
    assert.same({ "C119-f1" }, w:card("C120-f1").depends_on)
    assert.equal(w:card("C120").data.description, w:card("C120-f1").data.description)
    sound(w)
  end)

  it("a fork of a run with many open cards keeps what they said then, when the source is told otherwise, and the other way round",
    function()
    local w <close> = many(2)
    local at = last(w)
    local was = w:card("C001").data.description
    local file = cjson.decode(w:read("config/epics/ep.json"))
    for _, issue in ipairs(file.issues) do
      issue.description = issue.id == "C001" and "something else" or issue.description
      issue.depends_on = issue.id == "C002" and { "A" } or issue.depends_on
    end
    w:write("config/epics/ep.json", cjson.encode(file))
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    assert.equal("something else", w:card("C001").data.description)
    local now = last(w)
    fork(w, "--set 'C002:description=mine' ep.1@" .. at)
    assert.same({ was, "mine" }, { w:card("C001-f1").data.description, w:card("C002-f1").data.description })
    assert.same({ "C001-f1" }, w:card("C002-f1").depends_on)
    fork(w, "ep.1@" .. now)
    assert.same({ "something else", "A" }, { w:card("C001-f2").data.description,
      w:card("C002-f2").depends_on[1] })
    sound(w)
  end)

  it("a fork of a run with many open cards may take more than one event", function()
    local w <close> = many(100, ("note "):rep(800))
    fork(w, "ep.1@" .. last(w))
    assert(tonumber(w:sql("SELECT count(*) FROM journal WHERE kind = 'cards.forked'")) > 1)
    assert.same({ "C099-f1" }, w:card("C100-f1").depends_on)
    assert.same({ "A" }, w:card("C001-f1").depends_on)
    sound(w)
  end)
end)
