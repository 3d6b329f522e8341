-- version.lua: `orket version`.

local options = require("orket.options")
local sys = require("orket.core.sys")

local M = {}

M.usage = "usage: orket version\n\nPrints the version of the program: orket MAJOR.MINOR.PATCH.\n"

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, {}, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  print("orket " .. sys.version())
  return 0
end

return M
