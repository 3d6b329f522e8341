-- dialects.lua: every family of dialects against every case, as a table: tests/dialects/vectors.lua through
-- `orket try calls`; and the processor time of N= (1000) replies in pieces, one after the other, and of MB=
-- (10) megabytes of hostile text.

local cjson = require("cjson")
local measure = dofile("bench/measure.lua")
local same = dofile("lua/orket/util/tables.lua").same
local cases = dofile("tests/dialects/cases.lua")
local vectors = dofile("tests/dialects/vectors.lua")

local replies, megabytes = measure.number("N", 1000), measure.number("MB", 10)
local directory <close> = measure.directory()

-- ---- asking ----

-- Writes rows; the file and how many.
local function written(rows)
  local path = directory:new() .. "/rows"
  local file <close> = assert(io.open(path, "wb"))
  for _, row in ipairs(rows) do
    file:write(cjson.encode(row), "\n")
  end
  return path
end

local function asked(rows)
  local answers = {}
  for line in measure.shell(("%s try calls --jsonl < %s"):format(measure.orket,
    written(rows))):gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  assert(#answers == #rows, "an answer for each row")
  return answers
end

-- Seconds of processor time.
local function spent(rows)
  local path = written(rows)
  local text = measure.shell(("bash -c 'TIMEFORMAT=%%U; time %s try calls --jsonl < %s > %s.out' 2>&1"):format(measure.orket, path, path))
  return assert(tonumber(text:match("[%d.]+")), text)
end

-- ---- the cases ----

local function is(expected)
  return function(answer)
    return same(expected, answer.calls)
  end
end

-- A complete call is what it will be, no more are complete than stand there, and none is made from a part of
-- its string.
local function is_beginning(cut, expected)
  return function(answer)
    local complete = 0
    for i, call in ipairs(answer.calls) do
      if call.state ~= "partial" and cut.inside and i > 1 or call.state == "complete"
        and not same(expected[i], call) then
        return false
      end
      complete = complete + (call.state == "complete" and 1 or 0)
    end
    return complete <= cut.whole
  end
end

-- name, and for a vector a list of {row, judge}
local CASES = {
  { "two calls", function(vector)
    return { { cases.row(vector, vector.text), is(cases.expected(cases.WRITTEN)) } }
  end },
  { "nested quotes", function(vector)
    local list = {}
    for i = 2, #cases.STRINGS do
      local q = cases.STRINGS[i][2](vector)
      list[#list + 1] = { cases.row(vector, cases.with(vector, q)), is(cases.expected(q)) }
    end
    return list
  end },
  { "cut off", function(vector)
    local list, expected = {}, cases.expected(cases.nested(vector))
    for _, cut in ipairs(cases.cuts(vector)) do
      list[#list + 1] = { cases.row(vector, cut.text), is_beginning(cut, expected) }
    end
    return list
  end },
  { "quoted example", function(vector)
    local list = {}
    for _, quoted in ipairs(cases.QUOTED) do
      list[#list + 1] = { cases.row(vector, (quoted[2](vector.text))), is({}) }
    end
    return list
  end },
  { "in pieces", function(vector)
    local list, q = {}, cases.nested(vector)
    for size = 1, 7 do
      list[#list + 1] = { cases.row(vector, cases.with(vector, q), { chunk = size }), is(cases.expected(q)) }
    end
    return list
  end },
}

-- ---- the table ----

local function tally()
  local rows, judges, cells = {}, {}, {}
  for _, vector in ipairs(vectors) do
    for _, case in ipairs(CASES) do
      for _, one in ipairs(case[2](vector)) do
        rows[#rows + 1], judges[#judges + 1] = one[1], one[2]
        cells[#rows] = vector.family .. "\0" .. case[1]
      end
    end
  end
  local good, all, failed = {}, {}, 0
  for i, answer in ipairs(asked(rows)) do
    local cell, ok = cells[i], judges[i](answer)
    good[cell], all[cell] = (good[cell] or 0) + (ok and 1 or 0), (all[cell] or 0) + 1
    failed = failed + (ok and 0 or 1)
  end
  return good, all, failed, #rows
end

local function families()
  local names, count = {}, {}
  for _, vector in ipairs(vectors) do
    if not count[vector.family] then
      names[#names + 1] = vector.family
    end
    count[vector.family] = (count[vector.family] or 0) + 1
  end
  table.sort(names)
  return names, count
end

local good, all, failed, total = tally()
local names, texts = families()
local head, rule = { "family", "texts" }, { "---", "---" }
for _, case in ipairs(CASES) do
  head[#head + 1], rule[#rule + 1] = case[1], "---"
end
print("| " .. table.concat(head, " | ") .. " |\n| " .. table.concat(rule, " | ") .. " |")
for _, name in ipairs(names) do
  local line = { name, texts[name] }
  for _, case in ipairs(CASES) do
    local cell = name .. "\0" .. case[1]
    line[#line + 1] = ("%d of %d"):format(good[cell], all[cell])
  end
  print("| " .. table.concat(line, " | ") .. " |")
end

-- ---- what it costs ----

-- A reply of some 500 tokens with a call in it, four bytes at a time: what stands there may be a call after
-- each.
local CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "%s", "n": 3}}\n</tool_call>'
local REPLY = ("I look at what the weather is, `and` why.\n"):rep(20)
  .. CALL:format(("a line of it\\n"):rep(90))

local function stream(count)
  local rows = {}
  for i = 1, count do
    rows[i] = { text = REPLY, chunk = 4, tools = cases.TOOLS }
  end
  return spent(rows)
end

local function slowest()
  local most, what = 0, nil
  for _, part in ipairs({ "<", "{", "[", '{"', "<tool_call>", '<tool_call>{"', "[TOOL_CALLS][",
    "<function=a><parameter=b>", "\n<parameter=n>\n",
      "<|tool_call_start|>[f('", "<|tool_call_start|>[f(a=b'", ']<]minimax[>[<a>', '"//', '"/*', "/*x*/",
      "for example <tool_call>", "<|", "<|t", "{}", "[1]",
      "[T", "[t", "<f", "[{", "{T", '<tool_call>{"\n', '> <tool_call>{"\n', "<code> {}" }) do
    local seconds = spent({ { text = part:rep((megabytes << 20) // #part), tools = cases.TOOLS } })
    if seconds > most then
      most, what = seconds, part
    end
  end
  return most, what
end

local per_token = (stream(replies) - stream(1)) / (replies - 1) / (#REPLY / 4) * 1e6
local seconds, what = slowest()

measure.figure("families", #names, "")
measure.figure("rows that are not as they should be", failed, "of " .. total, { most = 0 })
measure.figure("four bytes of a reply that comes in such pieces, CPU", per_token, "µs")
measure.figure(("%d MB of the worst, %q, CPU"):format(megabytes, what), seconds, "s", { most = 5 })
measure.bench({ families = #names, texts = #vectors, rows = total, failed = failed, token_us = per_token,
  worst_s = seconds, worst = what, mb = megabytes })
