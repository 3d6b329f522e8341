-- scale.lua: large boards: 10 N cards with dependencies, loaded from their file, written to the board and
-- planned: from exec to the first request of the first turn; and a chain of N= (1000) cards, each waiting for
-- the one before, run from ready to done. The last card of the chain starts from the files of all others.

local measure = dofile("bench/measure.lua")
local world = dofile("tests/support/world.lua")

local count = measure.number("N", 1000)
local directory <close> = measure.directory()
local figures = { chain = count, cards = 10 * count }

local BUILD = [[
function work(talk)
  return say(write(talk.card .. ".txt", "made by " .. talk.card .. "\n"), finish())
end
]]

-- Cards of which each depends on the one that is `stride` before.
local function issues(n, stride)
  local all = {}
  for i = 1, n do
    all[i] = { id = "C-" .. i, depends_on = i > stride and { "C-" .. i - stride } or nil }
  end
  return all
end

do
  local model <close> = measure.model(directory, 3600000)
  local w <close> = world.new({ issues = issues(10 * count, 100), mock = BUILD })
  local validated = measure.spend(3, ("%s validate -C %s"):format(world.binary, w.dir))
  local began = tonumber((measure.shell("date +%s%3N")))
  local run <close> = measure.start(("ORKET_MODEL_URL=%s %s run -C %s --plain ep"):format(
    model.url, world.binary, w.dir), directory:new() .. "/output")
  assert(model:holds(1, 300), "no card was started: " .. measure.read(run.output))
  figures.validate_s = validated.wall_ms / 1000
  figures.plan_s = (model:stats().first_ms - began) / 1000
  measure.figure(("%d cards, loaded and checked"):format(10 * count), figures.validate_s, "s", { most = 2 })
  measure.figure(("%d cards, on the board and planned"):format(10 * count), figures.plan_s, "s", { most = 2 })
end

do
  local w <close> = world.new({ issues = issues(count, 1), mock = BUILD })
  local spent = measure.spend(1, ("env ORKET_MODEL_URL=%s %s run -C %s --plain ep"):format(
    w.url, world.binary, w.dir))
  assert(w:made("C-" .. count .. ".txt") == "made by C-" .. count .. "\n", "the last card is not done")
  assert(select(2, w:check()) == 0, "the journal is not sound")
  figures.chain_s = spent.wall_ms / 1000
  measure.figure(("a chain of %d cards, ready to done"):format(count), figures.chain_s, "s")
end
measure.bench(figures)
