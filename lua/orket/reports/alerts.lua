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
---@field text string one line of a terminal: all of it, and the command that it asks for
---@field what string the fact alone: no time, no reason, no command
---@field subject string|nil that it is about: a run, model, target, cap or generation of scripts
---@field since string|nil UTC
---@field why string|nil

local RUNS_NAMED = 5

local STOPPED = { interrupted = " was interrupted", drained = " was stopped", failed = " failed",
  partial = " was let go on, and did not" }

-- The line of a terminal follows from the parts, but where it says more.
local function alert(kind, parts, command)
  local since = parts.since and " since " .. parts.since or ""
  local why = parts.why and ": " .. parts.why or ""
  parts.kind, parts.text = kind, parts.text or parts.what .. since .. why .. (command or "")
  return parts
end

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
---@return Alert[] at most six, the newest run first
function M.stopped(store, runs, option)
  local list, more, is_let_go = {}, 0, let_go(store)
  for _, run in ipairs(newest(runs)) do
    local what = (run.status ~= "partial" or is_let_go(run)) and STOPPED[run.status]
    if what and #list < RUNS_NAMED then
      list[#list + 1] = alert("stopped", { subject = run.id, what = run.id .. what },
        "; to go on: orket resume" .. option .. " " .. run.id)
    elseif what then
      more = more + 1
    end
  end
  list[#list + 1] = more > 0 and alert("stopped", { what = ("and %d more"):format(more) },
    ": orket history" .. option) or nil
  return list
end

---What agents propose that roles be shown.
---@param store Store
---@param option string
---@return Alert|nil
function M.examples(store, option)
  local waiting = 0
  for _, row in ipairs(store:read("examples", {})) do
    waiting = waiting + (row.status and 0 or 1)
  end
  local what = (waiting == 1 and "an example waits" or waiting .. " examples wait") .. " to be looked at"
  return waiting > 0 and alert("examples", { what = what }, ": orket examples" .. option) or nil
end

---Caps of which so much is used that a person should know.
---@param caps CapRow[]
---@param currency string|nil
---@return Alert[]
function M.caps(caps, currency)
  local list = {}
  for i, row in ipairs(budget_tree.near(caps)) do
    local used = budget_format.amount(row.kind, row.used, currency)
    local limit = budget_format.amount(row.kind, row.limit, currency)
    list[i] = alert("cap", { subject = row.cap, what = ("budget %s: %d %%, %s of %s"):format(row.cap,
      row.percent, used, limit) })
  end
  return list
end

-- What waits until the disk takes commits again.
local function of_disk(disk)
  return alert("disk", { what = "nothing is recorded", since = disk.since,
    why = disk.message .. (disk.fix and "; " .. disk.fix or "") })
end

local function of_outage(one)
  return alert("outage", { subject = one.model, text = outages.line(one), what = outages.what(one),
    since = one.since, why = one.message })
end

local function of_target(one)
  return alert("notify", { subject = one.target, what = "no notification reaches " .. one.target,
    since = one.since, why = one.why })
end

local function of_scripts(waiting, dir)
  return alert("scripts", { subject = waiting.generation, what = "changed scripts wait",
    text = notice.sentence(waiting.generation, waiting.delta, dir) })
end

local function add(list, rows, of)
  for _, row in ipairs(rows) do
    list[#list + 1] = of and of(row) or row
  end
end

---All of them.
---@param store Store
---@param about {dir: string?, runs: table[], caps: CapRow[], currency: string?, waiting: table?,
---  disk: table?, notify: table[]?}  dir: of the project as the person named it; waiting: scripts, as waits
---  answers them; disk: as of RunSet, where it takes no commits; notify: targets that take nothing
---  (notify/outbox.lua)
---@return Alert[]
function M.list(store, about)
  local list, option, trial = {}, parked.option(about.dir), canary.line(store)
  list[1] = about.disk and of_disk(about.disk)
  add(list, M.stopped(store, about.runs, option))
  add(list, outages.list(store), of_outage)
  add(list, about.notify or {}, of_target)
  list[#list + 1] = trial and alert("canary", { what = trial })
  add(list, M.caps(about.caps, about.currency))
  list[#list + 1] = M.examples(store, option)
  list[#list + 1] = about.waiting and of_scripts(about.waiting, about.dir)
  return list
end

return M
