-- update.lua: `orket update EPIC`: what changed in an epic's repository is merged into the epic.

local cli_report = require("orket.view.cli_report")
local options = require("orket.options")
local owner = require("orket.project.owner")
local sys = require("orket.core.sys")

local M = {}

M.usage = [[
usage: orket update [-C DIR] [--json] EPIC

Reads the commit that the source of an epic has now and merges it into the epic, as a recorded act. Cards
start with it, open ones when they go on; what these have changed themselves meets it when they are merged.
What a finished card changed in the same place becomes a new card, which finds both sides in its files. Not
while a run works on the epic.
  -C DIR    the project (default: found upwards from here)
  --json    {"card","commit","changed","conflict"?,"paths"?,"message"}
exit: 0 done, 1 failed or refused, 2 usage
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag" }, { "epic" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = owner.ask(args.C or ".", { act = "update", card = args.epic, who = sys.user() })
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

return M
