-- readonly.lua: a command that only looks at a project: its words are understood, the database is open while
-- it looks, and what fails is printed.

local options = require("orket.options")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")

local M = {}

---@param usage string
---@param fn fun(store: Store, args: table, dir: string): integer|nil, Error|nil  answers an exit code
---@param args table|nil as options.parse answers them
---@param message string|nil
---@return integer exit code
function M.run(usage, fn, args, message)
  if not args then
    return options.refuse(usage, message)
  end
  local dir, code = args.C or ".", nil
  local store <close>, err = reader.open(dir)
  if store then
    code, err = fn(store, args, dir)
  end
  return code or cli_report.failure(err)
end

return M
