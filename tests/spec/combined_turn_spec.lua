-- combined_turn_spec.lua: everything that stands between a turn and its model at once (calls as text, a
-- window, arms, memory by meaning, a fallback, prices), killed again and again: what is resumed, replayed,
-- billed and told is what one run would be.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Writes its calls as text, counts tokens, refuses what is too long; every ninth request is one too many.
local MOCK = world.orket.read("tests/support/teams/combined.lua")

local NODE = [[
local function build(_, prompt)
  return { { role = "system", content = prompt.system }, { role = "user", content = prompt.user .. "\n\nBe brief." } }
end
return { node = "prompts", build = build }
]]

local CODER = world.orket.read("roles/coder.lua")

local function project()
  local w = world.new({
    issues = { { id = "A", name = "Bills" }, { id = "B", name = "More bills" },
      { id = "C", name = "The last", depends_on = { "A" } } },
    mock = MOCK, limits = { concurrency = 2, steps = 60 },
    files = { ["nodes/short.lua"] = NODE, ["roles/coder.lua"] = CODER },
    rules = { arms = { salt = "s", choices = { plain = {}, brief = { prompts = "short" } } },
      default_llm = "m" },
  })
  local config = cjson.decode(w:read("config/organization.json"))
  local base = { base_url = w.url, calls = "text", context = 8000, max_tokens = 1000,
    price = { input = 1000000, output = 2000000 } }
  config.models = {
    m = world.merged({ model = "first", fallback = { "n" } }, base),
    n = world.merged({ model = "second" }, base),
    e = { base_url = w.url, model = "words", price = { input = 1000000, output = 0 } },
  }
  config.process_rules.memory = { embedder = "e" }
  w:write("config/organization.json", cjson.encode(config))
  for _, text in ipairs({ "an invoice has a number", "tabs are eight columns", "rivers run to the sea" }) do
    assert.equal(0, select(2, w:orket("memory add '" .. text .. "'")))
  end
  w.command = function(self, arguments) -- the endpoints of the configuration count
    return string.format("cd %s && timeout 100 %s %s", self.dir, self.binary, arguments)
  end
  return w
end

local function kinds(w)
  local count = {}
  for _, event in ipairs(w:events()) do
    count[event.kind] = (count[event.kind] or 0) + 1
  end
  return count
end

local function newest_of_kinds(w)
  local newest, list = {}, {}
  for _, event in ipairs(w:events()) do
    newest[event.kind] = event
  end
  for _, event in pairs(newest) do
    list[#list + 1] = event
  end
  return list
end

local function totals(w)
  return cjson.decode((w:orket("cost --json"))).total
end

-- What the server says it was asked and has answered.
local function counted(w)
  return cjson.decode((world.orket.shell("curl -s " .. w.url:gsub("/v1$", "") .. "/stats")))
end

describe("a turn and its model, everything at once", function()
  it("a turn with every feature at once is reported, billed, replayed and exported", function()
    local w <close> = project()
    local text, code = w:run()
    assert.equal(0, code, text)
    local seen = kinds(w)
    for _, kind in ipairs({ "window.compacted", "memory.ranked", "step.failed", "call.allowed" }) do
      assert(seen[kind], kind .. " did not happen: " .. cjson.encode(seen))
    end
    local by, arms = {}, {}
    for _, event in ipairs(w:events("step.reply")) do
      by[event.body.model] = true
      assert.equal("hermes", event.body.dialect)
    end
    for _, event in ipairs(w:events("turn.started")) do
      arms[event.body.arm] = true
    end
    assert.same({ m = true, n = true }, by)
    assert.truthy(arms.plain or arms.brief)
    local total, served = totals(w), counted(w)
    assert.same({ served.prompt_tokens, served.completion_tokens, served.faults,
      served.replies + served.faults + seen["memory.ranked"] },
      { total.tokens_in, total.tokens_out, total.failed, total.calls })
    assert.equal(total.tokens_in + 2 * total.tokens_out, total.money)
    w:replays()
    text, code = w:orket("why --run ep.1")
    assert.equal(0, code, text)
    for _, event in ipairs(newest_of_kinds(w)) do
      text, code = w:orket("why " .. math.tointeger(event.seq))
      assert.equal(0, code, event.kind .. ": " .. text)
    end
    text, code = w:orket("sim --json --with roles")
    assert.equal(0, code, text)
    assert.equal(seen["call.allowed"], cjson.decode(text).judged.calls)
    text, code = w:orket("export -o out.jsonl ep.1 && " .. w.binary .. " verify out.jsonl")
    assert.equal(0, code, text)
  end)

  it("a turn with every feature at once goes on after kill -9", function()
    local w <close> = project()
    for _, point in ipairs({ "log_sync_after:19", "file_rename_after:7", "connect_before:40" }) do
      local run = ("cd %s && ORKET_FAULT=%s:kill timeout 60 %s run --plain ep"):format(w.dir, point,
        world.faulty)
      world.orket.shell(run .. " 2>&1")
    end
    local text, code = w:run()
    assert.equal(0, code, text)
    for _, id in ipairs({ "A", "B", "C" }) do
      assert.equal("done", w:card(id).status)
    end
    w:replays()
    text, code = w:check()
    assert.equal(0, code, text)
  end)
end)
