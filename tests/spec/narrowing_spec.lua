-- narrowing_spec.lua: policies that only forbid more serve at once, while other scripts that were changed
-- with them wait for a person. In the middle of a run, at a start, beside a canary, and for what cannot be
-- proved.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Two cards, one after the other; each writes a file that a policy may forbid, and calls a tool it may not
-- have.
local MOCK = [[
function work(talk)
  return steps(talk,
    function() return say(write("vendor/" .. talk.card, "made")) end,
    function() return say(call("probe", {})) end,
    function() return say(finish()) end)
end]]

local PROBE = [[return { description = "probe", operations = {}, schema = { type = "object" }, run = function() return { ok = 1 } end }]]

local function coder(tools)
  return (world.orket.read("roles/coder.lua"):gsub("tools = {", "tools = { " .. (tools or ""), 1))
end

local WIDER = coder('"probe", ')

local function policy(prefix, rule)
  return string.format([[
local function decide(call)
  for _, path in ipairs(call.paths) do
    if path:find("^%s") and call.tool == "write_file" then
      return { decision = "deny", rule = "%s", why = "not ours" }
    end
  end
end
return { decide = decide }
]], prefix, rule)
end

local VENDOR = "nodes/policy/vendor.lua"

local function new(files, rules, issues)
  files["tools/probe.lua"], files["roles/coder.lua"] = PROBE, coder()
  return world.new({ issues = issues or { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = MOCK,
    files = files, rules = rules,
    limits = { concurrency = 1 } })
end

-- What became of the calls of a tool, by card.
local function calls(w, tool)
  local found = {}
  for _, event in ipairs(w:events()) do
    if event.body.tool == tool and event.kind == "call.refused" then
      found[event.card] = event.body.rule
    elseif event.body.tool == tool and event.kind == "call.allowed" then
      found[event.card] = "allowed"
    end
  end
  return found
end

local function json(w, command)
  local text, code = w:orket(command .. " --json")
  assert.equal(0, code, text)
  return cjson.decode(text)
end

local function policy_of(w, path)
  for _, one in ipairs(json(w, "policy status").policies) do
    if one.path == path then
      return one
    end
  end
end

-- Writes all files while the first card is worked on, and waits until those that may not serve wait.
local function change(w, files)
  local run = w:held(2)
  w:write(".test/hold.3", "")
  for path, text in pairs(files) do
    w:write(path, text)
  end
  assert(world.wait(function() return #w:events("scripts.waiting") > 0 end), "nothing waits")
  w:release(3)
  return run
end

local function is_sound(w)
  assert.equal(0, select(2, w:check()))
  w:derives()
end

describe("narrowing", function()
  for _, order in ipairs({ "together with", "after" }) do
    it("a policy that only forbids more serves in the middle of a run, changed " .. order
      .. " a role that waits", function()
      local w <close> = new({})
      local run = change(w, { ["roles/coder.lua"] = WIDER, [VENDOR] = order == "together with"
        and policy("vendor/", "vendor") or nil })
      w:write(VENDOR, policy("vendor/", "vendor"))
      assert(world.wait(function() return (policy_of(w, VENDOR) or {}).file == "serves" end),
        "the policy does not serve")
      local waiting = json(w, "policy status").waiting
      assert.same({ "roles/coder.lua" }, waiting.files)
      assert.equal(json(w, "policy status").serving.generation, waiting.against)
      assert(w:orket("board"):find("orket policy accept " .. waiting.generation, 1, true))
      local text, code = run.wait()
      assert.equal(0, code, text)
      assert.equal("policy.vendor", calls(w, "write_file").B)
      assert.equal("gate.role.tool", calls(w, "probe").B)
      is_sound(w)
    end)
  end

  it("a policy that only forbids more serves at a start beside scripts that wait, and what is accepted then has both",
    function()
    local w <close> = new({}, nil, { { id = "A" }, { id = "B" }, { id = "C" } })
    assert.equal(0, select(2, w:run("A")))
    w:write("roles/coder.lua", WIDER)
    w:write(VENDOR, policy("vendor/", "vendor"))
    local delta = json(w, "policy delta")
    assert.same({ VENDOR }, delta.narrows)
    assert.same({ "new", false }, { policy_of(w, VENDOR).file, policy_of(w, VENDOR).waits })
    local text, code = w:run("B")
    assert.equal(0, code, text)
    assert.same({ "policy.vendor", "gate.role.tool" }, { calls(w, "write_file").B, calls(w, "probe").B })
    assert.equal("serves", policy_of(w, VENDOR).file)
    text, code = w:orket("policy accept " .. json(w, "policy delta").generation)
    assert.equal(0, code, text)
    assert.equal(0, select(2, w:run("C")))
    assert.same({ "policy.vendor", "allowed" }, { calls(w, "write_file").C, calls(w, "probe").C })
    is_sound(w)
  end)

  it("a policy that only forbids more is brought back by orket policy rollback at once, while a role waits",
    function()
    local w <close> = new({ [VENDOR] = policy("vendor/", "vendor") }, nil,
      { { id = "A" }, { id = "B" }, { id = "C" } })
    assert.equal(0, select(2, w:run("A")))
    os.remove(w.dir .. "/" .. VENDOR)
    assert.equal(0, select(2, w:orket("policy accept " .. json(w, "policy delta").generation)))
    assert.equal(0, select(2, w:run("B")))
    w:write("roles/coder.lua", WIDER)
    local text, code = w:orket("policy rollback")
    assert.equal(0, code, text)
    assert(text:find("the next run takes them", 1, true) and not text:find("wait", 1, true), text)
    assert.equal(0, select(2, w:run("C")))
    assert.same({ A = "policy.vendor", B = "allowed", C = "policy.vendor" }, calls(w, "write_file"))
    assert.equal("gate.role.tool", calls(w, "probe").C)
    is_sound(w)
  end)

  it("a policy that only forbids more is shown whole as a diff, when it waits", function()
    local w <close> = new({ [VENDOR] = policy("vendor/x", "v") }, nil, { { id = "A" } })
    assert.equal(0, select(2, w:run("A")))
    w:write(VENDOR, policy("vendor/", "v") .. ("-- %s\n"):format(("long "):rep(200)))
    local text, code = w:orket("policy delta")
    assert.equal(0, code, text)
    assert(text:find("--- " .. VENDOR .. "\n@@ ", 1, true), text)
    assert(text:find('\n-    if path:find("^vendor/x") and', 1, true)
      and text:find('\n+    if path:find("^vendor/") and', 1, true), text)
    assert(text:find(("long "):rep(200):sub(1, -2), 1, true), text)
    assert.equal(VENDOR, json(w, "policy delta").changed[1].path)
  end)

  it("a policy that only forbids more judges no turn that had begun before, also after a kill", function()
    local w <close> = new({}, nil, { { id = "A" } })
    local run = w:held(1)
    run.kill("KILL")
    run.wait()
    w:release(1)
    w:write("roles/coder.lua", WIDER)
    w:write(VENDOR, policy("vendor/", "vendor"))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("allowed", calls(w, "write_file").A)
    is_sound(w)
  end)

  it("a policy that only forbids more is tried by a canary like every generation, and the role goes on to wait",
    function()
    local w <close> = new({}, { canary = { turns = 1, every = 1 } },
      { { id = "A" }, { id = "B" }, { id = "C" } })
    assert.equal(0, select(2, w:run("A")))
    w:write("roles/coder.lua", WIDER)
    w:write(VENDOR, policy("vendors/", "vendors"))
    local text, code = w:run("B")
    assert.equal(0, code, text)
    assert.equal(1, #w:events("canary.promoted"))
    assert.equal("serves", policy_of(w, VENDOR).file)
    assert.equal("gate.role.tool", calls(w, "probe").B)
    assert.same({ "roles/coder.lua" }, json(w, "policy status").waiting.files)
    is_sound(w)
  end)

  it("a policy that only forbids more goes on to be tried when what waited beside it is taken back, and nothing waits any more",
    function()
    local w <close> = new({}, { canary = { turns = 100, every = 1 } })
    local run = change(w, { ["roles/coder.lua"] = WIDER, [VENDOR] = policy("vendor/", "vendor") })
    assert(world.wait(function() return #w:events("canary.started") > 0 end), "nothing is tried")
    local text = w:orket("policy delta")
    assert(text:find("orket policy accept", 1, true), text)
    w:write("roles/coder.lua", coder())
    assert(world.wait(function() return not json(w, "policy status").waiting end), "it waits all the same")
    local code
    text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("policy.vendor", calls(w, "write_file").B)
    is_sound(w)
  end)
end)

local function rules(...)
  return 'return { deny = { { path = "' .. table.concat({ ... }, '" }, { path = "') .. '" } } }'
end

-- policies before, policies after (false: gone), those that serve at once
local ROWS = {
  { "a rule more", { v = rules("vendor/**") }, { v = rules("vendor/**", "web/**") }, { v = true } },
  { "a text that looks elsewhere", { v = policy("vendor/", "v") }, { v = policy("vendors/", "v") }, {} },
  { "a text that may be stricter", { v = policy("vendor/x", "v") }, { v = policy("vendor/", "v") }, {} },
  { "one of two", { v = rules("vendor/**"), w = rules("web/**") },
    { v = rules("vendor/*"), w = rules("web/**", "x/**") }, { w = true } },
  { "a rule that moves to another file", { v = rules("vendor/**") },
    { v = rules("other/**"), w = rules("vendor/**") }, { w = true } },
  { "a new one beside one that goes", { v = policy("vendor/", "v") }, { v = false, w = policy("web/", "w") },
    { w = true } },
  { "an answer that is none", {}, { v = "return { decide = function() return { decision = 'allow' } end }" },
    { v = true } },
}

describe("narrowing", function()
  for _, row in ipairs(ROWS) do
    it("a policy that changed together with a role that waits serves only where it forbids no less: "
      .. row[1], function()
      local w <close> = new({}, nil, { { id = "A" } })
      for name, text in pairs(row[2]) do
        w:write("nodes/policy/" .. name .. ".lua", text)
      end
      assert.equal(0, select(2, w:run("A")))
      w:write("roles/coder.lua", WIDER)
      local before = w:events("scripts.loaded")[1].body.files
      for name, text in pairs(row[3]) do
        if text then
          w:write("nodes/policy/" .. name .. ".lua", text)
        else
          os.remove(w.dir .. "/nodes/policy/" .. name .. ".lua")
        end
      end
      w:run("--again ep")
      local loaded, waiting = w:events("scripts.loaded"), w:events("scripts.waiting")[1].body
      local serves = loaded[#loaded].body.files
      for name in pairs(row[3]) do
        local path = "nodes/policy/" .. name .. ".lua"
        local expected = row[4][name] and waiting.files[path] or before[path]
        assert.equal(expected, serves[path], name)
      end
      assert.equal(before["roles/coder.lua"], serves["roles/coder.lua"])
    end)
  end
end)
