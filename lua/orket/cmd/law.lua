-- law.lua: `orket law`: prints the card state machine as it is published.

local cjson = require("cjson")
local fsm = require("orket.core.fsm")
local options = require("orket.options")

local M = {}

M.usage = [[
usage: orket law [--json]

Prints the card state machine as a page, or its rows as JSON.
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  elseif args.json then
    local names = fsm.names()
    names.rows = fsm.rows()
    print(cjson.encode(names))
  else
    io.stdout:write(require("orket.dev.fsm_doc").render())
  end
  return 0
end

return M
