-- model_list.lua: the models of a project: where they are, what fits into them, what they cost, whether their
-- key is there, and which seats work with them.

local cjson = require("cjson")
local model_defaults = require("orket.project.config.model_defaults")
local model_keys = require("orket.llm.model_keys")
local models = require("orket.llm.models")
local tables = require("orket.util.tables")

local M = {}

-- model -> set of "team/seat", for every epic and every role of its team's seats. Where none is configured
-- for a role, the first one serves (nodes/models.lua).
local function users_of(project)
  local users, first = {}, model_defaults.names(project.organization)[1]
  for _, epic in pairs(project.epics) do
    for name, seat in pairs((project.teams[epic.team] or {}).seats or {}) do
      for _, role in ipairs(seat.roles) do
        local model = model_defaults.name(project, { params = epic.params or {},
          environment = epic.environment }, seat, role) or first
        if model then
          users[model] = users[model] or {}
          users[model][epic.team .. "/" .. name] = true
        end
      end
    end
  end
  return users
end

local HAS_KEY = { set = true, missing = false } -- none: it needs no key

local function row_of(name, model, organization, users)
  local profile = models.profile(model, organization.keys)
  return {
    name = name, provider = profile.shape or "openai", endpoint = profile.base_url, model = profile.model,
    context = profile.context,
    calls = profile.calls or "auto", price = profile.price, key = HAS_KEY[model_keys.state(profile)],
    seats = setmetatable(tables.keys(users[name] or {}), cjson.array_mt),
  }
end

---@param project table its configuration, whose keys are known (model_keys.list)
---@return {name: string, provider: string, endpoint: string, model: string, context: integer?, calls: string,
---  price: table?, key: boolean?, seats: string[]}[]  key: nil: it needs none
function M.rows(project)
  local rows, users = setmetatable({}, cjson.array_mt), users_of(project)
  for _, name in ipairs(tables.keys(project.organization.models)) do
    rows[#rows + 1] = row_of(name, project.organization.models[name], project.organization, users)
  end
  return rows
end

return M
