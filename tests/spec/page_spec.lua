-- page_spec.lua: the page of `orket serve`: its files, for which no key is needed, and a person at it in a
-- real browser (tests/web/page.mjs).

local cjson = require("cjson")
local browser = dofile("tests/support/browser.lua")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local HOSTILE = [[<img src=x onerror="document.title='taken'">]]

local PLAY = [[
function work(talk)
  if talk.card == "A" then
    local text = ("a line that has to be read\n"):rep(2000) .. "the last line\n"
    return steps(talk, function() return say(write("locked/a", text)) end, function() return say(finish()) end)
  end
  return steps(talk, function()
    return { content = ("I think about it. "):rep(8), chunks = 4, pace_ms = 60, calls = { write("b", "two\n") } }
  end, function() return say(finish()) end)
end
]]

local function new_world()
  return world.new({ issues = { { id = "A", name = "Card A" }, { id = "B", name = HOSTILE } }, mock = PLAY,
    gate = { { id = "locked", effect = "ask", tools = { "write_file" }, paths = { "locked/**" },
      why = "a person decides" } } })
end

local function assets(s)
  local page = s:request("GET", "/", nil, nil, true)
  local script = page.text:match('src="(/assets/[^"]+%.js)"')
  local style = page.text:match('href="(/assets/[^"]+%.css)"')
  return page, assert(script), assert(style)
end

describe("the page's files", function()
  local w, s

  setup(function()
    w = new_world()
    s = service.start(w)
  end)

  teardown(function()
    s:stop()
    w:__close()
  end)

  it("come without a key, typed, from this server alone, and never inside of a frame", function()
    local page, script, style = assets(s)
    local html = "text/html; charset=utf-8"
    local types = { ["/"] = html, ["/w/Test/board?view=tree"] = html,
      [script] = "text/javascript; charset=utf-8", [style] = "text/css; charset=utf-8" }
    for path, kind in pairs(types) do
      local reply = s:request("GET", path, nil, nil, true)
      assert.same({ 200, kind, "nosniff" },
        { reply.status, reply.headers["content-type"], reply.headers["x-content-type-options"] })
      local policy = reply.headers["content-security-policy"]
      assert(policy:find("default-src 'self'", 1, true) and policy:find("frame-ancestors 'none'", 1, true), policy)
    end
    assert.is_nil(page.text:find("https?://")) -- nothing of another host
    assert.is_nil(page.text:find("<script>", 1, true))
  end)

  it("are kept by browsers under their content's hash, and the page itself is asked for anew", function()
    local page, script = assets(s)
    local reply = s:request("GET", script, nil, nil, true)
    assert.equal("public, max-age=31536000, immutable", reply.headers["cache-control"])
    assert.equal("no-cache", page.headers["cache-control"])
    for path, etag in pairs({ ["/"] = page.headers.etag, [script] = reply.headers.etag }) do
      local again = s:request("GET", path, { "If-None-Match: " .. etag }, nil, true)
      assert.same({ 304, "" }, { again.status, again.text })
    end
  end)

  it("weigh at most 80 KB as a browser loads them, compressed", function()
    local _, script, style = assets(s)
    local bytes = 0
    for _, path in ipairs({ script, style }) do
      bytes = bytes + tonumber((orket.shell("curl -s " .. s.url .. path .. " | gzip -9 | wc -c")))
    end
    assert(bytes > 10000 and bytes <= 80 * 1024, bytes)
  end)

  it("are those of the page only, whatever a path says", function()
    for _, path in ipairs({ "/index.html/", "/assets/", "/assets/../web/index.html", "/lua/orket/cli.luac",
      "/assets/..%2f..%2fconfig/organization.json", "/assets/%2e%2e/%2e%2e/lua/orket/cli.lua",
      "/config/organization.json", "//assets/x.js",
      "/.orket/admin.hash", "/W/Test/board" }) do
      local reply = s:request("GET", path, nil, nil, true)
      assert(reply.status == 401 or reply.status == 400, path .. " " .. tostring(reply.status))
    end
    assert.equal(401, s:request("POST", "/", nil, nil, true).status)
  end)

  it("are reached by another site's link, not under another server's name; data is not reached", function()
    local link = { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate" }
    assert.equal(200, s:request("GET", "/w/Test/inbox", link, nil, true).status)
    assert.equal(403, s:request("GET", "/v1/board", link).status)
    assert.equal(403, s:request("GET", "/", { "Host: evil.example" }, nil, true).status)
    for _, path in ipairs({ "/v1/board", "/v1/inbox", "/v1/events" }) do
      assert.equal(401, s:request("GET", path, nil, nil, true).status)
    end
  end)
end)

-- ---- in a browser ----

local ALERTS = [[
function work(talk)
  return talk.card == "B" and { status = 503 } or say(write("a", "b"), finish())
end
]]

-- A run that failed, one that was killed while its model did not answer, a card without room; then a target
-- that takes no notifications.
local function alerting()
  local w = world.new({ issues = { { id = "A" } }, mock = ALERTS, model = { breaker = { failures = 5, seconds = 0.1 } },
    environment = world.impatient .. " SIGNS=x" })
  for epic, issue in pairs({ e2 = { id = "B" }, e3 = { id = "C", budget = { calls = 1 } } }) do
    issue.name, issue.seat = issue.id, "dev"
    w:write("config/epics/" .. epic .. ".json", cjson.encode({ name = "E", team = "t", environment = "e",
      issues = { issue } }))
  end
  w:run("ep --record .test/tape")
  w:write(".test/tape", w:read(".test/tape"):match("^[^\n]+\n"))
  w:run("--again ep --replay .test/tape")
  w:run("e3")
  local run = w:start("e2")
  assert(world.wait(function() return w:events("model.paused")[1] end))
  run.kill("KILL")
  run.wait()
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.notify = { hook = { kind = "webhook", url = "http://127.0.0.1:9/", key = "signs" } }
  organization.keys = { signs = { env = "SIGNS" } }
  w:write("config/organization.json", cjson.encode(organization))
  return w
end

local watched = browser.watch

browser.describe("a person at the page", function()
  it("watches a run, approves what was read to its end, is refused a move, sees that the server is gone", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    local seen = watched("page/day", s)
    assert(seen.wrong:find("This key is not the server's", 1, true), seen.wrong)
    assert.equal("B", seen.returned)
    assert.is_nil(seen.stored:find(s.key, 1, true))
    assert.same({ "Board · " .. w.dir:match("([^/]+)$") .. " · Orket", { "Card A", HOSTILE } }, { seen.title, seen.names }) -- text, no script
    assert(seen.draft:find("think about.+Draft%. It counts when"), seen.draft) -- joined half-way
    assert.same({ 1, "dashed", 40 }, { seen.replies, seen.edge, seen.held })
    assert(seen.counted:find("^%(1%) "), seen.counted)
    assert(seen.first:find("^Show the rest %(1,9%d%d lines%)$"), seen.first)
    assert.equal(0, seen.unread)
    assert.equal("2001+the last line", seen.last)
    assert.equal(1, #seen.approvals)
    assert(seen.approvals[1]:find("/v1/approvals/ep%.1%%2F%d+%%2F%d+/approve$"), seen.approvals[1])
    assert(seen.refused:find("B stays in Done", 1, true) and seen.refused:find("fsm.final", 1, true), seen.refused)
    assert(seen.offline.after < 2000 and seen.offline.text:find("Not connected since", 1, true), seen.offline.text)
    assert.equal("used", cjson.decode((w:orket("approvals --all --json")))[1].status) -- its card went on
  end)

  it("is led from what is not there to what is, without a command", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local to = {}
    for i, row in ipairs(watched("page/missing", s).missing) do
      local path, text, place = table.unpack(row)
      assert(not text:find("orket ", 1, true) and not text:find("/v1/", 1, true), text)
      to[i] = path .. " -> " .. place
    end
    assert.same({ "cards/AA -> board", "runs/ep.9 -> runs", "plans/PLAN-9 -> plans", "chat/CHAT-9 -> plans",
      "inbox/approval/x -> inbox" }, to)
  end)

  it("finds what axe objects to nowhere, light and dark, wide and narrow, but where it is planted", function()
    local w <close> = new_world()
    w:run()
    local s <close> = service.start(w)
    local seen = watched("page/access", s)
    assert.same({}, seen.violations)
    assert.same({ "light", 0 }, { seen.theme, seen.kept }) -- switched; signed out, no key is kept
    assert(seen.planted > 0)
    assert.same({}, browser.watch("page/crosswise", s).violations) -- dark and wide, light and narrow
  end)

  it("drags a card: columns say where to or why not, a refusal stays, a move comes by its event", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:orket("sync")
    local seen = watched("board/moves", s)
    local verdicts = table.concat(seen.verdicts, "|")
    assert(verdicts:find("Move to In progress", 1, true) and verdicts:find("An issue cannot go from Ready to Done.", 1, true), verdicts)
    assert(seen.refused:find("A stays in Ready", 1, true) and seen.refused:find("fsm.edge", 1, true)
      and seen.refused:find("You can move it to: In progress, Canceled.", 1, true), seen.refused)
    assert.same({ { "Ready", 0 }, 0, { 1, true } }, { seen.stayed, seen.dismissed, seen.moved })
    assert.equal(8, #seen.options) -- every status but its own
    assert(seen.stays:find("B stays in Ready", 1, true) and seen.stays:find("fsm.edge", 1, true), seen.stays)
    assert.is_true(seen.focus)
    assert.equal(200, seen.elsewhere)
    assert(seen.stale:find("You saw In progress, revision %d+; it is in Blocked now, revision %d+"), seen.stale)
  end)

  it("sees a failed run, an outage and a silent target above the board, each until it is over", function()
    local w <close> = alerting()
    local s <close> = service.start(w, { environment = "SIGNS=x ORKET_API_KEY=" .. service.KEY })
    local seen = watched("board/alerts", s)
    assert.same({}, seen.violations)
    assert.equal(3, #seen.lines, table.concat(seen.lines, "|")) -- the cap that is asked for is no line
    assert(seen.lines[1]:find("^e2%.1 was interrupted%s+Runs$"), seen.lines[1])
    assert(seen.lines[2]:find("^ep%-b2%.1 failed%s+Runs$"), seen.lines[2])
    assert(seen.lines[3]:find("^The model m is unreachable since [^:]+:%d%d:%d%d: .-503.-%s+Models$"), seen.lines[3])
    assert.same({ 1, true }, { seen.asked, seen.focus })
  end)

  it("filters the board; the URL has the filter, and shows the same to another person", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:orket("sync")
    local seen = watched("board/filter", s)
    assert.same({ "?seat=dev&q=card+A", { "seat:dev card A", 1 } }, { seen.url, seen.again })
    assert(seen.none:find("No card matches nothing like it", 1, true), seen.none)
  end)

  -- How long this takes is measured by bench/evidence/page.lua.
  it("sees a board of 1,000 cards", function()
    local w <close> = new_world()
    local s <close> = service.start(w, { arguments = "-C crowd --seed-cards 1000" })
    local seen = browser.watch("board/thousand", s)
    assert(seen.paint <= seen.usable, cjson.encode(seen))
    assert(seen.cards:find("\n1000\n", 1, true), seen.cards)
  end)

  it("scrolls through 5,000 cards with at most 400 elements", function()
    local w <close> = new_world()
    local s <close> = service.start(w, { arguments = "-C crowd --seed-cards 5000" })
    local seen = watched("board/crowd", s)
    assert(seen.most > 100 and seen.most <= 400, cjson.encode(seen))
    assert.same({ seen.held, 5 }, { seen.focus, seen.last }) -- the focus survives; the end is reached
  end)
end)
