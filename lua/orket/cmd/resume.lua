-- resume.lua: `orket resume [RUN]`: goes on with a run that did not end, as it is or from an earlier card.

local errors = require("orket.errors")
local options = require("orket.options")
local reader = require("orket.project.reader")
local rewind = require("orket.scheduler.jobs.rewind")
local session = require("orket.project.session")
local sys = require("orket.core.sys")

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

local ENDED = { done = true, canceled = true }

-- Plans and conversations wait for a person; they are gone on with by name.
local function is_of_plan(store, run)
  local card = store:read("card", { id = run.card })[1]
  return card ~= nil and type((card.data.params or {}).planning) == "table"
end

local function newest(project)
  local all = reader.runs(project.store, project.dir)
  for i = #all, 1, -1 do
    if not ENDED[all[i].status] and not is_of_plan(project.store, all[i]) then
      return all[i]
    end
  end
  return nil, errors.new("ERR_NOT_FOUND", "no run is unfinished",
    "orket run EPIC begins one, orket run --again EPIC builds a finished epic anew")
end

local function find(project, id, from)
  if not id then
    return newest(project)
  end
  local run, err = reader.run(project.store, project.dir, id)
  if not run then
    return nil, err
  elseif ENDED[run.status] then
    return nil, errors.new("ERR_USAGE", id .. " is " .. run.status .. ", nothing of it is left to do",
      "orket run --again " .. run.card .. " builds the epic anew" .. (from and "; orket fork " .. id
        .. "@EVENT goes on from a moment before " .. from .. " was done" or ""))
  end
  return run
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", plain = "flag", from = "value" },
    { "run?" })
  if not args then
    return options.refuse(M.usage, message)
  end
  return session.run(args, function(project, note)
    local run, err = find(project, args.run, args.from)
    if run and args.from then
      local said
      said, err = rewind.perform(project, run, args.from, sys.user())
      if not said then
        return nil, err
      end
      note(run.id .. " " .. said)
      run.only = nil -- all of it goes on, also when it was of one card
    end
    return run and { card = run.card, run = run }, err
  end)
end

return M
