-- view.lua: what view_spec.lua runs inside the binary.

local M = {}

function M.writes_large_json()
  local cjson, text = require("cjson"), require("orket.view.format.text")
  local part = { a = ("x"):rep(1 << 20) .. "\u{202e}\"", [""] = cjson.null, empty = setmetatable({}, cjson.array_mt) }
  local items, more = {}, setmetatable({}, cjson.array_mt)
  for i = 1, 17 do
    items[i] = part
  end
  local one = text.json(part)
  local all = '{"more":[],"n":1,"z":[' .. (one .. ","):rep(16) .. one .. "]}"
  io.write(tostring(not cjson.try_encode(items)), " ", tostring(text.json({ z = items, n = 1, more = more }) == all), " ",
    tostring(one:find("\\u202e", 1, true) ~= nil))
end

function M.refuses_large_values()
  local text, large, own = require("orket.view.format.text"), { ("x"):rep(9 << 20), ("x"):rep(9 << 20), name = "mixed" }, {}
  own[1] = own
  io.write(tostring(pcall(text.json, large)), " ", tostring(pcall(text.json, own)), " ", tostring(pcall(text.json, { { print } })))
end

function M.says_what_happened()
  local sentences, cjson = require("orket.view.sentences"), require("cjson")
  local store = { message = function(_, convo)
    return convo == "c" and cjson.encode({ content = cjson.encode({ ok = false,
      error = { code = "ERR_SCRIPT", message = "tools/run.lua:3:\nbad" } }) }) or nil
  end }
  local rows = {
    { "call.refused", { tool = "write_file", rule = "house.generated", why = "generated files are never edited", fix = "change their source" } },
    { "call.result", { tool = "move", ok = false, operations = { { op = "card.move", path = "x", refused = "fsm.edge", why = "no." } } } },
    { "call.result", { tool = "run", ok = false, convo = "c" } },
    { "call.result", { tool = "run", ok = false, convo = "gone" } },
    { "call.result", { tool = "run", ok = true, convo = "c" } },
    { "approval.asked", { tool = "write_file", rule = "house.a", operation = { op = "write_file", path = "a" }, paths = { "a" } } },
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
    for _, line in ipairs(fold:lines({ kind = kind, card = card, body = body, at = at(minute), actor = actor or "system" }, kind)) do
      print(minute, card, line)
    end
  end
  local function try(minute, card, message)
    hear(minute, "budget.lifted", card, {})
    hear(minute, "card.moved", card, { from = "blocked", to = "in_progress", why = "the pause is over" })
    hear(minute, "step.failed", card, { model = "m", message = message, code = "ERR_NET" })
    hear(minute, "model.paused", card, { model = "m", since = at(0), ["until"] = at(minute + 1), why = "w" .. minute, message = message })
    hear(minute, "card.moved", card, { from = "in_progress", to = "blocked", reason = "resource", why = "w" .. minute })
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

return M
