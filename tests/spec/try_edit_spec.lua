-- try_edit_spec.lua: POST /v1/why-not/{event}: what an edit would make of a refused call, and that nothing is
-- written.

local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[function work(talk) return steps(talk,
  function() return say(write("gen/a.c", "x")) end, function() return say(finish()) end) end]]
local GATE = { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "it is generated" } }

describe("an edit that is tried on a refused call", function()
  local w, s, event, text
  local ORGANIZATION = "config/organization.json"

  setup(function()
    w = world.new({ issues = { { id = "A" } }, mock = MOCK, gate = GATE })
    w:run()
    s = service.start(w)
    event = ("%d"):format(s:get("/v1/reports").body.items[1].event)
    text = s:get("/v1/system/read?path=" .. ORGANIZATION).body.content
  end)

  teardown(function()
    s:stop()
    w:close()
  end)

  local function try(path, edited, of)
    return s:post("/v1/why-not/" .. (of or event), { path = path, text = edited })
  end

  it("says what the setting as edited decides, beside what was", function()
    local reply = try(ORGANIZATION, (text:gsub("generated", "made"):gsub("gen\\?/", "made/")))
    assert.same({ 200, "deny", "house.generated", "allow" },
      { reply.status, reply.body.before.decision, reply.body.before.rule, reply.body.after.decision }, reply.text)
    reply = try(ORGANIZATION, (text:gsub('"deny"', '"ask"')))
    assert.equal("ask", reply.body.after.decision, reply.text)
    assert.equal("deny", try(ORGANIZATION, text).body.after.decision)
  end)

  it("says what a policy as edited decides", function()
    local reply = try("nodes/policy/more.lua",
      'return { decide = function() return { decision = "deny", rule = "more", why = "no" } end }')
    assert.same({ 200, "deny", "house.generated" },
      { reply.status, reply.body.after.decision, reply.body.after.rule }, reply.text)
    reply = try("nodes/policy/more.lua", 'return { deny = { { paths = { "gen/*" }, why = "no" } } }')
    assert.same({ 422, "ERR_SCRIPT_CONTRACT" }, { reply.status, reply.body.code }, reply.text)
  end)

  it("is refused when it is broken, or is no file that is judged", function()
    for _, case in ipairs({ { ORGANIZATION, "{", "ERR_CONFIG" }, { "roles/coder.lua", "return {", "ERR_SCRIPT_SYNTAX" },
      { "roles/../../x.lua", "", "ERR_SCHEMA" }, { "/etc/x.lua", "", "ERR_SCHEMA" },
      { "config/teams/t.json", "{}", "ERR_SCHEMA" }, { "roles/.hidden.lua", "", "ERR_SCHEMA" },
      { "roles/coder.lua", "return {}", "ERR_USAGE", "1" }, { "roles/coder.lua", "", "ERR_NOT_FOUND", "999999" } }) do
      local reply = try(case[1], case[2], case[4])
      assert.equal(case[3], reply.body.code, case[1] .. " " .. reply.text)
    end
  end)

  it("writes nothing", function()
    assert.equal(text, w:read(ORGANIZATION))
    assert.is_false(w:exists("nodes/policy/more.lua"))
    assert.equal(0, #w:events("project.saved"))
  end)
end)
