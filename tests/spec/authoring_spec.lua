-- authoring_spec.lua: `orket new`, `script`, `schema` and `stubs`: what a person begins a script or a card
-- with.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local dir

local function run(arguments)
  return orket.shell(("cd %s && %s %s 2>&1"):format(dir, world.binary, arguments))
end

describe("authoring a project", function()
  before_each(function()
    dir = orket.directory()
    assert.equal(0, select(2, orket.run("init " .. dir .. "/p")))
    dir = dir .. "/p"
  end)
  after_each(function()
    orket.remove(dir:match("^(.*)/p$"))
  end)

  -- arguments of orket new, and the file that comes of them
  local NEW = {
    { "role poet", "roles/poet.lua" },
    { "tool count_lines", "tools/count_lines.lua" },
    { "policy vendor", "nodes/policy/vendor.lua" },
    { "epic second", "config/epics/second.json" },
  }
  for _, kind in ipairs({ "planner", "router", "evaluator", "prompts", "models", "loop", "memory" }) do
    NEW[#NEW + 1] = { "--kind " .. kind .. " node mine", "nodes/mine.lua" }
  end
  for _, case in ipairs(NEW) do
    it("`orket new " .. case[1] .. "` writes a file that validates, and never writes over it", function()
      local text, code = run("new " .. case[1])
      assert.equal(0, code, text)
      assert(text:find("wrote " .. case[2], 1, true) and text:find("next: ", 1, true), text)
      text, code = run("validate")
      assert(code == 0 and not text:find("warning", 1, true), text)
      text, code = run("new " .. case[1])
      assert(code == 1 and text:find("ERR_EXISTS", 1, true), text)
    end)
  end

  it("`orket new` refuses other kinds, names and projects that are none", function()
    for arguments, said in pairs({
      ["wat x"] = "there is no kind", ["role ../x"] = "NAME is", ["role .x"] = "NAME is",
      ["node x"] = "needs --kind",
      ["--kind wat node x"] = "there is no node", ["--kind policy node x"] = "there is no node",
      ["--kind loop role x"] = "--kind is for a node",
    }) do
      local text, code = run("new " .. arguments)
      assert(code == 2 and text:find(said, 1, true), arguments .. ": " .. text)
    end
    local text, code = run("new -C verification role x")
    assert(code == 1 and text:find("is not a project", 1, true), text)
  end)

  it("`orket script` lists, shows and copies what serves", function()
    local rows = cjson.decode((run("script --json list")))
    local origins = {}
    for _, row in ipairs(rows) do
      origins[row.path] = row.origin
    end
    assert.equal("shipped", origins["roles/coder.lua"])
    local text, code = run("script copy coder")
    assert.equal(0, code, text)
    local shown = run("script show roles/coder.lua")
    assert.equal(shown, orket.read(dir .. "/roles/coder.lua"))
    orket.write(dir .. "/roles/coder.lua", shown .. "-- mine\n")
    assert(run("script show coder"):find("-- mine", 1, true))
    assert(run("script list"):find("project  roles/coder.lua", 1, true))
    text, code = run("script copy coder")
    assert(code == 1 and text:find("ERR_EXISTS", 1, true), text)
    text, code = run("script show codr")
    assert(code == 1 and text:find("did you mean coder?", 1, true), text)
    assert.equal(2, select(2, run("script show")))
    assert.equal(2, select(2, run("script list coder")))
  end)

  it("a file may name its schema, which `orket schema` prints", function()
    for _, kind in ipairs({ "organization", "team", "environment", "epic", "rock", "issue", "asset",
      "fixture", "cassette", "mock_reply" }) do
      local text, code = run("schema " .. kind)
      assert(code == 0 and type(cjson.decode(text)) == "table", kind)
    end
    assert.equal("#/$defs/epic", cjson.decode((run("schema epic")))["$ref"])
    assert.equal(2, select(2, run("schema wat")))
    for _, path in ipairs({ "config/organization.json", "config/teams/standard.json",
      "config/environments/standard.json",
      "config/epics/hello.json", "verification/hello.json" }) do
      orket.write(dir .. "/" .. path, (orket.read(dir .. "/" .. path):gsub("^{", '{"$schema": "../x.json", ',
        1)))
    end
    local text, code = run("validate")
    assert(code == 0 and not text:find("warning", 1, true), text)
  end)

  it("`orket stubs` writes what scripts may call, and keeps settings that are there", function()
    local text, code = run("stubs")
    assert.equal(0, code, text)
    assert(orket.read(dir .. "/.luals/operations.lua"):find("function fs.read(path, options)", 1, true))
    orket.write(dir .. "/.luarc.json", "{}")
    text, code = run("stubs")
    assert(code == 0 and text:find("workspace.library", 1, true), text)
    assert.equal("{}", orket.read(dir .. "/.luarc.json"))
  end)
end)
