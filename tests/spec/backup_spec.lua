-- backup_spec.lua: `orket backup` and `orket restore` through the real binary: a copy while a run goes on,
-- the project on another machine, and everything that is refused.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local WORKS = [[
function work(talk)
  return talk.replies < 3 and say(write("f" .. talk.replies, ("text " .. talk.replies):rep(9000))) or say(finish())
end
]]

local function new_world()
  return world.new({ issues = { { id = "A" }, { id = "B" } }, mock = WORKS })
end

local function sh(w, script)
  return world.orket.shell(("cd %s && { %s; } 2>&1"):format(w.dir, script))
end

local function assert_fails(w, command, code, more)
  local text, status = w:orket(command)
  assert.equal(1, status, command .. ": " .. text)
  assert(text:find("orket: " .. code .. ": ", 1, true) and text:find("fix: ", 1, true), text)
  assert(text:find(more or "", 1, true), text)
  return text
end

local function assert_ok(w, command)
  local text, status = w:orket(command)
  assert.equal(0, status, command .. ": " .. text)
  return text
end

-- Read by the program: the shell of SQLite would carry the log over into the database.
local function last_commit(w)
  local events = w:events()
  return events[#events].seq
end

-- A copy of the files of a project, without what is in .orket and workspace: what a repository has.
local function other_machine(w)
  return sh(w, "mkdir -p .test/other && cp -R config .test/other && cd .test/other && pwd"):gsub("%s+$", "")
end

local function assert_goes_on(w, dir)
  local text, code = world.orket.shell(("cd %s && ORKET_MODEL_URL=%s timeout 100 %s run --plain ep 2>&1"):format(dir, w.url, w.binary))
  assert.equal(0, code, text)
  for _, command in ipairs({ "check", "replay --strict ep.1" }) do
    text, code = world.orket.shell(("cd %s && timeout 100 %s %s 2>&1"):format(dir, w.binary, command))
    assert.equal(0, code, command .. ": " .. text)
  end
  assert.equal(("text 2"):rep(9000), world.orket.read(dir .. "/workspace/ep/tree/f2"))
end

describe("backup", function()
  it("a backup is made while a run goes on, and the project goes on from it on another machine", function()
    local w <close> = new_world()
    local run = w:held(4)
    local made = cjson.decode(assert_ok(w, "backup --json .test/b"))
    assert(made.seq > 10 and made.bytes > 4096 and made.dir == ".test/b", made.seq)
    assert.equal("700 600 600",
      (sh(w, "cd .test; stat -c %a b b/highwater b/orket.db | tr '\\n' ' '"):gsub("%s+$", "")))
    local other = other_machine(w)
    local text, code = world.orket.shell(("cd %s && %s restore -C . ../b 2>&1"):format(other, w.binary))
    assert.equal(0, code, text)
    assert(text:find(("restored up to commit %d\n"):format(made.seq), 1, true), text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert_goes_on(w, other)
    assert_ok(w, "backup .test/c")
    assert.equal("600\n",
      (sh(w, "cmp .orket/key .test/c/key && cmp .orket/key.pub .test/c/key.pub && stat -c %a .test/c/key")))
    assert(sh(w, "ls .test"):find("partial") == nil)
  end)

  it("a backup brings a lost database back; what was replaced is kept, and the loss is in the journal",
    function()
    local w <close> = new_world()
    local run = w:held(4)
    local made = cjson.decode(assert_ok(w, "backup --json .test/b"))
    run.kill("KILL")
    run.wait()
    local lost = last_commit(w)
    sh(w, "truncate -s 8192 .orket/orket.db; rm -f .orket/orket.db-wal")
    assert_fails(w, "run ep", "ERR_STORE_CORRUPT", "orket restore DIR")
    assert_ok(w, "restore .test/b/")
    assert(sh(w, "stat -c %s .orket/replaced-1/orket.db"):find("8192"), "the old one is not kept")
    local noted = w:events("store.restored")[1].body
    assert(noted.lost == nil or noted.lost > made.seq and noted.lost <= lost, cjson.encode(noted))
    assert.same({ from = "backup", seq = made.seq, kept = "replaced-1", lost = noted.lost }, noted)
    assert_goes_on(w, w.dir)
  end)

  it("a backup goes back in the place of a database that is gone, with its log", function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    assert_ok(w, "backup .test/b")
    sh(w, "rm .orket/orket.db*")
    assert_fails(w, "backup .test/c", "ERR_STORE_CORRUPT", "is gone")
    sh(w, "echo changed > workspace/ep/tree/f1; mkdir -p workspace/new/tree; echo seed > workspace/new/tree/mine")
    assert_ok(w, "restore .test/b")
    assert_ok(w, "check")
    assert.equal(("text 1"):rep(9000), w:made("f1"))
    assert.equal("changed\n", w:read(".orket/replaced-1/workspace/ep/tree/f1"))
    assert.equal("seed\n", w:read("workspace/new/tree/mine"))
    assert(assert_ok(w, "run ep"):find("done", 1, true))
    w:derives()
  end)

  it("a backup never overwrites, and is not made of what is damaged", function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    sh(w, "mkdir .test/b; echo mine > .test/file")
    assert_fails(w, "backup .test/b", "ERR_EXISTS", ".test/b is there already")
    assert_fails(w, "backup .test/file", "ERR_EXISTS")
    assert_fails(w, "backup .test/no/where", "ERR_IO")
    assert.equal("mine\n", w:read(".test/file"))
    w:sql("UPDATE entry SET body = body || ' ' WHERE seq = 12")
    assert_fails(w, "backup .test/c", "ERR_STORE_CORRUPT", "chain")
    assert.equal("", (sh(w, "ls -d .test/c* || true"):gsub("ls: [^\n]*\n", "")))
  end)

  it("a backup that is damaged in any way is refused by name, and the project stays as it was", function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    assert_ok(w, "backup .test/good")
    sh(w, "rm .orket/orket.db*")
    local before = sh(w, "cd .orket && cat highwater key.pub && ls | grep -v -e lock -e owner")
    for name, damage in pairs({
      cut = "truncate -s 40960 orket.db", empty = "truncate -s 0 orket.db", gone = "rm orket.db",
      other = "echo nothing > orket.db",
      row = "sqlite3 orket.db \"DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)\"",
      text = "sqlite3 orket.db \"UPDATE card SET name = 'x' WHERE id = 'A'\"", key = "echo 00 > key.pub",
    }) do
      sh(w, "rm -rf .test/b; cp -a .test/good .test/b; cd .test/b; " .. damage)
      local text, code = w:orket("restore .test/b")
      assert.equal(1, code, name .. ": " .. text)
      assert(text:find("orket: ERR_[%u_]+: .*\n  fix: "), name .. ": " .. text)
      assert.equal(before, sh(w, "cd .orket && cat highwater key.pub && ls | grep -v -e lock -e owner"), name)
    end
    sh(w, "rm -rf .test/b; cp -a .test/good .test/b")
    sh(w, "dd if=/dev/zero of=.test/b/orket.db bs=4096 seek=20 count=20 conv=notrunc")
    assert_fails(w, "restore .test/b", "ERR_STORE_CORRUPT")
    assert_ok(w, "restore .test/good")
    w:derives()
  end)

  it("a backup is not restored over a project that lives or is sound, nor with another's key", function()
    local w <close> = new_world()
    local run = w:held(2)
    assert_ok(w, "backup .test/b")
    assert_fails(w, "restore .test/b", "ERR_OWNED")
    assert_fails(w, "restore --accept-loss", "ERR_OWNED")
    run.wait()
    assert_ok(w, "backup .test/c")
    local sum = sh(w, "md5sum .orket/orket.db")
    assert_fails(w, "restore .test/b", "ERR_EXISTS", "it is sound")
    assert_fails(w, "restore --accept-loss", "ERR_EXISTS", "it is sound")
    assert.equal(sum, sh(w, "md5sum .orket/orket.db"))
    local other <close> = new_world()
    assert_ok(other, "run ep")
    sh(other, "rm .orket/orket.db*")
    assert_fails(other, "restore " .. w.dir .. "/.test/c", "ERR_DENIED", "another key")
    assert.equal(2, (select(2, w:orket("restore"))))
    assert.equal(2, (select(2, w:orket("restore .test/b --accept-loss"))))
    assert.equal(2, (select(2, w:orket("backup"))))
  end)

  it("a backup on a disk that is full fails with the reason and leaves nothing behind", function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    w:write(".test/script", ([[
      mkdir disk; mount -t tmpfs -o size=200k tmpfs disk
      $orket backup disk/b; echo "exit $?"; ls disk | wc -l
      mount --options-source=disable -o remount,size=64m disk
      $orket backup disk/b >/dev/null; echo "again $?"]]))
    local text = world.orket.shell(("cd %s && orket='timeout 60 %s' unshare -Urm sh .test/script 2>&1"):format(w.dir, w.binary))
    assert(text:find("orket: ERR_STORE_FULL: .*\n  fix: free some space.*\nexit 1\n0\nagain 0\n"), text)
  end)

  it("a backup names the directory of workspace/ that it cannot keep, and restores when that was moved away",
    function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    assert_ok(w, "backup .test/b")
    w:write(".test/script", [[
      mkdir before; rm .orket/orket.db*; mv workspace/ep before; mkdir -p $place; mount -t tmpfs tmpfs $place; cp -a before/ep workspace
      $orket restore .test/b; echo "refused $?"
      test -e .orket/orket.db -o -e .orket/replaced-1; echo "nothing $?"
      cat workspace/ep/tree/f1 | cksum
      if [ $place = workspace ]; then mv workspace/ep .test; else umount $place; rmdir $place; fi
      $orket restore .test/b; echo "restored $?"
      cat workspace/ep/tree/f1 | cksum; $orket check; echo "check $?"
    ]])
    local sum = sh(w, "cksum < workspace/ep/tree/f1")
    for _, place in ipairs({ "workspace", "workspace/ep" }) do
      local text = sh(w, ("mkdir -p workspace/ep; place=%s orket='timeout 100 %s' unshare -Urm sh .test/script"):format(place, w.binary))
      local whole = "^orket: ERR_IO: [^\n]*workspace/ep is on another file system[^\n]*\n  fix: move it out of workspace/[^\n]*\n"
        .. "refused 1\nnothing 1\n" .. sum .. "restored up to [^\n]*\nrestored 0\n" .. sum
          .. "sound[^\n]*\ncheck 0\n$"
      assert(text:find(whole), place .. ":\n" .. text)
      sh(w, "rm -rf workspace .test/ep; mv before/ep before-ep; rmdir before; mkdir workspace; mv before-ep workspace/ep")
    end
  end)

  it("a backup that was killed while it was restored is restored by the next one", function()
    local w <close> = new_world()
    local run = w:held(4)
    assert_ok(w, "backup .test/b")
    run.kill("KILL")
    run.wait()
    sh(w, "truncate -s 8192 .orket/orket.db; cp -a .orket .test/damaged")
    local killed = 0
    for hit = 1, 8 do
      for _, point in ipairs({ "restore_move_before", "restore_move_after" }) do
        sh(w, "rm -rf .orket; cp -a .test/damaged .orket")
        local binary = w.binary
        w.binary, w.environment = world.faulty, ("ORKET_FAULT=%s:%d:kill"):format(point, hit)
        local _, code = w:orket("restore .test/b")
        w.binary, w.environment = binary, ""
        killed = killed + (code == 137 and 1 or 0)
        local text, status = w:orket("restore .test/b")
        assert(status == 0 or text:find("it is sound", 1, true), point .. hit .. ": " .. text)
        assert_ok(w, "check")
        assert.equal(1, #w:events("run.started"))
      end
    end
    assert(killed >= 8, killed)
  end)
end)

describe("backup", function()
  it("a loss that is accepted goes on with what is left, keeps what was there, and is in the journal",
    function()
    local w <close> = new_world()
    assert_ok(w, "sync")
    local run = w:held(4)
    run.kill("KILL")
    run.wait()
    local lost = last_commit(w)
    assert(#w:read(".orket/orket.db-wal") > 16512)
    sh(w, "truncate -s 16512 .orket/orket.db-wal") -- four frames
    assert_fails(w, "run ep", "ERR_STORE_CORRUPT", "orket restore --accept-loss")
    local result = cjson.decode(assert_ok(w, "restore --json --accept-loss"))
    assert(result.seq < result.lost and result.lost <= lost and result.kept == "replaced-1",
      cjson.encode(result))
    assert.same({ from = "rest", seq = result.seq, lost = result.lost, kept = "replaced-1" },
      w:events("store.restored")[1].body)
    assert(w:exists(".orket/replaced-1/orket.db-wal") and w:exists(".orket/replaced-1/highwater"))
    local text = assert_ok(w, "log")
    assert(text:find(("from what was left of it, up to commit %d;"):format(result.seq), 1, true), text)
    assert_goes_on(w, w.dir)
  end)

  it("a loss that is accepted is not accepted where what is left is damaged, or nothing is", function()
    local w <close> = new_world()
    assert_ok(w, "run ep")
    sh(w, "truncate -s -8192 .orket/orket.db")
    assert_fails(w, "restore --accept-loss", "ERR_STORE_CORRUPT")
    sh(w, "rm .orket/orket.db*")
    assert_fails(w, "restore --accept-loss", "ERR_NOT_FOUND", "remove .orket/")
  end)
end)
