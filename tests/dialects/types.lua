-- types.lua: what becomes of a parameter that is written as text, by its schema.
--   { schema of the parameter p, text, value, defs? }

local null = require("cjson").null

local NULL = { type = "null" }
local POINT = { type = "object", properties = { x = { type = "integer" } } }
local DEFS = { Point = POINT, Alias = { ["$ref"] = "#/$defs/Point" }, Loop = { ["$ref"] = "#/$defs/Loop" },
  ["a/b~c"] = { type = "string" }, Wide = { anyOf = {} },
    Either = { anyOf = { { type = "integer" }, NULL } } }
for i = 1, 40 do
  DEFS.Wide.anyOf[i] = { ["$ref"] = "#/$defs/Wide" }
end

return {
  { { type = "string" }, "42", "42" },
  { { type = "string" }, "null", "null" },
  { { type = "string" }, '{"a": 1}', '{"a": 1}' },
  { { type = "integer" }, "42", 42 },
  { { type = "integer" }, "007", 7 },
  { { type = "integer" }, "4.5", "4.5" },
  { { type = "integer" }, "many", "many" },
  { { type = "number" }, "4.5", 4.5 },
  { { type = "number" }, "42", 42 },
  { { type = "float" }, "3.14", 3.14 },
  { { type = "int" }, "42", 42 },
  { { type = "boolean" }, "true", true },
  { { type = "bool" }, "False", false },
  { { type = "boolean" }, "1", "1" },
  { { type = "null" }, "null", null },
  { { type = "array" }, '["a", 1]', { "a", 1 } },
  { { type = "array" }, "['a']", { "a" } },
  { { type = "array" }, "a, b", "a, b" },
  { { type = "object" }, '{"a": {"b": [1]}}', { a = { b = { 1 } } } },
  { { type = "dict" }, "{'a': True}", { a = true } },
  { { type = "array" }, '[{\\"a\\": \\"C:\\\\\\\\x\\"}]', { { a = "C:\\x" } } },
  { { type = "string" }, '[{\\"a\\": 1}]', '[{\\"a\\": 1}]' },
  { {}, "42", "42" },
  -- alternatives
  { { type = { "integer", "null" } }, "42", 42 },
  { { type = { "integer", "null" } }, "null", null },
  { { type = { "string", "integer" } }, "42", 42 },
  { { type = { "string", "integer" } }, "42 of them", "42 of them" },
  { { type = { "object", "string" } }, '{"a": 1}', { a = 1 } },
  { { type = { "object", "string" } }, "{not valid", "{not valid" },
  { { anyOf = { { type = "integer" }, NULL } }, "5", 5 },
  { { anyOf = { { type = "integer" }, NULL } }, "null", null },
  { { anyOf = { { type = "string" }, NULL } }, "null", null },
  { { anyOf = { { type = "string" }, NULL } }, "text", "text" },
  { { oneOf = { { type = "array" }, NULL } }, "[1]", { 1 } },
  { { oneOf = { { type = "boolean" }, { type = "integer" } } }, "true", true },
  { { allOf = { { type = "object" } } }, '{"a": 1}', { a = 1 } },
  { { anyOf = { { anyOf = { { type = "integer" } } }, NULL } }, "5", 5 },
  -- between quotes that nobody asked for
  { { type = "integer" }, '"42"', 42 },
  { { type = "boolean" }, '"true"', true },
  { { type = "integer" }, '"many"', '"many"' },
  { { type = { "integer", "string" } }, '"42"', '"42"' },
  { { type = "integer" }, "1.25e2", 125.0 },
  -- said in other words
  { { enum = { "7", 8 } }, "7", "7" },
  { { enum = { "7", 8 } }, "8", 8 },
  { { type = { "string", "null" }, enum = { "null" } }, "null", "null" },
  { { enum = { 1, 2 } }, "2", 2 },
  { { enum = { "1", "2" } }, "2", "2" },
  { { const = 5 }, "5", 5 },
  { { properties = { a = {} } }, '{"a": 1}', { a = 1 } },
  { { items = {} }, "[1]", { 1 } },
  -- references
  { { ["$ref"] = "#/$defs/Point" }, '{"x": 1}', { x = 1 }, DEFS },
  { { ["$ref"] = "#/$defs/Alias" }, '{"x": 1}', { x = 1 }, DEFS },
  { { anyOf = { { ["$ref"] = "#/$defs/Point" }, NULL } }, '{"x": 1}', { x = 1 }, DEFS },
  { { ["$ref"] = "#/$defs/Loop" }, "5", "5", DEFS },
  { { ["$ref"] = "#/$defs/None" }, "5", "5", DEFS },
  { { ["$ref"] = "elsewhere.json" }, "5", "5", DEFS },
  { { ["$ref"] = "#/$defs/a~1b~0c" }, "null", "null", DEFS },
  { { ["$ref"] = "#/$defs/Either/anyOf/0" }, "5", 5, DEFS },
  { { ["$ref"] = "#/$defs/Wide" }, "5", "5", DEFS },
}
