-- gc_spec.lua: `orket gc`: what goes, what stays, and that the rest is as sound as before.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local WORKS = [[
function work(talk)
  return talk.replies == 0 and say(write("made.txt", ("text "):rep(2000))) or say(finish())
end
]]


local function done_world(model)
  local w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = WORKS, model = model })
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

local function gc(w, arguments)
  local text, code = w:orket("gc --json " .. arguments)
  assert.equal(0, code, text)
  return cjson.decode(text)
end

local function exists(w, path)
  return os.execute("test -e " .. w.dir .. "/" .. path) == true
end

local function assert_sound(w)
  local text, code = w:check()
  assert.equal(0, code, text)
end

local TABLES = "SELECT * FROM card; SELECT * FROM dependency; SELECT * FROM turn; SELECT * FROM tree; "
  .. "SELECT * FROM tree_file; SELECT * FROM verdict; SELECT * FROM comment; SELECT id, status, ended_at FROM run"
local HASHES = "SELECT seq, stream, prev, n, hex(hash) FROM event WHERE seq <= "

describe("gc", function()
  it("orket gc drops a run that is over, keeps the board, the chains and the files, and gives room back",
    function()
    local w <close> = done_world()
    local board, last = w:sql(TABLES), w:sql("SELECT max(seq) FROM event")
    local hashes, heads = w:sql(HASHES .. last), w:sql("SELECT hex(hash), hex(signature) FROM head")
    local replies = #w:events("step.reply")
    assert.is_true(replies > 0)
    local planned = gc(w, "--keep 0d --dry-run")
    assert.same({ "ep.1" }, planned.runs)
    assert.is_true(planned.dry_run)
    assert.equal(last, w:sql("SELECT max(seq) FROM event"))
    assert.equal(replies, #w:events("step.reply"))
    local result = gc(w, "--keep 0d")
    for _, key in ipairs({ "events", "blobs", "messages", "bytes" }) do
      assert.equal(planned[key], result[key], key)
    end
    assert.is_true(result.events > replies and result.messages > 0)
    assert.is_true(result.after < result.before)
    assert_sound(w)
    assert.equal(board, w:sql(TABLES))
    assert.equal(hashes, w:sql(HASHES .. last))
    assert.equal(heads, w:sql("SELECT hex(hash), hex(signature) FROM head"))
    assert.equal(0, #w:events("step.reply") + #w:events("turn.prompted") + #w:events("call.result"))
    assert.equal("0", w:sql("SELECT count(*) FROM message"))
    local dropped = w:events("run.dropped")
    assert.equal(1, #dropped)
    assert.equal("ep.1", dropped[1].body.run)
    assert.equal(tonumber(w:sql("SELECT sum(n) FROM stream WHERE run = 'ep.1'")), dropped[1].body.events)
    local text, code = w:orket("fork ep.1@1.3")
    assert.equal(1, code, text)
    assert(text:find("ERR_NOT_FOUND: run ep.1 was dropped", 1, true), text)
    for _, mode in ipairs({ "", "--strict ", "--scripts " }) do
      text, code = w:orket("replay " .. mode .. "ep.1")
      assert.equal(1, code, text)
      assert(text:find("^orket: ERR_NOT_FOUND: run ep.1 was dropped on %d+%-%d+%-%d+ by orket gc: .-\n  fix: ."), text)
    end
    text, code = w:orket("export ep.1")
    assert.equal(1, code)
    assert(text:find("ERR_NOT_FOUND: run ep.1 was dropped", 1, true), text)
    local again = gc(w, "--keep 0d")
    assert.same({ 0, 0, 0 }, { #again.runs, again.events, again.blobs })
    assert.equal(1, #w:events("run.dropped"))
  end)

  it("orket gc leaves a project that works on: new work is built on the old files", function()
    local w <close> = done_world()
    gc(w, "--keep 0d")
    local blob = w:sql("SELECT lower(hex(blob)) FROM tree_file WHERE tree = 'ep' AND path = 'made.txt' AND to_seq IS NULL")
    assert.equal("1", w:sql("SELECT count(*) FROM blob WHERE lower(hex(hash)) = '" .. blob .. "'"))
    local text, code = w:orket("run --again ep")
    assert.equal(0, code, text)
    text, code = w:orket("replay --strict ep-b2.1")
    assert.equal(0, code, text)
    assert_sound(w)
    assert.same({ "ep-b2.1" }, gc(w, "--keep 0d").runs)
    assert_sound(w)
  end)

  it("orket gc leaves no request of a dropped run without a price that it had: none, as of a local model", function()
    local w <close> = done_world({ price = { input = 0, output = 0 } })
    gc(w, "--keep 0d")
    local sums = cjson.decode((w:orket("cost --json")))
    assert.same({ true, 0, {} }, { sums.total.calls > 0, sums.total.unpriced, sums.left_out })
  end)

  it("orket gc keeps what is younger, and runs whose cards are not final", function()
    local w <close> = done_world()
    assert.same({}, gc(w, "--keep 1d").runs)
    local events = #w:events()
    local parked <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return { content = '?' } end" })
    assert.equal(3, (select(2, parked:run())))
    local messages = parked:sql("SELECT count(*) FROM message")
    local result = gc(parked, "--keep 0s")
    assert.same({ 0, 0, 0 }, { #result.runs, result.events, result.messages })
    assert.same({ "ep.1", "open" }, { result.kept[1].id, result.kept[1].keeps })
    assert.same({}, result.trees)
    assert.is_true(exists(parked, "workspace/ep/cards/A"))
    assert(parked:orket("gc --keep 0d"):find("kept ep.1: its cards are not final (orket resume", 1, true))
    assert.equal(messages, parked:sql("SELECT count(*) FROM message"))
    assert.equal(events, #w:events())
    assert_sound(parked)
  end)

  it("orket gc removes the directories of cards, not what was built, and the next build has its own",
    function()
    local w <close> = done_world()
    local built = w:read("workspace/ep/tree/made.txt")
    local planned = gc(w, "--keep 0d --dry-run").trees
    assert.same({ { path = "workspace/ep/cards/A", files = 1, bytes = #built },
      { path = "workspace/ep/cards/B", files = 1,
      bytes = #built } }, planned)
    assert.is_true(exists(w, "workspace/ep/cards/A/made.txt"))
    local text = w:orket("gc --keep 0d --dry-run")
    assert(text:find("would remove workspace/ep/cards/A: 1 files, 0.0 MB", 1, true), text)
    assert.same(planned, gc(w, "--keep 0d").trees)
    assert.is_false(exists(w, "workspace/ep/cards"))
    assert.equal(built, w:read("workspace/ep/tree/made.txt"))
    assert.same({}, gc(w, "--keep 0d").trees)
    local code
    text, code = w:orket("run --again ep")
    assert.equal(0, code, text)
    assert.equal(built, w:read("workspace/ep/tree/made.txt"))
    assert_sound(w)
    assert.equal(2, #gc(w, "--keep 0d").trees) -- those of the second build
  end)

  it("orket gc keeps a directory in which somebody worked, and says so", function()
    local w <close> = done_world()
    w:write("workspace/ep/cards/A/notes.txt", "mine\n")
    w:write("workspace/ep/cards/B/made.txt", "changed by hand\n")
    os.execute("mkdir -p " .. w.dir .. "/workspace/ep/cards/A/empty/deeper")
    local text, code = w:orket("gc --keep 0d")
    assert.equal(0, code, text)
    assert(text:find("kept workspace/ep/cards/A: the journal does not know notes.txt", 1, true), text)
    assert(text:find("kept workspace/ep/cards/B: the journal does not know made.txt", 1, true), text)
    assert.equal("mine\n", w:read("workspace/ep/cards/A/notes.txt"))
    assert.is_true(exists(w, "workspace/ep/cards/A/made.txt"))
    assert.equal("changed by hand\n", w:read("workspace/ep/cards/B/made.txt"))
    os.remove(w.dir .. "/workspace/ep/cards/A/notes.txt")
    assert.same({ "made.txt" }, { gc(w, "--keep 0d").trees[2].own })
    assert.is_false(exists(w, "workspace/ep/cards/A"))
    os.execute("ln -s /etc/passwd " .. w.dir .. "/workspace/ep/cards/B/link")
    w:write("workspace/ep/cards/B/made.txt", w:read("workspace/ep/tree/made.txt"))
    assert.same("link", gc(w, "--keep 0d").trees[1].own)
    assert.is_true(exists(w, "workspace/ep/cards/B/made.txt"))
  end)

  it("orket gc removes what was kept aside longer ago than asked for, by name, and nothing that is younger",
    function()
    local w <close> = done_world()
    local old, young = ".orket/kept/ep/A/2020-01-02T03:04:05.678Z", ".orket/kept/ep/A/"
      .. os.date("!%Y-%m-%dT%H:%M:%S.000Z")
    w:write(old .. "/sub/notes.txt", "mine\n")
    w:write(young .. "/notes.txt", "mine\n")
    local text = w:orket("gc --keep 1d --dry-run")
    assert(text:find("would remove " .. old .. ", kept aside: 1 files, 0.0 MB", 1, true), text)
    assert.is_true(exists(w, old .. "/sub/notes.txt"))
    assert.same({ { path = old, files = 1, bytes = 5 } }, gc(w, "--keep 1d").asides)
    assert.is_false(exists(w, old))
    assert.is_true(exists(w, young .. "/notes.txt"))
    assert.same({ young }, { gc(w, "--keep 0d").asides[1].path })
    assert.is_false(exists(w, ".orket/kept/ep/A"))
  end)

  it("orket gc drops a run that was killed once its cards were given up, and not before", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        local r = talk.replies == 0 and say(write("made.txt", "text")) or say(finish())
        r.delay_ms, r.reasoning = talk.replies > 0 and 20000 or nil, "PONDERED"
        return r
      end ]] })
    local run = w:start()
    assert(world.wait(function() return w:request(2) end))
    run.kill("KILL")
    run.wait()
    local THOUGHTS = "SELECT count(*) FROM blob WHERE bytes = 'PONDERED' OR bytes = X'504F4E4445524544'"
    assert.equal("1", w:sql(THOUGHTS))
    local kept = gc(w, "--keep 0d")
    assert.same({ {}, "open" }, { kept.runs, kept.kept[1].keeps })
    for _, command in ipairs({ "move A canceled", "move ep canceled" }) do
      local text, code = w:orket(command)
      assert.equal(0, code, text)
    end
    assert.same({ {}, {} }, { gc(w, "--keep 1h").runs, gc(w, "--keep 1h").kept })
    assert.same({ "ep.1" }, gc(w, "--keep 0d --dry-run").runs)
    local result = gc(w, "--keep 0d")
    assert.same({ "ep.1" }, result.runs)
    assert.is_true(result.messages > 0)
    assert_sound(w)
    assert.equal(1, #w:events("step.reply")) -- its turn has no end with its sums
    assert.same({ "0", false },
      { w:sql(THOUGHTS), w:read(".orket/orket.db"):find("PONDERED", 1, true) ~= nil })
    assert.same({}, gc(w, "--keep 0d").runs)
  end)

  it("orket gc keeps thoughts that a run which stays has too", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work(talk)
        local again = talk.request.request_number > 2
        return { reasoning = "PONDERED", calls = { again and call("request_excuse", { reason = "why?" }) or finish() } }
      end ]] })
    assert.equal(0, select(2, w:run()))
    assert.equal(3, select(2, w:orket("run --plain --again ep")))
    assert.same({ "ep.1" }, gc(w, "--keep 0d").runs)
    assert(w:orket("transcript ep-b2.1/1"):find("PONDERED", 1, true))
    w:replays("ep-b2.1")
  end)

  it("orket gc removes blobs and messages that nothing refers to, and only these", function()
    local w <close> = done_world()
    w:sql("INSERT INTO blob (id, hash, bytes) VALUES (100000, zeroblob(32), X'78'); INSERT INTO name VALUES (0, 100000)")
    local blobs = tonumber(w:sql("SELECT count(*) FROM blob"))
    assert.equal(1, gc(w, "--keep 9w").blobs)
    assert.equal(blobs - 1, tonumber(w:sql("SELECT count(*) FROM blob")))
    assert.equal("0", w:sql("SELECT count(*) FROM name WHERE id = 100000"))
    assert_sound(w)
  end)

  it("orket gc finishes what a killed one began", function()
    local w <close> = done_world()
    for i = 1, 8 do
      world.orket.shell(("timeout -s KILL %.3f %s gc --keep 0d -C %s 2>&1"):format(0.006 * i, world.binary,
        w.dir))
      assert_sound(w)
    end
    gc(w, "--keep 0d")
    assert_sound(w)
    assert.equal(1, #w:events("run.dropped"))
    assert.equal("0", w:sql("SELECT count(*) FROM message"))
    assert.equal(0, #w:events("step.reply"))
    assert.is_false(exists(w, "workspace/ep/cards"))
    assert.is_true(exists(w, "workspace/ep/tree/made.txt"))
  end)

  it("orket gc does not let anybody else empty an event, or change what was dropped", function()
    local w <close> = done_world()
    local EMPTY = "INSERT INTO kind (name) VALUES ('dropped'); UPDATE entry SET kind = last_insert_rowid(), card = NULL, role = NULL, names = NULL, body = '{}' WHERE "
    local plain <close> = done_world()
    plain:sql(EMPTY .. "kind = (SELECT id FROM kind WHERE name = 'step.reply')")
    local text, code = plain:check()
    assert.equal(1, code, text)
    assert(text:find("chain", 1, true), text)
    gc(w, "--keep 0d")
    w:sql("UPDATE entry SET hash = zeroblob(32) WHERE seq = (SELECT seq FROM stream WHERE run = 'ep.1' AND turn = 1)")
    text, code = w:check()
    assert.equal(1, code, text)
    assert(text:find("not the one that was dropped", 1, true), text)
  end)

  it("orket gc keeps the source of a fork", function()
    local w <close> = done_world()
    local seq = w:events("step.reply")[1].seq
    local text, code = w:orket(("fork ep.1@%d"):format(seq))
    assert.equal(0, code, text)
    local kept = gc(w, "--keep 0d")
    assert.same({ {}, {} }, { kept.runs, kept.trees })
    local why = {}
    for _, run in ipairs(kept.kept) do
      why[run.id] = run.keeps
    end
    assert.equal("forked", why["ep.1"])
    assert_sound(w)
    text, code = w:orket("run ep-f1")
    assert.equal(0, code, text)
    assert.equal(1, #gc(w, "--keep 0d").runs) -- the fork first
    assert.same({ "ep.1" }, gc(w, "--keep 0d").runs)
    assert_sound(w)
  end)

  it("orket gc is refused beside an owner, with the cure", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
      function work() local r = say(finish()); r.delay_ms = 20000; return r end ]] })
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    local text, code = w:orket("gc --keep 0d")
    assert.equal(1, code, text)
    assert(text:find("ERR_OWNED", 1, true) and text:find("fix: orket halt", 1, true), text)
    run.kill("INT")
    run.kill("INT")
    run.wait()
  end)

  it("orket gc refuses what is no age", function()
    local w <close> = done_world()
    local events = #w:events()
    for _, age in ipairs({ "", "30", "d", "-1d", "1.5d", "30D", "1d2h", "0x1d", "99999999999d", "9999999999w",
      "' 1d'" }) do
      local text, code = w:orket("gc --keep=" .. age)
      assert.equal(2, code, age .. ": " .. text)
    end
    assert.equal(2, (select(2, w:orket("gc"))))
    assert.equal(events, #w:events())
  end)
end)
