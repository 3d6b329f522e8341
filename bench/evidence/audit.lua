-- audit.lua: a run of N= (10000) events and one of ten times as many as files: how long it takes to write one
-- and to verify it, start-up of the program included, and the memory of verifying, which grows by half a hash
-- for each blob and message. Then forks of the first one: near its end, which has all events in its file, and
-- of a run of FORK= (1000) steps at moments with few and with many open cards: what they add to the database.

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

local function measured(name, dir, run, events, bound)
  local file = dir .. "/bundle"
  local export = measure.spend(5, ("%s export %s -C %s -o %s --json"):format(measure.orket, run, dir, file))
  local verify = measure.spend(5, ("%s verify --json %s"):format(measure.orket, file))
  local answer = shell(("%s verify --json --key %s/.orket/key.pub %s"):format(measure.orket, dir, file))
  assert(answer:find('"signer":"expected"', 1, true), answer)
  local found = tonumber(answer:match('"event":(%d+)')) + tonumber(answer:match('"prefix":(%d+)'))
  assert(found >= events, ("%d events, too few"):format(found))
  figures["events_" .. name], figures["export_ms_" .. name] = found, export.wall_ms
  figures["verify_ms_" .. name], figures["verify_kb_" .. name] = verify.wall_ms, verify.peak_kb
  measure.figure(("export of %d events"):format(found), export.wall_ms / 1000, "s", bound)
  measure.figure(("verify of %d events"):format(found), verify.wall_ms / 1000, "s", bound)
  measure.figure(("memory of verify, %s"):format(name), verify.peak_kb / 1024, "MB")
  return verify.peak_kb
end

-- ---- forks ----

local function replies(dir, run)
  local seqs = {}
  for line in shell(("%s log --json -n 1000000 --run %s -C %s"):format(measure.orket, run,
    dir)):gmatch("[^\n]+") do
    if line:find('"kind":"step.reply"', 1, true) then
      seqs[#seqs + 1] = math.tointeger(tonumber(line:match('"seq":(%d+)')))
    end
  end
  return seqs
end

local function fork(dir, run, at)
  local function size()
    return tonumber(shell("stat -c %s " .. dir .. "/.orket/orket.db"))
  end
  local before = size()
  local text = shell(("%s fork --json -C %s %s@%d"):format(measure.orket, dir, run, at))
  return text:match('"run":"([^"]+)"'), size() - before, tonumber(text:match('"cards":(%d+)'))
end

local function fork_bytes(name, dir, run, at, bound)
  local _, bytes, cards = fork(dir, run, at)
  figures["fork_cards_" .. name], figures["fork_bytes_" .. name] = cards, bytes
  measure.figure(("fork with %d open cards"):format(cards), bytes / 1024, "KB", bound)
end

-- ---- all of it ----

local dir, run = run_of(count)
local small = measured("small", dir, run, count, { most = 1 })
local seqs = replies(dir, run)
measured("fork", dir, (fork(dir, run, seqs[#seqs])), seqs[#seqs] // 2, { most = 1 })

dir, run = run_of(measure.number("FORK", math.max(30, count // 10)) // 3 * EVENTS_PER_CARD)
seqs = replies(dir, run)
fork_bytes("few", dir, run, seqs[#seqs - 2], { most = 64 })
fork_bytes("some", dir, run, seqs[#seqs * 3 // 4], { most = 64 })
fork_bytes("many", dir, run, seqs[#seqs // 4])

dir, run = run_of(10 * count)
local large = measured("large", dir, run, 10 * count)
measure.figure("memory of verify, the ten times larger one more", (large - small) / 1024, "MB", { most = 8 })
measure.bench(figures)
