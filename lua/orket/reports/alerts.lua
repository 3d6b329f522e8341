-- alerts.lua: what a person should know of a project besides its cards: a run that stopped on the way,
-- models that are waited for, a trial of scripts, caps that are nearly used up, examples and scripts that
-- wait.

local budget_format = require("orket.governance.budget.budget_format")
local budget_tree = require("orket.governance.budget.budget_tree")
local canary = require("orket.scripts.canary")
local notice = require("orket.scripts.permission_delta.notice")
local outages = require("orket.reports.outages")
local parked = require("orket.reports.parked")

local M = {}

---@class Alert
---@field kind "stopped"|"outage"|"canary"|"cap"|"examples"|"scripts"
---@field text string one line, with the command that it asks for

---The newest run, when it stopped on the way and no process goes on with it.
---@param runs table[] oldest first
---@param option string of the commands
---@return string|nil
function M.stopped(runs, option)
  local last = runs[#runs]
  if last and (last.status == "interrupted" or last.status == "drained") then
    local what = last.status == "drained" and " was stopped" or " was interrupted"
    return last.id .. what .. "; to go on: orket resume" .. option .. " " .. last.id
  end
end

---What agents propose that roles be shown.
---@param store Store
---@param option string
---@return string|nil
function M.examples(store, option)
  local waiting = 0
  for _, row in ipairs(store:read("examples", {})) do
    waiting = waiting + (row.status and 0 or 1)
  end
  local many = waiting == 1 and "an example waits" or waiting .. " examples wait"
  return waiting > 0 and many .. " to be looked at: orket examples" .. option or nil
end

---Caps of which so much is used that a person should know.
---@param caps CapRow[]
---@param currency string|nil
---@return string[]
function M.caps(caps, currency)
  local lines = {}
  for i, row in ipairs(budget_tree.near(caps)) do
    lines[i] = string.format("budget %s: %d %%, %s of %s", row.cap, row.percent,
      budget_format.amount(row.kind, row.used, currency), budget_format.amount(row.kind, row.limit, currency))
  end
  return lines
end

local function add(list, kind, text)
  list[#list + 1] = text and { kind = kind, text = text }
end

---All of them.
---@param store Store
---@param about {dir: string?, runs: table[], caps: CapRow[], currency: string?, waiting: table?} dir: of the
---  project as the person named it; waiting: scripts, as waits.of answers them
---@return Alert[]
function M.list(store, about)
  local list, option = {}, parked.option(about.dir)
  add(list, "stopped", M.stopped(about.runs, option))
  for _, one in ipairs(outages.list(store)) do
    add(list, "outage", outages.line(one))
  end
  add(list, "canary", canary.line(store))
  for _, line in ipairs(M.caps(about.caps, about.currency)) do
    add(list, "cap", line)
  end
  add(list, "examples", M.examples(store, option))
  local waiting = about.waiting
  add(list, "scripts", waiting and notice.sentence(waiting.generation, waiting.delta, about.dir) or nil)
  return list
end

return M
