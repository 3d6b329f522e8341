-- older_board_spec.lua: a board that an older program wrote: who reads it first brings it up to date.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local NEWEST = tonumber(orket.shell("ls core/io/store/sql/0*.sql | tail -1"):match("(%d+)_"))

-- A project whose board has all steps of the schema but the last one.
local function old()
  local w = world.new({ issues = { { id = "A" } }, mock = "" })
  local _, code = orket.shell(([[mkdir -m 700 %s/.orket && { cat $(ls core/io/store/sql/0*.sql | head -n -1)
    echo 'PRAGMA journal_mode = wal; PRAGMA application_id = 1332898676; PRAGMA user_version = %d;'
    } | sqlite3 %s/.orket/orket.db]]):format(w.dir, NEWEST - 1, w.dir))
  assert.equal(0, code)
  return w
end

local function version(dir)
  return tonumber((orket.shell("sqlite3 " .. dir .. "/.orket/orket.db 'PRAGMA user_version'")))
end

local function run(dir, command)
  return orket.shell(("timeout 60 %s %s 2>&1"):format(world.binary, command:format(dir)))
end

describe("a board of an older program", function()
  for _, command in ipairs({ "log -C %s", "board -C %s", "history -C %s", "check %s", "approvals -C %s", "cost -C %s" }) do
    it("is brought up to date by orket " .. command:match("%w+") .. ", which reads it", function()
      local w <close> = old()
      local dir = w.dir
      assert.equal(NEWEST - 1, version(dir))
      local text, code = run(dir, command:gsub("%%s", dir))
      assert.equal(0, code, text)
      assert.equal(NEWEST, version(dir))
      assert.equal(0, (select(2, run(dir, "check %s"))))
    end)
  end

  it("is left to the process that owns it, and the reader says why it reads nothing", function()
    local w <close> = old()
    local dir = w.dir
    local text, code = orket.shell(("flock %s/.orket/lock timeout 60 %s log -C %s 2>&1"):format(dir, world.binary,
      dir))
    assert.equal(1, code)
    assert.truthy(text:find("ERR_STORE_OLDER", 1, true), text)
    assert.equal(NEWEST - 1, version(dir))
  end)
end)
