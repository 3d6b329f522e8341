-- json_spec.lua: the codec through the binary: the module `cjson`, `try json`, and lua-cjson beside it.

local lua_cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function answer(text)
  return orket.try("json", { { text = text } })[1]
end

describe("json", function()
  local function probe(chunk)
    return orket.probe("local cjson, json = require('cjson'), require('orket.core.json')\n" .. chunk)
  end

  it("cjson keeps what lua-cjson loses", function()
    assert.equal('{"big":9007199254740993,"empty":[],"none":null,"one":1,"real":1.0}\n', probe([[
      local value = cjson.decode('{"one":1,"big":9007199254740993,"real":1.0,"empty":[],"none":null}')
      assert(math.type(value.one) == "integer" and value.none == cjson.null)
      print(cjson.encode(value))]]))
  end)

  it("marks empty arrays", function()
    assert.equal("[] [] {}\n", probe([[
      print(cjson.encode(cjson.empty_array) .. " " .. cjson.encode(setmetatable({}, cjson.empty_array_mt))
        .. " " .. cjson.encode({}))
      assert(cjson.array_mt == cjson.empty_array_mt and cjson == json)]]))
  end)

  it("cjson answers nil, message, code for bad text", function()
    assert.equal("nil\texpected a value but found ']' at line 1, column 4\tERR_JSON\n",
      probe([[print(cjson.decode("[1,]"))]]))
    assert.equal("nil\tnot valid UTF-8 at line 1, column 2\tERR_UTF8\n",
      probe([[print(cjson.decode('"\xff"'))]]))
    assert.equal("nil\tERR_LIMIT\n",
      probe([[local v, _, code = cjson.decode(("["):rep(100000)) print(v, code)]]))
  end)

  it("cjson raises for what is not data, or answers where asked to", function()
    assert.matches("cannot encode: a function is not plain data at %$%.f",
      probe([[print(pcall(cjson.encode, { f = print }))]]))
    assert.equal("nil\tan array with holes at $[2]\tERR_JSON\n",
      probe([[print(json.try_encode({ 1, { nil, 2 } }))]]))
  end)

  it("cjson takes docs as well", function()
    assert.equal('{"a":[1]}\n',
      probe([[print(cjson.encode(require("orket.core.doc").parse('{ "a": [1] }')))]]))
  end)

  it("cjson takes one value out of a doc by its pointer", function()
    assert.equal("1 true nil nil nil false\n", probe([[
      local d, found = require("orket.core.doc").parse('{"a":{"b~/":[1,{"c":null}]}}'), {}
      for i, p in ipairs({ "/a/b~0~1/0", "/a/b~0~1/1/c", "/a/b~0~1/2", "/x/y", "/a/b~0~1/x" }) do
        local value = d:value(p)
        found[i] = tostring(i == 2 and value == cjson.null or i ~= 2 and value or nil)
      end
      found[6] = tostring((pcall(d.value, d, "a")))
      print(table.concat(found, " "))]]))
  end)
end)

describe("json", function()
  it("base64 is strict both ways", function()
    assert.equal("ok\n", orket.probe(orket.chunk("json", "codes_base64")))
  end)
end)

describe("json", function()
  it("try json answers canonical text", function()
    assert.same({ ok = true, canonical = '{"a":[],"b":1.5}' }, answer('{"b":1.50,\n"a":[ ]}'))
  end)

  it("try json names the place of the fault", function()
    assert.same({ ok = false, error = "duplicate key", line = 2, column = 1 }, answer('{"a":1,\n"a":2}'))
    assert.same({ ok = false, error = "expected a value but the text ends", line = 1, column = 1 },
      answer(""))
  end)

  it("try json takes bytes, and refuses what is no base64", function()
    local answers = orket.try("json", { { text_b64 = "Iv8i" }, { text_b64 = "Iv8" },
      { text = "1", text_b64 = "MQ==" }, {} })
    assert.equal("not valid UTF-8", answers[1].error)
    assert.equal("not valid base64", answers[2].error)
    assert.matches("either text or text_b64", answers[3].error)
    assert.matches("either text or text_b64", answers[4].error)
  end)

  it("try json survives every row, in order, and echoes ids", function()
    local answers = orket.try("json", { { text = "1", id = 1 }, "{", "null", '"x"', '[{"text":1}]',
      { text = 7, id = "x" }, { text = "2", id = { 3 } } })
    assert.equal(7, #answers)
    assert.equal(1, answers[1].id)
    assert.equal("x", answers[6].id)
    assert.equal("2", answers[7].canonical)
    assert.same({ 3 }, answers[7].id)
  end)

  it("try json has the exit codes 0, 1, 2", function()
    local dir = orket.directory()
    orket.write(dir .. "/good", "[1]")
    orket.write(dir .. "/bad", "[1")
    local function code(arguments)
      local _, result = orket.run(arguments)
      return result
    end
    assert.equal(0, code("try json " .. dir .. "/good"))
    assert.equal(0, code("try json < " .. dir .. "/good"))
    assert.equal(1, code("try json " .. dir .. "/bad"))
    assert.equal(2, code("try json " .. dir .. "/missing"))
    orket.remove(dir)
  end)
end)

describe("json", function()
  -- Texts where both have the same idea of data: no big integers, no empty arrays, no nulls.
  local texts = {
    '{"a":1,"b":[1,2,{"c":"d"}],"e":{"f":true,"g":false}}',
    '["\\u00e9\\ud834\\udd1e\\n\\t\\"\\\\\\/","\195\169"]',
    '[0,-1,1.5,0.1,1e3,-2.5e-3,123456789]',
    '[[[[["deep"]]]]]',
    '{"":"","a b":{"c\\nd":[{"x":{"y":{"z":1}}}]}}',
  }

  it("lua-cjson reads our text as the same data", function()
    for _, text in ipairs(texts) do
      local ours = answer(text)
      assert.is_true(ours.ok)
      assert.same(lua_cjson.decode(text), lua_cjson.decode(ours.canonical))
    end
  end)

  it("lua-cjson writes text that we read", function()
    for _, text in ipairs(texts) do
      local theirs = lua_cjson.encode(lua_cjson.decode(text))
      assert.same(lua_cjson.decode(text), lua_cjson.decode(answer(theirs).canonical))
    end
  end)

  it("lua-cjson accepts what we refuse", function()
    for _, text in ipairs({ "[0x10]", "[nan]", "[01]", '["\\ud800"]' }) do
      assert.is_false(answer(text).ok)
    end
  end)
end)
