-- run_rules.lua: what run_rules_spec.lua runs inside the binary.

local M = {}

function M.takes_statuses(dir)
  local async, store = require("orket.async"), require("orket.core.store")
  async.main(function()
    local db = assert(store.open(dir .. "/db"))
    local stream = db:stream({ run = "r", turn = 0, actor = "agent:x", role = "coder" })
    local function try(what, fn)
      local tx = stream:begin()
      local ok, answer, _, code = pcall(fn, tx)
      local committed = async.await(tx.commit, tx)
      print(what, ok and answer ~= nil and committed ~= nil, code or "")
    end
    local tx = stream:begin()
    tx:event("card.created", "A", { type = "issue", name = "A", priority = 2.0 })
    assert(async.await(tx.commit, tx))
    local function move(to, role, rev, from)
      return function(t)
        return t:move("A", { rev = rev or 1, type = "issue", from = from or "ready", to = to, role = role })
      end
    end
    try("event", function(t) return t:event("card.moved", "A",
      { rev = 1, type = "issue", from = "ready", to = "done", role = "integrity_guard" }) end)
    try("changed", function(t) return t:event("card.changed", "A",
      { rev = 1, set = { status = "done", name = "B" } }) end)
    try("jump", move("done", "integrity_guard", 2))
    try("lie about from", move("done", "integrity_guard", 2, "code_review"))
    try("stale", move("in_progress", "coder", 1))
    try("unknown role", move("in_progress", "", 2))
    try("legal", move("in_progress", "coder", 2))
    local row = db:read("card_state", { id = "A" })[1]
    print("now", row.status, row.revision)
    db:close()
    return 0
  end)
end

function M.plants_effects(copy)
  local async, store = require("orket.async"), require("orket.core.store")
  async.main(function()
    local db = assert(store.open(copy .. "/.orket/orket.db"))
    local stream = db:stream({ run = "planted", turn = 1, actor = "agent:x", role = "coder" })
    local tx = stream:begin()
    tx:event("comment.added", "TK-1", { text = "out of nowhere" })
    assert(async.await(tx.commit, tx))
    local hash = ("ab"):rep(32)
    tx = stream:begin()
    tx:event("call.allowed", "TK-1", { call = "1", tool = "add_issue_comment", operation = hash },
      { step = 1 })
    for i = 1, 2 do tx:event("comment.added", "TK-1", { text = "one too many " .. i }, { step = 1 }) end
    tx:event("call.result", "TK-1", { call = "1", tool = "add_issue_comment", ok = true,
      operations = { { op = "card.comment", hash = hash } } }, { step = 1 })
    assert(async.await(tx.commit, tx))
    db:close()
    return 0
  end)
end

-- Writes an event of each of these kinds about a card, whose body says "done" wherever a status may stand;
-- prints the kinds that changed it.
function M.tries_kinds(dir, kinds)
  local async, store = require("orket.async"), require("orket.core.store")
  async.main(function()
    local db = assert(store.open(dir .. "/db"))
    local stream = db:stream({ run = "r", turn = 0, actor = "agent:x", role = "coder" })
    local function write(kind, body)
      local tx = stream:begin()
      return pcall(tx.event, tx, kind, "A", body) and async.await(tx.commit, tx)
    end
    assert(write("card.created", { type = "issue", name = "A", priority = 2.0 }))
    local written, changed = 0, {}
    for kind in kinds:gmatch("%S+") do
      local before = db:read("card_state", { id = "A" })[1]
      local set = { status = "done", wait_reason = "input", name = "B" }
      local ok = write(kind, { rev = before.revision, set = set, status = "done", to = "done", from = "ready",
        type = "issue", role = "integrity_guard", card = "A", id = "A", name = "A", reason = "input" })
      local after = db:read("card_state", { id = "A" })[1]
      written = written + (ok and 1 or 0)
      changed[#changed + 1] = after.status ~= before.status and kind or nil
    end
    print(written, table.concat(changed, " "))
    db:close()
    return 0
  end)
end

return M
