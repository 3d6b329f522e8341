-- gate_options.lua: what of the organization's process rules the gate is built from
-- (lua/orket/governance/gate_config.lua).

local M = {}

---@class GateOptions
---@field rules table[]|nil   rules that deny or ask
---@field limits table|nil    bounds, only downwards
---@field types string[]|nil  endings that no file is written with
---@field commands table[]|nil  programs that may run: {argv, limits…}

---@param process table|nil process_rules of the organization
---@return GateOptions
function M.of(process)
  process = process or {}
  return { rules = process.gate, limits = process.limits, types = process.forbidden_types,
    commands = process.commands }
end

return M
