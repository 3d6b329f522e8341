-- notice.lua: what a person reads of scripts that wait to be accepted, and the command that does it.

local parked = require("orket.reports.parked")

local M = {}

---One row of a delta (permission_delta.rows) as a line.
---@param row table
---@return string
function M.line(row)
  if row.policy or row.script or row.config then
    return (row.policy or row.script or row.config) .. ": " .. row.why
  elseif not row.tool then
    return row.why
  end
  return string.format("%s, %s, %s(%s): %s -> %s, %s", row.role, row.status, row.tool, row.arguments, row.was,
    row.now, row.why)
end

---The command that accepts what waits.
---@param generation string
---@param dir string|nil the project's directory as the person named it
---@return string
function M.command(generation, dir)
  return "orket policy accept" .. parked.option(dir) .. " " .. generation
end

---@param generation string
---@param delta table[]
---@param dir string|nil
---@return string
function M.sentence(generation, delta, dir)
  local more = #delta > 1 and ", and " .. #delta - 1 .. " more" or ""
  local first = delta[1] and " (" .. M.line(delta[1]) .. more .. ")" or ""
  return string.format("changed scripts wait: %s; they may allow more, the old ones serve%s",
    M.command(generation, dir), first)
end

---Policies that serve beside the scripts that serve already, while the rest waits.
---@param paths string[]
---@return string
function M.narrowed(paths)
  return "serves at once because it only forbids more: " .. table.concat(paths, ", ")
end

---What a configuration makes possible that the last run's did not.
---@param delta table[]
---@return string
function M.configuration(delta)
  return "the configuration makes more possible than that of the last run (" .. M.line(delta[1])
    .. (#delta > 1 and ", and " .. #delta - 1 .. " more" or "") .. "): recorded as config.changed"
end

---The same of what the journal says waits; nil when nothing does.
---@param store table
---@param dir string|nil
---@return string|nil
function M.of(store, dir)
  local waiting = store:read("waiting", {})[1]
  return waiting and M.sentence(waiting.generation, waiting.delta, dir)
end

return M
