-- attack_secret_spec.lua: keys: a server echoes them, a program looks for them, people read everything.

local cjson = require("cjson")
local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")
local python = dofile("tests/support/python.lua")

local KEY = "sk-very-secret-0123456789abcdef"

local ROOT = orket.shell("pwd"):gsub("%s+$", "")
local BINARY = orket.binary:sub(1, 1) == "/" and orket.binary or ROOT .. "/" .. orket.binary

-- Runs the project in `dir` against a server that tells the key, or `text` instead, as an error of this kind.
local function told(dir, way, text)
  local server <close> = python.serve("header_echo.py", text)
  return orket.shell(("cd %s && ORKET_LUA=%s/tests/support/impatient ORKET_MODEL_KEY=%s ORKET_MODEL_URL=http://127.0.0.1:%d/%s "
    .. "timeout 30 %s run -C p --json --record p/tape-%s hello 2>&1"):format(dir, ROOT, KEY, server.port, way,
      BINARY, way))
end

describe("attack secret", function()
  local dir

  before_each(function()
    dir = hostile.project()
  end)

  after_each(function()
    hostile.remove(dir)
  end)

  local function is_nowhere()
    local found = orket.shell("grep -rla '" .. KEY:sub(1, 14) .. "' " .. dir .. "/p; true")
    assert.equal("", found)
  end

  it("a key is not told when the server echoes it", function()
    for _, way in ipairs({ "json", "plain", "stream", "garbage" }) do
      local text = told(dir, way)
      assert(orket.read(dir .. "/p/tape-" .. way):find('"error":{', 1, true), way)
      assert(text:find("turn.failed", 1, true), text)
      assert(not text:find(KEY, 1, true), text)
      hostile.ask(dir, "retry", "H-1")
    end
    assert(not hostile.ask(dir, "show", "--json H-1"):find(KEY, 1, true))
    is_nowhere()
  end)

  -- A model that says it: in one piece, in pieces of some bytes as the mock streams, in JSON's other
  -- spellings.
  local SAYS = orket.read("tests/support/teams/says_the_key.lua")

  local function says(chunks)
    return "local KEY, CHUNKS = '" .. KEY .. "', " .. chunks .. "\n" .. SAYS
  end

  for _, chunks in ipairs({ 1, 7, 1000 }) do
    it("a key is not told when the model says it, in pieces of " .. chunks, function()
      local env = "ORKET_MODEL_KEY=" .. KEY
      local text, code = hostile.run(dir, says(chunks), { env = env, arguments = "--json" })
      assert.equal(0, code, text)
      assert(not text:find("very-secret", 1, true), text)
      local stars = ("*"):rep(#KEY)
      assert.equal("a " .. stars .. " b", orket.read(dir .. "/p/workspace/hello/tree/a.txt"))
      assert.matches("^b %*+!$", orket.read(dir .. "/p/workspace/hello/tree/b.txt"))
      assert(text:find("look: " .. stars, 1, true), text)
      is_nowhere()
      assert.equal(0, select(2, hostile.ask(dir, "check", "")))
    end)
  end

  -- The key in other codes, with something before it: each has a part that stands in no other text.
  local CODES = {
    { "c2stdmVyeS1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg==", "dmVyeS1zZWNyZXQ" }, -- base64
    -- behind "user:"
    { "dXNlcjpzay12ZXJ5LXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVm", "dmVyeS1zZWNyZXQ", "ZXJ5LXNlY3JldC" },
    { "YTpzay12ZXJ5LXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVm", "ZXJ5LXNlY3JldC" }, -- behind "a:"
    { "c2stdmVyeS1zZWNy\\nZXQtMDEyMzQ1Njc4OWFi\\nY2RlZg==", "dmVyeS1zZWNy" }, -- in lines
    { "736b2d766572792d7365637265742d30313233343536373839616263646566", "766572792d7365" },
    { "73:6B:2D:76:65:72:79:2D:73:65:63:72:65:74:2D:30:31:32:33:34:35:36:37:38:39:61:62:63:64:65:66",
      "76:65:72:79" },
    { "sk%2Dvery%2dsecret%252D0123456789abcdef", "very%2dsecret" },
  }

  local function coded()
    local texts = {}
    for i, one in ipairs(CODES) do
      texts[i] = one[1]
    end
    return table.concat(texts, " and ")
  end

  local function is_uncoded(text)
    for _, one in ipairs(CODES) do
      for i = 2, #one do
        assert(not text:find(one[i], 1, true), one[i] .. " is in " .. text)
        assert.equal("", orket.shell("grep -rlaF '" .. one[i] .. "' " .. dir .. "/p; true"))
      end
    end
  end

  for _, chunks in ipairs({ 1, 7, 1000 }) do
    it("a key is not told in other codes when the model says it, in pieces of " .. chunks, function()
      local text, code = hostile.run(dir, ([[local TEXT = "%s"
        return { { content = TEXT, reasoning = TEXT, chunks = %d, calls = {
          { name = "write_file", arguments = { path = "a.txt", content = TEXT } }, { name = "add_issue_comment", arguments = { comment = TEXT } } } } }]])
        :format(coded(), chunks), { env = "ORKET_MODEL_KEY=" .. KEY, arguments = "--json" })
      assert.equal(0, code, text)
      is_uncoded(text)
      assert(orket.read(dir .. "/p/workspace/hello/tree/a.txt"):find("****************", 1, true))
      is_nowhere()
    end)
  end

  it("a key is not told in other codes when the server echoes it", function()
    for _, way in ipairs({ "json", "plain", "stream", "garbage" }) do
      local text = told(dir, way, (coded():gsub("\\n", "")))
      assert(text:find("turn.failed", 1, true), text)
      is_uncoded(text)
      hostile.ask(dir, "retry", "H-1")
    end
  end)

  it("a key is not shown while the model says it", function()
    local url = hostile.serve(dir, says(1), "")
    local shown, code = orket.shell(string.format("ORKET_MODEL_KEY=%s ORKET_MODEL_URL=%s timeout 60 script -qec '%s run -C %s/p hello' /dev/null",
      KEY, url, orket.binary, dir))
    assert.equal(0, code, shown)
    assert(not shown:find("very-secret", 1, true) and not shown:find("sk-v", 1, true), shown)
    is_nowhere()
  end)

  it("a key that is shorter than twelve bytes is a word like any other", function()
    local text, code = hostile.run(dir, [[return { { content = "pull it from ollama", calls = { { name = "write_file",
      arguments = { path = "a.txt", content = "ollama" } } } } }]], { env = "ORKET_MODEL_KEY=ollama" })
    assert.equal(0, code, text)
    assert.equal("ollama", orket.read(dir .. "/p/workspace/hello/tree/a.txt"))
  end)

  it("a key is not seen by programs: not in the environment, not in a core, not in its file", function()
    orket.write(dir .. "/key", KEY .. "\n")
    orket.write(dir .. "/p/inside.key", KEY .. "\n")
    local organization = cjson.decode(orket.read(dir .. "/p/config/organization.json"))
    organization.keys = { outside = { file = dir .. "/key" }, inside = { file = dir .. "/p/inside.key" } }
    organization.models.coder.key, organization.models.reviewer.key = "outside", "inside"
    orket.write(dir .. "/p/config/organization.json", cjson.encode(organization))
    local epic = cjson.decode(orket.read(dir .. "/p/config/epics/hello.json"))
    epic.issues[1].verification = { fixture_path = "spy.json" }
    orket.write(dir .. "/p/config/epics/hello.json", cjson.encode(epic))
    orket.write(dir .. "/p/verification/spy.json", cjson.encode({ argv = { "sh", "{verification}/spy.sh" } }))
    orket.write(dir .. "/p/verification/spy.sh", string.format([[
env; cat /proc/*/environ | tr '\0' '\n'; ulimit -c
echo A; cat %s/key; echo B; cat %s/p/inside.key; echo C; cp %s/key %s/p/inside.key . ; ls -la %s/p/.orket; strings %s/p/.orket/orket.db
ls -l /proc/*/fd; exit 1]], dir, dir, dir, dir, dir, dir))
    local text = hostile.run(dir, "return {}", { env = "ORKET_MODEL_KEY=" .. KEY })
    assert(text:find("verification", 1, true), text)
    local log = hostile.events(dir, "verify.done")[1].body.log
    assert(not log:find(KEY, 1, true), log)
    assert(log:find("\n0\n", 1, true), log)
    os.remove(dir .. "/p/inside.key")
    is_nowhere()
  end)
end)
