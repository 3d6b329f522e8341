-- replay.lua: `orket replay RUN`: does the recorded run follow from its scripts, replies and results?

local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local options = require("orket.options")
local projects = require("orket.project.project")
local replay = require("orket.history.replay")
local cli_report = require("orket.view.cli_report")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket replay [-C DIR] [--strict] [--json] [--role FILE | --scripts] [--config] [--card ID] RUN

Derives the turns of a recorded run again, from its scripts and the answers of its journal, in a scratch
directory: nothing is asked, nothing is written. Ends with the run's hash, or with the first event that
differs.
  -C DIR       the project (default: found upwards from here)
  --strict     the engine's own events too: where verifications, parking and the run's end moved the cards
  --json       the outcome as one JSON object
  --role FILE  with this text in the place of the recorded role of that name
  --scripts    with the project's scripts as they are now
  --config     with the project's configuration as it is now, where it says what the run follows from
  --card ID    only what was done with this card, whatever comes out otherwise before it
exit: 0 the same, 1 not the same, 2 usage
]]

local function read_role(name)
  local file, message = io.open(name, "rb")
  local body = file and file:read("a")
  if not body then
    return nil, errors.new("ERR_NOT_FOUND", message or "cannot read " .. name, "name a file of a role")
  end
  file:close()
  return { ["roles/" .. name:match("([^/]+)$")] = body }
end

local function other_scripts(project, args)
  if args.role then
    return read_role(args.role)
  elseif args.scripts then
    local texts, problems = scripts.texts(project.root)
    return #problems == 0 and texts or nil, problems[1]
  end
end

local function show(args, result, seconds)
  if args.json then
    result.changed = setmetatable(tables.keys(result.changed), cjson.array_mt)
    setmetatable(result.settings, cjson.array_mt)
    result.ok, result.seconds = true, seconds
    print(text.json(result))
    return 0
  end
  for _, path in ipairs(tables.keys(result.changed)) do
    print(path .. " is another one: it makes no difference to this run")
  end
  for _, path in ipairs(result.settings) do
    print("the setting " .. path .. " is another one: it makes no difference to this run")
  end
  print(string.format("%s: %d events of %d turns%s derived again (%.0f/s)\nhash %s, as recorded%s",
    result.run, result.events,
    result.turns, args.card and " of " .. text.line(args.card) or "", result.events / math.max(seconds, 1e-6),
    result.hash, result.signed and " and signed" or "; not signed, the run did not end"))
  return 0
end

local function refuse(args, err)
  if args.json and err.code == "ERR_REPLAY" then
    print(text.json({ ok = false, error = err }))
    return 1
  end
  return cli_report.failure(err)
end

local OPTIONS = { C = "value", json = "flag", strict = "flag", config = "flag", card = "value",
  role = "value", scripts = "flag" }

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, OPTIONS, { "run" })
  if args and args.role and args.scripts then
    args, message = nil, "--role and --scripts exclude each other"
  end
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", {})
  if not project then
    return cli_report.failure(err)
  end
  local others, why = other_scripts(project, args)
  if why then
    return cli_report.failure(why)
  end
  local began = sys.monotonic()
  local result
  result, err = replay.run(project, args.run, { scripts = others, config = args.config, card = args.card,
    strict = args.strict })
  if not result then
    return refuse(args, err)
  end
  return show(args, result, sys.monotonic() - began)
end

return M
