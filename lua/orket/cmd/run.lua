-- run.lua: `orket run CARD`: which card, and whether its replies are recorded or played.

local cassette = require("orket.llm.cassette.cassette")
local config = require("orket.project.config")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local options = require("orket.options")
local session = require("orket.project.session")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket run [-C DIR] [--json] [--plain] [--again] [--record FILE | --replay FILE] CARD

Runs an epic, a rock or one issue until nothing can go on without a person. Without CARD it lists what can
run.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON line per event
  --plain   plain lines even on a terminal
  --again   a finished epic is built anew
  --record FILE  writes what the models were asked and answered into a new file, a cassette
  --replay FILE  replies come from a cassette and no socket is opened; a request that it does not have ends
                 the run with the difference
exit: 0 done, 1 failed or refused, 2 usage, 3 parked for a person
]]

local function cannot(name, message, fix)
  return nil, errors.new("ERR_CASSETTE", (message or "cannot use it"):gsub("^" .. name:gsub("%p", "%%%0")
    .. ": ", "")
    .. ": " .. name, fix)
end

local function record_into(name)
  if io.open(name, "rb") then
    return cannot(name, "there is a file already", "name another one, or remove it")
  end
  local file, message = io.open(name, "ab")
  if not file then
    return cannot(name, message, "name a file that can be made")
  end
  file:setvbuf("no") -- what was answered is kept, whatever happens to this process
  return cassette.recorder(function(line)
    return file:write(line)
  end)
end

local function replay_from(name)
  local file, message = io.open(name, "rb")
  local recorded = file and file:read("a")
  if not recorded then
    return cannot(name, message, "orket run --record FILE makes one")
  end
  file:close()
  return cassette.player(recorded, name)
end

local function open_cassette(args)
  if args.record then
    return record_into(args.record)
  end
  return replay_from(args.replay)
end

local OPTIONS = { C = "value", json = "flag", plain = "flag", again = "flag", record = "value",
  replay = "value" }

-- The rocks and epics of the files, for who named none.
local function list_cards(dir)
  local project = config.read(dir)
  io.stderr:write("orket: which card? These can run:\n")
  for _, kind in ipairs({ "rocks", "epics" }) do
    for _, id in ipairs(tables.keys(project[kind] or {})) do
      io.stderr:write("  ", text.clean(string.format("orket run %-20s  %s: %s", id, kind:sub(1, -2),
        project[kind][id].name)), "\n")
    end
  end
  return 2
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, OPTIONS, { "card?" })
  if args and args.record and args.replay then
    args, message = nil, "--record and --replay exclude each other"
  end
  if not args then
    return options.refuse(M.usage, message)
  elseif not args.card then
    return list_cards(args.C or ".")
  end
  if args.record or args.replay then
    args.open_cassette = function()
      return open_cassette(args)
    end
  end
  return (session.run(args))
end

return M
