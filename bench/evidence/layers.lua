-- layers.lua: a repository of N= (20000) files with CARDS= (50) cards over it: what the cards take on the disk,
-- what a card's start, a look at what a command changed, and a merge take; beside COPIES= (3) of `git worktree
-- add` and of a plain copy. How long the repository takes to come in and to go out, beside `git clone`.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local world = dofile("tests/support/world.lua")

local count = math.max(measure.number("N", 20000), 300) -- fewer have no layers
local cards, copies = measure.number("CARDS", 50), measure.number("COPIES", 3)
local directory <close> = measure.directory()
local place = world.orket.shell("realpath " .. directory:new()):gsub("%s+$", "")
local repo = place .. "/repo"
local git = "git -c user.name=P -c user.email=p@example.org -c init.defaultBranch=main -C " .. repo

local function run(command)
  local text, ok = measure.shell(command .. " 2>&1")
  assert(ok, text)
  return text
end

local function seconds(command)
  local begun = measure.now()
  run(command)
  return measure.now() - begun
end

local function megabytes(path)
  return tonumber(run("du -s --block-size=1K " .. path):match("^%d+")) / 1024
end

-- ---- the repository ----

for i = 0, count - 1 do
  if i % 100 == 0 then
    run(("mkdir -p %s/src/d%d"):format(repo, i // 100))
  end
  measure.write(("%s/src/d%d/f%d.c"):format(repo, i // 100, i), ("int f%d(void) { return %d; }\n"):format(i, i):rep(20))
end
run(("%s init -q && %s add -A && %s commit -qm first"):format(git, git, git))

-- ---- inside the binary ----

local MAIN = [[
local async, cjson, errors = require("orket.async"), require("cjson"), require("orket.errors")
local proc, sys, trees = require("orket.core.proc"), require("orket.core.sys"), require("orket.workspace.tree")
local projects = require("orket.project.project")
local project
local function commit(tx)
  assert(errors.check(async.await(tx.commit, tx)))
end
local function timed(act)
  local begun = sys.monotonic()
  local result, err = act()
  assert(result, err and errors.line(err))
  return result, (sys.monotonic() - begun) * 1000
end
local function create(id)
  local tx = project.board:begin()
  assert(tx:event("card.created", id, { type = "issue", name = id, status = "done", epic = "ep", priority = 2.0,
    depends_on = setmetatable({}, cjson.empty_array_mt) }))
  commit(tx)
end
local function open(id)
  return timed(function() return trees.open(project, project.store, { id = id, epic = "ep" }) end)
end
local function write(tree, number, files)
  local tx = project.board:begin()
  for i = 1, files do
    local path, text = ("made/%d/%d"):format(number, i), "made\n"
    assert(tree.root:write(path, text))
    tree:changed(tx, path, tx:blob(text))
  end
  commit(tx)
end
local function command(tree)
  assert(async.await(proc.run, { argv = { "sh", "-c", "echo x >> src/d0/f1.c" }, cwd_root = tree.root, env = {} }))
  return select(2, timed(function()
    assert(tree:sweep())
    local touched = assert(tree:touched())
    assert(#touched.missing == 0)
    return tree:restore()
  end))
end
local function merge(tree)
  return select(2, timed(function()
    local tx = project.board:begin()
    assert(#assert(tree:merge(tx)).changes > 0)
    commit(tx)
    return tree:publish()
  end))
end
return function()
  return async.main(function()
    project = assert(projects.open(os.getenv("DIR"), { own = true }))
    project:open_board("system")
    proc.hide({})
    local out = { start = {}, looking = {}, merge = {} }
    create("first")
    local tree, ms = open("first")
    out.first = ms
    tree:close()
    for i = 1, tonumber(os.getenv("CARDS")) do
      create("K" .. i)
      tree, out.start[i] = open("K" .. i)
      write(tree, i, i == 1 and 100 or 1)
      out.looking[i] = command(tree)
      out.merge[i] = merge(tree)
      tree:close()
    end
    local _, hash = timed(function() return tree:hash() end)
    out.hash = hash
    print(cjson.encode(out))
    return 0
  end)
end
]]

local FINISH = "function work() return say(finish()) end"
local w <close> = world.new({ issues = { { id = "A" } }, mock = FINISH, source = { repo = repo } })
local figures = { files = count, cards = cards }
figures.import_s = seconds(("cd %s && ORKET_MODEL_URL=%s %s run --plain ep"):format(w.dir, w.url, world.binary))
figures.clone_s = seconds(("git clone -q --no-local %s %s/clone"):format(repo, place))
run(("mkdir -p %s/main/orket"):format(place))
measure.write(place .. "/main/orket/main.lua", MAIN)
local out = cjson.decode(run(("DIR=%s CARDS=%d ORKET_LUA=%s/main %s"):format(w.dir, cards, place, world.binary)))
figures.base_mb, figures.cards_mb = megabytes(w.dir .. "/.orket/bases"), megabytes(w.dir .. "/workspace")
figures.export_s = seconds(("cd %s && %s branch ep"):format(w.dir, world.binary))

-- ---- beside it ----

figures.worktree_s, figures.copy_s = 0, 0
for i = 1, copies do
  figures.worktree_s = figures.worktree_s + seconds(("%s worktree add -q --detach %s/tree%d"):format(git, place, i)) / copies
  figures.copy_s = figures.copy_s + seconds(("cp -a %s/src %s/copy%d"):format(repo, place, i)) / copies
end
figures.copy_mb = megabytes(place .. "/copy1")

figures.first_ms, figures.hash_ms = out.first, out.hash
figures.start_ms, figures.looking_ms = measure.median(out.start), measure.median(out.looking)
figures.merge_100_ms = table.remove(out.merge, 1)
figures.merge_ms = measure.median(out.merge)
measure.figure("the base on the disk", figures.base_mb, "MB", { most = 1.2 * figures.copy_mb })
measure.figure(("what %d cards have over it"):format(cards), figures.cards_mb, "MB", { most = 0.05 * figures.base_mb + 1 })
measure.figure("a plain copy, as one of worktree add", figures.copy_mb, "MB")
measure.figure("the first card of a process, with the seed read", figures.first_ms, "ms")
measure.figure("a card's start", figures.start_ms, "ms", { most = 20 })
measure.figure("git worktree add", 1000 * figures.worktree_s, "ms")
measure.figure("cp -a", 1000 * figures.copy_s, "ms")
measure.figure("what a command changed, found and taken back", figures.looking_ms, "ms")
measure.figure("a merge of one changed file", figures.merge_ms, "ms")
measure.figure("a merge of 100", figures.merge_100_ms, "ms")
measure.figure("the hash of the tree", figures.hash_ms, "ms")
measure.figure("a run of one card, the repository imported", figures.import_s, "s")
measure.figure("orket branch", figures.export_s, "s")
measure.figure("git clone", figures.clone_s, "s")
measure.bench(figures)
