-- merge_queue_spec.lua: with process_rules.merge_queue a card is done only when its test passed on what its merge
-- makes of the epic's tree.

local world = dofile("tests/support/world.lua")

-- Two cards that are right alone and wrong together: the test wants count to say how many files parts/ has. Each
-- turn counts what it finds.
local WORK = [[
local function counted(talk)
  local text = table.concat(talk.said)
  return (text:find("one-A", 1, true) and 1 or 0) + (text:find("one-B", 1, true) and 1 or 0)
end

function work(talk)
  return steps(talk, function() return say(write("parts/one-" .. talk.card, "x\n"), first(talk)) end,
    function() return say(call("list_directory", { path = "parts" })) end,
    function() return say(write("count", counted(talk) .. "\n"), finish()) end)
end
]]

local ALONE = "function first(talk) return write('own-' .. talk.card, 'x\\n') end\n"
local TOGETHER = "function first(talk) return write('README', talk.card .. '\\n') end\n"

local FIXTURE = [[{"argv": ["sh", "-c", "test $(ls parts | wc -l) = $(cat count)"]}]]

local function new(queue, first)
  return world.new({ issues = { { id = "A", verification = { fixture_path = "v.json" } },
    { id = "B", verification = { fixture_path = "v.json" } } }, mock = first .. WORK,
    files = { ["verification/v.json"] = FIXTURE, ["workspace/ep/tree/README"] = "hello\n" },
    rules = { merge_queue = queue } })
end

local function failures(w)
  local failed = 0
  for _, event in ipairs(w:events("verify.done")) do
    failed = failed + (event.body.ok and 0 or 1)
  end
  return failed
end

describe("a merge queue", function()
  it("tests a card on what was merged before it, and sends it back when both fail together", function()
    local w <close> = new(true, ALONE)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("2\n", w:made("count"))
    assert.equal(1, failures(w))
    w:replays("ep.1")
    assert.equal(0, select(2, w:orket("check")))
  end)

  it("is off by default: each card's test is of its own files", function()
    local w <close> = new(nil, ALONE)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("1\n", w:made("count"))
    assert.equal(0, failures(w))
    w:replays("ep.1")
  end)

  it("sends a card back with both sides when it cannot be merged to be tested", function()
    local w <close> = new(true, TOGETHER)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(#w:events("tree.conflict") >= 1)
    assert.equal("2\n", w:made("count"))
    w:replays("ep.1")
  end)
end)
