-- fork.lua: `orket fork RUN@EVENT`: a new run that goes on from a moment of another one.

local cjson = require("cjson")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local options = require("orket.options")
local owner = require("orket.project.owner")
local cli_report = require("orket.view.cli_report")
local sys = require("orket.core.sys")

local M = {}

M.usage = [[
usage: orket fork [-C DIR] [--json] [--set KEY=VALUE]... [--role FILE] RUN@EVENT

A new run that goes on from a moment of RUN, with cards and directories of its own; RUN stays as it is.
EVENT is the event's number (orket log --run RUN shows it), or TURN.N, the N-th event of a turn.
  --set KEY=VALUE       another value for a field of the card that EVENT is about, or of the epic
  --set CARD:KEY=VALUE  of another card that is open then
  --role FILE           FILE, called ROLE.lua, serves that role in the fork, and only there
  -C DIR                the project (default: found upwards from here)
  --json                the answer as one JSON line
exit: 0 done, 1 failed or refused, 2 usage
]]

-- The role that a file is for, and its text: {role, text}.
local function read_role(path)
  local role = path:match("([%w_-]+)%.lua$")
  if not role then
    return nil, errors.new("ERR_USAGE", "it is unknown which role " .. path .. " is for",
      "its name has to be ROLE.lua")
  end
  local file <close>, message = io.open(path, "rb")
  local text
  if file then
    text, message = file:read("a")
  end
  if not text then
    local why = message:gsub("^" .. path:gsub("%p", "%%%0") .. ": ", "")
    return nil, errors.new("ERR_IO", path .. ": " .. why, "give a file that can be read")
  elseif not utf8.len(text) then
    return nil, errors.new("ERR_UTF8", path .. " is no text: it is not UTF-8", "give the text of a role")
  end
  return { role = role, text = text }
end

local function parse(argv)
  local known = { C = "value", json = "flag", set = "list", role = "value" }
  local args, message = options.parse(argv, known, { "moment" })
  if not args then
    return nil, message
  end
  args.run, args.at = event_ref.split(args.moment)
  if not args.run then
    return nil, "'" .. args.moment .. "' is not RUN@EVENT"
  end
  for _, text in ipairs({ args.moment, table.unpack(args.set or {}) }) do
    if not utf8.len(text) then
      return nil, "an argument is not UTF-8"
    end
  end
  return args
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = parse(argv)
  if not args then
    return options.refuse(M.usage, message)
  end
  local own, err = {}
  if args.role then
    own, err = read_role(args.role)
    if not own then
      return cli_report.failure(err)
    end
  end
  local result
  result, err = owner.ask(args.C or ".", {
    act = "fork", run = args.run, at = args.at, set = args.set and cjson.encode(args.set), role = own.role,
    script = own.text, who = sys.user(),
  })
  if not result then
    return cli_report.failure(err)
  end
  return cli_report.answer(args, result)
end

return M
