-- nodes_spec.lua: a shipped node is called as it is, a project's own one in a box: the same text decides
-- the same either way.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return steps(talk,
    function() return say(write(talk.card .. ".txt", "made\n"), call("read_file", { path = "../escape" })) end,
    function() return say(finish()) end)
end
function review(talk)
  return talk.card == "B" and say(status("in_progress", "once more")) or accept()
end
]]

local ISSUES = {
  { id = "A", params = { model = "other" } }, { id = "B", depends_on = { "A" } },
  { id = "C", depends_on = { "A" }, seat = "lead" },
}

-- Everything of the journal but times, hashes and the identity of the scripts.
local function story(w)
  local lines = {}
  for _, event in ipairs(w:events()) do
    local body = event.body
    if event.kind ~= "scripts.loaded" then
      body.generation, body.files = nil, nil
      lines[#lines + 1] = table.concat({ event.run, event.turn, event.step, event.kind, event.card or "",
        event.role or "" }, " ")
        .. " " .. tostring(body.to or "") .. " " .. tostring(body.convo or body.why or body.model or body.rule
          or "")
    end
  end
  return lines
end

local function run(files)
  local w <close> = world.new({ issues = ISSUES, mock = MOCK, limits = { concurrency = 1 }, files = files })
  local text, code = w:run()
  assert.equal(3, code, text) -- B is sent back until a person has to look
  return story(w)
end

local NAMES = { "evaluator", "loop", "memory", "models", "planner", "policy", "prompts", "router" }

describe("a decision node", function()
  it("decides the same in a box and outside of one", function()
    local files = {}
    for _, name in ipairs(NAMES) do
      files["nodes/" .. name .. ".lua"] = world.orket.read("nodes/" .. name .. ".lua")
        .. "-- the house's own\n"
    end
    local shipped = run()
    assert(#shipped > 40, cjson.encode(shipped))
    assert.same(shipped, run(files))
  end)

  it("that is shipped raises no bug when it is asked about what it cannot judge", function()
    local w <close> = world.new({
      issues = { { id = "A" } }, mock = "function work() return { status = 400 } end",
      files = { ["nodes/planner.lua"] = 'return { node = "planner", plan = function() return 7 end }' },
    })
    local text, code = w:run()
    assert.not_equal(0, code)
    assert(not text:find("ERR_BUG", 1, true), text)
  end)
end)
