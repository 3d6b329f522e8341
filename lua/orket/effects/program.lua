-- program.lua: a program that is run in a jail, to its end. A service manager that stops the engine signals
-- its programs as well, and they may end first: a program that a signal ended has a result only when the run
-- goes on.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local SETTLES = 0.5 -- seconds in which the same signal reaches the engine

---@param start fun(what: any, done: fun(...))  proc.run, or a permit's perform
---@param what any
---@return table|nil result {exit, signal?, limit?, stdout, stderr, …}
---@return Error|nil
function M.run(start, what)
  local result, err = errors.check(async.await(start, what))
  if result and result.signal and not result.limit then
    local _, stopped = async.sleep(SETTLES)
    if stopped then
      return nil, stopped
    end
  end
  return result, err
end

return M
