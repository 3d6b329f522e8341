-- streams.lua: what a token event costs while N= (1000) streams are under way at once, each with a token
-- every PACE= (20000) microseconds: `orket bench streams`, silent and heard, beside bare libcurl, which
-- counts bytes, by the cheaper of its two ways. CPU is that of the process, of two lengths the difference;
-- the best of REPS= (5), and the median of the ratios of each repetition.

local measure = dofile("bench/measure.lua")

local streams, pace, reps = measure.number("N", 1000), measure.number("PACE", 20000),
  measure.number("REPS", 5)
local few, many = measure.number("FEW", 20), measure.number("MANY", 120)

local directory <close> = measure.directory()
local output = directory:new() .. "/port"
local server <close> = measure.start(("%s/streams serve %d %d"):format(measure.programs, streams, pace),
  output)
local port = measure.port(server)

local COMMANDS = {
  poll = measure.programs .. "/streams poll http://127.0.0.1:%s/%d/chat/completions %d",
  socket = measure.programs .. "/streams socket http://127.0.0.1:%s/%d/chat/completions %d",
  silent = measure.orket .. " bench streams --llm http://127.0.0.1:%s/%d --streams %d",
  heard = measure.orket .. " bench streams --heard --llm http://127.0.0.1:%s/%d --streams %d",
}

local function spent(who, events)
  local spend, bench = measure.spend(1, COMMANDS[who]:format(port, events, streams))
  assert(bench and bench.streams == streams and bench.bytes > 0, who .. " did not hear all of it")
  return spend.cpu_ms
end

-- Microseconds of one event.
local function cost(who)
  local short = spent(who, few)
  return (spent(who, many) - short) * 1000 / (streams * (many - few))
end

local columns = { poll = {}, socket = {}, silent = {}, heard = {}, ratio = {}, heard_ratio = {} }

for i = 1, reps do
  for _, who in ipairs({ "poll", "socket", "silent", "heard" }) do
    columns[who][i] = cost(who)
  end
  local bare = math.min(columns.poll[i], columns.socket[i])
  columns.ratio[i], columns.heard_ratio[i] = columns.silent[i] / bare, columns.heard[i] / bare
end

local figures = { streams = streams, pace_us = pace, reps = reps }
for name, values in pairs(columns) do
  figures[name] = measure.median(values) -- sorts them
end
figures.best_bare = math.min(columns.poll[1], columns.socket[1])
figures.best_ratio = columns.silent[1] / figures.best_bare
figures.best_heard_ratio = columns.heard[1] / figures.best_bare

measure.figure("bare libcurl, curl_multi_poll, CPU per event", figures.poll, "us")
measure.figure("bare libcurl, curl_multi_socket_action", figures.socket, "us")
measure.figure("orket, CPU per event", figures.silent, "us")
measure.figure("orket, with a listener", figures.heard, "us")
measure.figure("orket over bare libcurl, the medians of ratios", figures.ratio, "times", { most = 1.6 })
measure.figure("orket over bare libcurl, the best of both", figures.best_ratio, "times", { most = 1.6 })
measure.figure("with a listener, over bare libcurl", figures.heard_ratio, "times")
measure.figure("with a listener, the best of both", figures.best_heard_ratio, "times")
measure.bench(figures)
