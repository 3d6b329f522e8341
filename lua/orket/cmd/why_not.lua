-- why_not.lua: `orket why-not EVENT`: every check that stands against a refused call; with --try, whether a
-- proposed edit would let it through.

local event_ref = require("orket.history.event_ref")
local options = require("orket.options")
local projects = require("orket.project.project")
local refusals = require("orket.reports.refusals")
local cli_report = require("orket.view.cli_report")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket why-not [-C DIR] [--json] [--try PATH] EVENT

Why a call was refused, or a person was asked: every check that stands against it, each with its rule, its
reason, the key or the line that decides, and what fixes it. The first one is what was recorded. EVENT is a
number of orket log or orket reports, or RUN/TURN.N.
  -C DIR    the project (default: found upwards from here)
  --json    {"event","call","checks":[{"rule","decision","why","fix","where"}],"try":{"before","after"}?}
  --try     judges the call with PATH in place: a script, a directory of them, an organization.json or a
            unified diff; nothing is changed
exit: 0 done (with --try: it would be allowed), 1 failed (or would not), 2 usage
]]

local function print_check(check)
  print("  " .. check.decision .. "  " .. text.clean(check.rule)
    .. (check.where and "  " .. text.line(check.where) or ""))
  print("        " .. text.line(check.why or ""))
  if check.fix and check.fix ~= "" then
    print("        fix: " .. text.line(check.fix))
  end
end

local function show(answer)
  local call = answer.call
  local what = "stopped as " .. tostring(call.role)
  if call.tool then
    what = string.format("%s as %s: %s", call.tool, tostring(call.role),
      call.operation and text.json(call.operation) or call.arguments or "")
  end
  print(string.format("%6d  %s", answer.event.seq, text.cut(text.line(what), 150)))
  for _, check in ipairs(answer.checks) do
    print_check(check)
  end
  if answer.try then
    print(string.format("  with the edit: %s  %s", answer.try.after.decision,
      text.clean(answer.try.after.rule)))
  end
end

local function look(project, args)
  local event, err = event_ref.event(project.store, args.event)
  err = err or event_ref.dropped(project.store, event.run)
  local answer
  if not err then
    answer, err = refusals.why_not(project, event)
  end
  if answer and args.try then
    answer.try, err = refusals.try(project, event, args.try)
  end
  return not err and answer or nil, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value", json = "flag", try = "value" }, { "event" })
  if not args then
    return options.refuse(M.usage, message)
  end
  local project <close>, err = projects.open(args.C or ".", {})
  local answer
  if project then
    answer, err = look(project, args)
  end
  if not answer then
    return cli_report.failure(err)
  elseif args.json then
    print(text.json(answer))
  else
    show(answer)
  end
  return answer.try and answer.try.after.decision ~= "allow" and 1 or 0
end

return M
