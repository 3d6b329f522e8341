-- beside_board.lua: ten epics of N= (100) cards each, first alone, then beside clients that read the board of all
-- cards at a half of the aimed rate (RPS= 4,000 a second, h2load). What a step costs then, how long the loop
-- was held up, and what the clients saw. The aims: a step at most 20 % dearer, no stall above 10 ms.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local team = dofile("bench/team.lua")

local EPICS, CLIENTS, KEY = 10, 10, "a-key-of-the-evidence"
local count, rate = measure.number("N", 100), measure.number("RPS", 4000)
local directory <close> = measure.directory()

local WORK = [[
local asked = 0
function work(said)
  asked = asked + 1
  local delay = 50 + asked * 37 % 101 -- milliseconds; 100 in the middle
  if said < 4 then
    return { delay_ms = delay, calls = { call("write_file", { path = "part-" .. said .. ".txt", content = "a line" }) } }
  end
  local reply = finish()
  reply.delay_ms = delay
  return reply
end
]]

local closing <close>, url = team.serve(directory, WORK, "")

local function project()
  local dir = team.project(directory, url, { count = 1, concurrency = 10 * EPICS })
  os.remove(dir .. "/config/epics/ep.json")
  for epic = 1, EPICS do
    local issues = {}
    for i = 1, count do
      issues[i] = { id = ("E%d-%d"):format(epic, i), name = "Issue number " .. i, seat = "dev" }
    end
    team.write(("%s/config/epics/e%d.json"):format(dir, epic), cjson.encode({ name = "Epic", team = "t",
      environment = "e", issues = issues }))
  end
  return dir
end

local function serve(dir)
  local server = measure.start(("ORKET_API_KEY=%s ORKET_RATE_LIMIT=0 exec %s serve -C %s --port 0"):format(KEY,
    measure.orket, dir), dir .. "/serve.out")
  return server, "http://127.0.0.1:" .. measure.port(server)
end

local function begin_all(address)
  for epic = 1, EPICS do
    local text = measure.shell(("curl -s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' "
      .. "-d '{\"card\":\"e%d\"}' %s/v1/runs"):format(KEY, epic, address))
    assert(text:find('"run"', 1, true), text)
  end
end

-- Seconds of the processor: of the thread of the loop, and of all threads.
local function processor(server)
  local function seconds(path)
    local user, system = measure.read(path):match("^.*%) %S+" .. (" %S+"):rep(10) .. " (%d+) (%d+)")
    return (user + system) / 100
  end
  local root = "/proc/" .. server.pid
  return { loop = seconds(("%s/task/%s/stat"):format(root, server.pid)), all = seconds(root .. "/stat") }
end

local function sql(dir, query)
  return tonumber((measure.shell(("sqlite3 -readonly %s/.orket/orket.db \"%s\""):format(dir, query)))) or 0
end

local function wait(dir)
  local began = measure.now()
  while sql(dir, "SELECT count(*) FROM card WHERE type = 'issue' AND status = 'done'") < EPICS * count do
    assert(measure.now() - began < 600, "the epics do not end")
    measure.sleep(0.2)
  end
end

local function stalls(server)
  local most, number = 0, 0
  for ms in measure.read(server.output):gmatch('"kind":"stall","ms":([%d.]+)') do
    most, number = math.max(most, tonumber(ms)), number + 1
  end
  return most, number
end

local function clients(address, dir, seconds)
  return measure.start(("h2load --h1 -c %d -t 1 --rps %d -D %d -H 'Authorization: Bearer %s' %s/v1/board")
    :format(CLIENTS, rate // CLIENTS, seconds, KEY, address), dir .. "/h2load.out")
end

-- All epics in a new project, beside clients that read for so many seconds.
local function work(reading)
  local dir = project()
  local server <close>, address = serve(dir)
  local load <close> = reading and clients(address, dir, reading) or nil
  local before, began = processor(server), measure.now()
  begin_all(address)
  wait(dir)
  local seconds, after = measure.now() - began, processor(server)
  local result = { seconds = seconds, steps = sql(dir, "SELECT sum(calls) FROM turn") }
  result.loop, result.all = after.loop - before.loop, after.all - before.all
  result.stall, result.stalls = stalls(server)
  if load then
    while os.execute("kill -0 " .. load.pid .. " 2>/dev/null") do
      measure.sleep(0.2)
    end
    result.clients = measure.read(dir .. "/h2load.out"):match("finished in.*")
  end
  return result
end

local function show(name, result)
  measure.figure(name .. ": steps a second", result.steps / result.seconds, "steps/s")
  measure.figure(name .. ": a step's time of the loop", result.loop / result.steps * 1e3, "ms")
  measure.figure(name .. ": a step's time of all threads", result.all / result.steps * 1e3, "ms")
  measure.figure(name .. ": longest stall of " .. result.stalls, result.stall, "ms")
end

local alone = work(nil)
local beside = work(math.ceil(alone.seconds))
show("alone", alone)
show("beside the board", beside)
print(beside.clients)
