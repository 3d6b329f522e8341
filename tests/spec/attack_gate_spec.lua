-- attack_gate_spec.lua: a model that leaks secrets, writes programs, leaves its scope, never stops calling
-- and makes cards without end: what each comes to, from outside.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function call(tool, arguments, more)
  local request = { role = "coder", card = { id = "X-1", type = "issue", status = "in_progress" },
    tool = tool,
    arguments = arguments }
  for key, value in pairs(more or {}) do
    request[key] = value
  end
  return request
end

local function write(path, content, more)
  return call("write_file", { path = path, content = content or "x" }, more)
end

-- Made here, so that no scanner of this repository finds them.
local BODY = ("Ab3dEf9h"):rep(8)
local JWT = "ey" .. "JhbGciOiJIUzI1NiJ9.ey" .. "JzdWIiOiIxMjM0In0." .. BODY
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  return (text:gsub("..?.?", function(bytes)
    local a, b, c = bytes:byte(1, 3)
    local bits, out = a << 16 | (b or 0) << 8 | (c or 0), {}
    for i = 1, 4 do
      local at = bits >> (24 - 6 * i) & 63
      out[i] = i <= #bytes + 1 and ALPHABET:sub(at + 1, at + 1) or "="
    end
    return table.concat(out)
  end))
end

local PEM = "-----BEGIN RSA PRIV" .. "ATE KEY-----\n" .. (BODY .. "\n"):rep(6)
local SECRETS = {
  "AK" .. "IAIOSFODNN7EXAMPLE", "key = '" .. "AS" .. "IAIOSFODNN7EXAMPLE'", "gh" .. "p_" .. BODY:sub(1, 36),
  "url: https://gh" .. "o_" .. BODY:sub(1, 36) .. "@github.com", "github_" .. "pat_" .. BODY, "gl" .. "pat-"
    .. BODY:sub(1, 20),
  "xo" .. "xb-123456789012-abcdefghij", "s" .. "k-" .. BODY:sub(1, 48), "s" .. "k-proj-" .. BODY,
  "s" .. "k-ant-api03-" .. BODY,
  JWT, "Authorization: Bearer " .. JWT, "AI" .. "za" .. BODY:sub(1, 35), "sk_" .. "live_" .. BODY:sub(1, 24),
  "AWS_SECRET_" .. "ACCESS_KEY=" .. BODY:sub(1, 40), "aws_secret_" .. "access_key: \"" .. BODY:sub(1, 40)
    .. "\"",
  "-----BEGIN RSA PRIV" .. "ATE KEY-----\n" .. BODY .. "\n-----END RSA PRIV" .. "ATE KEY-----",
  "{\"key\": \"-----BEGIN PRIV" .. "ATE KEY-----\\n" .. BODY .. "\"}",
  "-----BEGIN OPENSSH PRIV" .. "ATE KEY-----\r\n" .. BODY, "-----BEGIN PGP PRIV" .. "ATE KEY BLOCK-----\n\n"
    .. BODY,
  "xo" .. "xc-123456789012-" .. BODY, "https://hooks." .. "slack.com/services/T0" .. BODY:sub(1, 40),
  "gl" .. "rt-" .. BODY:sub(1, 20),
  "rk_" .. "test_" .. BODY:sub(1, 24), "wh" .. "sec_" .. BODY:sub(1, 32), "GOC" .. "SPX-" .. BODY:sub(1, 28),
  "ya" .. "29.a0" .. BODY,
  "s" .. "k-admin-" .. BODY, "gs" .. "k_" .. BODY:sub(1, 52), "xa" .. "i-" .. BODY, "pp" .. "lx-"
    .. BODY:sub(1, 48), "r8" .. "_" .. BODY:sub(1, 37),
  "dckr_" .. "pat_" .. BODY:sub(1, 27), "hv" .. "s." .. BODY, "S" .. "G." .. BODY:sub(1, 22) .. "."
    .. BODY:sub(1, 43), "AccountK" .. "ey=" .. BODY:rep(2),
  "AGE-SECRET-" .. "KEY-1" .. ("Q2"):rep(29), "shp" .. "at_" .. BODY:sub(1, 32), "aws-secret-"
    .. "access-key: " .. BODY:sub(1, 40),
  "\"-----BEGIN PRIV" .. "ATE KEY-----\\n\" +\n    \"" .. BODY, "# -----BEGIN RSA PRIV" .. "ATE KEY-----\n# "
    .. BODY,
  "['-----BEGIN PRIV" .. "ATE KEY-----',\n '" .. BODY .. "']", "+-----BEGIN RSA PRIV" .. "ATE KEY-----\n+"
    .. BODY,
  "-----BEGIN RSA PRIV" .. "ATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n" .. BODY,
  "-----BEGIN PRIV" .. "ATE KEY-----" .. BODY, "<p>-----BEGIN PRIV" .. "ATE KEY-----<br/>" .. BODY,
  "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-" .. "Lines: 14\n" .. BODY,
  "S" .. "K0123456789abcdef0123456789abcdef", "TOKEN = '123456789:" .. "AA" .. BODY:sub(1, 33) .. "'",
  "secret_" .. "key = \"" .. BODY:sub(1, 40) .. "\"",
  "print(\"\\ngh" .. "p_" .. BODY:sub(1, 36) .. "\")", ("x "):rep(100000) .. "gh" .. "p_" .. BODY:sub(1, 36),
  "data:\n  tls.key: " .. base64(PEM), "key: |\n" .. base64(PEM):gsub(("."):rep(64), "  %0\n"),
  '"' .. base64(PEM):gsub("+", "-"):gsub("/", "_") .. '"',
  "Authorization: Basic " .. base64("somebody:gh" .. "p_" .. BODY:sub(1, 36)),
  base64(("x "):rep(4080) .. "gh" .. "p_" .. BODY:sub(1, 36)),
  base64(("x "):rep(20000) .. PEM),
}

local INNOCENT = {
  "ghp_ is how such a token begins", "sk-circle-fade-dot-animation-delay-something",
  "the desk-organizer12345678901234567890x",
  "if line == \"-----BEGIN PRIVATE KEY-----\" then", "-----BEGIN CERTIFICATE-----\n" .. BODY,
  "-----BEGIN PUBLIC KEY-----\n" .. BODY,
  "it begins with -----BEGIN PRIVATE KEY----- and then comes base64",
  "-----BEGIN PRIVATE KEY-----\nYOUR KEY HERE\n",
  "BEGIN = \"-----BEGIN PRIVATE KEY-----\"\nEND = \"-----END PRIVATE KEY-----\"",
  "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
  "gsk_widget_get_preferred_name_of_the_child_and_more",
  "xai-explainability-toolkit-for-everybody-who-wants-it", "SG.Singapore.Airlines",
  "whsec_your_signing_secret", "hvs.module.submodule.name_of_thing", "AccountKey=<the key of your account>",
  "rk_live_loop", "Private-Lines: 14 of them",
  "AKIA", "AKIAshort", "xAKIAIOSFODNN7EXAMPLEx", "eyJ is base64 of {\"",
  "sha256:" .. ("0123456789abcdef"):rep(4), BODY,
  "SK and SKU-123456789012345678901234567890123", "12:30:45 and 1234567890:AAB",
  "secret_key = the/path/of/a/file/that/holds/the/key/of/it",
  "xoxo-kisses-and-hugs", "risk-" .. BODY:sub(1, 30),
  "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
  "https://example.com/a/b/c/d?x=" .. BODY, ("npm_config_registry="):rep(5),
  "data:image/png;base64," .. base64(("\0\1\200\255PNG"):rep(5000)),
  base64("-----BEGIN CERTIFICATE-----\n" .. BODY), ("A"):rep(100000),
  "ca: " .. base64("it begins with -----BEGIN PRIVATE KEY----- and then comes base64"),
}

describe("attack gate", function()
  local dir

  setup(function()
    dir = orket.directory() .. "/p"
    orket.run("init " .. dir)
    local organization = cjson.decode(orket.read(dir .. "/config/organization.json"))
    organization.process_rules.forbidden_types = { ".sql", "tf" }
    organization.process_rules.limits = { calls = 7, issues = 3, concurrency = 1 }
    orket.write(dir .. "/config/organization.json", cjson.encode(organization))
    orket.write(dir .. "/config/epics/scoped.json",
      cjson.encode({ name = "S", team = "standard", environment = "standard",
      issues = { { id = "S-1", name = "Scoped", seat = "coder",
        params = { scope = { "src/**", "*.md" } } } } }))
    orket.write(dir .. "/tools/copy.lua", [[
      return { description = "copy", operations = { "fs.read", "fs.write" }, schema = { type = "object", properties = {
          from = { type = "string", format = "path" }, to = { type = "string", format = "path" } } },
        run = function(args) return fs.write(args.to, fs.read(args.from) or "") end }]])
    orket.write(dir .. "/roles/copier.lua", [[
      return { tools = { "copy" }, prompt = function() return { system = "", user = "" } end }]])
  end)

  teardown(function()
    orket.remove((dir:gsub("/p$", "")))
  end)

  local function answers(calls)
    local requests = {}
    for i, one in ipairs(calls) do
      requests[i] = { id = i, project = dir, call = one }
    end
    return orket.try("gate", requests)
  end

  it("the gate finds a secret wherever it stands, and never repeats it", function()
    local calls = {}
    for i, secret in ipairs(SECRETS) do
      calls[i] = write("a.txt", secret)
    end
    calls[#calls + 1] = call("edit_file", { path = "a", old = "x", new = SECRETS[3] })
    calls[#calls + 1] = call("add_issue_comment", { comment = "use " .. SECRETS[8] })
    calls[#calls + 1] = call("update_issue_status",
      { status = "blocked", reason = "input", why = SECRETS[1] })
    for i, answer in ipairs(answers(calls)) do
      assert.equal("gate.secret", answer.rule, "secret " .. i)
      assert.equal("deny", answer.decision)
      for word in answer.why:gmatch("%S+") do
        assert.is_nil(#word > 12 and (SECRETS[i] or ""):find(word, 1, true) or nil, answer.why)
      end
    end
  end)

  it("the gate lets innocent texts pass, and looking for a secret", function()
    local calls = {}
    for i, text in ipairs(INNOCENT) do
      calls[i] = write("a.txt", text)
    end
    calls[#calls + 1] = call("search_files", { path = ".", text = SECRETS[3] })
    for i, answer in ipairs(answers(calls)) do
      assert.equal("gate.allow", answer.rule, tostring(INNOCENT[i]))
    end
  end)

  it("the gate writes no programs, whatever they are called", function()
    local names = { "a.exe", "A.EXE", "b/c.dll", "lib.so", "lib.so.1.2", "x.tar.pyc", "Main.class", ".so",
      "q.sql", "q.SQL", "m.tf", "a b.jar" }
    local calls = {}
    for i, name in ipairs(names) do
      calls[i] = write(name)
    end
    for i, answer in ipairs(answers(calls)) do
      assert.equal("gate.path.type", answer.rule, names[i])
      assert.equal(i >= 9 and i <= 11 and "config/organization.json#/process_rules/forbidden_types" or nil,
        answer.where)
    end
    for _, answer in ipairs(answers({ write("a.exe.txt"), write("exe"), write("so/a.c"), write("x.so.md"),
      call("read_file", { path = "a.exe" }),
      write("notes.so1"), write("release.1") })) do
      assert.equal("gate.allow", answer.rule)
    end
  end)

  it("the gate keeps a card to its scope, by the project's file and by the call", function()
    local mine = { card = { id = "S-1", type = "issue", status = "in_progress" } }
    local rows = {
      { write("src/a.c", "x", mine), "gate.allow" }, { write("src/deep/a.c", "x", mine), "gate.allow" },
      { write("README.md", "x", mine), "gate.allow" }, { write("docs/README.md", "x", mine), "gate.scope" },
      { write("srcs/a.c", "x", mine), "gate.scope" },
      { write("src/../docs/a", "x", mine), "gate.path.escape" },
      { write("./src//a.c", "x", mine), "gate.allow" }, { write("SRC/a.c", "x", mine), "gate.scope" },
      { call("delete_file", { path = "docs/a" }, mine), "gate.scope" },
      { call("read_file", { path = "docs/a" }, mine), "gate.allow" },
      { call("copy", { from = "docs/a", to = "src/a" }, { role = "copier", card = mine.card }),
        "gate.allow" },
    }
    for _, scope in ipairs({ "src/**", {}, { 7 }, { "a[b]" }, { "" } }) do
      rows[#rows + 1] = { write("src/a.c", "x",
        { card = { id = "Y", type = "issue", status = "in_progress", scope = scope } }),
        "gate.scope" }
    end
    local calls = {}
    for i, row in ipairs(rows) do
      calls[i] = row[1]
    end
    for i, answer in ipairs(answers(calls)) do
      assert.equal(rows[i][2], answer.rule, "row " .. i .. ": " .. tostring(answer.why))
    end
  end)

  it("the gate counts the calls of a turn", function()
    local found = answers({ write("a", "x", { calls = 6 }), write("a", "x", { calls = 7 }),
      write("a", "x", { calls = 1 << 40 }) })
    assert.equal("gate.allow", found[1].rule)
    for i = 2, 3 do
      assert.equal("gate.limit.calls", found[i].rule)
      assert.equal("config/organization.json#/process_rules/limits", found[i].where)
    end
  end)
end)

describe("attack gate", function()
  local dir

  local function project(rates)
    dir = orket.directory()
    orket.run("init " .. dir .. "/p")
    local organization = cjson.decode(orket.read(dir .. "/p/config/organization.json"))
    organization.process_rules.rates = rates
    orket.write(dir .. "/p/config/organization.json", cjson.encode(organization))
    return dir .. "/p"
  end

  local function ask(at, calls)
    local requests = {}
    for i, one in ipairs(calls) do
      requests[i] = { id = i, project = at, call = one }
    end
    return orket.try("gate", requests)
  end

  after_each(function()
    orket.remove(dir)
  end)

  it("rates of the organization let through what they say when ten times as much is offered", function()
    for _, row in ipairs({ { per_second = 100 }, { per_minute = 60 }, { per_second = 2.5 },
      { per_second = 1000, burst = 10 } }) do
      local speed = row.per_second or row.per_minute / 60
      local found = ask(project({ row }),
        { write("a", "x", { time = 0, ["repeat"] = { count = 20000, per_second = speed * 10 } }) })[1]
      local limit = 2000 + (row.burst or 1) - 1
      assert(math.abs(found.accepted - limit) <= limit / 100, cjson.encode(found))
      assert.equal("gate.rate", found.rule)
      assert.equal("config/organization.json#/process_rules/rates/0", found.where)
      assert(found.fix:find("seconds", 1, true))
    end
  end)

  it("rates of the organization count by tool, role and model, each for itself, and take nothing where another one refuses",
    function()
    local at = project({ { tool = "write_file", per_minute = 1 },
      { role = "coder", per_second = 1, burst = 3 }, { model = "reviewer", per_minute = 1 } })
    local rows = {
      { write("a", "x", { time = 0 }), "gate.allow" }, { write("a", "x", { time = 30 }), "gate.rate" },
      { call("read_file", { path = "a" }, { time = 30 }), "gate.allow" },
      { call("read_file", { path = "a" }, { time = 30 }), "gate.allow" },
      { call("read_file", { path = "a" }, { time = 30 }), "gate.allow" },
      { call("read_file", { path = "a" }, { time = 30 }), "gate.rate" },
      { call("read_file", { path = "a" }, { time = 31, model = "reviewer" }), "gate.allow" },
      { call("read_file", { path = "a" }, { time = 32, model = "reviewer" }), "gate.rate" },
      { call("read_file", { path = "../a" }, { time = 33 }), "gate.path.escape" },
      { call("read_file", { path = "a" }, { role = "integrity_guard",
        card = { id = "X", type = "issue", status = "code_review" }, time = 33 }),
        "gate.allow" },
      { write("a", "x", { time = 60 }), "gate.allow" },
      { write("a", "x", { time = 10 }), "gate.rate" }, -- a clock that goes back gives nothing
    }
    local calls = {}
    for i, row in ipairs(rows) do
      calls[i] = row[1]
    end
    for i, answer in ipairs(ask(at, calls)) do
      assert.equal(rows[i][2], answer.rule, "row " .. i)
    end
  end)

  it("rates of the organization name what there is, or are errors", function()
    for _, rate in ipairs({ { tool = "write_fil", per_second = 1 }, { role = "koder", per_second = 1 },
      { model = "x", per_second = 1 },
      { per_second = 0 }, { per_second = 1, per_minute = 1 }, { tool = "write_file" },
        { per_second = 1, burst = 0.5 } }) do
      local text, code = orket.run("validate " .. project({ rate }))
      assert.equal(1, code, text)
      assert(text:find("rates", 1, true), text)
      orket.remove(dir)
    end
  end)
end)

describe("attack gate", function()
  it("a scope that means nothing is an error of the file", function()
    local dir = orket.directory()
    orket.run("init " .. dir .. "/p")
    for _, scope in ipairs({ '"src/**"', '["a[b]"]', "[7]", '[""]', "{}" }) do
      orket.write(dir .. "/p/config/epics/hello.json", [[{"name": "S", "team": "standard", "environment": "standard",
        "issues": [{"id": "S-1", "name": "Scoped", "seat": "coder", "params": {"scope": ]] .. scope .. "}}]}")
      local text, code = orket.run("validate " .. dir .. "/p")
      assert.equal(1, code, scope .. text)
      assert(text:find("scope", 1, true), text)
    end
    orket.remove(dir)
  end)
end)

describe("attack gate", function()
  local ROLE = world.orket.read("roles/coder.lua"):gsub('"request_excuse",', '%0 "create_issue",')

  it("a run stops a turn that calls without end, also when it was interrupted", function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { calls = 25, concurrency = 1 }, mock = [[
      function work(talk)
        local calls = {}
        for i = 1, 10 do calls[i] = write("f" .. talk.replies .. "-" .. i, "x") end
        if talk.replies > 4 then return say(finish()) end
        return { calls = calls }
      end ]] })
    w:run()
    local refused = w:events("call.refused")
    assert.is_true(#refused >= 15, #refused)
    assert.equal(25, #w:events("file.written"))
    for _, event in ipairs(refused) do
      assert.equal("gate.limit.calls", event.body.rule)
    end
    local text, code = w:orket("replay " .. w:events("run.started")[1].run)
    assert.equal(0, code, text)
  end)

  it("a run keeps a card to its scope, also when it was killed and begun again", function()
    local w <close> = world.new({ issues = { { id = "A", params = { scope = { "src/**" } } }, { id = "B" } },
      limits = { concurrency = 1 }, mock = [[
      function work(talk)
        local n = talk.card .. talk.replies
        return talk.replies > 3 and say(finish()) or say(write("src/" .. n, "x"), write("docs/" .. n, "x"))
      end ]] })
    local run = w:held(3)
    run.kill("KILL")
    run.wait()
    local text, code = w:run()
    assert.equal(0, code, text)
    local refused = w:events("call.refused")
    assert.equal(4, #refused)
    for _, event in ipairs(refused) do
      assert.same({ "A", "gate.scope" }, { event.card, event.body.rule })
    end
    assert.equal(4 + 8, #w:events("file.written"))
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
  end)

  it("a run holds the rates of the organization, and replays to the same", function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { concurrency = 1 }, mock = [[
      function work(talk)
        local calls = {}
        for i = 1, 5 do calls[i] = write("f" .. talk.replies .. "-" .. i, "x") end
        if talk.replies > 1 then return say(finish()) end
        return { calls = calls }
      end ]] })
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.rates = { { tool = "write_file", per_minute = 1, burst = 3 } }
    w:write("config/organization.json", cjson.encode(organization))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(3, #w:events("file.written"))
    local refused = w:events("call.refused")
    assert.equal(7, #refused)
    for _, event in ipairs(refused) do
      assert.equal("gate.rate", event.body.rule)
    end
    text, code = w:orket("replay " .. w:events("run.started")[1].run)
    assert.equal(0, code, text)
  end)

  -- The house allows forty; each process is offered as many as it asks for, ten times that in all, and dies
  -- in the middle.
  it("a run holds its rates however often it is killed and begun again", function()
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { concurrency = 1, calls = 1000 },
      rules = { rates = { { tool = "write_file", role = "coder", model = "m", per_minute = 0.001,
        burst = 40 }, { role = "coder", model = "m", per_second = 1000, burst = 1000 } } },
      mock = [[
      function work(talk)
        local calls = {}
        for i = 1, 40 do calls[i] = write("f" .. talk.replies .. "-" .. i, "x" .. i) end
        calls[41] = call("read_file", { path = "f0-" .. talk.replies + 1 }) -- progress
        return talk.replies > 9 and say(finish()) or { calls = calls }
      end ]] })
    for _, asked in ipairs({ 1, 5, 9 }) do
      local run = w:held(asked)
      run.kill("KILL")
      run.wait()
    end
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(4, #w:events("run.started") + #w:events("run.resumed"))
    assert.equal(40, #w:events("file.written"))
    assert.equal(360, #w:events("call.refused"))
    w:run("--again ep")
    assert.equal(40, #w:events("file.written"), "a further build of the epic is no other house")
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
  end)

  it("a run keeps no secret of a tool's operation in its journal", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",', '%0 "leak",')
    local w <close> = world.new({ issues = { { id = "A" } }, limits = { concurrency = 1 },
      files = { ["roles/coder.lua"] = role, ["tools/leak.lua"] = [[
        return { description = "leak", operations = { "fs.write" }, schema = { type = "object" }, run = function()
          local done, failure = fs.write("a.txt", "gh" .. "p_" .. ("Ab3d"):rep(9))
          return done or { error = failure }
        end }]] }, mock = [[
      function work(talk)
        return steps(talk, function() return say(call("leak", {})) end, function() return say(write("x", "x"), finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    local refused = w:events("operation.refused")
    assert.equal("gate.secret", refused[1].body.rule)
    assert.same({ op = "fs.write" }, refused[1].body.operation)
    assert.is_nil(orket.shell(orket.binary .. " log --json -n 100000 -C " .. w.dir):find(("Ab3d"):rep(9), 1,
      true))
  end)

  it("a run keeps no key of the organization in its journal, the name of a field neither", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",', '%0 "leak",')
    for _, fields in ipairs({ "{ [key] = 1 }", "{ why = key }",
      "{ list = { { [\"a \" .. key] = true } } }" }) do
      local w <close> = world.new({ issues = { { id = "A" } }, limits = { concurrency = 1 },
        environment = "ORKET_MODEL_KEY=harmless-words-of-a-key",
        files = { ["roles/coder.lua"] = role, ["tools/leak.lua"] = [[
          return { description = "leak", operations = { "card.nominate" }, schema = { type = "object" }, run = function()
            local key = "harmless-" .. "words-of-a-key"
            local done, failure = card.nominate(]] .. fields .. [[)
            return done and { done = true } or { error = failure }
          end }]] }, mock = [[
        function work(talk)
          return steps(talk, function() return say(call("leak", {})) end, function() return say(write("x", "x"), finish()) end)
        end ]] })
      local text, code = w:run()
      assert.equal(0, code, text)
      local refused = w:events("operation.refused")
      assert.equal("gate.secret", refused[1] and refused[1].body.rule, fields)
      assert.is_nil(orket.shell(orket.binary .. " log --json -n 100000 -C " .. w.dir):find("harmless-words",
        1, true))
    end
  end)

  it("a run keeps cards that a card makes within its scope and the epic's bound", function()
    local w <close> = world.new({
      issues = { { id = "A", params = { scope = { "a/**" } } }, { id = "B" } },
      limits = { issues = 4, concurrency = 1 },
      files = { ["roles/coder.lua"] = ROLE }, mock = [[
      function work(talk)
        if talk.card == "A" then
          local calls = {}
          for i = 1, 5 do calls[i] = call("create_issue", { seat = "dev", summary = "child " .. i }) end
          return steps(talk, function() return { calls = calls } end, function() return say(write("a/x", "x"), finish()) end)
        elseif talk.card == "B" then
          return say(write("b/x", "x"), finish())
        end
        return steps(talk, function() return say(write("b/" .. talk.card, "x"), write("a/" .. talk.card, "x")) end,
          function() return say(finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(2 + 1 + 2, #w:events("card.created")) -- the epic, its issues, and what may be added
    local refused = w:events("operation.refused")
    assert.equal(3, #refused)
    for _, event in ipairs(refused) do
      assert.equal("gate.limit.issues", event.body.rule)
    end
    assert.equal(2, #w:events("call.refused"))
    for _, event in ipairs(w:events("call.refused")) do
      assert.equal("gate.scope", event.body.rule)
    end
    text, code = w:orket("replay " .. w:events("run.started")[1].run)
    assert.equal(0, code, text)
  end)
end)
