-- tree_spec.lua: trees of cards and epics: starts, changes, merges, conflicts, the disk.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- What every chunk sees: a project of its own, cards, and a way to work on them.
local WORLD = orket.read("tests/support/probes/tree_world.lua")
local MAIN = "\nasync.main(function()\n  open()\n%s\n  project.store:close()\n  return 0\nend)"

describe("orket.workspace.tree", function()
  local dir

  before_each(function()
    dir = orket.directory()
  end)

  after_each(function()
    orket.remove(dir)
  end)

  local function probe(chunk)
    return orket.probe(WORLD .. MAIN:format(chunk), "DIR=" .. dir .. " ")
  end

  local function check(expected, chunk)
    assert.equal(expected .. "\n", (probe(chunk)))
  end

  it("gives each card a directory of its own and the epic what they made", function()
    check("clean clean|a=1 b/c=2|a=1|b/c=2", [[
      card("A") card("B")
      print(finish("A", { a = "1" }) .. " " .. finish("B", { ["b/c"] = "2" }) .. "|" .. show(EPIC) .. "|"
        .. files("A") .. "|" .. files("B"))]])
  end)

  it("starts a card from what it depends on, and from nothing else", function()
    check("a=1 b=2|a=1|", [[
      card("A") card("B", { "A" }) card("C", { "B" }) card("D", { "A" }) card("X") card("Y")
      finish("A", { a = "1" }) finish("X", { x = "9" }) finish("B", { b = "2" })
      print(files("C") .. "|" .. files("D") .. "|" .. files("Y"))]])
  end)

  it("merges different lines of one file, whoever finishes first", function()
    for _, order in ipairs({ '"A", "B"', '"B", "A"' }) do
      orket.remove(dir)
      dir = orket.directory()
      check("clean clean|f=x|2|3|4|y||f=x|2|3|4|y|", ([[
        card("S") card("A", { "S" }) card("B", { "S" }) card("C", { "A", "B" })
        finish("S", { f = "1\n2\n3\n4\n5\n" })
        work("A", { f = "x\n2\n3\n4\n5\n" }) work("B", { f = "1\n2\n3\n4\ny\n" })
        local first, second = %s
        print(merge(first) .. " " .. merge(second) .. "|" .. show(EPIC) .. "|" .. files("C"))]]):format(order))
    end
  end)

  it("hands a conflict back to the card, and takes what it makes of it", function()
    check("f|f=<<<<<<< B|y|=======|x|>>>>>>> E||f=x||clean|f=xy||f=xy|", [[
      card("S") card("A", { "S" }) card("B", { "S" }) card("C", { "A", "B" })
      finish("S", { f = "1\n" }) finish("A", { f = "x\n" })
      local conflicts = finish("B", { f = "y\n" })
      local marked, epic = files("B"), show(EPIC)
      print(conflicts .. "|" .. marked .. "|" .. epic .. "|" .. finish("B", { f = "xy\n" }) .. "|" .. show(EPIC)
        .. "|" .. files("C"))]])
  end)

  it("asks before a deletion meets a change", function()
    check("f|f=2|clean|f=2|g|g=2|clean|f=2 g=2", [[
      card("S") card("A", { "S" }) card("B", { "S" }) card("C", { "S" }) card("D", { "S" })
      finish("S", { f = "1", g = "1" }) finish("A", { f = "2" })
      local one = finish("B", { f = false, g = false })
      local two, three, epic = show("workspace/E/cards/B"), merge("B"), show(EPIC)
      local four = finish("C", { g = "2" })
      local five = show("workspace/E/cards/C"):match("g=2")
      print(table.concat({ one, two, three, epic, four, five, merge("C"), show(EPIC) }, "|"))]])
  end)

  it("does not merge binary bytes by line", function()
    check("b|clean|3", [[
      card("S") card("A", { "S" }) card("B", { "S" })
      finish("S", { b = "\0001" }) finish("A", { b = "\0002" })
      print(finish("B", { b = "\0003" }) .. "|" .. merge("B") .. "|"
        .. project.root:read("workspace/E/tree/b"):sub(2))]])
  end)

  it("starts from the files that lay in the epic's directory", function()
    orket.write(dir .. "/workspace/E/tree/src/seed", "s")
    check("src/seed=s|a=1 src/seed=t|src/seed=s|a=1 src/seed=t", [[
      card("A") card("B")
      local first = files("A")
      finish("A", { a = "1", ["src/seed"] = "t" })
      local epic = show(EPIC)
      local other = files("B")
      reopen()
      assert(project.root:write("workspace/E/tree/src/seed", "edited"))
      tree("B"):close()
      print(first .. "|" .. epic .. "|" .. other .. "|" .. show(EPIC))]])
  end)

  it("makes the directory equal to the journal again", function()
    check("a=1 d/b=2", [[
      card("A")
      work("A", { a = "1", ["d/b"] = "2" })
      local root = assert(project.root:beneath("workspace/E/cards/A"))
      root:write("a", "broken") root:write("__pycache__/x", "") root:write("stray", "")
      root:delete("d/b") root:delete("d") root:write("d", "a file in the way")
      os.execute("cd " .. dir .. "/workspace/E/cards/A && ln -s a link && rm a && mkdir -p a/deep && touch a/deep/x && ln -s /etc etc")
      print(files("A"))]])
  end)

  -- All that was kept below a place, in the order of times.
  local KEPT = [[
    local function kept(place)
      local root <close> = assert(project.root:beneath(".orket/kept/" .. place))
      local parts = {}
      for _, time in ipairs(root:list(".")) do
        parts[#parts + 1] = show(".orket/kept/" .. place .. "/" .. time.name)
      end
      return table.concat(parts, ";")
    end ]]

  it("keeps a person's files aside before the directory of a card is made equal to the journal", function()
    check("a=1 d/b=2|a=mine d=in the way new/note=text|tree.kept A 3|a=again|2", KEPT .. [[
      card("A")
      work("A", { a = "1", ["d/b"] = "2" })
      local root = assert(project.root:beneath("workspace/E/cards/A"))
      root:write("a", "mine") root:write("new/note", "text")
      root:delete("d/b") root:delete("d") root:write("d", "in the way")
      local now, first = files("A"), kept("E/A")
      local event = project.store:read("last_events", { card = "A", kind = "tree.kept", limit = 1 })[1]
      root:write("a", "again")
      files("A") files("A")
      print(now .. "|" .. first .. "|" .. event.kind .. " " .. event.card .. " " .. math.tointeger(event.body.count)
        .. "|" .. kept("E/A"):match("[^;]*$") .. "|" .. #project.store:read("last_events", { card = "A", kind = "tree.kept", limit = 9 }))]])
  end)

  it("does not keep bytes that the journal has, a file that was being written when the process was killed, and no link", function()
    check("a=2 b=a text new=of the card|false", [[
      card("A")
      work("A", { a = "1" }) work("A", { a = "2", b = "a text", new = "of the card" })
      local root = assert(project.root:beneath("workspace/E/cards/A"))
      root:write("a", "1") root:write("copy", "2") root:write("b", "a t") root:write("new", "")
      os.execute("cd " .. dir .. "/workspace/E/cards/A && ln -s /etc/hostname link && mkfifo pipe")
      print(files("A") .. "|" .. tostring(project.root:beneath(".orket/kept") ~= nil))]])
  end)

  it("keeps what lies in the epic's directory where a merge writes, and what was edited there", function()
    check("a=1 more=mine|a=yours|a=mine", KEPT .. [[
      card("A")
      work("A", { a = "1" })
      local epic = assert(project.root:beneath(EPIC, { create = true }))
      epic:write("a", "yours") epic:write("more", "mine")
      merge("A")
      local first = kept("E/tree")
      epic:write("a", "mine")
      reopen()
      tree("A"):close()
      print(show(EPIC) .. "|" .. first .. "|" .. kept("E/tree"):match("[^;]*$"))]])
  end)

  it("removes nothing that is too large to be kept", function()
    local text, code = probe([[
      card("A")
      work("A", { a = "1" })
      os.execute("truncate -s 65M " .. dir .. "/workspace/E/cards/A/huge")
      local opened, err = trees.open(project, project.store, { id = "A", epic = "E" })
      print(opened, err.code, err.message)
      print(project.root:kind("workspace/E/cards/A/huge"))]])
    assert.equal(0, code or 0, text)
    assert(text:find("nil%s+ERR_TOO_LARGE%s+huge in the directory of A") and text:find("\nfile\n"), text)
  end)

  it("replaces no file of the journal that a person made too large to be kept", function()
    local text, code = probe([[
      card("A")
      work("A", { a = "1" })
      os.execute("truncate -s 65M " .. dir .. "/workspace/E/cards/A/a")
      local opened, err = trees.open(project, project.store, { id = "A", epic = "E" })
      print(opened, err.code, err.message)
      os.execute("stat -c %s " .. dir .. "/workspace/E/cards/A/a")]])
    assert.equal(0, code or 0, text)
    assert(text:find("nil%s+ERR_TOO_LARGE%s+a in the directory of A") and text:find("68157440", 1, true),
      text)
  end)

  it("merges over no file of a person's that is too large to be kept, and records what it kept before",
    function()
    local text, code = probe(KEPT .. [[
      card("A")
      work("A", { a = "1", b = "2" })
      local epic = assert(project.root:beneath(EPIC, { create = true }))
      epic:write("a", "mine")
      os.execute("truncate -s 65M " .. dir .. "/" .. EPIC .. "/b")
      local at <close> = tree("A")
      local tx = project.board:begin()
      assert(at:merge(tx))
      assert(commit(tx))
      local ok, err = at:publish()
      print(ok, err.code, err.message)
      os.execute("stat -c %s " .. dir .. "/" .. EPIC .. "/b")
      print(kept("E/tree"), #project.store:read("last_events", { card = "E", kind = "tree.kept", limit = 9 }))]])
    assert.equal(0, code or 0, text)
    assert(text:find("nil%s+ERR_TOO_LARGE%s+b in the directory of E") and text:find("68157440", 1, true),
      text)
    assert(text:find("a=mine%s+1\n"), text)
  end)

  it("removes from the epic's directory no file that is too large to be kept", function()
    local text, code = probe([[
      card("A") card("B", { "A" })
      finish("A", { a = "1" })
      finish("B", { a = false })
      os.execute("truncate -s 65M " .. dir .. "/" .. EPIC .. "/a")
      reopen()
      local opened, err = trees.open(project, project.store, { id = "A", epic = "E" })
      print(opened, err and err.code, err and err.message)
      os.execute("stat -c %s " .. dir .. "/" .. EPIC .. "/a")]])
    assert.equal(0, code or 0, text)
    assert(text:find("nil%s+ERR_TOO_LARGE%s+a in the directory of E") and text:find("68157440", 1, true),
      text)
  end)

  it("makes directories again that somebody removed", function()
    check("a=1 d/b=2|a=1 d/b=2|a=1 d/b=2", [[
      card("A")
      work("A", { a = "1", ["d/b"] = "2" })
      local shown = {}
      for i, path in ipairs({ "E/cards/A", "E/cards", "." }) do
        os.execute("cd " .. dir .. "/workspace && rm -r ../workspace/" .. path .. "/* && mkdir -p " .. path)
        shown[i] = files("A")
      end
      print(table.concat(shown, "|"))]])
  end)

  it("follows no link to a card's directory that is still to be made", function()
    assert.truthy(probe([[
      card("A") card("B")
      work("A", { a = "1" })
      os.execute("cd " .. dir .. "/workspace/E/cards && ln -s ../../outside B")
      print(select(2, trees.open(project, project.store, { id = "B", epic = "E" })).code)
      print(project.root:kind("outside"))]]):find("^ERR_PATH\nnil"))
  end)

  it("publishes what a card wrote, whatever became of its files since", function()
    check("16384", [[
      card("A")
      local at <close> = tree("A")
      local tx = project.board:begin()
      local texts = { few = "1", fills = ("x"):rep(16383), over = ("y"):rep(16384), ["over too"] = "2" }
      for _, path in ipairs({ "few", "fills", "over", "over too" }) do
        local blob = tx:blob(texts[path])
        at:remember(blob, texts[path])
        at:changed(tx, path, blob)
        assert(at.root:write(path, "somebody else's"))
      end
      assert(commit(tx))
      local kept = 0
      for _, bytes in pairs(at.recent) do kept = kept + #bytes end
      local merging = project.board:begin()
      assert(not assert(at:merge(merging)).conflicts)
      assert(commit(merging))
      assert(at:publish())
      for path, text in pairs(texts) do
        assert(project.root:read(EPIC .. "/" .. path) == text, path)
      end
      print(kept)]])
  end)

  it("hashes what a tree holds, and nothing else", function()
    check("true", [[
      card("A") card("B") card("C")
      work("A", { x = "1", y = "2" }) work("B", { y = "2" }) work("B", { x = "0" }) work("B", { x = "1" })
      work("C", { x = "2", y = "1" })
      local a, b, c = tree("A"):hash(), tree("B"):hash(), tree("C"):hash()
      print(a == b and #a == 64 and a ~= c)]])
  end)

  it("loses no update when many finish at once", function()
    check("40 1|2", [[
      card("S")
      local lines = {}
      for i = 1, 200 do lines[i] = "line " .. i end
      finish("S", { f = table.concat(lines, "\n") .. "\n" })
      local tasks = {}
      for i = 1, 40 do card("C" .. i, { "S" }) end
      for i = 1, 40 do
        tasks[i] = async.spawn(function()
          local mine = table.move(lines, 1, 200, 1, {})
          mine[i * 5] = "by " .. i
          return finish("C" .. i, { f = table.concat(mine, "\n") .. "\n", ["own/" .. i] = "1" })
        end)
      end
      local clean = 0
      for i = 1, 40 do clean = clean + (async.join(tasks[i]) == "clean" and 1 or 0) end
      local text = assert(project.root:read("workspace/E/tree/f"))
      for i = 1, 40 do assert(text:find("by " .. i .. "\n", 1, true)) end
      print(clean .. " " .. #project.root:walk("workspace/E/tree/own") // 40 .. "|" .. #project.root:list("workspace/E/tree"))]])
  end)

  it("refuses a merge into a state that is not there any more", function()
    assert.truthy(probe([[
      card("A")
      local tx = project.board:begin()
      tx:event("tree.merged", "A", { into = "E", was = "elsewhere", hash = "x", changes = setmetatable({}, cjson.empty_array_mt) })
      print(select(2, commit(tx)).code)]]):find("ERR_STALE", 1, true))
  end)

  it("keeps odd ids apart and inside", function()
    check("a=1|a=2|a=3", [[
      card("../up") card("x/y", {}, "..") card(".orket-tmp-1")
      work("../up", { a = "1" }) work("x/y", { a = "2" }, "..") work(".orket-tmp-1", { a = "3" })
      print(files("../up") .. "|" .. files("x/y", "..") .. "|" .. files(".orket-tmp-1"))]])
    assert.equal("workspace\n.orket\n", (orket.shell("cd " .. dir .. " && ls -At | sort -r")))
  end)

  it("lets go of directories when many agents wait, and finds them again", function()
    check("nil\ttrue\ttrue\t1", [[
      card("A")
      local at <close> = tree("A")
      local root = at.root
      at:rest()
      assert(at.root == root and project.open_trees == 1)
      work("A", { a = "1" })
      project.open_trees = project.open_trees + 1000000
      at:rest()
      local rested = at.root
      local awake = at:wake()
      project.open_trees = project.open_trees - 1000000
      print(rested, awake == at.root, at:wake() == awake, awake:read("a"))
      at:close()
      assert(project.open_trees == 0)]])
  end)

  it("lets others go on when a task raised while it held a name", function()
    check("broken held", [[
      local hold = require("orket.workspace.hold")
      local holds = hold.new()
      local _, err = async.within(9, function()
        local held <close> = hold.take(holds, "E")
        error({ code = "ERR_MEMORY", message = held and "broken" })
      end)
      local held <close> = hold.take(holds, "E")
      print(err.message .. (held and " held" or ""))]])
  end)

  it("tells an epic's directory that cannot be opened, instead of starting from nothing", function()
    check("ERR_NOT_DIR", [[
      assert(project.root:write("workspace/E/tree", "a file"))
      card("A")
      print(select(2, trees.open(project, project.store, { id = "A", epic = "E" })).code)]])
  end)

  it("carries a chain of cards", function()
    local text = probe([[
      local before = os.clock()
      card("C0")
      finish("C0", { f0 = "0" })
      for i = 1, 60 do
        card("C" .. i, { "C" .. i - 1 })
        assert(finish("C" .. i, { ["f" .. i] = "x" }) == "clean")
      end
      print(#project.root:list("workspace/E/cards/C60"))]])
    assert.equal("61\n", text)
  end)

  it("answers the same through orket check", function()
    probe([[
      card("S") card("A", { "S" }) card("B", { "S" })
      finish("S", { f = "1\n" }) finish("A", { f = "x\n" }) finish("B", { f = "y\n" }) finish("B", { f = "z\n" })]])
    local text = orket.probe(([[
      print(require("cjson").encode(require("orket.core.store").check(%q)))]]):format(dir .. "/.orket/orket.db"))
    assert.is_true(cjson.decode(text).ok, text)
  end)
end)
