-- soak.lua: N= (20000) turns of three steps each in one process, C= (32) at once: memory and open descriptors
-- must not grow with the turns. Both are sampled beside the number of finished turns; the first fifth is
-- left out, for what is made once; the slope is that of a straight line through the rest. The board keeps the
-- row of every card of the epic in memory, which is some 200 bytes more when it is done; beyond that nothing
-- may grow but room that allocators keep for the next peak (docs/performance.md says how that was told
-- apart).

local measure = dofile("bench/measure.lua")

local turns, at_once = measure.number("N", 20000), measure.number("C", 32)
local directory <close> = measure.directory()

-- Every card writes the same file, so that the tree does not grow with the turns either.
local SCRIPT = [[
return function(request)
  local messages = request.messages
  local replies, issue = 0, nil
  for _, message in ipairs(messages) do
    replies = replies + (message.role == "assistant" and 1 or 0)
    issue = issue or tostring(message.content):match("%[%[issue:([%w]+)%]%]")
  end
  local call = replies == 0 and { name = "write_file", arguments = { path = "same.txt", content = ("x"):rep(500) } }
    or replies == 1 and { name = "read_file", arguments = { path = "same.txt" } }
    or { name = "finish", arguments = { issue = issue, status = "done" } }
  return { content = ("word "):rep(40), calls = { call } }
end
]]
local script = directory:new() .. "/mock.lua"
do
  local file <close> = assert(io.open(script, "w"))
  file:write(SCRIPT)
end
local mock <close> = measure.start("exec " .. measure.orket .. " mock-llm --fast " .. script, directory:new()
  .. "/mock")
local url = "http://127.0.0.1:" .. measure.port(mock) .. "/v1"
local workspace = directory:new()
local database = workspace .. "/run-1/.orket/orket.db"

local process <close> = measure.start(("exec %s bench turns --issues %d --concurrency %d --llm %s --workspace %s"):format(
  measure.orket, turns, at_once, url, workspace), directory:new() .. "/out")

local function finished()
  local text = measure.shell(("sqlite3 -readonly %s 'SELECT count(*) FROM turn WHERE outcome IS NOT NULL' 2>/dev/null"):format(database))
  return tonumber(text)
end

local function descriptors()
  return select(2, measure.shell("ls /proc/" .. process.pid .. "/fd 2>/dev/null"):gsub("\n", ""))
end

local function size(path)
  return tonumber((measure.shell("stat -c %s " .. path .. " 2>/dev/null"))) or 0
end

local function is_alive()
  return (measure.shell("cat /proc/" .. process.pid .. "/stat 2>/dev/null")):find("^%d+ %b() [^Z]") ~= nil
end

local samples, log = {}, 0
while is_alive() do
  local done = finished()
  local ok, kilobytes = pcall(process.resident, process)
  if done and ok and kilobytes and done < turns then
    samples[#samples + 1] = { turns = done, kb = kilobytes, fds = descriptors() }
  end
  log = math.max(log, size(database .. "-wal"))
  measure.sleep(0.3)
end

local result = measure.read(process.output)
assert(result:find('"status":"done"', 1, true), "the cards are not done: " .. result)

local steady = {}
for _, sample in ipairs(samples) do
  if sample.turns >= turns // 5 then
    steady[#steady + 1] = sample
  end
end
assert(#steady >= 5, "too few samples: N= is too small")

-- Of the least squares, per 1,000 turns.
local function slope(key)
  local n, x, y, xx, xy = #steady, 0, 0, 0, 0
  for _, s in ipairs(steady) do
    local t = s.turns / 1000
    x, y, xx, xy = x + t, y + s[key], xx + t * t, xy + t * s[key]
  end
  return (n * xy - x * y) / (n * xx - x * x)
end

local function range(key)
  local least, most = math.huge, -math.huge
  for _, s in ipairs(steady) do
    least, most = math.min(least, s[key]), math.max(most, s[key])
  end
  return least, most
end

local kb_least, kb_most = range("kb")
local fds_least, fds_most = range("fds")
print(("%d turns, %d samples, commit %s"):format(turns, #samples,
  (measure.shell("git rev-parse --short HEAD"):gsub("%s", ""))))
measure.figure("resident memory, least", kb_least / 1024, "MB")
measure.figure("resident memory, most", kb_most / 1024, "MB")
measure.figure("resident memory, slope", slope("kb"), "KB per 1000 turns", { most = 250 })
measure.figure("descriptors, least", fds_least, "")
measure.figure("descriptors, most", fds_most, "")
measure.figure("descriptors, slope", slope("fds"), "per 1000 turns", { most = 0.5 })
measure.figure("write-ahead log, longest", log / 1e6, "MB", { most = 66 })
measure.bench({ turns = turns, samples = #samples, kb_least = kb_least, kb_most = kb_most,
  kb_slope = slope("kb"),
  fds_least = fds_least, fds_most = fds_most, fds_slope = slope("fds"), log_bytes = log })
