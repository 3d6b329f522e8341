-- function_cases.lua: fixtures that call functions of Lua or Python modules. A case is one call in a process
-- of its own; what it returned or raised is compared here.

local cases = require("orket.verification.kinds.cases")
local cjson = require("cjson")
local expectation = require("orket.verification.expectation")
local harnesses = require("orket.verification.kinds.harnesses")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")
local test_tree = require("orket.verification.test_tree")

local M = {}

local PRINTED = 1000 -- bytes of its standard error, beside why it failed

-- ---- the call ----

local function python(value, case)
  local asked = { module = value.module, ["function"] = case["function"],
    arguments = setmetatable(case.arguments or {}, cjson.array_mt) }
  return { "python3", "-I", "-B", "-c", harnesses.python }, cjson.encode(asked)
end

-- A value of JSON as Lua writes it; null is nil.
local function literal(value)
  if type(value) ~= "table" then
    return value == cjson.null and "nil" or string.format("%q", value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = string.format("[%q]=%s", key, literal(item))
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function lua(value, case)
  local arguments = case.arguments or {}
  local asked = string.format("MODULE, FUNCTION, ARGUMENTS, COUNT = %q, %q, %s, %d\n", value.module,
    case["function"], literal(arguments), #arguments)
  return { "lua5.4", "-e", asked .. harnesses.lua }, nil
end

local LANGUAGES = { python = python, lua = lua }

-- ---- the answer ----

-- Lua has one empty table.
local function returned(language, wanted, got)
  if language == "lua" and tables.same(wanted, got) then
    return nil
  end
  return expectation.value(wanted, got)
end

local function difference(language, expect, answer)
  if expect.raises and answer.raises then
    return expectation.match("what it raised", expect.raises, answer.raises)
  elseif expect.raises then
    return "expected an error, got " .. expectation.format_value(answer.returns)
  elseif answer.raises then
    return "it raised " .. answer.raises
  end
  return returned(language, expect.returns, answer.returns)
end

-- The code under test shares its process with the harness, and may answer for it.
local function answer_of(result)
  local answer = cjson.decode(result.stdout)
  local ok = type(answer) == "table"
  for _, key in ipairs(ok and { "error", "raises" } or {}) do
    ok = ok and (answer[key] == nil or type(answer[key]) == "string")
  end
  return ok and answer or nil
end

local function why_not(value, case, result)
  local answer = answer_of(result)
  if result.limit or result.signal or not answer then
    return "it gave no result: " .. test_tree.ending(result)
  end
  return answer.error or difference(value.language, case.expect, answer)
end

local function printed(result)
  local text = strings.of_bytes(result.stderr:sub(-PRINTED))
  return text ~= "" and "\n" .. text or ""
end

local function run_case(tree, case)
  local value = tree.fixture.value
  local argv, stdin = LANGUAGES[value.language](value, case)
  local result, err = tree:run(argv, { stdin = stdin, wall = case.wall })
  if not result then
    return nil, err.code == "ERR_PROC" and test_tree.missing(argv[1]) or err
  end
  local why = why_not(value, case, result)
  return { name = case.name, status = why and "failed" or "passed", why = why and why .. printed(result),
    ms = result.ms, hidden = case.hidden }
end

---@param tree TestTree
---@return {cases: TestCase[]}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree)
  return cases.run(tree, run_case)
end

return M
