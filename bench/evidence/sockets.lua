-- sockets.lua: N= clients (1000) that follow `orket serve` over WebSockets, of a board of 1,000 cards: how long a
-- comment takes to each at 20 a second, and how many deliveries a second a flood of comments makes; nothing may be
-- missing. REPS= how often (3); medians. Client and server share the machine.

local measure = dofile("bench/measure.lua")

local clients, reps = measure.number("N", 1000), measure.number("REPS", 3)
local KEY = "a-key-of-the-evidence"

local directory <close> = measure.directory()
local dir = directory:new()
local server <close> = measure.start(("ORKET_API_KEY=%s ORKET_RATE_LIMIT=0 exec %s serve -C %s/p --port 0 "
  .. "--seed-cards 1000"):format(KEY, measure.orket, dir), dir .. "/serve.out")
local port = measure.port(server)

local columns = { p50_ms = {}, p99_ms = {}, max_ms = {}, per_s = {} }

local function note(name, value)
  table.insert(columns[name], value)
end

for _ = 1, reps do
  local to = ("--port %s --key %s --card S000001 --clients %d"):format(port, KEY, clients)
  local paced = measure.sockets(to .. " --events 60 --rate 20")
  local flood = measure.sockets(to .. " --events 100 --rate 0")
  note("p50_ms", paced.p50_ms)
  note("p99_ms", paced.p99_ms)
  note("max_ms", paced.max_ms)
  note("per_s", flood.per_s)
end

local figures = { clients = clients, reps = reps, resident_mb = server:resident() / 1024 }
for name, values in pairs(columns) do
  figures[name] = measure.median(values)
end
measure.figure("a comment at a client, 20 a second: half within", figures.p50_ms, "ms")
measure.figure("  99 of 100 within", figures.p99_ms, "ms", { most = 25 })
measure.figure("  the last within", figures.max_ms, "ms")
measure.figure("deliveries of a flood", figures.per_s, "a second", { least = 70000 })
measure.figure("resident memory, then", figures.resident_mb, "MB")
measure.bench(figures)
