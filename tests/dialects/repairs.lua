-- repairs.lua: what is mended, and what is not since it could be read in two ways or was cut off. Tools: w {a: integer,
-- b: string, content: string, path: string} and x.
--   { what it is, text, state, arguments of w }   state nil: no call; more: the names of further calls

local function hermes(text)
  return "<tool_call>\n" .. text .. "\n</tool_call>"
end

local function arguments(text)
  return hermes('{"name": "w", "arguments": ' .. text .. "}")
end

local function python(text)
  return "<|tool_call_start|>[" .. text .. "]<|tool_call_end|>"
end

local null = require("cjson").null

return {
  -- strings
  { "a list that a brace closes, where strings have marks", "<|tool_call>call:w{b:[}x", nil },
  { "raw line ends", arguments('{"b": "one\ntwo\n\tthree"}'), "repaired", { b = "one\ntwo\n\tthree" } },
  { "raw line ends of two bytes", arguments('{"b": "one\r\ntwo"}'), "repaired", { b = "one\r\ntwo" } },
  { "single quotes", hermes([[{'name': 'w', 'arguments': {'b': 'x'}}]]), "repaired", { b = "x" } },
  { "an apostrophe in single quotes", hermes([[{'name': 'w', 'arguments': {'b': 'it's so'}}]]), "repaired", { b = "it's so" } },
  { "quotes inside", arguments('{"b": "say "hi" twice"}'), "repaired", { b = 'say "hi" twice' } },
  { "quotes inside, at the end", arguments('{"b": "say "hi""}'), "repaired", { b = 'say "hi"' } },
  { "quotes and a comma inside", arguments('{"b": "print("hi", "there")"}'), "repaired", { b = 'print("hi", "there")' } },
  { "escapes that are none", arguments([[{"b": "C:\dir \d+ \. \'x\'"}]]), "repaired", { b = [[C:\dir \d+ \. 'x']] } },
  { "an escape without its digits", arguments([[{"b": "\u00g1 \u"}]]), "repaired", { b = [[\u00g1 \u]] } },
  { "half a letter", arguments([[{"b": "\ud83d!"}]]), "repaired", { b = "\u{FFFD}!" } },
  { "both halves of a letter", arguments([[{"b": "\ud83d\ude00"}]]), "complete", { b = "😀" } },
  { "a byte of nothing", arguments('{"b": "x\0y"}'), "repaired", { b = "x\0y" } },
  -- punctuation
  { "a comma too many", arguments('{"a": 1,}'), "repaired", { a = 1 } },
  { "a comma too many behind the arguments", hermes('{"name": "w", "arguments": {"a": 1},}'), "repaired", { a = 1 } },
  { "two commas", hermes('{"name": "w",, "arguments": {"a": 1}}'), "repaired", { a = 1 } },
  { "a comma too few", arguments('{"a": 1 "b": "x"}'), "repaired", { a = 1, b = "x" } },
  { "keys without quotes", hermes('{name: "w", arguments: {a: 1}}'), "repaired", { a = 1 } },
  { "words of Python", arguments('{"a": None, "b": True, "c": False}'), "repaired", { a = null, b = true, c = false } },
  { "a brace too many before", hermes('{{"name": "w", "arguments": {"a": 1}}}'), "repaired", { a = 1 } },
  { "a brace too many behind", hermes('{"name": "w", "arguments": {"a": 1}}}'), "repaired", { a = 1 } },
  { "a bracket too many behind", hermes('{"name": "w", "arguments": {"a": 1}}]'), "repaired", { a = 1 } },
  { "a brace too few before the mark", hermes('{"name": "w", "arguments": {"a": 1}'), "repaired", { a = 1 } },
  { "two braces too few before the mark", hermes('{"name": "w", "arguments": {"a": 1'), "repaired", { a = 1 } },
  { "braces that hold nothing yet before the mark", hermes('{"name": "w", "arguments": {'), nil },
  { "a call of harmony that says nothing", "<|channel|>commentary to=functions.w <|constrain|>json<|message|><|call|>", "complete", {} },
  { "a call of harmony cut off before it says anything", "<|channel|>commentary to=functions.w <|message|>", "partial", {} },
  { "a bracket too few before the mark", hermes('[{"name": "w", "arguments": {"a": 1}}'), "repaired", { a = 1 } },
  { "no closing mark", '<tool_call>{"name": "w", "arguments": {"a": 1}}\nDone.', "repaired", { a = 1 } },
  { "no closing mark before the next call", '<tool_call>{"name": "w", "arguments": {"a": 1}}\n<tool_call>{"name": "x", "arguments": {}}</tool_call>',
    "repaired", { a = 1 }, more = { "x" } },
  { "an opening mark where the closing one belongs", '<tool_call>{"name": "w", "arguments": {"a": 1}}<tool_call>', "repaired", { a = 1 } },
  { "a brace in prose before", 'If { then {"tool": "w", "args": {"a": 1}}', "complete", { a = 1 } },
  { "braces in prose around", '{ {"tool": "w", "args": {"a": 1}} }', "complete", { a = 1 } },
  { "a closing brace in prose before", '} {"tool": "w", "args": {"a": 1}}', "complete", { a = 1 } },
  { "braces inside strings", '{"tool": "w", "args": {"b": "if (a) { b } else {"}}', "complete", { b = "if (a) { b } else {" } },
  { "comments", hermes('{\n // which\n "name": "w", /* with */ "arguments": {"a": 1, // one\n "b": "x" // two\n}}'), "repaired", { a = 1, b = "x" } },
  { "what only looks like comments", arguments('{"b": "http://x.y/ // z", "content": "/* no */"}'), "complete",
    { b = "http://x.y/ // z", content = "/* no */" } },
  -- arguments
  { "arguments in arguments", arguments('{"arguments": {"a": 1}}'), "repaired", { a = 1 } },
  { "arguments in a parameter", "<function=w><parameter=input>{\"a\": 1}</parameter></function>", "repaired", { a = 1 } },
  { "arguments in arguments that are none of the tool's", arguments('{"arguments": {"z": 1}}'), "complete", { arguments = { z = 1 } } },
  { "arguments as text", arguments('"{\\"a\\": 1}"'), "complete", { a = 1 } },
  { "arguments as text in single quotes", arguments([["{'a': 1}"]]), "repaired", { a = 1 } },
  { "no arguments", hermes('{"name": "w"}'), "complete", {} },
  { "null for arguments", arguments("null"), "complete", {} },
  { "in a wrapper", '{"tool_call": {"name": "w", "arguments": {"a": 1}}}', "complete", { a = 1 } },
  { "in OpenAI's old wrapper", '{"function_call": {"name": "w", "arguments": "{\\"a\\": 1}"}}', "complete", { a = 1 } },
  { "with a word more", '{"thought": "I write", "tool": "w", "args": {"b": "x"}}', "complete", { b = "x" } },
  -- lists
  { "a list that is cut in its second call", '[TOOL_CALLS][{"name": "w", "arguments": {"a": 1}}, {"name": "w", "arguments": {"b": "x', "complete", { a = 1 },
    more = { "w" } },
  { "a list whose second call is none", '[TOOL_CALLS][{"name": "w", "arguments": {"a": 1}}, {"name": "w" x}] Done.', "repaired", { a = 1 } },
  { "a list with something else", '[TOOL_CALLS][{"name": "w", "arguments": {"a": 1}}, 7]', "repaired", { a = 1 } },
  { "a list without commas", '[TOOL_CALLS][{"name": "w", "arguments": {"a": 1}} {"name": "x"}]', "repaired", { a = 1 }, more = { "x" } },
  -- names
  { "letters of other alphabets", "<function=w><parameter=a>1</parameter><parameter=城市>北京</parameter></function>", "complete", { a = 1, ["城市"] = "北京" } },
  { "blanks in a parameter's name", "<function=w><parameter=the city>x</parameter></function>", "complete", { ["the city"] = "x" } },
  { "a parameter's name that goes on", "<function=w><parameter=the\ncity>x</parameter></function>" },
  -- what stands around
  { "a byte order mark", "\u{FEFF}" .. arguments('{"a": 1}'), "complete", { a = 1 } },
  { "a byte order mark inside", hermes('\u{FEFF}{"name": "w", "arguments": {"a": 1}}'), "repaired", { a = 1 } },
  { "line ends of two bytes", '<tool_call>\r\n{"name": "w", "arguments": {"a": 1}}\r\n</tool_call>\r\n', "complete", { a = 1 } },
  { "a fence inside the marks", hermes('```json\n{"name": "w", "arguments": {"a": 1}}\n```'), "complete", { a = 1 } },
  { "the end of a thought alone", "I would call w.\n</think>\n" .. arguments('{"a": 1}'), "complete", { a = 1 } },
  -- Python
  { "a call in a list that cannot be read", python("x(b=b'z'), w(a=1)"), "repaired", { a = 1 } },
  { "a number that is none, in a list", python("w(a=1), x(a=1e999)"), "repaired", { a = 1 } },
  { "brackets that cross, in a list", python("x(a=[1), w(a=1)") },
  { "nothing in a list", python(" ") },
  { "zeros before a number", python("w(a=07)"), "repaired", { a = 7 } },
  { "a set", python("w(b={'x', 'y'})"), "complete", { b = { "x", "y" } } },
  { "a set in a set", python("w(b={{'x'}})") },
  { "quotes inside, before a word", python("w(b='sed -n '3,4p' /a/b.py')"), "repaired", { b = "sed -n '3,4p' /a/b.py" } },
  { "quotes inside, before a comma", python("w(b='x 'y', a=1)") },
  { "an expression", python("w(b='x' + 'y')") },
  { "no closing mark of a list", "<|tool_call_start|>[w(a=1)]", "repaired", { a = 1 } },
  { "a blank before a list", "<|tool_call_start|> [w(a=1)] <|tool_call_end|>", "complete", { a = 1 } },
  -- strings in marks of their own
  { "no marks around a text", '<|tool_call>call:w{b:Paris,a:1}<tool_call|>', "repaired", { b = "Paris", a = 1 } },
  { "no marks around a text with a comma", '<|tool_call>call:w{b:Paris, France,a:1}<tool_call|>' },
  { "marks around a key", '<|tool_call>call:w{b:{<|"|>3<|"|>:<|"|>x<|"|>}}<tool_call|>', "complete", { b = { ["3"] = "x" } } },
  { "no value", '<|tool_call>call:w{b:,a:1}<tool_call|>', "repaired", { b = "", a = 1 } },
  { "nothing behind a point", '<|tool_call>call:w{a:108.}<tool_call|>', "complete", { a = 108.0 } },
  -- parameters as text
  { "line ends of two bytes around a value", "<function=w>\r\n<parameter=b>\r\none\r\ntwo\r\n</parameter>\r\n</function>", "complete",
    { b = "one\r\ntwo" } },
  { "a closing mark inside a value", "<function=w><parameter=b>\nx </parameter> y\n</parameter></function>", "complete", { b = "x </parameter> y" } },
  { "a parameter that is not closed", "<function=w>\n<parameter=a>\n1\n<parameter=b>\nx\n</parameter>\n</function>", "repaired", { a = 1, b = "x" } },
  { "a last parameter that is not closed", "<tool_call>\n<function=w>\n<parameter=b>\nx\n</function>\n</tool_call>\n", "repaired", { b = "x" } },
  { "a last parameter that is not closed, and more", "<tool_call>\n<function=w>\n<parameter=b>\nx\n</function>\n</tool_call>\nDone.", "partial",
    { b = "x\n</function>\n</tool_call>\nDone." } },
  { "a call that is not closed inside its mark", "<tool_call>\n<function=w>\n<parameter=a>\n1\n</parameter>\n</tool_call>", "repaired", { a = 1 } },
  { "a value that is escaped once too often", '<function=w><parameter=a>\\"1\\"</parameter></function>', "complete", { a = '\\"1\\"' } },
  { "a call without its opening mark", "<function=w>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>", "complete", { a = 1 } },
  { "blanks around a number", "<function=w><parameter=a> 1 </parameter></function>", "complete", { a = 1 } },
  { "blanks around a text", "<function=w><parameter=b>  x </parameter></function>", "complete", { b = "  x " } },
  { "a text where the schema has a number", "<function=w><parameter=a>one</parameter></function>", "complete", { a = "one" } },
  { "the last content ends with the reply", "TOOL: w\nPATH: a.txt\nCONTENT: x\ny\n", "repaired", { path = "a.txt", content = "x\ny" } },
  { "content up to the next call", "TOOL: w\r\nPATH: a.txt\r\nCONTENT: x\r\ny\r\nTOOL: w\nPATH: b\nCONTENT: z", "complete",
    { path = "a.txt", content = "x\r\ny" }, more = { "w" } },

  -- read in two ways, or not at all
  { "a key twice", arguments('{"a": 1, "a": 2}') },
  { "brackets that cross", arguments('{"a": [1, 2}') },
  { "a colon too few", arguments('{"a" 1}') },
  { "a word that is no value", arguments('{"b": hello}') },
  { "no number of JSON", arguments('{"a": 0x10}') },
  { "a number that begins with 0", arguments('{"a": 01}') },
  { "what is no number", arguments('{"a": NaN}') },
  { "typographic quotes", hermes('{"name": “w”, "arguments": {}}') },
  { "arguments as prose", arguments('"the usual"') },
  { "arguments as a list", arguments('[{"a": 1}]') },
  { "arguments as text that is cut", arguments('"{\\"a\\": 1"') },
  { "a comma too few behind the name", hermes('{"name": "w" "arguments": {"a": 1}}') },
  { "a name of two words", hermes('{"name": "w x", "arguments": {"a": 1}}') },
  { "no name", hermes('{"arguments": {"a": 1}}') },
  { "prose in the marks", hermes("I would call w here") },
  { "inside a call that was cut", 'TOOL: gone\nPATH: <tool_call>{"name": "w", "arguments": {}}</tool_call>' },
  { "prose that breaks into it", '{"tool": "w", "args": {"a": 1} and so on' },
  -- cut off
  { "in a string", '<tool_call>{"name": "w", "arguments": {"b": "cut of', "partial", { b = "cut of" } },
  { "behind a value", '<tool_call>{"name": "w", "arguments": {"a": 1', "partial", { a = 1 } },
  { "a brace too few and no mark", '<tool_call>{"name": "w", "arguments": {"a": 1}', "partial", { a = 1 } },
  { "a brace too few in prose", '{"tool": "w", "args": {"a": 1}', "partial", { a = 1 } },
  { "in a value", "<function=w>\n<parameter=b>\nhel", "partial", { b = "hel" } },
  { "the last parameter is not closed", "<function=w><parameter=a>1</parameter><parameter=b>x</function>", "partial", { a = 1, b = "x</function>" } },
  { "in a list", '[{"tool": "w", "args": {"a": 1}}, {"tool": "w", "args": {"a": 2}}', "partial", { a = 1 }, more = { "w" } },
}
