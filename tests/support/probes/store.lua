-- store.lua: ways to write a journal, and the tests of store_spec.lua inside the binary; each gets the path
-- of a database.

local async, cjson, store = require("orket.async"), require("cjson"), require("orket.core.store")
local function put(stream, ...)
  local tx = stream:begin()
  for _, event in ipairs({ ... }) do
    assert(tx:event(table.unpack(event, 1, 4)))
  end
  return async.await(tx.commit, tx)
end
local function issue(id, more)
  local body = { id = id, type = "issue", name = "card " .. id }
  for key, value in pairs(more or {}) do
    body[key] = value
  end
  return { "card.created", id, body }
end
local function say(...) print(cjson.encode({ ... })) end

local M = {}

function M.writes_reads_closes(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board", actor = "human:me", role = "human" })
  say(put(board, issue("C1", { labels = { "a" }, priority = 2.5 }), issue("C2", { depends_on = { "C1" } })))
  local card = db:read("card", { id = "C1" })[1]
  say(card.id, card.status, card.priority, card.data.labels, card.depends_on)
  local tx = board:begin()
  local blob, first = tx:blob("hello"), tx:message(nil, "system")
  local last = tx:message(first, "user")
  tx:event("note", nil, { text = "x" }, { step = 2 })
  async.await(tx.commit, tx)
  say(db:blob(blob), db:blob(first) or false)
  say(table.unpack(db:conversation(last)))
  say(db:message(last), db:message(blob) or false)
  say(#db:head("board"))
  say(board:n(), board:step())
  db:close()
  db:close()
end

function M.hashes_parts_their_lengths()
  local hash = require("orket.core.hash")
  local function is_plain(...)
    local text = {}
    for i, part in ipairs({ ... }) do
      text[i] = string.pack("<s8", part)
    end
    return hash.parts({ ... }) == hash.of(table.concat(text))
  end
  local short, long = ("a"):rep(70), ("b"):rep(700)
  say(is_plain(), is_plain("", "x", ""), is_plain(short, long, short),
    is_plain(long, short:rep(7), long, "", long))
end

function M.knows_bytes_hash_nothing()
  local hash = require("orket.core.hash")
  local hex = "00ff" .. ("a1"):rep(30)
  local bytes = hash.raw(hex):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  say(bytes, hash.raw(hex:upper()) == nil, hash.raw(hex .. "0") == nil, hash.raw("") == nil)
end

function M.tells_subscribers_before_done(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board" })
  local null = cjson.null
  local stop = db:subscribe(function(e)
    say("all", e.kind, e.card or null, e.run, e.turn, e.n, e.body.name or e.body.text)
  end)
  db:subscribe(function(e) say("cards", e.kind) end, { "card." })
  say("done", put(board, issue("C1")))
  say("done", put(board, { "note", nil, { text = "x" } }))
  stop()
  put(board, { "note", nil, {} })
  db:close()
end

function M.answers_failures_code_cure(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board" })
  put(board, issue("C1"))
  local function failure(_, message, code, fix) say(code, message ~= nil, fix ~= nil) end
  failure(put(board, { "card.changed", "C1", { rev = 9, set = {} } }))
  failure(put(board, issue("C1")))
  failure(store.open(path))
  failure(store.open("/nowhere/at/all"))
  failure(db:read_doc("view", { card = "nope" }))
  local tx = board:begin()
  local ok, err = pcall(tx.event, tx, "note", nil, { text = ("x"):rep(2 ^ 20) })
  -- raised: nobody goes on as if it were recorded
  failure(nil, not ok and err.message or nil, err.code, err.fix)
  db:close()
end

function M.raises_caller_s_bugs(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board" })
  local function bug(fn, ...) say(select("#", pcall(fn, ...)) == 2 and not pcall(fn, ...)) end
  local tx = board:begin()
  bug(tx.event, tx, "no.such", nil, {})
  bug(tx.event, tx, "note", "a\nb", {})
  bug(tx.event, tx, "note", nil, { f = print })
  bug(tx.event, tx, "note", nil, { 1 })
  bug(tx.event, tx, "note", nil, {}, { steps = 1 })
  bug(tx.event, tx, "card.moved", "C1", {})
  bug(tx.message, tx, "xyz", "text")
  bug(db.stream, db, { run = "x", role = 1.5 })
  bug(db.stream, db, { turn = 1 })
  bug(db.read, db, "no_such")
  bug(db.read, db, "card", { no = 1 })
  bug(db.read, db, "card", { id = {} })
  bug(db.blob, db, "abc")
  tx:event("note", nil, { kept = true })
  local committed = async.spawn(async.await, tx.commit, tx)
  bug(tx.event, tx, "note", nil, {})
  async.join(committed)
  say(#db:read("events") == 1 and db:read("events")[1].body.kept)
  db:close()
  bug(db.read, db, "card")
  bug(board.begin, board)
end

function M.gives_prompt_all_needs(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board", actor = "human:me", role = "human" })
  put(board, { "card.created", "E", { type = "epic", name = "Epic", team = "t", environment = "e",
    description = "why" } },
    issue("C1", { parent_id = "E", note = "look here" }),
    issue("C2", { parent_id = "E", depends_on = { "C1" }, requirements = "all",
      verification = { fixture_path = "v.lua" } }),
    { "comment.added", "C2", { text = "hurry" } }, { "memory.noted", "C1",
      { text = "learnt", keywords = { "k" } } },
    { "verify.done", "C2", { tree = "t1", ok = false, log = "boom" } },
      { "tree.conflict", "C2", { path = "a", with = "C1" } })
  local turn = db:stream({ run = "R", turn = 1, actor = "agent:coder", role = "coder" })
  put(turn, { "turn.started", "C2", { seat = "coder", role = "coder" } },
    { "step.reply", "C2", { usage = { prompt = 1 } }, { step = 1 } }, -- without a reply there are no effects
    { "call.result", "C2", { call = "c1", tool = "read_file", ok = true,
      operations = { { op = "fs.read" } } }, { step = 1 } })
  say(db:read_doc("view", { card = "C2", role = "coder", seat = "dev", review = 1,
    memory = '[{"text":"learnt"}]' }):value())
  db:close()
end

function M.knows_files_tree_every(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board" })
  local function files(tree, seq)
    local list = {}
    for i, row in ipairs(db:read("tree_files", { tree = tree, seq = seq })) do
      list[i] = row.path .. "=" .. row.blob
    end
    say(table.unpack(list))
  end
  put(board, issue("C1"))
  put(board, { "tree.merged", "C1", { into = "E",
    changes = { { path = "a", blob = "1" }, { path = "b", blob = "1" } } } })
  put(board, { "tree.opened", "C1", { from = "E" } })
  files("C1")
  put(board, { "file.written", "C1", { path = "b", blob = "2" } },
    { "file.written", "C1", { path = "c", blob = "1" } })
  local before = put(board, { "tree.merged", "C1", { into = "E", changes = { { path = "a", blob = "9" } } } })
  files("C1")
  put(board, { "file.deleted", "C1", { path = "a" } })
  files("C1", 3)
  files("C1")
  files("E", before)
  db:close()
end

function M.checked_command_line(path)
  local db = assert(store.open(path))
  local board = db:stream({ run = "board" })
  put(board, issue("C1"), { "comment.added", "C1", { text = "said" } })
  db:close()
end

function M.owner_time(path)
  local lock = require("orket.core.lock")
  local dir = path:match("^(.*)/")
  local mine = lock.take(dir)
  say(mine ~= nil)
  say((select(3, lock.take(dir))))
  mine:release()
  mine:release()
  say(lock.take(dir) ~= nil)
  say((select(3, lock.take(dir .. "/none/deeper"))))
end

return M
