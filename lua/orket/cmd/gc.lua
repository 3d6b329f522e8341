-- gc.lua: `orket gc`: room for the runs to come.

local cjson = require("cjson")
local gc = require("orket.gc")
local options = require("orket.options")
local projects = require("orket.project")
local report = require("orket.report")
local sys = require("orket.core.sys")
local text = require("orket.view.text")

local M = {}

M.usage = [[
usage: orket gc --keep AGE [--dry-run] [--json] [-C DIR]

Runs that ended longer than AGE ago lose their prompts, replies and calls, and blobs, messages and script
texts that nothing else refers to go; then the file is written anew, smaller (VACUUM: it needs as much
room again for that moment). Stays: every run that did not end, whose cards are not final, that a fork
goes on from, or whose card had a newer run; and of a dropped run its cards, files and costs, and the
number and hash of each event, so that orket check still verifies it. Such a run cannot be replayed,
forked or exported any more. Refused while another process owns the project.
  --keep     how long ago: a whole number and s, m, h, d or w, as in 30d
  --dry-run  say what would go, change nothing
  --json     the result as one JSON line
  -C DIR     the project (default: the current directory)
exit: 0 done, 1 failed or refused, 2 usage
]]

local function parse(argv)
  local args, message = options.parse(argv, { C = "value", keep = "value", ["dry-run"] = "flag", json = "flag" }, {})
  if not args then
    return nil, message
  elseif not args.keep then
    return nil, "missing --keep AGE"
  end
  args.seconds = gc.seconds(args.keep)
  if not args.seconds then
    return nil, "'" .. text.line(args.keep) .. "' is no age: a whole number and s, m, h, d or w, as in 30d"
  end
  return args
end

local function sweep(args)
  local project <close>, err = projects.open(args.C or ".", { own = true })
  if not project then
    if err.code == "ERR_OWNED" then
      err.fix = "orket halt ends the run; orket gc works on a project that nobody works on"
    end
    return nil, err
  end
  return gc.run(project, { keep = args.seconds, dry = args["dry-run"], who = sys.user() })
end

local function megabytes(bytes)
  return string.format("%.1f MB", bytes / 1e6)
end

local function show(result)
  for _, run in ipairs(result.runs) do
    print((result.dry_run and "would drop " or "dropped ") .. text.line(run))
  end
  print(string.format("%s%d runs, %d events, %d messages, %d blobs, %s", result.dry_run and "would go: " or "gone: ",
    #result.runs, result.events, result.messages, result.blobs, megabytes(result.bytes)))
  if not result.dry_run then
    print(string.format("the database had %s, it has %s", megabytes(result.before), megabytes(result.after)))
  end
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local result, err = sweep(args)
  if not result then
    return report.failure(err)
  elseif args.json then
    result.runs = #result.runs > 0 and result.runs or cjson.empty_array
    print(text.json(result))
  else
    show(result)
  end
  return 0
end

return M
