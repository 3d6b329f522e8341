-- disk_spec.lua: a disk that is full, read-only, damaged or held by somebody else, through the real binary:
-- what is wrong and what cures it is said, nothing acknowledged is lost, and work goes on afterwards.

local world = dofile("tests/support/world.lua")

local WORKS = [[
function work(talk)
  return talk.replies < 6 and say(write("f" .. talk.replies, ("text " .. talk.replies):rep(20000))) or say(finish())
end
]]

local function new_world()
  return world.new({ issues = { { id = "A" }, { id = "B" } }, mock = WORKS })
end

-- A shell script in the project, with a namespace of its own for mounts; $orket is the binary.
local function apart(w, script)
  w:write(".test/script", script)
  return world.orket.shell(("cd %s && ORKET_MODEL_URL=%s orket='timeout 60 %s' unshare -Urm sh .test/script 2>&1"):format(
    w.dir, w.url, world.binary))
end

local function assert_says(text, code, cure)
  assert(text:find("orket: " .. code .. ": ", 1, true), text)
  assert(text:find("fix: " .. cure, 1, true), text)
end

-- The epic is done, once, and the journal is whole.
local function assert_done(w)
  local text, code = w:check()
  assert.equal(0, code, text)
  for _, id in ipairs({ "A", "B", "ep" }) do
    assert.equal("done", w:card(id).status)
  end
  for i = 0, 5 do
    assert.equal(("text " .. i):rep(20000), w:made("f" .. i))
  end
  assert.equal("1", w:sql("SELECT count(*) FROM event WHERE kind = 'run.started'"))
end

describe("a disk", function()
  for _, size in ipairs({ "320k", "700k", "1m" }) do
    it("that is full at " .. size .. " is told; with room again the run goes on", function()
      local w <close> = new_world()
      local text = apart(w, ([[
        mkdir -p .orket kept; mount -t tmpfs -o size=%s tmpfs .orket
        $orket run ep; echo "exit $?"; $orket check; echo "check $?"
        mount --options-source=disable -o remount,size=64m .orket
        $orket run ep >/dev/null; echo "again $?"
        cp -a .orket/. kept
      ]]):format(size))
      assert_says(text, "ERR_STORE_FULL", "free some space")
      assert(text:find("exit 1.*\nsound.*check 0.*\nagain 0"), text)
      world.orket.shell(("cd %s && rm -rf .orket && mv kept .orket"):format(w.dir))
      assert_done(w)
    end)
  end

  it("with room to drop a run, but not to write the file anew, is told; nothing of the rest is lost",
    function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:run())))
    local text = apart(w, [[
      mkdir kept new; cp -a .orket/. kept; size=$(stat -c %s .orket/orket.db)
      mount -t tmpfs -o size=$((size + 700000)) tmpfs .orket; cp -a kept/. .orket
      $orket gc --keep 0d; echo "gc $?"
      now=$(stat -c %s .orket/orket.db); test $now -ge $size -a $now -le $((size + 65536)); echo "as large $?"
      test $(stat -c %s .orket/orket.db-wal 2>/dev/null || echo 0) = 0; echo "no log $?"
      $orket check; echo "check $?"
      mount --options-source=disable -o remount,size=64m .orket
      $orket gc --keep 0d; echo "again $?"
      test $(stat -c %s .orket/orket.db) -lt $size; echo "smaller $?"
      cp -a .orket/. new
    ]])
    assert(text:find("dropped ep.1\n.*no room to write it anew.*\ngc 0\nas large 0\nno log 0\nsound.*check 0.*\nagain 0\nsmaller 0"), text)
    world.orket.shell(("cd %s && rm -rf .orket && mv new .orket"):format(w.dir))
    assert_done(w)
  end)

  it("with a limit of size is told like one that is full, not a crash", function()
    local w <close> = new_world()
    local text = apart(w, "(ulimit -f 700; $orket run ep); echo \"exit $?\"; $orket check; echo \"check $?\"")
    assert_says(text, "ERR_STORE_FULL", "free some space")
    assert(text:find("exit 1.*\nsound.*check 0"), text)
    local after, code = w:run()
    assert.equal(0, code, after)
    assert_done(w)
  end)

  it("that is read-only is told by every command; writable again, the run goes on", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:orket("sync"))))
    local text = apart(w, [[
      mount --bind .orket .orket; mount -o remount,ro,bind .orket
      for command in "run ep" board check "comment A hi" "log" "gc --keep 1d" history; do
        $orket $command; echo "$command: exit $?"
      done
    ]])
    local told = select(2,
      text:gsub("orket: ERR_STORE_READONLY: [^\n]+\n  fix: give this user write permission", ""))
    assert.equal(7, told, text)
    assert.equal(7, select(2, text:gsub(": exit 1\n", "")), text)
    local after, code = w:run()
    assert.equal(0, code, after)
    assert_done(w)
  end)

  it("that another program holds the database of is told; afterwards work goes on", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:orket("sync"))))
    local text = apart(w, [[
      mkfifo .test/fifo; sqlite3 .orket/orket.db <.test/fifo >.test/held & exec 3>.test/fifo
      echo "BEGIN IMMEDIATE; SELECT 'held';" >&3
      until grep -q held .test/held; do :; done
      $orket comment A one; echo "exit $?"; $orket board >/dev/null; echo "board $?"
      echo "ROLLBACK;" >&3; exec 3>&-; wait
      $orket comment A two; echo "again $?"
    ]])
    assert_says(text, "ERR_STORE_BUSY", "wait for the other program or end it")
    assert(text:find("exit 1.*board 0.*again 0"), text)
    assert.equal("two", w:sql("SELECT text FROM comment"))
    local after, code = w:run()
    assert.equal(0, code, after)
    assert_done(w)
  end)
end)

-- One process that goes on writing over a disk that is full and is not any more, again and again.
local WRITER = world.orket.read("tests/support/disk_writer/orket/main.lua")

describe("a process whose disk is full", function()
  it("says so as a server, in /health and the alerts, until its runs go on", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = WORKS, limits = { disk = 60 } })
    local text = apart(w, [[
      mkdir -p .orket; mount -t tmpfs -o size=700k tmpfs .orket
      export ORKET_API_KEY=a-key-of-more-than-16-bytes
      $orket serve --port 0 >out 2>err & server=$!
      ask() { curl -s -H "Authorization: Bearer $ORKET_API_KEY" -H "Content-Type: application/json" "$@"; }
      until_has() { until ask $url$2 | grep -q "$1"; do kill -0 $server || exit 1; sleep 0.1; done; }
      until url=$(grep -o "http://[^ ]*" out); do kill -0 $server || exit 1; sleep 0.1; done
      ask -o stream -N -H "Accept: text/event-stream" $url/v1/events &
      until grep -q retry: stream; do kill -0 $server || exit 1; sleep 0.1; done
      ask -o begun -d "{\"card\":\"ep\"}" $url/v1/runs
      until_has disk /health; ask $url/health; ask $url/v1/alerts
      mount --options-source=disable -o remount,size=64m .orket
      until_has '"status":"done"' /v1/runs/ep.1; ask $url/health; ask $url/v1/alerts
      kill $server; wait; $orket check; grep -c "event: alerts" stream
    ]])
    assert(text:find('"ready":false,"status":"disk"', 1, true), text)
    assert(text:find("nothing is recorded since 2%d+%-.-: .-no space.-free some space"), text)
    local _, after = text:find('"kind":"disk"', 1, true)
    assert(text:find('"status":"ok"', after, true) and not text:find('"kind":"disk"', after, true), text)
    assert(text:find("sound: .*\n2\n$", after), text) -- clients hear of its beginning and of its end
  end)

  it("commits the same events with the same numbers when there is room again", function()
    local w <close> = new_world()
    w:write("writer/orket/main.lua", WRITER)
    local text = apart(w, [[
      mkdir disk; mount -t tmpfs -o size=1200k tmpfs disk
      ORKET_LUA=writer $orket
    ]])
    assert.equal("full 3 times, all is there\n", text)
  end)
end)

describe("too few open files", function()
  -- Runs under each limit, then without one; what a run that no limit held up records is the same.
  it("are reported with the fix, whatever the limit is, and nothing is recorded", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(finish()) end" })
    local refused = 0
    for files = 6, 66, 2 do
      local text, code = world.orket.shell(("cd %s; ORKET_MODEL_URL=%s sh -c 'ulimit -n %d; exec timeout 60 %s run --plain ep' 2>&1")
        :format(w.dir, w.url, files, world.binary))
      local explained = text:find("ERR_DESCRIPTORS: ", 1, true)
        and text:find("\n  fix: raise the limit of open files", 1, true)
      assert(code == 0 or code == 1 and explained, files .. ": " .. code .. " " .. text)
      refused = refused + code
      if code == 0 then
        break
      end
      for _, event in ipairs(w:exists(".orket/orket.db") and w:events() or {}) do
        assert.equal(0, event.turn or 0, event.kind)
      end
    end
    assert(refused > 20, refused)
    assert.same({ "done", 0 }, { w:card("A").status, math.tointeger(w:card("A").retry_count) })
    assert.equal(0, (select(2, w:check())))
    local text, code = w:orket("replay --strict ep.1")
    assert.equal(0, code, text)
  end)
end)

describe("a machine without memory or descriptors", function()
  it("is reported as that by the check and the replay, which accuse no journal", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:run())))
    local failed = {}
    local limits = { "-v 60000", "-v 80000", "-v 100000", "-v 130000", "-v 160000", "-v 200000" }
    for files = 6, 30 do -- each count: how many the caller left open must not decide what is seen
      limits[#limits + 1] = "-n " .. files
    end
    for _, limit in ipairs(limits) do
      for _, command in ipairs({ "check", "replay ep.1", "replay --strict ep.1" }) do
        local text, code = world.orket.shell(("cd %s; (ulimit %s; timeout 60 %s %s) 2>&1"):format(w.dir,
          limit, w.binary, command))
        local is_named = text:find("orket: .*ERR_MEMORY: .*\n  fix: ")
          or text:find("orket: .*ERR_DESCRIPTORS: .*\n  fix: ")
        local is_accused = text:find("ERR_REPLAY", 1, true) or text:find("NOT SOUND", 1, true)
          or text:find("ERR_STORE", 1, true)
        assert(code == 0 or code == 1 and is_named and not is_accused, limit .. " " .. command .. ": "
          .. text)
        failed[command] = (failed[command] or 0) + code
      end
    end
    assert(failed.check > 0 and failed["replay ep.1"] > 4, "too much of everything")
  end)
end)

describe("a damaged database", function()
  local function flip(w, path, at)
    local file <close> = assert(io.open(w.dir .. "/" .. path, "r+b"))
    file:seek("set", at)
    local byte = file:read(1):byte()
    file:seek("set", at)
    file:write(string.char(byte ~ 0x55))
  end

  it("is told by whoever meets it, and by the check, never with a crash", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:run())))
    local size = #w:read(".orket/orket.db")
    local told = 0
    for _, at in ipairs({ 0, 20, 101, 4096, size // 4, size // 3, size // 2, 2 * size // 3, size - 2000 }) do
      flip(w, ".orket/orket.db", at)
      local text, code = w:check()
      assert.is_true(code == 0 or code == 1, text)
      if code == 1 then
        told = told + 1
        assert(text:find("NOT SOUND", 1, true) or text:find("ERR_STORE[%u_]*: .*\n  fix: "), text)
      end
      for _, command in ipairs({ "board", "log", "show A", "comment A hello" }) do
        local said
        said, code = w:orket(command)
        assert.is_true(code == 0 or code == 1 and said:find("\n  fix: ", 1, true) ~= nil, command .. ": "
          .. said)
      end
      flip(w, ".orket/orket.db", at)
    end
    assert.is_true(told >= 4, told)
  end)

  it("shows what is left of a damaged row, or says that it is none", function()
    local w <close> = new_world()
    assert.equal(0, (select(2, w:run())))
    for _, row in ipairs({
      { "UPDATE entry SET body = substr(body, 3) WHERE seq = %d", 1 },
      { "UPDATE entry SET names = NULL WHERE seq = %d", 1 },
      { "UPDATE entry SET kind = 4000 WHERE seq = %d", 0 },
      { "UPDATE entry SET at = 9000000000000000000 WHERE seq = %d", 0 },
    }) do
      local seq = w:events("step.reply")[1].seq
      w:sql("CREATE TABLE old AS SELECT * FROM entry")
      w:sql(row[1]:format(seq))
      local text, code = w:orket("log -n 1000")
      assert.equal(row[2], code, row[1] .. ": " .. text)
      if code == 1 then
        assert_says(text, "ERR_STORE_CORRUPT", "run `orket check`")
      end
      w:sql("DELETE FROM entry; INSERT INTO entry SELECT * FROM old; DROP TABLE old")
      assert.equal(0, (select(2, w:check())))
    end
  end)

  it("reports a log or a database that was deleted or cut, and begins no new project", function()
    local w <close> = new_world()
    local run = w:start()
    assert(world.wait(function() return w:request(4) end))
    run.kill("KILL")
    run.wait()
    world.orket.shell(("cd %s && cp -a .orket .kept"):format(w.dir))
    for _, damage in ipairs({
      "rm orket.db-wal", "truncate -s 0 orket.db-wal", "truncate -s 41232 orket.db-wal", "rm orket.db*",
      "rm orket.db",
      "truncate -s 0 orket.db", "truncate -s 40000 orket.db",
      "rm orket.db-shm orket.db-wal; truncate -s -4096 orket.db",
    }) do
      world.orket.shell(("cd %s && rm -rf .orket && cp -a .kept .orket && cd .orket && %s"):format(w.dir,
        damage))
      for _, command in ipairs({ "check", "board", "run ep", "comment A hi", "log", "sync",
        "check --permits --json" }) do
        local text, code = w:orket(command)
        assert.equal(1, code, damage .. ": " .. command .. ": " .. text)
        if not text:find("NOT SOUND", 1, true) and not text:find('"ok":false', 1, true) then
          assert_says(text, "ERR_STORE_CORRUPT", "r")
          assert(text:find("backup", 1, true), text)
        end
      end
    end
    world.orket.shell(("cd %s && rm -rf .orket && mv .kept .orket"):format(w.dir))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_done(w)
  end)

  it("whose log has lost acknowledged commits is not opened as if nothing was", function()
    local w <close> = new_world()
    local run = w:start()
    assert(world.wait(function() return w:request(4) end))
    run.kill("KILL")
    run.wait()
    local log = ".orket/orket.db-wal"
    local size = #w:read(log)
    assert.is_true(size > 12 * 4120)
    flip(w, log, 32 + 5 * 4120 + 100)
    local text, code = w:run()
    assert.equal(1, code, text)
    assert_says(text, "ERR_STORE_CORRUPT", "restore .orket/ from a backup")
    text, code = w:check()
    assert.equal(1, code, text)
    assert(text:find("the write-ahead log is damaged at frame 6", 1, true), text)
    assert.equal(size, #w:read(log))
    flip(w, log, 32 + 5 * 4120 + 100)
    text, code = w:run()
    assert.equal(0, code, text)
    assert_done(w)
  end)
end)
