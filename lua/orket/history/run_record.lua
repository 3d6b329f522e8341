-- run_record.lua: where a run stands: its checkpoints, its cards by status, what was refused, its
-- tree, the id of its trace.

local checkpoints = require("orket.history.checkpoints")
local cjson = require("cjson")
local trace_ids = require("orket.telemetry.trace_ids")
local tree_files = require("orket.workspace.tree_files")

local M = {}

local CHECKPOINTS = 50

---Adds its cards by status, its trace, and how often something was refused, to a run's row.
---@param store Store
---@param run table a row of reader.runs
function M.add_figures(store, run)
  run.cards = {}
  for _, row in ipairs(store:read("statuses", { epic = run.card })) do
    run.cards[row.status] = row.cards
  end
  run.refusals = store:read("run_refusals", { run = run.id })[1].refusals
  run.trace = trace_ids.trace(run.id, run.started_at)
end

---The same, and its checkpoints and tree, for which each file's row is read.
---@param store Store
---@param run table a row of reader.runs
function M.complete(store, run)
  M.add_figures(store, run)
  run.checkpoints = setmetatable(checkpoints.of(store, run, CHECKPOINTS), cjson.array_mt)
  run.tree = tree_files.hash(tree_files.snapshot(store, run.card))
end

return M
