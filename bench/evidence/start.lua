-- start.lua: how long it takes to get going: `orket version` above /bin/true, and from exec to the first
-- request that reaches the model, of `orket bench turns` and beside it of the bare limit. Medians of N= (41)
-- runs, each kind in turn, so that a busy moment hits all.

local measure = dofile("bench/measure.lua")

local reps = measure.number("N", 41)
local directory <close> = measure.directory()
local model <close> = measure.model(directory)

-- Milliseconds from exec to the first request.
local function first_request(command)
  model:reset()
  local spent = measure.spend(1, command)
  return model:stats().first_ms - spent.began_ms
end

local function once(command)
  return measure.spend(1, command).wall_ms
end

local columns = { true_ms = {}, version_ms = {}, request_ms = {}, limit_request_ms = {} }
for _ = 1, reps do
  table.insert(columns.true_ms, once("/bin/true"))
  table.insert(columns.version_ms, once(measure.orket .. " version"))
  table.insert(columns.request_ms,
    first_request(("%s bench turns --issues 1 --concurrency 1 --llm %s --workspace %s"):format(
    measure.orket, model.url, directory:new())))
  table.insert(columns.limit_request_ms, first_request(("env N=1 C=1 LLM=%s DIR=%s %s/limit"):format(
    model.url, directory:new(), measure.programs)))
end

local figures = { reps = reps }
for name, values in pairs(columns) do
  figures[name] = measure.median(values)
end
local above, ratio = figures.version_ms - figures.true_ms, figures.request_ms / figures.limit_request_ms

measure.figure("/bin/true", figures.true_ms, "ms")
measure.figure("orket version, above /bin/true", above, "ms", { most = 8 })
measure.figure("bare limit, exec to first model request", figures.limit_request_ms, "ms")
measure.figure("orket, exec to first model request", figures.request_ms, "ms", { most = 40 })
measure.figure("first request, orket over bare limit", ratio, "times")
measure.bench(figures)
