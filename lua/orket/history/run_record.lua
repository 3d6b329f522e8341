-- run_record.lua: where a run stands: its checkpoints, its cards by status, what was refused, its tree.

local checkpoints = require("orket.history.checkpoints")
local cjson = require("cjson")
local tree_files = require("orket.workspace.tree_files")

local M = {}

local CHECKPOINTS = 50

---Adds checkpoints, cards, refusals and tree to a run's row.
---@param store Store
---@param run table a row of reader.runs
function M.complete(store, run)
  run.checkpoints = setmetatable(checkpoints.of(store, run, CHECKPOINTS), cjson.array_mt)
  run.cards = {}
  for _, row in ipairs(store:read("statuses", { epic = run.card })) do
    run.cards[row.status] = row.cards
  end
  run.refusals = store:read("run_refusals", { run = run.id })[1].refusals
  run.tree = tree_files.hash(tree_files.snapshot(store, run.card))
end

return M
