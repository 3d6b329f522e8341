-- model_defaults.lua: which configured model a role works with, before any decision node has its say.

local tables = require("orket.util.tables")

local M = {}

---The embedder that the organization names.
---@param organization table
---@return string|nil
function M.embedder(organization)
  local memory = (organization.process_rules or {}).memory
  return memory and memory.embedder
end

---The models that turns can be given, sorted: all but the embedder, where there are others.
---@param organization table
---@return string[]
function M.names(organization)
  local names = {}
  for _, name in ipairs(tables.keys(organization.models)) do
    names[#names + 1] = name ~= M.embedder(organization) and name or nil
  end
  return #names > 0 and names or tables.keys(organization.models)
end

-- The only one that turns could talk to.
local function only(organization, models)
  local name
  for other in pairs(models) do
    if other ~= M.embedder(organization) then
      if name then
        return nil
      end
      name = other
    end
  end
  return name or next(models) -- one that does both
end

---The name of the model: the epic's `params.model_overrides[role]`, else the seat's, else the
---environment's, else `process_rules.default_llm`, else the one called "default", else the only one
---that is no embedder.
---@param project table
---@param epic table
---@param seat table
---@param role string
---@return string|nil name
function M.name(project, epic, seat, role)
  local overrides = epic.params.model_overrides
  local environment = project.environments[epic.environment]
  local own = type(overrides) == "table" and overrides[role] or seat.model
  local shared = environment and environment.model or project.organization.process_rules.default_llm
  local fallback = project.models.default and "default" or nil
  return own or shared or fallback or only(project.organization, project.models)
end

return M
