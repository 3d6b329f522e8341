-- checkout_spec.lua: `orket diff` and `orket checkout`: what cards and epics changed, and their files out of
-- the journal.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- A writes a file and changes another; B, behind it, changes the first and deletes the second.
local WORK = [[
function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(write("lib/dish", "salt\npepper"), write("seed", "one\nTWO\nthree\n"), finish()) end)
  end
  return steps(talk, function() return say(write("lib/dish", "salt\npepper\n"), write("evil\u{202e}", "\27[31m"), finish()) end)
end
]]

local function made()
  local w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = WORK,
    files = { ["workspace/ep/tree/seed"] = "one\ntwo\nthree\n",
      ["workspace/ep/tree/untouched"] = "as it was\n" } })
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

local DIFF_OF_A = [[
--- /dev/null
+++ b/lib/dish
@@ -0,0 +1,2 @@
+salt
+pepper
\ No newline at end of file
--- a/seed
+++ b/seed
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
]]

describe("orket diff", function()
  local w
  setup(function() w = made() end)
  teardown(function() w:__close() end)

  it("prints what an issue changed against the files that it started from", function()
    local text = w:orket("diff A")
    assert.equal("diff --git a/lib/dish b/lib/dish\nnew file mode 100644\n" ..
      DIFF_OF_A:gsub("%-%-%- a/seed", "diff --git a/seed b/seed\n%0"), (text:gsub("index %x+%.%.%x+\n", "")))
    text = w:orket("diff B")
    assert(text:find("--- a/lib/dish\n+++ b/lib/dish\n@@ -1,2 +1,2 @@\n salt\n-pepper\n\\ No newline at end of file\n+pepper\n", 1, true), text)
  end)

  it("prints for an epic what all its cards changed, which patch applies to its first files", function()
    w:write("first/seed", "one\ntwo\nthree\n")
    local text = orket.shell(string.format("cd %s/first && %s diff -C .. ep | patch -p1 2>&1; cat lib/dish seed", w.dir, w.binary))
    assert(text:find("salt\npepper\none\nTWO\nthree\n", 1, true), text)
    assert(not text:find("untouched", 1, true), text)
  end)

  it("counts lines with --stat and gives both as data with --json", function()
    assert.equal("added    +2 -0        lib/dish\nchanged  +1 -1        seed\n2 files, +3 -1\n",
      (w:orket("diff --stat A")))
    local data = cjson.decode((w:orket("diff --json A")))
    assert.equal("A", data.card)
    assert.same({ "added", "changed" }, { data.files[1].status, data.files[2].status })
    assert.equal(DIFF_OF_A, data.files[1].diff .. data.files[2].diff)
  end)

  it("spells out on a terminal what would steer it", function()
    local text = orket.shell(string.format("cd %s && NO_COLOR=1 script -qec '%s diff B' /dev/null", w.dir,
      w.binary))
    assert(text:find("␛[31m", 1, true) and text:find("evil⟨U+202E⟩", 1, true), text)
    assert(not text:find("\27[31m", 1, true))
  end)

  it("shows an earlier state for CARD@EVENT and refuses events before the card", function()
    local writes = w:events("file.written")
    local first
    for _, event in ipairs(writes) do
      first = first or event.card == "A" and event.seq or nil
    end
    assert.equal("added    +2 -0        lib/dish\n1 files, +2 -0\n",
      (w:orket("diff --stat A@" .. math.tointeger(first))))
    local text, code = w:orket("diff A@0")
    assert.equal(1, code, text)
    text, code = w:orket("diff A@soup")
    assert.equal(1, code, text)
  end)
end)

describe("orket checkout", function()
  local w
  before_each(function() w = made() end)
  after_each(function() w:__close() end)

  it("writes an epic's files out when workspace/ is gone, and run names it", function()
    os.execute("rm -r " .. w.dir .. "/workspace")
    local text, code = w:orket("checkout ep out")
    assert.equal(0, code, text)
    assert.equal("4 files of ep are in out\n", text)
    assert.equal("salt\npepper\n", w:read("out/lib/dish"))
    assert.equal("one\nTWO\nthree\n", w:read("out/seed"))
    assert.equal("as it was\n", w:read("out/untouched"))
    assert((w:run()):find("orket checkout ep DIR writes its files out", 1, true))
  end)

  it("writes a card's files, and those of an event, with the hash of the tree as data", function()
    local data = cjson.decode((w:orket("checkout --json A out")))
    assert.equal(3, data.files)
    assert.equal("salt\npepper", w:read("out/lib/dish"))
    for _, event in ipairs(w:events("verify.done")) do
      assert(event.card ~= "A" or event.body.tree == data.tree)
    end
    local turn = w:events("turn.prompted")[1]
    assert.equal(0, select(2, w:orket("checkout A@" .. math.tointeger(turn.seq) .. " early")))
    assert.equal("one\ntwo\nthree\n", w:read("early/seed"))
    assert(not w:exists("early/lib/dish"))
  end)

  it("refuses a directory that holds something, and leaves other files with --force", function()
    w:write("out/mine", "mine")
    w:write("out/seed", "old")
    local text, code = w:orket("checkout A out")
    assert.equal(1, code)
    assert(text:find("ERR_EXISTS: out is not empty", 1, true), text)
    assert.equal("old", w:read("out/seed"))
    assert.equal(0, select(2, w:orket("checkout --force A out")))
    assert.equal("one\nTWO\nthree\n", w:read("out/seed"))
    assert.equal("mine", w:read("out/mine"))
  end)

  it("follows no link out of the directory", function()
    w:write("outside/dish", "mine")
    os.execute(string.format("mkdir %s/out && ln -s ../outside %s/out/lib", w.dir, w.dir))
    local text, code = w:orket("checkout --force A out")
    assert.equal(1, code, text)
    assert(text:find("lib/dish", 1, true) and text:find("0 of 3 files are in out", 1, true), text)
    assert.equal("mine", w:read("outside/dish"))
    os.execute(string.format("rm %s/out/lib; mkdir %s/out/lib; ln -s ../../outside/dish %s/out/lib/dish",
      w.dir, w.dir, w.dir))
    w:orket("checkout --force A out")
    assert.equal("mine", w:read("outside/dish"))
  end)

  it("writes nothing outside of the directory for paths of a hostile database", function()
    for i, path in ipairs({ "../escaped", "/tmp/escaped-" .. w.dir:gsub("%W", ""), "lib/../../escaped" }) do
      w:sql("UPDATE tree_file SET path = '" .. path
        .. "' WHERE tree = 'A' AND from_seq = (SELECT max(from_seq) FROM tree_file WHERE tree = 'A')")
      local text, code = w:orket("checkout A out" .. i)
      assert.equal(1, code, text)
      assert(text:find("files are in out" .. i, 1, true), text)
    end
    assert(not w:exists("escaped"))
    assert.is_nil(io.open("/tmp/escaped-" .. w.dir:gsub("%W", "")))
  end)

  it("makes no directory for a card that there is not", function()
    local text, code = w:orket("checkout nothing out")
    assert.equal(1, code)
    assert(text:find("there is no card 'nothing'", 1, true), text)
    assert(not os.rename(w.dir .. "/out", w.dir .. "/other"))
  end)
end)
