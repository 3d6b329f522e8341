-- export.lua: `orket export RUN`: everything about a run in one file that can be verified anywhere.

local bundle = require("orket.core.bundle")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local options = require("orket.options")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket export [-C DIR] [--json] [-o FILE] RUN

Writes a run as one file: its events, the texts of its scripts, files and conversations, what the board says
about its cards, and its signed head; of a fork also what it goes on from. orket verify FILE tells whether
anything was changed since.
  -C DIR    the project (default: found upwards from here)
  -o FILE   the file (default: standard output); it appears when it is whole
  --json    with -o: what was written, as one JSON object
exit: 0 written, 1 failed, 2 usage
]]

local function export(args)
  local store <close>, err = reader.open(args.C or ".")
  if not store then
    return nil, err
  end
  local run
  run, err = reader.run(store, args.C or ".", args.run)
  if not run then
    return nil, err
  end
  err = event_ref.dropped(store, run.id)
  if err then
    return nil, err
  end
  return errors.check(bundle.export(store, run.id, sys.version(), args.o))
end

local function tell(args, result)
  result.run, result.file = args.run, args.o
  if args.json then
    print(text.json(result))
  else
    local prefix = result.counts.prefix > 0 and string.format(" and %d that it goes on from",
      result.counts.prefix) or ""
    print(text.block(string.format("%s: %d events%s, %d records; signed by %s", args.o, result.counts.event,
      prefix,
      result.records, result.key)))
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", o = "value" }, { "run" })
  if not args then
    return options.refuse(M.usage, message)
  elseif args.json and not args.o then
    return options.refuse(M.usage, "--json needs -o FILE")
  end
  local result, err = export(args)
  if not result then
    return cli_report.failure(err)
  elseif args.o then
    tell(args, result)
  end
  return 0
end

return M
