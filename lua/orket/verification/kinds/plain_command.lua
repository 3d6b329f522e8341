-- plain_command.lua: a fixture without a kind: one command, which passes when it exits with 0.

local errors = require("orket.errors")
local strings = require("orket.util.strings")
local test_tree = require("orket.verification.test_tree")

local M = {}

local LOG_MAX = 16 * 1024

local function log_of(result)
  local text = test_tree.ending(result) .. "\n" .. (result.stdout or "") .. (result.stderr or "")
  return strings.of_bytes(text:sub(1, LOG_MAX)) .. (#text > LOG_MAX and "\n[cut]" or "")
end

local function found(tree, status, log, ms)
  return { log = log, cases = { { name = tree.fixture.name, status = status, ms = ms,
    why = status ~= "passed" and log or nil } } }
end

---@param tree TestTree
---@return {cases: TestCase[], log: string}|nil found  with what the program printed
---@return Error|nil err no fault of the card's
function M.run(tree)
  local ok, err = tree:begin()
  local result
  if ok then
    result, err = tree:run(tree.fixture.value.argv)
  end
  if result then
    local passed = result.exit == 0 and not result.limit and not result.signal
    return found(tree, passed and "passed" or "failed", log_of(result), result.ms)
  elseif err.code ~= "ERR_PROC" then
    return nil, err
  end
  return found(tree, "error", "the verification could not run: " .. errors.line(err))
end

return M
