-- many_runs.lua: ten rocks of N= (100) cards each in one server, all cards under work at once. When does the
-- first card of each rock begin, is a cap passed, do they go on after kill -9, do all runs replay strictly.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local team = dofile("bench/team.lua")

local ROCKS, KEY = 10, "a-key-of-the-evidence"
local count = measure.number("N", 100)
local directory <close> = measure.directory()

local WORK = [[
function work(said)
  if said == 0 then
    return { calls = { call("write_file", { path = "notes.txt", content = "one\n" }) } }
  end
  return finish()
end
]]

local closing <close>, url = team.serve(directory, WORK)

local function organization(rules)
  rules.limits = { concurrency = ROCKS * count }
  return cjson.encode({ name = "Evidence", process_rules = rules,
    models = { m = { base_url = url .. "/v1", model = "mock" } } })
end

-- The rocks r1 to r10, each of one epic.
local function project(rules)
  local dir = team.project(directory, url, { count = 1, concurrency = 1 })
  team.write(dir .. "/config/organization.json", organization(rules))
  for rock = 1, ROCKS do
    local issues = {}
    for i = 1, count do
      issues[i] = { id = ("R%d-%d"):format(rock, i), name = "Issue number " .. i, seat = "dev" }
    end
    team.write(("%s/config/epics/e%d.json"):format(dir, rock), cjson.encode({ name = "Epic", team = "t",
      environment = "e", issues = issues }))
    team.write(("%s/config/rocks/r%d.json"):format(dir, rock), cjson.encode({ name = "Rock",
      epics = { { epic = "e" .. rock } } }))
  end
  return dir
end

local function serve(dir)
  local server = measure.start(("ORKET_API_KEY=%s exec %s serve -C %s --port 0"):format(KEY, measure.orket, dir),
    dir .. "/serve.out")
  return server, "http://127.0.0.1:" .. measure.port(server)
end

-- Kills it, and waits until it holds nothing any more.
local function kill(server)
  server:__close()
  while os.execute("kill -0 " .. server.pid .. " 2>/dev/null") do
    measure.sleep(0.05)
  end
end

-- All of them at the same time; each has to begin a run.
local function post_all(address, requests)
  local lines = {}
  for i, one in ipairs(requests) do
    lines[i] = ("curl -s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -X POST -d '%s' %s%s &")
      :format(KEY, cjson.encode(one.body), address, one.path)
  end
  local text = measure.shell(table.concat(lines, "\n") .. "\nwait")
  assert(select(2, text:gsub('"run"', "")) == #requests, text)
end

local function begin_all(address)
  local requests = {}
  for rock = 1, ROCKS do
    requests[rock] = { path = "/v1/runs", body = { card = "r" .. rock } }
  end
  post_all(address, requests)
end

local function sql(dir, query)
  return (measure.shell(("sqlite3 -readonly %s/.orket/orket.db \"%s\""):format(dir, query)):gsub("%s+$", ""))
end

local function done(dir)
  return tonumber(sql(dir, "SELECT count(*) FROM card WHERE type = 'issue' AND status = 'done'")) or 0
end

local function wait(dir, cards)
  local began = measure.now()
  while done(dir) < cards do
    assert(measure.now() - began < 600, "only " .. done(dir) .. " cards are done")
    measure.sleep(0.2)
  end
  return measure.now() - began
end

local function resume_all(dir, address)
  local requests = {}
  for epic in sql(dir, "SELECT card FROM run JOIN card ON card.id = run.card WHERE card.status <> 'done'")
    :gmatch("%S+") do
    requests[#requests + 1] = { path = ("/v1/runs/%s.1/resume"):format(epic), body = cjson.decode("{}") }
  end
  post_all(address, requests)
end

local function check(dir)
  local text, ok = measure.shell(measure.orket .. " check " .. dir .. " 2>&1")
  assert(ok, text)
  for rock = 1, ROCKS do
    text, ok = measure.shell(("%s replay -C %s --strict e%d.1 2>&1"):format(measure.orket, dir, rock))
    assert(ok, text)
  end
end

local figures = { rocks = ROCKS, cards = ROCKS * count }

-- ---- shares ----

do
  local dir = project({})
  local server <close>, address = serve(dir)
  begin_all(address)
  local seconds = wait(dir, ROCKS * count)
  local first = tonumber(sql(dir, "SELECT max(at) - min(at) FROM (SELECT card.epic, "
    .. "min(julianday(turn.started_at)) * 86400 AS at FROM turn JOIN card ON card.id = turn.card "
    .. "GROUP BY card.epic)"))
  local most = tonumber(sql(dir, "SELECT max(n) FROM (SELECT count(*) AS n FROM turn a JOIN turn b ON "
    .. "b.started_at <= a.started_at AND b.ended_at > a.started_at GROUP BY a.run, a.turn)"))
  figures.seconds, figures.spread, figures.at_once = seconds, first, most
  measure.figure("cards a second", ROCKS * count / seconds, "cards/s")
  measure.figure("from the first rock's first card to the last rock's", first, "s")
  measure.figure("cards under work at once", most, "cards")
  kill(server)
  check(dir)
end

-- ---- a cap, and what is killed ----

do
  local cap = ROCKS * count
  local dir = project({ budgets = { organization = { calls = cap } } })
  local server, address = serve(dir)
  begin_all(address)
  local replies, last = -1, nil
  repeat
    last, replies = replies, tonumber(sql(dir, "SELECT coalesce(sum(calls), 0) FROM turn"))
    measure.sleep(1)
  until replies == last and replies > 0
  figures.cap, figures.used = cap, replies
  measure.figure("of " .. cap .. " calls that are allowed, used", replies, "calls")
  assert(replies <= cap + 1, "the cap is passed")
  kill(server)
  team.write(dir .. "/config/organization.json", organization({}))
  for attempt = 1, 3 do
    server, address = serve(dir)
    resume_all(dir, address)
    if attempt < 3 then
      wait(dir, math.min(ROCKS * count, done(dir) + count))
      kill(server)
    end
  end
  figures.resumed_seconds = wait(dir, ROCKS * count)
  kill(server)
  check(dir)
  print("killed twice in the middle: all cards are done, all runs replay")
end
measure.bench(figures)
