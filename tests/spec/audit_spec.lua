-- audit_spec.lua: what a run leaves for who was not there: a signed head, by a key that nobody else has.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local WORK = [[
function work(talk)
  return say(write("made.txt", "by " .. talk.card .. "\n"), finish())
end
]]

local function finished()
  local w = world.new({ issues = { { id = "A" } }, mock = WORK })
  local text, code = w:run()
  assert(code == 0, text)
  return w
end

describe("a run that ended", function()
  local w = finished()

  it("is signed, and checked", function()
    local report = cjson.decode((w:orket("check --json")))
    assert.same({}, report.problems)
    assert.equal(1, report.heads)
    w:orket("run --plain ep") -- done already: nothing is signed again
    assert.equal(1, cjson.decode((w:orket("check --json"))).heads)
  end)

  it("keeps the secret to itself", function()
    local secret = w:read(".orket/key"):match("^(%x+)\n$")
    assert.equal(64, #secret)
    assert.equal("600", (orket.shell("stat -c %a " .. w.dir .. "/.orket/key"):gsub("\n", "")))
    local raw = secret:gsub("%x%x", function(digits)
      return string.char(tonumber(digits, 16))
    end)
    w:sql("PRAGMA wal_checkpoint(TRUNCATE)")
    local database = w:read(".orket/orket.db")
    assert.falsy(database:find(secret, 1, true) or database:find(raw, 1, true))
    for _, command in ipairs({ "log --json", "check --json", "show --json A", "run --json ep" }) do
      assert.falsy(w:orket(command):find(secret, 1, true))
    end
  end)

  it("shows when its head is gone or changed", function()
    orket.shell("cp -r " .. w.dir .. " " .. w.dir .. ".copy")
    local copy = setmetatable({ dir = w.dir .. ".copy", url = w.url }, getmetatable(w))
    copy:sql("UPDATE head SET events = events - 1")
    local text, code = copy:orket("check")
    assert.equal(1, code)
    assert(text:find("head ep.1 %(commit %d+%): its signature is not over what it says"), text)
    copy:sql("DELETE FROM head")
    text, code = copy:orket("check")
    assert.equal(1, code)
    assert(text:find("head ep.1 %(commit %d+%): its end is not signed"), text)
    orket.remove(copy.dir)
  end)

  it("keeps its key from being used when others could have read it", function()
    orket.shell("chmod 644 " .. w.dir .. "/.orket/key")
    local text, code = w:orket("comment A hello")
    assert.equal(1, code)
    assert(text:find("ERR_DENIED", 1, true) and text:find("fix: chmod 600 ", 1, true), text)
    orket.shell("chmod 600 " .. w.dir .. "/.orket/key")
    assert.equal(0, select(2, w:orket("comment A hello")))
    w:close()
  end)
end)

describe("orket init", function()
  it("makes the key", function()
    local dir = orket.directory()
    assert.equal(0, select(2, orket.run("init " .. dir .. "/p")))
    assert.equal("600 64\n", (orket.shell("stat -c '%a' " .. dir .. "/p/.orket/key; tr -d '\\n' < " .. dir .. "/p/.orket/key.pub | wc -c")
      :gsub("\n", " ", 1)))
    assert.equal("700\n", (orket.shell("stat -c %a " .. dir .. "/p/.orket")))
    orket.remove(dir)
  end)
end)
