-- memory.lua: what it costs to look among N= (100000) remembered rows of one epic: QUERIES= (1000) texts of 3
-- to 12 words, drawn as words are drawn in texts (few are everywhere, many are rare), each as a turn asks
-- (processor time): the words counted, rows ranked by BM25, the newest added; the same for the most frequent
-- words alone. All of it is asked of the store by trusted code, as lua/orket/turn/context/prompt.lua does.
-- Then what it costs to hold vectors against one.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local world = dofile("tests/support/world.lua")

local count, queries = measure.number("N", 100000), measure.number("QUERIES", 1000)

local MAIN = [[
local async, errors, memory = require("orket.async"), require("orket.errors"), require("orket.memory.memory")
local cjson, projects, sys = require("cjson"), require("orket.project.project"), require("orket.core.sys")
local vectors = require("orket.core.vectors")
local COUNT, QUERIES, WORDS, FREQUENT = %d, %d, 20000, 200

-- The same numbers each time.
local seed = 1
local function random(n)
  seed = (seed * 1103515245 + 12345) %% 2147483648
  return seed // 65536 %% n + 1
end

-- Word n is n times as rare as the first one.
local function word()
  return "w" .. math.floor(WORDS ^ (random(32768) / 32768))
end

local function text(least, most)
  local words = {}
  for i = 1, least + random(most - least + 1) - 1 do
    words[i] = word()
  end
  return table.concat(words, " ")
end

local function fill(store)
  local stream = store:stream({ run = "board", turn = 0, actor = "human:bench", role = "human" })
  for done = 0, COUNT - 1, 5000 do
    local tx = stream:begin()
    for _ = 1, math.min(5000, COUNT - done) do
      tx:event("memory.noted", "A", { text = text(8, 30) })
    end
    assert(errors.check(async.await(tx.commit, tx)))
  end
end

-- Five to ten of the most frequent words, of which every other one is in most rows.
local function frequent()
  local words = {}
  for i = 1, 4 + random(6) do
    words[i] = "w" .. math.floor(FREQUENT ^ (random(32768) / 32768))
  end
  return table.concat(words, " ")
end

local function ask(store, question)
  local took, found = {}, 0
  for i = 1, QUERIES do
    local words = question()
    local began = os.clock()
    local rows = memory.candidates(store, { epic = "ep", card = "A", role = "coder" }, words)
    took[i] = os.clock() - began
    found = found + ((rows[1] or {}).rank and 1 or 0)
  end
  table.sort(took)
  return { p50 = took[QUERIES // 2], p99 = took[QUERIES * 99 // 100], most = took[QUERIES], found = found }
end

-- COUNT texts' vectors of 1,024 numbers, read and held against one.
local function near(dir, count)
  local texts, floats, took = {}, {}, {}
  for i = 1, count do
    texts[i] = "text " .. i
  end
  for n = 1, 1024 do
    floats[n] = (random(2001) - 1001) / 32000
  end
  local one = string.pack("<" .. ("f"):rep(1024), table.unpack(floats))
  local kept = assert(vectors.open(dir .. "/vectors." .. count))
  assert(kept:put("m", texts, one:rep(count)))
  for i = 1, 100 do
    local began = os.clock()
    assert(#assert(kept:near("m", texts, one)) == count)
    took[i] = os.clock() - began
  end
  kept:close()
  table.sort(took)
  return { p50 = took[50], p99 = took[99] }
end

return function(argv)
  return async.main(function(...)
    local project <close> = assert(projects.open(argv[1], { own = true }))
    local began = sys.monotonic()
    fill(project.store)
    local filled = sys.monotonic() - began
    local figures = ask(project.store, function()
      return text(3, 12)
    end)
    figures.filled, figures.frequent = filled, ask(project.store, frequent)
    figures.near, figures.best = near(argv[1], 1200), near(argv[1], 200)
    print(cjson.encode(figures))
    return 0
  end)
end
]]

local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
assert(select(2, w:orket("sync")) == 0)
w:write(".bench/orket/main.lua", MAIN:format(count, queries))
local figures = cjson.decode((measure.shell(("ORKET_LUA=%s/.bench %s %s"):format(w.dir, measure.orket,
  w.dir))))
measure.figure(("rows noted, of %d"):format(count), count / figures.filled, "per s")
measure.figure("candidates for a text, p50", figures.p50 * 1000, "ms")
measure.figure("candidates for a text, p99", figures.p99 * 1000, "ms", { most = 5 })
measure.figure("texts that found something", figures.found / queries * 100, "%")
measure.figure("the same for frequent words, p50", figures.frequent.p50 * 1000, "ms")
measure.figure("the same for frequent words, p99", figures.frequent.p99 * 1000, "ms", { most = 5 })
measure.figure("the same for frequent words, longest", figures.frequent.most * 1000, "ms")
for name, one in pairs({ ["1,200"] = figures.near, ["200"] = figures.best }) do
  measure.figure(name .. " vectors of 1,024 numbers, p50", one.p50 * 1000, "ms")
  measure.figure(name .. " vectors of 1,024 numbers, p99", one.p99 * 1000, "ms")
end
measure.bench(figures)
