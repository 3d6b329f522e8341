-- dialect_spec.lua: what model/dialect.h promises, for every family: tests/dialects/vectors.lua.

local orket = dofile("tests/support/orket.lua")
local vectors = dofile("tests/dialects/vectors.lua")

local TOOLS = {}
for i, name in ipairs { "get_weather", "search" } do
  TOOLS[i] = { type = "function", ["function"] = { name = name, parameters = { type = "object", properties = {
    city = { type = "string" }, n = { type = "integer" }, q = { type = "string" } } } } }
end

local WRITTEN = 'say "hi" {x} </b>'

-- ---- a string, written in a style ----

local ESCAPES = { ["\n"] = "\\n", ["\t"] = "\\t", ["\\"] = "\\\\" }

local STYLES = {
  json = function(text)
    return '"' .. text:gsub('[\n\t\\"]', function(c) return ESCAPES[c] or "\\" .. c end) .. '"'
  end,
  python = function(text)
    return "'" .. text:gsub("[\n\t\\']", function(c) return ESCAPES[c] or "\\" .. c end) .. "'"
  end,
  raw = function(text)
    return text
  end,
}

local function written(vector, text)
  local mark = vector.style:match("^mark:(.*)")
  return mark and mark .. text .. mark or STYLES[vector.style](text)
end

-- The vector's text with another string in its second call.
local function with(vector, text)
  local old, new = written(vector, WRITTEN), written(vector, text)
  local from, to = vector.text:find(old, 1, true)
  assert(from, vector.text)
  return vector.text:sub(1, from - 1) .. new .. vector.text:sub(to + 1)
end

-- ---- the cases ----

local function nested(vector)
  return ("a \"b\" 'c' {d} [e, } ] \\ </x> " .. vector.close .. " <tool_call> f(g=1) z")
end

local CASES = {
  { "two calls", function() return WRITTEN end },
  { "quotes, brackets and marks inside a string", nested },
  { "lines, and a fence inside a string", function() return "one\n\n```lua\nx = { 'y' }\n```\n\n  last \"line\"" end },
  { "letters of every length", function() return "Grüße, 你好 🎉 \u{2028}" end },
}

local function row(vector, text, more)
  local request = { text = text, tools = TOOLS, dialect = vector.named and vector.family or nil }
  for key, value in pairs(more or {}) do
    request[key] = value
  end
  return request
end

local function expected(q)
  return {
    { name = "get_weather", arguments = { city = "Paris", n = 3 }, state = "complete" },
    { name = "search", arguments = { q = q }, state = "complete" },
  }
end

-- Puts a row for each vector and asks for each answer.
local function for_each(request, check)
  local rows = {}
  for i, vector in ipairs(vectors) do
    rows[i] = request(vector)
  end
  for i, answer in ipairs(orket.try("calls", rows)) do
    check(vectors[i], answer, vectors[i].family .. ": " .. vectors[i].from .. "\n" .. (rows[i].text or table.concat(rows[i].chunks)))
  end
end

describe("calls in a model's text", function()
  for _, case in ipairs(CASES) do
    it("are found in every family: " .. case[1], function()
      for_each(function(vector)
        return row(vector, with(vector, case[2](vector)))
      end, function(vector, answer, what)
        assert.same(expected(case[2](vector)), answer.calls, what)
        assert.equal(vector.family == "mimo" and "qwen3-coder" or vector.family, answer.dialect, what)
      end)
    end)
  end

  -- ---- properties ----

  it("do not depend on the pieces that a text comes in", function()
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

  it("do not depend on the pieces that a byte order mark comes in", function()
    local text = "<|python_tag|>\u{FEFF}[/THINK] and so on"
    local answers = orket.try("calls", { { text = text }, { text = text, chunk = 1 } })
    assert.same(answers[1], answers[2])
  end)

  it("stay what they are once they are complete, and what was cut off never is", function()
    local rows, of = {}, {}
    for _, vector in ipairs(vectors) do
      local q = nested(vector)
      local text = with(vector, q)
      local second = text:find(written(vector, q), 1, true)
      for at in utf8.codes(text) do
        rows[#rows + 1] = row(vector, text:sub(1, at - 1))
        of[#rows] = { vector = vector, calls = expected(q), complete = at <= second and 1 or 2, text = rows[#rows].text,
          inside = at > second and at <= second + #q }
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
        assert.truthy(call.state == "partial" or j < 2 or not about.inside, what .. "\nis made from a part of its string")
      end
      assert.truthy(complete <= about.complete, about.vector.family .. ": " .. about.text)
      seen.complete = seen.complete + complete
    end
    assert.truthy(seen.partial > 5000 and seen.complete > 5000, "the table has lost its meaning")
  end)

  local QUOTED = {
    ["in inline code"] = function(text) return "What one may write: ````` " .. text:gsub("\n\n+", "\n") .. " `````, and no more." end,
    ["in a fence of another language"] = function(text) return "So:\n~~~~~python\n" .. text .. "\n~~~~~\nThat is it." end,
    ["in a quotation"] = function(text) return "> " .. text:gsub("\n", "\n> ") end,
    ["in a tool's result that the model makes up"] = function(text) return "<tool_response>\n" .. text .. "\n</tool_response>\nDone." end,
    ["in a thought"] = function(text) return "<thinking>\n" .. text .. "\n</thinking>\nDone." end,
  }
  for where, quote in pairs(QUOTED) do
    it("are none " .. where, function()
      for_each(function(vector)
        return row(vector, (quote(vector.text)))
      end, function(_, answer, what)
        assert.same({}, answer.calls, what)
      end)
    end)
  end

  -- ---- repairs ----

  local function declared(names, properties)
    local list = {}
    for i, name in ipairs(names) do
      list[i] = { name = name, parameters = { type = "object", properties = properties } }
    end
    return list
  end

  it("are mended where there is one way to read them, and only there", function()
    local cases, rows = dofile("tests/dialects/repairs.lua"), {}
    local text = { type = "string" }
    local tools = declared({ "w", "x" }, { a = { type = "integer" }, b = text, content = text, path = text })
    for i, case in ipairs(cases) do
      rows[i] = { text = case[2], tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local what, _, state, arguments = table.unpack(cases[i], 1, 4)
      local expect = state and { { name = "w", arguments = arguments, state = state } } or {}
      assert.same(expect[1], answer.calls[1], what)
      local more = {}
      for j = 2, #answer.calls do
        more[j - 1] = answer.calls[j].name
      end
      assert.same(cases[i].more or {}, more, what)
    end
  end)

  it("have values of the types that their tools declare", function()
    local cases, rows = dofile("tests/dialects/types.lua"), {}
    for i, case in ipairs(cases) do
      rows[i] = { text = "<function=w>\n<parameter=p>\n" .. case[2] .. "\n</parameter>\n</function>",
        tools = { { name = "w", parameters = { type = "object", properties = { p = case[1] }, ["$defs"] = case[4] } } } }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local call = answer.calls[1] or {}
      assert.equal("complete", call.state, cases[i][2])
      assert.same({ p = cases[i][3] }, call.arguments, require("cjson").encode(cases[i][1]) .. ": " .. cases[i][2])
    end
  end)

  it("say by their schema more than by what stands at the value", function()
    local text = '<｜DSML｜function_calls><｜DSML｜invoke name="w">'
      .. '<｜DSML｜parameter name="a" string="true">42</｜DSML｜parameter><｜DSML｜parameter name="b" string="false">42</｜DSML｜parameter>'
      .. '<｜DSML｜parameter name="c" string="true">42</｜DSML｜parameter><｜DSML｜parameter name="d" string="false">"x"</｜DSML｜parameter>'
      .. '</｜DSML｜invoke></｜DSML｜function_calls>'
    local tools = declared({ "w" }, { a = { type = "integer" }, b = { type = "string" } })
    assert.same({ a = 42, b = "42", c = "42", d = "x" }, orket.try("calls", { { text = text, tools = tools } })[1].calls[1].arguments)
  end)

  it("may have tags for parameters, which hold others", function()
    local function tag(name, text)
      return "]<]minimax[>[<" .. name .. ">" .. text .. "]<]minimax[>[</" .. name .. ">"
    end
    local integer, list = { type = "integer" }, { type = "array" }
    local tools = declared({ "w" }, { n = integer, s = { type = "object", properties = { z = integer } },
      l = { type = "array", items = { type = "object", properties = { q = integer } } }, e = list })
    local cases = {
      { tag("n", "42") .. tag("t", "42"), { n = 42, t = "42" } },
      { tag("s", tag("c", "x") .. "\n" .. tag("z", "018956")), { s = { c = "x", z = 18956 } } },
      { tag("l", tag("item", tag("q", "2")) .. tag("item", tag("q", "3"))), { l = { { q = 2 }, { q = 3 } } } },
      { tag("l", tag("item", tag("q", "2"))), { l = { { q = 2 } } } },
      { tag("d", tag("t", "a") .. tag("t", "b")), { d = { t = { "a", "b" } } } },
      { tag("e", ""), { e = {} } },
      { tag("t", "a <b> ]<]minimax[>[<br> c"), { t = "a <b> ]<]minimax[>[<br> c" } },
      { "", {} },
      { tag("n", "42]<]minimax[>[</z>"), { n = "42]<]minimax[>[</z>" } },
      { "]<]minimax[>[<s>" .. tag("c", "x") .. "]<]minimax[>[</n>" },
    }
    local rows = {}
    for i, case in ipairs(cases) do
      rows[i] = { text = '<x>]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="w">' .. case[1] .. "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>", tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      local expect = cases[i][2] and { name = "w", arguments = cases[i][2], state = "complete" } or nil
      assert.same(expect, answer.calls[1], cases[i][1])
    end
  end)

  it("are not made of what only looks like one", function()
    local texts, rows = dofile("tests/dialects/innocent.lua"), {}
    local tools = declared({ "write_file", "read_file", "search" }, { path = { type = "string" }, q = { type = "string" } })
    for i, text in ipairs(texts) do
      rows[i] = { text = text, tools = tools }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      for _, call in ipairs(answer.calls) do
        assert.equal("partial", call.state, texts[i])
      end
    end
  end)

  it("leave no empty fence behind", function()
    local call = '{"tool": "search", "args": {"q": "x"}}'
    local cases = {
      { "I look.\n```json\n" .. call .. "\n```\nDone.", "I look.\n\nDone." },
      { "```\n" .. call .. "\n", "" },
      { "```json\n" .. call .. "\n" .. call .. "\n```", "" },
      { "```json\n" .. call .. "\nand that\n```", "```json\n\nand that\n```" },
      { "```json\n\n```\n" .. call, "```json\n\n```\n" },
    }
    local rows = {}
    for i, case in ipairs(cases) do
      rows[i] = { text = case[1], tools = TOOLS }
    end
    for i, answer in ipairs(orket.try("calls", rows)) do
      assert.equal(cases[i][2], answer.content, cases[i][1])
    end
  end)

  -- Linear work: 1 MB each takes a hundredth of a second; what grows with the square would take minutes.
  it("are looked for in linear time", function()
    local PARTS = { "<", "{", "[", '{"', "`", "~\n", "<tool_call>", '<tool_call>{"', "<function=a><parameter=b>", '{"tool":"f","args":{}} ',
      "[f(", "[TOOL_CALLS]", "TOOL: f\nPATH: x\nCONTENT: \n", "<think>", "</think>", "</parameter>", "Action: x\n", '[TOOL_CALLS]f{"a":"',
      'for example {"tool":"f","args":{}} ', "```json\n{\"tool\":\"f\",\"args\":{}}\n```\n", "```tool_code f(", '{"a":[', "{a:", "{'",
      '{"\\u', '","', "<tool_call><function=search>\n<parameter=q>\n", "<|tool_call>call:f{a:<|\"|>", "<｜tool▁calls▁begin｜>", "\n", " " }
    local rows = {}
    for i, part in ipairs(PARTS) do
      rows[i] = { text = part:rep((1 << 20) // #part), tools = TOOLS }
    end
    rows[#rows + 1] = { text = (" "):rep(1 << 19) .. ("~"):rep(1 << 19), tools = TOOLS }
    for _, row_of in ipairs { function(each) return each end, function(each) return { text = each.text, tools = TOOLS, chunk = 1000 } end } do
      local asked = {}
      for i, each in ipairs(rows) do
        asked[i] = row_of(each)
      end
      local started = os.time()
      assert.equal(#rows, #orket.try("calls", asked))
      assert.truthy(os.time() - started < 100)
    end
  end)

  it("may be asked for by the name that a server has for their parser", function()
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
end)
