-- config_spec.lua: `orket init`, `orket validate` and the loader, on small projects, right and wrong.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local dir

-- A sound project; `changes` replaces files (false removes one).
local function project(changes)
  local files = {
    ["config/organization.json"] = [[{"name": "Test", "models": {
      "a": {"base_url": "http://127.0.0.1:1/v1", "model": "a"}, "b": {"base_url": "http://127.0.0.1:1/v1", "model": "b"}}}]],
    ["config/teams/t.json"] = [[{"seats": {
      "dev": {"roles": ["coder"], "model": "a"}, "guard": {"roles": ["integrity_guard"], "model": "b"}}}]],
    ["config/environments/e.json"] = "{}",
    ["config/epics/one.json"] = [[{"team": "t", "environment": "e", "issues": [
      {"id": "x", "seat": "dev"}, {"id": "y", "seat": "dev", "depends_on": ["x"]}]}]],
    ["config/rocks/r.json"] = [[{"epics": [{"epic": "one"}]}]],
    ["verification/ok.json"] = [[{"argv": ["/bin/true"]}]],
  }
  for path, text in pairs(changes or {}) do
    files[path] = text or nil
  end
  for path, text in pairs(files) do
    orket.write(dir .. "/" .. path, text)
  end
end

local function validate()
  local text, code = orket.run("validate --json " .. dir)
  local answer = assert(cjson.decode(text))
  assert.equal(answer.ok and 0 or 1, code)
  return answer
end

local MODELS = '"models": {"a": {"base_url": "http://h", "model": "a"}, "b": {"base_url": "http://h", "model": "b"}}'

local function epic(issues, more)
  return '{"team": "t", "environment": "e", ' .. (more or "") .. '"issues": [\n' .. issues .. "]}"
end

describe("config", function()
  before_each(function()
    dir = orket.directory()
  end)
  after_each(function()
    orket.remove(dir)
  end)

  it("configuration accepts a sound project without a word", function()
    project()
    assert.same({ ok = true, errors = {}, warnings = {} }, validate())
  end)

  it("configuration writes a project that is sound", function()
    local text, code = orket.run("init " .. dir .. "/new/project")
    assert.equal(0, code)
    assert.matches("orket run %-C", text)
    text, code = orket.run("validate " .. dir .. "/new/project")
    assert.equal("ok: 0 rocks, 1 epics, 1 issues, 1 teams\n", text)
    assert.equal(0, code)
    text, code = orket.run("init " .. dir .. "/new/project")
    assert(code == 1 and text:find("has config/environments/standard.json already\n  fix: ", 1, true), text)
    assert.equal(2, select(2, orket.run("init")))
    assert.equal(2, select(2, orket.run("validate --wat")))
  end)

  it("configuration writes a project beside files that are there, and changes none but .gitignore", function()
    orket.write(dir .. "/src/main.c", "int main;")
    orket.write(dir .. "/.gitignore", "*.o")
    local text, code = orket.run("init " .. dir)
    assert.equal(0, code, text)
    assert.equal("int main;", orket.read(dir .. "/src/main.c"))
    assert.equal("*.o\n/.orket/\n/workspace/\n", orket.read(dir .. "/.gitignore"))
    assert.equal(0, select(2, orket.run("validate " .. dir)))
    local long = ("x"):rep(2000000) .. "\n# /.orket/\n/workspace/\n"
    orket.write(dir .. "/long/.gitignore", long)
    assert.equal(0, select(2, orket.run("init " .. dir .. "/long")))
    assert(orket.read(dir .. "/long/.gitignore") == long .. "/.orket/\n")
    os.execute(("mkdir %s/linked && ln -s /nowhere %s/linked/.gitignore"):format(dir, dir))
    assert.equal(1, select(2, orket.run("init " .. dir .. "/linked")))
    assert.equal("", (orket.shell("ls " .. dir .. "/linked")))
    orket.write(dir .. "/other/config/epics/hello.json", "{}")
    text, code = orket.run("init " .. dir .. "/other")
    assert(code == 1 and text:find("config/epics/hello.json already", 1, true), text)
    assert.equal("{}", orket.read(dir .. "/other/config/epics/hello.json"))
    assert.equal(nil, (orket.shell("ls " .. dir .. "/other"):match("verification")))
  end)

  it("configuration writes a project whose recorded replies take it to done without a model server",
    function()
    local text, code = orket.run("init --demo " .. dir .. "/demo")
    assert.equal(0, code)
    assert(text:find("sh " .. dir .. "/demo/demo/run.sh", 1, true), text)
    text, code = orket.shell("ORKET=" .. orket.binary .. " ORKET_MODEL=x ORKET_MODEL_KEY=y sh " .. dir
      .. "/demo/demo/run.sh 2>&1")
    assert.equal(0, code, text)
    assert(text:find("no model server is asked", 1, true) and text:find("done: 1 done", 1, true), text)
    assert.equal(0, select(2, orket.run("replay --strict -C " .. dir .. "/demo hello.1")))
    assert.equal(0, select(2, orket.run("validate " .. dir .. "/demo")))
  end)

  -- file, its text, and the errors that have to come: {line, path, a part of the message, a part of the fix}
  local WRONG = {
    { "config/organization.json", '{"name": "x",\n"visoin": "", @MODELS}',
      { 2, "/visoin", "unknown key 'visoin'", "'vision'" } },
    { "config/organization.json", '{\n"vision": "", @MODELS}', { 1, "", "name" } },
    { "config/organization.json", '{"name": "x",\n\n}', { 3, "", "not valid JSON" } },
    { "config/organization.json", '{"name": "x", "name": "y"}', { 1, "", "not valid JSON" } },
    { "config/organization.json", false, { 1, "", "missing", "orket init" } },
    { "config/organization.json",
      '{"name": "x", "models": {"a": {"base_url": "ftp://x", "model": "a"}, "b": {"base_url": "http://h", "model": "b"}}}',
      { 1, "/models/a/base_url", "pattern" } },
    { "config/organization.json",
      '{"name": "x", "process_rules": {"planner_node": "clever"}, "models": {"a": {"base_url": "http://h", "model": "a", "key": "k"}, "b": {"base_url": "http://h", "model": "b"}}}',
      { 1, "/models/a/key", "the key 'k' does not exist" },
      { 1, "/process_rules/planner_node", "the decision node 'clever'" } },
    { "config/organization.json",
      '{"name": "x", @MODELS, "process_rules": {"gate": [{"id": "r", "effect": "deny", "roles": ["codr"], "why": "no"}]}}',
      { 1, "/process_rules/gate/0/roles/0", "the role 'codr' does not exist", "'coder'" } },
    { "config/organization.json",
      '{"name": "x", "process_rules": {"gate": [{"id": "r", "effect": "deny", "why": "no", "paths": ["a",\n"../b"]}]},\n @MODELS}',
      { 2, "/process_rules/gate/0/paths/1", "path pattern '../b'", "src/**" } },
    { "config/organization.json",
      '{"name": "x", "process_rules": {"gate": [{"id": "r", "effect": "deny", "why": "no", "paths": []}]}, @MODELS}',
      { 1, "/process_rules/gate/0/paths", "at least 1" } },
    { "config/organization.json",
      '{"name": "x", "architecture": {"idesign": {"layers": {"engines": ["mangers"]}}}, @MODELS}',
      { 1, "/architecture/idesign/layers/engines/0", "'mangers' does not exist", "managers" } },
    { "config/organization.json",
      '{"name": "x", "process_rules": {"rates": [{"tool": "write_file"}]}, @MODELS}',
      { 1, "/process_rules/rates/0", "none of the 2 alternatives",
        "exactly one of per_second and per_minute" } },
    { "config/organization.json", '{"name": "x", "process_rules": {"labels": "on"}, @MODELS}',
      { 1, "/process_rules/labels", "none of the 2 alternatives", '"off", or an object' } },
    { "config/organization.json",
      '{"name": "x", "process_rules": {"gate": [{"id": "r", "effect": "allow", "why": "no"}]}, @MODELS}',
      { 1, "/process_rules/gate/0/effect", "deny" } },
    { "config/organization.json", '{"name": "x", "keys": {"k": {"value": "sk-123"}}, @MODELS}',
      { 1, "/keys/k", "" }, { 1, "/keys/k/value", "unknown key" } },
    { "config/teams/t.json",
      '{"seats": {\n"dev": {"roles": ["coder", "wizard"]},\n"guard": {"roles": ["integrity_guard", "system"]}}}',
      { 2, "/seats/dev/roles/1", "the role 'wizard' does not exist", "coder" },
      { 3, "/seats/guard/roles/1", "the engine" } },
    { "config/teams/t.json", '{"seats": {"dev": {"roles": ["coder"]}}}',
      { 1, "/seats", "no seat of this team", "add a seat" }, file = "config/teams/t.json",
      also = { "config/epics/one.json", 1, "/team", "no seat reviews its own work" } },
    { "config/epics/one.json", epic('{"id": "x", "seat": "guard"}'),
      { 1, "/team", "no seat reviews its own work", "another seat" } },
    { "config/epics/one.json", epic('{"id": "x", "seat": "dev"},\n{"id": "x", "seat": "dev"}'),
      { 3, "/issues/1/id", "the id 'x' is taken by a card in config/epics/one.json:2" } },
    { "config/epics/one.json",
      epic('{"id": "x", "seat": "dev", "depends_on": ["x2"]},\n{"id": "x1", "seat": "dev"}'),
      { 2, "/issues/0/depends_on/0", "'x' depends on 'x2'", "did you mean" } },
    { "config/epics/one.json",
      epic('{"id": "a", "seat": "dev", "depends_on": ["b", "zz"]},\n{"id": "b", "seat": "dev", "depends_on": ["a"]}'),
      { 1, "/issues", "dependencies form a cycle" }, { 2, "/issues/0/depends_on/1", "'a' depends on 'zz'" } },
    { "config/epics/one.json",
      epic('{"id": "a", "seat": "dev", "depends_on": ["b"]},\n{"id": "b", "seat": "dev", "depends_on": ["a"]}'),
      { 1, "/issues", "a -> b -> a", "remove one" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "deu"}'),
      { 2, "/issues/0/seat", "the seat 'deu'", "'dev'" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev", "priority": "urgent"}'),
      { 2, "/issues/0/priority", "priority", "high, medium, low" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev", "status": "active"}'),
      { 2, "/issues/0/status", "waiting_for_developer" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev", "status": "done"}'),
      { 2, "/issues/0/status", "begins as ready" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev", "name": "n", "summary": "s"}'),
      { 2, "/issues/0/summary", "another word for 'name'" } },
    { "config/epics/one.json", epic('{"id": "a b", "seat": "dev"}'), { 2, "/issues/0/id", "pattern" } },
    { "config/epics/one.json",
      epic('{"id": "a", "seat": "dev", "verification": {"fixture_path": "none.json"}}'),
      { 2, "/issues/0/verification/fixture_path", "no fixture verification/none.json" } },
    { "config/epics/one.json",
      epic('{"id": "a", "seat": "dev", "verification": {"verification_fixture": "../roles/x.json"}}'),
      { 2, "/issues/0/verification/verification_fixture", "no fixture" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev"}', '"tracs": [], '),
      { 1, "/tracs", "unknown key 'tracs'" } },
    { "config/epics/one.json", epic('{"id": "a", "seat": "dev"}', '"stories": [], '),
      { 1, "/stories", "another word for 'issues'" } },
    { "config/epics/one.json",
      epic('{"id": "a", "seat": "dev"},{"id": "b", "seat": "dev"},{"id": "c", "seat": "dev"},{"id": "d", "seat": "dev"},{"id": "e", "seat": "dev"},{"id": "f", "seat": "dev"},{"id": "g", "seat": "dev"},{"id": "h", "seat": "dev"}',
      '"architecture_governance": {"idesign": false}, '),
        { 1, "/architecture_governance/idesign", "an epic of 8 issues" } },
    { "config/epics/one.json", '{"team": "q", "environment": "f", "issues": []}',
      { 1, "/team", "the team 'q'", "'t'" }, { 1, "/environment", "the environment 'f'", "'e'" } },
    { "config/rocks/r.json", '{"epics": [{"epic": "two"}]}',
      { 1, "/epics/0/epic", "the epic 'two' does not exist", "one of: one" } },
    { "config/rocks/s.json", '{"epics": [{}]}', { 1, "/epics/0", "lacks \"epic\"" } },
    { "config/rocks/s.json", '{"epics": [{"epic": "one"}]}', { 1, "/epics/0/epic", "belongs to 'r'" } },
    { "config/cards/loose.json", '{"name": "loose"}', { 1, "/parent_id", "needs the epic" } },
    { "config/cards/loose.json", '{"name": "loose", "parent_id": "two"}',
      { 1, "/parent_id", "the epic 'two' does not exist" } },
    { "config/epic/one.json", "{}", { 1, "", "unknown folder", "config/epics" }, file = "config/epic" },
    { "config/teem.json", "{}", { 1, "", "unknown file" } },
    { "config/notes.txt", "x", { 1, "", "unknown file" } },
    { "config/epics/ep.jsn", "{}", { 1, "", "unknown file" } },
    { "config/epics/sub/x.json", "{}", { 1, "", "a folder is not looked into" }, file = "config/epics/sub" },
    { "config/epics/a b.json", '{"team": "t", "environment": "e"}', { 1, "", "is an id" } },
    { "roles/wizard.lua", "return {\n  x = = 1\n}", { 2, "", "unexpected symbol" } },
    { "roles/wizard.lua", 'return { tools = { "no_such_tool" }, prompt = function() return "x" end }',
      { 1, "", "no_such_tool" } },
    { "tools/t.lua", 'return { description = "d", schema = { wat = 1 }, operations = {}, run = function() end }', { 1, "", "its schema is refused" } },
    { "nodes/planner.lua", "\nerror('boom')", { 2, "", "boom" } },
    { "verification/bad.json", '{"argv": "rm"}', { 1, "/argv", "array" },
      with = { "config/cards/l.json",
        '{"parent_id": "one", "seat": "dev", "verification": {"fixture_path": "verification/bad.json"}}' } },
  }

  for at, row in ipairs(WRONG) do
    it("configuration refuses what is wrong with " .. row[1] .. " (" .. at .. ")", function()
      project({ [row[1]] = row[2] and row[2]:gsub("@MODELS", MODELS),
        [row.with and row.with[1] or "x"] = row.with and row.with[2] or nil })
      local answer = validate()
      local expected = { table.unpack(row, 3) }
      for i, want in ipairs(expected) do
        expected[i] = { row.file or row[1], table.unpack(want) }
      end
      expected[#expected + 1] = row.also
      assert.equal(#expected, #answer.errors, cjson.encode(answer.errors))
      for i, want in ipairs(expected) do
        local found
        for _, problem in ipairs(answer.errors) do
          found = found or problem.file == want[1] and problem.path == want[3] and problem
        end
        assert(found, cjson.encode(answer.errors))
        assert.equal(want[2], found.line, i)
        assert(found.message:find(want[4], 1, true), found.message)
        assert(not want[5] or found.fix and found.fix:find(want[5], 1, true), found.fix)
      end
    end)
  end

  it("configuration takes a model's profile, and refuses what it cannot be", function()
    local sound = { shape = "anthropic", context = 200000, top_p = 0.9, top_k = 40, min_p = 0.05,
      presence_penalty = -1, frequency_penalty = 2,
      stop = { "END" }, max_tokens = 4096 }
    local function errors_of(changes)
      local model = { base_url = "https://h/v1", model = "m" }
      for key, value in pairs(sound) do
        model[key] = value
      end
      for key, value in pairs(changes) do
        model[key] = value
      end
      project({ ["config/organization.json"] = cjson.encode({ name = "x",
        models = { a = model, b = { base_url = "https://h/v1", model = "m" } } }) })
      return validate().errors
    end
    assert.same({}, errors_of({}))
    for key, value in pairs({ shape = "claude", context = 0, top_p = 1.5, top_k = -1, min_p = "low",
      presence_penalty = 3, frequency_penalty = -3 }) do
      local found = errors_of({ [key] = value })
      assert.equal("/models/a/" .. key, found[1].path)
    end
    assert.truthy(errors_of({ stop = { "" } })[1].path:find("^/models/a/stop"))
    assert.truthy(errors_of({ stop = "END" })[1].path:find("^/models/a/stop"))
  end)

  it("configuration tells everything at once, sorted", function()
    project({
      ["config/organization.json"] = '{"name": "x", "vsion": 1, ' .. MODELS .. "}",
      ["config/epics/one.json"] = epic('{"id": "a", "seat": "nobody", "titel": 1},\n{"id": "a", "depends_on": ["zz"], "labels": [1]}', '"tem": 1, '),
      ["config/teams/t.json"] = "{",
    })
    local text, code = orket.run("validate " .. dir)
    assert.equal(1, code)
    local places = {}
    for place in text:gmatch("(config/[%w/.]+:%d+): ") do
      places[#places + 1] = place
    end
    assert.same({
      "config/epics/one.json:1", "config/epics/one.json:2", "config/epics/one.json:3",
      "config/epics/one.json:3",
      "config/epics/one.json:3", "config/organization.json:1", "config/teams/t.json:1",
    }, places)
    assert.matches("7 errors\n$", text)
  end)

  it("configuration warns when one model judges its own work", function()
    project({ ["config/teams/t.json"] = '{"seats": {"dev": {"roles": ["coder"], "model": "a"}, "guard": {"roles": ["integrity_guard"], "model": "a"}}}' })
    local answer = validate()
    assert.is_true(answer.ok)
    assert.equal("/team", answer.warnings[1].path)
    assert.matches("the same model", answer.warnings[1].message)
  end)

  it("configuration warns of a cap on an epic that is not there", function()
    project({ ["config/organization.json"] = '{"name": "x", "process_rules": {"budgets": {"epics": {"*": {"calls": 9}, "on": {"calls": 1}}}}, '
      .. '"models": {"a": {"base_url": "http://h", "model": "a"}, "b": {"base_url": "http://h", "model": "b"}}}' })
    local answer = validate()
    assert.same({ true, 1 }, { answer.ok, #answer.warnings })
    assert.equal("/process_rules/budgets/epics/on", answer.warnings[1].path)
    assert.matches("'one'", answer.warnings[1].fix)
  end)

  it("configuration tells files that are no files", function()
    project({ ["config/epics/one.json"] = false })
    os.execute("mkdir -p " .. dir .. "/config/epics && ln -s /etc/passwd " .. dir
      .. "/config/epics/one.json && mkfifo " .. dir .. "/config/epics/fifo.json")
    local answer = validate()
    assert.is_false(answer.ok)
    assert.equal("config/epics/fifo.json", answer.errors[1].file)
    assert.matches("not a regular file", answer.errors[1].message)
    assert.equal("config/epics/one.json", answer.errors[2].file)
    assert.matches("leaves the tree", answer.errors[2].message)
    assert.equal(1, select(2, orket.run("validate " .. dir .. "/nowhere")))
  end)

  it("configuration hands over a normalised project", function()
    project({
      ["config/epics/one.json"] = [[{"summary": "One", "team": "t", "environment": "e", "stories": [
        {"summary": "First", "seat": "dev", "type": "bug", "priority": "HIGH", "requirements": ["a", "b"],
         "verification": {"verification_fixture": "verification/ok.json"}},
        {"id": "y", "seat": "dev", "depends_on": ["one-1"]}]}]],
      ["config/cards/z.json"] = '{"parent_id": "one", "seat": "dev", "depends_on": ["y"]}',
      ["config/cards/tool.json"] = '{"type": "utility"}',
    })
    local text = orket.probe(orket.chunk("config", "lists_cards", dir))
    local answer = assert(cjson.decode(text), text)
    assert.same({ "rock r nil", "epic one r", "issue one-1 one", "issue y one", "issue z one",
      "utility tool nil" }, answer.ids)
    local first = answer.project.epics.one.issues[1]
    assert.same({
      id = "one-1", name = "First", type = "issue", status = "ready", priority = 3, seat = "dev",
      labels = { "bug" },
      requirements = "- a\n- b", depends_on = {}, retry_count = 0, max_retries = 3, params = {},
      references = {},
      owner_department = "core", parent_id = "one", epic = "one",
      verification = { fixture_path = "ok.json", scenarios = {} },
    }, first)
    assert.equal("planner", answer.project.organization.process_rules.planner_node)
    assert.equal("a", answer.project.models.a.name)
    assert(text:find('"depends_on":[]', 1, true) and text:find('"params":{}', 1, true))
  end)
end)
