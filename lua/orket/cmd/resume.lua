-- resume.lua: `orket resume [RUN]`: goes on with a run that did not end, as it is or from an earlier card.

local options = require("orket.options")
local session = require("orket.project.session")

local M = {}

M.usage = [[
usage: orket resume [-C DIR] [--json] [--plain] [--from CARD] [RUN]

Goes on with a run that was interrupted, stopped or parked (without RUN: with the newest one), until nothing
can go on without a person. Turns that were cut off go on where their journal ends.
  -C DIR       the project (default: found upwards from here)
  --json       one JSON line per event
  --plain      plain lines even on a terminal
  --from CARD  begins again at this card: it and all that depends on it are worked on anew, the rest stays
exit: 0 done, 1 failed or refused, 2 usage, 3 parked for a person
]]

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", plain = "flag", from = "value" },
    { "run?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  return (session.run(args, { act = "resume", run = args.run, from = args.from }))
end

return M
