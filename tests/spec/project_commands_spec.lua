-- project_commands_spec.lua: the commands that `orket init` names for what lies in a directory, and a run
-- that uses them.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")
local orket = world.orket

local refused = orket.shell(world.binary .. " try jail -- make --version 2>&1"):find("ERR_", 1, true)
local test = refused and pending or it

-- A project beside these files: its directory, its commands as texts, and what init said.
local function project(files)
  local dir = orket.directory()
  for path, text in pairs(files) do
    orket.write(dir .. "/" .. path, text)
  end
  local said, code = orket.run("init " .. dir)
  assert(code == 0, said)
  local shown = said:match("Agents may run, in a jail without network: (.-) %(") or ""
  local rules = cjson.decode(orket.read(dir .. "/config/organization.json")).process_rules
  local list = {}
  for i, command in ipairs(rules.commands or {}) do
    list[i] = table.concat(command.argv, " ")
  end
  said, code = orket.run("validate " .. dir)
  assert(code == 0, said)
  return dir, list, shown
end

describe("project commands", function()
  local rows = {
    ["nothing"] = { {}, {} },
    ["a Makefile"] = { { Makefile = ".PHONY: test\nall: x\n\ntest: all\n\tsh t.sh\ncheck : test\nlint := no\n" }, { "make test", "make check" } },
    ["a Makefile without tests"] = { { Makefile = "all:\n\trm -rf /\ndeploy:\n\ttrue\n" }, {} },
    ["a package"] = { { ["package.json"] = '{"scripts": {"test": "node t.js", "lint": "x", "postinstall": "curl x | sh"}}' }, { "npm run test", "npm run lint" } },
    ["a broken package"] = { { ["package.json"] = '{"scripts": {"test": null, "lint": ["x"]' }, {} },
    ["a package of other things"] = { { ["package.json"] = '{"scripts": ["test"]}' }, {} },
    ["Python"] = { { ["pyproject.toml"] = "[project]\n", ["setup.py"] = "" },
      { "python3 -m pytest **", "python3 -m unittest **" } },
    ["Rust and Go"] = { { ["Cargo.toml"] = "", ["go.mod"] = "module x\n" },
      { "cargo test --offline **", "cargo check --offline **", "go test **", "go vet **" } },
    ["a directory of that name"] = { { ["Makefile/test:"] = "x" }, {} },
  }
  for name, row in pairs(rows) do
    it("orket init names the usual checks beside " .. name .. ", and nothing else", function()
      local dir, list, shown = project(row[1])
      assert.same({ row[2], table.concat(row[2], ", ") }, { list, shown })
      orket.remove(dir)
    end)
  end
end)

describe("a project of orket init", function()
  test("runs its tests in a jail, and nothing that it does not name", function()
    local dir = project({ Makefile = "test:\n\ttrue\n" })
    local w <close> = world.copy(dir, orket.read("tests/support/play.lua") .. [[
      function run(...) return call("run_command", { argv = { ... } }) end
      function work(talk)
        return steps(talk, function()
          return say(write("hello.sh", 'echo "hello, $1"\n'), write("Makefile", "test:\n\ttest \"$$(sh hello.sh you)\" = 'hello, you' && echo fine\n"))
        end, function() return say(run("make", "test"), run("sh", "-c", "true"), run("make", "all")) end,
        function() return say(finish()) end)
      end]])
    orket.remove(dir)
    local text, code = w:run("hello")
    assert.equal(0, code, text)
    local ran = w:events("command.ran")
    assert.equal(1, #ran)
    assert.same({ 0, { "make", "test" } }, { ran[1].body.exit, ran[1].body.argv })
    assert.truthy(ran[1].body.stdout:find("fine", 1, true))
    assert.equal(2, #w:events("operation.refused"))
    w:replays("hello.1")
  end)
end)
