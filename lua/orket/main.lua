-- main.lua: the boot function: argv in, exit code out. CLI, REPL and tests start here.

local async = require("orket.async")
local cli = require("orket.cli")

-- Measured with a hundred turns under way. The generational collector falls back to whole cycles again and
-- again. The incremental one does 64 times the work that the manual says of its multiplier: with the default
-- a whole cycle comes at once and holds the loop up for 30 ms; with 4 it is spread.
collectgarbage("incremental", 150, 4)

return function(argv)
  return async.main(cli.run, argv)
end
