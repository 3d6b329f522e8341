-- view.lua: what view_spec.lua runs inside the binary.

local M = {}

-- A run whose store answers what is parked, and its outcome.
local function parked_run()
  local run = { id = "shop.1", epic = { id = "shop" }, project = {}, board = { cards = {
    a = { id = "a", ordinal = 1, name = "First", status = "done" },
    b = { id = "b", ordinal = 2, name = "Second", status = "blocked", wait_reason = "review" } } } }
  run.store = { subscribe = function() end, read = function(_, query)
    if query == "capped" then return {} end
    return (query == "uncertain" or query == "approvals" or query == "waiting") and {} or query == "parked"
      and { { id = "b", status = "blocked", wait_reason = "review" } }
      or { { body = { why = "a person\n  reads first" } } }
  end }
  local outcome = { status = "parked", counts = { done = 1, blocked = 1 }, card = "shop", dir = "my shop" }
  return run, outcome
end

function M.writes_large_json()
  local cjson, text = require("cjson"), require("orket.view.format.text")
  local part = { a = ("x"):rep(1 << 20) .. "\u{202e}\"", [""] = cjson.null,
    empty = setmetatable({}, cjson.array_mt) }
  local items, more = {}, setmetatable({}, cjson.array_mt)
  for i = 1, 17 do
    items[i] = part
  end
  local one = text.json(part)
  local all = '{"more":[],"n":1,"z":[' .. (one .. ","):rep(16) .. one .. "]}"
  io.write(tostring(not cjson.try_encode(items)), " ",
    tostring(text.json({ z = items, n = 1, more = more }) == all), " ",
    tostring(one:find("\\u202e", 1, true) ~= nil))
end

function M.refuses_large_values()
  local text, large, own = require("orket.view.format.text"),
    { ("x"):rep(9 << 20), ("x"):rep(9 << 20), name = "mixed" }, {}
  own[1] = own
  io.write(tostring(pcall(text.json, large)), " ", tostring(pcall(text.json, own)), " ",
    tostring(pcall(text.json, { { print } })))
end

function M.says_what_happened()
  local sentences, cjson = require("orket.view.sentences"), require("cjson")
  local store = { message = function(_, convo)
    return convo == "c" and cjson.encode({ content = cjson.encode({ ok = false,
      error = { code = "ERR_SCRIPT", message = "tools/run.lua:3:\nbad" } }) }) or nil
  end }
  local rows = {
    { "call.refused", { tool = "write_file", rule = "house.generated",
      why = "generated files are never edited", fix = "change their source" } },
    { "call.result", { tool = "move", ok = false,
      operations = { { op = "card.move", path = "x", refused = "fsm.edge", why = "no." } } } },
    { "call.result", { tool = "run", ok = false, convo = "c" } },
    { "call.result", { tool = "run", ok = false, convo = "gone" } },
    { "call.result", { tool = "run", ok = true, convo = "c" } },
    { "approval.asked", { tool = "write_file", rule = "house.a",
      operation = { op = "write_file", path = "a" }, paths = { "a" } } },
    { "budget.warned", { cap = "epics/shop/tokens", used = 80, limit = 100 } },
    { "scripts.waiting", { generation = "3f", delta = { {} }, more = 1 } },
    { "step.failed", { message = ("x "):rep(300) .. "the fix" } },
    { "comment.added", { text = ("x "):rep(300) .. "the fix" } },
    { "operation.uncertain", { operation = { op = "http.post" } } },
  }
  for _, row in ipairs(rows) do
    local what = sentences.what({ kind = row[1], body = row[2], run = "ep.1", turn = "2", n = 3 }, store)
    print(what and (what:gsub("x x .* x ", "x ... ")))
  end
end

function M.folds_an_outage()
  local fold = require("orket.view.outage_fold").new()
  local function at(minute, second)
    return string.format("2028-02-29T%02d:%02d:%02d.000Z", 10 + minute // 60, minute % 60, second or 0)
  end
  local function hear(minute, kind, card, body, actor)
    for _, line in ipairs(fold:lines({ kind = kind, card = card, body = body, at = at(minute), actor = actor
      or "system" }, kind)) do
      print(minute, card, line)
    end
  end
  local function try(minute, card, message)
    hear(minute, "budget.lifted", card, {})
    hear(minute, "card.moved", card, { from = "blocked", to = "in_progress", why = "the pause is over" })
    hear(minute, "step.failed", card, { model = "m", message = message, code = "ERR_NET" })
    hear(minute, "model.paused", card, { model = "m", since = at(0), ["until"] = at(minute + 1), why = "w"
      .. minute, message = message })
    hear(minute, "card.moved", card, { from = "in_progress", to = "blocked", reason = "resource", why = "w"
      .. minute })
  end
  for minute = 0, 59 do
    try(minute, minute % 2 == 0 and "a" or "b", "refused after " .. minute .. " ms")
  end
  try(60, "a", "no such host")
  hear(61, "comment.added", "a", {}, "human:ada")
  hear(61, "card.moved", "b", { from = "blocked", to = "in_progress" }, "human:ada")
  try(61, "b", "no such host")
  hear(62, "card.moved", "a", { from = "blocked", to = "in_progress", why = "the pause is over" })
  hear(62, "step.failed", "a", { model = "m", message = "broken", code = "ERR_HTTP" })
  hear(62, "step.reply", "a", { model = "m" })
  hear(63, "step.failed", "a", { model = "m", message = "500", code = "ERR_HTTP" })
end

function M.wraps_lines()
  local text, wrap = require("orket.view.format.text"), require("orket.view.format.wrap")
  assert(wrap.fit("  one two three four", 10) == "  one two\n    three\n    four")
  assert(wrap.fit("123456789", 5) == "12345\n  678\n  9")
  assert(wrap.fit("\27[1mone\27[0m two", 5) == "\27[1mone\27[0m\n  two")
  for columns = 4, 60, 7 do
    for _, sample in ipairs({ "", "   ", ("漢字 "):rep(20), ("e\u{301}"):rep(50), ("word "):rep(40) .. ("x"):rep(90) }) do
      local fitted = wrap.fit(sample, columns)
      for line in fitted:gmatch("[^\n]+") do
        assert(text.width(line) <= columns, columns .. ": " .. line)
      end
      assert(sample:gsub(" ", "") == fitted:gsub("[ \n]", ""))
    end
  end
  io.write("fits")
end

function M.says_it_goes_on()
  local run = parked_run()
  local async = require("orket.async")
  async.main(function()
    local view, minutes = require("orket.view.plain").new(), 0
    async.sleep = function(seconds)
      assert(seconds == 60)
      minutes = minutes + 1
      if minutes > 2 then
        view.finished = true
      end
    end
    view:attach({ store = run.store }, run)
    return 0
  end)
end

function M.ends_parked()
  local run, outcome = parked_run()
  print(table.concat(require("orket.view.ending").lines(run, outcome), "\n"))
end

function M.asks_of_runs_before()
  local run = parked_run()
  local read = run.store.read
  run.store.read = function(store, query, of)
    return query == "approvals" and of.status == "pending"
      and { { id = "shop.1/2/3", card = "b", tool = "write_file", operation = {} } } or read(store, query, of)
  end
  require("orket.async").main(function()
    local view = require("orket.view.live.live").new()
    view.draw = function() end
    view:attach({ store = run.store }, run)
    print(view:scene().asked.b)
    view.finished = true
    view.stop()
    return 0
  end)
end

function M.waits_for_its_model()
  local run = parked_run()
  local read = run.store.read
  run.store.read = function(store, query, of)
    if query == "capped" then
      return { { card = "a", epic = run.epic.id, model = "m", waits = "until/2026-01-31T12:00:05.000Z" } }
    elseif query == "last_events" and of.kind == "model.paused" then
      return { { body = { model = "m", since = "2026-01-31T12:00:00.000Z",
        ["until"] = "2026-01-31T12:00:05.000Z", message = "no route" } } }
    end
    return read(store, query, of)
  end
  require("orket.async").main(function()
    local view = require("orket.view.live.live").new()
    view.draw = function() end
    view:attach({ store = run.store }, run)
    view:see({ kind = "turn.started", card = "a", at = "2026-01-31T12:00:00",
      body = { seat = "s", role = "r" } })
    view:hear("a", "half of a")
    view:see({ kind = "model.paused", card = "a", at = "2026-01-31T12:00:01",
      body = { model = "m", why = "w" } })
    local scene = view:scene()
    print(scene.doing.a, scene.streams.a, scene.notice)
    view.finished = true
    view.stop()
    return 0
  end)
end

function M.draws_what_changed()
  local run = parked_run()
  local view = require("orket.view.live.live").new()
  local wrote = {}
  view.run = run
  view.shown:add(run)
  local scene = view:scene()
  view.scene = function() return scene end
  local stdout = io.stdout
  -- luacheck: ignore 122
  io.stdout = { write = function(_, ...) wrote[#wrote + 1] = table.concat({ ... }) end,
    flush = function() end }
  view.log = { ("long "):rep(60) .. "end" }
  view:draw()
  view:draw() -- nothing changed
  scene.cards[1].name = "Fifth"
  view:draw()
  io.stdout = stdout -- luacheck: ignore 122
  local sentence = wrote[1]:match("long .*end\n")
  local widest = 0
  for line in sentence:gmatch("[^\n]+") do
    widest = math.max(widest, #line)
  end
  print(#wrote, sentence:gsub("\n" .. (" "):rep(11), "") == ("long "):rep(60) .. "end\n", widest < 80)
  print((wrote[2]:gsub("\27", "^")))
end

function M.leaves_the_terminal()
  return require("orket.async").main(function()
    local run, outcome = parked_run()
    local view = require("orket.view.live.live").new()
    view:attach({ store = run.store }, run)
    view:see({ kind = "turn.started", card = "a", at = "2026-01-31T12:00:00",
      body = { seat = "s", role = "r" } })
    view:hear("a", ("漢"):rep(300))
    require("orket.async").sleep(1)
    view:finish(outcome)
    return 3
  end)
end

return M
