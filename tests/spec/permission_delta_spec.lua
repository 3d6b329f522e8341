-- permission_delta_spec.lua: scripts that make more possible than those before them wait while the old ones
-- serve, until a person accepts them; scripts that can do no more serve at once. Edited in the middle of a
-- run, and between runs.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Two cards, one after the other; each worker writes a file, looks around, tries the probe, and finishes.
local MOCK = [[
function work(talk)
  return steps(talk,
    function() return say(write("vendor/" .. talk.card, "made")) end,
    function() return say(call("list_directory", { path = "." })) end,
    function() return say(call("probe", {})) end,
    function() return say(finish()) end)
end]]

local PROBE = [[return { description = "probe", operations = {}, schema = { type = "object" }, run = function() return { ok = 1 } end }]]

local function coder(tools)
  return (world.orket.read("roles/coder.lua"):gsub("tools = {", "tools = { " .. (tools or ""), 1))
end

local VENDOR = world.orket.read("tests/support/scripts/vendor.lua")

local function new(files, more)
  more = more or {}
  files["tools/probe.lua"] = files["tools/probe.lua"] or PROBE
  local w = world.new({ issues = more.issues or { { id = "A" }, { id = "B", depends_on = { "A" } } },
    mock = more.mock or MOCK, files = files })
  if more.growth then
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.growth = more.growth
    w:write("config/organization.json", cjson.encode(organization))
  end
  return w
end

-- Writes the files while the first card is worked on, and waits until the journal has the event.
local function run_with_change(w, files, kind)
  local run = w:held(2)
  for path, text in pairs(files) do
    w:write(path, text)
  end
  local count = kind == "scripts.loaded" and 2 or 1
  assert(world.wait(function() return #w:events(kind) >= count end), "no " .. kind)
  return run
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

local function delta(w)
  local text, code = w:orket("policy delta --json")
  assert.equal(0, code, text)
  return cjson.decode(text)
end

describe("permission delta", function()
  it("scripts that make more possible wait in the middle of a run, which goes on with the old ones and says what accepts them",
    function()
    local w <close> = new({ ["roles/coder.lua"] = coder() })
    local run = run_with_change(w, { ["roles/coder.lua"] = coder('"probe", ') }, "scripts.waiting")
    local text, code = run.wait()
    assert.equal(0, code, text)
    local waiting = w:events("scripts.waiting")[1].body
    assert.same({ A = "gate.role.tool", B = "gate.role.tool" }, calls(w, "probe"))
    assert.equal(1, #w:events("scripts.loaded"))
    local command = "orket policy accept " .. waiting.generation
    assert(text:find(command, 1, true), text)
    assert(w:orket("board"):find(command, 1, true))
    for i, status in ipairs({ "in_progress", "code_review" }) do
      assert.same({ "coder", status, "probe", "deny", "allow" },
        { waiting.delta[i].role, waiting.delta[i].status,
        waiting.delta[i].tool, waiting.delta[i].was, waiting.delta[i].now })
    end
    assert.same(waiting.delta, delta(w).delta)
    assert.equal(0, select(2, w:check()))
  end)

  it("scripts that make more possible serve from the moment on in which a person accepts them", function()
    local w <close> = new({ ["roles/coder.lua"] = coder() })
    local run = run_with_change(w, { ["roles/coder.lua"] = coder('"probe", ') }, "scripts.waiting")
    local generation = w:events("scripts.waiting")[1].body.generation
    local told, refused = w:orket("policy accept 0123456789abcdef")
    assert.equal(1, refused, told)
    local text, code = w:orket("policy accept " .. generation)
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    local accepted = w:events("scripts.accepted")[1]
    assert(accepted.actor:find("^human:"), accepted.actor)
    assert.equal("allowed", calls(w, "probe").B)
    assert.equal(generation, w:events("scripts.loaded")[2].body.generation)
    assert(not w:orket("board"):find("policy accept", 1, true))
    local replayed, again = w:orket("replay " .. w:events("run.started")[1].run)
    assert.equal(0, again, replayed)
    assert.equal(0, select(2, w:check()))
  end)

  it("scripts that make more possible wait at a start against those that served last, also after a kill, and are accepted without a run",
    function()
    local w <close> = new({ ["roles/coder.lua"] = coder(), ["nodes/policy/vendor.lua"] = VENDOR })
    local run = w:held(2)
    run.kill("KILL")
    run.wait()
    w:write("roles/coder.lua", coder('"probe", '))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ A = "gate.role.tool", B = "gate.role.tool" }, calls(w, "probe"))
    local waiting = w:events("scripts.waiting")[1].body
    assert(text:find("orket policy accept " .. waiting.generation, 1, true), text)
    text, code = w:orket("policy accept " .. waiting.generation)
    assert.equal(0, code, text)
    text, code = w:orket("policy accept " .. waiting.generation)
    assert.equal(1, code, text)
    assert.same({}, delta(w).delta)
  end)

  it("scripts that make more possible that nobody has run yet are accepted as they are now", function()
    local w <close> = new({ ["roles/coder.lua"] = coder() })
    assert.equal(0, select(2, w:run()))
    w:write("roles/coder.lua", coder('"probe", '))
    local found = delta(w)
    assert.equal(2, #found.delta)
    local warned, usable = w:orket("validate")
    assert.equal(0, usable)
    assert(warned:find("roles/coder.lua:1: warning: the scripts make more possible", 1, true)
      and warned:find("orket policy accept %S* *" .. found.generation) , warned)
    w:write("nodes/policy/vendor.lua", VENDOR) -- not what the person saw
    local text, code = w:orket("policy accept " .. found.generation)
    assert.equal(1, code, text)
    text, code = w:orket("policy accept " .. delta(w).generation)
    assert.equal(0, code, text)
    assert(w:orket("policy status"):find(delta(w).generation, 1, true))
  end)

  it("scripts that make more possible serve by themselves where the organization says so, recorded as accepted by nobody",
    function()
    local w <close> = new({ ["roles/coder.lua"] = coder() }, { growth = "auto" })
    local run = run_with_change(w, { ["roles/coder.lua"] = coder('"probe", ') }, "scripts.accepted")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.same({ true, "system" }, { w:events("scripts.accepted")[1].body.auto,
      w:events("scripts.accepted")[1].actor })
    assert.equal("allowed", calls(w, "probe").B)
    assert.equal(0, select(2, w:check()))
  end)

  it("scripts that make more possible are told by board and status as they are now, whoever ran or did not",
    function()
    local w <close> = new({ ["roles/coder.lua"] = coder() }, { issues = { { id = "A" } } })
    local function told()
      local board, status = w:orket("board"):match("orket policy accept (%x+)"),
        cjson.decode((w:orket("policy status --json"))).waiting
      assert.equal(board, status and status.generation)
      return board
    end
    assert.equal(0, select(2, w:run()))
    assert.equal(nil, told())
    w:write("roles/coder.lua", coder('"probe", '))
    local waits = delta(w).generation
    assert.equal(waits, told())
    w:run("--again ep") -- which records it
    assert.equal(waits, told())
    w:write("roles/coder.lua", coder())
    assert.equal(nil, told())
    w:write("roles/coder.lua", "return {")
    assert.equal(nil, told()) -- what does not build serves nobody: that is said by validate
  end)

  it("scripts that make more possible that are taken back wait no more", function()
    local w <close> = new({ ["roles/coder.lua"] = coder() })
    local run = run_with_change(w, { ["roles/coder.lua"] = coder('"probe", ') }, "scripts.waiting")
    w:write("roles/coder.lua", coder())
    assert(world.wait(function() return not w:orket("board"):find("policy accept", 1, true) end))
    assert.equal(0, select(2, run.wait()))
  end)
end)

-- files before, files after, grows?, what the delta says
local ROWS = {
  { "a new role", {}, { ["roles/helper.lua"] = 'return { tools = { "write_file" }, prompt = function() end }' }, "the role helper is new" },
  { "a new tool nobody has", {}, { ["tools/other.lua"] = PROBE }, nil },
  { "a wider schema", {},
    { ["tools/probe.lua"] = PROBE:gsub("operations = {}", 'operations = {}, statuses = { "done" }') },
    "not for cards that are done",
    role = true },
  { "an operation more", {},
    { ["tools/probe.lua"] = PROBE:gsub("operations = {}", 'operations = { "fs.read" }') },
    "it may ask for fs.read", role = true },
  { "words of a tool alone", {}, { ["tools/probe.lua"] = PROBE:gsub('"probe"', '"probes"') }, nil,
    role = true },
  { "a tool less", { ["roles/coder.lua"] = coder('"probe", ') }, { ["roles/coder.lua"] = coder() }, nil },
  { "a policy more", {}, { ["nodes/policy/vendor.lua"] = VENDOR }, nil },
  { "a policy less", { ["nodes/policy/vendor.lua"] = VENDOR }, { ["nodes/policy/vendor.lua"] = false },
    "it is gone, with all that it forbade" },
  { "a policy with a comment", { ["nodes/policy/vendor.lua"] = VENDOR },
    { ["nodes/policy/vendor.lua"] = "-- ours\n" .. VENDOR }, nil },
  { "a rule more in a policy's data",
    { ["nodes/policy/vendor.lua"] = 'return { deny = { { path = "a/**" } } }' },
    { ["nodes/policy/vendor.lua"] = 'return { deny = { { path = "a/**" }, { path = "b/**" } } }' }, nil },
  { "a policy with another text", { ["nodes/policy/vendor.lua"] = VENDOR }, { ["nodes/policy/vendor.lua"] =
    VENDOR:gsub(' and call.tool == "write_file"', "") }, "so that it may forbid less" },
  { "a rule moved to another file", { ["nodes/policy/vendor.lua"] = VENDOR },
    { ["nodes/policy/vendor.lua"] = false, ["nodes/policy/wendor.lua"] = VENDOR }, "it is gone" },
}

describe("a changed script", function()
  for _, row in ipairs(ROWS) do
    it((row[4] and "waits for a person: " or "serves at once: ") .. row[1], function()
      local files = row[2]
      if row.role then
        files["roles/coder.lua"] = coder('"probe", ')
      end
      local w <close> = new(files, { issues = { { id = "A" } },
        mock = "function work() return say(finish()) end" })
      assert.equal(0, select(2, w:run()))
      for path, text in pairs(row[3]) do
        if text then
          w:write(path, text)
        else
          os.remove(w.dir .. "/" .. path)
        end
      end
      local said = cjson.encode(delta(w).delta)
      assert.equal(row[4] == nil, said == "{}" or said == "[]", said)
      assert(not row[4] or said:find(row[4], 1, true), said)
    end)
  end
end)
