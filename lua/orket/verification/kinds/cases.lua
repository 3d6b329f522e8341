-- cases.lua: a fixture's cases, one after the other, each from the card's files on. After a fatal one that
-- did not pass no other one is run: all of them count as errors.

local M = {}

---A case that comes after a fatal one.
---@param case table
---@param fatal string the name of that
---@return TestCase
function M.not_run(case, fatal)
  return { name = case.name, status = "error", why = "not run: " .. fatal .. " did not pass" }
end

local function one(tree, run, case, fatal)
  if fatal then
    return M.not_run(case, fatal)
  end
  local ok, err = tree:begin()
  if not ok then
    return nil, err
  end
  return run(tree, case)
end

---@param tree TestTree
---@param run fun(tree: TestTree, case: table): TestCase|nil, Error|nil  one case
---@return {cases: TestCase[]}|nil found
---@return Error|nil err no fault of the card's
function M.run(tree, run)
  local found, fatal = {}, nil
  for i, case in ipairs(tree.fixture.value.cases) do
    local result, err = one(tree, run, case, fatal)
    if not result then
      return nil, err
    end
    found[i] = result
    fatal = fatal or case.fatal and result.status ~= "passed" and case.name or nil
  end
  return { cases = found }
end

return M
