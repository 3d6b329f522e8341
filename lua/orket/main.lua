-- main.lua: the boot function: argv in, exit code out. CLI, REPL and tests start here.

local async = require("orket.async")
local cli = require("orket.cli")

return function(argv)
  return async.main(cli.run, argv)
end
