-- page_notify_spec.lua: notifications of the desktop by the page, in a real browser (tests/web/notify.mjs).

local browser = dofile("tests/support/browser.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(write("locked/" .. talk.card:lower(), "a secret of the card\n")) end,
    function() return say(finish()) end)
end
]]

local function new_world()
  local issues = {}
  for i, id in ipairs({ "A", "B", "C", "D" }) do
    issues[i] = { id = id, name = "Private name of " .. id }
  end
  return world.new({ issues = issues, mock = MOCK, gate = { { id = "locked", effect = "ask",
    tools = { "write_file" }, paths = { "locked/**" }, why = "a person decides" } } })
end

browser.describe("the page notifies a person at the desktop", function()
  it("only when it is switched on and out of sight: what waits for that person and a run's end, without content", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("notify/day", s)
    assert.same({ { { 0, false }, { 1, true } }, {}, {} }, { seen.states, seen.off, seen.insight })
    local project = w.dir:match("([^/]+)$")
    local place = ("/w/%s/inbox/approval/ep.1%%2F3%%2F"):format(project)
    local title, text, tag = table.unpack(seen.waits[1])
    assert.same({ 1, "Approval · " .. project, place }, { #seen.waits, title, tag:match("^(.+%%2F)%d+$") })
    assert(text:find("^C, coder, house%.locked, "), text)
    -- a click opens the item, and decides nothing
    assert.same({ tag, true, {} }, { seen.opened, seen.closed, seen.sent })
    local over = { "Run ended · " .. project, "ep.1: Not finished", ("/w/%s/runs/ep.1"):format(project), false }
    assert.same({ 2, over, { over }, {} }, { #seen.over, seen.over[2], seen.viewer, seen.after })
  end)

  it("never when the browser denies it; the profile says what to do", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("notify/denied", s)
    assert.same({ { false, true }, {} }, { seen.box, seen.shown })
  end)
end)
