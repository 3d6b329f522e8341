-- junit.lua: the cases of a JUnit report, as pytest, ctest and busted write them. The counts that a suite
-- states have to be those of its cases. Pure.

local xml = require("orket.verification.formats.xml")

local M = {}

local KINDS = { failure = "failed", error = "error", skipped = "skipped" }

local function text_of(element)
  local parts = { element.attributes.message }
  for _, part in ipairs(element) do
    parts[#parts + 1] = type(part) == "string" and part:find("%S") and part or nil
  end
  return table.concat(parts, "\n")
end

local function name_of(element)
  local name, class = element.attributes.name or "", element.attributes.classname or ""
  return (class == "" or class == name) and name or class .. "." .. name
end

-- ctest names what it did not run by its status alone.
local STATUS = { notrun = "skipped", disabled = "skipped", fail = "failed" }

local function case_of(element)
  local seconds = tonumber(element.attributes.time)
  local case = { name = name_of(element), status = STATUS[element.attributes.status] or "passed",
    ms = seconds and math.tointeger(math.floor(math.min(seconds, 1e9) * 1000 + 0.5)) }
  for _, part in ipairs(element) do
    local status = type(part) == "table" and KINDS[part.name]
    if status and (case.status == "passed" or case.status == "skipped") then
      case.status, case.why = status, text_of(part)
    end
  end
  return case
end

-- Adds the cases below an element; answers how many.
local function collect(element, cases)
  local before = #cases
  for _, part in ipairs(element) do
    local name = type(part) == "table" and part.name
    if name == "testcase" then
      cases[#cases + 1] = case_of(part)
    elseif name == "testsuite" then
      collect(part, cases)
    end
  end
  return #cases - before
end

local function disagreement(element, count)
  local stated = element.attributes.tests
  if stated and tonumber(stated) ~= count then
    return string.format("it states %s tests, and has %d", stated:sub(1, 20), count)
  end
end

---@param text string
---@return TestCase[]|nil cases
---@return string|nil message
function M.parse(text)
  local root, message = xml.parse(text)
  if not root then
    return nil, message
  elseif root.name ~= "testsuites" and root.name ~= "testsuite" then
    return nil, "its root is <" .. root.name .. ">, not <testsuites>"
  end
  local cases = {}
  local wrong = disagreement(root, collect(root, cases))
  for _, part in ipairs(root) do
    if type(part) == "table" and part.name == "testsuite" then
      wrong = wrong or disagreement(part, collect(part, {}))
    end
  end
  return not wrong and cases or nil, wrong
end

return M
