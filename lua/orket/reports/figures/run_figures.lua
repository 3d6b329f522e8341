-- run_figures.lua: what the roles of a run did: turns, tokens, lines and files that they wrote, refusals, the
-- last call of each.

local async = require("orket.async")
local costs = require("orket.reports.costs")
local sentences = require("orket.view.sentences")

local M = {}

local SLICE = 50 -- texts whose lines are counted between two looks at the loop

---@class RoleFigures
---@field role string
---@field turns integer
---@field steps integer
---@field tokens_in integer
---@field tokens_out integer
---@field calls integer requests to models
---@field money integer|nil millionths; nil: no price is known
---@field refusals integer
---@field files_written integer writes, of the same file too
---@field lines_written integer of all these texts
---@field last_action string|nil the tool of its last call
---@field detail string|nil that call in a sentence
---@field last_at string|nil

local function lines_of(text)
  local _, count = text:gsub("\n", "")
  return text:find("[^\n]$") and count + 1 or count
end

local function add_money(store, run, by_role)
  for _, row in ipairs(costs.sums(store, { by = "role", run = run }).rows) do
    if by_role[row.name] then
      by_role[row.name].money = row.money
    end
  end
end

local function add_writes(store, run, by_role)
  for i, row in ipairs(store:read("run_writes", { run = run })) do
    local role = by_role[row.role]
    role.files_written = role.files_written + 1
    role.lines_written = role.lines_written + lines_of(store:blob(row.blob) or "")
    if i % SLICE == 0 then
      async.give_way()
    end
  end
end

local function add_last_calls(store, run, by_role)
  for _, row in ipairs(store:read("run_last_calls", { run = run })) do
    local event, role = store:read("event", { seq = row.seq })[1], by_role[row.role]
    role.last_action, role.last_at = event.body.tool, event.at
    role.detail = sentences.what(event)
  end
end

---In a task.
---@param store Store
---@param run string
---@return RoleFigures[] by the name of the role
function M.of(store, run)
  local rows, by_role = store:read("run_roles", { run = run }), {}
  for _, row in ipairs(rows) do
    row.files_written, row.lines_written = 0, 0
    by_role[row.role] = row
  end
  add_money(store, run, by_role)
  add_writes(store, run, by_role)
  add_last_calls(store, run, by_role)
  return rows
end

return M
