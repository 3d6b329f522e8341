-- model_past_spec.lua: a models node that looks back: it changes the model in the middle of a run, and
-- decides alike when a turn goes on after a kill, in a fork and in a replay.

local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local CLIMBING = orket.read("docs/nodes.md"):match("```lua\n(%-%- nodes/climbing.lua.-)```")

-- The small model gives up on the card; the strong one does the work.
local MOCK = [[
  function work(talk)
    if talk.request.model == "little" then return { status = 409, content = "too hard for me" } end
    return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
  end ]]

local function project(more)
  return world.new(world.merged({
    issues = { { id = "C-1" } }, mock = MOCK, model = { price = { input = 1000, output = 1000 } },
    models = {
      small = { base_url = "http://127.0.0.1:1/v1", model = "little" },
      strong = { base_url = "http://127.0.0.1:1/v1", model = "large",
        price = { input = 1000000, output = 1000000 } },
    },
    rules = { models_node = "climbing", default_llm = "m" }, files = { ["nodes/climbing.lua"] = CLIMBING },
  }, more))
end

local function models_of(w, role)
  local found = {}
  for _, event in ipairs(w:events("turn.started")) do
    found[#found + 1] = event.role == role and event.body.model or nil
  end
  return table.concat(found, " ")
end

local function replays(w, run)
  local text, code = w:orket("replay --strict " .. (run or "ep.1"))
  assert.equal(0, code, text)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
end

describe("model past", function()
  it("a models node that looks back takes the strong model after two turns that were not enough, and is told what they were",
    function()
    local w <close> = project()
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("small small strong", models_of(w, "coder"))
    local pasts = {}
    for i, event in ipairs(w:events("turn.started")) do
      pasts[i] = event.body.past
    end
    assert.same({ turns = {}, count = 0, spent = { tokens = 0, calls = 0, money = 0 }, left = {} }, pasts[1])
    assert.equal(2, pasts[3].count)
    assert.same({ "coder", "small", "failed" }, { pasts[3].turns[2].role, pasts[3].turns[2].model,
      pasts[3].turns[2].outcome })
    assert.equal("done", pasts[4].turns[3].outcome)
    assert.equal(pasts[4].turns[3].money, pasts[4].spent.money)
    assert.is_true(pasts[4].spent.tokens > 0 and pasts[4].spent.calls >= 4)
    replays(w)
  end)

  it("a models node is told what the budgets leave", function()
    local w <close> = project({ rules = { models_node = "climbing", default_llm = "m",
      limits = { concurrency = 1 },
      budgets = { epics = { ["*"] = { money = 60000 } },
        cards = { ["*"] = { money = 49999, calls = 50 } } } },
      models = { small = { base_url = "http://127.0.0.1:1/v1", model = "little",
        price = { input = 1, output = 1 } },
        strong = { base_url = "http://127.0.0.1:1/v1", model = "large",
          price = { input = 1, output = 1 } } } })
    local text, code = w:run()
    assert.not_equal(0, code, text)
    assert.equal("small small small", models_of(w, "coder"):sub(1, 17), text)
    local left = w:events("turn.started")[1].body.past.left
    assert.same({ money = 49999, calls = 50 }, left)
    assert.equal(49, w:events("turn.started")[2].body.past.left.calls)
    replays(w)
  end)

  it("a models node that looks back decides alike when a turn goes on after a kill, and in a fork", function()
    local w <close> = project()
    w:killed("reply_after:4") -- of the strong one, not yet on disk
    assert.equal("small small strong", models_of(w, "coder"))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("small small strong", models_of(w, "coder"))
    replays(w)
    local before = #w:events("turn.started")
    text, code = w:orket("fork ep.1@3.1")
    assert.equal(0, code, text)
    text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    local first
    for i, event in ipairs(w:events("turn.started")) do
      first = first or i > before and event or nil
    end
    assert.equal("small small strong strong", models_of(w, "coder"))
    assert.equal("strong", first.body.model)
    assert.same(w:events("turn.started")[3].body.past, first.body.past,
      "what a card of a fork inherits is its past")
    replays(w, "ep-f1.1")
  end)

  it("a models node that does not look at past turns costs nothing", function()
    local w <close> = project({ files = { ["nodes/climbing.lua"] = [[
      return { node = "models", choose = function(_, _, models) return models.default end } ]] } })
    local text, code = w:run()
    assert.equal(0, code, text)
    for _, event in ipairs(w:events("turn.started")) do
      assert.is_nil(event.body.past)
    end
  end)
end)
