-- canary_spec.lua: a new generation of scripts serves some turns beside the old one, then all of them, or
-- none: by what it did, and through every interruption.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(write("out/" .. talk.card .. ".txt", talk.card)) end, function() return say(finish()) end)
end
]]

local SAME = "local function decide() end\n-- %s\nreturn { node = 'policy', decide = decide }"
local DENIES = "local function decide(call) if call.tool == 'write_file' then return { decision = 'deny', rule = 'no', why = 'no', fix = '-' } end end\n"
  .. "-- %s\nreturn { node = 'policy', decide = decide }"

-- A project of so many cards of which the first was worked on with the scripts as they were.
local function begun(count, canary, mock)
  local issues = {}
  for i = 1, count do
    issues[i] = { id = "I-" .. i }
  end
  local w = world.new({ issues = issues, mock = mock or MOCK, limits = { concurrency = 1 } })
  local organization = cjson.decode(w:read("config/organization.json"))
  organization.process_rules.canary = canary
  w:write("config/organization.json", cjson.encode(organization))
  local text, code = w:run("I-1")
  assert.equal(0, code, text)
  return w
end

-- Turns by the generation that served them: {["0…"] = {3, 5}}, and the order of the generations.
local function served(w)
  local by, order = {}, {}
  for _, event in ipairs(w:events("turn.started")) do
    local id = event.body.generation
    if not by[id] then
      by[id], order[#order + 1] = {}, id
    end
    table.insert(by[id], math.tointeger(event.turn))
  end
  return by, order
end

local function kinds(w)
  local list = {}
  for _, event in ipairs(w:events()) do
    list[#list + 1] = event.kind:match("^canary%.(.*)")
  end
  return list
end

describe("canary", function()
  it("a canary is off unless the organization says so", function()
    local w <close> = begun(2, nil)
    w:write("nodes/policy.lua", SAME:format(1))
    assert.equal(0, (select(2, w:run())))
    assert.same({}, kinds(w))
    local by, order = served(w)
    assert.same({ { 1, 2 }, { 3, 4 } }, { by[order[1]], by[order[2]] })
  end)

  it("a canary serves one of two turns, then all", function()
    local w <close> = begun(5, { turns = 2, every = 2 })
    w:write("nodes/policy.lua", SAME:format(1))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "started", "promoted" }, kinds(w))
    local by, order = served(w)
    assert.equal(2, #order)
    assert.same({ 1, 2, 3, 5 }, by[order[1]])
    assert.same({ 4, 6, 7, 8, 9, 10 }, by[order[2]])
    local promoted = w:events("canary.promoted")[1].body
    assert.equal(order[2], promoted.generation)
    assert.same({ turns = 2, refusals = 0, failures = 0 }, promoted.figures.new)
    assert.same({ turns = 2, refusals = 0, failures = 0 }, promoted.figures.old)
    assert.truthy(text:find("serve all turns", 1, true), text)
    assert.falsy(w:orket("board"):find("canary", 1, true))
    w:replays()
  end)

  it("a canary is rolled back by itself when it refuses more, stays so, and comes back changed", function()
    local w <close> = begun(6, { turns = 4, every = 2, refusals = 0.2 })
    w:write("nodes/policy.lua", DENIES:format(1))
    local text, code
    for _, card in ipairs({ "I-2", "I-3", "I-4" }) do -- work and review in turns: the third trial is of work
      text, code = w:run(card)
      assert.equal(0, code, text)
    end
    assert.same({ "started", "rolled_back" }, kinds(w))
    local body = w:events("canary.rolled_back")[1].body
    assert.truthy(body.why:find("1 refusals in 3 turns; 0.8 in 4 are its bound", 1, true), body.why)
    assert.same({ turns = 3, refusals = 1, failures = 0 }, body.figures.new)
    assert.truthy(w:orket("board"):find("canary: the scripts " .. body.generation .. " were rolled back", 1,
      true))
    local status = cjson.decode((w:orket("policy status --json"))).canary
    assert.same({ "rolled_back", body.generation, 1 },
      { status.status, status.generation, status.figures.new.refusals })
    assert.truthy(w:orket("policy status"):find("canary: the scripts " .. body.generation
      .. " were rolled back", 1, true))
    text, code = w:run("I-5")
    assert.equal(0, code, text)
    assert.truthy(text:find("were rolled back by the canary", 1, true), text)
    local by, order = served(w)
    assert.equal(2, #order)
    assert.same({ 4, 6, 7 }, by[body.generation])
    w:write("nodes/policy.lua", SAME:format(2))
    assert.equal(0, (select(2, w:run("I-6"))))
    assert.same({ "started", "rolled_back", "started" }, kinds(w))
    w:replays()
  end)

  it("a canary serves as much work as reviews, though they alternate, of one run and of many", function()
    local w <close> = begun(12, { turns = 20, every = 2 })
    w:write("nodes/policy.lua", SAME:format(1))
    assert.equal(0, (select(2, w:run())))
    local by, order = served(w)
    local odd = 0
    for _, turn in ipairs(by[order[2]]) do
      odd = odd + turn % 2
    end
    assert.equal(11, #by[order[2]])
    assert.truthy(odd >= 4 and odd <= 7, odd)
  end)

  it("a canary is rolled back by its first failed turn", function()
    local w <close> = begun(3, { turns = 10, every = 2 })
    w:write("roles/integrity_guard.lua",
      (world.orket.read("roles/integrity_guard.lua"):gsub("return brief.prompt",
      "assert(view.card.id ~= 'I-2') return brief.prompt", 1)))
    local text, code = w:run()
    assert.equal(3, code, text) -- a script that raises is a bug: its card waits
    assert.same({ "started", "rolled_back" }, kinds(w))
    local why = w:events("canary.rolled_back")[1].body.why
    assert.truthy(why:find("1 failures in 1 turns", 1, true), why)
    assert.equal("done", w:card("I-3").status)
    assert.equal(0, (select(2, w:orket("retry I-2"))))
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)

  it("a canary begins when a person has accepted what makes more possible", function()
    local w <close> = begun(4, { turns = 2, every = 1 })
    w:write("roles/coder.lua",
      (world.orket.read("roles/coder.lua"):gsub('"read_file",', '"read_file", "create_issue",', 1)))
    assert.equal(0, (select(2, w:run("I-2"))))
    assert.same({}, kinds(w))
    local waits = w:events("scripts.waiting")[1] or w:events()[1]
    local text, code = w:orket("policy accept " .. tostring(waits.body.generation))
    assert.equal(0, code, text)
    assert.equal(0, (select(2, w:run())))
    assert.same({ "started", "promoted" }, kinds(w))
    local by, order = served(w)
    assert.same({ 1, 2, 3, 4 }, by[order[1]])
    assert.equal(4, #by[waits.body.generation])
    w:replays()
  end)

  it("a canary is over when the files are again what they were", function()
    local w <close> = begun(4, { turns = 10 })
    w:write("nodes/policy.lua", SAME:format(1))
    assert.equal(0, (select(2, w:run("I-2"))))
    assert.truthy(w:orket("board"):find("have served 1 of 10 turns beside", 1, true))
    os.remove(w.dir .. "/nodes/policy.lua")
    assert.equal(0, (select(2, w:run())))
    local by, order = served(w)
    assert.same({ 4 }, by[order[2]])
    assert.same({ 1, 2, 3, 5, 6, 7, 8 }, by[order[1]])
    w:replays()
  end)

  it("a canary takes changed files while a run is under way, also a second time", function()
    local w <close> = begun(6, { turns = 3, every = 1 }, [[
      function work(talk)
        return steps(talk, function() return say(write("out/" .. talk.card .. ".txt", talk.card)) end, function() return say(finish()) end)
      end ]])
    local run = w:held(w:requests() + 1)
    w:write("nodes/policy.lua", SAME:format(1))
    assert(world.wait(function() return #w:events("canary.started") == 1 end))
    run.wait()
    w:write("nodes/policy.lua", SAME:format(2))
    assert.equal(0, (select(2, w:run("--again ep"))))
    assert.same({ "started", "promoted", "started", "promoted" }, kinds(w))
    w:replays()
  end)

  for _, point in ipairs({ "commit_before:9", "commit_after:12", "permit_before:2", "commit_after:25",
    "commit_before:31" }) do
    it("a canary goes on where it was after a kill at " .. point, function()
      local w <close> = begun(5, { turns = 3, every = 2 })
      w:write("nodes/policy.lua", SAME:format(1))
      w:killed(point)
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.same({ "started", "promoted" }, kinds(w))
      local by, order = served(w)
      assert.equal(2, #order)
      local tried = {}
      for _, turn in ipairs(by[order[2]]) do
        tried[#tried + 1] = #tried < 3 and turn or nil
      end
      assert.same({ 4, 6, 7 }, tried)
      assert.same({ 1, 2, 3, 5 }, by[order[1]])
      w:replays()
    end)
  end
end)
