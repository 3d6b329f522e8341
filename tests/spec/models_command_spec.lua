-- models_command_spec.lua: `orket models` and `orket models check` as a program, against the mock model.

local cjson = require("cjson")
local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")

describe("models command", function()
  local dir, url, stop

  local function project(models, keys)
    orket.write(dir .. "/config/organization.json",
      cjson.encode({ name = "Test", models = models, keys = keys }))
    orket.write(dir .. "/config/teams/t.json",
      [[{"seats": {"dev": {"roles": ["coder"], "model": "able"}, "guard": {"roles": ["integrity_guard"]}}}]])
    orket.write(dir .. "/config/environments/e.json", [[{"model": "default"}]])
    orket.write(dir .. "/config/epics/one.json",
      [[{"team": "t", "environment": "e", "issues": [{"id": "x", "seat": "dev"}]}]])
    orket.write(dir .. "/config/epics/two.json", [[{"team": "t", "environment": "e", "params": {"model_overrides": {"coder": "other"}},
      "issues": [{"id": "y", "seat": "dev"}]}]])
  end

  local function able(more)
    local model = { base_url = url, model = "mock" }
    for key, value in pairs(more or {}) do
      model[key] = value
    end
    return model
  end

  setup(function()
    url, stop = mock.start("tests/support/able.lua", "--fast")
  end)
  teardown(function()
    assert.equal(0, stop())
  end)
  before_each(function()
    dir = orket.directory()
  end)
  after_each(function()
    orket.remove(dir)
  end)

  local function models(arguments, environment)
    local text, code = orket.shell(("%s %s models -C %s --json %s 2>&1"):format(environment or "",
      orket.binary, dir, arguments or ""))
    return cjson.decode(text) or text, code
  end

  local function check(more, environment)
    project({ able = able(more), default = able(), other = able() })
    local got, code = models("check able", environment)
    local by_name = {}
    for _, row in ipairs(got.checks) do
      by_name[row.check] = row
    end
    assert.equal(got.ok and 0 or 1, code)
    return by_name, got
  end

  it("orket models names the seats of the first one, where no default is configured", function()
    project({ able = able(), other = able() }, {})
    orket.write(dir .. "/config/environments/e.json", "{}")
    local got = models("")
    assert.same({ { "t/dev", "t/guard" }, { "t/dev" } }, { got.models[1].seats, got.models[2].seats })
  end)

  it("orket models lists them, with their keys and seats", function()
    project({
      able = able({ context = 8000, price = { input = 100, output = 200 } }),
      default = able({ shape = "anthropic", key = "SET" }),
      other = able({ shape = "gemini", key = "gone", calls = "text" }),
    }, { SET = { env = "PROBE_KEY" }, gone = { env = "PROBE_GONE" } })
    local got, code = models("", "PROBE_KEY=sk-not-to-be-seen-1234")
    assert.equal(0, code)
    assert.same({
      { name = "able", provider = "openai", endpoint = url, model = "mock", context = 8000, calls = "auto",
        price = { input = 100, output = 200 }, seats = { "t/dev" } },
      { name = "default", provider = "anthropic", endpoint = url, model = "mock", calls = "auto", key = true,
        seats = { "t/guard" } },
      { name = "other", provider = "gemini", endpoint = url, model = "mock", calls = "text", key = false,
        seats = { "t/dev" } },
    }, got.models)
    local text = orket.shell(("PROBE_KEY=sk-not-to-be-seen-1234 %s models -C %s 2>&1"):format(orket.binary,
      dir))
    assert.truthy(text:find("default +anthropic +http"))
    assert.truthy(text:find("missing", 1, true))
    assert.falsy(text:find("not-to-be-seen", 1, true))
  end)

  it("orket models are where the environment says, unless it says nothing", function()
    project({ able = able(), default = able(), other = able() })
    assert.equal("http://127.0.0.1:1/v1",
      models("", "ORKET_MODEL_URL=http://127.0.0.1:1/v1").models[1].endpoint)
    local row = models("", "ORKET_MODEL_URL= ORKET_MODEL= ORKET_MODEL_KEY=").models[1]
    assert.same({ url, "mock", nil }, { row.endpoint, row.model, row.key })
  end)

  it("orket models checks a model that can do everything", function()
    local _, got = check()
    assert.is_true(got.ok)
    local names = {}
    for i, row in ipairs(got.checks) do
      names[i] = row.check .. " " .. row.outcome
    end
    assert.same({ "reachable ok", "streams ok", "calls ok", "json ok" }, names)
  end)

  for _, case in ipairs({ { "no-calls", "calls", "text" }, { "no-schema", "calls", "schema" },
    { "no-json", "json", "another model" },
    { "no-streams", "streams", "proxy" } }) do
    it("orket models finds one with " .. case[1], function()
      local rows, got = check({ model = case[1] })
      assert.is_false(got.ok)
      for name, row in pairs(rows) do
        assert.equal(name == case[2] and "error" or "ok", row.outcome, name)
      end
      assert.equal("ERR_PROTOCOL", rows[case[2]].code)
      assert.truthy(rows[case[2]].cure:find(case[3], 1, true), rows[case[2]].cure)
    end)
  end

  it("orket models asks a model for its calls as it is asked in a run", function()
    local rows = check({ model = "no-calls", calls = "text" })
    assert.equal("ok", rows.calls.outcome)
  end)

  it("orket models spares one that is asked for whole replies", function()
    local rows, got = check({ model = "no-streams", stream = false })
    assert.is_true(got.ok)
    assert.equal("skipped", rows.streams.outcome)
    assert.equal("ok", rows.calls.outcome)
  end)

  it("orket models asks no further when nobody answers", function()
    local rows = check({ base_url = "http://127.0.0.1:1/v1" })
    assert.equal("ERR_NET", rows.reachable.code)
    assert.truthy(rows.reachable.cure:find("address", 1, true))
    assert.equal("skipped", rows.calls.outcome)
    rows = check({ model = "no-key" })
    assert.equal("ERR_HTTP", rows.reachable.code)
    assert.truthy(rows.reachable.cure:find("key", 1, true))
  end)

  it("orket models tells it to people", function()
    project({ able = able({ model = "no-calls" }), default = able(), other = able() })
    local text, code = orket.shell(("%s models -C %s check able 2>&1"):format(orket.binary, dir))
    assert.equal(1, code)
    assert.truthy(text:find("reachable +ok"))
    assert.truthy(text:find("calls +error +%d+ ms +ERR_PROTOCOL: it answered without a call\n +fix: "))
  end)

  it("orket models refuses what it does not know", function()
    project({ able = able(), default = able(), other = able() })
    for arguments, word in pairs({ ["check abel"] = "did you mean able", check = "NAME", list = "list",
      ["--timeout 3"] = "check",
      ["--timeout no check able"] = "seconds" }) do
      local text, code = orket.shell(("%s models -C %s %s 2>&1"):format(orket.binary, dir, arguments))
      assert.equal(2, code, text)
      assert.truthy(text:find(word, 1, true), text)
    end
    assert.equal(1, select(2, orket.run("models -C /nowhere")))
  end)
end)
