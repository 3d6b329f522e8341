-- audit.lua: a run of N= (10000) events and one of ten times as many as files: how long it takes to write one and to
-- verify it, start-up of the program included, and the memory of verifying, which does not grow with the file.

local measure = dofile("bench/measure.lua")

local count = measure.number("N", 10000)
local EVENTS_PER_CARD = 15 -- at least, of what `bench turns` does with a card
local directory <close> = measure.directory()
local model <close> = measure.model(directory)
local figures = {}

local function shell(command)
  local text, ok = measure.shell(command .. " 2>&1")
  assert(ok, text)
  return text
end

-- A project whose run has at least so many events: its directory and the run's name.
local function run_of(events)
  local work = directory:new()
  shell(("%s bench turns --issues %d --concurrency 50 --llm %s --workspace %s"):format(
    measure.orket, events // EVENTS_PER_CARD + 1, model.url, work))
  local database = shell("find " .. work .. " -name orket.db"):match("%S+")
  local dir = database:match("^(.*)/%.orket/")
  return dir, shell(("%s history --json -C %s"):format(measure.orket, dir)):match('"id":"([^"]+)"')
end

local function measured(name, events, bound)
  local dir, run = run_of(events)
  local file = dir .. "/bundle"
  local export = measure.spend(5, ("%s export %s -C %s -o %s --json"):format(measure.orket, run, dir, file))
  local verify = measure.spend(5, ("%s verify --json %s"):format(measure.orket, file))
  local answer = shell(("%s verify --json --key %s/.orket/key.pub %s"):format(measure.orket, dir, file))
  assert(answer:find('"signer":"expected"', 1, true), answer)
  local found = tonumber(answer:match('"event":(%d+)'))
  assert(found >= events, ("%d events, too few"):format(found))
  figures["events_" .. name], figures["export_ms_" .. name] = found, export.wall_ms
  figures["verify_ms_" .. name], figures["verify_kb_" .. name] = verify.wall_ms, verify.peak_kb
  measure.figure(("export of %d events"):format(found), export.wall_ms / 1000, "s", bound)
  measure.figure(("verify of %d events"):format(found), verify.wall_ms / 1000, "s", bound)
  measure.figure(("memory of verify, %s"):format(name), verify.peak_kb / 1024, "MB")
  return verify.peak_kb
end

local small = measured("small", count, { most = 1 })
local large = measured("large", 10 * count)
measure.figure("memory of verify, the ten times larger one more", (large - small) / 1024, "MB", { most = 2 })
measure.bench(figures)
