-- resume_identity_spec.lua: a run that is killed and resumed again and again is the unbroken one: to the
-- models, on the board, in its files, and in the events of every turn. By the whole example.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local EXAMPLE, EPIC = "examples/textkit", "textkit"

-- Where a run is killed, in this order: as it asks, between a reply and its record, in commits, among files,
-- in programs.
local POINTS = { "dispatch_after:3", "reply_before:3", "log_sync_before:12", "acknowledge_before:11",
  "file_write_after:4",
  "permit_before:3", "verdict_before:1", "publish_after:2", "commit_after:8", "event_before:25" }

local function example(concurrency)
  local w = world.copy(EXAMPLE, world.orket.read(EXAMPLE .. "/mock.lua"))
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.process_rules.limits.concurrency = concurrency
  w:write("config/organization.json", cjson.encode(organization))
  return w
end

-- What the run was: the distinct requests, each card's moves, the tree, the events of its turns.
local function account(w)
  local seen = { requests = {}, moves = {} }
  for n = 1, w:requests() do
    seen.requests[w:request(n)] = true
  end
  for _, event in ipairs(w:events("card.moved")) do
    local moves = seen.moves[event.card] or ""
    seen.moves[event.card] = moves .. event.body.from .. ">" .. event.body.to .. " "
  end
  seen.tree = cjson.decode((w:orket("show --json " .. EPIC .. ".1"))).tree
  seen.events = w:sql("SELECT turn, n, step, kind, card, actor, role, body FROM journal WHERE run = '"
    .. EPIC .. ".1' AND turn > 0 ORDER BY turn, n")
  local text, code = w:check()
  assert.equal(0, code, text)
  return seen
end

local function assert_same(was, is, events)
  assert.same(was.moves, is.moves)
  assert.equal(was.tree, is.tree)
  for request in pairs(is.requests) do
    assert(was.requests[request], "a request that the unbroken run did not send:\n" .. request)
  end
  for request in pairs(was.requests) do
    assert(is.requests[request], "a request of the unbroken run is missing:\n" .. request)
  end
  if events then
    assert.equal(was.events, is.events)
  end
end

local function unbroken(concurrency)
  local w <close> = example(concurrency)
  local text, code = w:run(EPIC)
  assert.equal(0, code, text)
  return account(w)
end

local function finish(w)
  local text, code = w:orket("resume --plain")
  if code == 1 and text:find("no run is unfinished", 1, true) then
    text, code = w:run(EPIC) -- killed before it began, or after it ended
  end
  assert.equal(0, code, text)
end

describe("resume identity", function()
  local alone

  it("a run that is killed and resumed sends the same bytes and has the same events when each third request kills it",
    function()
    alone = alone or unbroken(1)
    local w <close> = example(1)
    local kills = 0
    while w:killed("dispatch_after:4", EPIC) do
      kills = kills + 1
    end
    assert.equal("done", w:card(EPIC).status)
    assert(kills >= 5, kills .. " kills")
    assert_same(alone, account(w), true)
  end)

  it("a run that is killed and resumed makes each transition once wherever it is killed", function()
    alone = alone or unbroken(1)
    local w <close> = example(1)
    w:killed_at(POINTS, EPIC)
    finish(w)
    assert_same(alone, account(w), true)
  end)

  it("a run that is killed and resumed makes each transition once also with several agents at a time",
    function()
    local several = unbroken(3)
    local w <close> = example(3)
    w:killed_at(POINTS, EPIC)
    finish(w)
    assert_same(several, account(w), false)
  end)
end)
