-- setup_spec.lua: `orket setup` as a program, against servers on loopback that the environment names. What
-- else may run on the machine (an Ollama on its own port) is not looked at.

local cjson = require("cjson")
local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")

local NOWHERE = "http://127.0.0.1:1/v1"
local KEY = "sk-not-to-be-seen-1234567890"

-- A server that lists models and does nothing else; answers its port, its log and a function that ends it.
local function listing(dir, table_)
  orket.write(dir .. "/table.json", cjson.encode(table_))
  os.execute(("python3 tests/support/listing.py %s/table.json %s/log >%s/port 2>&1 & echo $! >%s/pid"):format(dir, dir, dir, dir))
  local port = orket.shell(("for i in $(seq 600); do grep -qs . %s/port && break; sleep 0.05; done; cat %s/port"):format(dir, dir))
  return (port:gsub("\n", "")), dir .. "/log", function()
    os.execute(("kill $(cat %s/pid)"):format(dir))
  end
end

describe("setup", function()
  local dir, url, stop, port, log, stop_listing

  setup(function()
    url, stop = mock.start("tests/support/able.lua", "--fast")
    dir = orket.directory()
    port, log, stop_listing = listing(dir .. "/", {
      ["/v1/models"] = { data = { { id = "tiny.gguf", owned_by = "llamacpp" } } },
      ["/props"] = { default_generation_settings = { n_ctx = 8192 } },
      ["/old/api/tags"] = { models = { { name = "old:7b" } } },
      ["/a/v1/models"] = { data = { { id = "claude-x", type = "model" }, { id = "evil\27[2J" }, { id = 7 },
        "no" } },
      ["/html/v1/models"] = "<html>",
    })
  end)
  teardown(function()
    stop_listing()
    orket.remove(dir)
    assert.equal(0, stop())
  end)

  local project
  before_each(function()
    project = dir .. "/p"
    os.execute("rm -rf " .. project)
    orket.run("init " .. project)
  end)

  -- Nothing of this machine's environment but what the test says.
  local function run(arguments, environment)
    return orket.shell(("env -i PATH=$PATH %s %s setup %s 2>&1 </dev/null"):format(environment or "",
      orket.binary, arguments))
  end

  local function json(arguments, environment)
    local text, code = orket.shell(("env -i PATH=$PATH %s %s setup -C %s --json %s 2>/dev/null"):format(environment or "", orket.binary, project, arguments or ""))
    return assert(cjson.decode(text), text), code
  end

  local function server(got, name)
    for _, one in ipairs(got.servers) do
      if one.name == name then
        return one
      end
    end
  end

  local function written()
    return orket.read(project .. "/config/organization.json")
  end

  it("orket setup lists what servers and keys of the environment offer", function()
    local here = "http://127.0.0.1:" .. port
    local got, code = json("",
      ("OLLAMA_HOST=127.0.0.1:%s ORKET_MODEL_URL=%s OPENAI_API_KEY=%s OPENAI_BASE_URL=%s ANTHROPIC_API_KEY=%s ANTHROPIC_BASE_URL=%s/a")
      :format(port, here .. "/old/v1", KEY, url, KEY, here))
    assert.equal(3, code) -- a person chooses
    assert.same({ "tiny.gguf" }, server(got, "Ollama").models)
    assert.equal(8192, server(got, "Ollama").context)
    assert.same({ "old:7b" }, server(got, "ORKET_MODEL_URL").models)
    assert.same({ "mock" }, server(got, "OpenAI").models)
    assert.equal("claude-x", server(got, "Anthropic").models[1])
    assert.is_false(got.written)
  end)

  it("orket setup sends a key in the header of its API, and shows its name alone", function()
    os.remove(log)
    local text = run("-C " .. project,
      ("ANTHROPIC_API_KEY=%s ANTHROPIC_BASE_URL=http://127.0.0.1:%s/a"):format(KEY, port))
    assert.truthy(orket.read(log):lower():find("x%-api%-key: " .. KEY:gsub("%-", "%%-")))
    assert.truthy(text:find("(key: ANTHROPIC_API_KEY)", 1, true), text)
    assert.falsy(text:find("not-to-be-seen", 1, true))
    assert.falsy(text:find("\27", 1, true))
  end)

  it("orket setup writes the model that it checked, and leaves every other byte", function()
    local before = written()
    local got, code = json("--yes --model mock", "ORKET_MODEL_URL=" .. url)
    assert.equal(0, code)
    assert.is_true(got.written)
    assert.same({ base_url = url, model = "mock" }, got.model)
    local expected = before:gsub('"base_url": "[^"]*"', '"base_url": "' .. url
      .. '"'):gsub('("model": )"[^"]*:%d*b"', '%1"mock"')
    assert.equal(expected, written())
    assert.equal(0, (select(2, orket.run("validate " .. project))))
    assert.truthy(run("-C " .. project .. " --yes --model mock --url " .. url):find("says that already", 1,
      true))
  end)

  it("orket setup writes a key by its name", function()
    local got, code = json("--yes --model mock --key MY_KEY --url " .. url, "MY_KEY=" .. KEY)
    assert.equal(0, code)
    assert.equal("MY_KEY", got.model.key)
    assert.truthy(written():find('"key": "MY_KEY"', 1, true))
    assert.falsy(written():find("not-to-be-seen", 1, true))
    assert.equal(0, (select(2, orket.run("validate " .. project))))
    local again = written()
    assert.is_false(json("--yes --model mock --key MY_KEY --url " .. url, "MY_KEY=" .. KEY).written)
    assert.equal(again, written())
  end)

  it("orket setup changes nothing without a yes, and shows the change", function()
    local before = written()
    local text, code = run("-C " .. project .. " --model mock --url " .. url)
    assert.equal(3, code)
    assert.truthy(text:find('+    "coder": {"base_url": "' .. url .. '", "model": "mock"}', 1, true), text)
    assert.truthy(text:find("Nothing is written without --yes.", 1, true))
    assert.equal(before, written())
  end)

  it("orket setup changes the models that --for names, adds new ones, and keeps how the team asks", function()
    orket.write(project .. "/config/organization.json", [[
{
  "name": "Mine",  "models": {
    "coder": {"base_url": "http://127.0.0.1:1/v1", "model": "a}\"{", "temperature": 0.5, "price": {"input": 1, "output": 2},
      "headers": {"X-Team": "secret of the old server"}},
    "reviewer": {"base_url": "http://127.0.0.1:1/v1",   "model": "b"}
  }
}
]])
    local _, code = json("--yes --model mock --for coder --for extra --url " .. url)
    assert.equal(0, code)
    assert.equal(([[
{
  "name": "Mine",  "models": {
    "extra": {"base_url": "URL", "model": "mock"},
    "coder": {"base_url": "URL", "model": "mock", "temperature": 0.5},
    "reviewer": {"base_url": "http://127.0.0.1:1/v1",   "model": "b"}
  }
}
]]):gsub("URL", (url:gsub("%%", "%%%%"))), written())
  end)

  it("orket setup adds a model where a project has none", function()
    for _, text in ipairs({ '{"name": "Mine"}', '{"name": "Mine", "models": {}}',
      '{\n  "name": "Mine"\n}\n' }) do
      orket.write(project .. "/config/organization.json", text)
      os.execute("rm -rf " .. project .. "/config/teams " .. project .. "/config/epics")
      local got, code = json("--yes --model mock --url " .. url)
      assert.equal(0, code)
      assert.same({ base_url = url, model = "mock" }, cjson.decode(written()).models.default, got.diff)
    end
  end)

  it("orket setup writes no model that cannot call tools", function()
    local before = written()
    local text, code = run("-C " .. project .. " --yes --model no-calls --url " .. url)
    assert.equal(1, code)
    assert.truthy(text:find("no-calls cannot work in a team", 1, true), text)
    assert.equal(before, written())
  end)

  it("orket setup writes one that only fails at JSON", function()
    local _, code = json("--yes --model no-json --url " .. url)
    assert.equal(0, code)
  end)

  for name, case in pairs({
    ["an address where nobody answers"] = { "--url " .. NOWHERE, 1, "ERR_NET" },
    ["a model where nobody answers"] = { "--yes --model x --url " .. NOWHERE, 1,
      "fix: start the server, or correct its address" },
    ["an address where no models are"] = { "--url http://127.0.0.1:%s/html/v1", 1, "no list of models" },
    ["a model that nobody lists"] = { "--yes --model mok", 1, "did you mean mock?" },
    ["a key without an address"] = { "--key K", 2, "--key and --shape go with --url" },
    ["a key by its value"] = { "--url " .. NOWHERE .. " --key sk-1234", 2, "--key is the name" },
    ["an unknown API"] = { "--url " .. NOWHERE .. " --shape soap", 2,
      "--shape is one of anthropic, gemini, openai" },
    ["no address"] = { "--url localhost", 2, "--url is an address" },
  }) do
    it("orket setup refuses " .. name, function()
      local before = written()
      local text, code = run("-C " .. project .. " " .. case[1]:format(port), "ORKET_MODEL_URL=" .. url)
      assert.equal(case[2], code, text)
      assert.truthy(text:find(case[3], 1, true), text)
      assert.equal(before, written())
    end)
  end

  it("orket setup names orket init where there is no project", function()
    os.execute("rm -rf " .. project .. " && mkdir " .. project)
    local text, code = run("-C " .. project .. " --yes --model mock --url " .. url)
    assert.equal(1, code)
    assert.truthy(text:find("orket init", 1, true), text)
    assert.equal("", (orket.shell("ls -A " .. project)))
  end)

  it("orket setup leaves a project that is broken as it is", function()
    orket.write(project .. "/config/organization.json", '{"name": "x", "models": 3}')
    local _, code = json("--yes --model mock --url " .. url)
    assert.equal(1, code)
    assert.equal('{"name": "x", "models": 3}', written())
  end)

  -- On a terminal: what a person types, each line when the program is ready for it or before.
  local function typed(lines, arguments)
    return orket.shell(("printf '%s' | env -i PATH=$PATH TERM=dumb ORKET_MODEL_URL=%s script -qec '%s setup %s' /dev/null 2>&1")
      :format(lines, url, orket.binary, arguments))
  end

  it("orket setup asks on a terminal which model, and before it writes", function()
    local before = written()
    typed("1\\nn\\n", "--url " .. url .. " -C " .. project)
    assert.equal(before, written())
    local text = typed("1\\ny\\n", "--url " .. url .. " -C " .. project)
    assert.truthy(text:find("Write this? y/N", 1, true), text)
    assert.truthy(written():find(url, 1, true), text)
  end)

  it("orket setup offers on a terminal to make a project", function()
    os.execute("rm -rf " .. project .. " && mkdir " .. project)
    local text = typed("1\\ny\\ny\\n", "--url " .. url .. " -C " .. project)
    assert.truthy(text:find("Write a new one there? y/N", 1, true), text)
    assert.truthy(written():find(url, 1, true), text)
  end)
end)
