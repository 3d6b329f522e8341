-- main.lua: the program beside an editor that has emptied a file (ORKET_LUA=tests/support/editor): while the
-- program waits for the rest of scripts that it could not use, the editor writes nodes/policy/p.lua, once, as
-- .test/saved has it.

local async, cli = require("orket.async"), require("orket.cli")

local SETTLE = 0.1 -- as in lua/orket/scripts/serving/change.lua
local sleep = async.sleep

local function save()
  local saved = io.open(".test/saved", "rb")
  if saved then
    local file = assert(io.open("nodes/policy/p.lua", "wb"))
    file:write(saved:read("a"))
    file:close()
    saved:close()
    os.remove(".test/saved")
  end
end

async.sleep = function(seconds)
  if seconds == SETTLE then
    save()
  end
  return sleep(seconds)
end

return function(argv)
  return async.main(cli.run, argv)
end
