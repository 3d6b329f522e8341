-- models.lua: which configured model a role works with, before any decision node has its say.

local M = {}

local function only(models)
  local name = next(models)
  return name and next(models, name) == nil and name or nil
end

---The name of the model: the epic's `params.model_overrides[role]`, else the seat's, else the
---environment's, else `process_rules.default_llm`, else the one called "default", else the only one.
---@param project table
---@param epic table
---@param seat table
---@param role string
---@return string|nil name
function M.name(project, epic, seat, role)
  local overrides = epic.params.model_overrides
  local environment = project.environments[epic.environment]
  return type(overrides) == "table" and overrides[role] or seat.model
    or environment and environment.model or project.organization.process_rules.default_llm
    or project.models.default and "default" or only(project.models)
end

return M
