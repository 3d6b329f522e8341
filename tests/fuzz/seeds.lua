-- seeds.lua: what the fuzzer of tests/fuzz/dialect.c begins with: tests/dialects/vectors.lua, and the marks
-- of lua/orket/llm/text/dialects.lua as a dictionary.
-- lua5.4 tests/fuzz/seeds.lua FOLDER GRAMMAR > DICTIONARY

local cjson = require("cjson")

local folder, grammar = arg[1], cjson.decode(assert(io.open(arg[2], "rb")):read("a"))

-- Three bytes say how the text is read: where it is cut, in which pieces, by which family (255: any).
for i, vector in ipairs(dofile("tests/dialects/vectors.lua")) do
  local file = assert(io.open(folder .. "/vector-" .. i, "wb"))
  file:write("\200\3\255", vector.text)
  file:close()
end

local marks = {}

local function mark(text)
  if text and #text > 1 then
    marks[text] = true
  end
end

local function template(text)
  for part in (text or ""):gsub("{%?([^}]*)}", "\n%1\n"):gsub("{%a+}", "\n"):gmatch("[^\n ]+") do
    mark(part)
  end
end

for _, family in ipairs(grammar.families) do
  for _, form in ipairs(family.forms) do
    template(form.call)
    template(form.param)
    mark(form.quote)
    for _, each in ipairs(form.section or {}) do
      mark(each)
    end
  end
end
for _, span in ipairs(grammar.reasoning) do
  mark(span[1])
  mark(span[2])
end
for _, each in ipairs(grammar.drop) do
  mark(each)
end
for _, each in ipairs { '{"name": "f", "arguments": {', '"arguments"', '"tool"', "f(a=1)", "```json\n",
  "~~~\n", "<![CDATA[", "]]>" } do
  mark(each)
end

for text in pairs(marks) do
  print('"' .. text:gsub(".", function(c) return ("\\x%02x"):format(c:byte()) end) .. '"')
end
