-- fsm_spec.lua: the published table equals the law that the binary applies, row by row.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- docs/state-machine.md as a table: type -> "from to" -> { who, needs }
local function published()
  local law, type = {}, nil
  for line in orket.read("docs/state-machine.md"):gmatch("[^\n]+") do
    local heading = line:match("^## (%l+)$")
    if heading then
      type, law[heading] = heading, {}
    end
    local from, to, who, needs = line:match("^| `([%l_]+)` | `([%l_]+)` | ([%l_]+) | ([%l-]+) |")
    if from then
      law[type][from .. " " .. to] = { who = who, needs = needs == "required" }
    end
  end
  return law
end

local TYPES = { "rock", "epic", "issue", "plan", "utility", "app" }
local STATUSES = {
  "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review", "done",
  "canceled", "archived",
}
local ROLES = { "system", "human", "integrity_guard", "coder" }
local REASONS = { false, "resource", "dependency", "review", "input", "system" }

local function walk(requests, type, from, to)
  for _, role in ipairs(ROLES) do
    for _, reason in ipairs(REASONS) do
      requests[#requests + 1] = { type = type, from = from, to = to, role = role, reason = reason or nil }
    end
  end
end

describe("fsm", function()
  it("the card state machine is published as it is", function()
    assert.equal(orket.read("docs/state-machine.md"), (orket.run("law")))
  end)

  it("the card state machine allows exactly what is published", function()
    local law, requests = published(), {}
    for _, type in ipairs(TYPES) do
      for _, from in ipairs(STATUSES) do
        for _, to in ipairs(STATUSES) do
          walk(requests, type, from, to)
        end
      end
    end
    local answers = orket.try("fsm", requests)
    assert.equal(#requests, #answers)
    for i, request in ipairs(requests) do
      local edge = (law[request.type] or {})[request.from .. " " .. request.to]
      local ok = edge ~= nil and edge.needs == (request.reason ~= nil)
        and (edge.who == "any" or edge.who == request.role)
      assert(ok == answers[i].ok, "disagrees about " .. cjson.encode(request) .. ": "
        .. cjson.encode(answers[i]))
      assert(answers[i].rule:match("^fsm%.%l+$") and answers[i].why ~= "")
    end
  end)

  it("the card state machine answers from the command line with its exit code", function()
    local text, code = orket.run("try fsm issue in_progress blocked --role coder --reason input")
    assert.equal(0, code)
    assert.equal("fsm.allow", cjson.decode(text).rule)
    text, code = orket.run("try fsm issue code_review done --role human")
    assert.equal(1, code)
    assert.equal("fsm.guard", cjson.decode(text).rule)
    for _, arguments in ipairs({ "issue ready", "issue ready done", "issue ready done --role",
      "a b c --role d --x" }) do
      assert.equal(2, select(2, orket.run("try fsm " .. arguments)))
    end
  end)

  it("the card state machine survives hostile rows", function()
    local answers = orket.try("fsm", {
      '{"type":"issue","from":"ready","to":"in_progress"}',
        '{"type":[],"from":"ready","to":"done","role":"x"}',
      '{"type":"issue","from":"ready","to":"done","role":"x","reason":5}', "nonsense", "[]", "7",
      '{"type":"issue","from":"ready","to":"in_progress","role":"coder","more":1}',
      '{"type":"issue","from":"code_review","to":"done","role":"integrity_guard\\u0000","id":{"a":[1]}}',
      '{"type":"issue\\u0000","from":"ready","to":"in_progress","role":"coder"}',
    })
    assert.equal(9, #answers)
    for i, answer in ipairs(answers) do
      assert(answer.ok == false or answer.error, "row " .. i)
    end
    assert.same({ a = { 1 } }, answers[8].id)
  end)
end)
