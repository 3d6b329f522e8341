-- turns.lua: what a durable step costs beside the least it can cost, measured in the same minute: CPU and
-- rate at C= (100) cards at once, and the rate at ten times as many. N= is the number of cards of a run
-- (2000), REPS= how often; the medians are printed, and the medians of the ratios of each repetition.

local measure = dofile("bench/measure.lua")

local count, at_once, reps = measure.number("N", 2000), measure.number("C", 100), measure.number("REPS", 3)

local directory <close> = measure.directory()
local model <close> = measure.model(directory)

local columns = {}
local function note(name, value)
  columns[name] = columns[name] or {}
  table.insert(columns[name], value)
end

for _ = 1, reps do
  local limit = measure.limit(directory, model.url, 3 * count, at_once)
  local turns = measure.turns(directory, model.url, count, at_once)
  local wide = measure.turns(directory, model.url, count, 10 * at_once)
  note("limit_cpu_ms", limit.cpu_ms)
  note("limit_rate", limit.rate)
  note("cpu_ms", turns.cpu_ms)
  note("rate", turns.rate)
  note("wide_cpu_ms", wide.cpu_ms)
  note("wide_rate", wide.rate)
  note("cpu_ratio", turns.cpu_ms / limit.cpu_ms)
  note("rate_ratio", turns.rate / limit.rate)
  note("wide_ratio", wide.rate / turns.rate)
end

local figures = { cards = count, at_once = at_once, reps = reps }
for name, values in pairs(columns) do
  figures[name] = measure.median(values)
end

measure.figure("bare limit, CPU per step", figures.limit_cpu_ms, "ms")
measure.figure("bare limit, rate", figures.limit_rate, "steps/s")
measure.figure(("orket, CPU per step, %d at once"):format(at_once), figures.cpu_ms, "ms", { most = 0.35 })
measure.figure(("orket, rate, %d at once"):format(at_once), figures.rate, "steps/s", { least = 5000 })
measure.figure(("orket, CPU per step, %d at once"):format(10 * at_once), figures.wide_cpu_ms, "ms")
measure.figure(("orket, rate, %d at once"):format(10 * at_once), figures.wide_rate, "steps/s")
measure.figure("CPU, orket over bare limit", figures.cpu_ratio, "times")
measure.figure("rate, orket over bare limit", figures.rate_ratio, "times")
measure.figure(("rate, %d over %d at once"):format(10 * at_once, at_once), figures.wide_ratio, "times",
  { least = 0.9 })
measure.bench(figures)
