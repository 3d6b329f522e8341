-- example_project_spec.lua: the example runs from ready to done, and fails when one of the things it rests on
-- is taken away.

local orket = dofile("tests/support/orket.lua")

local EXAMPLE = "examples/textkit"

-- The mock behind a change of the request or of the reply.
local function around(change)
  return "local play = (function()\n" .. orket.read(EXAMPLE .. "/mock.lua") .. "\nend)()\n" .. change
end

-- The program with the gate taken away; `make spec` builds it.
local UNGATED = os.getenv("UNGATED") or "build/gcc/tests/ungated"

local function demo(changes, binary)
  local dir = orket.directory()
  orket.shell("cp -R " .. EXAMPLE .. " " .. dir .. "/example")
  for path, text in pairs(changes or {}) do
    orket.write(dir .. "/example/" .. path, text)
  end
  local text, code = orket.shell(string.format(
    "env -u ORKET_MODEL_URL -u ORKET_MODEL ORKET=%s EXAMPLE=%s/example sh examples/demo.sh %s/project 2>&1",
      binary or orket.binary, dir, dir))
  local beside = orket.shell("ls " .. dir .. "/project/workspace")
  orket.remove(dir)
  return text, code, beside
end

describe("example project", function()
  it("the example ends with a program that works", function()
    local text, code = demo()
    assert.equal(0, code, text)
    assert.truthy(text:find("lines 4\nwords 23\nlongest 55", 1, true), text)
    assert.truthy(text:find("4 the\n2 a\n2 cat", 1, true), text)
    assert.truthy(text:find("- A walk\n  - Afterwards", 1, true), text)
  end)

  it("the example fails without tool results", function()
    local text, code = demo({ ["mock.lua"] = around([[
      return function(request)
        for _, message in ipairs(request.messages) do
          if message.role == "tool" then
            message.content = ""
          end
        end
        return play(request)
      end]]) })
    assert.are_not.equal(0, code, text)
  end)

  it("the example fails without the gate: nobody stops what the team does wrong", function()
    local text, code, beside = demo(nil, UNGATED)
    assert.are_not.equal(0, code, text)
    assert.truthy(text:find("nobody stopped me from leaving my directory", 1, true), text)
    assert.truthy(text:find("nobody stopped me from accepting my own work", 1, true), text)
    assert.falsy(text:find("refused: card.move", 1, true) or text:find("Rule: gate.path", 1, true), text)
    assert.equal("textkit\n", beside) -- the files' own wall stands behind the gate
  end)

  it("the example fails without the gate: a refusal that looks like a success", function()
    local text, code = demo({ ["mock.lua"] = around([[
      return function(request)
        for _, message in ipairs(request.messages) do
          if message.role == "tool" and message.content:find('"ok":false', 1, true) then
            message.content = '{"ok":true,"result":{}}'
          end
        end
        return play(request)
      end]]) })
    assert.are_not.equal(0, code, text)
  end)

  it("the example fails without the review: a guard who accepts everything", function()
    local text, code = demo({ ["mock.lua"] = around([[
      return function(request)
        if request.messages[1].content:find("integrity guard", 1, true) then
          return { calls = { { name = "update_issue_status", arguments = { status = "done", why = "fine" } } } }
        end
        return play(request)
      end]]) })
    assert.are_not.equal(0, code, text)
  end)

  for _, card in ipairs({ "TK-2", "TK-3", "TK-6" }) do
    it("the example fails when nothing waits for what " .. card .. " needs", function()
      local epic, count = orket.read(EXAMPLE .. "/config/epics/textkit.json"):gsub('("id": "'
        .. card:gsub("%-", "%%-") .. '".-)"depends_on": %b[]', '%1"depends_on": []', 1)
      assert.equal(1, count)
      local text, code = demo({ ["config/epics/textkit.json"] = epic })
      assert.are_not.equal(0, code, text)
    end)
  end
end)
