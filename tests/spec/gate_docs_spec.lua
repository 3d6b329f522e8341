-- gate_docs_spec.lua: docs/gate.md says what is: its table of rules, its example rules and their answers.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local page = orket.read("docs/gate.md")

describe("gate docs", function()
  it("docs/gate.md lists the rules of the binary, in their order", function()
    local printed = orket.probe([[
      for _, rule in ipairs(require("orket.core.gate").rules()) do
        print("| `" .. rule.id .. "` | " .. rule.refuses .. " |")
      end]])
    assert.truthy(page:find("| --- | --- |\n" .. printed .. "\n", 1, true), "should hold:\n" .. printed)
  end)

  it("docs/gate.md shows rules that answer as it says", function()
    local dir = orket.directory()
    orket.run("init " .. dir .. "/p")
    local file = dir .. "/p/config/organization.json"
    local organization = cjson.decode(orket.read(file))
    organization.process_rules.gate = cjson.decode(page:match("```json\n(.-)```"))
    orket.write(file, cjson.encode(organization))
    local requests, expected = {}, {}
    for role, tool, path, decision, rule in page:gmatch("| `(%S+)` `(%S+)` `(%S+)` | (%l+) `(%S+)` |") do
      requests[#requests + 1] = { project = dir .. "/p", call = {
        role = role, tool = tool, card = { id = "I-1", type = "issue", status = "in_progress" },
        arguments = { path = path, content = tool == "write_file" and "x" or nil },
      } }
      expected[#expected + 1] = decision .. " " .. rule
    end
    assert.equal(8, #expected)
    for i, answer in ipairs(orket.try("gate", requests)) do
      assert.equal(expected[i], answer.decision .. " " .. answer.rule, requests[i].call.arguments.path)
    end
    orket.remove(dir)
  end)
end)
