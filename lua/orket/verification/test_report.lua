-- test_report.lua: what the cases of a fixture came to: counts, a text for whoever works on the card, JSON
-- and JUnit. Each case counts once, so that the counts sum to the total; no case at all is a failure. Pure.

local cjson = require("cjson")
local strings = require("orket.util.strings")

local M = {}

local CASES_MAX = 1000 -- that a report lists; all of them are counted
local WHY_MAX = 2000 -- bytes
local LOG_MAX = 16 * 1024
local NAMED_MAX = 20 -- cases that did not pass, in the text

---@class TestCase
---@field name string
---@field status "passed"|"failed"|"error"|"skipped"  error: it came to no result
---@field why string?     of one that did not pass
---@field ms integer?
---@field hidden boolean? agents are not told why

---@class TestCounts
---@field total integer
---@field passed integer
---@field failed integer
---@field errors integer
---@field skipped integer

---@class TestReport
---@field ok boolean
---@field counts TestCounts
---@field why string?     why the whole did not pass, besides its cases
---@field cases TestCase[] at most CASES_MAX, those that did not pass before others

local COUNTED = { passed = "passed", failed = "failed", error = "errors", skipped = "skipped" }

local function count(cases)
  local counts = { total = #cases, passed = 0, failed = 0, errors = 0, skipped = 0 }
  for _, case in ipairs(cases) do
    local kind = COUNTED[case.status]
    counts[kind] = counts[kind] + 1
  end
  return counts
end

-- What stands against the whole: none of it is a matter of one case.
local function objection(counts, skips)
  if counts.total == 0 then
    return "no test was run"
  elseif counts.skipped > skips then
    return counts.skipped .. " tests were skipped, and " .. skips .. " may be"
  elseif counts.passed == 0 and counts.failed + counts.errors == 0 then
    return "no test passed"
  end
end

local function row_of(case)
  return { name = strings.shortened(strings.of_bytes(case.name), 500), status = case.status, ms = case.ms,
    why = case.why and strings.shortened(strings.of_bytes(case.why), WHY_MAX), hidden = case.hidden }
end

local function listed(cases, counts)
  local list = {}
  local room = CASES_MAX - (counts.total - counts.passed) -- for those that passed
  for _, case in ipairs(cases) do
    local is_passed = case.status == "passed"
    if #list < CASES_MAX and (not is_passed or room > 0) then
      list[#list + 1] = row_of(case)
      room = room - (is_passed and 1 or 0)
    end
  end
  return setmetatable(list, cjson.array_mt)
end

---@param cases TestCase[]
---@param options {skips: integer?, why: string?}?  skips: how many may be; why: what failed the whole
---@return TestReport
function M.of(cases, options)
  options = options or {}
  local counts = count(cases)
  local why = options.why or objection(counts, options.skips or 0)
  return { ok = not why and counts.failed + counts.errors == 0, counts = counts, why = why,
    cases = listed(cases, counts) }
end

---@param counts TestCounts
---@return string "3 of 4 tests passed, 1 failed"
function M.summary(counts)
  local parts = { string.format("%d of %d tests passed", counts.passed, counts.total) }
  for _, kind in ipairs({ "failed", "errors", "skipped" }) do
    parts[#parts + 1] = counts[kind] > 0 and string.format("%d %s", counts[kind], kind) or nil
  end
  return table.concat(parts, ", ")
end

local function told(case, is_agent)
  if is_agent and case.hidden then
    return "what it expects is not told"
  end
  return case.why or case.status
end

---The report as text: the summary, then what did not pass.
---@param report TestReport
---@param is_agent boolean? leaves out what hidden cases expect
---@return string
function M.text(report, is_agent)
  local lines = { M.summary(report.counts) .. (report.why and "\n" .. report.why or "") }
  for _, case in ipairs(report.cases) do
    if case.status ~= "passed" and #lines <= NAMED_MAX then
      lines[#lines + 1] = case.status .. ": " .. case.name .. ": " .. told(case, is_agent)
    end
  end
  local text = table.concat(lines, "\n")
  return #text > LOG_MAX and strings.cut(text, LOG_MAX) .. "\n[cut]" or text
end

local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["\n"] = "&#10;" }

-- XML has no control characters, however they are written.
local function escaped(text)
  return (text:gsub("[%z\1-\8\11-\31\127]", "?"):gsub('[&<>"\n]', ESCAPED))
end

local TAGS = { failed = "failure", error = "error", skipped = "skipped" }

local function junit_case(case)
  local begin = string.format('  <testcase name="%s" time="%.3f"', escaped(case.name), (case.ms or 0) / 1000)
  local tag = TAGS[case.status]
  if not tag then
    return begin .. "/>"
  end
  return string.format('%s>\n    <%s message="%s"/>\n  </testcase>', begin, tag,
    escaped(case.why or case.status))
end

---The report as JUnit has it.
---@param report TestReport
---@param name string
---@return string XML
function M.junit(report, name)
  local counts, lines = report.counts, { '<?xml version="1.0" encoding="UTF-8"?>' }
  lines[2] = string.format('<testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d">',
    escaped(name), counts.total, counts.failed, counts.errors, counts.skipped)
  for _, case in ipairs(report.cases) do
    lines[#lines + 1] = junit_case(case)
  end
  lines[#lines + 1] = report.why and "  <system-err>" .. escaped(report.why) .. "</system-err>" or nil
  return table.concat(lines, "\n") .. "\n</testsuite>\n"
end

return M
