-- reports.lua: `orket reports`: what was refused, newest first.

local readonly = require("orket.view.readonly")
local local_time = require("orket.view.format.local_time")
local options = require("orket.options")
local reader = require("orket.project.reader")
local reports = require("orket.reports.reports")
local approval_format = require("orket.governance.approvals.approval_format")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

M.usage = [[
usage: orket reports [-C DIR] [--json] [--card CARD] [--run RUN] [--rule RULE] [-n COUNT]

What agents attempted and were refused, or had to ask for: who, what, why, by which rule, what fixes it.
Newest first, at most COUNT (100). orket why-not EVENT tells which checks decided.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON object per line
  --card    only of this card       --run   only of this run
  --rule    only of this rule; * stands for anything, as in 'house.*'
exit: 0 done, 1 failed, 2 usage
]]

local function what(action)
  if action.operation then
    return approval_format.line({ tool = action.tool or "?", operation = action.operation })
  end
  return action.what or (action.tool or "?") .. " " .. (action.arguments or "")
end

local function print_report(report)
  wrap.print(string.format("%6d  %s  %s  %s %s", report.event, local_time.stamp(report.timestamp),
    text.clean(report.card_id or ""),
    report.decision == "ask" and "asked" or "refused", text.clean(report.rule)))
  local attempt = text.line(report.actor .. " attempted " .. what(report.attempted_action))
  wrap.print("        " .. text.cut(attempt, 200))
  wrap.print("        why: " .. text.line(report.detail or "")
    .. (report.where and " (" .. text.line(report.where) .. ")" or ""))
  if report.remedy_suggestion and report.remedy_suggestion ~= "" then
    wrap.print("        fix: " .. text.line(report.remedy_suggestion))
  end
end

local function print_all(list, args)
  for _, report in ipairs(list) do
    if args.json then
      print(text.json(report))
    else
      print_report(report)
    end
  end
  if #list == 0 and not args.json then
    wrap.print("nothing was refused")
  end
end

local function show(store, args, dir)
  local found, err = true, nil
  if args.card then
    found, err = reader.card(store, args.card)
  end
  if found and args.run then
    found, err = reader.run(store, dir, args.run)
  end
  if not found then
    return nil, err
  end
  print_all(reports.list(store, { card = args.card, run = args.run, rule = args.rule, limit = args.n }), args)
  return 0
end

local function parse(argv)
  local known = { C = "value", json = "flag", card = "value", run = "value", rule = "value", n = "value" }
  return options.counted(options.parse(argv, known, {}))
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, parse(argv))
end

return M
