-- mock.lua: how fast `orket mock-llm` answers, as bench/load.c sees it: streamed replies of some 5 KB, one
-- after the other and C= (100) at once, beside the fake model of the other measurements, which runs no script
-- and answers with less. N= requests (5000), REPS= how often; medians.

local measure = dofile("bench/measure.lua")

local count, at_once, reps = measure.number("N", 5000), measure.number("C", 100), measure.number("REPS", 3)
local directory <close> = measure.directory()

local SCRIPT = [[
return function()
  return { content = ("word "):rep(40), calls = {
    { name = "write_file", arguments = { path = "a.txt", content = ("x"):rep(500) } } } }
end
]]

local script = directory:new() .. "/mock.lua"
local file <close> = assert(io.open(script, "w"))
file:write(SCRIPT)
file:flush()

local mock <close> = measure.start(measure.orket .. " mock-llm --fast " .. script, directory:new() .. "/mock")
local model <close> = measure.model(directory)

local columns = {}
local function note(name, port, width)
  local seen = measure.load(port, math.max(width, count), width)
  for key, value in pairs({ rate = seen.requests_per_s, p50_ms = seen.whole_ms.p50,
    p99_ms = seen.whole_ms.p99, bytes = seen.bytes_per_request }) do
    columns[name .. "_" .. key] = columns[name .. "_" .. key] or {}
    table.insert(columns[name .. "_" .. key], value)
  end
end

local port = measure.port(mock)
for _ = 1, reps do
  note("mock", port, at_once)
  note("mock_alone", port, 1)
  note("model", model.root:match("%d+$"), at_once)
end

local figures = { requests = count, at_once = at_once, reps = reps, resident_mb = mock:resident() / 1024 }
for name, values in pairs(columns) do
  figures[name] = measure.median(values)
end

local wide = (", %d at once"):format(at_once)
measure.figure("orket mock-llm" .. wide, figures.mock_rate, "replies/s")
measure.figure("  half of them within", figures.mock_p50_ms, "ms")
measure.figure("  99 of 100 within", figures.mock_p99_ms, "ms")
measure.figure("  bytes of a reply", figures.mock_bytes, "bytes")
measure.figure("orket mock-llm, one after the other", figures.mock_alone_rate, "replies/s")
measure.figure("  half of them within", figures.mock_alone_p50_ms, "ms")
measure.figure("  resident memory, then", figures.resident_mb, "MB")
measure.figure("bench/model" .. wide, figures.model_rate, "replies/s")
measure.figure("  bytes of a reply", figures.model_bytes, "bytes")
measure.bench(figures)
