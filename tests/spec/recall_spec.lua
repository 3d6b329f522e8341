-- recall_spec.lua: what is remembered, found by meaning: an embedder ranks beside words, its answers are in
-- the journal, and whatever it does wrong leaves words alone.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local SYNONYMS = [[
synonyms = { { "invoice", "bill", "bills" }, { "weekly", "monday", "mondays" }, { "send", "sent", "mailed" } }
]]

local WORK = "function work(talk) return say(finish()) end\n"

-- A project whose embedder is the mock itself; the endpoint of the other models is replaced, the embedder's
-- never.
local function project(options)
  options = options or {}
  local w = world.new({
    issues = options.issues or { { id = "A", name = "Bills", description = "When are they mailed?" } },
    mock = SYNONYMS .. (options.embed or "") .. WORK, rules = options.rules, limits = options.limits
      or { concurrency = 1 },
    environment = world.impatient,
  })
  local config = cjson.decode(w:read("config/organization.json"))
  config.models.e = world.merged({ base_url = w.url, model = "words", price = { input = 1, output = 0 } },
    options.model)
  config.process_rules.memory = world.merged({ embedder = "e" }, options.memory)
  w:write("config/organization.json", cjson.encode(config))
  return w
end

local function run(w, arguments, expected)
  local text, code = w:orket(arguments)
  assert.equal(expected or 0, code, arguments .. ": " .. text)
  return text
end

local function same(w, id)
  run(w, "replay --strict " .. (id or "ep.1"))
  local text, code = w:check()
  assert.equal(0, code, text)
end

local function prompt_of(w, card)
  for n = 1, w:requests() do
    local request = cjson.decode(w:request(n))
    local messages = request.messages
    if messages and messages[2].content:find("^# Card " .. card .. "%f[^%w%-]")
      and not messages[1].content:find("integrity guard", 1, true) then
      return messages[2].content
    end
  end
end

local function fill(w, texts)
  for _, text in ipairs(texts) do
    run(w, "memory add '" .. text .. "'")
  end
end

local NOTES = { "an invoice is sent weekly", "tabs are eight columns", "the parser is recursive",
  "the queue has two ends",
  "colours are blue", "the door is shut at night", "rivers run to the sea", "the clock is right twice" }

describe("recall", function()
  it("memory by meaning shows a turn what means the same, and records what was near and what it cost",
    function()
    local w <close> = project()
    fill(w, NOTES)
    run(w, "run ep")
    assert.truthy(prompt_of(w, "A"):find("an invoice is sent weekly", 1, true))
    local event = w:events("memory.ranked")[1]
    assert.equal("e", event.body.model)
    assert.equal(256, event.body.dims)
    assert.equal(#NOTES, #event.body.near)
    assert.is_true(event.body.usage.prompt > 0)
    assert.is_true(event.body.money > 0)
    same(w)
  end)

  it("memory by meaning finds for a person what means the same, and tells why", function()
    local w <close> = project()
    fill(w, NOTES)
    local rows = cjson.decode(run(w, "memory --json search 'bills mailed mondays'"))
    assert.equal("an invoice is sent weekly", rows[1].text)
    assert.equal(1, rows[1].rank)
    assert.is_nil(rows[1].words)
    assert.is_true(rows[1].near > 0.5)
    assert.truthy(run(w, "memory why " .. math.tointeger(rows[1].id)
      .. " 'bills mailed mondays'"):find("place 1 for this text, none by its words", 1, true))
    assert.equal(0, #cjson.decode(run(w, "memory --json search 'zebra'")))
    assert.truthy(run(w, "cost --by model"):find("e ", 1, true))
    local text, code = w:check()
    assert.equal(0, code, text)
  end)

  -- What an embedder does wrong: its answer, as the mock's script makes it, and what the journal says of it.
  local function vectors(count, text)
    return "return { body = '{\"data\":[" .. (text .. ","):rep(count - 1) .. text .. "]}' }"
  end
  local HOSTILE = {
    { "one vector too few", vectors(1, [[{"embedding":[1,2]}]]), "ERR_PROTOCOL" },
    { "one vector too many", vectors(9, [[{"embedding":[1,2]}]]), "ERR_PROTOCOL" },
    { "vectors without a direction", vectors(3, [[{"embedding":[0,0]}]]), "ERR_PROTOCOL" },
    { "no numbers", vectors(3, [[{"embedding":["a"]}]]), "ERR_PROTOCOL" },
    { "numbers that are none", vectors(3, [[{"embedding":[NaN]}]]), "ERR_PROTOCOL" },
    { "numbers beyond a float", vectors(3, [[{"embedding":[1e39,1]}]]), "ERR_PROTOCOL" },
    { "an empty vector", vectors(3, [[{"embedding":[]}]]), "ERR_PROTOCOL" },
    { "a vector of 4097",
      "return { body = '{\"data\":[' .. ('{\"embedding\":[' .. ('1,'):rep(4096) .. '1]},'):rep(2) .. '{\"embedding\":[1]}]}' }", "ERR_PROTOCOL" },
    { "vectors of two lengths",
      [[return { body = '{"data":[{"embedding":[1]},{"embedding":[1,2]},{"embedding":[1]}]}' }]],
      "ERR_PROTOCOL" },
    { "a number twice", [[return { body = '{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]},{"index":1,"embedding":[1]}]}' }]], "ERR_PROTOCOL" },
    { "bad base64", vectors(3, [[{"embedding":"@@@@"}]]), "ERR_PROTOCOL" },
    { "no JSON", [[return { body = "<html>" }]], "ERR_PROTOCOL" },
    { "another answer", [[return { body = '{"choices":[]}' }]], "ERR_PROTOCOL" },
    { "a server's fault", [[return { status = 500 }]], "ERR_HTTP" },
    { "a pause that it asks for", [[return { status = 429, retry_after = 3600 }]], "ERR_HTTP" },
    { "no answer at all", [[return { delay_ms = 60000 }]], "ERR_TIMEOUT" },
  }
  for _, case in ipairs(HOSTILE) do
    it("memory by meaning goes by words alone when the embedder answers " .. case[1], function()
      local w <close> = project({
        embed = "function embed(texts) " .. case[2] .. " end\n", model = { deadlines = { total = 1 } },
        issues = { { id = "A", name = "Tabs" } },
      })
      fill(w, { "tabs are eight columns", "rivers run to the sea" })
      run(w, "run ep")
      assert.truthy(prompt_of(w, "A"):find("tabs are eight columns", 1, true))
      local body = w:events("memory.ranked")[1].body
      assert.equal(case[3], body.error.code, body.error.message)
      assert.is_nil(body.near)
      same(w)
      local text, code = w:orket("memory --json search tabs 2>&1")
      assert.equal(0, code, text)
      assert.truthy(text:find("looked for words alone: " .. case[3], 1, true), text)
      assert.equal("tabs are eight columns", cjson.decode(text:match("%[.*%]"))[1].text)
    end)
  end

  it("memory by meaning does not ask an embedder again and again that does not answer", function()
    local w <close> = project({ embed = "function embed() return { status = 500 } end\n",
      model = { breaker = { failures = 1, seconds = 600 } },
      issues = { { id = "A" }, { id = "B", depends_on = { "A" } }, { id = "C", depends_on = { "B" } } } })
    fill(w, { "tabs are eight columns" })
    run(w, "run ep")
    local calls = {}
    for i, event in ipairs(w:events("memory.ranked")) do
      calls[i] = event.body.calls
      assert.truthy(event.body.error)
    end
    assert.same({ 1, 0, 0 }, { calls[1], calls[2], calls[3] })
    same(w)
  end)

  it("memory by meaning asks for a text once, and again where the embedder is another one", function()
    local w <close> = project()
    fill(w, NOTES)
    local function asked(words)
      run(w, "memory search '" .. words .. "'")
      local events = w:events("memory.ranked")
      return events[#events].body.usage.prompt
    end
    local first = asked("bills")
    assert.is_true(asked("bills") < first / 5)
    local config = cjson.decode(w:read("config/organization.json"))
    config.models.e.model = "others"
    w:write("config/organization.json", cjson.encode(config))
    assert.equal(first, asked("bills"))
    config.models.e.params = { dimensions = 64 } -- the same name, and vectors of another length
    w:write("config/organization.json", cjson.encode(config))
    assert.is_true(asked("bills") >= first)
    w:write(".orket/vectors.db", ("damaged "):rep(1000))
    os.remove(w.dir .. "/.orket/vectors.db-wal")
    assert.equal("an invoice is sent weekly",
      cjson.decode(run(w, "memory --json search 'bills mondays'"))[1].text)
  end)

  it("memory by meaning makes the file of the vectors anew where a page of it is damaged", function()
    local w <close> = project()
    fill(w, NOTES)
    run(w, "memory search bills")
    local file = w:read(".orket/vectors.db")
    assert.is_true(#file > 3 * 4096)
    w:write(".orket/vectors.db", file:sub(1, 8192) .. ("\xA5"):rep(#file - 8192))
    for _ = 1, 3 do -- the third at the latest has all of them again
      run(w, "memory search bills")
    end
    local events = w:events("memory.ranked")
    assert.is_nil(events[#events].body.error)
    assert.equal("an invoice is sent weekly",
      cjson.decode(run(w, "memory --json search 'bills mondays'"))[1].text)
  end)

  it("memory by meaning understands base64, and Gemini's API", function()
    for _, model in ipairs({ { params = { encoding_format = "base64" } }, { shape = "gemini" } }) do
      local w <close> = project({ model = model })
      fill(w, NOTES)
      run(w, "run ep")
      assert.is_nil(w:events("memory.ranked")[1].body.error)
      assert.truthy(prompt_of(w, "A"):find("an invoice is sent weekly", 1, true))
      same(w)
    end
  end)

  it("memory by meaning is in a cap, in the sums of its turn and in what things cost", function()
    local w <close> = project({ rules = { budgets = { organization = { tokens = 1000000 } } } })
    fill(w, NOTES)
    run(w, "run ep")
    local ranked = w:events("memory.ranked")[1].body
    local turn = w:events("turn.ended")[1].body
    local replies, calls = 0, ranked.calls
    for _, event in ipairs(w:events("step.reply")) do
      if event.turn == 1 then
        replies, calls = replies + event.body.usage.prompt, calls + 1
      end
    end
    assert.same({ replies + ranked.usage.prompt, calls }, { turn.tokens_in, turn.calls })
    local costs = cjson.decode(run(w, "cost --json --by model"))
    local by_name = {}
    for _, row in ipairs(costs.rows or costs) do
      by_name[row.name] = row
    end
    local told = 0
    for _, event in ipairs(w:events("memory.ranked")) do
      told = told + event.body.usage.prompt
    end
    assert.equal(told, by_name.e.tokens_in)
    local budget = cjson.decode(run(w, "budget --json"))
    local sum = 0
    for _, event in ipairs(w:events("turn.ended")) do
      sum = sum + event.body.tokens_in + event.body.tokens_out
    end
    assert.equal(sum, (budget.caps or budget)[1].used)
    same(w)
  end)

  it("memory by meaning goes on and forks with what was told, and asks nobody again", function()
    local w <close> = project({ issues = { { id = "A", name = "Bills",
      description = "When are they mailed?" } } })
    fill(w, NOTES)
    run(w, "run ep")
    local at
    for _, event in ipairs(w:events("step.reply")) do
      at = at or math.tointeger(event.seq)
    end
    run(w, "fork ep.1@" .. at)
    run(w, "run ep-f1")
    local of = {}
    for _, event in ipairs(w:events("memory.ranked")) do
      of[event.run] = (of[event.run] or 0) + 1
    end
    assert.is_nil(of["ep-f1.1"] and of["ep-f1.1"] > of["ep.1"] or nil)
    same(w, "ep-f1.1")
    same(w)
  end)

  it("memory by meaning is not asked again by a turn that was killed after it was told", function()
    local w <close> = project()
    fill(w, NOTES)
    w:hold("A")
    local run_of = w:start("ep")
    assert(world.wait(function()
      return w:sql("SELECT count(*) FROM event WHERE kind = 'memory.ranked'") == "1"
    end))
    run_of.kill("KILL")
    run_of.wait()
    w:release("A")
    run(w, "run ep")
    assert.equal(1, tonumber(w:sql("SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE e.kind = 'memory.ranked' AND s.turn = 1")))
    local first, again
    for n = 1, w:requests() do
      local messages = cjson.decode(w:request(n)).messages
      if messages and not messages[1].content:find("integrity guard", 1, true) then
        first, again = first or w:request(n), w:request(n)
      end
    end
    assert.equal(first, again)
    same(w)
  end)

  it("memory by meaning is asked anew when a card's words are written anew", function()
    local w <close> = project({ issues = { { id = "A", name = "Work", description = "about a bill" } }, embed = [[
      table.insert(synonyms, { "boat", "ship" })
      local last = reply
      function reply(request)
        if #request.messages >= 8 or request.messages[1].content:find("integrity guard", 1, true) then
          return last(request)
        end
        local r = say(write("f" .. #request.messages, "x"))
        r.delay_ms = #request.messages > 2 and 1500 or nil
        return r
      end
    ]] })
    local config = cjson.decode(w:read("config/organization.json"))
    config.models.m.context = 32000
    w:write("config/organization.json", cjson.encode(config))
    fill(w, { "an invoice has a number", "a ship has a mast", "rivers run to the sea" })
    local run_of = w:start()
    local epic = w:read("config/epics/ep.json")
    for i, words in ipairs({ "a boat", "rivers" }) do -- while the second and the third reply take their time
      assert(world.wait(function() return w:request(2 * i + 1) ~= nil end))
      w:write("config/epics/ep.json", (epic:gsub("a bill", words)))
      run(w, "sync")
    end
    local text, code = run_of.wait()
    assert.equal(0, code, text)
    local nearest, now = {}, nil
    for _, event in ipairs(w:events()) do
      if event.run == "ep.1" and event.turn == 1 and event.kind == "memory.ranked" then
        now = math.tointeger(event.body.near[1][1])
      elseif event.kind == "turn.prompted" and event.turn == 1 or event.kind == "window.compacted" then
        nearest[#nearest + 1] = now
      end
    end
    assert.same({ 1, 2, 3 }, nearest)
    same(w)
  end)

  it("memory by meaning answers a person whose question a run's end overtakes", function()
    local w <close> = project({ slow = true, embed = [[
      function embed(texts)
        for _, text in ipairs(texts) do
          if text == "which rivers" then
            return { delay_ms = 3500 }
          end
        end
      end
    ]] })
    fill(w, NOTES)
    local run_of = w:start()
    assert(world.wait(function() return w:request(2) ~= nil end))
    local text = run(w, "memory --json search 'which rivers'")
    assert.falsy(text:find("words alone", 1, true), text)
    assert.truthy(text:find('"near"', 1, true), text)
    assert.equal(0, select(2, run_of.wait()))
    same(w)
  end)

  it("memory by meaning asks for a text once, however many turns want it at once", function()
    local issues = {}
    for i = 1, 8 do
      issues[i] = { id = "A" .. i, name = "Bills " .. i }
    end
    local w <close> = project({ issues = issues, limits = { concurrency = 8 },
      embed = "function embed() return { delay_ms = 200 } end\n" })
    fill(w, NOTES)
    run(w, "run ep")
    local bytes, asked, most = 0, 0, 0
    for _, text in ipairs(NOTES) do
      bytes = bytes + #text
    end
    for _, event in ipairs(w:events("memory.ranked")) do
      asked, most = asked + 1, math.max(most, event.body.usage.prompt)
      assert.is_nil(event.body.error)
    end
    assert.equal(16, asked)
    assert.is_true(most >= bytes / 4)
    local large = 0
    for _, event in ipairs(w:events("memory.ranked")) do
      large = large + (event.body.usage.prompt >= bytes / 4 and 1 or 0)
    end
    assert.equal(1, large)
    same(w)
  end)

  it("memory by meaning leaves a cassette as it is without", function()
    local w <close> = project()
    fill(w, NOTES)
    run(w, "run --record tape.jsonl ep")
    assert.same({}, w:events("memory.ranked"))
  end)

  it("memory by meaning is refused where the configuration names what has no vectors", function()
    local w <close> = project({ model = { shape = "anthropic" } })
    assert.truthy(select(1, w:orket("validate")):find("have no vectors", 1, true))
    local v <close> = project({ memory = { embedder = "nobody" } })
    assert.truthy(select(1, v:orket("validate")):find("nobody", 1, true))
  end)
end)
