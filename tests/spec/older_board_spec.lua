-- older_board_spec.lua: a board that an older program wrote: who reads it first brings it up to date.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local OLD = "tests/journals/hedged.tar.gz"

local function old()
  local dir = orket.directory()
  assert.equal(0, (select(2, orket.shell("tar -C " .. dir .. " -xzf " .. OLD))))
  return dir
end

local function version(dir)
  return tonumber((orket.shell("sqlite3 " .. dir .. "/.orket/orket.db 'PRAGMA user_version'")))
end

local function run(dir, command)
  return orket.shell(("timeout 60 %s %s 2>&1"):format(world.binary, command:format(dir)))
end

describe("a board of an older program", function()
  local newest

  setup(function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = "" })
    w:orket("sync")
    newest = version(w.dir)
  end)

  for _, command in ipairs({ "log -C %s", "board -C %s", "history -C %s", "check %s", "replay --strict -C %s ep.1", "show -C %s ep" }) do
    it("is brought up to date by orket " .. command:match("%w+") .. ", which reads it", function()
      local dir = old()
      assert(version(dir) < newest)
      local text, code = run(dir, command:gsub("%%s", dir))
      assert.equal(0, code, text)
      assert.equal(newest, version(dir))
      assert.equal(0, (select(2, run(dir, "check %s"))))
      orket.remove(dir)
    end)
  end

  it("is left to the process that owns it, and the reader says why it reads nothing", function()
    local dir = old()
    local text, code = orket.shell(("flock %s/.orket/lock timeout 60 %s log -C %s 2>&1"):format(dir, world.binary,
      dir))
    assert.equal(1, code)
    assert.truthy(text:find("ERR_STORE_OLDER", 1, true), text)
    assert(version(dir) < newest)
    orket.remove(dir)
  end)
end)
