-- outage_spec.lua: an unreachable model is waited for: no turn ends, no retry of a card is charged, and one
-- card at a time tries. The attempts of a request follow at once here (tests/support/impatient), and a
-- breaker opens for a tenth of a second at first; one test has the times that a project has.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local GOOD = [[
  function work(talk)
    return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
  end ]]

local FAST = { breaker = { failures = 5, seconds = 0.1 } }

local function impatient(options)
  options.environment = world.impatient
  return world.new(options)
end

local function answers(fields)
  return "function reply() return { " .. fields .. " } end"
end

local function cards(count)
  local issues = {}
  for i = 1, count do
    issues[i] = { id = "C-" .. i }
  end
  return issues
end

local function stop(w)
  os.execute("kill " .. w.mock .. " 2>/dev/null")
end

-- The project's model from now on is this script, at the address that it had.
local function becomes(w, mock)
  stop(w)
  orket.write(w.dir .. "/.test/mock.lua", orket.read("tests/support/play.lua") .. mock)
  local out = w.dir .. "/.test/mock.again"
  assert(world.wait(function()
    w.mock = orket.shell(("%s mock-llm --port %s %s/.test/mock.lua >%s 2>&1 & echo $!"):format(w.binary,
      w.url:match(":(%d+)"), w.dir,
      out)):match("%d+")
    return world.wait(function() return orket.read(out):find("http:", 1, true) end, 1)
  end))
end

local function is_waited_for(w, count)
  return world.wait(function()
    local waiting = {}
    for _, event in ipairs(w:events("model.paused")) do
      waiting[event.card] = true
    end
    local n = 0
    for _ in pairs(waiting) do
      n = n + 1
    end
    return n >= count
  end, 30)
end

-- Nothing of the outage is held against a card.
local function is_unharmed(w)
  assert.equal(0, #w:events("turn.failed"))
  assert.equal(0, #w:events("call.refused"))
  assert.equal(#w:events("turn.started"), #w:events("turn.ended"))
  for _, event in ipairs(w:events("card.changed")) do
    assert.is_nil(event.body.set.retry_count)
  end
  w:replays()
end

describe("outage", function()
  local KINDS = {
    { "a refused connection", nil },
    { "status 502", answers("status = 502") }, { "status 503", answers("status = 503") },
    { "status 504", answers("status = 504") },
    { "status 429 without Retry-After", answers("status = 429") },
    { "status 429 with Retry-After", answers("status = 429, retry_after = 1") },
    { "status 529", answers("status = 529") },
    { "no byte until the deadline", answers("content = 'x', delay_ms = 60000"),
      deadlines = { first_byte = 0.2 } },
  }

  for _, kind in ipairs(KINDS) do
    it("an outage is waited for: " .. kind[1], function()
      local model = world.merged({ deadlines = kind.deadlines }, FAST)
      local w <close> = impatient({ issues = cards(2), model = model, mock = kind[2] or GOOD })
      if not kind[2] then
        stop(w)
      end
      local run = w:start()
      assert(is_waited_for(w, 2), "the cards do not wait")
      local event = w:events("model.paused")[1]
      assert.truthy(event.body.since, cjson.encode(event.body))
      assert.truthy(event.body.why:find("unreachable since", 1, true), event.body.why)
      becomes(w, GOOD)
      local text, code = run.wait(60)
      assert.equal(0, code, text)
      is_unharmed(w)
    end)
  end

  it("an outage is waited for in a project that configures nothing, and is shown", function()
    local w <close> = world.new({ issues = cards(3), limits = { concurrency = 3 }, mock = GOOD })
    stop(w)
    local run = w:start()
    assert(is_waited_for(w, 3))
    local board, shown = w:orket("board"), w:orket("show C-1")
    assert.truthy(board:find("the model m is unreachable since 20%d%d%-[%d%-T:]+Z, next try"), board)
    assert.truthy(board:find("wait for it", 1, true) and board:find("orket retry --all", 1, true), board)
    assert.truthy(shown:find("the model m is unreachable since", 1, true), shown)
    local outage = cjson.decode((w:orket("show --json C-1"))).outage
    assert.equal("m", outage.model)
    assert.truthy(outage.since and outage["until"] and outage.message)
    for _, card in ipairs(cjson.decode((w:orket("board --json")))) do
      assert.equal(card.type == "issue" and "m" or nil, (card.outage or {}).model)
    end
    becomes(w, GOOD)
    local text, code = run.wait(60)
    assert.equal(0, code, text)
    assert.falsy(w:orket("board"):find("unreachable", 1, true))
    is_unharmed(w)
  end)

  it("an outage is folded in the lines of a run: its beginning with the whole fix, its end, and each card once",
    function()
    local w <close> = impatient({ issues = cards(2), model = FAST, mock = GOOD })
    stop(w)
    local run = w:start()
    assert(world.wait(function() return #w:events("model.paused") >= 7 end, 60))
    becomes(w, GOOD)
    local text, code = run.wait(60)
    assert.equal(0, code, text)
    local _, begun = text:gsub("unreachable since", "")
    local _, failed = text:gsub("the model failed", "")
    local _, parked = text:gsub("in_progress %-> blocked %[resource%]: waits for the model m\n", "")
    local _, woken = text:gsub("blocked %-> in_progress: the pause is over\n", "")
    local _, ended = text:gsub("the model m answers again, after %d+ s\n", "")
    assert.same({ 1, 1, 2, 2, 1 }, { begun, failed, parked, woken, ended }, text)
    assert.truthy(text:find("Fix: [^\n]*base_url of the model m is " .. w.url:match("^http://[^/]+")
      .. "[^\n]*; orket setup finds another model\n"), text)
    assert.truthy(text:find("^20%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ  "), text)
    local log = w:orket("log -n 1000")
    assert.truthy(select(2, log:gsub("unreachable since", "")) > 7, log) -- the journal's lines are all there
    assert.truthy(log:find("pause: [^\n]*; orket setup finds another model\n"), log)
  end)

  it("an outage is tried by one card at a time, and what it answers wakes the others", function()
    local w <close> = impatient({ issues = cards(12), limits = { concurrency = 12 }, model = FAST,
      mock = GOOD })
    stop(w)
    local run = w:start()
    assert(is_waited_for(w, 12))
    local before = #w:events("model.paused")
    assert(world.wait(function() return #w:events("model.paused") >= before + 3 end, 30))
    assert.equal(12, cjson.decode((w:orket("board --json"))) and #w:events("turn.started"))
    local lifted, failed = #w:events("budget.lifted"), #w:events("step.failed")
    assert(lifted <= 8, lifted .. " cards tried")
    assert(failed <= 12 * 3 + 8, failed .. " requests")
    becomes(w, GOOD)
    local text, code = run.wait(60)
    assert.equal(0, code, text)
    is_unharmed(w)
  end)

  it("an outage outlives the process that met it", function()
    local w <close> = impatient({ issues = cards(2), model = FAST, mock = GOOD })
    stop(w)
    local run = w:start()
    assert(is_waited_for(w, 2))
    run.kill("KILL")
    run.wait()
    becomes(w, GOOD)
    local text, code = w:run()
    assert.equal(0, code, text)
    is_unharmed(w)
  end)

  it("an outage that outlasts limits.outage ends the run; the turns stay open, and retry --all goes on with them",
    function()
    local w <close> = impatient({ issues = cards(3), limits = { concurrency = 3, outage = 2 }, model = FAST,
      mock = GOOD })
    stop(w)
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.truthy(text:find("the model m is unreachable since", 1, true), text)
    for i = 1, 3 do
      local card = w:card("C-" .. i)
      assert.same({ "blocked", "resource" }, { card.status, card.wait_reason })
    end
    assert.equal(0, #w:events("turn.ended"))
    becomes(w, GOOD)
    text, code = w:orket("retry --all --json")
    assert.equal(0, code, text)
    assert.same({ "C-1", "C-2", "C-3" }, cjson.decode(text).retried)
    text, code = w:run()
    assert.equal(0, code, text)
    is_unharmed(w)
  end)

  it("an outage is over at once for a person who retries beside the run", function()
    local w <close> = impatient({ issues = cards(2), model = { breaker = { failures = 5, seconds = 600 } },
      mock = GOOD })
    stop(w)
    local run = w:start()
    assert(is_waited_for(w, 2))
    becomes(w, GOOD)
    local text, code = w:orket("retry --all")
    assert.equal(0, code, text)
    text, code = run.wait(30)
    assert.equal(0, code, text)
    is_unharmed(w)
  end)

  it("an outage is not waited for where limits.outage is 0", function()
    local w <close> = impatient({ issues = { { id = "C-1", max_retries = 0 } }, limits = { outage = 0 },
      mock = answers("status = 503") })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(0, #w:events("model.paused"))
    assert.equal(1, #w:events("turn.failed"))
    w:replays()
  end)

  it("an outage plays from a cassette", function()
    local w <close> = impatient({ issues = cards(2), model = FAST, mock = GOOD })
    orket.shell("cp -R " .. w.dir .. " " .. w.dir .. ".again")
    stop(w)
    local run = w:start("--record tape.jsonl ep")
    assert(is_waited_for(w, 2))
    becomes(w, GOOD)
    local text, code = run.wait(60)
    assert.equal(0, code, text)
    text, code = orket.shell(("cd %s.again && cp %s/tape.jsonl . && %s run --plain --replay tape.jsonl ep 2>&1"):format(w.dir, w.dir, w.binary))
    orket.remove(w.dir .. ".again")
    assert.equal(0, code, text)
  end)
end)

describe("outage", function()
  for _, status in ipairs({ 400, 401, 403, 404 }) do
    it("what waiting does not heal is not waited for: status " .. status, function()
      local w <close> = impatient({ issues = { { id = "C-1", max_retries = 0 } },
        mock = answers("status = " .. status) })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.equal(0, #w:events("model.paused"))
      assert.equal(1, w:requests())
      w:replays()
    end)
  end

  it("what waiting does not heal is not waited for: a certificate that is not trusted", function()
    if orket.shell("command -v openssl") == "" then
      return pending("no openssl to serve TLS")
    end
    local w <close> = impatient({ issues = { { id = "C-1", max_retries = 0 } }, mock = GOOD })
    local pid = orket.shell(([[cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=localhost 2>/dev/null
      openssl s_server -accept 0 -naccept 9 -key k.pem -cert c.pem -www > said 2>&1 & echo $!]]):format(w.dir)):match("%d+")
    local port
    assert(world.wait(function()
      port = orket.read(w.dir .. "/said"):match("ACCEPT [^%s]*:(%d+)")
      return port
    end))
    local text = w:read("config/organization.json"):gsub('"base_url":"[^"]*"',
      '"base_url":"https://127.0.0.1:' .. port .. '/v1"')
    w:write("config/organization.json", text)
    local said, code = orket.shell(("cd %s && timeout 60 %s run --plain ep 2>&1"):format(w.dir, w.binary))
    os.execute("kill " .. pid .. " 2>/dev/null")
    assert.equal(3, code, said)
    assert(said:find("ERR_CONFIG", 1, true) and said:find("fix: install the authority", 1, true), said)
    assert.equal(0, #w:events("model.paused"))
  end)

  it("what waiting does not heal is not waited for: a key that is not there", function()
    local w <close> = impatient({ issues = { { id = "C-1" } }, model = { key = "absent" },
      mock = GOOD })
    local text = w:read("config/organization.json"):gsub('^{', '{"keys":{"absent":{"env":"NO_USER_HAS_IT"}},')
    w:write("config/organization.json", text)
    local said, code = orket.shell(("cd %s && timeout 60 %s run --plain ep 2>&1"):format(w.dir, w.binary))
    assert.equal(3, code, said)
    assert.equal(0, #w:events("model.paused"))
    assert.equal(0, w:requests())
  end)
end)

describe("outage", function()
  it("a request that fails while its server answers others is no outage after five of them", function()
    local text = orket.probe(orket.chunk("outage", "counts_outages_of_a_turn"))
    assert.same({ false, false, false, false, false, false, false, false, true, true, false },
      cjson.decode(text:match("[^\n]+")))
  end)
end)

describe("outage", function()
  local function parked_in(w, id, reason)
    local text, code = w:orket("move " .. id .. " in_progress")
    assert.equal(0, code, text)
    text, code = w:orket("move " .. id .. " blocked --reason " .. reason)
    assert.equal(0, code, text)
  end

  it("orket retry --all retries what a retry is right for, one act per card, and says which", function()
    local w <close> = impatient({ issues = { { id = "C-1" }, { id = "C-2" }, { id = "C-3" }, { id = "C-4" } },
      mock = GOOD })
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    parked_in(w, "C-1", "resource")
    parked_in(w, "C-2", "system")
    parked_in(w, "C-3", "dependency")
    parked_in(w, "C-4", "review")
    text, code = w:orket("retry --all --json")
    assert.equal(0, code, text)
    assert.same({ "C-1", "C-2" }, cjson.decode(text).retried)
    local acts = 0
    for _, event in ipairs(w:events("card.moved")) do
      acts = acts + (event.body.from == "blocked" and event.actor:find("^human:") and 1 or 0)
    end
    assert.equal(2, acts)
    text, code = w:orket("retry --all --reason review")
    assert.equal(0, code, text)
    assert.equal("1 card is tried again\n", text)
    text, code = w:orket("retry --all")
    assert.same({ "no parked card to retry\n", 0 }, { text, code })
  end)

  it("orket retry --all is used as its help says", function()
    local w <close> = impatient({ issues = { { id = "C-1" } }, mock = GOOD })
    assert.equal(2, select(2, w:orket("retry")))
    assert.equal(2, select(2, w:orket("retry --all C-1")))
    assert.equal(2, select(2, w:orket("retry C-1 --reason system")))
    local text, code = w:orket("retry --all --reason moon")
    assert.equal(1, code)
    assert.truthy(text:find("ERR_USAGE", 1, true) and text:find("moon", 1, true), text)
  end)
end)

describe("a rock whose model is unreachable", function()
  local ORDER = { { epic = "ep" }, { epic = "ep2" }, { epic = "ep3", depends_on = { "ep" } }, { epic = "ep4" } }

  local function rock()
    local w = impatient({ issues = { { id = "C-1" } }, model = FAST, mock = GOOD, limits = { concurrency = 2 } })
    for _, id in ipairs({ "ep2", "ep3", "ep4" }) do
      w:write("config/epics/" .. id .. ".json", cjson.encode({ name = id, team = "t", environment = "e",
        issues = { { id = "C-" .. id, name = id, seat = "dev" } } }))
    end
    w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = ORDER }))
    return w
  end

  -- The most runs at once, and in which order they began.
  local function course(w)
    local open, most, order = 0, 0, {}
    for _, event in ipairs(w:events()) do
      if event.kind == "run.started" then
        open, order[#order + 1] = open + 1, event.card
      elseif event.kind == "run.ended" then
        open = open - 1
      end
      most = math.max(most, open)
    end
    return most, order
  end

  it("has no more epics under way than cards may be at work, and goes on in the order of what they depend on", function()
    local w <close> = rock()
    stop(w)
    local run = w:start("ro")
    assert(is_waited_for(w, 2), "the cards do not wait")
    assert.same({ 2, { "ep", "ep2" } }, { course(w) })
    becomes(w, GOOD)
    local text, code = run.wait(60)
    assert.equal(0, code, text)
    local most, order = course(w)
    assert.same({ 2, 4 }, { most, #order })
    local at = {}
    for _, event in ipairs(w:events()) do
      at[event.kind .. " " .. tostring(event.card)] = event.seq
    end
    assert(at["run.ended ep"] < at["run.started ep3"])
    assert.equal("done", w:card("ro").status)
    is_unharmed(w)
    for _, id in ipairs({ "ep2.1", "ep3.1", "ep4.1" }) do
      w:derives(id)
    end
  end)
end)
