-- structured_spec.lua: replies that are JSON of a schema: asked for as each API has it, held against it on
-- arrival, put right by the model; and a role that answers with data.

local cjson = require("cjson")
local mock = dofile("tests/support/mock.lua")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local WORD = '{"type":"object","properties":{"word":{"type":"string"}},"required":["word"],"additionalProperties":false}'

local SAYS = orket.read("tests/support/teams/structured.lua")

describe("structured", function()
  local dir, url, stop

  setup(function()
    dir = orket.directory()
    orket.write(dir .. "/says.lua", SAYS)
    orket.write(dir .. "/word.json", WORD)
    url, stop = mock.start(dir .. "/says.lua", "--fast")
  end)
  teardown(function()
    assert.equal(0, stop())
    orket.remove(dir)
  end)

  local function try(shape, prompt)
    local text, code = orket.run(("try llm --base-url %s --shape %s --prompt %s --schema %s/word.json"):format(url, shape, prompt, dir))
    return cjson.decode(text) or text, code
  end

  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("orket try llm --schema holds a reply against it: " .. shape, function()
      for _, prompt in ipairs({ "good", "fenced" }) do
        local got, code = try(shape, prompt)
        assert.equal(0, code)
        assert.same({ "ok", { word = "x" } }, { got.outcome, got.json })
      end
      for prompt, why in pairs({ mistaken = "/word", more = "n", text = "no JSON", half = "no JSON" }) do
        local got, code = try(shape, prompt)
        assert.equal(1, code)
        assert.same({ "error", "ERR_SCHEMA" }, { got.outcome, got.code }, prompt)
        assert.truthy(got.message:find(why, 1, true), got.message)
        assert.is_nil(got.json)
      end
    end)

    it("orket try llm --schema asks for it in words, and as the API has it: " .. shape, function()
      assert.same({ word = "true word" }, try(shape, "asked").json)
    end)

    it("orket try llm --schema lets a call be a call: " .. shape, function()
      local got, code = try(shape, "call")
      assert.equal(0, code)
      assert.same({ "ok", "f", nil }, { got.outcome, got.calls[1].name, got.json })
    end)
  end

  it("orket try llm --schema is held up by no reply, whatever it is made of", function()
    for prompt, outcome in pairs({ wide = "ok", thought = "ok", endless = "error" }) do
      local text = orket.shell(("timeout -k 1 20 %s try llm --base-url %s --prompt %s --schema %s/word.json"):format(orket.binary, url, prompt, dir))
      assert.truthy(text:find('"outcome":"' .. outcome .. '"', 1, true), prompt)
    end
  end)

  it("orket try llm --schema refuses what is no schema", function()
    orket.write(dir .. "/odd.json", '{"type":"nothing"}')
    for _, file in ipairs({ dir .. "/odd.json", dir .. "/says.lua", dir .. "/none.json" }) do
      local text, code = orket.run(("try llm --base-url %s --schema %s"):format(url, file))
      assert.equal(2, code, text)
      assert.truthy(text:find("--schema", 1, true), text)
    end
    local answers = orket.try("llm", { { base_url = url, prompt = "good", schema = cjson.decode(WORD) },
      { base_url = url, schema = { type = "nothing" } }, { base_url = url, schema = 7 } })
    assert.same({ word = "x" }, answers[1].json)
    assert.truthy(answers[2].error and answers[3].error)
  end)
end)

-- What stands in the body that a provider would send.
local BODIES = orket.read("tests/support/probes/structured_bodies.lua")

describe("structured", function()
  it("a schema goes where an endpoint can hold its model to it, and into words everywhere", function()
    local text = orket.probe(BODIES)
    local got = cjson.decode(text:match("[^\n]*")) or error(text)
    for name, one in pairs(got) do
      assert.truthy(one.text:find("nothing else", 1, true), name)
    end
    assert.same({ true, false, false }, { got.closed.format.json_schema.strict,
      got.some.format.json_schema.strict, got.open.format.json_schema.strict })
    for _, name in ipairs({ "beside", "never", "written", "claude_open", "claude_alone", "gemini_beside" }) do
      assert.is_false(got[name].format, name)
    end
    for _, name in ipairs({ "none", "theirs", "always", "claude", "gemini", "gemini_3" }) do
      assert.truthy(got[name].format, name)
    end
  end)
end)

-- ---- a role that answers with data ----

local ROLE = orket.read("tests/support/scripts/data_role.lua")

local function estimators(work, more)
  return world.new(world.merged({ issues = { { id = "A" } }, mock = work,
    files = { ["roles/coder.lua"] = ROLE } }, more))
end

describe("structured", function()
  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("a role with an output ends its turn with data, which its route reads: " .. shape, function()
      local w <close> = estimators([[
        function work(talk)
          local how = talk.request.messages[1].content
          assert(how:find("You are the estimator", 1, true) and how:find('"hours"', 1, true), how)
          return steps(talk, function() return say(write("a.txt", "x")) end,
            function() return { content = "About three hours." } end,
            function(t)
              assert(t.request.messages[#t.request.messages].content:find("no JSON", 1, true))
              return { content = '{"hours": 3}' }
            end)
        end]], { model = { shape = shape } })
      local text, code = w:run()
      assert.equal(0, code, text)
      local outputs = {}
      for _, event in ipairs(w:events("step.reply")) do
        outputs[#outputs + 1] = event.body.output
      end
      assert.same({ '{"hours":3}' }, outputs)
      assert.equal(1, #w:events("turn.nudged"))
      assert.truthy(cjson.encode(w:events("card.moved")):find("it takes 3 hours", 1, true))
      assert.equal(0, (select(2, w:check())))
      text, code = w:orket("replay ep.1")
      assert.equal(0, code, text)
      w:write("same/roles/coder.lua", ROLE .. "-- the same\n")
      w:write("other/roles/coder.lua", (ROLE:gsub('"ready_for_testing"', '"blocked", reason = "input"')))
      text, code = w:orket("sim --with " .. w.dir .. "/same")
      assert.equal(0, code, text)
      text, code = w:orket("sim --with " .. w.dir .. "/other") -- it reads the same data
      assert.equal(1, code, text)
      assert.truthy(text:find("blocked", 1, true), text)
    end)
  end

  it("a role with an output is told what does not fit, and waits for a person in the end", function()
    local w <close> = estimators([[
      function work(talk)
        assert(talk.nudges == 0 or talk.request.messages[#talk.request.messages].content:find("/hours", 1, true))
        return { content = '{"hours": 0}' }
      end]])
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.truthy(text:find("waiting_for_developer", 1, true), text)
    assert.equal(4, #w:events("step.reply"))
    assert.equal(3, #w:events("turn.nudged"))
  end)

  it("a role with an output answers so too where calls are text", function()
    local w <close> = estimators([[
      function work(talk)
        local how = talk.request.messages[1].content
        assert(how:find("<tool_call>", 1, true) and how:find('"hours"', 1, true) and not talk.request.response_format, how)
        return { content = "<think>Is it two?</think>\n" .. '{"hours": 3}' }
      end
      function review()
        return { content = '<tool_call>\n{"name":"update_issue_status","arguments":{"status":"done","why":"fine"}}\n</tool_call>' }
      end]], { model = { calls = "text" } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal('{"hours":3}', w:events("step.reply")[1].body.output)
    text, code = w:orket("replay ep.1")
    assert.equal(0, code, text)
  end)

  it("a role with an output goes on after a kill with what was said", function()
    local w <close> = estimators([[
      function work(talk)
        return steps(talk, function() return say(write("a.txt", "x")) end, function() return { content = "About three hours." } end,
          function() return { content = '{"hours": 3}' } end)
      end]])
    w:killed("reply_before:3")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("turn.nudged"))
    assert.equal(w:request(3), w:request(4)) -- the same bytes again
    assert.equal(0, (select(2, w:check())))
  end)

  it("a role with an output may end it with a call as any", function()
    local w <close> = estimators([[function work() return say(finish("by hand")) end]])
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(cjson.encode(w:events("card.moved")):find("by hand", 1, true))
  end)

  for name, change in pairs({
    ["without a route"] = { "route = route,", "" },
    ["whose schema is none"] = { 'type = "object"', 'type = "nothing"' },
  }) do
    it(name .. " does not serve", function()
      local w <close> = estimators("function work() return say(finish()) end",
        { files = { ["roles/coder.lua"] = (ROLE:gsub(change[1], change[2])) } })
      local text, code = w:run()
      assert.not_equal(0, code)
      assert.truthy(text:find("roles/coder.lua", 1, true), text)
    end)
  end
end)
