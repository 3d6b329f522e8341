-- sim_spec.lua: `orket sim`: planted changes of scripts and settings are found in recorded history exactly, and
-- nothing else; what comes along with the scripts, hostile or broken, does no harm.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  local path = "out/" .. talk.card .. ".txt"
  return steps(talk,
    function() return say(write(path, talk.card), call("read_file", { path = path })) end,
    function() return say(call("add_issue_comment", { comment = "half of " .. talk.card })) end,
    function() return say(finish()) end)
end
]]

local function shipped(path)
  return world.orket.read(path)
end

-- A directory of changed scripts beside the project.
local function changed(files)
  local dir = world.orket.directory()
  for path, text in pairs(files) do
    world.orket.write(dir .. "/" .. path, text)
  end
  return setmetatable({ dir = dir }, { __close = function()
    world.orket.remove(dir)
  end })
end

local function sim(w, path, more)
  local text, code = w:orket("sim --json " .. (more or "") .. " --with " .. path)
  local ok, result = pcall(cjson.decode, text)
  return ok and result or text, code
end

-- "event kind card tool decision>decision" of each difference, as they came.
local function told(result)
  local lines = {}
  for i, one in ipairs(result.differences) do
    lines[i] = table.concat({ one.kind, one.card, one.tool or "-", one.before.decision .. ">" .. one.after.decision, one.after.rule }, " ")
  end
  table.sort(lines)
  return lines
end

local function policy(condition, answer)
  return ("local function decide(call, view) if %s then return %s end end\nreturn { node = 'policy', decide = decide }"):format(
    condition, answer or "{ decision = 'deny', rule = 'planted', why = 'planted', fix = '-' }")
end

local function without(text, tool)
  local new, count = text:gsub('"' .. tool .. '",?%s*', "")
  assert(count == 1, tool)
  return new
end

describe("orket sim", function()
  local w

  setup(function()
    w = world.new({ issues = { {}, {}, {} }, mock = MOCK, gate = {
      { id = "keep", effect = "deny", why = "keep it", tools = { "write_file" }, paths = { "kept/**" } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
  end)

  teardown(function()
    w:close()
  end)

  it("finds a planted policy: these calls, no others, each by its event", function()
    local p <close> = changed({ ["nodes/policy.lua"] = policy("call.paths[1] == 'out/I-2.txt'") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-2 read_file allow>deny policy.planted", "call I-2 write_file allow>deny policy.planted" }, told(result))
    assert.same({ "nodes/policy.lua" }, result.changed)
    assert.same({}, result.caveats)
    for _, one in ipairs(result.differences) do
      local found
      for _, event in ipairs(w:events("call.allowed")) do
        found = found or event.seq == one.seq and event
      end
      assert.equal("I-2", found.card)
      assert.equal(("%s/%d.%d"):format(found.run, found.turn, found.n), one.event)
      assert.equal(one.tool, found.body.tool)
    end
  end)

  it("finds one of several policies, an ask, and what it sees of the card", function()
    local p <close> = changed({ ["nodes/policy/planted.lua"] = policy(
      "call.tool == 'update_issue_status' and view.seat == 'guard' and view.card.name == 'Issue I-3' and view.card.status == 'code_review'",
      "{ decision = 'ask', rule = 'planted', why = 'w', fix = 'f' }") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-3 update_issue_status allow>ask policy.planted" }, told(result))
    assert.equal("guard", result.differences[1].seat)
  end)

  it("finds a tool taken from a role", function()
    local p <close> = changed({ ["roles/coder.lua"] = without(shipped("roles/coder.lua"), "read_file") })
    local result, code = sim(w, p.dir)
    assert.equal(1, code)
    assert.same({ "call I-1 read_file allow>deny gate.role.tool", "call I-2 read_file allow>deny gate.role.tool",
      "call I-3 read_file allow>deny gate.role.tool" }, told(result))
  end)

  it("finds a tool's changed schema", function()
    local p <close> = changed({ ["tools/add_issue_comment.lua"] = (shipped("tools/add_issue_comment.lua"):gsub('maxLength = %d+', "maxLength = 3")) })
    local result = sim(w, p.dir)
    assert.equal(3, #result.differences)
    assert.equal("call I-1 add_issue_comment allow>deny gate.args.schema", told(result)[1])
  end)

  it("finds a rule of the house, and one that is gone", function()
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.gate[1] = { id = "keep", effect = "ask", why = "keep it", tools = { "write_file" }, paths = { "out/I-1*" } }
    local p <close> = changed({ ["organization.json"] = cjson.encode(organization) })
    local result, code = sim(w, p.dir .. "/organization.json")
    assert.equal(1, code)
    assert.same({ "call I-1 write_file allow>ask house.keep" }, told(result))
    assert.same({ "config/organization.json" }, result.changed)
  end)

  it("takes a unified diff, applied to the byte", function()
    local was = shipped("roles/coder.lua")
    local p <close> = changed({ ["a/roles/coder.lua"] = was, ["b/roles/coder.lua"] = without(was, "read_file") })
    local diff = world.orket.shell(("cd %s && diff -u a/roles/coder.lua b/roles/coder.lua"):format(p.dir))
    world.orket.write(p.dir .. "/change.diff", diff)
    local result, code = sim(w, p.dir .. "/change.diff")
    assert.equal(1, code)
    assert.equal(3, #result.differences)
    world.orket.write(p.dir .. "/change.diff", (diff:gsub("\n ([^\n])", "\n x%1", 1)))
    local text
    text, code = sim(w, p.dir .. "/change.diff")
    assert.equal(2, code)
    assert.truthy(text:find("does not fit", 1, true), text)
  end)

  it("finds nothing in an edit that changes nothing", function()
    for path, text in pairs({
      ["roles/coder.lua"] = shipped("roles/coder.lua") .. "-- a comment\n", ["nodes/policy.lua"] = policy("false"),
      ["nodes/router.lua"] = "-- a comment\n" .. shipped("nodes/router.lua"), ["tools/write_file.lua"] = shipped("tools/write_file.lua") .. "\n",
      ["nodes/prompts.lua"] = shipped("nodes/prompts.lua") .. "-- a comment\n",
    }) do
      local p <close> = changed({ [path] = text })
      local result, code = sim(w, p.dir)
      assert.equal(0, code, path .. ": " .. cjson.encode(result))
      assert.same({ path }, result.changed)
      assert.equal(15, result.judged.calls)
    end
    local same, code = sim(w, "config/organization.json")
    assert.equal(0, code)
    assert.same({}, same.changed)
  end)

  it("asks no model, opens no socket, and leaves the project as it is", function()
    local p <close> = changed({ ["nodes/policy.lua"] = policy("true") })
    local requests, list = w:requests(), "cd " .. w.dir .. " && find . -type f -newer .test/before ! -path './.test/*' ! -name '*-shm'"
    w:write(".test/before", "")
    local text, code = w:orket("sim --json --with " .. p.dir .. " >/dev/null; strace -f -e trace=socket,connect,bind,unlink,mkdir,rename -o .test/trace "
      .. w.binary .. " sim --with " .. p.dir .. " >/dev/null 2>&1; true")
    assert.equal(0, code, text)
    assert.equal(requests, w:requests())
    assert.equal("", world.orket.shell(list))
    if w:exists(".test/trace") then
      assert.falsy(w:read(".test/trace"):find("socket(", 1, true), w:read(".test/trace"))
    end
  end)

  it("names what is wrong: exit 2", function()
    local p <close> = changed({ ["nodes/policy.lua"] = "return { node = 'policy'", ["other.txt"] = "x" })
    for arguments, word in pairs({
      ["sim"] = "--with", ["sim --with " .. p.dir] = "nodes/policy.lua would not serve", ["sim --with nowhere"] = "nothing at",
      ["sim --with " .. p.dir .. "/other.txt"] = "patch", ["sim --runs ep.7 --with nodes"] = "", ["sim --nonsense"] = "unknown option",
      ["sim --runs ep.7 --with config/organization.json"] = "no run 'ep.7'",
    }) do
      local text, code = w:orket(arguments)
      assert.equal(2, code, arguments .. ": " .. text)
      assert.truthy(text:find(word, 1, true), arguments .. ": " .. text)
    end
  end)

  it("is not held up by hostile scripts: they deny, or would not serve", function()
    for _, text in ipairs({ "while true do end", "local t = {} while true do t[#t + 1] = ('x'):rep(100000) end" }) do
      local p <close> = changed({ ["nodes/policy.lua"] = text })
      local said, code = sim(w, p.dir)
      assert.equal(2, code)
      assert.truthy(said:find("nodes/policy.lua would not serve", 1, true), said)
      local q <close> = changed({ ["nodes/policy.lua"] = "local function decide() " .. text .. " end return { node = 'policy', decide = decide }" })
      local result
      result, code = sim(w, q.dir)
      assert.equal(1, code)
      assert.equal(15, #result.differences)
      assert.equal("policy.failed", result.differences[15].after.rule)
    end
  end)
end)
