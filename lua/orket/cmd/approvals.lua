-- approvals.lua: `orket approvals`: what waits for a person's yes or no, and what was answered.

local cjson = require("cjson")
local look = require("orket.look")
local options = require("orket.options")
local parked = require("orket.parked")
local shown = require("orket.approvals.shown")
local text = require("orket.view.text")

local M = {}

local LINE_MOST = 400 -- columns of an answered question; --json has all of it

M.usage = [[
usage: orket approvals [-C DIR] [--json] [--all]

What agents ask for and only a person can allow: who, what exactly, why, until when, and the commands that answer.
  -C DIR    the project (default: the current directory)
  --json    one JSON array
  --all     what was answered too
exit: 0 done, 1 failed, 2 usage
]]

---Prints a pending question as a person reads it before answering.
---@param store Store
---@param row table
---@param dir string|nil
function M.print_question(store, row, dir)
  print(text.clean(string.format("%s  %s as %s asks for %s", row.id, row.card, row.role or "?", shown.line(row))))
  print("  " .. text.line(shown.rule(row) .. (row.why and ": " .. row.why or "") .. (row.where and " (" .. row.where .. ")" or "")))
  if row.labels then
    print("  the turn that asks has read what came from outside (" .. table.concat(row.labels, ", ") .. ")")
  end
  for _, line in ipairs(shown.lines(store, row)) do
    print("    " .. line)
  end
  print("  until " .. row.expires_at)
  print("  orket approve" .. parked.option(dir) .. " " .. text.clean(row.id))
  print("  orket deny" .. parked.option(dir) .. " " .. text.clean(row.id) .. " --why TEXT")
end

local function print_answered(row)
  print(text.cut(text.line(string.format("%s  %s  %s  %s%s%s", row.id, row.status, row.card, shown.line(row),
    row.answered_by and "  " .. row.answered_by or "", row.answer_why and ": " .. row.answer_why or "")), LINE_MOST))
end

local function show(store, args)
  local rows = store:read("approvals", { status = not args.all and "pending" or nil })
  if args.json then
    print(text.json(setmetatable(rows, cjson.array_mt)))
  elseif #rows == 0 then
    print("nothing waits for a yes or no")
  end
  for i, row in ipairs(args.json and {} or rows) do
    if row.status == "pending" then
      if i > 1 then
        print("")
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
  return look.run(M.usage, show, options.parse(argv, { C = "value", json = "flag", all = "flag" }, {}))
end

return M
