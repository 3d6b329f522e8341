-- retired_spec.lua: a key that had an effect in an older version is warned of and refuses nothing; what was
-- recorded with it replays. tests/journals/hedged.tar.gz: a project with `hedge`, in which both models of
-- each reply were asked.

local world = dofile("tests/support/world.lua")

local WARNED = "organization.json:%d+: [warning: ]*nothing acts on 'hedge' any more %(at /models/m/hedge%)"

describe("retired", function()
  for what, hedge in pairs({
    ["as it was written"] = { after_ms = 50, with = "m" }, ["of a wrong type"] = "soon",
    ["with a model that there is not"] = { after_ms = 50, with = "moon" },
  }) do
    it("a model's hedge, a key of older versions, is warned of by validate and run, and makes no second request: " .. what, function()
      local w <close> = world.new({ issues = { { id = "A" } }, model = { hedge = hedge }, mock = [[
        function work(talk)
          local answer = say(finish())
          answer.delay_ms = 300
          return answer
        end ]] })
      local text, code = w:orket("validate")
      assert.equal(0, code, text)
      assert(text:find(WARNED), text)
      text, code = w:run()
      assert.equal(0, code, text)
      assert(text:find(WARNED), text)
      assert.equal(#w:events("step.reply"), w:requests())
      w:derives()
    end)
  end

  it("a model's hedge, a key of older versions, leaves a journal with hedged requests sound and derivable",
    function()
    local dir = world.orket.directory()
    world.orket.shell("tar -C " .. dir .. " -xzf tests/journals/hedged.tar.gz")
    for _, command in ipairs({ "replay --strict -C " .. dir .. " ep.1", "check " .. dir }) do
      local text, code = world.orket.shell(world.binary .. " " .. command .. " 2>&1")
      assert.equal(0, code, text)
    end
    local log = world.orket.shell(world.binary .. " log -C " .. dir .. " 2>&1")
    assert(log:find("the model failed: s answered first", 1, true), log)
    world.orket.remove(dir)
  end)
end)
