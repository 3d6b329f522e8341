-- law.lua: `orket law`: prints the card state machine as it is published.

local cjson = require("cjson")
local fsm = require("orket.core.fsm")

local M = {}

M.usage = [[
usage: orket law [--json]

Prints the card state machine as a page, or its rows as JSON.
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  if argv[1] == "--help" then
    io.stdout:write(M.usage)
    return 0
  elseif argv[1] == "--json" and not argv[2] then
    local law = fsm.names()
    law.rows = fsm.rows()
    print(cjson.encode(law))
    return 0
  elseif argv[1] then
    io.stderr:write(M.usage)
    return 2
  end
  io.stdout:write(require("orket.dev.fsm_doc").render())
  return 0
end

return M
