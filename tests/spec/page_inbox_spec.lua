-- page_inbox_spec.lua: what waits for a person on the page, in a real browser (tests/web/inbox.mjs).

local beyond = dofile("tests/support/beyond.lua")
local browser = dofile("tests/support/browser.lua")
local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  if talk.card == "D" and talk.text:find("the same one", 1, true) then
    return say(finish())
  elseif talk.card == "D" then
    return say(call("update_issue_status", { status = "waiting_for_developer", wait_reason = "input",
      why = "Keep the same key?" }), call("update_issue_status", { status = "blocked", wait_reason = "input",
      why = "Keep the same key?" }))
  end
  return steps(talk, function() return say(write("locked/" .. talk.card:lower(), "one\n")) end,
    function() return say(finish()) end)
end
]]

local HELD = [[
function work(talk)
  return steps(talk, function() return say(call("post", { port = PORT, text = "hold me" })) end,
    function() return say(finish()) end)
end
]]

local function new_world(issues)
  return world.new({ issues = issues or { { id = "A", name = "Card A" }, { id = "B", name = "Card B" },
    { id = "C", name = "Card C" }, { id = "D", name = "Card D" } }, mock = MOCK, limits = { concurrency = 4 },
    gate = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
      why = "a person decides" } } })
end

browser.describe("the inbox on the page", function()
  it("counts what is asked elsewhere at once, answers it, two of one rule together, one with a reason", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/answers", s)
    assert.same({ 4, "4 waiting", true, 3 }, { #seen.strip, seen.badge, seen.same, seen.boxes })
    assert(seen.batch:find("locked/a", 1, true) and seen.batch:find("locked/b", 1, true), seen.batch)
    assert.equal(1, seen.approvals)
    assert(seen.reason:find("A denial needs a reason", 1, true), seen.reason)
    assert.equal("not this file", seen.kept)
    local texts = table.concat(seen.answered, "|")
    assert(texts:find("Approved once", 1, true) and texts:find("not this file", 1, true), texts)
    assert.same({}, seen.violations)
    local log = w:orket("log --json")
    assert(log:find("not this file", 1, true) and log:find("the same one", 1, true))
  end)

  it("answers more approvals by one rule than one request takes, chosen by a key", function()
    local issues = {}
    for i = 1, 101 do
      issues[i] = { id = "M" .. i }
    end
    local w <close> = new_world(issues)
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/many", s)
    assert.same({ 2, 101 }, { seen.sent, seen.approved })
  end)

  it("keeps drafts and sends nothing while the connection is lost, and says how much came meanwhile", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/offline", s)
    assert(seen.after < 2000, seen.after)
    assert(seen.bar:find("Not connected since %d+:%d+%. You see event %d+%."), seen.bar)
    assert.is_true(seen.disabled and seen.enabled)
    assert(seen.says:find("Decisions can be sent when the page is connected again", 1, true), seen.says)
    assert(seen.back:find("500 new events", 1, true), seen.back)
    assert.same({ "half a reason", { 500, 500 } }, { seen.draft, seen.comments }) -- each once
  end)

  it("begins anew when the journal is another one, as after a backup was restored", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/restored", s)
    assert.same({ "", "", "?limit=1&after=99999" }, { seen.dialed[1], seen.dialed[2], seen.refused })
  end)

  it("needs no pointer to approve, deny and answer; the focus is seen, in forced colours, at 200 %", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/keyboard", s)
    assert.same({ {}, 0, 0, 0 }, { seen.unseen, seen.early, seen.moving, seen.sideways })
    assert.same({ "approve", "deny", "answer" }, seen.sent)
    assert(w:orket("log --json"):find("not so", 1, true))
  end)

  it("offers a viewer no decision, and the service refuses one; a new key is shown once", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/viewer", s)
    assert(#seen.key > 20 and seen.once == false, cjson.encode(seen))
    assert.same({ 0, 0, 403 }, { seen.buttons, seen.starts, seen.status })
    assert.equal("Open in the inbox", seen.leads)
    assert.same({ "Profile", "Approvers", "Keys", "Models", "System" }, seen.parts)
  end)

  it("says why an approval is void, when the file was changed after it was shown; nothing is written", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK, gate = { { id = "locked",
      effect = "ask", tools = { "write_file" }, paths = { "locked/**" }, why = "a person decides" } } })
    w:run()
    w:write("workspace/ep/cards/A/locked/a", "another one's\n")
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/stale", s)
    assert(seen.cause:find("approval.void", 1, true), seen.cause)
    assert.equal(1, seen.approvals)
    assert.is_nil(w:made("locked/a"))
  end)

  it("asks what became of an interrupted operation; the card goes on with the answer", function()
    local server <close> = beyond.serve()
    local w <close> = world.new({ issues = { { id = "A" } }, binary = beyond.binary,
      environment = "ORKET_LUA=" .. server.lua, rules = { labels = "off" },
      mock = "local PORT = " .. server.port .. "\n" .. HELD, files = { ["tools/post.lua"] = beyond.TOOL,
        ["roles/coder.lua"] = world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '%0, "post"') .. "" } })
    local run = w:start()
    assert(world.wait(function() return next(server:heard()) end), "nothing was heard")
    run.kill("KILL")
    run.wait()
    w:run()
    os.execute("sed -i 's/^hold/held/' " .. server.heard_file)
    local s <close> = service.start(w, { environment = "ORKET_API_KEY=" .. service.KEY .. " ORKET_LUA="
      .. server.lua })
    local seen = browser.watch("inbox/unknown", s)
    assert(seen.asked:find("test.post", 1, true), seen.asked)
    assert.same({ "It happened", "It did not", "Run it again" }, seen.answers)
    local event = w:events("operation.answered")[1]
    assert.same({ "did-not", "no such order there" }, { event.body.answer, event.body.text })
  end)

  it("and other views fit 320, 360 and 640 pixels, with targets to hit, without motion, in forced colours", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/ergonomics", s)
    for _, height in ipairs(seen.decisions) do
      assert(height >= 44, cjson.encode(seen.decisions))
    end
    assert.same({ {}, {}, 0, "solid" }, { seen.small, seen.wide, seen.moving, seen.outline })
    assert.same({ {}, { 0, true } }, { seen.scrolled, seen.dialog }) -- a dialog that scrolls begins at its top
    local shapes = {}
    for _, shape in ipairs(seen.shapes) do
      assert(#shape > 10 and not shapes[shape], shape)
      shapes[shape] = true
    end
  end)

  it("is one of the views that the palette and keys reach; refusals are grouped by rule", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = browser.watch("inbox/palette", s)
    assert.same({ true, { true } }, { seen.stayed, seen.opened }) -- Escape never leaves the page
    assert.equal("ep.1 Epic", seen.run)
    assert(#seen.found > 0, cjson.encode(seen))
    assert.same({}, seen.violations)
    local fixes = table.concat(seen.fixes, "|")
    assert(fixes:find("answer with what it should do", 1, true) and not fixes:find("orket ", 1, true), fixes)
    local rules = table.concat(seen.rules, "|")
    assert(rules:find("house.locked%d+ asked"), rules)
    assert(seen.refusal:find("a person decides", 1, true) and seen.refusal:find("house.locked", 1, true), seen.refusal)
    assert.is_true(seen.same)
    assert(seen.allowed:find("the call would be allowed", 1, true), seen.allowed)
    assert(seen.broken:find("not valid JSON", 1, true), seen.broken)
    assert.same({}, seen.edit)
  end)
end)
