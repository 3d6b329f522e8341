-- memory.lua: what it costs to look among N= (100000) remembered rows of one epic: QUERIES= (1000) texts of 3 to 12 words,
-- drawn as words are drawn in texts (few are everywhere, many are rare), each as a turn asks (processor time): the words counted, rows
-- ranked by BM25, the newest added. All of it is asked of the store by trusted code, as lua/orket/turn/prompt.lua does.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local world = dofile("tests/support/world.lua")

local count, queries = measure.number("N", 100000), measure.number("QUERIES", 1000)

local MAIN = [[
local async, errors, memory = require("orket.async"), require("orket.errors"), require("orket.memory")
local cjson, projects, sys = require("cjson"), require("orket.project"), require("orket.core.sys")
local COUNT, QUERIES, WORDS = %d, %d, 20000

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

local function ask(store)
  local took, found = {}, 0
  for i = 1, QUERIES do
    local words = text(3, 12)
    local began = os.clock()
    local rows = memory.candidates(store, { epic = "ep", card = "A", role = "coder" }, words)
    took[i] = os.clock() - began
    found = found + ((rows[1] or {}).rank and 1 or 0)
  end
  table.sort(took)
  return { p50 = took[QUERIES // 2], p99 = took[QUERIES * 99 // 100], most = took[QUERIES], found = found }
end

return function(argv)
  return async.main(function(...)
    local project <close> = assert(projects.open(argv[1], { own = true }))
    local began = sys.monotonic()
    fill(project.store)
    local filled = sys.monotonic() - began
    local figures = ask(project.store)
    figures.filled = filled
    print(cjson.encode(figures))
    return 0
  end)
end
]]

local w <close> = world.new({ issues = { { id = "A" } }, mock = "function work() return say(finish()) end" })
assert(select(2, w:orket("sync")) == 0)
w:write(".bench/orket/main.lua", MAIN:format(count, queries))
local figures = cjson.decode((measure.shell(("ORKET_LUA=%s/.bench %s %s"):format(w.dir, measure.orket, w.dir))))
measure.figure(("rows noted, of %d"):format(count), count / figures.filled, "per s")
measure.figure("candidates for a text, p50", figures.p50 * 1000, "ms")
measure.figure("candidates for a text, p99", figures.p99 * 1000, "ms", { most = 5 })
measure.figure("texts that found something", figures.found / queries * 100, "%")
measure.bench(figures)
