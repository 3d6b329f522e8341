-- sync.lua: `orket sync`: applies the card files to the board.

local options = require("orket.options")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket sync [-C DIR] [--json]

Applies the card files to the board, each difference as a recorded event. Finished cards stay as they are.
exit: 0 applied, 1 failed or refused, 2 usage
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = owner.ask(args.C or ".", { act = "sync", who = sys.user() })
  if not result then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(result))
  else
    for _, id in ipairs(result.created) do
      print("created " .. text.clean(id))
    end
    for _, id in ipairs(result.changed) do
      print("changed " .. text.clean(id))
    end
    print(string.format("%d created, %d changed", #result.created, #result.changed))
  end
  return 0
end

return M
