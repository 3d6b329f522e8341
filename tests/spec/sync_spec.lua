-- sync_spec.lua: card files and the board: created once, compared, applied either way.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local dir

-- Runs a chunk with `project` (opened as owner, without scripts) and `say(value)`.
local function as_owner(chunk)
  local text = orket.probe(string.format([[
    local async, cjson, config = require("orket.async"), require("cjson"), require("orket.project.config")
    local fs, store = require("orket.core.fs"), require("orket.core.store")
    local acts, cards, drift = require("orket.governance.acts"), require("orket.project.cards"), require("orket.project.drift")
    local function say(value)
      print(cjson.encode(value))
    end
    async.main(function()
      local dir = %q
      assert(fs.root(dir .. "/.orket", { create = true })):close()
      local project = { dir = dir, config = assert(config.load(dir)), store = assert(store.open(dir .. "/.orket/orket.db")) }
      local function begin()
        return project.store:stream({ run = "board", turn = 0, actor = "human:test", role = "human" }):begin()
      end
      project.board = project.store:stream({ run = "board", turn = 0, actor = "system", role = "system" })
      %s
      project.store:close()
      return 0
    end, {})]], dir, chunk))
  return text
end

local function write_project()
  assert.equal(0, select(2, orket.run("init " .. dir)))
  orket.write(dir .. "/config/epics/hello.json", [[{
  "summary": "Hello",
  "team": "standard",
  "environment": "standard",
  "stories": [
    {"id": "h1", "name": "One", "seat": "coder", "priority": "high", "description": "first"},
    {"id": "h2", "name": "Two", "seat": "coder", "depends_on": ["h1"]}
  ]
}]])
end

local function warnings()
  local answer = cjson.decode((orket.run("validate --json " .. dir)))
  assert.is_true(answer.ok)
  return answer.warnings
end

describe("sync", function()
  before_each(function()
    dir = orket.directory()
    write_project()
    assert.equal("", as_owner("assert(cards.create(project))"))
  end)
  after_each(function()
    orket.remove(dir)
  end)

  it("card files and the board agree after the first load", function()
    assert.same({}, warnings())
    assert.equal('{"changed":[],"created":[]}\n',
      as_owner("say(assert(acts.perform(project, { act = \"sync\" })))"))
  end)

  it("card files and the board tell where they differ, and the files are applied", function()
    local path = dir .. "/config/epics/hello.json"
    local text = orket.read(path):gsub('"high"', '"low"'):gsub('"first"',
      '"second"'):gsub('"summary": "Hello"', '"summary": "Hi"')
      :gsub('"depends_on": %["h1"%]', '"depends_on": []'):gsub('%[%]}\n',
        '[]},\n    {"id": "h3", "seat": "coder"}\n')
    orket.write(path, text)
    local found = warnings()
    assert.equal(4, #found)
    assert.equal("name of hello is \"Hi\" here and \"Hello\" on the board", found[1].message)
    assert.equal("config/epics/hello.json", found[2].file)
    assert.equal(6, found[2].line)
    local result = cjson.decode(as_owner("say(assert(acts.perform(project, { act = \"sync\" })))"))
    assert.same({ changed = { "hello", "h1", "h2" }, created = { "h3" } }, result)
    assert.same({}, warnings())
    local row = cjson.decode(as_owner([[say(project.store:read("card", { id = "h1" })[1])]]))
    assert.equal(1, row.priority)
    assert.equal("second", row.data.description)
  end)

  it("card files and the board are exported from the board, only where they differ", function()
    as_owner([[
      local tx = begin()
      tx:event("card.changed", "h1", { rev = 1, set = { priority = 2.5, description = cjson.null } })
      tx:event("card.changed", "hello", { rev = 1, set = { name = "Renamed" } })
      tx:event("card.created", "ISSUE-1", { id = "ISSUE-1", type = "issue", name = "Found on the way", seat = "coder",
        epic = "hello", parent_id = "hello", priority = 2.0, depends_on = cjson.empty_array })
      assert(async.await(tx.commit, tx))]])
    assert.equal(4, #warnings())
    local before = orket.read(dir .. "/config/organization.json")
    local text, code = orket.run("export-cards -C " .. dir)
    assert.equal("wrote config/epics/hello.json\nwrote config/cards/ISSUE-1.json\n2 files\n", text)
    assert.equal(0, code)
    assert.equal(before, orket.read(dir .. "/config/organization.json"))
    local epic = cjson.decode(orket.read(dir .. "/config/epics/hello.json"))
    assert.equal("Renamed", epic.name)
    assert.is_nil(epic.summary)
    assert.same({ id = "h1", name = "One", seat = "coder", priority = 2.5 }, epic.stories[1])
    assert.same({}, warnings())
    assert.matches("^0 files", (orket.run("export-cards -C " .. dir)))
  end)

  it("card files and the board leave finished cards alone", function()
    assert.equal("", as_owner([[
      local tx = begin()
      assert(tx:move("h1", { rev = 1, type = "issue", from = "ready", to = "canceled", role = "human" }))
      assert(async.await(tx.commit, tx))]]))
    local path = dir .. "/config/epics/hello.json"
    orket.write(path, (orket.read(path):gsub('"high"', '"low"')))
    assert.same({}, warnings())
  end)

  it("card files and the board say what is missing", function()
    os.execute("rm -r " .. dir .. "/.orket")
    local text, code = orket.run("export-cards -C " .. dir)
    assert.equal(1, code)
    assert.matches("no board", text)
    assert.same({}, warnings())
  end)
end)
