-- settings_spec.lua: what of the configuration a run follows from is recorded with it: a replay takes that,
-- and names the setting when the present one makes something else of the run.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
end
]]

local function done(options)
  local w = world.new(world.merged({ issues = { {}, {} }, mock = MOCK }, options))
  local text, code = w:run()
  assert.equal(0, code, text)
  return w
end

-- The project's configuration with other values.
local function configured(w, file, change)
  local path = "config/" .. file .. ".json"
  local value = cjson.decode(w:read(path))
  change(value)
  w:write(path, cjson.encode(value))
end

local BEGINNING = '{\\"architecture\\"'

local function recorded_settings(w)
  return w:sql("SELECT count(*) FROM blob WHERE CAST(bytes AS TEXT) LIKE '" .. BEGINNING .. "%'")
end

local function same(w, modes, run)
  for _, mode in ipairs(modes) do
    local text, code = w:orket("replay " .. mode .. " " .. (run or "ep.1"))
    assert.equal(0, code, mode .. ": " .. text)
  end
end

describe("settings", function()
  it("a setting that is wrong is named by whatever would use it, not by its file alone", function()
    local w <close> = world.new({ issues = { {} }, mock = MOCK, limits = { content = 5 } })
    for _, command in ipairs({ "run --plain ep", "validate", "policy delta", "approve X" }) do
      local text, code = w:orket(command)
      assert.equal(1, code, command)
      assert.truthy(text:find("must be at least 1024 (at /process_rules/limits/content)", 1, true),
        command .. ": " .. text)
    end
  end)
end)

describe("settings", function()
  local w

  setup(function()
    w = world.new({ issues = { {}, {} }, mock = MOCK })
    configured(w, "organization", function(o)
      o.models.other = { base_url = "http://127.0.0.1:1/v1", model = "other" }
      o.process_rules.default_llm = "m"
    end)
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  teardown(function()
    w:close()
  end)

  local rows = {
    { "a limit", "organization", function(o) o.process_rules.limits.steps = 1 end,
      "process_rules.limits.steps" },
    { "a rule of the gate", "organization", function(o)
      o.process_rules.gate = { { id = "no", effect = "deny", why = "no files", tools = { "write_file" } } }
    end, "process_rules.gate" },
    { "the default model", "organization", function(o) o.process_rules.default_llm = "other" end,
      "process_rules.default_llm" },
    { "a model of a seat", "teams/t", function(t) t.seats.dev.model = "other" end, "team.seats.dev.model" },
    { "another role of a seat", "teams/t", function(t) t.seats.dev.roles = { "lead_architect" } end,
      "team.seats.dev.roles" },
    { "the environment's model", "environments/e", function(e) e.model = "other" end, "environment.model" },
  }
  for _, row in ipairs(rows) do
    local name, file, change, setting = table.unpack(row)
    it("a replay under another configuration takes the recorded one, and names " .. name, function()
      local before = w:read("config/" .. file .. ".json")
      configured(w, file, change)
      local text, code = w:orket("replay --config ep.1")
      assert.equal(1, code, text)
      assert.truthy(text:find("ERR_REPLAY: ep.1/", 1, true), text)
      assert.truthy(text:find("fix: not as recorded: [^\n]*" .. setting:gsub("%p", "%%%0")), text)
      assert.truthy(text:find("\n+" .. setting, 1, true), text)
      same(w, { "", "--strict", "--strict --scripts" })
      w:write("config/" .. file .. ".json", before)
    end)
  end

  it("a replay under another configuration tells that a setting made no difference", function()
    local before = w:read("config/organization.json")
    configured(w, "organization", function(o)
      o.process_rules.limits.concurrency = 32
      o.models.m.temperature = 0.5
    end)
    local text, code = w:orket("replay --config --strict ep.1")
    assert.equal(0, code, text)
    for _, setting in ipairs({ "models.m.temperature", "process_rules.limits.concurrency" }) do
      assert.truthy(text:find("the setting " .. setting .. " is another one: it makes no difference", 1,
        true), text)
    end
    local result = cjson.decode((w:orket("replay --config --json ep.1")))
    assert.same({ "models.m.temperature", "process_rules.limits.concurrency" }, result.settings)
    w:write("config/organization.json", before)
  end)

  it("a replay under another configuration is not fooled by a recorded one that was changed", function()
    local copy <close> = world.copy(w.dir, "function reply() return {} end")
    copy:sql("UPDATE blob SET bytes = CAST('{ ' || substr(CAST(bytes AS TEXT), 2) AS BLOB) WHERE CAST(bytes AS TEXT) LIKE '" .. BEGINNING .. "%'")
    local text, code = copy:orket("replay ep.1")
    assert.equal(1, code, text)
    assert.truthy(text:find("ERR_REPLAY: ep.1/0.1 (run.started", 1, true), text)
  end)
end)

describe("settings", function()
  it("the recorded configuration has no header and no value of a key in it, and is stored once", function()
    local w <close> = done({ model = { headers = { ["X-Team"] = "sesame" } },
      environment = "ORKET_MODEL_KEY=sk-0123456789-abcdef" })
    assert.equal("1", recorded_settings(w))
    local text = w:blob(BEGINNING)
    assert.truthy(text:find('"process_rules"', 1, true), text)
    for _, word in ipairs({ "sesame", "sk-0123", w.dir }) do
      assert.falsy(text:find(word, 1, true), word)
    end
    local at = math.tointeger(w:events("call.allowed")[1].seq)
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. at))))
    assert.equal(0, (select(2, w:run("ep-f1"))))
    assert.equal("1", recorded_settings(w))
    same(w, { "", "--strict" }, "ep-f1.1")
  end)

  it("the recorded configuration is another one from where the run went on under another one", function()
    local w <close> = world.new({ issues = { {}, {} }, limits = { concurrency = 1 }, mock = [[
      function work(talk)
        if talk.card == "I-1" and talk.replies == 1 then
          return { content = "thinking", delay_ms = 60000 }
        end
        return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
      end ]] })
    local run = w:start()
    assert(world.wait(function() return w:requests() == 2 end))
    run.kill("KILL")
    run.wait()
    w:write(".test/mock.lua", "")
    configured(w, "organization", function(o)
      o.process_rules.gate = { { id = "no", effect = "deny", why = "no reports",
        tools = { "update_issue_status" }, roles = { "coder" } } }
      o.process_rules.limits.concurrency = 4
      o.process_rules.limits.steps = 3
    end)
    run = w:start()
    assert(world.wait(function() return #w:events("turn.ended") == 1 end))
    run.kill("INT")
    run.wait()
    assert.equal("2", recorded_settings(w))
    assert.equal(2, #w:events("call.refused"))
    same(w, { "", "--strict" })
  end)

  it("the recorded configuration judges a call that was cut off", function()
    local w <close> = world.new({ issues = { {} }, mock = [[
      function work(talk)
        local refused = talk.said[1] and talk.said[1]:find("no files", 1, true)
        return refused and say(finish()) or say(write("a.txt", "x"), write("b.txt", "y"))
      end ]] })
    w:killed("permit_before:2")
    configured(w, "organization", function(o)
      o.process_rules.gate = { { id = "no", effect = "deny", why = "no files", tools = { "write_file" },
        paths = { "b.txt" } } }
    end)
    w:run()
    assert.is_true(#w:events("call.refused") > 0)
    same(w, { "", "--strict" })
  end)

  it("the recorded configuration is that of the process: cards that are applied beside a run leave it alone",
    function()
    local w <close> = world.new({ issues = { {}, { depends_on = { "I-1" } } }, limits = { concurrency = 1 }, mock = [[
      function work(talk)
        return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
      end ]] })
    local run = w:held(1)
    configured(w, "teams/t", function(t) t.seats.dev.roles = { "lead_architect" } end)
    configured(w, "organization", function(o)
      o.process_rules.loop_node = "loop" o.process_rules.router_node = "router"
    end)
    configured(w, "epics/ep", function(e) e.issues[2].name = "Another name" end)
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    for _, event in ipairs(w:events("turn.started")) do
      assert.truthy(event.role == "coder" or event.role == "integrity_guard", event.role)
    end
    same(w, { "", "--strict" })
  end)
end)

describe("settings", function()
  it("a replay of one card derives what was done with it, whatever comes out otherwise before", function()
    local w <close> = done()
    w:write("tools/write_file.lua",
      (world.orket.read("tools/write_file.lua"):gsub("local function run%(args%)\n",
      "%0  if args.path == 'I-1.txt' then return { other = true } end\n")))
    local text, code = w:orket("replay --scripts ep.1")
    assert.equal(1, code, text)
    assert.truthy(text:find("of I-1, commit", 1, true), text)
    text, code = w:orket("replay --scripts --strict --card I-1 ep.1")
    assert.equal(1, code, text)
    text, code = w:orket("replay --scripts --strict --card I-2 ep.1")
    assert.equal(0, code, text)
    assert.truthy(text:find("events of 2 turns of I-2 derived again", 1, true), text)
    assert.truthy(text:find("tools/write_file.lua is another one: it makes no difference", 1, true), text)
    text, code = w:orket("replay --card I-3 ep.1")
    assert.equal(1, code, text)
    assert.truthy(text:find("ERR_NOT_FOUND: the run ep.1 did nothing with a card 'I-3'", 1, true), text)
  end)
end)
