-- arms_spec.lua: prompts that are tried beside each other: which card has which, what its turns are sent,
-- what is recorded.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local NODE = [[
local function build(_, prompt)
  return { { role = "system", content = prompt.system }, { role = "user", content = prompt.user .. "\n\nBe brief." } }
end
return { node = "prompts", build = build }
]]

-- In other words, with a tool that a coder has not, and with a route that would end the turn as it likes.
local ROLE = world.orket.read("tests/support/scripts/terse_role.lua")

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(write(talk.card .. ".txt", "a")) end, function() return say(finish()) end)
end
]]

local ARMS = { salt = "s", choices = { plain = {}, brief = { prompts = "short" },
  terse = { roles = { coder = "terse" } } } }

local function issues(count)
  local list = {}
  for i = 1, count do
    list[i] = { id = "I" .. i }
  end
  return list
end

local function new(more)
  return world.new(world.merged({ issues = issues(8), mock = MOCK, rules = { arms = ARMS },
    files = { ["nodes/short.lua"] = NODE, ["roles/terse.lua"] = ROLE } }, more))
end

-- card -> arm, of all its turns.
local function arms_of(w)
  local arms = {}
  for _, event in ipairs(w:events("turn.started")) do
    assert(not arms[event.card] or arms[event.card] == event.body.arm, event.card)
    arms[event.card] = event.body.arm
  end
  return arms
end

local function counted(arms)
  local counts = {}
  for _, arm in pairs(arms) do
    counts[arm] = (counts[arm] or 0) + 1
  end
  return counts
end

local function sent(w)
  local of = {}
  for i = 1, w:requests() do
    local request = cjson.decode(w:request(i))
    local card = request.messages[2].content:match("^# Card (%S+):")
    of[card] = of[card] or request
  end
  return of
end

local function names(tools)
  local list = {}
  for i, tool in ipairs(tools) do
    list[i] = tool["function"].name
  end
  return table.concat(list, " ")
end

describe("arms", function()
  it("each card gets one arm, recorded with each turn and the same in a replay", function()
    local w <close> = new()
    local shown = {}
    w:orket("sync")
    for i = 1, 8 do
      shown["I" .. i] = cjson.decode((w:orket("prompt --json I" .. i)))
    end
    assert.equal(0, (select(2, w:run())))
    local arms, requests = arms_of(w), sent(w)
    local counts = counted(arms)
    assert(counts.plain and counts.brief and counts.terse, cjson.encode(counts))
    for card, arm in pairs(arms) do
      local messages = requests[card].messages
      assert.equal(shown[card].arm, arm)
      assert.equal(cjson.encode(shown[card].messages), cjson.encode(messages))
      assert.equal(cjson.encode(shown[card].tools), cjson.encode(requests[card].tools))
      assert.equal(arm == "brief", messages[2].content:find("Be brief.", 1, true) ~= nil)
      assert.equal(arm == "terse", messages[1].content:find("terse coder", 1, true) ~= nil)
      if arm == "terse" then -- of its tools what a coder has; the turn ends by the coder's route
        assert.equal("write_file update_issue_status", names(requests[card].tools))
      end
    end
    local costs = cjson.decode((w:orket("cost --json --by arm")))
    assert.equal(3, #costs.rows)
    assert.equal(24, costs.total.calls)
    assert.truthy(w:orket("history ep.1"):find("terse", 1, true))
    assert.truthy(w:orket("log -n 1000"):find("takes it, arm terse", 1, true))
    assert.truthy(w:orket("prompt I1"):find("arm " .. arms.I1, 1, true))
    w:replays()
  end)

  it("a card keeps its arm after a kill, though the configuration is another one by then", function()
    local w <close> = new({ issues = issues(3), limits = { concurrency = 1 } })
    w:killed("permit_before:2")
    local begun = #w:events("turn.started")
    assert.equal(0, #w:events("run.ended"))
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.arms = nil
    w:write("config/organization.json", cjson.encode(config))
    assert.equal(0, (select(2, w:run())))
    local armed = 0
    for _, event in ipairs(w:events("turn.started")) do
      armed = armed + (event.body.arm and 1 or 0)
    end
    assert.truthy(begun > 0)
    assert.equal(begun, armed) -- also the one that was under way; those that began later have none
    w:replays()
  end)

  it("a fork keeps the arms of its parent's cards", function()
    local w <close> = new({ issues = issues(4) })
    assert.equal(0, (select(2, w:run())))
    local arms, first = arms_of(w), w:events("turn.started")[1]
    local text, code = w:orket(string.format("fork ep.1@%d", first.seq - 2))
    assert.equal(0, code, text)
    assert.equal(0, (select(2, w:run("ep-f1"))))
    for card, arm in pairs(arms_of(w)) do
      assert.equal(arms[card:gsub("%-f1$", "")] or arms[card], arm)
    end
    w:derives("ep-f1.1")
  end)

  it("a card whose arm does not serve stops and says why", function()
    local w <close> = new({ issues = issues(1),
      rules = { arms = { choices = { a = { prompts = "router" } } } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.truthy(text:find("the arm 'a' names nodes/router.lua, which is no prompts node", 1, true), text)
    local v <close> = new({ issues = issues(2), rules = {}, files = {} })
    v:run("I1")
    v:write("roles/terse.lua", ROLE)
    local config = cjson.decode(v:read("config/organization.json"))
    config.process_rules.arms = { choices = { a = { roles = { coder = "terse" } } } }
    v:write("config/organization.json", cjson.encode(config))
    text, code = v:run("I2")
    assert.equal(3, code, text)
    assert.truthy(text:find("the arm 'a' needs roles/terse.lua, which does not serve", 1, true), text)
    local waiting = v:orket("policy delta"):match("orket policy accept (%x+)")
    assert.equal(0, (select(2, v:orket("policy accept " .. waiting))))
    v:orket("retry I2")
    assert.equal(0, (select(2, v:run("I2"))))
    assert.equal("a", arms_of(v).I2)
  end)

  it("a new arm of a role waits for a person like any script, and a wrong one is reported", function()
    local w <close> = new({ issues = issues(2), rules = {}, files = { ["nodes/short.lua"] = NODE } })
    w:orket("sync")
    w:run("I1")
    w:write("roles/terse.lua", ROLE)
    w:run("I2")
    local status = w:orket("policy status")
    assert.truthy(status:find("terse", 1, true), status)
    for _, case in ipairs({
      { { choices = { a = {}, b = { prompts = "shrt" } } }, "the decision node 'shrt' does not exist" },
      { { choices = { a = {}, b = { roles = { codr = "coder" } } } }, "the role 'codr' does not exist" },
      { { choices = { a = {}, b = { roles = { coder = "poet" } } } }, "the role 'poet' does not exist" },
      { { choices = { [""] = {} } }, "choices" }, { { choices = { a = {}, b = { tools = {} } } }, "tools" },
    }) do
      local config = cjson.decode(w:read("config/organization.json"))
      config.process_rules.arms = case[1]
      w:write("config/organization.json", cjson.encode(config))
      local said, code = w:orket("validate")
      assert.equal(1, code)
      assert.truthy(said:find(case[2], 1, true), said)
    end
  end)
end)
