-- copy.lua: a file as it is, with its rights: what a fixture runs may be a program.

local errors = require("orket.errors")
local uv = require("luv")

local M = {}

---Copies a file over whatever has its new name. The loop waits.
---@param from string path of a file
---@param to string path, in a directory that is there
---@return true|nil ok
---@return Error|nil
function M.file(from, to)
  local ok, message, errno = uv.fs_copyfile(from, to)
  if not ok then
    return nil, errors.of_loop(message, errno)
  end
  return true
end

return M
