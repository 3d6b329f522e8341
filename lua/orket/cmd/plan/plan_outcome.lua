-- plan_outcome.lua: what became of a plan, as people and programs read it.

local local_time = require("orket.view.format.local_time")
local parked = require("orket.reports.parked")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local plan_format = require("orket.planning.plan_format")
local plan_record = require("orket.planning.plan_record")
local text = require("orket.view.format.text")

local M = {}

---A plan with what it waits for, and why none came of it.
---@param dir string|nil of the project
---@param id string
---@return Plan|nil
---@return Error|nil
function M.look(dir, id)
  local store <close>, err = reader.open(dir or ".")
  if not store then
    return nil, err
  end
  return plan_record.find(store, id, dir)
end

---All plans, oldest first.
---@param dir string|nil
---@return Plan[]|nil
---@return Error|nil
function M.all(dir)
  local store <close>, err = reader.open(dir or ".")
  if not store then
    return nil, err
  end
  return plan_record.list(store, dir)
end

-- ---- for people ----

---The proposal, whole.
---@param plan Plan
function M.print_proposal(plan)
  if plan.labels then
    print("made of what came from outside (" .. table.concat(plan.labels, ", ") .. "):")
  end
  for _, lines in ipairs({ plan_format.lines(plan.proposal), plan_format.assumptions(plan.assumptions) }) do
    for _, line in ipairs(lines) do
      print(line)
    end
  end
end

local function print_waiting(plan, dir)
  local option = parked.option(dir)
  print(string.format("%s waits for a yes, until %s:", plan.id, local_time.stamp(plan.question.expires_at)))
  for _, act in ipairs({ "--accept " .. plan.id, "--change " .. plan.id .. " TEXT", "--drop " .. plan.id }) do
    print("  orket plan" .. option .. " " .. act)
  end
end

-- For nothing that a person would have to say.
local WAITS = { resource = true, system = true, dependency = true }

local SAY = {}

function SAY.accepted(plan, dir)
  print(string.format("%s is taken. Next:\n  orket run%s %s", plan.id, parked.option(dir), plan.rock))
end

function SAY.waiting(plan, dir)
  M.print_proposal(plan)
  print_waiting(plan, dir)
end

function SAY.parked(plan, dir)
  local card = plan.parked
  print(string.format("%s waits (%s)%s", plan.id, text.clean(card.reason or card.status),
    card.why and ": " .. text.line(card.why) or ""))
  if not WAITS[card.reason] then
    print("  " .. card.command)
  end
  print("  orket plan" .. parked.option(dir) .. " --go-on " .. plan.id)
end

function SAY.dropped(plan)
  print(plan.id .. " was given up")
end

function SAY.open(plan, dir)
  print(string.format("%s is being made; go on with: orket plan%s --go-on %s", plan.id, parked.option(dir),
    plan.id))
end

function SAY.failed(plan)
  cli_report.failure(plan.fault)
end

-- ---- reports ----

local EXIT = { accepted = 0, waiting = 3, parked = 3, open = 3, failed = 1, dropped = 0 }

---Reports how it stands; of a failure that was reported already only a program reads again.
---@param args {C: string?, json: boolean?}
---@param plan Plan
---@param failure Error|nil
---@return integer exit code
function M.report(args, plan, failure)
  local status = plan_record.status(plan)
  if args.json then
    print(text.json(plan_record.plain(plan, failure)))
  elseif not failure then
    SAY[status](plan, args.C)
  end
  return failure and 1 or EXIT[status]
end

---There is no plan to report.
---@param args {json: boolean?}
---@param failure Error|nil  nil: it was reported already, and nothing more is known
---@param is_printed boolean it was printed already
---@return integer exit code
function M.report_none(args, failure, is_printed)
  if args.json and failure then
    print(text.json({ kind = "plan", status = "failed", error = failure }))
  end
  return failure and not is_printed and cli_report.failure(failure) or 1
end

return M
