-- plan_record.lua: a plan with what became of it: what it waits for, why none came of it.

local cjson = require("cjson")
local parked = require("orket.reports.parked")
local planning = require("orket.planning.planning")
local tables = require("orket.util.tables")

local M = {}

local function complete(store, plan, dir)
  plan.parked = parked.list(store, plan.id, dir)[1]
  plan.fault = planning.fault(store, plan)
  plan.stopped = planning.is_stopped(store, plan.card) or nil
  return plan
end

---@param store Store
---@param id string
---@param dir string|nil of the project, as the person named it
---@return Plan|nil with parked and fault
---@return Error|nil
function M.find(store, id, dir)
  local plan, err = planning.find(store, id)
  if not plan then
    return nil, err
  end
  plan.run = planning.run(store, plan.card)
  return complete(store, plan, dir)
end

---All plans, oldest first.
---@param store Store
---@param dir string|nil
---@return Plan[]
function M.list(store, dir)
  local plans = {}
  for i, id in ipairs(planning.ids(store)) do
    plans[i] = complete(store, planning.find(store, id), dir)
  end
  return plans
end

---@param plan Plan of find or list
---@return "accepted"|"failed"|"dropped"|"waiting"|"parked"|"open"
function M.status(plan)
  if plan.rock then
    return "accepted"
  elseif plan.card.status == "canceled" then
    return "dropped"
  elseif plan.question then
    return "waiting"
  elseif plan.fault then
    return "failed"
  end
  return plan.parked and "parked" or "open"
end

---A line of a list.
---@param plan Plan
---@return {id: string, status: string, name: string, rock: string?, updated_at: string}
function M.row(plan)
  return { id = plan.id, status = M.status(plan), name = plan.card.name, rock = plan.rock,
    stopped = plan.stopped, updated_at = plan.card.updated_at }
end

---The whole as plain data.
---@param plan Plan
---@param failure Error|nil of what was done with it
---@return table
function M.plain(plan, failure)
  return {
    kind = "plan", id = plan.id, status = M.status(plan), request = plan.request, rock = plan.rock,
    card = plan.card.id, run = plan.run, stopped = plan.stopped, name = plan.card.name,
    plan = plan.proposal, assumptions = #plan.assumptions > 0 and plan.assumptions or nil,
    labels = plan.labels and setmetatable(plan.labels, cjson.array_mt), error = failure or plan.fault,
    question = plan.question and tables.pick(plan.question, { "id", "hash", "expires_at" }),
    parked = not (plan.question or plan.fault) and plan.parked or nil,
  }
end

return M
