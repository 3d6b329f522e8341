-- contract.lua: what contract_spec.lua runs inside the binary.

local M = {}

function M.loads_all()
  local scripts = require("orket.scripts.scripts")
  local texts = scripts.texts(nil)
  local generation, problems = scripts.build(texts, {}, nil)
  for _, problem in ipairs(problems) do
    print(problem.path, problem.err.message)
  end
  local count = 0
  for _ in pairs(generation and generation.files or {}) do
    count = count + 1
  end
  print(count .. " " .. #problems)
end

return M
