-- main.lua: the program for specs of requests that fail (ORKET_LUA=tests/support/impatient): its
-- attempts follow at once.

local async, cli, retry = require("orket.async"), require("orket.cli"), require("orket.llm.request.retry")

retry.BACKOFF = 0.01

return function(argv)
  return async.main(cli.run, argv)
end
