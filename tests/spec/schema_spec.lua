-- schema_spec.lua: `orket try schema` as the outside sees it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function try(requests)
  return orket.try("schema", requests)
end

describe("schema", function()
  it("try schema answers line by line, in order, and never dies on a row", function()
    local answers = try({
      { id = 1, schema = { type = "integer" }, value = 1 },
      "nonsense",
      { id = 2, schema = { type = "integer" }, value = "1" },
      { id = 3, schema = { ["x-note"] = 1, odd = 1 }, value = 1 },
      { id = 4, schema = true },
      '{"id":5,"schema":{"type":"array"},"value":[]}',
      '{"id":6,"schema":{"type":"object"},"value":[]}',
      '{"id":7,"schema":{"enum":[null]},"value":null}',
      '{"id":8,"schema":{"const":9007199254740993},"value":9007199254740992}',
      '{"id":9,"schema":false,"value":0}',
    })
    assert.is_true(answers[1].valid)
    assert.is_string(answers[2].error)
    assert.is_false(answers[3].valid)
    assert.equal("type", answers[3].errors[1].keyword)
    assert.truthy(answers[4].refused:find('keyword "odd"', 1, true))
    assert.is_string(answers[5].error)
    assert.is_true(answers[6].valid)
    assert.is_false(answers[7].valid)
    assert.is_true(answers[8].valid)
    assert.is_false(answers[9].valid)
    assert.is_false(answers[10].valid)
    assert.equal(9, answers[10].id)
  end)

  it("try schema reads files, and says where in the text a fault is", function()
    local dir = orket.directory()
    orket.write(dir .. "/schema.json", '{"properties":{"a":{"type":"string"}},"additionalProperties":false}')
    orket.write(dir .. "/good.json", '{"a":"x"}')
    orket.write(dir .. "/bad.json", '{"a":7,"bb":1}')
    local text, code = orket.run("try schema " .. dir .. "/schema.json " .. dir .. "/good.json")
    assert.equal(0, code)
    assert.is_true(cjson.decode(text).valid)
    text, code = orket.run("try schema " .. dir .. "/schema.json < " .. dir .. "/bad.json")
    assert.equal(1, code)
    local errors = cjson.decode(text).errors
    assert.same({ "/a", "type", 5 }, { errors[1].path, errors[1].keyword, errors[1].at })
    assert.same({ "/bb", "additionalProperties", 7 }, { errors[2].path, errors[2].keyword, errors[2].at })
    local _, usage = orket.run("try schema")
    assert.equal(2, usage)
    orket.remove(dir)
  end)

  it("try schema stops an exponential schema", function()
    local defs = {}
    for i = 0, 40 do
      local ref = { ["$ref"] = "#/$defs/d" .. i + 1 }
      defs["d" .. i] = { allOf = { ref, ref } }
    end
    defs.d41 = true
    local answers = try({ { schema = { ["$ref"] = "#/$defs/d0", ["$defs"] = defs }, value = 1 } })
    assert.equal("ERR_LIMIT", answers[1].code)
  end)
end)
