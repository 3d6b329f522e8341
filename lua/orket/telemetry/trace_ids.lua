-- trace_ids.lua: the ids of traces and spans, derived from where their events stand in the journal: who has
-- the journal can tell them, and a run that goes on in another process goes on in its trace. Pure.

local hash = require("orket.core.hash")

local M = {}

---@param run string its id
---@param started_at string when it began, as the journal has it
---@return string id 32 hexadecimal digits
function M.trace(run, started_at)
  return hash.parts({ "orket trace", run, started_at }):sub(1, 32)
end

---@param trace string
---@param ... string|integer where it stands in the run
---@return string id 16 hexadecimal digits
function M.span(trace, ...)
  local parts = { "orket span", trace }
  for i = 1, select("#", ...) do
    parts[#parts + 1] = tostring((select(i, ...)))
  end
  return hash.parts(parts):sub(1, 16)
end

return M
