-- attach.lua: what a debugger leaves behind: N= (400) cards of two turns each, run ROUNDS= (4) times alone
-- and as often with `orket repl --attach`, which stops one turn, looks into it and goes. Turns that began
-- after it had gone have to take as long as those of a run that nobody looked into: p99 within a tenth, or
-- within the difference of two runs alone.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")

local cards, rounds = measure.number("N", 400), measure.number("ROUNDS", 4)
local directory <close> = measure.directory()

local SCRIPT = [[
return function(request)
  local card, guard
  for _, message in ipairs(request.messages) do
    guard = guard or message.role == "system" and message.content:find("integrity guard", 1, true)
    card = card or tostring(message.content):match("# Card (%S+):")
  end
  local last = request.messages[#request.messages]
  if guard then
    return { calls = { { name = "update_issue_status", arguments = { status = "done", why = "good" } } } }
  elseif last.role == "tool" then
    return { calls = { { name = "update_issue_status", arguments = { status = "ready_for_testing", why = "built" } } } }
  end
  return { calls = { { name = "write_file", arguments = { path = card, content = ("x"):rep(300) } } } }
end
]]

local script = directory:new() .. "/mock.lua"
measure.write(script, SCRIPT)
local mock <close> = measure.start("exec " .. measure.orket .. " mock-llm --fast " .. script, directory:new()
  .. "/mock")
local url = "http://127.0.0.1:" .. measure.port(mock) .. "/v1"

local function project()
  local dir, issues = directory:new(), {}
  measure.shell("mkdir -p " .. dir .. "/config/teams " .. dir .. "/config/environments " .. dir
    .. "/config/epics")
  for i = 1, cards do
    issues[i] = { id = "C" .. i, name = "card " .. i, seat = "dev" }
  end
  measure.write(dir .. "/config/organization.json", cjson.encode({
    name = "bench", models = { m = { base_url = url, model = "mock" } },
    process_rules = { limits = { concurrency = 8 } },
  }))
  measure.write(dir .. "/config/teams/t.json", cjson.encode({ name = "t", seats = {
    dev = { roles = { "coder" } }, guard = { roles = { "integrity_guard" } },
  } }))
  measure.write(dir .. "/config/environments/e.json", cjson.encode({ name = "e" }))
  measure.write(dir .. "/config/epics/ep.json",
    cjson.encode({ name = "ep", team = "t", environment = "e", issues = issues }))
  return dir
end

local LINES = [[
breakpoint{tool="write_file"}
wait(20).card
inspect(stopped()[1].card).step
clear()
for _, one in ipairs(stopped()) do _ENV["continue"](one.card) end
]]

-- Milliseconds of each turn that began after the moment `after`.
local function turns(dir, after)
  local rows = measure.shell(("sqlite3 -readonly %s/.orket/orket.db \"SELECT (julianday(ended_at) - julianday(started_at)) * 86400000 "
    .. "FROM turn WHERE ended_at IS NOT NULL AND started_at > '%s' ORDER BY 1\""):format(dir, after or ""))
  local list = {}
  for line in rows:gmatch("[^\n]+") do
    list[#list + 1] = tonumber(line)
  end
  return list
end

local function once(attached)
  local dir = project()
  local run <close> = measure.start(("exec %s run --plain -C %s ep"):format(measure.orket, dir),
    directory:new() .. "/out")
  local gone
  if attached then
    local lines = directory:new() .. "/lines"
    measure.write(lines, LINES)
    local said, code
    repeat
      said, code = measure.shell(("%s repl --attach -C %s < %s 2>&1"):format(measure.orket, dir, lines))
    until code or not (said:find("no run is under way", 1, true) or said:find("there is no board", 1, true))
    assert(said:find("\n1\n", 1, true), said)
    gone = measure.shell("date -u +%FT%T.%3NZ"):gsub("%s", "")
  end
  while not measure.read(run.output):find("\ndone: ", 1, true) do
    measure.sleep(0.05)
  end
  local list = turns(dir, gone)
  assert(#list > cards / 4, "only " .. #list .. " turns after the debugger had gone")
  return list
end

local function percentile(list, share)
  return list[math.max(1, math.ceil(#list * share))]
end

local p99 = { alone = {}, before = {}, attached = {} }
for _ = 1, rounds do
  for _, kind in ipairs({ "before", "attached", "alone" }) do
    table.insert(p99[kind], percentile(once(kind == "attached"), 0.99))
  end
end
local alone, before, attached = measure.median(p99.alone), measure.median(p99.before),
  measure.median(p99.attached)
local noise = math.abs(alone / before - 1)
local change = math.abs(attached / ((alone + before) / 2) - 1)
measure.figure("p99 of a turn, nobody attached", (alone + before) / 2, "ms")
measure.figure("p99 of a turn, after somebody was", attached, "ms")
measure.figure("two runs alone differ by", 100 * noise, "%")
measure.figure("with and without differ by", 100 * change, "%", { most = math.max(10, 100 * noise) })
measure.bench({ cards = cards, rounds = rounds, alone = alone, before = before, attached = attached })
