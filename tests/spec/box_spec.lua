-- box_spec.lua: boxes from outside: the wall `orket try box`, the library against the stock one, the
-- module orket.core.box inside the binary, and the two lists of what a box contains.

local orket = dofile("tests/support/orket.lua")

-- Results as text: both sides write them with the same code.
local SHOW = [[
local function show(...)
  local out = {}
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    local kind = math.type(v) or type(v)
    local text = kind == "float" and ("%.17g"):format(v) or kind == "table" and "" or tostring(v)
    out[i] = kind .. ":" .. text:gsub("[^%w%p ]", function(c) return ("\\%03d"):format(c:byte()) end)
  end
  return table.concat(out, "|")
end
local function try(f, ...)
  local function keep(ok, ...)
    return ok and show(...) or "error"
  end
  return keep(pcall(f, ...))
end
]]

-- Runs expressions `try(f, args)` here and in a box; names those that differ.
local function compare(expressions)
  local requests = {}
  for at = 1, #expressions, 100 do
    local lines = { SHOW, "return {" }
    for i = at, math.min(at + 99, #expressions) do
      lines[#lines + 1] = "try(" .. expressions[i] .. "),"
    end
    lines[#lines + 1] = "}"
    requests[#requests + 1] = { code = table.concat(lines, "\n"), ms = 10000 }
  end
  local answers = orket.try("box", requests)
  for at, request in ipairs(requests) do
    local stock = assert(load(request.code))()
    assert.equal("ok", answers[at].outcome, answers[at].message)
    for i, value in ipairs(stock) do
      assert.equal(value, answers[at].value[i], expressions[(at - 1) * 100 + i])
    end
  end
end

describe("box", function()
  local rows = { -- request, answer (ms and peak_bytes apart)
    { { code = "return 1 + 1" }, { outcome = "ok", value = 2 } },
    { { code = "return { a = { 1, 2.5, 'x' }, f = type }" },
      { outcome = "ok", value = { a = { 1, 2.5, "x" }, f = { type = "function" } } } },
    { { code = "return setmetatable({}, { __index = error })" }, { outcome = "ok", value = {} } },
    { { code = "return 'x', 2" }, { outcome = "ok", value = "x" } },
    { { code = "error('no')" }, { outcome = "error", message = "script:1: no" } },
    { { code = "return +" }, { outcome = "error", message = "script:1: unexpected symbol near '+'" } },
    { { code = "while true do end", steps = 1000 }, { outcome = "limit", limit = "steps" } },
    { { code = "while true do end", ms = 10 }, { outcome = "limit", limit = "time" } },
    { { code = "while true do pcall(function() while true do end end) end", ms = 10 },
      { outcome = "limit", limit = "time" } },
    { { code = "local t = {} while true do t = { t } end", ms = 5000 },
      { outcome = "limit", limit = "memory" } },
    { { code = "return pcall(string.rep, 'x', 1e10)" }, { outcome = "limit", limit = "memory" } },
    { { code = "return #('x'):rep(1e6)", mem = 65536 }, { outcome = "error" } },
    { { code = "return #('x'):rep(1e6)", mem = "256K" }, { outcome = "limit", limit = "memory" } },
    { { code = "return #('x'):rep(1e6)", mem = "32M" }, { outcome = "ok", value = 1000000 } },
    { { code = "string.rep = nil x = 1", ["then"] = "return { tostring(x), ('a'):rep(3) }" },
      { outcome = "ok", value = { "nil", "aaa" } } },
    { { code = "while true do end", ms = 5, ["then"] = "return 1" }, { outcome = "ok", value = 1 } },
    { { code = "error()", ["then"] = "while true do end", ms = 5 }, { outcome = "limit", limit = "time" } },
    { { code = "return 1", steps = 0 }, { outcome = "error" } },
    { { code = 7 }, { outcome = "error" } },
    { { code = "return 1", mem = "much" }, { outcome = "error" } },
  }

  it("orket try box answers each request", function()
    local requests = {}
    for i, row in ipairs(rows) do
      requests[i] = row[1]
      row[1].id = i
    end
    for i, answer in ipairs(orket.try("box", requests)) do
      local want = rows[i][2]
      assert.equal(i, answer.id)
      for key, value in pairs(want) do
        assert.same(value, answer[key], "row " .. i .. ": " .. tostring(answer.message))
      end
      assert(want.limit == answer.limit)
    end
  end)

  it("orket try box reads a file and the options", function()
    local dir = orket.directory()
    orket.write(dir .. "/a.lua", "while true do end")
    local text, code = orket.run("try box " .. dir .. "/a.lua --mem 1M --steps 100 --ms 1000")
    assert.equal(1, code)
    assert(text:find('"limit":"steps"', 1, true), text)
    local _, usage = orket.run("try box " .. dir .. "/a.lua --mum 1")
    assert.equal(2, usage)
    orket.remove(dir)
  end)
end)

describe("box", function()
  it("the library of a box is the stock one, case by case", function()
    compare({
      "string.find, 'abc', 'b', -1", "string.find, 'abc', '', 10", "string.find, 'abc', '', 4",
      "string.find, 'a.b', '.', 2, true",
      "string.find, 'a\\0b', '\\0'", "string.match, 'key = value', '^(%w+)%s*=%s*(%w+)$'",
      "string.match, 'THE (quick) fox', '%((%a+)%)'",
      "string.match, 'x', '()'", "string.gsub, 'hello world', 'o', '0', 1",
      "string.gsub, 'abc', '%w', '%0%0'", "string.gsub, 'abc', '', '-'",
      "string.gsub, 'abc', 'b', '%2'", "string.gsub, 'abc', 'b', { b = 'x' }",
      "string.gsub, 'abc', 'b', { b = false }", "string.gsub, 'abc', '(b)(c)', '%2%1'",
      "string.gsub, 'THE (quick) fox', '%f[%a]%a+%f[%A]', string.lower", "string.gsub, 'x^y', '%^', '%%'",
      "string.gsub, 'abc', '^a', 'x'", "string.gsub, 'abc', '.', {}, -1",
      "string.match, '[[x]]', '%b[]'", "string.match, 'x', '%b'", "string.match, 'x', '[a'",
      "string.match, 'x', '%'", "string.match, 'x', '(x'", "string.match, 'x', 'x)'",
      "string.match, 'aXb', '%u'", "string.match, ']', '[]]'", "string.match, '^', '[%^]'",
      "string.match, 'a-z', '[a%-z]+'", "string.match, 'hello', '(h)(e)(l+)%3?'",
      "string.match, 'abab', '(ab)%1'",
      "string.rep, 'ab', 3, ','", "string.rep, 'ab', 0", "string.rep, '', 100", "string.sub, 'hello', -3",
      "string.sub, 'hello', 2, -2", "string.sub, 'hello', 0", "string.sub, 'hello', 4, 2",
      "string.sub, 'hello', math.mininteger, math.maxinteger", "string.byte, 'abc', 1, -1",
      "string.byte, 'abc', 10", "string.byte, 'abc', -1", "string.byte, 'abc', 0", "string.char, 104, 105",
      "string.char, 256", "string.char",
      "string.reverse, 'abc'", "string.upper, 'aé'", "string.len, 'a\\0b'",
      "string.format, '%5d|%-5d|%05d|%+d|% d', 42, 42, 42, 42, 42",
      "string.format, '%x %X %#x %o', 255, 255, 255, 8", "string.format, '%5.2f|%e|%g', 3.14159, 1e10, 0.1",
      "string.format, '%a', 1.5",
      "string.format, '%s|%10s|%-10s|%.2s', 'abc', 'abc', 'abc', 'abc'",
      "string.format, '%q', 'a\\n\"\\\\\\0\\r1'", "string.format, '%q', 1 / 3",
      "string.format, '%q', math.mininteger", "string.format, '%q', 1 / 0",
      "string.format, '%c%c', 65, 0", "string.format, '%i', 3.0", "string.format, '%d', 3.5",
      "string.format, '%d', '10'", "string.format, '%d', 'x'", "string.format, '%%'", "string.format, '%'",
      "string.format, '%y', 1",
      "string.format, '%s'", "string.format, '%s', nil", "string.format, '%s', true",
      "string.format, '%5', 1", "string.format, '%100d', 1", "string.format, '%#d', 1",
      "string.format, '%.3d', 5", "string.format, '%10q', 'x'", "string.format, '%5s', 'a\\0b'",
      "table.concat, { 1, 2, 'x' }, ', '", "table.concat, { 1, 2, 3 }, '-', 2, 3", "table.concat, {}, 'x'",
      "table.concat, { {} }", "table.concat, { 1, 2 }, ',', 1, 3", "table.unpack, { 1, 2, 3 }, 2",
      "table.unpack, { 1, 2 }, -1, 1", "table.unpack, {}, 1, 1e8",
      "table.remove, { 1, 2, 3 }, 1", "table.remove, {}", "table.remove, {}, 0", "table.remove, { 1 }, 2",
      "table.remove, { 1 }, 3", "table.insert, {}, 2, 1", "table.insert, {}, 1, 1, 1", "table.insert, { 1 }",
      "table.pack, 1, nil, 3", "select, '#', 1, nil", "select, -1, 1, 2", "select, 2, 1, 2, 3", "select, 0",
      "select, -3, 1", "select, 'x'",
      "tonumber, '0x10'", "tonumber, ' 10 '", "tonumber, '1e1'", "tonumber, '10', 2", "tonumber, 'zz', 36",
      "tonumber, '8', 8", "tonumber, '', 10", "tonumber, '-ff', 16", "tonumber, 10, 16", "tonumber, '1\\0'",
      "tonumber, {}", "tonumber", "tonumber, '7fffffffffffffff', 16", "tonumber, 'ffffffffffffffffff', 16",
      "tonumber, '1 2', 10",
      "tostring, 1.0", "tostring, -0.0", "tostring, 1e100", "tostring, 2^53", "tostring, nil", "tostring",
      "tostring, setmetatable({}, { __tostring = function() return 'x' end })",
      "tostring, setmetatable({}, { __tostring = function() return 1 end })",
      "tostring, setmetatable({}, { __tostring = function() end })",
      "rawlen, { 1, 2 }", "rawlen, 'abc'", "rawlen, 1", "rawequal, 1, 1.0", "rawget, {}, 1",
      "rawset, {}, nil, 1", "type", "type, nil", "assert, false", "assert, nil, 'x'", "assert, 1, 2, 3",
      "assert", "ipairs", "pcall", "pcall, error, 'x'", "xpcall, error, tostring, 'x'", "xpcall, error",
      "xpcall, function() return 1, 2 end, error", "pcall, pcall, error",
      "getmetatable, setmetatable({}, { __metatable = 'x' })",
      "setmetatable, setmetatable({}, { __metatable = 'x' }), {}", "setmetatable, {}, 1",
      "setmetatable, 1, {}", "next, {}", "next, { 1 }", "next, { 1 }, 1", "error", "error, nil",
      "utf8.char, 72, 228, 8364, 128512", "utf8.char", "utf8.char, -1", "utf8.len, 'häß€'",
      "utf8.len, '\\xff'", "utf8.len, 'abc', 4", "utf8.len, 'abc', 5", "utf8.len, '\\u{D7FF}\\xed\\xa0\\x80'",
      "utf8.len, '\\xed\\xa0\\x80', 1, -1, true", "utf8.codepoint, 'h€', 1, -1", "utf8.codepoint, 'h€', 3",
      "utf8.codepoint, 'abc', 4",
      "utf8.offset, 'h€x', 3", "utf8.offset, 'h€x', -1", "utf8.offset, 'h€x', 0, 3",
      "utf8.offset, 'h€x', 1, 3", "utf8.offset, 'h€x', 5", "utf8.offset, 'x', 1, 9",
      "function() local t = {} for p, c in utf8.codes('aé€') do t[#t + 1] = p .. ':' .. c end return table.concat(t, ' ') end", "function() for _ in utf8.codes('a\\xff') do end end", "function() return '10' + 1, '3' * '4', -'2', '7' // 2, '2' ^ 2, 10 % '3', '0x10' + 0, '1e1' - 0 end", "function() return 'x' + 1 end", "function() return {} + 'x' end", "function() return '10' + {} end",
      "function() return setmetatable({}, { __add = function() return 'added' end }) + '1' end",
      "function() return '1' + setmetatable({}, { __add = function() return 'added' end }) end",
      "function() local t = { 3, 1, 2 } table.sort(t) return table.concat(t) end",
      "function() local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return table.concat(t) end", "function() table.sort({ 1, 'x' }) end", "function() table.sort({ 1, nil, 3 }) return 1 end",
      "function() return table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ',') end",
      "function() return table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ',') end",
      "function() return #table.move({ 1, 2, 3 }, 1, 3, 1, {}) end", "table.move, {}, 1, math.maxinteger, 2",
      "table.move, {}, -1, math.maxinteger, 2",
      "function() local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end return table.concat(t, ',') end", "function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do t[#t + 1] = k .. v end return table.concat(t) end", "function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end", "function() local t = {} for p in ('abc'):gmatch('()', 5) do t[#t + 1] = p end return #t end", "function() local t = {} for p in ('abc'):gmatch('()', -1) do t[#t + 1] = p end return table.concat(t, ',') end",
      "function() local a <close> = setmetatable({}, { __close = function() error('x') end }) end",
      "math.tointeger, '8'", "math.floor, 1e100", "math.ult, 1, -1", "math.fmod, 5, 0", "math.fmod, 5, -3",
    })
  end)

  it("the library of a box is the stock one for patterns nobody would write", function()
    local state = 20261
    local function random(n)
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return (state >> 8) % n + 1
    end
    local pieces = { "a", "b", ".", "%a", "%d", "[ab]", "[^a]", "(", ")", "()", "*", "+", "-", "?", "^", "$",
      "%1", "%b()", "%f[a]", "[%w_-]", "x", "%", "[", "]", "%.", "[a-c]", "%u" }
    local letters = { "a", "b", "c", "(", ")", "x", ".", "1", "A", " " }
    local function word(from, most)
      local t = {}
      for i = 1, random(most) - 1 do
        t[i] = from[random(#from)]
      end
      return table.concat(t)
    end
    local expressions = {}
    for i = 1, 3000 do
      local subject, pattern = word(letters, 12), word(pieces, 7)
      local call = ({ "string.find, %q, %q", "string.match, %q, %q, 2", "string.gsub, %q, %q, '<%%0>'",
        "function() local t = {} for a, b in (%q):gmatch(%q) do t[#t + 1] = tostring(a) .. tostring(b) end return table.concat(t, ',') end" })[random(4)]
      expressions[i] = call:format(subject, pattern)
    end
    compare(expressions)
  end)

  it("the library of a box differs where it must", function()
    local answers = orket.try("box", {
      { code = "local t = {} for k in pairs({ z = 1, a = 2, [10] = 3, [2] = 4, [1.5] = 5, [true] = 6, [false] = 7 }) do t[#t + 1] = tostring(k) end return table.concat(t, ' ')" },
      { code = "local t, k = { b = 1, a = 2, 5 }, nil local s = '' repeat k = next(t, k) s = s .. tostring(k) .. ' ' until k == nil return s" },
      { code = "return tostring({}) .. tostring(type) .. tostring(setmetatable({}, { __name = 'x' }))" },
      { code = "local t = { 1, 2, 3 } local n = 0 for k in pairs(t) do t[k + 1] = nil n = n + 1 end return n" },
      { code = "local t = {} for i = 1, 50 do t[i] = { i % 5, i } end table.sort(t, function(a, b) return a[1] < b[1] end) " ..
        "for i = 2, 50 do if t[i - 1][1] == t[i][1] then assert(t[i - 1][2] < t[i][2]) end end return 'stable'" },
      { code = "for _ in pairs({ [{}] = 1 }) do end" },
      { code = "return xpcall(function() local x <close> = setmetatable({}, { __close = function() y = 1 end }) error('e', 0) end, function(e) return e .. tostring(y) end)" },
      { code = "return select(2, xpcall(function() error('e', 0) end, function(e) return e .. 'handled' end))" },
      { code = "return ('%p'):format({})" },
    })
    assert.equal("1.5 2 10 a z false true", answers[1].value)
    assert.equal("1 a b nil ", answers[2].value)
    assert.equal("tablefunctionx", answers[3].value)
    assert.equal(2, answers[4].value)
    assert.equal("stable", answers[5].value)
    assert(answers[6].message:find("a table with a table as key has no order", 1, true))
    assert.equal(false, answers[7].value)
    assert.equal("ehandled", answers[8].value)
    assert.equal("error", answers[9].outcome)
  end)
end)

describe("box", function()
  local function probe(name)
    return (orket.probe(orket.chunk("box", name)))
  end

  it("orket.core.box prepares, describes and calls", function()
    assert.equal('{"f":{"type":"function"},"n":1}\n{"a":[1,2],"b":null}\nnil\ttrue\n', probe("prepares"))
  end)

  it("orket.core.box tells the parameters of a function, when they are sure", function()
    assert.equal('["a","b"]\t[]\tnil\tnil\tnil\tnil\tnil\n', probe("tells_parameters"))
  end)

  it("orket.core.box shows of arguments what the masks of a function name, to calls and traces of it alone",
    function()
    assert.equal('{"a":1,"b":{"c":[2]}} {"d":3}\n{"a":1,"b":{"c":[2]}}\n{} {"d":3}\n{"a":1,"b":{"c":[2],"x":{}},"e":null} {"d":3}\nfalse\n', probe("masks_arguments"))
    assert.equal("1 nil 2 nil\nx:1: 'c' is not among the declared fields\nx:1: 'x' is not among the declared fields\nx:1: '?' is not among the declared fields\n", probe("refuses_unmasked"))
  end)

  it("orket.core.box answers failures and raises for callers' bugs", function()
    assert.equal("ERR_SCRIPT_SYNTAX\nERR_SCRIPT_CONTRACT\nERR_SCRIPT\nERR_SCRIPT_TIME\nERR_SCRIPT_CONTRACT\nfalse\nfalse\nfalse\n", probe("answers_failures"))
  end)

  it("orket.core.box runs sessions side by side and gives them up", function()
    assert.equal("yield1 yield2 yield1 done1:a done2:b false ERR_LIMIT ok", probe("runs_sessions"))
  end)
end)

-- It works a little, and waits a little: so little that the last look at the processor's clock is still
-- fresh.
local SHORT_WAITS = orket.read("tests/support/probes/short_waits.lua")

describe("box", function()
  it("a session gets no more than its time by waiting again and again", function()
    assert.equal("ERR_SCRIPT_TIME in time", orket.probe(SHORT_WAITS))
  end)
end)

describe("box", function()
  it(".luacheckrc knows exactly what a box contains", function()
    local env = { stds = {}, files = {} }
    assert(loadfile(".luacheckrc", "t", setmetatable(env, { __index = _G })))()
    local listed = {}
    for key, value in pairs(env.stds.box.read_globals) do
      if type(key) == "number" then
        listed[#listed + 1] = value
      else
        for _, field in ipairs(value.fields) do
          listed[#listed + 1] = key .. "." .. field
        end
      end
    end
    table.sort(listed)
    local answer = orket.try("box", { {
      code = [[
        local names = {}
        for name, value in pairs(_G) do
          if type(value) == "table" and name ~= "_G" then
            for field in pairs(value) do names[#names + 1] = name .. "." .. field end
          else
            names[#names + 1] = name
          end
        end
        table.sort(names)
        return names
      ]],
    } })[1]
    assert.same(answer.value, listed)
  end)
end)
