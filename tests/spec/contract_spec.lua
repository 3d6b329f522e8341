-- contract_spec.lua: what every role, node and tool must do, the shipped ones and those of the examples
-- (and of the directory in $SCRIPTS). docs/roles.md, docs/nodes.md and docs/tools.md say it in words.

local cjson = require("cjson")
local script = dofile("tests/support/script.lua")

local STATUSES = {
  ready = true, in_progress = true, blocked = true, waiting_for_developer = true, ready_for_testing = true,
  code_review = true, done = true, canceled = true, archived = true,
}
local REASONS = { resource = true, dependency = true, review = true, input = true, system = true }
local OPERATIONS = {}
for name in ("fs.read fs.attach fs.write fs.list fs.search fs.delete code.outline code.find proc.run card.comment card.move card.create card.context " ..
  "card.nominate card.excuse card.credits card.refine board.read board.create board.change plan.specify plan.make turn.finish turn.result"):gmatch("%S+") do
  OPERATIONS[name] = true
end

local function full_view(review)
  return {
    card = {
      id = "T-7", type = "issue", name = "Parser", description = "DESCRIPTION-MARK", seat = "coder",
      status = review and "code_review" or "in_progress", priority = 2.0, note = "NOTE-MARK", revision = 4,
      requirements = { "REQUIREMENT-ONE", "REQUIREMENT-TWO" }, depends_on = { "T-1" }, labels = {},
      params = {},
      retry_count = 1, max_retries = 3,
    },
    dependencies = { { id = "T-1", name = "DEPENDENCY-MARK", status = "done", note = "DEPENDENCY-NOTE" } },
    comments = { { author = "ada", role = "human", text = "COMMENT-MARK", at = "2026-01-31T12:00:00Z" } },
    memory = { { card = "T-1", text = "MEMORY-MARK", keywords = {} } },
    verification = { fixture = "parser.json", last = { ok = false, log = "LOG-MARK", tree = "00" } },
    effects = {}, conflict = { { path = "CONFLICT-MARK", with = "T-2" } },
    approvals = { { id = "r.1/2/3", tool = "TOOL-MARK", paths = { "PATH-MARK" }, rule = "RULE-MARK",
      status = "denied", by = "human:PERSON-MARK", why = "WHY-MARK" },
      { id = "r.1/2/9", tool = "run_command", rule = "gate.ask", status = "pending",
        expires_at = "EXPIRY-MARK" } },
    tools = {}, team = "crew", role = "coder", seat = "coder", review = review,
    epic = { id = "E", type = "epic", name = "EPIC-MARK", status = "in_progress", description = "EPIC-TEXT" },
  }
end

local MARKS = {
  "T-7", "Parser", "DESCRIPTION-MARK", "REQUIREMENT-ONE", "REQUIREMENT-TWO", "DEPENDENCY-MARK",
  "DEPENDENCY-NOTE",
  "COMMENT-MARK", "NOTE-MARK", "LOG-MARK", "parser.json", "CONFLICT-MARK", "MEMORY-MARK", "EPIC-MARK",
  "EPIC-TEXT",
  "TOOL-MARK", "PATH-MARK", "RULE-MARK", "PERSON-MARK", "WHY-MARK", "EXPIRY-MARK",
}

local null = cjson.null
local POOR_VIEWS = {
  { card = { id = "T-1", status = "in_progress" } },
  {
    card = { id = "T-1", name = null, type = null, status = "in_progress", description = null,
      requirements = null, note = null },
    dependencies = null, comments = null, memory = null, verification = null, conflict = null, epic = null,
  },
  {
    card = { id = "T-1", name = "", status = "in_progress", requirements = "one text", note = "" },
    dependencies = {}, comments = {}, memory = {}, verification = { fixture = null, last = null },
    conflict = {}, effects = {},
  },
  { card = { id = "T-1", name = "long", status = "in_progress" },
    verification = { fixture = "x", last = { ok = false, log = ("x"):rep(100000) } } },
}

local function names(tool_list)
  local set = {}
  for _, entry in ipairs(tool_list) do
    set[entry.name] = true
  end
  return set
end

local function self_test(about)
  if about.self_test then
    about.self_test()
  end
end

describe("every role", function()
  local tools = names(script.list("tools"))
  for _, entry in ipairs(script.list("roles")) do
    describe(entry.path, function()
      local role = script.load(entry.path)

      it("a role says what it is and lists tools that exist", function()
        assert.is_string(role.description)
        assert.equal(entry.name, role.name or entry.name)
        for _, tool in ipairs(role.tools) do
          assert.is_true(tools[tool], tool .. " is no tool")
        end
        self_test(role)
      end)

      if #role.tools == 0 then -- it works on no card
        return
      end

      it("a role tells the model everything about the card", function()
        for _, review in ipairs({ true, false }) do
          local prompt = role.prompt(full_view(review))
          assert.is_string(prompt.system)
          for _, mark in ipairs(MARKS) do
            assert.truthy((prompt.system .. prompt.user):find(mark, 1, true), mark .. " is missing")
          end
          assert.truthy(prompt.system:find(review and '"done"' or '"ready_for_testing"', 1, true))
        end
      end)

      it("a role can do with little, and is bounded", function()
        for _, view in ipairs(POOR_VIEWS) do
          local prompt = role.prompt(view)
          assert.is_true(script.is_plain(prompt))
          assert.truthy(prompt.user:find("T-1", 1, true))
          assert.is_true(#prompt.user < 20000)
        end
      end)

      it("routes to what the law knows, or has no opinion", function()
        local proposals = { null }
        for status in pairs(STATUSES) do
          proposals[#proposals + 1] = { status = status, why = "because" }
          proposals[#proposals + 1] = { status = status }
        end
        for _, proposal in ipairs(proposals) do
          local answer = role.route and role.route(full_view(false).card,
            { content = "text", proposal = proposal }, {})
          if answer ~= nil then
            assert.is_true(STATUSES[answer.status])
            assert.is_true(answer.reason == nil or REASONS[answer.reason])
            for key in pairs(answer) do
              assert.truthy(({ status = 1, reason = 1, why = 1, seat = 1, note = 1, memory = 1 })[key], key)
            end
          end
        end
      end)
    end)
  end

  it("a role that judges cannot change what it judges", function()
    for _, tool in ipairs(script.load("roles/integrity_guard.lua").tools) do
      for _, operation in ipairs(script.load("tools/" .. tool .. ".lua").operations) do
        assert.is_true(operation ~= "fs.write" and operation ~= "fs.delete")
      end
    end
  end)
end)

-- ---- nodes ----

local nodes = {}

function nodes.planner(node)
  local candidates = {}
  for i = 1, 20 do
    candidates[i] = { id = "C" .. i, status = "ready", score = 21 - i, seat = "coder" }
  end
  for _, free in ipairs({ 1, 4, 100 }) do
    local seen = {}
    local order = node.plan(candidates, { free = free })
    assert.is_true(#order >= math.min(free, 20))
    for _, id in ipairs(order) do
      assert.is_nil(seen[id])
      assert.truthy(id:match("^C%d+$"))
      seen[id] = true
    end
  end
  assert.same({}, node.plan({}, { free = 1 }))
end

function nodes.router(node)
  local team = { seats = {
    dev = { roles = { "coder" } }, both = { roles = { "integrity_guard", "coder" } },
    guard = { roles = { "integrity_guard" } },
  } }
  for seat in pairs(team.seats) do
    local work = node.route({ id = "T", seat = seat }, team, { review = false })
    assert.is_true(work == nil or team.seats[work.seat] ~= nil and work.role ~= "integrity_guard")
    for _, authors in ipairs({ {}, { "dev" }, { "both", "dev" }, null }) do
      local review = node.route({ id = "T", seat = seat }, team, { review = true, authors = authors })
      if review then
        assert.equal("integrity_guard", review.role)
        assert.are_not.equal(seat, review.seat)
        for _, author in ipairs(type(authors) == "table" and authors or {}) do
          assert.are_not.equal(author, review.seat)
        end
      end
    end
  end
  assert.is_nil(node.route({ id = "T", seat = "nobody" }, team, { review = false }))
  assert.is_nil(node.route({ id = "T", seat = null }, team, { review = false }))
end

function nodes.evaluator(node)
  for _, class in ipairs({ "input", "refusal", "tool", "model", "limit", "system", "bug", "unheard-of" }) do
    for count = 1, 6 do
      local answer = node.decide({ id = "T", max_retries = 3 },
        { class = class, code = "ERR_X", message = "m", count = count })
      assert.truthy(answer.action == "retry" or answer.action == "park")
      assert.is_true(answer.reason == nil or REASONS[answer.reason])
      assert.is_true(answer.action == "park" or count <= 3)
    end
  end
end

function nodes.prompts(node)
  local messages = node.build(full_view(false), { system = "SYSTEM", user = "USER" })
  local text = {}
  for _, message in ipairs(messages) do
    assert.truthy(message.role == "system" or message.role == "user")
    text[#text + 1] = message.content
  end
  assert.equal("user", messages[#messages].role)
  assert.truthy(table.concat(text):find("SYSTEM", 1, true) and table.concat(text):find("USER", 1, true))
end

function nodes.models(node)
  local known = { big = true, small = true }
  for _, card in ipairs({ { id = "T" }, { id = "T", params = null }, { id = "T", params = { model = "big" } },
    { id = "T", params = { model = "x" } } }) do
    assert.is_true(known[node.choose("coder", card, { default = "small", names = { "big", "small" } })])
    assert.is_true(known[node.choose("coder", card, { default = null, names = { "big", "small" } })])
    assert.is_true(known[node.choose("coder", card, { default = "small", names = { "big", "small" } },
      { turns = {}, count = 0, spent = {}, left = {} })])
  end
  assert.is_nil(node.choose("coder", { id = "T" }, { names = {} }))
end

function nodes.loop(node)
  for _, limits in ipairs({ null, {}, { concurrency = 1 }, { concurrency = 20000, steps = 5 } }) do
    local settings = node.settings(limits)
    for _, key in ipairs({ "concurrency", "window", "steps", "seconds" }) do
      assert.is_true(settings[key] == nil or settings[key] > 0, key)
    end
  end
end

function nodes.memory(node)
  local notes = {}
  for i = 1, 50 do
    notes[i] = { text = i % 2 == 0 and "the parser needs care" or "nothing to see", keywords = {} }
  end
  for _, candidates in ipairs({ notes, {}, { { text = "one" } } }) do
    local chosen = node.select(full_view(false), candidates)
    assert.is_true(#chosen <= #candidates)
    for _, note in ipairs(chosen) do
      assert.is_string(note.text)
    end
  end
end

function nodes.policy(node)
  for _, tool in ipairs({ "write_file", "read_file", "nothing" }) do
    local card = full_view(false).card
    local answer = node.decide({ tool = tool, role = "coder", arguments = { path = "a" }, paths = { "a" },
      card = card, labels = {},
      operations = { "fs.write" }, destructive = false, outward = false, risky = false },
      { card = card, role = "coder", seat = "dev", labels = {}, run = "r", turn = 1 })
    if answer ~= nil then
      assert.truthy(answer.decision == "deny" or answer.decision == "ask")
      assert.is_string(answer.why)
    end
  end
end

describe("every node", function()
  for _, entry in ipairs(script.list("nodes")) do
    it(entry.path .. " answers within its contract", function()
      local node = script.load(entry.path)
      local contract = nodes[node.node or entry.name]
      assert.is_function(contract, "say node = KIND in " .. entry.path)
      contract(node)
      self_test(node)
    end)
  end
end)

describe("every policy", function()
  for _, entry in ipairs(script.list("nodes/policy")) do
    it(entry.path .. " answers within its contract", function()
      local node = script.load(entry.path)
      nodes.policy(node)
      self_test(node)
    end)
  end
end)

-- ---- tools ----

-- Arguments that fit any of the shipped schemas: one value for each property.
local function example(property)
  if property.enum then
    return property.enum[#property.enum]
  end
  return ({ string = "a text", integer = 1, number = 1.5, boolean = true, array = { "T-1" },
    object = {} })[property.type]
end

local function arguments(schema, only_required)
  local result = {}
  for name, property in pairs(schema.properties or {}) do
    result[name] = not only_required and example(property) or nil
  end
  for _, name in ipairs(schema.required or {}) do
    result[name] = example(schema.properties[name])
  end
  return result
end

-- What names no path in its arguments.
local GIVEN = { apply_patch = { path = "a",
  arguments = { patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-before a text after\n+after\n" } } }

local RESULTS = {
  ["fs.read"] = { content = "before a text after", bytes = 19 }, ["fs.write"] = { path = "a", bytes = 3 },
  ["fs.list"] = { path = ".", entries = { { name = "x", type = "directory", size = 0 } } },
  ["code.outline"] = { outline = "", files = 0, symbols = 0, shown = 0 },
  ["code.find"] = { definitions = {}, uses = {}, files = 0 },
  ["fs.search"] = { matches = {}, files = 0 }, ["fs.delete"] = { path = "a" },
  ["proc.run"] = { exit = 0, stdout = "", stderr = "", changed = {} }, ["card.create"] = { id = "ISSUE-1" },
}

describe("every tool", function()
  for _, entry in ipairs(script.list("tools")) do
    describe(entry.path, function()
      local performed
      local answer = function(operation)
        performed[#performed + 1] = operation
        return { result = RESULTS[operation.op] or { recorded = true } }
      end
      local tool = script.load(entry.path, function(operation)
        return answer(operation)
      end)
      local declared = {}
      for _, operation in ipairs(tool.operations) do
        declared[operation] = true
      end

      before_each(function()
        performed = {}
      end)

      it("a tool describes itself, closes its schema and marks its paths", function()
        assert.is_string(tool.description)
        assert.equal(entry.name, tool.name or entry.name)
        assert.equal("object", tool.schema.type)
        assert.is_false(tool.schema.additionalProperties)
        assert.is_true(tool.schema.properties == nil or tool.schema.properties.path == nil
          or tool.schema.properties.path.format == "path")
        for operation in pairs(declared) do
          assert.is_true(OPERATIONS[operation], operation)
        end
        self_test(tool)
      end)

      it("a tool performs only what it declares, with exactly the path it was given", function()
        for _, only_required in ipairs({ true, false }) do
          performed = {}
          local known = GIVEN[entry.name] or {}
          local given = known.arguments or arguments(tool.schema, only_required)
          local result = tool.run(given)
          assert.is_true(script.is_plain(result))
          assert.is_nil(result.error)
          assert.is_true(#performed > 0)
          for _, operation in ipairs(performed) do
            operation = operation.op == "may" and operation.operation or operation
            assert.is_true(declared[operation.op], tostring(operation.op))
            assert.is_true(operation.path == nil or operation.path == (given.path or known.path or "."))
          end
        end
      end)

      it("a tool hands a refused operation on", function()
        local before = answer
        answer = function()
          return { error = { code = "ERR_DENIED", message = "no", fix = "ask", rule = "x" } }
        end
        local result = tool.run((GIVEN[entry.name] or {}).arguments or arguments(tool.schema, false))
        answer = before
        assert.same("ERR_DENIED", result.error.code)
      end)
    end)
  end
end)

describe("the loader", function()
  it("the loader takes every shipped script, in real boxes, self-tests included", function()
    local orket = dofile("tests/support/orket.lua")
    assert.equal("40 0\n", orket.probe(orket.chunk("contract", "loads_all")))
  end)
end)
