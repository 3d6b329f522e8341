-- dialect_spec.lua: what model/dialect.h promises, for every family: tests/dialects/vectors.lua.

local orket = dofile("tests/support/orket.lua")
local vectors = dofile("tests/dialects/vectors.lua")

local cases = dofile("tests/dialects/cases.lua")
local TOOLS, row, with, nested, expected = cases.TOOLS, cases.row, cases.with, cases.nested, cases.expected

-- Puts a row for each vector and asks for each answer.
local function for_each(request, check)
  local rows = {}
  for i, vector in ipairs(vectors) do
    rows[i] = request(vector)
  end
  for i, answer in ipairs(orket.try("calls", rows)) do
    check(vectors[i], answer, vectors[i].family .. ": " .. vectors[i].from .. "\n"
      .. (rows[i].text or table.concat(rows[i].chunks)))
  end
end

describe("dialect", function()
  for _, case in ipairs(cases.STRINGS) do
    it("calls in a model's text are found in every family: " .. case[1], function()
      for_each(function(vector)
        return row(vector, with(vector, case[2](vector)))
      end, function(vector, answer, what)
        assert.same(expected(case[2](vector)), answer.calls, what)
        assert.equal(vector.family == "mimo" and "qwen3-coder" or vector.family, answer.dialect, what)
      end)
    end)
  end

  -- ---- properties ----

  it("calls in a model's text do not depend on the pieces that a text comes in", function()
    local seed = 7
    local function random_pieces(text)
      local chunks, at = {}, 1
      while at <= #text do
        seed = (seed * 1103515245 + 12345) % 2147483648
        local size = 1 + seed // 65536 % 9
        local to = math.min(utf8.offset(text, size + 1, at) or #text + 1, #text + 1) - 1
        chunks[#chunks + 1], at = text:sub(at, to), to + 1
      end
      return chunks
    end
    local ways = {
      function(vector) return row(vector, with(vector, nested(vector)), { chunk = 1 }) end,
      function(vector) return row(vector, nil, { chunks = random_pieces(with(vector, nested(vector))) }) end,
      function(vector) return row(vector, nil, { chunks = random_pieces(with(vector, nested(vector))) }) end,
    }
    local whole = {}
    for_each(function(vector) return row(vector, with(vector, nested(vector))) end, function(vector, answer)
      whole[vector] = answer
    end)
    for _, way in ipairs(ways) do
      for_each(way, function(vector, answer, what)
        assert.same(whole[vector], answer, what)
      end)
    end
  end)

  it("calls in a model's text do not depend on the pieces that a byte order mark comes in", function()
    local text = "<|python_tag|>\u{FEFF}[/THINK] and so on"
    local answers = orket.try("calls", { { text = text }, { text = text, chunk = 1 } })
    assert.same(answers[1], answers[2])
  end)

  it("calls in a model's text stay what they are once they are complete, and what was cut off never is",
    function()
    local rows, of = {}, {}
    for _, vector in ipairs(vectors) do
      for _, cut in ipairs(cases.cuts(vector)) do
        rows[#rows + 1] = row(vector, cut.text)
        of[#rows] = { vector = vector, calls = expected(nested(vector)), complete = cut.whole,
          text = cut.text, inside = cut.inside }
      end
    end
    local seen = { partial = 0, complete = 0 }
    for i, answer in ipairs(orket.try("calls", rows)) do
      local about, complete = of[i], 0
      for j, call in ipairs(answer.calls) do
        local what = about.vector.family .. ": " .. about.text
        assert.truthy(about.calls[j], what)
        if call.state == "complete" then
          assert.same(about.calls[j], call, what)
          complete = complete + 1
        else
          seen[call.state] = (seen[call.state] or 0) + 1
        end
        assert.truthy(call.state == "partial" or j < 2 or not about.inside,
          what .. "\nis made from a part of its string")
      end
      assert.truthy(complete <= about.complete, about.vector.family .. ": " .. about.text)
      seen.complete = seen.complete + complete
    end
    assert.truthy(seen.partial > 5000 and seen.complete > 5000, "the table has lost its meaning")
  end)

  -- One mark or character of a text with four calls is deleted, misspelled or doubled: no call takes in
  -- another's marks or name, none is made with another's arguments, and those that stand in the text's other
  -- half are made all the same.
  describe("dialect", function()
    local mutations = dofile("tests/dialects/mutations.lua")
    local marks = mutations.marks()
    local seen = { rows = 0, whole = 0 }

    local function is_right(call)
      local given = call.arguments
      if call.name == "search" then
        return given.q and given.q:find(mutations.VALUE, 1, true) and not given.city
      end
      return given.city and tostring(given.city):find("Paris", 1, true) and given.q == nil
    end

    local function check(own, change, answer, piecewise)
      local what = ("%s\n%s\n%s"):format(change.what, change.text, require("cjson").encode(answer.calls))
      assert.same(answer.calls, piecewise.calls, what)
      assert.equal(answer.broken, piecewise.broken, what)
      for _, call in ipairs(answer.calls) do
        local whole = call.state ~= "partial"
        assert.is_nil(whole and mutations.holds(call.arguments, own) or nil, what)
        assert.truthy(not whole or not change.mark or call.name ~= "search" and call.name ~= "get_weather"
          or is_right(call), what)
        seen.whole = seen.whole + (whole and 1 or 0)
      end
    end

    for i, vector in ipairs(vectors) do
      it(("%s, text %d"):format(vector.family, i), function()
        local own = marks[vector.family] or marks["qwen3-coder"]
        local changes, rows = mutations.of(vector, own), {}
        for _, change in ipairs(changes) do
          rows[#rows + 1] = row(vector, change.text)
          rows[#rows + 1] = row(vector, change.text, { chunk = change.mark and 1 or nil })
        end
        local answers = orket.try("calls", rows)
        for j, change in ipairs(changes) do
          check(own, change, answers[2 * j - 1], answers[2 * j])
        end
        seen.rows = seen.rows + #rows
      end)
    end

    it("calls in a model's text are tried in all their marks", function()
      assert.truthy(seen.rows > 20000 and seen.whole > 30000, seen.rows .. " " .. seen.whole)
    end)
  end)

  for _, quoted in ipairs(cases.QUOTED) do
    local where, quote = table.unpack(quoted)
    it("calls in a model's text are none " .. where, function()
      for_each(function(vector)
        return row(vector, (quote(vector.text)))
      end, function(_, answer, what)
        assert.same({}, answer.calls, what)
      end)
    end)
  end

  it("calls in a model's text are none in a thought whose beginning the prompt has written", function()
    local function call(city)
      return '<tool_call>{"name": "get_weather", "arguments": {"city": "' .. city .. '"}}</tool_call>'
    end
    local real, thought = call("real"), "Or so? " .. call("thought")
    local raw = "<tool_call>\n<function=search>\n<parameter=q>\na\n</think>\n" .. call("quoted")
      .. "\n</parameter>\n</function>\n</tool_call>"
    local function texts(mark, open)
      return {
        { thought .. mark .. real, { "real" } }, { thought .. mark .. "\n\n" .. real, { "real" } },
        { thought .. "\n" .. mark .. "\nDone.", {} },
        { thought .. mark, {} }, { thought .. thought .. mark .. real .. mark .. real, { "real", "real" } },
        { open .. "hm" .. mark .. real .. mark, { "real" } },
        { open .. "hm " .. thought .. mark .. real, { "real" } },
        { "Like ```\n" .. thought .. "\n" .. mark .. "\n" .. real, { "real" } },
        { "Its `x " .. thought .. "\n" .. mark .. "\n" .. real, { "real" } },
        { "```\n" .. mark .. "\n" .. call("shown") .. "\n```\n" .. real, { "real" } },
      }
    end
    for mark, open in pairs({ ["</think>"] = "<think>", ["</thinking>"] = "<thinking>",
      ["[/THINK]"] = "[THINK]", ["<|END_THINKING|>"] = "<|START_THINKING|>",
      ["</mm:think>"] = "<mm:think>", ["</seed:think>"] = "<seed:think>" }) do
      local rows, wanted = {}, texts(mark, open)
      for i, each in ipairs(wanted) do
        rows[2 * i - 1], rows[2 * i] = { text = each[1], tools = TOOLS },
          { text = each[1], tools = TOOLS, chunk = 1 }
      end
      for i, answer in ipairs(orket.try("calls", rows)) do
        local cities = {}
        for j, made in ipairs(answer.calls) do
          cities[j] = made.arguments.city
        end
        assert.same(wanted[(i + 1) // 2][2], cities, rows[i].text)
      end
    end
    local answer = orket.try("calls", { { text = raw, tools = TOOLS } })[1]
    assert.truthy(#answer.calls < 2 and (not answer.calls[1] or answer.calls[1].name == "search"),
      require("cjson").encode(answer))
  end)

  it("calls in a model's text are reported where they were meant and cannot be read", function()
    local call = '<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call>'
    local texts = { -- {text, how many are reported, how many are made}
      { '<tool_call>{"name": "search", "arguments": {"q": "x", "q": "y"}}</tool_call>', 1, 0 },
      { '<tool_call>{"name": "search", "arguments": {"n": 99999999999999999999}}</tool_call>', 1, 0 },
      { call .. '\n<tool_call>{"name": "search", "arguments": {"q": y}}</tool_call>\n' .. call, 1, 2 },
      { '<tool_call>{"name": "search", "arguments": {"q": y}}\n{"name": "search", "arguments": {"q": "x"}}\n{"name": 1}</tool_call>', 2, 1 },
      { '{"tool": "search", "args": {"q": "x", "q": "y"}}', 1, 0 },
      { '[{"tool": "search", "args": {"n": 99999999999999999999}}]', 1, 0 },
      { 'Action: search\nAction Input: {"q": "x", "q": "y"}', 1, 0 }, { "[search(q='x', q='y')]", 1, 0 },
      { "[search(q='x'), search(q='x', q='y')]", 1, 1 },
      { "<function=search>\n<parametr=q>\nx\n</parameter>\n</function>", 1, 0 },
      { '<minimax:tool_call><invoke name="search"><parameter name="q">x<parameter name="n">1</parameter></invoke></minimax:tool_call>', 1, 0 },
      -- nothing was meant
      { "The function is in functools, and it goes to=functions.", 0, 0 },
      { "A function call.\n" .. call, 0, 1 },
      { '{"tool": "other", "args": {"q": "x", "q": "y"}}', 0, 0 },
      { '{"name": "search", "description": "it looks"}', 0, 0 }, { "[search, other]", 0, 0 },
      { 'For example: {"tool": "search", "args": {"q": }}', 0, 0 },
      { '```lua\nlocal x = {"tool": "search", "args": ?}\n```', 0, 0 }, { call .. call, 0, 2 },
      { "<tool_call>\n" .. call, 1, 1 },
    }
    local rows = {}
    for i, each in ipairs(texts) do
      rows[i] = { text = each[1], tools = TOOLS }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local made = 0
      for _, each in ipairs(answer.calls) do
        made = made + (each.state ~= "partial" and 1 or 0)
      end
      assert.same({ texts[i][2], texts[i][3] }, { answer.broken or 0, made }, texts[i][1])
    end
  end)

  -- ---- repairs ----

  local function declared(names, properties)
    local list = {}
    for i, name in ipairs(names) do
      list[i] = { name = name, parameters = { type = "object", properties = properties } }
    end
    return list
  end

  it("calls in a model's text are not whole before a mark that has to close them", function()
    local list = '<|tool_call|>[{"name": "w", "arguments": {"a": 1}}'
    local rows = { { text = list .. ', {"name": "x"', dialect = "phi4" },
      { text = list .. "]<|/tool_call|>", dialect = "phi4" } }
    local cut, whole = table.unpack(orket.try("calls", rows))
    assert.equal("partial", cut.calls[1].state)
    assert.equal("complete", whole.calls[1].state)
  end)

  it("calls in a model's text are the same where a piece ends in what closes them", function()
    local text, rows = '<tool_call>{"name":"f","arguments":{"a":"b","c"//d "}]\n</tool_call>', {}
    for at = 0, #text do
      rows[#rows + 1] = { chunks = { text:sub(1, at), text:sub(at + 1) } }
    end
    local answers = orket.try("calls", rows)
    for i, answer in ipairs(answers) do
      assert.same(answers[1], answer, i - 1)
    end
  end)

  it("calls in a model's text are none behind what may still become a comment", function()
    local rows = {}
    for _, object in ipairs({ '{""//":', '{"a":"x"//"}', '{"a":"x", foo //"}', '{"a":"x", "foo" //"}',
      '{"a":"x" /*"}' }) do
      rows[#rows + 1] = { text = object .. "<function_calls>g()" }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      -- a line or a bracket more, and the object goes on behind it
      assert.same({}, answer.calls, rows[i].text)
    end
  end)

  it("calls in a model's text are mended where there is one way to read them, and only there", function()
    local repairs, rows = dofile("tests/dialects/repairs.lua"), {}
    local text = { type = "string" }
    local tools = declared({ "w", "x" }, { a = { type = "integer" }, b = text, content = text, path = text })
    for i, case in ipairs(repairs) do
      rows[i] = { text = case[2], tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local what, _, state, arguments = table.unpack(repairs[i], 1, 4)
      local expect = state and { { name = "w", arguments = arguments, state = state } } or {}
      assert.same(expect[1], answer.calls[1], what)
      local more = {}
      for j = 2, #answer.calls do
        more[j - 1] = answer.calls[j].name
      end
      assert.same(repairs[i].more or {}, more, what)
    end
  end)

  it("calls in a model's text have values of the types that their tools declare", function()
    local types, rows = dofile("tests/dialects/types.lua"), {}
    for i, case in ipairs(types) do
      rows[i] = { text = "<function=w>\n<parameter=p>\n" .. case[2] .. "\n</parameter>\n</function>",
        tools = { { name = "w", parameters = { type = "object", properties = { p = case[1] },
          ["$defs"] = case[4] } } } }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local call = answer.calls[1] or {}
      assert.equal("complete", call.state, types[i][2])
      assert.same({ p = types[i][3] }, call.arguments, require("cjson").encode(types[i][1]) .. ": "
        .. types[i][2])
    end
  end)

  it("calls in a model's text have values of the types that any part of their tool's schema declares",
    function()
    local function typed(key)
      return { properties = { [key] = { type = "integer" } } }
    end
    local schemas = {
      { type = "object", properties = { q = {} }, allOf = { typed("q"), typed("p") } },
      { anyOf = { typed("q"), typed("p") } },
      { oneOf = { { type = "object" }, { additionalProperties = { type = "integer" } } } },
    }
    for _, schema in ipairs(schemas) do
      local text = "<function=w>\n<parameter=p>\n7\n</parameter>\n</function>"
      local answer = orket.try("calls",
        { { text = text, tools = { { name = "w", parameters = schema } } } })[1]
      assert.same({ p = 7 }, answer.calls[1].arguments, require("cjson").encode(schema))
    end
  end)

  it("calls in a model's text say by their schema more than by what stands at the value", function()
    local text = '<｜DSML｜function_calls><｜DSML｜invoke name="w">'
      .. '<｜DSML｜parameter name="a" string="true">42</｜DSML｜parameter><｜DSML｜parameter name="b" string="false">42</｜DSML｜parameter>'
      .. '<｜DSML｜parameter name="c" string="true">42</｜DSML｜parameter><｜DSML｜parameter name="d" string="false">"x"</｜DSML｜parameter>'
      .. '</｜DSML｜invoke></｜DSML｜function_calls>'
    local tools = declared({ "w" }, { a = { type = "integer" }, b = { type = "string" } })
    assert.same({ a = 42, b = "42", c = "42", d = "x" },
      orket.try("calls", { { text = text, tools = tools } })[1].calls[1].arguments)
  end)

  it("calls in a model's text may have tags for parameters, which hold others", function()
    local function tag(name, text)
      return "]<]minimax[>[<" .. name .. ">" .. text .. "]<]minimax[>[</" .. name .. ">"
    end
    local integer, list = { type = "integer" }, { type = "array" }
    local tools = declared({ "w" }, { n = integer, s = { type = "object", properties = { z = integer } },
      l = { type = "array", items = { type = "object", properties = { q = integer } } }, e = list })
    local nestings = {
      { tag("n", "42") .. tag("t", "42"), { n = 42, t = "42" } },
      { tag("s", tag("c", "x") .. "\n" .. tag("z", "018956")), { s = { c = "x", z = 18956 } } },
      { tag("l", tag("item", tag("q", "2")) .. tag("item", tag("q", "3"))),
        { l = { { q = 2 }, { q = 3 } } } },
      { tag("l", tag("item", tag("q", "2"))), { l = { { q = 2 } } } },
      { tag("d", tag("t", "a") .. tag("t", "b")), { d = { t = { "a", "b" } } } },
      { tag("e", ""), { e = {} } },
      { tag("t", "a <b> ]<]minimax[>[<br> c"), { t = "a <b> ]<]minimax[>[<br> c" } },
      { "", {} },
      { tag("n", "42]<]minimax[>[</z>"), { n = "42]<]minimax[>[</z>" } },
      { "]<]minimax[>[<s>" .. tag("c", "x") .. "]<]minimax[>[</n>" },
    }
    local rows = {}
    for i, case in ipairs(nestings) do
      rows[i] = { text = '<x>]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="w">' .. case[1]
        .. "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>", tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local expect = nestings[i][2] and { name = "w", arguments = nestings[i][2], state = "complete" } or nil
      assert.same(expect, answer.calls[1], nestings[i][1])
    end
  end)

  it("calls in a model's text are not made of what only looks like one", function()
    local texts, rows = dofile("tests/dialects/innocent.lua"), {}
    local tools = declared({ "write_file", "read_file", "search" },
      { path = { type = "string" }, q = { type = "string" } })
    for i, text in ipairs(texts) do
      rows[i] = { text = text, tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      for _, call in ipairs(answer.calls) do
        assert.equal("partial", call.state, texts[i])
      end
    end
  end)

  it("calls in a model's text leave no mark of a template behind", function()
    local INKLING = '<|message_model|>search<|content_invoke_tool_json|>{"name":"search","args":{"q":"x"}}<|end_message|>'
    local said = {
      { "all\nHello.", "Hello.", "functionary_v3.2" },
      { "all\nI look.\n>>>search\n{\"q\": \"x\"}", "I look.\n", "functionary_v3.2", 1 },
      { "<|message_model|><|content_thinking|>I could " .. INKLING
        .. "<|end_message|><|message_model|><|content_text|>Hi.<|end_message|>", "Hi." },
      { "<|message_model|><|content_text|>I look.<|end_message|>" .. INKLING, "I look.", nil, 1 },
      { "all\nHello.", "all\nHello." }, { "Hello.<|role_end|>", "Hello." },
      { '{"name": "search", "arguments": {"q": "x"}}\n</tool_call>', "", nil, 1 },
      { '{"name": "search", "arguments": {"q": "x"}}\n</tool_call>', "", "hermes", 1 },
      { '<｜tool▁cals▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n{"q": "x"}\n```<｜tool▁call▁end｜>', "<｜tool▁cals▁begin｜>", "cogito", 1 },
    }
    local rows = {}
    for i, case in ipairs(said) do
      rows[i] = { text = case[1], dialect = case[3], tools = TOOLS }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      assert.equal(said[i][2], answer.content)
      assert.equal(said[i][4] or 0, #answer.calls)
    end
  end)

  it("calls in a model's text are made beside what quotes something else", function()
    local call = '<tool_call>{"name": "search", "arguments": {"q": "x"}}</tool_call>'
    local beside = { "It looks like the file is there.\n", "I read the example file:\n",
      "It would be best to look.\n", "The next step would be:\n", "I add the <pre> and <code> tags now.\n",
      "As 3 > 2 I go on: ", "He said 'yes'. ", "<!-- done --> ", "<code>x</code> ", "「x」 ",
      "The <code> and <blockquote> tags:\n", "> yours\n\n", "- one\n  - two\n\n", "- I write it: ",
        "2 > 1 | x. ", "   ", "if (a<b) {}\n", "The <query> and <prefix> words: " }
    local rows = {}
    for i, text in ipairs(beside) do
      rows[i] = { text = text .. call, tools = TOOLS }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      assert.equal(1, #answer.calls, beside[i])
    end
  end)

  it("calls in a model's text leave no empty fence behind", function()
    local call = '{"tool": "search", "args": {"q": "x"}}'
    local fences = {
      { "I look.\n```json\n" .. call .. "\n```\nDone.", "I look.\n\nDone." },
      { "```\n" .. call .. "\n", "" },
      { "```json\n" .. call .. "\n" .. call .. "\n```", "" },
      { "```json\n" .. call .. "\nand that\n```", "```json\n\nand that\n```" },
      { "```json\n\n```\n" .. call, "```json\n\n```\n" },
    }
    local rows = {}
    for i, case in ipairs(fences) do
      rows[i] = { text = case[1], tools = TOOLS }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      assert.equal(fences[i][2], answer.content, fences[i][1])
    end
  end)

  -- Linear work: 1 MB each takes a hundredth of a second; what grows with the square would take minutes.
  it("calls in a model's text are looked for in linear time", function()
    local PARTS = { "<", "{", "[", '{"', "`", "~\n", "<tool_call>", '<tool_call>{"',
      "<function=a><parameter=b>", '{"tool":"f","args":{}} ',
      "[f(", "[TOOL_CALLS]", "TOOL: f\nPATH: x\nCONTENT: \n", "<think>", "</think>", "</parameter>",
      "Action: x\n", '[TOOL_CALLS]f{"a":"',
      'for example {"tool":"f","args":{}} ', "```json\n{\"tool\":\"f\",\"args\":{}}\n```\n",
        "```tool_code f(", '{"a":[', "{a:", "{'",
      '{"\\u', '","', "<tool_call><function=search>\n<parameter=q>\n", "<|tool_call>call:f{a:<|\"|>",
        "<｜tool▁calls▁begin｜>", "\n", " ", "{T",
      '<code> {"tool":"f","args":{}} ', '<pre>\n<tool_call>{"name":"f","arguments":{}}</tool_call>',
        "> <tool_call>{\"\n", '    {"tool":"f","args":{}}\n',
      '- <tool_call>{"a":"\n', "<!-- ", "| <function=search><parameter=q>\n" }
    local rows = {}
    for i, part in ipairs(PARTS) do
      rows[i] = { text = part:rep((1 << 20) // #part), tools = TOOLS }
    end
    rows[#rows + 1] = { text = (" "):rep(1 << 19) .. ("~"):rep(1 << 19), tools = TOOLS }
    for _, row_of in ipairs { function(each) return each end,
      function(each) return { text = each.text, tools = TOOLS, chunk = 1000 } end } do
      local asked = {}
      for i, each in ipairs(rows) do
        asked[i] = row_of(each)
      end
      local started = os.time()
      assert.equal(#rows, #orket.try("calls", asked))
      assert.truthy(os.time() - started < 100)
    end
  end)

  it("calls in a model's text may be asked for by the name that a server has for their parser", function()
    for server, names in pairs(dofile("tests/dialects/names.lua")) do
      local rows = {}
      for i, name in ipairs(names) do
        rows[i] = { text = "none", dialect = name }
      end
      for i, answer in ipairs(orket.try("calls", rows)) do
        assert.same({}, answer.calls, server .. ": " .. names[i])
      end
    end
    local answer = orket.try("calls", { { text = "none", dialect = "hermse" } })[1]
    assert.equal("ERR_NOT_FOUND", answer.code)
  end)

  it("calls in a model's text reads under a server's name what its parser reads", function()
    local families = { ornith = "qwen3-coder", ["nemotron-3.5-nano"] = "qwen3-coder",
      ["gemma4-no-thinking"] = "gemma4", ["glm-ocr"] = "glm45",
      minimax = "minimax", minimax_m1 = "minimax", minimax_m2 = "minimax-m2" }
    for name, family in pairs(families) do
      local rows, of = {}, {}
      for _, vector in ipairs(vectors) do
        if vector.family == family then
          rows[#rows + 1], of[#of + 1] = { text = vector.text, tools = TOOLS, dialect = name }, vector
        end
      end
      assert.truthy(#rows > 0, name)
      for i, answer in ipairs(orket.try("calls", rows)) do
        assert.same(expected(cases.WRITTEN), answer.calls, name .. ": " .. of[i].from)
        assert.equal(family, answer.dialect)
      end
    end
  end)
end)

describe("dialect", function()
  local TEXT = "<function=f><parameter=n>1</parameter></function>"

  -- What it prints for these rows, with words of the command line.
  local function rows(words, lines)
    local dir = orket.directory()
    orket.write(dir .. "/rows", lines)
    orket.write(dir .. "/tools", [=[[{"name":"f","parameters":{"properties":{"n":{"type":"integer"}}}}]]=])
    local text, code = orket.run("try calls --jsonl " .. words:gsub("TOOLS", dir .. "/tools") .. " < " .. dir
      .. "/rows")
    orket.remove(dir)
    return text, code
  end

  it("orket try calls takes from its words what a row does not say", function()
    local line = '{"text":"' .. TEXT .. '"}\n'
    assert.truthy(rows("", line):find('"n":"1"}', 1, true))
    assert.truthy(rows("--tools TOOLS --chunk 1", line):find('"n":1}', 1, true))
    assert.truthy(rows("--tools TOOLS", '{"tools":[],"text":"' .. TEXT .. '"}\n'):find('"n":"1"}', 1, true))
    assert.truthy(rows("--dialect nobody", line):find("ERR_NOT_FOUND", 1, true))
  end)

  it("orket try calls refuses words that it does not know", function()
    for _, words in ipairs({ "--chunks 1", "--chunk 0", "--tools /nowhere", "more" }) do
      assert.equal(2, select(2, rows(words, "")), words)
    end
  end)

  it("orket try calls says what is wrong with a row", function()
    for _, line in ipairs({
      '{}', '{"text":5}', '{"text":null}', '{"chunks":"a"}', '{"chunks":["a",1]}', '{"chunks":{"a":"b"}}',
        '{"text":"a","chunk":0}',
      '{"text":"a","chunk":1.5}', '{"text":"a","dialect":3}', '{"text":"a","tools":"f"}',
        '{"text":"a","tools":[3]}',
    }) do
      assert.truthy(rows("", line .. "\n"):find('^{"code":"ERR_USAGE"'), line)
    end
    assert.equal('{"calls":[],"content":"a","dialect":null}\n',
      (rows("", '{"text":"a","tools":null,"dialect":null,"chunk":null}\n')))
  end)
end)
