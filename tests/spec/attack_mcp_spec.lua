-- attack_mcp_spec.lua: what is trusted of MCP servers, gone around: another server behind equal words, files
-- that come with a clone, secrets in the configuration.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local servers = dofile("tests/support/mcp/project.lua")
local world = dofile("tests/support/world.lua")

local function refused(w)
  local done = w:events("operation.done")
  local last = done[#done] and done[#done].body
  return last and last.error or {}
end

describe("attack mcp", function()
  local function program(more)
    local fake = servers.fake("").fake
    for key, value in pairs(more) do
      fake[key] = value
    end
    return { fake = fake }
  end

  -- what is changed, how the fields are called
  local CHANGES = {
    { "another program", { command = { "lua5.4", "-W", servers.SUPPORT .. "/server.lua" } }, "command" },
    { "a value of its environment", { env = { MODE = "", LUA_INIT = "x = 1" } }, "env" },
    { "what it is shown", { show = { servers.SUPPORT, "config" } }, "show" },
    { "what a person says of its tools", { harmless = { "echo" } }, "harmless" },
    { "where it works", { directory = "work" }, "directory" },
    { "an address", { command = cjson.null, show = cjson.null, env = cjson.null,
      url = "http://127.0.0.1:1/mcp" }, "command, env, show, url" },
  }

  for _, row in ipairs(CHANGES) do
    local name, change, fields = table.unpack(row)
    it("another server behind equal words is asked for nothing: " .. name, function()
      local w <close> = servers.trusted("")
      local changed = program(change)
      for key, value in pairs(changed.fake) do
        changed.fake[key] = value ~= cjson.null and value or nil
      end
      servers.configure(w, changed)
      assert.equal(0, select(2, w:run()))
      local err = refused(w)
      assert.equal("ERR_DENIED", err.code)
      assert.equal("the server fake is another one than was trusted: " .. fields
        .. " changed in config/organization.json", err.message)
      local text, code = w:orket("mcp call fake echo '{\"text\":\"x\"}'")
      assert.equal(1, code)
      assert(text:find("another one than was trusted", 1, true), text)
      text = w:orket("mcp list")
      assert(text:find("another server than was trusted: " .. fields .. " changed", 1, true), text)
    end)
  end

  it("another server behind equal words is a change of the configuration that is told, and ends with a person's yes",
    function()
    local w <close> = servers.trusted("")
    assert.equal(0, select(2, w:run()))
    servers.configure(w, program({ env = { MODE = "", OTHER = "y" } }))
    local text = w:orket("policy delta")
    assert(text:find("config/organization.json#/mcp/fake", 1, true), text)
    assert.equal(nil, text:find('"y"', 1, true), "values of an environment are not recorded")
    assert.same({ "changed echo", "changed fail" }, servers.states(w))
    assert.equal(0, select(2, w:orket("mcp trust fake")))
    assert.same({ "trusted echo", "trusted fail" }, servers.states(w))
    assert.equal("x\n", w:orket("mcp call fake echo '{\"text\":\"x\"}'"))
    assert.equal(0, select(2, w:check()))
  end)

  it("another server behind equal words is the same one with other bounds", function()
    local w <close> = servers.trusted("")
    servers.configure(w, program({ deadline = 9, output = 100000, result = 1000, memory = 300000000,
      tools = { "echo" } }))
    assert.equal("x\n", w:orket("mcp call fake echo '{\"text\":\"x\"}'"))
  end)
end)

describe("attack mcp", function()
  it("files of a project trust nothing: a clone without its journal waits for its own person", function()
    local w <close> = servers.trusted("")
    orket.remove(w.dir .. "/.orket")
    assert.equal(0, select(2, w:run()))
    local err = refused(w)
    assert.equal("ERR_DENIED", err.code)
    assert.equal("no person has trusted echo of the server fake", err.message)
    assert.equal(false, w:exists(".orket/mcp/fake"), "it was started")
    assert.same({ "new echo", "new fail" }, servers.states(w))
  end)

  it("files of a project with another pin are not those that were trusted", function()
    local w <close> = servers.trusted("")
    local path = "tools/mcp__fake__echo.lua"
    w:write(path, (w:read(path):gsub('pin = "%x+"', 'pin = "' .. ("0"):rep(64) .. '"')))
    assert.equal(0, select(2, w:run()))
    assert.equal("no person has trusted this echo of the server fake", refused(w).message)
  end)
end)

describe("attack mcp", function()
  -- whether the key lies elsewhere, links to make, what is configured, files that it can and cannot read; or
  -- why it is not started
  local PLACES = {
    { away = true, show = { "." },
      why = "mcp.fake.show reaches .orket/, where the journal and the keys are: ." },
    { show = { "PARENT" }, why = "mcp.fake.show reaches .orket/" },
    { show = { "/" }, why = "mcp.fake.show reaches .orket/" },
    { show = { ".orket" }, why = "mcp.fake.show reaches .orket/" },
    { link = ".orket", show = { "link" }, why = "mcp.fake.show reaches .orket/" },
    { away = true, link = ".", show = { "link" }, why = "mcp.fake.show reaches .orket/" },
    { show = { "config" }, reads = { "HOME/config/organization.json" },
      nothing = { "HOME/.orket/orket.db", "../../orket.db", "HOME/roles/coder.lua" } },
    { away = true, directory = "work", show = { "." },
      reads = { "HOME/config/organization.json", "HOME/roles/coder.lua" },
      nothing = { "HOME/.orket/orket.db", "HOME/.orket/mcp" } },
    { directory = "work", show = { "." }, why = "programs of agents would see the file of the key 'k'" },
    { directory = "work", show = { "work/a" },
      why = "mcp.fake.show lies in a directory in which a program writes" },
    { directory = "work", show = { "link/b" }, link = "work",
      why = "mcp.fake.show lies in a directory in which a program writes" },
    { show = { "workspace/ep/cards/A/out" },
      why = "mcp.fake.show lies in a directory in which a program writes" },
    { show = { "workspace/ep/layers/A/changes/out" },
      why = "mcp.fake.show lies in a directory in which a program writes" },
    { away = true, directory = "work", show = { "work" }, reads = { "HOME/work/x" } },
    { directory = "workspace", why = "it is of workspace/" },
    { directory = ".", why = "it is the project itself" },
    { directory = "./", why = "it is the project itself" },
    { directory = "config", why = "it is of config/" },
    { directory = "tools", why = "it is of tools/" },
    { directory = "./.orket/mcp/other", why = "it is of .orket/" },
    { link = "config", directory = "link", why = "mcp.fake.directory is of config/" },
    { away = true, link = ".", directory = "link", why = "mcp.fake.directory is the project itself" },
    { directory = "../x", why = "ERR_" },
  }

  local function set_up(w, row)
    w:write("work/x", "x")
    w:write("secret.txt", "geheim")
    if row.link then
      os.execute(("ln -s %s %s/link"):format(row.link, w.dir))
    end
    local show = { servers.SUPPORT }
    for _, path in ipairs(row.show or {}) do
      show[#show + 1] = path == "PARENT" and w.dir:match("^(.*)/") or path
    end
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.keys = { k = { file = row.away and "/root/none" or "secret.txt" } }
    organization.mcp = servers.fake("reads", { show = show, directory = row.directory })
    w:write("config/organization.json", cjson.encode(organization))
  end

  for i, row in ipairs(PLACES) do
    it("a server's program sees neither the journal nor keys, and writes nothing that is people's: " .. i,
      function()
      local w <close> = servers.project("")
      assert.equal(0, select(2, w:orket("mcp trust fake"))) -- now there is a journal
      set_up(w, row)
      local text, code = w:orket("mcp trust fake")
      assert.equal(row.why and 1 or 0, code, text)
      assert(text:find(row.why or "", 1, true), text)
      for _, word in ipairs({ "reads", "nothing" }) do
        for _, path in ipairs(row[word] or {}) do
          local said = w:orket("mcp call fake echo '" .. cjson.encode({ text = (path:gsub("HOME", w.dir)) })
            .. "'")
          assert.equal(word == "reads" and "read\n" or "nothing\n", said, path)
        end
      end
    end)
  end
end)

describe("attack mcp", function()
  -- what it does to that with which it babbles, what is asked, whether the answer has to come
  local MODES = {
    { "babbles", "mcp call fake echo '{\"text\":\"x\"}'", true },
    { "misshapen", "mcp call fake echo '{\"text\":\"x\"}'" },
    { "mislisted", "mcp tools fake" }, { "misgreeted", "mcp tools fake" },
  }

  for _, row in ipairs(MODES) do
    local mode, command, comes = table.unpack(row)
    it("a server that says anything at all comes to an answer, or to a failure that says why: " .. mode,
      function()
      local w <close> = servers.trusted("")
      for seed = 1, 8 do
        servers.configure(w, servers.fake(mode, { env = { MODE = mode, SEED = tostring(seed) },
          deadline = 2 }))
        if command:find("call") then
          w:write(".orket/mcp/fake/honest", "")
          assert.equal(0, select(2, w:orket("mcp trust fake")))
          os.remove(w.dir .. "/.orket/mcp/fake/honest")
        end
        local text, code = w:orket(command)
        assert(code <= 1 and not text:find("ERR_BUG", 1, true) and not text:find("traceback", 1, true),
          seed .. ": " .. text)
        assert(not comes or text == "x\n", seed .. ": " .. text)
        assert(code == 0 or text:find("^orket: ERR_%u+: %S"), seed .. ": " .. text)
      end
    end)
  end
end)

describe("attack mcp", function()
  local function said(server, keys)
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(finish()) end" })
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.mcp, organization.keys = { far = server }, keys
    w:write("config/organization.json", cjson.encode(organization))
    return w:orket("validate")
  end

  -- server, keys, exit, words
  local ROWS = {
    { { url = "https://a.example/mcp", key = "nobody" }, nil, 1, "the key 'nobody' does not exist" },
    { { url = "https://a.example/mcp", key = "k" }, { k = { env = "K", origin = "https://b.example" } }, 1,
      "the key 'k' belongs to https://b.example alone" },
    { { url = "https://a.example.evil/mcp", key = "k" }, { k = { env = "K", origin = "https://a.example" } },
      1, "belongs to https://a.example alone" },
    { { url = "https://a.example:443/mcp", key = "k" }, { k = { env = "K", origin = "https://a.example" } },
      0, "" },
    { { url = "https://me:secret@a.example/mcp" }, nil, 1, "/mcp/far" },
    { { url = "https://a.example/mcp?access_token=abc" }, nil, 1,
      "the address carries a secret: access_token" },
    { { url = "file:///etc/passwd" }, nil, 1, "/mcp/far" },
    { { url = "https://a.example/mcp", headers = { Authorization = "Bearer x" } }, nil, 1, "headers" },
    { { command = { "x" }, key = "k" }, { k = { env = "K" } }, 1, "a program is sent no key" },
    { { command = { "x" }, env = { API_TOKEN = "abc" } }, nil, 0, "it looks like a secret" },
    { { command = { "x" }, url = "https://a.example" }, nil, 1, "/mcp/far" },
    { { command = {} }, nil, 1, "/mcp/far" },
  }

  for i, row in ipairs(ROWS) do
    it("the configuration of a server is checked before anything runs: " .. i, function()
      local text, code = said(row[1], row[2])
      assert.equal(row[3], code, text)
      assert(text:find(row[4], 1, true), text)
    end)
  end
end)
