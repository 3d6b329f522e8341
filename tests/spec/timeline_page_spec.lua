-- timeline_page_spec.lua: a person at a run's timeline, at what was, and at two runs, in a real browser
-- (tests/web/timeline.mjs).

local browser = dofile("tests/support/browser.lua")
local cjson = require("cjson")
local long_run = dofile("tests/support/long_run.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

-- A is refused once, B waits for a yes, C writes.
local MOCK = [[function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(write("gen/a.c", "x")) end,
      function() return say(write("a", "one\n")) end, function() return say(finish()) end)
  elseif talk.card == "B" then
    return steps(talk, function() return say(write("locked/b", "two\n")) end, function()
      return { content = "so be it", chunks = 6, pace_ms = 150, calls = { write("b", "two\n") } }
    end, function()
      return { content = "so be it", chunks = 6, pace_ms = 150, calls = { finish() } }
    end)
  end
  return steps(talk, function() return say(write("c", "three\n")) end, function() return say(finish()) end)
end]]

local GATE = {
  { id = "generated", effect = "deny", paths = { "gen/**" }, why = "generated files are never edited",
    fix = "change their source" },
  { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" }, why = "a person decides" },
}

-- A project whose run has parked: A and C are done, B waits.
local function parked()
  local w = world.new({ issues = { { id = "A", name = "Card A" }, { id = "B", name = "Card B" },
    { id = "C", name = "Card C" } }, mock = MOCK, gate = GATE, limits = { concurrency = 1 } })
  local text, code = w:run()
  assert(code == 3, text)
  return w
end

browser.describe("a person at a run's timeline", function()
  it("reads why something was refused, and follows each link of a chain; a missing one is named", function()
    local w <close> = parked()
    -- a journal that says of C's file everything but who allowed it
    w:sql("UPDATE entry SET kind = (SELECT id FROM kind WHERE name = 'turn.prompted') WHERE seq = (SELECT min(seq) "
      .. "FROM journal WHERE kind = 'call.allowed' AND card = 'C')")
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/chain", s)
    assert.same({ seen.refusal[1], seen.refusal[1] }, { seen.url, seen.fromCard })
    for _, words in ipairs({ "generated files are never edited", "change their source", "house.generated",
      "config/organization.json#/process_rules/gate/0" }) do
      assert(seen.refusal[2]:find(words, 1, true), seen.refusal[2])
    end
    assert.same({ "Prompt", "Reply 1", "Call", "Rule", "Fix" }, seen.refusedLinks)
    assert.equal("Wrote a", seen.written)
    assert.same({ "Prompt", "Reply 2", "Call", "Rule", "Permit", "Effect" }, seen.links)
    assert(seen.missing:find("Missing: rule", 1, true), seen.missing)
    assert(seen.unknown:find("ERR_NOT_FOUND", 1, true), seen.unknown)
  end)

  it("sees board, card and run as they were, without what changes them, and forks there", function()
    local w <close> = parked()
    local before = w:events()
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/past", s)
    local says = ("You see the project as it was at event %d, %s."):format(seen.at[1], seen.at[2])
    for _, name in ipairs({ "board", "card", "run" }) do
      assert(seen[name].banner:find(says, 1, true), seen[name].banner)
      local all = table.concat(seen[name].buttons, "\n")
      assert(all:find("Fork from here", 1, true) and all:find("Back to now", 1, true), all)
      for _, word in ipairs({ "Start run", "Resume run", "Stop run", "Move", "Comment", "Approve", "Review" }) do
        assert.is_nil(all:find(word, 1, true), all)
      end
    end
    assert.same({ { "Ready", 2 }, { "In progress", 1 } }, seen.columns)
    assert.equal(tostring(math.tointeger(seen.at[1])), seen.kept)
    assert(seen.status:find("^In progress"), seen.status)
    assert(seen.diff:find("one", 1, true), seen.diff)
    assert(seen.tiles:find("0 of 3", 1, true), seen.tiles)
    assert(seen.faded > 0)
    assert(seen.asked:find("3 open cards continue", 1, true), seen.asked)
    assert(seen.compared:find("Goes on from", 1, true) and seen.compared:find("First difference", 1, true),
      seen.compared)
    assert(table.concat(seen.now, "\n"):find("Resume run", 1, true))
    assert(seen.never:find("There is no event 99999 yet", 1, true), seen.never)
    local after = w:events()
    for i, event in ipairs(before) do
      assert.same(event, after[i])
    end
    local forked = w:events("run.forked")[1]
    assert.same({ "ep-f1.1", "ep.1", seen.at[1] }, { forked.run, forked.body.of, forked.body.at })
    assert.equal("done", w:card("A").status) -- of the source
    assert.equal("in_progress", w:card("A-f1").status)
    w:derives("ep.1")
  end)

  it("finds what axe objects to nowhere, light and dark, wide and narrow", function()
    local w <close> = parked()
    local s <close> = service.start(w)
    assert.same({}, browser.watch("timeline/access", s).violations)
  end)

  it("needs no pointer: keys go through rows, events, turns, to the past and back, and send nothing", function()
    local w <close> = parked()
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/keys", s)
    assert.same({ "true", "false", "true" }, { seen.first[3], seen.folded[3], seen.unfolded[3] })
    assert.equal("solid", seen.first[2]) -- the row that has the focus is seen
    assert(seen.opened ~= "")
    assert.equal(2, #seen.kept) -- A's and C's review; B has none yet
    for _, row in ipairs(seen.kept) do
      assert(row:find("integrity_guard", 1, true), row)
    end
    assert(seen.next > seen.seq and seen.back == seen.seq, cjson.encode(seen))
    assert(seen.turn > seen.seq and seen.before < seen.turn, cjson.encode(seen))
    assert(seen.slid > 0)
    assert.same({}, seen.moving)
    assert.same({ true, 0 }, { seen.sideways <= 0, seen.posts })
  end)

  it("watches it go on", function()
    local w <close> = parked()
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/live", s)
    assert(seen.before ~= seen.after)
    assert(seen.news:find("^%d+ new$") and seen.top == 0, cjson.encode(seen))
    assert.equal(("Event %d, now"):format(seen.last), seen.after)
    assert(seen.replayed:find("^Replayed: %d+ events in %d+ turns, as recorded%.$"), seen.replayed)
    assert.same({ "ep", true }, seen.again)
  end)

  it("sees each event in one row, also one that was read before it was heard", function()
    local w <close> = parked()
    local s <close> = service.start(w)
    local rows = table.concat(browser.watch("timeline/late", s).rows, "|")
    assert(rows:find("Turn ended\nbuilt|Moved to Code review", 1, true), rows)
  end)

  it("is offered nothing that begins a run when that person may only look", function()
    local w <close> = parked()
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/viewer", s)
    assert(seen.made)
    assert.same({ "Fold all" }, seen.now)
    assert.same({ "Back to now", "Fold all" }, seen["then"])
    assert.same({}, seen.list)
    assert.equal(0, seen.asked)
  end)

  it("scrolls through 40,000 events of which only those in sight are drawn", function()
    local w <close> = long_run.new()
    local s <close> = service.start(w)
    local seen = browser.watch("timeline/events", s)
    assert(seen.height > 900000, seen.height)
    assert(seen.frames.most <= 400, cjson.encode(seen.frames))
    assert.equal("tree", seen.focus)
    assert.equal(seen["end"].last, seen["end"].active)
    assert(seen["end"].last > 30000, cjson.encode(seen["end"]))
    assert(not seen.heap or seen.heap < 80e6, seen.heap)
  end)
end)
