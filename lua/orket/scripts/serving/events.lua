-- events.lua: which scripts serve, wait and are accepted, as the journal has it.

local sys = require("orket.core.sys")

local M = {}

local ROWS = 200 -- of a delta that are recorded

local function files_of(tx, generation)
  local files = {}
  for path, entry in pairs(generation.files) do
    files[path] = tx:blob(entry.text)
  end
  return files
end

---A generation serves from now on.
---@param tx StoreTx
---@param project table
---@param generation table
function M.loaded(tx, project, generation)
  tx:event("scripts.loaded", nil, {
    generation = generation.id, files = files_of(tx, generation), engine = sys.version(), fork = project.fork,
  })
end

---@class Waiting scripts that make more possible than those that serve
---@field generation table
---@field against string id of those that serve
---@field delta table[] what they make possible
---@field auto boolean|nil nobody is asked
---@field before table generation that serves meanwhile
---@field narrows string[]|nil policies in it that only forbid more, and serve from now on

---It waits until somebody accepts it.
---@param tx StoreTx
---@param waiting Waiting
function M.waiting(tx, waiting)
  local shown = table.move(waiting.delta, 1, math.min(#waiting.delta, ROWS), 1, {})
  tx:event("scripts.waiting", nil, {
    generation = waiting.generation.id, against = waiting.against, files = files_of(tx, waiting.generation),
    delta = shown, more = #waiting.delta > ROWS and #waiting.delta - ROWS or nil,
  })
end

---It waits no longer.
---@param tx StoreTx
---@param waiting Waiting
---@param auto boolean|nil as the organization accepts all
function M.accepted(tx, waiting, auto)
  tx:event("scripts.accepted", nil, { generation = waiting.generation.id, against = waiting.against,
    auto = auto })
end

return M
