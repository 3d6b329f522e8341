-- agents.lua: what an agent weighs that waits for its model: memory of `orket bench turns` with 1 and with N=
-- (1000) and 10 N cards in flight, none of which gets a reply. The proportional set, not the resident one:
-- pages of libraries that others use as well are not ours.

local measure = dofile("bench/measure.lua")

local count = measure.number("N", 1000)
local directory <close> = measure.directory()

local function weigh(agents)
  local model <close> = measure.model(directory, 3600000)
  local work = directory:new()
  local run <close> = measure.start(("%s bench turns --issues %d --concurrency %d --llm %s --workspace %s"):format(
    measure.orket, agents, agents, model.url, work), work .. "/output")
  assert(model:holds(agents, 60 + agents // 100), "they do not all wait: " .. measure.read(work .. "/output"))
  measure.sleep(1)
  assert(model:stats().in_flight == agents, "some have given up")
  return run:kilobytes(), run:resident()
end

local one, resident = weigh(1)
local figures = { rss_mb = resident / 1024, pss_mb = one / 1024 }
measure.figure("resident memory of a run that waits", resident / 1024, "MB", { most = 16 })
for _, agents in ipairs({ count, 10 * count }) do
  local each = (weigh(agents) - one) / (agents - 1)
  figures["kb_" .. agents] = each
  measure.figure(("each of %d agents that wait"):format(agents), each, "KB", { most = 48 })
end
measure.bench(figures)
