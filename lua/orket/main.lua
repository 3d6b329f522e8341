-- main.lua: the boot function: argv in, exit code out. CLI, REPL and tests start here.

local async = require("orket.async")
local cli = require("orket.cli")

-- Short-lived tables are most of what the runtime makes.
collectgarbage("generational")

return function(argv)
  return async.main(cli.run, argv)
end
