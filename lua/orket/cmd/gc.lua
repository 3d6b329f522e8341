-- gc.lua: `orket gc`: room for the runs to come.

local cjson = require("cjson")
local gc = require("orket.history.gc")
local installation = require("orket.programs.installation")
local options = require("orket.options")
local projects = require("orket.project.project")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket gc --keep AGE [--dry-run] [--json] [-C DIR]

Runs of which nothing was heard for longer than AGE lose their prompts, replies and calls; blobs,
messages and script texts that nothing else refers to go, and the directories of their cards (workspace/
EPIC/cards/CARD and layers/CARD), which the journal can make again, and the read-only layers (.orket/bases)
that no open epic starts from. So do files of yours that were kept aside (.orket/kept) longer than AGE ago,
each directory by its name, and what install commands made (.orket/installed) that no program was shown for so
long. A run that was interrupted is as old as its last
event. Then the file is written anew, smaller, when it is below 64 MB or an eighth of it went (VACUUM: for
that moment it needs twice the room of what stays).
Stays, and is reported with the reason: a run whose cards are not final, that waits for an answer, that a fork
goes on from, or whose epic had a younger run; a directory with anything in it that the journal does not
know. Stays always: what was built (workspace/EPIC/tree), and of a dropped run its cards, files and costs,
and the number and hash of each event, so that orket check still verifies it. Such a run cannot be
replayed, forked or exported any more. Refused while another process owns the project.
  --keep     how long ago: a whole number and s, m, h, d or w, as in 30d
  --dry-run  say what would go, with sizes; change nothing
  --json     the result as one JSON line
  -C DIR     the project (default: found upwards from here)
exit: 0 done, 1 failed or refused, 2 usage
]]

local WHY = {
  open = "its cards are not final (orket resume goes on with it, orket move CARD canceled gives one up)",
  asked = "it waits for an answer (orket answer)",
  younger = "its epic had a younger run",
  forked = "a fork goes on from it",
}

local function parse(argv)
  local args, message = options.parse(argv, { C = "value", keep = "value", ["dry-run"] = "flag",
    json = "flag" }, {})
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
    return nil, err
  end
  return gc.run(project, { keep = args.seconds, dry = args["dry-run"], who = sys.user() })
end

local function megabytes(bytes)
  return string.format("%.1f MB", bytes / 1e6)
end

local function show_runs(result)
  for _, run in ipairs(result.runs) do
    print((result.dry_run and "would drop " or "dropped ") .. text.line(run))
  end
  for _, run in ipairs(result.kept) do
    print(("kept %s: %s"):format(text.line(run.id), WHY[run.keeps]))
  end
end

local function show_trees(result)
  for _, tree in ipairs(result.trees) do
    local path = text.line(tree.path)
    if tree.own then
      print(("kept %s: the journal does not know %s"):format(path, text.line(tree.own)))
    else
      print(("%s %s: %d files, %s"):format(result.dry_run and "would remove" or "removed", path, tree.files,
        megabytes(tree.bytes)))
    end
  end
end

local function show_asides(result)
  for _, one in ipairs(result.asides) do
    print(("%s %s, kept aside: %d files, %s"):format(result.dry_run and "would remove" or "removed",
      text.line(one.path), one.files,
      megabytes(one.bytes)))
  end
end

local function show_bases(result)
  for _, one in ipairs(result.bases) do
    print(("%s %s, from which no open epic starts: %d files, %s"):format(
      result.dry_run and "would remove" or "removed", text.line(one.path), one.files, megabytes(one.bytes)))
  end
end

local function show_installed(result)
  for _, one in ipairs(result.installed) do
    print(("%s %s/%s"):format(result.dry_run and "would remove" or "removed", installation.HOME,
      text.line(one.key)))
  end
end

local function show(result)
  show_runs(result)
  show_trees(result)
  show_bases(result)
  show_asides(result)
  show_installed(result)
  print(string.format("%s%d runs, %d events, %d messages, %d blobs, %s",
    result.dry_run and "would go: " or "gone: ", #result.runs, result.events, result.messages,
    result.blobs, megabytes(result.bytes)))
  if not result.dry_run then
    print(string.format("the database had %s, it has %s", megabytes(result.before), megabytes(result.after)))
    if result.cramped then
      print("the disk has no room to write it anew: free some and run orket gc again; "
        .. "what went is used by runs to come")
    end
  end
end

-- Empty lists are lists.
local function json(result)
  for _, key in ipairs({ "runs", "kept", "trees", "bases", "asides", "installed" }) do
    result[key] = #result[key] > 0 and result[key] or cjson.empty_array
  end
  return text.json(result)
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
    return cli_report.failure(err)
  elseif args.json then
    print(json(result))
  else
    show(result)
  end
  return 0
end

return M
