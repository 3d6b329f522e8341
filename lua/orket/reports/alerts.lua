-- alerts.lua: what a person should know of a project besides its cards: runs that stopped on the way,
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
---@field kind "disk"|"stopped"|"notify"|"outage"|"canary"|"cap"|"examples"|"scripts"
---@field text string one line, with the command that it asks for

local RUNS_NAMED = 5

local STOPPED = { interrupted = " was interrupted", drained = " was stopped", failed = " failed",
  partial = " was let go on, and did not" }

-- The newest run of each epic, the newest first.
local function newest(runs)
  local list, seen = {}, {}
  for i = #runs, 1, -1 do
    if not seen[runs[i].card] then
      seen[runs[i].card] = true
      list[#list + 1] = runs[i]
    end
  end
  return list
end

-- Not each run with open cards: only one of which a person let a card go on.
local function let_go(store)
  local ids
  return function(run)
    if not ids then
      ids = {}
      for _, row in ipairs(store:read("let_go")) do
        ids[row.id] = true
      end
    end
    return ids[run.id]
  end
end

---The runs that stopped on the way, and with which no process goes on: the newest of each epic.
---@param store Store
---@param runs table[] oldest first
---@param option string of the commands
---@return string[] at most six lines, the newest run first
function M.stopped(store, runs, option)
  local lines, more, is_let_go = {}, 0, let_go(store)
  for _, run in ipairs(newest(runs)) do
    local what = (run.status ~= "partial" or is_let_go(run)) and STOPPED[run.status]
    if what and #lines < RUNS_NAMED then
      lines[#lines + 1] = run.id .. what .. "; to go on: orket resume" .. option .. " " .. run.id
    elseif what then
      more = more + 1
    end
  end
  lines[#lines + 1] = more > 0 and ("and %d more: orket history%s"):format(more, option) or nil
  return lines
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

---What waits until the disk takes commits again.
---@param disk {since: string, message: string, fix: string?}
---@return string
function M.disk(disk)
  return ("nothing is recorded since %s: %s%s"):format(disk.since, disk.message,
    disk.fix and "; " .. disk.fix or "")
end

local function add(list, kind, text)
  list[#list + 1] = text and { kind = kind, text = text }
end

---All of them.
---@param store Store
---@param about {dir: string?, runs: table[], caps: CapRow[], currency: string?, waiting: table?,
---  disk: table?, notify: table[]?}  dir: of the project as the person named it; waiting: scripts, as waits
---  answers them; disk: as of RunSet, where it takes no commits; notify: targets that take nothing
---  (notify/outbox.lua)
---@return Alert[]
function M.list(store, about)
  local list, option = {}, parked.option(about.dir)
  add(list, "disk", about.disk and M.disk(about.disk))
  for _, line in ipairs(M.stopped(store, about.runs, option)) do
    add(list, "stopped", line)
  end
  for _, one in ipairs(outages.list(store)) do
    add(list, "outage", outages.line(one))
  end
  for _, one in ipairs(about.notify or {}) do
    add(list, "notify", ("no notification reaches %s since %s: %s"):format(one.target, one.since, one.why))
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
