-- command_cases.lua: fixtures that run commands. A case is one program with its arguments and its input, in a
-- jail of its own; what it printed and how it ended is judged here.

local cases = require("orket.verification.kinds.cases")
local expectation = require("orket.verification.expectation")
local strings = require("orket.util.strings")
local test_tree = require("orket.verification.test_tree")

local M = {}

local OUTPUT_TOLD = 1000 -- bytes of what a program printed, beside why it failed

local function exit_of(wanted, result)
  if result.limit or result.signal or result.exit ~= wanted then
    return "expected exit code " .. wanted .. ", got " .. test_tree.ending(result)
  end
end

-- What may be expected beside the exit code, in the order in which it is compared.
local CHECKS = {
  { "stdout", function(wanted, result) return expectation.text("stdout", wanted, result.stdout) end },
  { "matches", function(wanted, result) return expectation.match("stdout", wanted, result.stdout) end },
  { "stderr_matches", function(wanted, result)
    return expectation.match("stderr", wanted, result.stderr)
  end },
  { "json", function(wanted, result) return expectation.json("stdout", wanted, result.stdout) end },
}

local function difference(expect, result)
  local why = exit_of(expect.exit or 0, result)
  for _, check in ipairs(CHECKS) do
    local wanted = expect[check[1]]
    if not why and wanted then
      why = check[2](wanted, result)
    end
  end
  return why
end

local function printed(result)
  local text = strings.of_bytes((result.stderr ~= "" and result.stderr or result.stdout):sub(1, OUTPUT_TOLD))
  return text ~= "" and "\n" .. text or ""
end

local function run_case(tree, case)
  local result, err = tree:run(case.argv or tree.fixture.value.argv, case)
  if not result and err.code ~= "ERR_PROC" then
    return nil, err
  elseif not result then
    return { name = case.name, status = "error", why = err.message, hidden = case.hidden }
  end
  local why = difference(case.expect or {}, result)
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
