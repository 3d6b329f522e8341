-- push.lua: `orket push EPIC`: an epic's branch goes to a remote that the configuration names.

local options = require("orket.options")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")

local M = {}

M.usage = [[
usage: orket push [-C DIR] [--remote NAME] [--json] EPIC

Writes the branch orket/EPIC (orket branch) and pushes it to a remote of the configuration ("remotes"): over
https, or into a repository on this machine. Only forwards: commits of others are never replaced. The act is
recorded. No program of git has a network or a key, and no hook of yours runs.
  --remote NAME  default: the one that the epic came from, else the only one
  -C DIR         the project (default: found upwards from here)
  --json         {"card","remote","branch","commit","was"?,"message"}
exit: 0 done, 1 failed or refused, 2 usage
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", remote = "value", json = "flag" }, { "epic" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = owner.ask(args.C or ".", { act = "push", card = args.epic, remote = args.remote,
    who = sys.user() })
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

return M
