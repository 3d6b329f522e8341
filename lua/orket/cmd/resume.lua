-- resume.lua: `orket resume [RUN]`: goes on with a run that did not end, as it is or from an earlier card.

local errors = require("orket.errors")
local options = require("orket.options")
local readers = require("orket.reader")
local session = require("orket.session")

local M = {}

M.usage = [[
usage: orket resume [-C DIR] [--json] [--plain] [RUN]

Goes on with a run that was interrupted, stopped or parked (without RUN: with the newest one), until nothing
can go on without a person. Turns that were cut off go on where their journal ends.
  -C DIR       the project (default: the current directory)
  --json       one JSON line per event
  --plain      plain lines even on a terminal
exit: 0 done, 1 failed or refused, 2 usage, 3 parked for a person
]]

local ENDED = { done = true, canceled = true }

local function newest(project)
  local all = readers.runs(project.store, project.dir)
  for i = #all, 1, -1 do
    if not ENDED[all[i].status] then
      return all[i]
    end
  end
  return nil, errors.new("ERR_NOT_FOUND", "no run is unfinished",
    "orket run EPIC begins one, orket run --again EPIC builds a finished epic anew")
end

local function find(project, id)
  if not id then
    return newest(project)
  end
  local run, err = readers.run(project.store, project.dir, id)
  if not run then
    return nil, err
  elseif ENDED[run.status] then
    return nil, errors.new("ERR_USAGE", id .. " is " .. run.status .. ", nothing of it is left to do",
      "orket run --again " .. run.card .. " builds the epic anew")
  end
  return run
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", plain = "flag" }, { "run?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  return session.run(args, function(project)
    local run, err = find(project, args.run)
    return run and { card = run.card, run = run }, err
  end)
end

return M
