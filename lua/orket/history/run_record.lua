-- run_record.lua: where a run stands: its checkpoints, its cards by status, what was refused, its
-- tree, the id of its trace.

local checkpoints = require("orket.history.checkpoints")
local cjson = require("cjson")
local trace_ids = require("orket.telemetry.trace_ids")
local tree_files = require("orket.workspace.tree_files")

local M = {}

local CHECKPOINTS = 50

local function cards_now(store, id)
  local cards = {}
  for _, row in ipairs(store:read("statuses", { epic = id })) do
    cards[row.status] = row.cards
  end
  return cards
end

-- Another run of the card, or another build of it, came later.
local function is_followed(store, run)
  local runs = store:read("runs", { card = run.card })
  local card = store:read("card", { id = run.card })[1]
  return runs[#runs].id ~= run.id or card and card.status == "archived"
end

---The cards of its epic by status: as the run noted at its end when another one followed, else as they are.
---@param store Store
---@param run table a row of reader.runs
---@return table<string, integer>
function M.cards(store, run)
  local ended = is_followed(store, run)
    and store:read("last_events", { run = run.id, kind = "run.ended", limit = 1 })[1]
  return ended and ended.body.counts or cards_now(store, run.card)
end

---Adds its cards by status, its trace, and how often something was refused, to a run's row.
---@param store Store
---@param run table a row of reader.runs
function M.add_figures(store, run)
  run.cards = M.cards(store, run)
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
