-- validate_scripts_spec.lua: `orket validate` calls the functions of a project's own roles on sample cards,
-- and knows the names that a script's box has.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function role(prompt, more)
  return ('return { name = "coder", description = "d", tools = { "read_file" }, prompt = function(view)\n%s\nend%s }'):format(prompt, more or "")
end

local function route(body)
  return role("return view.card.id", ", route = function(card, reply, effects) " .. body .. " end")
end

-- file, its text, then what is said of it: {is a warning, line, a part of the message, a part of the fix}
local CASES = {
  { "roles/coder.lua", role("return 'Card ' .. view.card.id") },
  { "roles/coder.lua", role("return { system = 's', user = view.card.id }", ", route = brief.hand_over") },
  { "roles/coder.lua", role("return nil"),
    { false, 1, "prompt of the role coder returned no texts (for a sample card)", "the user message" } },
  { "roles/coder.lua", role("return { system = 3 }"), { false, 1, "returned no texts", "{system = text" } },
  { "roles/coder.lua", role("\nerror('no')"), { false, 3, "no (for a sample card)" } },
  { "roles/coder.lua", role("return view.card.status == 'code_review' and {} or 'x'"),
    { false, 1, "for a sample card under review" } },
  { "roles/coder.lua", role("return view.card.description:upper()"),
    { true, 2, "for a card without description" } },
  { "roles/coder.lua", route("return { status = 'finished' }"),
    { false, 1, "proposes the status 'finished'", "state-machine" } },
  { "roles/coder.lua", route("return 7"), { false, 1, "gave no proposal", "return nil" } },
  { "roles/coder.lua", route("return { status = reply.proposal.status }"), { false, 3, "nil value" } },
  { "roles/coder.lua", route("if reply.proposal then return reply.proposal end") },
  { "roles/coder.lua", role("return strng.upper(view.card.id)"), { false, 2, "nil value" },
    { true, 2, "unknown global 'strng'", "string" } },
  { "roles/coder.lua", role("return view.no and string.uper('x') or 'x'"),
    { true, 2, "string has no field 'uper'", "string.upper" } },
  { "roles/coder.lua", role("local string = { uper = 1 }\nreturn string.uper and 'x'") },
  { "roles/coder.lua", role("if view.no then fs.read('a') end\nreturn 'x'"),
    { true, 2, "unknown global 'fs'" } },
  { "roles/coder.lua", role("count = 1\nreturn 'x' .. count"),
    { true, 2, "sets the global 'count'", "local count" } },
  { "tools/peek.lua", "return { description = 'd', schema = { type = 'object' }, operations = { 'fs.read' }, run = function()\n\n  return fs.reed('a')\nend }",
    { true, 3, "fs has no field 'reed'", "fs.read" } },
}

describe("orket validate", function()
  for i, case in ipairs(CASES) do
    it("orket validate reports what is wrong with a script, case " .. i .. ": " .. case[2]:gsub("%s+", " "):sub(80, 160),
      function()
      local dir = orket.directory()
      assert.equal(0, select(2, orket.run("init " .. dir .. "/p")))
      orket.write(dir .. "/p/" .. case[1], case[2])
      local answer = assert(cjson.decode((orket.run("validate --json " .. dir .. "/p"))))
      orket.remove(dir)
      local found = {}
      for _, kind in ipairs({ "errors", "warnings" }) do
        for _, one in ipairs(answer[kind]) do
          if one.file == case[1] then
            found[#found + 1] = { kind == "warnings", one.line, one.message, one.fix or "" }
          end
        end
      end
      assert.equal(#case - 2, #found, cjson.encode(found))
      for at, expected in ipairs({ table.unpack(case, 3) }) do
        assert.same({ expected[1], expected[2] }, { found[at][1], found[at][2] }, cjson.encode(found))
        assert(found[at][3]:find(expected[3], 1, true), found[at][3])
        assert(found[at][4]:find(expected[4] or "", 1, true), found[at][4])
      end
    end)
  end
end)

describe("validate scripts", function()
  it("a prompt that is one text is the user message, and the run is replayed", function()
    local w <close> = world.new({
      issues = { { id = "A" } }, mock = "function work() return say(finish()) end",
      files = { ["roles/coder.lua"] = 'return { name = "coder", description = "d", tools = { "update_issue_status" }, '
        .. 'prompt = function(view) return "Work on " .. view.card.id end }' },
    })
    local text, code = w:run()
    assert.equal(0, code, text)
    local prompt = cjson.decode((w:orket("prompt A --json")))
    assert.same({ { role = "user", content = "Work on A" } }, prompt.messages)
    text, code = w:orket("replay --strict ep.1")
    assert.equal(0, code, text)
  end)
end)
