-- browser_cases.lua: fixtures that use a web page of a service with Chromium. A case opens a page, does its
-- steps, and compares what the page shows then.

local cjson = require("cjson")
local expectation = require("orket.verification.expectation")
local harnesses = require("orket.verification.kinds.harnesses")
local service_cases = require("orket.verification.kinds.service_cases")
local tables = require("orket.util.tables")

local M = {}

-- A browser takes more than other programs.
local LIMITS = { wall = 60, cpu = 60, memory = 2 * 1024 * 1024 * 1024, procs = 500,
  output = 16 * 1024 * 1024 }

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

local function request(case)
  return { path = case.path, steps = array(case.steps or {}),
    texts = array(tables.keys((case.expect or {}).texts or {})) }
end

local function texts_of(wanted, got)
  for _, selector in ipairs(tables.keys(wanted)) do
    local difference = expectation.value(wanted[selector], got[selector])
    if difference then
      return selector .. ": " .. difference
    end
  end
end

local CHECKS = {
  { "title", function(wanted, answer) return expectation.text("title", wanted, answer.title) end },
  { "path", function(wanted, answer) return expectation.text("path", wanted, answer.path) end },
  { "texts", function(wanted, answer) return texts_of(wanted, answer.texts) end },
  { "matches", function(wanted, answer) return expectation.match("page", wanted, answer.body) end },
}

local function difference(expect, answer)
  for _, check in ipairs(CHECKS) do
    local wanted = expect[check[1]]
    local why = wanted and check[2](wanted, answer)
    if why then
      return why
    end
  end
end

---@param tree TestTree
---@return {cases: TestCase[], why: string|nil}|nil found
---@return Error|nil err no fault of the card's, also: Chromium is not installed
function M.run(tree)
  return service_cases.run(tree, { harness = harnesses.browser, request = request, difference = difference,
    limits = LIMITS })
end

return M
