-- store_spec.lua: the journal as trusted Lua meets it, and `orket check` through the binary.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local HEAD = [[
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
async.main(function()
]]

describe("the store", function()
  local dir

  before_each(function()
    dir = orket.directory()
  end)

  after_each(function()
    orket.remove(dir)
  end)

  -- Runs a chunk inside a task; `path` is a fresh database; answers the values it prints with `say`.
  local function run(chunk)
    local text = orket.probe(HEAD .. ("local path = %q\n"):format(dir .. "/orket.db")
      .. "local function say(...) print(cjson.encode({ ... })) end\n" .. chunk .. "\nreturn 0\nend)")
    local answers = {}
    for line in text:gmatch("[^\n]+") do
      answers[#answers + 1] = line:match("^%[") and cjson.decode(line) or line
    end
    return answers
  end

  it("writes, reads and closes", function()
    assert.same({ { 1 }, { "C1", "ready", 2.5, { "a" }, {} }, { "hello", false }, { "system", "user" }, { "user", false }, { 64 }, { 3, 2 } }, run([[
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
      db:close()]]))
  end)

  it("hashes parts as their lengths and bytes, whatever their size", function()
    assert.same({ { true, true, true, true } }, run([[
      local hash = require("orket.core.hash")
      local function is_plain(...)
        local text = {}
        for i, part in ipairs({ ... }) do
          text[i] = string.pack("<s8", part)
        end
        return hash.parts({ ... }) == hash.of(table.concat(text))
      end
      local short, long = ("a"):rep(70), ("b"):rep(700)
      say(is_plain(), is_plain("", "x", ""), is_plain(short, long, short), is_plain(long, short:rep(7), long, "", long))]]))
  end)

  it("knows the bytes of a hash, and of nothing else", function()
    assert.same({ { "00ff" .. ("a1"):rep(30), true, true, true } }, run([[
      local hash = require("orket.core.hash")
      local hex = "00ff" .. ("a1"):rep(30)
      local bytes = hash.raw(hex):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
      say(bytes, hash.raw(hex:upper()) == nil, hash.raw(hex .. "0") == nil, hash.raw("") == nil)]]))
  end)

  it("tells subscribers before done, each the kinds it wants", function()
    assert.same({
      { "all", "card.created", "C1", "board", 0, 1, "card C1" }, { "cards", "card.created" }, { "done", 1 },
      { "all", "note", cjson.null, "board", 0, 2, "x" }, { "done", 2 },
    }, run([[
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
      db:close()]]))
  end)

  it("answers failures with code and cure", function()
    local answers = run([[
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
      failure(nil, not ok and err.message or nil, err.code, err.fix) -- raised: nobody goes on as if it were recorded
      db:close()]])
    local codes = {}
    for i, answer in ipairs(answers) do
      codes[i] = answer[1]
      assert.is_true(answer[2])
    end
    assert.same({ "ERR_STALE", "ERR_EXISTS", "ERR_OWNED", "ERR_IO", "ERR_NOT_FOUND", "ERR_LIMIT" }, codes)
  end)

  it("raises for the caller's bugs", function()
    local answers = run([[
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
      bug(board.begin, board)]])
    assert.equal(17, #answers)
    for i, answer in ipairs(answers) do
      assert.same({ true }, answer, i)
    end
  end)

  it("gives a prompt all it needs in one read", function()
    local view = run([[
      local db = assert(store.open(path))
      local board = db:stream({ run = "board", actor = "human:me", role = "human" })
      put(board, { "card.created", "E", { type = "epic", name = "Epic", team = "t", environment = "e", description = "why" } },
        issue("C1", { parent_id = "E", note = "look here" }),
        issue("C2", { parent_id = "E", depends_on = { "C1" }, requirements = "all", verification = { fixture_path = "v.lua" } }),
        { "comment.added", "C2", { text = "hurry" } }, { "memory.noted", "C1", { text = "learnt", keywords = { "k" } } },
        { "verify.done", "C2", { tree = "t1", ok = false, log = "boom" } }, { "tree.conflict", "C2", { path = "a", with = "C1" } })
      local turn = db:stream({ run = "R", turn = 1, actor = "agent:coder", role = "coder" })
      put(turn, { "turn.started", "C2", { seat = "coder", role = "coder" } },
        { "step.reply", "C2", { usage = { prompt = 1 } }, { step = 1 } }, -- without a reply there are no effects
        { "call.result", "C2", { call = "c1", tool = "read_file", ok = true, operations = { { op = "fs.read" } } }, { step = 1 } })
      say(db:read_doc("view", { card = "C2", role = "coder", seat = "dev", review = 1, memory = '[{"text":"learnt"}]' }):value())
      db:close()]])[1][1]
    assert.equal("all", view.card.requirements)
    assert.equal("E", view.card.parent_id)
    assert.same({ "C1" }, view.card.depends_on)
    assert.same({ { id = "C1", name = "card C1", note = "look here", status = "ready" } }, view.dependencies)
    assert.equal("hurry", view.comments[1].text)
    assert.same({ { text = "learnt" } }, view.memory)
    assert.same({ "coder", "dev", true }, { view.role, view.seat, view.review })
    assert.same({ fixture = "v.lua", last = { ok = false, log = "boom", tree = "t1" } }, view.verification)
    assert.equal("why", view.epic.description)
    assert.equal("fs.read", view.effects[1].result.operations[1].op)
    assert.same({ { path = "a", with = "C1" } }, view.conflict)
  end)

  it("knows the files of a tree at every moment", function()
    assert.same({
      { "a=1", "b=1" }, { "a=1", "b=2", "c=1" }, { "a=1", "b=1" }, { "b=2", "c=1" }, { "a=9", "b=1" },
    }, run([[
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
      put(board, { "tree.merged", "C1", { into = "E", changes = { { path = "a", blob = "1" }, { path = "b", blob = "1" } } } })
      put(board, { "tree.opened", "C1", { from = "E" } })
      files("C1")
      put(board, { "file.written", "C1", { path = "b", blob = "2" } }, { "file.written", "C1", { path = "c", blob = "1" } })
      local before = put(board, { "tree.merged", "C1", { into = "E", changes = { { path = "a", blob = "9" } } } })
      files("C1")
      put(board, { "file.deleted", "C1", { path = "a" } })
      files("C1", 3)
      files("C1")
      files("E", before)
      db:close()]]))
  end)

  it("is checked from the command line", function()
    orket.shell("mkdir " .. dir .. "/.orket")
    dir = dir .. "/.orket"
    run([[
      local db = assert(store.open(path))
      local board = db:stream({ run = "board" })
      put(board, issue("C1"), { "comment.added", "C1", { text = "said" } })
      db:close()]])
    dir = dir:sub(1, -8)
    local text, code = orket.run("check " .. dir)
    assert.equal(0, code)
    assert.truthy(text:find("sound: 2 events in 1 streams", 1, true))
    local report = cjson.decode((orket.run("check --json " .. dir)))
    assert.same({}, report.problems)
    orket.shell("sqlite3 " .. dir
      .. [[/.orket/orket.db "UPDATE entry SET body = replace(body, 'said', 'lied')"]])
    text, code = orket.run("check " .. dir)
    assert.equal(1, code)
    assert.truthy(text:find("chain board/0/2", 1, true))
    text, code = orket.run("check " .. dir .. "/none")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_NOT_FOUND", 1, true) or text:find("orket:", 1, true))
    assert.equal(2, select(2, orket.run("check --nonsense")))
  end)

  it("has one owner at a time", function()
    assert.same({ { true }, { "ERR_OWNED" }, { true }, { "ERR_IO" } }, run([[
      local lock = require("orket.core.lock")
      local dir = path:match("^(.*)/")
      local mine = lock.take(dir)
      say(mine ~= nil)
      say((select(3, lock.take(dir))))
      mine:release()
      mine:release()
      say(lock.take(dir) ~= nil)
      say((select(3, lock.take(dir .. "/none/deeper"))))]]))
  end)
end)
