-- window.lua: what a window costs: turns of N= (500) steps whose conversation does not fit into CONTEXT=
-- (8192) tokens, beside the same turns with room for all of it, and turns that never come near their window
-- beside those without one. CPU of a step is the program's own, start-up taken out by the difference of two
-- lengths; REPS= (3), medians.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local team = dofile("bench/team.lua")

local steps, context, reps = measure.number("N", 500), measure.number("CONTEXT", 8192),
  measure.number("REPS", 3)
local directory <close> = measure.directory()

-- A step writes or reads back; which one it is stands in the newest call, wherever older ones have gone.
local WORK = [[
local inner = reply
function reply(request)
  if request.messages[1].content:find("You sum up", 1, true) then
    return { content = "files were written and read" }
  end
  return inner(request)
end
local function newest(request)
  for i = #request.messages, 1, -1 do
    local call = (request.messages[i].tool_calls or {})[1]
    if call then
      return tonumber(call.id:match("(%d+)$"))
    end
  end
  return 0
end
local before = reply
function reply(request)
  if request.messages[1].content:find("You are a programmer", 1, true) then
    local n = newest(request) + 1
    if n > STEPS then
      return finish()
    end
    local path = "f" .. n // 2 % 7
    local one = n % 2 == 0 and call("write_file", { path = path, content = n .. (" some text"):rep(40) })
      or call("list_directory", { path = "." })
    one.id = "step_" .. n
    return { content = "step " .. n, calls = { one } }
  end
  return before(request)
end
function work()
  return finish()
end
]]

local function project(length, profile)
  local mock, url = team.serve(directory, (WORK:gsub("STEPS", length)))
  local dir = team.project(directory, url, { count = 1, concurrency = 1 })
  local organization = cjson.decode(measure.read(dir .. "/config/organization.json"))
  for key, value in pairs(profile) do
    organization.models.m[key] = value
  end
  organization.process_rules.limits.steps = length + 10
  organization.process_rules.limits.repeats = length + 10
  team.write(dir .. "/config/organization.json", cjson.encode(organization))
  return dir, mock
end

-- CPU milliseconds, peak KB, and the times that the conversation was made shorter.
local function run(length, profile)
  local dir, mock <close> = project(length, profile)
  local spent = measure.spend(1, ("%s run --plain -C %s ep"):format(measure.orket, dir))
  local log = measure.shell(("%s log --json -n 100000 -C %s"):format(measure.orket, dir))
  assert(log:find('"to":"done"', 1, true), "the card is not done")
  return spent.cpu_ms, spent.peak_kb, select(2, log:gsub('"kind":"window%.compacted"', ""))
end

local function median_of(length, profile)
  local cpu, peak, times = {}, {}, 0
  for i = 1, reps do
    cpu[i], peak[i], times = run(length, profile)
  end
  return measure.median(cpu), measure.median(peak), times
end

local figures = { steps = steps, context = context }
for name, profile in pairs({
  window = { context = context, max_tokens = 1024 },
  listed = { context = context, max_tokens = 1024, summarise = false },
  wide = { context = 10000000, max_tokens = 1024 }, none = {},
}) do
  local short = median_of(steps // 10, profile)
  local long, peak, times = median_of(steps, profile)
  figures[name .. "_ms"], figures[name .. "_mb"],
    figures[name .. "_times"] = (long - short) / (steps - steps // 10), peak / 1024, times
end

-- Later steps cost what earlier ones do, and no more memory. A turn makes 1,000 calls at most.
local longer = math.min(steps * 19 // 10, 990)
local half = median_of(steps // 2, { context = context, max_tokens = 1024 })
local whole, peak = median_of(steps, { context = context, max_tokens = 1024 })
local double, double_peak = median_of(longer, { context = context, max_tokens = 1024 })
figures.growth = (double - whole) / (longer - steps) / (math.max(0.001, whole - half) / (steps - steps // 2))
figures.peak_growth_mb = (double_peak - peak) / 1024

measure.figure("a step without a window, all of it sent", figures.none_ms, "ms of CPU")
measure.figure("a step with a window that is never full", figures.wide_ms, "ms of CPU")
measure.figure("a step in " .. context .. " tokens", figures.window_ms, "ms of CPU")
measure.figure("  made shorter", figures.window_times, "times")
measure.figure("a step in them, nobody sums up", figures.listed_ms, "ms of CPU")
measure.figure("peak memory without a window", figures.none_mb, "MB")
measure.figure("peak memory in " .. context .. " tokens", figures.window_mb, "MB")
measure.figure("cost of a late step, to that of an earlier one", figures.growth, "", { most = 1.3 })
measure.figure("memory of nearly twice as many steps more", figures.peak_growth_mb, "MB", { most = 3 })
measure.bench(figures)
