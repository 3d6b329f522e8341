-- keyboard.lua: what a person types, while the loop goes on; and the program stopped, as ^Z asks. The
-- descriptor is opened once more by the loop, so that nothing of it stays with the shell.

local async = require("orket.async")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

---Calls heard(bytes) in a new task for what is typed, until it is stopped or the terminal is gone.
---@param fd integer a terminal
---@param heard fun(bytes: string)
---@return fun()|nil stop  nil when it cannot be read
function M.listen(fd, heard)
  local tty = uv.new_tty(fd, true)
  if not tty then
    return nil
  end
  handles.opened(tty)
  tty:read_start(function(err, bytes)
    if err or not bytes then
      return handles.close(tty)
    end
    async.spawn(heard, bytes)
  end)
  tty:unref()
  return function()
    handles.close(tty)
  end
end

---Stops this program until it is continued.
function M.suspend()
  uv.kill(uv.os_getpid(), "sigstop")
end

return M
