-- bench.lua: `orket bench WHAT …`: the engine's own measurements; each is a module orket.bench.<what>
-- with `usage` and run(argv).

local M = {}

local BENCHES = { gate = "orket.dev.bench.gate", streams = "orket.dev.bench.streams",
  turns = "orket.dev.bench.turns" }

M.usage = "usage: orket bench gate|streams|turns …\n\norket bench WHAT --help tells more.\n"

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local module = BENCHES[argv[1]]
  if not module then
    local asked = argv[1] == "--help" or argv[1] == "-h"
    local out = asked and io.stdout or io.stderr
    out:write(M.usage)
    return asked and 0 or 2
  end
  return require(module).run(table.move(argv, 2, #argv, 1, {}))
end

return M
