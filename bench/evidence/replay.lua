-- replay.lua: runs of N= (300) cards at concurrency 1, 4 and 32, the last one killed on its way, derived
-- again by `orket replay`, with and without --strict, with the present scripts, the present configuration at
-- concurrency 1, 4 and 32, for one card alone, and by the binary of another compiler when there is one
-- (OTHER, build/clang/orket): always the recorded hash. How many events a second.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local team = dofile("bench/team.lua")

local count = measure.number("N", 300)
local other = os.getenv("OTHER") or "build/clang/orket"
local directory <close> = measure.directory()

local WORK = [[
function work(said)
  if said == 0 then
    return { calls = { call("write_file", { path = "notes.txt", content = "one\ntwo\n" }) } }
  elseif said == 1 then
    return { calls = { call("read_file", { path = "notes.txt" }), call("write_file", { path = "done.txt", content = "x" }) } }
  end
  return finish()
end
]]

local function replay(binary, dir, mode)
  local text = measure.shell(("%s replay -C %s --json %s ep.1 2>&1"):format(binary, dir, mode))
  local ok, result = pcall(cjson.decode, text)
  assert(ok and result.ok, text)
  return result
end

local closing <close>, url = team.serve(directory, WORK)
local has_other = os.execute("test -x " .. other)

local figures = { cards = count }
for _, concurrency in ipairs({ 1, 4, 32 }) do
  local dir = team.project(directory, url, { count = count, concurrency = concurrency, behind = 40 })
  for attempt = 1, concurrency == 32 and 3 or 0 do
    measure.shell(("timeout -s KILL 0.%d %s run --plain -C %s ep 2>&1"):format(2 * attempt, measure.orket,
      dir))
  end
  local text, done = measure.shell(("%s run --plain -C %s ep 2>&1"):format(measure.orket, dir))
  assert(done, text)
  local first = replay(measure.orket, dir, "")
  for _, mode in ipairs({ "", "--strict" }) do
    local name = ("concurrency %d%s: %d events"):format(concurrency, mode ~= "" and ", " .. mode or "",
      first.events)
    local result = replay(measure.orket, dir, mode)
    assert(result.hash == first.hash)
    assert(not has_other or replay(other, dir, mode).hash == first.hash, "another hash by " .. other)
    figures[("events_s_%d%s"):format(concurrency, mode ~= "" and "_strict"
      or "")] = result.events / result.seconds
    measure.figure(name, result.events / result.seconds, "events/s")
  end
  for _, now in ipairs({ 1, 4, 32 }) do
    team.write(dir .. "/config/organization.json", team.organization(url, now))
    for _, mode in ipairs({ "", "--strict --config", "--config --scripts", "--strict --card I-" .. count }) do
      assert(replay(measure.orket, dir, mode).hash == first.hash)
      assert(not has_other or replay(other, dir, mode).hash == first.hash, "another hash by " .. other)
    end
  end
end
print(has_other and "the other compiler's binary has the same hashes" or "no binary of another compiler")
measure.bench(figures)
