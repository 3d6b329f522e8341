-- config_normal_spec.lua: parts of the loader that need no project, each alone: one spelling for everything
-- (project/config/normal.lua), files that are not written yet (overlay.lua), a role's model
-- (model_defaults.lua).

package.path = "lua/?.lua;" .. package.path
local PRIORITIES = { high = 3, medium = 2, low = 1 }
package.loaded["orket.core.score"] = {
  priority = function(word)
    word = word or "medium"
    if PRIORITIES[word] then
      return PRIORITIES[word]
    end
    return nil, "no priority", "ERR_INPUT", "high, medium or low"
  end,
}
local defaults = require("orket.project.config.model_defaults")
local normal = require("orket.project.config.normal")
local overlay = require("orket.project.config.overlay")

-- Where a card was written, and what was found wrong with it: "POINTER: message".
local function origin()
  local found = {}
  local problems = { at = function(_, _, pointer, message)
    found[#found + 1] = pointer .. ": " .. message
  end }
  return { problems = problems, source = {}, path = "/issues/0", keys = {} }, found
end

local function issue(card)
  local at, found = origin()
  return normal.issue(card, at, "A-1"), found, at
end

describe("config normal", function()
  it("normal.issue fills in what every issue has", function()
    local card, found = issue({})
    assert.same({}, found)
    assert.same({ "A-1", "A-1", "issue", "ready", "standard", 2, 0, 3, "core" },
      { card.id, card.name, card.type, card.status, card.seat, card.priority, card.retry_count,
        card.max_retries, card.owner_department })
    assert.same({ {}, {}, {}, {} }, { card.labels, card.references, card.depends_on, card.params })
  end)

  it("normal.issue reads `summary` as `name` and remembers how it was written", function()
    local card, found, at = issue({ summary = "Do it" })
    assert.same({ "Do it", {}, { name = "summary" } }, { card.name, found, at.keys })
    assert.is_nil(card.summary)
  end)

  it("normal.issue refuses a name and its alias together, at the alias", function()
    local card, found = issue({ name = "a", summary = "b" })
    assert.equal("a", card.name)
    assert.same({ "/issues/0/summary: 'summary' is another word for 'name', which is there as well" }, found)
  end)

  it("normal.issue joins requirements that are a list, and leaves a text as it is", function()
    assert.equal("- one\n- two", issue({ requirements = { "one", "two" } }).requirements)
    assert.equal("one", issue({ requirements = "one" }).requirements)
  end)

  it("normal.issue refuses to begin a card with another status than ready, and makes it ready", function()
    local card, found = issue({ status = "done", wait_reason = "input" })
    assert.equal("ready", card.status)
    assert.is_nil(card.wait_reason)
    assert.equal(2, #found)
    assert.matches("^/issues/0/status: ", found[1])
    assert.matches("^/issues/0/wait_reason: ", found[2])
  end)

  it("normal.issue refuses an unknown priority and goes on with the middle one", function()
    local card, found = issue({ priority = "urgent!" })
    assert.same({ 2, { "/issues/0/priority: no priority" } }, { card.priority, found })
  end)

  it("normal.issue keeps the old kinds of issues as labels", function()
    assert.same({ "ui", "bug" }, issue({ type = "bug", labels = { "ui" } }).labels)
    assert.same({}, issue({ type = "issue" }).labels)
  end)

  for written, path in pairs({ ["./verification/a.json"] = "a.json", ["verification/a.json"] = "a.json",
    ["./a.json"] = "a.json", ["a/b.json"] = "a/b.json" }) do
    it("normal.issue names a fixture from the folder verification/ on: " .. written, function()
      assert.equal(path, issue({ verification = { verification_fixture = written } }).verification.fixture_path)
    end)
  end
end)

describe("config normal", function()
  it("normal.epic takes `stories` and `cards` as `issues`, one of them at most", function()
    local at, found = origin()
    assert.same({ "x" }, normal.epic({ stories = { "x" } }, at, "ep").issues)
    normal.epic({ stories = { "x" }, cards = { "y" } }, at, "ep")
    assert.equal(1, #found)
    assert.matches("^/issues/0/cards: ", found[1])
  end)

  it("normal.epic switches iDesign off only where that is written", function()
    local at = origin()
    assert.is_true(normal.epic({}, at, "ep").architecture_governance.idesign)
    assert.is_false(normal.epic({ architecture_governance = { idesign = false } }, at,
      "ep").architecture_governance.idesign)
  end)
end)

describe("config normal", function()
  it("normal.organization names each node, gives each model its name, and keeps a node that was chosen",
    function()
    local found = normal.organization({ models = { m = {} }, process_rules = { router_node = "mine" } })
    assert.same({ "m", "mine", "planner", 7 },
      { found.models.m.name, found.process_rules.router_node, found.process_rules.planner_node,
        found.architecture.idesign_threshold })
  end)
end)

-- A directory with these files, as io/fs.h shows one.
local function root(files)
  local self = {}
  function self.read(_, path)
    if files[path] then
      return files[path]
    end
    return nil, "none", "ERR_NOT_FOUND"
  end
  function self.kind(_, path)
    return files[path] and "file" or nil
  end
  function self.list()
    local entries = {}
    for name in pairs(files) do
      entries[#entries + 1] = { name = name, type = "file" }
    end
    return entries, false
  end
  return self
end

local function names(entries)
  local list = {}
  for i, entry in ipairs(entries) do
    list[i] = entry.name
  end
  return list
end

describe("config normal", function()
  it("a root under an overlay reads the file that lies over another, and that other where nothing lies over it",
    function()
    local over = overlay.over(root({ a = "old", b = "kept" }), { a = "new", ["dir/c"] = "made" })
    assert.same({ "new", "kept", "made" }, { over:read("a"), over:read("b"), over:read("dir/c") })
    assert.same({ "file", "file" }, { over:kind("a"), over:kind("dir/c") })
    assert.equal("ERR_NOT_FOUND", (select(3, over:read("d"))))
  end)

  it("a root under an overlay lists both without doubles, sorted, and nothing of deeper directories",
    function()
    local over = overlay.over(root({ b = "", c = "" }),
      { ["nodes/a"] = "", ["nodes/c"] = "", ["nodes/d/e"] = "", ["roles/f"] = "" })
    assert.same({ "a", "b", "c" }, names(over:list("nodes")))
  end)

  it("a root under an overlay shows a directory that only the overlay has, and no other that is missing",
    function()
    local over = overlay.over(nil, { ["config/epics/ep.json"] = "{}" })
    assert.same({ "ep.json" }, names(over:list("config/epics")))
    assert.equal("{}", over:beneath("config/epics"):read("ep.json"))
    assert.equal("ERR_NOT_FOUND", (select(3, over:list("roles"))))
    assert.equal("ERR_NOT_FOUND", (select(3, over:beneath("roles"))))
  end)
end)

describe("config normal", function()
  local MODELS = { small = {}, large = {}, default = {} }

  -- Who names one, from the strongest to the weakest; each row takes one away.
  local ROWS = {
    { "the epic", "by-epic", {} },
    { "the seat", "by-seat", { epic = true } },
    { "the environment", "by-environment", { epic = true, seat = true } },
    { "the organization", "by-organization", { epic = true, seat = true, environment = true } },
    { "its name `default`", "default", { epic = true, seat = true, environment = true,
      organization = true } },
  }
  for _, row in ipairs(ROWS) do
    it("a role's model is named by " .. row[1] .. " where nothing stronger names one", function()
      local none = row[3]
      local name = defaults.name({
        models = MODELS, environments = { e = { model = not none.environment and "by-environment" or nil } },
        organization = { process_rules = { default_llm = not none.organization and "by-organization"
          or nil } },
      }, { environment = "e", params = { model_overrides = not none.epic and { coder = "by-epic" } or nil } },
        { model = not none.seat and "by-seat" or nil }, "coder")
      assert.equal(row[2], name)
    end)
  end

  local function only(models, embedder)
    return defaults.name({ models = models, environments = {},
      organization = { process_rules = { memory = { embedder = embedder } } } },
      { params = {} }, {}, "coder")
  end

  it("a role's model is the only one that is no embedder, and none where there are several", function()
    assert.equal("small", only({ small = {} }))
    assert.equal("small", only({ small = {}, words = {} }, "words"))
    assert.equal("both", only({ both = {} }, "both"))
    assert.is_nil(only({ small = {}, large = {} }))
  end)
end)
