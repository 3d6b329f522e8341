-- bench.lua: `orket bench WHAT …`: the engine's own measurements; each is a module orket.bench.<what>
-- with `usage` and run(argv).

local options = require("orket.options")

local M = {}

local BENCHES = { gate = "orket.dev.bench.gate", streams = "orket.dev.bench.streams",
  turns = "orket.dev.bench.turns" }

M.usage = "usage: orket bench gate|streams|turns …\n\norket bench WHAT --help prints more.\n"

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local module = BENCHES[argv[1]]
  if not module then
    return options.refuse(M.usage, argv[1] and "there is no bench " .. argv[1] or "missing WHAT")
  end
  return require(module).run(table.move(argv, 2, #argv, 1, {}))
end

return M
