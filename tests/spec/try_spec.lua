-- try_spec.lua: every wall under hostile rows and hostile command lines: it answers each, in order, and
-- lives.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local WALLS = { "json", "schema", "box", "path", "fsm", "gate", "sse", "jail", "idesign", "calls", "llm", "jwt", "hmac" }

-- What each wall accepts, and what it refuses.
local GOOD = {
  json = '"text":"[1]"', schema = '"schema":{},"value":1', box = '"code":"return 1"',
  path = '"root":"/","path":"tmp"',
  fsm = '"type":"issue","from":"ready","to":"in_progress","role":"coder"',
  sse = '"chunks_b64":["ZGF0YTogeAoK"]',
  idesign = '"path":"a.md","content":""', calls = '"text":"no call"',
  jwt = '"secret":"k","token":"eyJhbGciOiJIUzI1NiJ9.e30.CYG8qKSuUG1cj5ZM7YUE3kRjuUjOfiv14zgdYx-7pLo"',
  hmac = '"body":"a","secret":"k","signature":"78da91511e675587f5b9df78bedebaf5560da2abb88162ee875dcdf744951d9e"',
}

local FIELDS = {
  "text", "text_b64", "schema", "value", "code", "mem", "steps", "ms", "then", "root", "path", "path_b64",
  "type", "from", "to",
  "role", "reason", "project", "call", "chunks_b64", "chunks", "name", "argv", "wall", "config", "files",
  "content", "tools",
  "dialect", "chunk", "base_url", "prompt", "shape", "model", "key", "timeout", "stream", "private", "id",
  "token", "secret", "secret_b64", "now", "iss", "aud", "body", "body_b64", "signature",
}

local VALUES = {
  "5", "-1", "1e300", "true", "null", '""', '"x"', '"\\u0000"', '"!!"', "[]", "{}", "[5,[]]", '{"a":null}',
  "[null,1]", "[{}]",
  '{"type":[]}', '{"function":1}', '"a' .. ("ü"):rep(300) .. '"', '"' .. ("日"):rep(67) .. '/x"',
    '"a\\u001b[31m\\r\\u009b"',
  '"/w8="', '["/w8="]',
  '"../../../etc/passwd"', "9223372036854775807", '"' .. ("x"):rep(100000) .. '"',
}

-- Rows that are no requests: no answer is accepted, all are answered.
local BROKEN = {
  "null", "true", "42", '"x"', "[]", "[{}]", "{", "}", "{broken", '{"id":1,"id":2}', '{"id":1}x', "\255\254",
  '{"id":"\255"}', "\0",
  '{"id":"\0"}', ("["):rep(100000), '{"id":' .. ("["):rep(3000) .. ("]"):rep(3000) .. "}",
    '{"text":"' .. ("a"):rep(17 << 20) .. '"}',
  "\239\187\191{}", "{'id':1}", "NaN",
}

local function answers(wall, rows, ending)
  local dir = orket.directory()
  orket.write(dir .. "/rows", table.concat(rows, ending or "\n") .. (ending or "\n"))
  local text, code = orket.shell(string.format("timeout 100 %s try %s --jsonl < %s/rows 2>%s/err",
    orket.binary, wall, dir, dir))
  assert.equal(0, code, wall)
  assert.equal("", orket.read(dir .. "/err"))
  orket.remove(dir)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = cjson.decode(line)
  end
  return list
end

local function is_yes(answer)
  return answer.ok == true or answer.valid == true or answer.outcome == "ok" or answer.decision == "allow"
    or answer.events ~= nil or answer.calls ~= nil
end

for _, wall in ipairs(WALLS) do
  describe("try " .. wall, function()
    it("a boundary answers every broken row with an error, and goes on", function()
      local rows = {}
      for i, row in ipairs(BROKEN) do
        rows[2 * i - 1], rows[2 * i] = row, '{"id":' .. i .. "," .. (GOOD[wall] or '"project":"/nowhere"')
          .. "}"
      end
      local list = answers(wall, rows)
      assert.equal(#rows, #list)
      for i = 1, #BROKEN do
        assert(type(list[2 * i - 1].error) == "string" and not is_yes(list[2 * i - 1]),
          i .. ": " .. BROKEN[i]:sub(1, 40))
        assert.equal(i, list[2 * i].id)
        assert.equal(GOOD[wall] ~= nil, is_yes(list[2 * i]))
      end
    end)

    it("a boundary answers fields of any type, echoes any id, and never shows its own insides", function()
      local rows, ids = {}, { "1", '"a"', "null", "1.5", "[]", '{"x":[1]}', "9007199254740993", '""' }
      for _, field in ipairs(FIELDS) do
        for _, value in ipairs(VALUES) do
          rows[#rows + 1] = string.format('{"id":%d,"%s":%s}', #rows + 1, field, value)
          if GOOD[wall] and not GOOD[wall]:find('"' .. field .. '"', 1, true) then
            rows[#rows + 1] = string.format('{"id":%d,"%s":%s,%s}', #rows + 1, field, value, GOOD[wall])
          end
        end
      end
      local list = answers(wall, rows)
      assert.equal(#rows, #list)
      for i, answer in ipairs(list) do
        assert.equal(i, answer.id)
        local text = cjson.encode(answer)
        assert(not text:find("attempt to", 1, true) and not text:find("lua/orket", 1, true),
          rows[i]:sub(1, 200) .. text:sub(1, 300))
      end
      for i, id in ipairs(ids) do
        rows[i] = '{"id":' .. id .. "}"
      end
      list = answers(wall, table.move(rows, 1, #ids, 1, {}))
      for i, id in ipairs(ids) do
        assert.same(cjson.decode(id == '""' and '[""]' or "[" .. id .. "]")[1], list[i].id)
      end
    end)

    it("a boundary says which row was no JSON when the row begins with its id", function()
      local list = answers(wall, {
        '{"id":"a 1","x":123456789012345678901}', ' { "id" : -7 , "x":1,"x":2}', '{"id":"\\u0041","x":nil}',
          '{"x":nil,"id":1}',
      })
      for i, id in ipairs({ "a 1", -7, false, false }) do
        assert.is_string(list[i].error)
        assert.equal(id or nil, list[i].id)
      end
    end)

    it("a boundary takes carriage returns and a last line without its end, and answers a blank line",
      function()
      local row = '{"id":1,' .. (GOOD[wall] or '"project":"/nowhere"') .. "}"
      assert.equal(2, #answers(wall, { row, row }, "\r\n"))
      local list = answers(wall, { row, "", "  ", row })
      assert.equal(4, #list)
      for i, id in ipairs({ 1, false, false, 1 }) do
        assert.equal(id or nil, list[i].id)
        assert.equal(not id, list[i].error ~= nil and list[i].id == nil)
      end
      local text, code = orket.shell(string.format("printf '%%s' '%s' | %s try %s --jsonl", row, orket.binary,
        wall))
      assert.equal(0, code)
      assert.equal(1, cjson.decode(text).id)
    end)
  end)
end

describe("try", function()
  local function code_of(arguments, input)
    return select(2, orket.shell(string.format("printf '%s' | timeout 20 %s try %s >/dev/null 2>&1",
      input or "", orket.binary, arguments)))
  end

  it("the plain form exits with 0, 1 or 2", function()
    for _, case in ipairs({
      { 0, "json", "[1]" }, { 1, "json", "[1" }, { 1, "json", "" }, { 2, "json /nowhere" }, { 2, "json a b" },
      { 0, "box -", "return 1" }, { 1, "box -", "error(1)" }, { 1, "box --ms 20 -", "while true do end" },
      { 2, "box /nowhere" },
      { 2, "box --mem" }, { 2, "box - --bogus 1" }, { 1, "box --mem 0 -", "return 1" },
      { 1, "box --steps x -", "return 1" },
      { 0, "box --mem=16M - --steps=100000", "return 1" }, { 0, "box - --ms 100 --mem 512k", "return 1" },
      { 0, "fsm issue ready in_progress --role coder" }, { 0, "fsm --role coder issue ready in_progress" },
      { 0, "fsm issue --role=coder in_progress blocked --reason=input" },
      { 1, "fsm issue ready done --role coder" },
      { 1, "fsm issue nonsense done --role coder" }, { 2, "fsm issue ready in_progress" },
      { 2, "fsm issue ready --role coder" },
      { 2, "fsm a b c d --role coder" }, { 2, "fsm issue ready in_progress --role" },
      { 0, "path / tmp" }, { 1, "path / ../etc" }, { 1, "path / /etc/passwd" }, { 1, "path /nowhere x" },
      { 2, "path /" }, { 2, "path" },
      { 0, "sse", "data: x\\n\\n" }, { 0, "sse", "" }, { 2, "sse a b" }, { 2, "schema" }, { 2, "gate" },
      { 1, "gate /nowhere", "{}" },
      { 2, "nothing" }, { 2, "" }, { 0, "--help" }, { 0, "fsm --help" }, { 0, "box x --help" },
    }) do
      assert.equal(case[1], code_of(case[2], case[3]), case[2])
    end
  end)
end)
