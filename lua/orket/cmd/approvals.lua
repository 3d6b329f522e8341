-- approvals.lua: `orket approvals`: what waits for a person's yes or no, and what was answered.

local approvals = require("orket.governance.approvals.approvals")
local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local local_time = require("orket.view.format.local_time")
local readonly = require("orket.view.readonly")
local options = require("orket.options")
local parked = require("orket.reports.parked")
local approval_format = require("orket.governance.approvals.approval_format")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local LINE_MOST = 400 -- columns of an answered question; --json has all of it

M.usage = [[
usage: orket approvals [-C DIR] [--json] [--all]
       orket approvals [-C DIR] [--json] --full ID

What agents ask for and only a person can allow: who, what exactly, why, until when, and the commands that
answer. Of a long text the beginning and the end, with the number of lines that are hidden between them.
  -C DIR    the project (default: found upwards from here)
  --json    one JSON array, with the whole of what is asked
  --all     what was answered too
  --full ID one question, or that of a card, with all of what is asked: nothing is cut
exit: 0 done, 1 failed, 2 usage
]]

local function print_answer(row, dir)
  if row.status == "pending" then
    wrap.print("  " .. local_time.expiry(row.expires_at, approvals.seconds_left(row)))
    wrap.print("  orket approve" .. parked.option(dir) .. " " .. text.clean(row.id))
    wrap.print("  orket deny" .. parked.option(dir) .. " " .. text.clean(row.id) .. " --why TEXT")
  else
    local who = row.answered_by and " " .. text.line(row.answered_by) or ""
    wrap.print("  " .. text.clean(row.status) .. who)
  end
end

---Prints a question as a person reads it before answering.
---@param store Store
---@param row table
---@param dir string|nil
---@param is_full boolean|nil nothing of it is cut
function M.print_question(store, row, dir, is_full)
  wrap.print(text.visible(string.format("%s  %s as %s asks for %s", row.id, row.card, row.role or "?",
    approval_format.line(row))))
  local why, where = row.why and ": " .. row.why or "", row.where and " (" .. row.where .. ")" or ""
  wrap.print("  " .. text.line(approval_format.rule(row) .. why .. where))
  if row.labels then
    wrap.print("  the turn that asks has read what came from outside (" .. table.concat(row.labels, ", ")
      .. ")")
  end
  for _, line in ipairs(is_full and approval_format.all(store, row)
    or approval_format.lines(store, row, parked.option(dir))) do
    wrap.print("    " .. line)
  end
  print_answer(row, dir)
end

local function print_answered(row)
  wrap.print(text.cut(text.line(string.format("%s  %s  %s  %s%s%s", row.id, row.status, row.card,
    approval_format.line(row),
    row.answered_by and "  " .. row.answered_by or "", row.answer_why and ": " .. row.answer_why or "")),
      LINE_MOST))
end

local function print_json(store, rows)
  for _, row in ipairs(rows) do
    row.operation = content.whole(store, row.operation)
  end
  print(text.json(setmetatable(rows, cjson.array_mt)))
end

local function show_one(store, args)
  local row, err = approvals.any(store, args.full)
  if not row then
    return nil, err
  elseif args.json then
    print_json(store, { row })
  else
    M.print_question(store, row, args.C, true)
  end
  return 0
end

local function show(store, args)
  if args.full then
    return show_one(store, args)
  end
  local rows = store:read("approvals", { status = not args.all and "pending" or nil })
  if args.json then
    print_json(store, rows)
  elseif #rows == 0 then
    wrap.print("No approvals are pending.")
  end
  for i, row in ipairs(args.json and {} or rows) do
    if row.status == "pending" then
      if i > 1 then
        wrap.print("")
      end
      M.print_question(store, row, args.C)
    else
      print_answered(row)
    end
  end
  return 0
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  return readonly.run(M.usage, show, options.parse(argv,
    { C = "value", json = "flag", all = "flag", full = "value" }, {}))
end

return M
