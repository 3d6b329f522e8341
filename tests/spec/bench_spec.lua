-- bench_spec.lua: a small run of everything that measures: the work it claims is done, what it prints can be
-- read. No figure is judged here: that is for `make evidence`.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local orket = dofile("tests/support/orket.lua")

local function bench_line(text)
  local json = text:match("%f[%w]BENCH ({[^\n]*})")
  return cjson.decode((assert(json, text)))
end

local function ask(model, body)
  return (orket.shell(("curl -sS --max-time 20 -d '%s' %s/chat/completions"):format(cjson.encode(body),
    model.url)))
end

local function talk(results, more)
  local messages = { { role = "user", content = "an old [[issue:A]] and [[issue:B-7]]" } }
  for i = 1, results do
    messages[#messages + 1] = { role = "tool", tool_call_id = "c" .. i, content = "\"role\":\"tool\"" }
  end
  local body = { model = "bench", messages = messages }
  for name, value in pairs(more or {}) do
    body[name] = value
  end
  return body
end

describe("bench", function()
  it("bench/model answers as a pure function of the request", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    for step, tool in ipairs({ "write_file", "read_file", "finish", "finish" }) do
      local text = ask(model, talk(step - 1))
      local call = cjson.decode(text).choices[1].message.tool_calls[1]
      assert.equal(tool, call["function"].name)
      assert.equal(("call_B-7_%d"):format(step - 1), call.id)
      assert.equal(text, ask(model, talk(step - 1)))
    end
    assert.equal(8, model:stats().requests)
    model:reset()
    assert.equal(0, model:stats().requests)
  end)

  it("bench/model streams the same call in pieces", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    local whole = cjson.decode(ask(model, talk(0))).choices[1].message.tool_calls[1]["function"].arguments
    local pieces, usage, done = {}, nil, false
    for data in ask(model,
      talk(0, { stream = true, stream_options = { include_usage = true } })):gmatch("data: ([^\n]+)\n\n") do
      local event = data ~= "[DONE]" and cjson.decode(data)
      local delta = event and event.choices[1] and event.choices[1].delta
      if delta and delta.tool_calls then
        pieces[#pieces + 1] = delta.tool_calls[1]["function"].arguments
      end
      usage = usage or event and event.usage
      done = data == "[DONE]"
    end
    assert.equal(whole, table.concat(pieces))
    assert(#pieces > 4 and usage.prompt_tokens > 0 and done)
    assert.equal(1024, #cjson.decode(whole).content)
  end)

  it("bench/model holds what it has to hold, and forgets who left", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory, 600000)
    os.execute(("curl -sS --max-time 0.5 -d '{}' %s/chat/completions 2>/dev/null & "):format(model.url))
    assert(model:holds(1, 5))
    for _ = 1, 100 do
      if model:stats().in_flight == 0 then
        break
      end
      measure.sleep(0.05)
    end
    assert.equal(0, model:stats().in_flight)
  end)
end)

describe("bench", function()
  it("bench/limit does the work of a step: request, row, file", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    local limit = measure.limit(directory, model.url, 30, 3)
    assert(limit.steps == 30 and limit.cpu_ms > 0 and limit.rate > 0)
    assert.equal(30, model:stats().requests)
    local dir = directory.path .. "/" .. directory.count
    local rows = orket.shell(("sqlite3 %s/limit.db 'SELECT count(*), count(DISTINCT card), sum(length(body)) FROM step'"):format(dir))
    local steps, cards, bytes = rows:match("^(%d+)|(%d+)|(%d+)")
    assert(steps == "30" and tonumber(cards) >= 10 and bytes == tostring(30 * 1024), rows)
    assert.equal(cards .. "\n", (orket.shell("ls " .. dir .. "/out | wc -l")))
  end)
end)

describe("bench", function()
  it("bench/load asks as often as it is told, and counts what came", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    local seen = measure.load(model.root:match("%d+$"), 20, 7)
    assert.same({ 20, 7 }, { seen.requests, seen.at_once })
    assert(seen.bytes > 20 * 1024 and seen.requests_per_s > 0 and seen.whole_ms.p50 <= seen.whole_ms.max,
      cjson.encode(seen))
    assert.equal(20, model:stats().requests)
  end)

  it("bench/load says no to replies that are none", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    local text, code = orket.shell(("%s/load --port %s --requests 3 --path /nothing 2>&1"):format(measure.programs, model.root:match("%d+$")))
    assert.equal(1, code, text)
    assert.equal(3, bench_line(text).failed)
    assert.equal(1, select(2, orket.shell(measure.programs .. "/load --port 1 --requests 1 2>/dev/null")))
    assert.equal(2, select(2, orket.shell(measure.programs .. "/load 2>/dev/null")))
  end)
end)

describe("bench", function()
  it("bench/spend measures a program and ends as it does", function()
    local spent = measure.spend(3, "/bin/true")
    assert(spent.runs == 3 and spent.wall_ms > 0 and spent.peak_kb > 0 and spent.began_ms > 1e12)
    local _, code = orket.shell(measure.programs .. "/spend 3 /bin/false")
    assert.equal(1, code)
    _, code = orket.shell(measure.programs .. "/spend 2>/dev/null")
    assert.equal(2, code)
  end)
end)

describe("orket bench", function()
  it("turns: three durable steps for each card, all done, the journal sound", function()
    local directory <close> = measure.directory()
    local model <close> = measure.model(directory)
    for _, persist in ipairs({ "full", "off" }) do
      local work = directory:new()
      model:reset()
      local text, code = orket.run(("bench turns --issues 5 --concurrency 3 --llm %s --workspace %s --persist %s"):format(
        model.url, work, persist))
      assert.equal(0, code, text)
      local figures = bench_line(text)
      assert.same({ 5, 15, "done" }, { figures.issues, figures.steps, figures.status })
      assert.equal(15, model:stats().requests)
      local checked
      checked, code = orket.run("check " .. work .. "/run-1")
      assert.equal(0, code, checked)
      for i = 1, 5 do
        local id = ("B%06d"):format(i)
        local card = cjson.decode((orket.run(("show --json -C %s/run-1 %s"):format(work, id))))
        assert.equal("done", card.status)
        assert.equal("1024\n",
          (orket.shell(("cat %s/run-1/workspace/bench/tree/out/%s.txt | wc -c"):format(work, id))))
      end
    end
  end)

  it("turns: without a model is a usage error", function()
    local directory <close> = measure.directory()
    local text, code = orket.run("bench turns --issues 1 --concurrency 1 --workspace " .. directory:new())
    assert.equal(2, code, text)
  end)

  it("streams: as many replies as asked for, whole, and told as they grow", function()
    local directory <close> = measure.directory()
    local output = directory:new() .. "/port"
    local server <close> = measure.start(measure.programs .. "/streams serve 20 1", output)
    local text, code = orket.run(("bench streams --heard --llm http://127.0.0.1:%s/40 --streams 20"):format(measure.port(server)))
    assert.equal(0, code, text)
    local figures = bench_line(text)
    assert.equal(20, figures.streams)
    assert.equal(figures.bytes, figures.heard)
    assert.equal(0, figures.bytes % (20 * 5)) -- forty tokens, five times the same eight
    assert.equal(2, select(2, orket.run("bench streams --streams 1")))
    assert.equal(2, select(2, orket.run("bench streams --llm http://127.0.0.1:1 --streams none")))
    text, code = orket.run("bench streams --llm http://127.0.0.1:1 --streams 2")
    assert(code == 1 and text:find("ERR_NET", 1, true), text)
  end)

  it("gate: equals the oracle, a fifth denied", function()
    local text, code = orket.run("bench gate --decisions 5000")
    assert.equal(0, code, text)
    local figures = bench_line(text)
    assert.equal(5000, figures.n)
    assert(figures.ns_per_decision > 0 and math.abs(figures.denied_share - 0.2) < 0.03, text)
  end)
end)

describe("bench/evidence", function()
  local NAMES = {
    streams = { "poll", "socket", "silent", "heard", "ratio", "best_ratio" },
    turns = { "cpu_ms", "rate", "limit_cpu_ms", "limit_rate", "cpu_ratio", "rate_ratio", "wide_ratio" },
    agents = { "rss_mb", "pss_mb", "kb_4", "kb_40" },
    start = { "true_ms", "version_ms", "request_ms", "limit_request_ms" },
    mock = { "mock_rate", "mock_p50_ms", "mock_p99_ms", "mock_alone_rate", "model_rate", "mock_bytes" },
    sockets = { "p50_ms", "p99_ms", "max_ms", "per_s" },
    audit = { "fork_bytes_few", "verify_ms_fork", "events_small", "export_ms_small", "verify_ms_small",
      "verify_kb_small", "verify_kb_large" },
    journal = { "bare", "alone", "ratio", "steps", "us_per_step" },
    sim = { "a_policy", "a_rule_of_the_house", "a_role_s_words", "a_router", "comments" },
    window = { "none_ms", "wide_ms", "window_ms", "window_mb", "growth" },
    scale = { "chain_s", "validate_s", "plan_s" },
    layers = { "base_mb", "cards_mb", "start_ms", "looking_ms", "merge_ms", "import_s", "clone_s", "export_s" },
    idesign = { "py_1k_ms", "ts_us_per_kb", "binary_mb" },
    search = { "text_ms", "any_case_ms", "expression_ms", "names_ms" },
    dialects = { "families", "texts", "rows", "failed", "token_us", "worst_s" },
  }
  for script, names in pairs(NAMES) do
    it(script .. " prints its figures", function()
      local text, code = orket.shell(("N=4 C=2 REPS=1 PACE=1 MB=1 lua5.4 bench/evidence/%s.lua 2>&1"):format(script))
      assert.equal(0, code, text)
      local figures = bench_line(text)
      for _, name in ipairs(names) do
        assert.equal("number", type(figures[name]), name .. "\n" .. text)
      end
    end)
  end
end)
