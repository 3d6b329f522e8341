-- attack_text_spec.lua: texts that are no text, that are cut inside a character, or that are too long for the
-- journal, through every door: whatever fails is recorded as what it is, and a run goes on.

local hostile = dofile("tests/support/hostile.lua")
local orket = dofile("tests/support/orket.lua")

-- Each has a character where a precision of 60, 80, 100 or 200 bytes cuts.
local LONG = { "a" .. ("ü"):rep(120), ("日"):rep(80), "d/aa" .. ("😀"):rep(60), ("ü"):rep(2000), ("日"):rep(67)
  .. "/" .. ("😀"):rep(50) }

-- What a script raises or answers instead of what its contract asks for.
local RAISED = {
  'error("\\xff")', 'error(("a\\xff"):rep(100000))', "error({})", "error()",
    'error("a" .. ("\\u{fc}"):rep(400))', 'error("a\\0b\\x1b[31m")',
  'return "\\xff"', 'return { ["\\xff"] = 1 }', 'return ("\\u{fc}"):rep(500000)',
    'return "a" .. ("\\u{fc}"):rep(100)', "return 0/0",
  'local t = {} t["\\xff"].x = 1', 'local t <const> = "\\xc3" .. nil',
}

local ANSWERED = { tool = {}, role = {}, policy = {
  'return { decision = "a" .. ("\\u{fc}"):rep(100) }',
  'return { decision = "deny", rule = "a" .. ("\\u{fc}"):rep(100), why = "x" }',
  'return { decision = "deny", why = "a" .. ("\\u{fc}"):rep(1000), fix = "a" .. ("\\u{fc}"):rep(1000) }',
}, route = {
  'return { status = "a" .. ("\\u{fc}"):rep(400) }',
    'return { status = "ready_for_testing", why = ("\\u{fc}"):rep(600000) }',
  'return { status = "ready_for_testing", note = ("\\u{fc}"):rep(600000) }',
  'return { status = "ready_for_testing", note = ("\\1"):rep(200000), why = ("\\1"):rep(200000) }',
  'return { status = "blocked", reason = "a" .. ("\\u{fc}"):rep(200) }',
} }

-- The journal is sound, says nothing of bugs, and the run derives again.
local function assert_recorded(dir, text, what)
  assert.falsy(text:find("ERR_BUG", 1, true), what .. ": " .. text:sub(-2000))
  assert.falsy(text:find("stack traceback", 1, true), what .. ": " .. text:sub(-2000))
  assert.truthy(hostile.ask(dir, "check"):find("sound", 1, true), what)
  local said, code = hostile.ask(dir, "replay", "--strict hello.1")
  assert.equal(0, code, what .. ": " .. said)
  for _, event in ipairs(hostile.events(dir, "turn.failed")) do
    assert.not_equal("ERR_BUG", event.body.code, what)
  end
end

local function call(name, arguments)
  local fields = {}
  for key, value in pairs(arguments) do
    fields[#fields + 1] = string.format("[%q] = %q", key, value)
  end
  return string.format("{ name = %q, arguments = { %s } }", name, table.concat(fields, ", "))
end

local WRITE = "return { { calls = { " .. call("write_file", { path = "a.txt", content = "x" }) .. " } } }"

describe("attack text", function()
  it("what a model says is answered, wherever its paths, names and arguments are cut", function()
    local calls = { call("write_file", { path = "here.txt", content = "x" }) }
    for _, text in ipairs(LONG) do
      for _, tool in ipairs({ "read_file", "list_directory" }) do
        calls[#calls + 1] = call(tool, { path = text })
      end
      calls[#calls + 1] = call("write_file", { path = text, content = text })
      calls[#calls + 1] = call("write_file", { path = "here.txt/" .. text, content = text })
      calls[#calls + 1] = call("edit_file", { path = text, old = text, new = "x" })
      calls[#calls + 1] = call("search_files", { path = text, text = text })
      calls[#calls + 1] = call(text:sub(1, 1000), {})
      calls[#calls + 1] = call("write_file", { path = "b", content = "c", [text] = "d" })
      calls[#calls + 1] = call("update_issue_status", { status = text })
      calls[#calls + 1] = string.format("{ name = 'write_file', arguments = %q }", '{"path":"' .. text)
    end
    local dir = hostile.project()
    local text, code = hostile.run(dir, "return { { calls = { " .. table.concat(calls, ", ") .. " } } }")
    assert.equal(0, code, text)
    assert.equal("done", hostile.statuses(dir)["H-1"])
    assert_recorded(dir, text, "model")
    hostile.remove(dir)
  end)
end)

-- The script with the statement at the beginning of its function.
local function spoilt(path, head, statement)
  local text, count = orket.read(path):gsub(head:gsub("%p", "%%%0"), function(found)
    return found .. " do " .. statement .. " end "
  end, 1)
  assert(count == 1, path)
  return text
end

local function routed(statement)
  return (orket.read("roles/coder.lua"):gsub("route = brief.hand_over", function()
    return "route = function(card, reply, effects) " .. statement .. " end"
  end))
end

-- A role that fails only for the card: its self-test shows another one.
local function prompted(statement)
  return spoilt("roles/coder.lua", "local function prompt(view)", "if view.card.id == 'H-1' then "
    .. statement .. " end")
end

describe("attack text", function()
  local doors = {
    policy = function(statement)
      return { ["nodes/policy.lua"] = "return { decide = function(call, view) do " .. statement
        .. " end end }" }
    end,
    tool = function(statement)
      return { ["tools/write_file.lua"] = spoilt("tools/write_file.lua", "local function run(args)",
        statement) }
    end,
    role = function(statement)
      return { ["roles/coder.lua"] = prompted(statement) }
    end,
    route = function(statement)
      return { ["roles/coder.lua"] = routed(statement) }
    end,
  }
  for door, files in pairs(doors) do
    it("what a script says fails as what it is: " .. door, function()
      for _, statement in ipairs(table.move(ANSWERED[door], 1, #ANSWERED[door], #RAISED + 1,
        { table.unpack(RAISED) })) do
        local dir = hostile.project(files(statement))
        local text, code = hostile.run(dir, WRITE)
        assert.truthy(code == 0 or code == 3, door .. " " .. statement .. " " .. code .. ": "
          .. text:sub(-1000))
        assert_recorded(dir, text, door .. ": " .. statement)
        hostile.remove(dir)
      end
    end)
  end

  -- Sources that are no text, or whose error quotes bytes that are none.
  local SOURCES = { "x = \255", "x = '\255", "x = \255\254\0\1", ("\255"):rep(3000),
    "x = \"" .. ("\xC3"):rep(500) .. "\nreturn", "x = [[" .. ("ü"):rep(300) .. "\255" }

  it("what a script says is refused with its line when it is no program", function()
    for _, path in ipairs({ "nodes/policy.lua", "roles/coder.lua", "tools/write_file.lua",
      "nodes/router.lua" }) do
      for i, source in ipairs(SOURCES) do
        local dir = hostile.project({ [path] = source })
        local text, code = hostile.run(dir, WRITE)
        assert.equal(1, code, path .. " " .. i)
        assert.truthy(text:find("ERR_SCRIPT", 1, true), text)
        assert.falsy(text:find("stack traceback", 1, true), text)
        local said, is = hostile.ask(dir, "validate", "--json")
        assert.equal(1, is, said)
        assert.falsy(said:find("stack traceback", 1, true), said)
        hostile.remove(dir)
      end
    end
  end)

  it("what a script says is refused while a run goes on, which the former one then judges", function()
    local dir = hostile.project({ ["nodes/policy.lua"] = "return { decide = function() end }" })
    local url = hostile.serve(dir,
      "return { { delay_ms = 3000, calls = { { name = 'write_file', arguments = { path = 'f', content = 'x' } } } } }", "")
    orket.shell(string.format("ORKET_MODEL_URL=%s timeout 60 %s run -C %s/p --plain hello > %s/said 2>&1 & echo", url, orket.binary, dir, dir))
    local function wait_for(text, count)
      orket.shell(string.format("for i in $(seq 200); do [ $(grep -c '%s' %s/said) -ge %d ] && break; sleep 0.02; done", text, dir, count))
    end
    wait_for("takes it", 1)
    for i, source in ipairs(SOURCES) do
      orket.write(dir .. "/p/nodes/policy.lua", source)
      wait_for("is refused, the previous one serves", i)
    end
    wait_for("^done: 1", 1)
    local text = orket.read(dir .. "/said")
    assert.equal("done", hostile.statuses(dir)["H-1"], text)
    assert_recorded(dir, text, "reload")
    local _, refused = text:gsub("is refused, the previous one serves: ERR_SCRIPT_SYNTAX", "")
    assert(refused >= #SOURCES, text) -- more when a file is looked at while it is written
    hostile.remove(dir)
  end)
end)

describe("attack text", function()
  it("what the world says is recorded as text: files whose names are none, configuration with raw bytes",
    function()
    for _, path in ipairs({ "config/organization.json", "config/epics/hello.json",
      "config/teams/standard.json" }) do
      for _, bytes in ipairs({ "\255", "{\"name\": \"\255\"}", "{\"" .. ("ü"):rep(150)
        .. "\": 1, \"\195\": 2}", "\0", "{\"" .. ("日"):rep(300) .. "\":" }) do
        local dir = hostile.project({ [path] = bytes })
        local text, code = hostile.run(dir, WRITE)
        assert.equal(1, code, path .. ": " .. text)
        assert.falsy(text:find("stack traceback", 1, true) or text:find("ERR_BUG", 1, true), text)
        hostile.remove(dir)
      end
    end
    local dir = hostile.project()
    for _, name in ipairs({ "\255", "a\195", "d/\254/f", ("\255"):rep(200), "a" .. ("ü"):rep(120) }) do
      orket.shell(string.format("mkdir -p \"$(dirname '%s/p/workspace/standard/%s')\"; printf x > '%s/p/workspace/standard/%s'", dir, name, dir, name))
    end
    local text, code = hostile.run(dir, "return { { calls = { " .. call("list_directory", { path = "." })
      .. " } } }")
    assert.equal(0, code, text)
    assert_recorded(dir, text, "files")
    hostile.remove(dir)
  end)

  it("what the world says is recorded as text: errors of model servers, cut anywhere", function()
    for _, message in ipairs(LONG) do
      local dir = hostile.project()
      local text, code = hostile.run(dir, string.format("return { { status = 400, error = %q } }", message))
      assert.truthy(code == 3 or code == 0, text)
      assert_recorded(dir, text, "http")
      hostile.remove(dir)
    end
  end)

  it("what the world says is a project's directory as well", function()
    local dir = hostile.project()
    local url = hostile.serve(dir, WRITE, "--fast")
    orket.shell(string.format("mv %s/p '%s/p\255'", dir, dir))
    local function ask(command, expected)
      local text, code = orket.shell(string.format("ORKET_MODEL_URL=%s timeout 60 %s %s -C '%s/p\255' 2>&1",
        url, orket.binary, command, dir))
      assert.equal(expected, code, command .. ": " .. text)
      assert.falsy(text:find("stack traceback", 1, true) or text:find("ERR_BUG", 1, true), command .. ": "
        .. text)
    end
    ask("validate --json", 0)
    ask("run --json hello", 0)
    ask("board --json", 0)
    ask("comment --json H-1 said", 0)
    ask("memory --json search said", 0)
    ask("check --json", 0)
    hostile.remove(dir)
  end)

  it("what the world says answers a command whose words are no text", function()
    local dir = hostile.project()
    for _, command in ipairs({ "show '\255'", "show --json '\255'", "move 'H-1' '\255'", "answer '\255' x",
      "answer H-1 '\255'", "run '\255'", "log --json '\255'",
      "comment H-1 '\255' --json", "replay '\255'", "history '\255'", "verify '\255'", "prompt '\255' --json",
        "cost '\255'", "why '\255'", "retry '\255' --json" }) do
      local text, code = hostile.ask(dir, command)
      assert.truthy(code ~= 0 and code < 4, command .. ": " .. code .. text)
      assert.falsy(text:find("stack traceback", 1, true) or text:find("ERR_BUG", 1, true), command .. ": "
        .. text)
    end
    hostile.remove(dir)
  end)
end)

describe("a character that a person does not see", function()
  it("a character that is not seen is refused in an example, taken out of a convention, and spelled out where a person judges", function()
    assert.equal("held\n", orket.probe([[
      local examples = require("orket.scripts.examples")
      local format, unseen = require("orket.view.format.text"), require("orket.util.unseen")
      for _, code in ipairs({ 0x1B, 0x9B, 0xAD, 0x34F, 0x115F, 0x180E, 0x200B, 0x200D, 0x202E, 0x2066, 0x3164, 0xFE01,
        0xFEFF, 0xFFF9, 0x13430, 0x1BCA0, 0x1D173, 0xE0041, 0xE0100, 0x10FFFD }) do
        local text = "a" .. utf8.char(code) .. "b"
        assert(examples.fault(text) == ("it has an invisible character, U+%04X"):format(code), code)
        assert(unseen.removed(text) == "ab", code)
        assert(not format.visible(text):find(utf8.char(code), 1, true), code)
      end
      for _, text in ipairs({ "grün", "日本", "a\tb\nc" }) do
        assert(not examples.fault(text) and unseen.removed(text) == text, text)
      end
      print("held")
    ]]))
  end)
end)
