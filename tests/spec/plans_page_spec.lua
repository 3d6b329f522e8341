-- plans_page_spec.lua: a person at plans and conversations on the page, in a real browser
-- (tests/web/plans.mjs).

local browser = dofile("tests/support/browser.lua")
local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local MOCK = orket.read("tests/support/planner.lua") .. [[
function plan(tool, talk)
  local arguments = sound()
  if tool == "propose_requirements" then
    arguments = { requirements = { "it is done" }, assumptions = { "It greets in English" } }
  elseif talk.text:find("make a mess", 1, true) then
    arguments.epics[1].issues[1].seat = "nowhere"
  elseif talk.text:find("a manual page", 1, true) then
    local issues = arguments.epics[1].issues
    issues[1].name = "Begin again"
    issues[3] = { id = "c", name = "Describe it", seat = "dev", requirements = { "it has an example" } }
  end
  return { content = "I read what is wanted. ", chunks = 4, pace_ms = 120,
    calls = { { name = tool, arguments = arguments } } }
end
]] .. orket.read("tests/support/teams/chat_echo.lua") .. [[
local echo = reply
function reply(request)
  local text = ""
  for _, message in ipairs(request.messages) do
    text = text .. (type(message.content) == "string" and message.content or "")
  end
  if text:find("# Card CHAT", 1, true) and text:find("slowly please", 1, true)
    and not text:find("and now", 1, true) then
    return { content = ("word by word "):rep(400), chunks = 400, pace_ms = 100 }
  end
  return echo(request)
end
]]

local function new_world()
  return world.new({ issues = { { id = "A", name = "Card A" } }, mock = MOCK })
end

-- A project of which no epic is there yet.
local function empty_world()
  local w = new_world()
  os.remove(w.dir .. "/config/epics/ep.json")
  return w
end

local function has(text, words)
  assert(text:find(words, 1, true), words .. " in:\n" .. text)
end

browser.describe("a person at plans and conversations", function()
  it("asks for a plan on the empty board, watches it come, asks for a change, and accepts what is shown", function()
    local w <close> = empty_world()
    local s <close> = service.start(w)
    local seen = browser.watch("plans/plan", s)
    assert.equal("new=plan", seen.asked)
    has(seen.draft, "Draft. It counts when")
    for _, words in ipairs({ "Needs a decision", "that greets", "1 rock, 1 epic, 2 issues", "Begin", "it is begun",
      "high priority", "/bin/grep -q x f", "It greets in English" }) do
      has(seen.tree, words)
    end
    assert.equal("plans/PLAN-1", seen.first.url)
    has(seen.first.title, "(1) PLAN-1")
    has(table.concat(seen.offered, "\n"), "Reject plan")
    assert.same({ "changed", "new" }, { seen.marks[1]:match("%a+$"), seen.marks[2]:match("%a+$") })
    has(seen.rounds, "add a manual page")
    assert.equal(1, #seen.accepted)
    assert(seen.accepted[1]:find("/v1/approvals/PLAN%-1%.1%%2F%d+%%2F%d+/approve$"), seen.accepted[1])
    has(table.concat(seen.after, "\n"), "Start run")
    table.sort(seen.names)
    assert.same({ "Begin again", "Describe it", "End" }, seen.names) -- a plan is no work of the board
    assert.equal("3 cards, 0 epics under work", seen.summary)
    assert.equal("ready", w:card("c").status)
    has(seen.past.banner, "You see the project as it was")
    assert.equal("Needs a decision", seen.past.status)
    assert.same({ "Fork from here", "Back to now" }, seen.past.buttons)
    w:replays("PLAN-1.1")
  end)

  it("reads why no plan came, asks again, gives it up; a wrong team and an unknown plan are named", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("plans/failed", s)
    has(seen.error, "no plan that holds was proposed")
    has(seen.error, "ERR_PLAN")
    assert.same({ "New conversation", "Plan something" }, seen.after)
    assert.equal("canceled", w:card("PLAN-1-draft").status)
    has(seen.unknown, "there is no plan 'PLAN-9'")
    has(seen.refused, "there is no team 'none'")
    has(seen.refused, "ERR_NOT_FOUND")
  end)

  it("talks with a seat: the reply arrives live, can be stopped, and the URL has it all again", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("plans/chat", s)
    has(seen.draft, "word by word")
    has(table.concat(seen.stopped, "\n"), "Go on")
    assert.same({ "good day", "you said: good day", "slowly please" }, seen.again)
    assert.same({ "", 2 }, { seen.left, seen.times })
    has(seen.question.box, "waits for a decision")
    assert.equal(0, seen.question.fields)
    has(seen.list, "Needs you\ngood day\nNeeds a decision")
  end)

  it("keeps what was typed when the server is gone, and sends nothing", function()
    local w <close> = new_world()
    w:write(".test/lines", "good day\n")
    orket.shell(w:command("chat --json <.test/lines"))
    local s <close> = service.start(w)
    local seen = browser.watch("plans/offline", s)
    assert.same({ true, "kept" }, { seen.off, seen.kept })
    has(seen.why, "when the page is connected again")
  end)

  it("is offered no decision when that person may only look, and the service refuses one", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("plans/viewer", s)
    assert(seen.made)
    assert.same({ {}, {}, {}, 0, 0 }, { seen.list, seen.plan, seen.chat, seen.fields, seen.dialogs })
    has(seen.says, "not answer it")
    assert.same({ 403, 403, 403 }, seen.answers, cjson.encode(seen.answers))
  end)

  it("finds what axe objects to nowhere, light and dark, wide and narrow", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    assert.same({}, browser.watch("plans/access", s).violations)
  end)
end)
