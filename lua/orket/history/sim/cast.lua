-- cast.lua: the engine's own code for both sides of a run's turns: routes, prompts and outcomes are asked of
-- it, on the board of the moment.

local engines = require("orket.scheduler.engine")
local errors = require("orket.errors")
local models = require("orket.llm.models")

local M = {}

---@class SimActor a side of a run
---@field engine table
---@field team table
---@field models table

local function actor(side, past, epic, run)
  local engine = engines.new({ config = side.config, generation = side.generation, store = past }, epic, run)
  local team = side.config.teams[epic.data.team]
  if not team then
    error(errors.new("ERR_CONFIG", "the team " .. tostring(epic.data.team) .. " of the run " .. run
      .. " is not there any more"), 0)
  end
  return { engine = engine, team = team, models = models.new(engine, team), generation = side.generation }
end

---Both sides of a run, from when it began or went on.
---@param judge {past: table}
---@param run table
---@param pair SimPair
---@return {old: SimActor, new: SimActor}
function M.of(judge, run, pair)
  local past = judge.past
  run.cast = run.cast and run.cast.began == run.began and run.cast or { began = run.began }
  if not run.cast[pair] then
    past:go_to(run.began - 1)
    local epic = past:read("card", { id = run.epic })[1]
    run.cast[pair] = { old = actor(pair.old, past, epic, run.id), new = actor(pair.new, past, epic, run.id) }
  end
  return run.cast[pair]
end

return M
