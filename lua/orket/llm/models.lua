-- models.lua: which model a turn talks to. The configuration says what a role uses; the models node may
-- choose another one of the organization; ORKET_MODEL_URL and ORKET_MODEL replace the endpoint of all.

local model_defaults = require("orket.project.config.model_defaults")
local breaker = require("orket.llm.request.breaker")
local endpoint_share = require("orket.llm.request.endpoint_share")
local limiter = require("orket.llm.request.limiter")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local sys = require("orket.core.sys")

local M = {}

local Models = {}
Models.__index = Models

-- Of the environment; what is set to nothing is not set.
local function said(variable)
  local value = sys.env(variable)
  return value ~= "" and value or nil
end

local function overridden(model)
  local url, name = said("ORKET_MODEL_URL"), said("ORKET_MODEL")
  if not url and not name then
    return model
  end
  local copy = {}
  for key, value in pairs(model) do
    copy[key] = value
  end
  copy.base_url, copy.model = url or copy.base_url, name or copy.model
  copy.private = url ~= nil or copy.private -- whoever sets the environment has written the name down
  copy.key = not url and copy.key or nil -- a key belongs to its address
  copy.key = said("ORKET_MODEL_KEY") and "ORKET_MODEL_KEY" or copy.key
  return copy
end

-- What the epic's environment says holds where the model says nothing itself.
local function within(model, environment)
  local copy = { params = {} }
  for key, value in pairs(model) do
    copy[key] = value
  end
  copy.temperature, copy.seed = copy.temperature or environment.temperature, copy.seed or environment.seed
  for _, source in ipairs({ environment.params or {}, model.params or {} }) do
    for key, value in pairs(source) do
      copy.params[key] = value
    end
  end
  copy.deadlines = copy.deadlines or { total = environment.timeout }
  return copy
end

---A configured model as a request uses it.
---@param model table of the organization
---@param keys table<string, KeySource>|nil the organization's
---@param environment table|nil the epic's
---@return table
function M.profile(model, keys, environment)
  local profile = overridden(within(model, environment or {}))
  profile.keys = keys
  return profile
end

local function place_of(model)
  return (model.base_url or "") .. " " .. (model.model or "")
end

-- Not all runs at once: a quarter more or less. What came of it is recorded (`model.paused`).
local function spread(seconds)
  return seconds * (0.75 + math.random() / 2)
end

-- One limiter for all profiles of the same model at the same address: the first of them that has limits says
-- which. Those that are there already go on, as it is configured now.
local function limit_all(models, names, outage, limiters)
  local first, seen = {}, {}
  for _, name in ipairs(names) do
    local model = models[name]
    first[place_of(model)] = first[place_of(model)] or (model.limits or model.breaker) and model
  end
  for _, name in ipairs(names) do
    local place = place_of(models[name])
    local model = first[place] or models[name]
    local usual, outages = outage > 0 and breaker.DEFAULT or nil, { limit = outage, spread = spread }
    if not limiters[place] then
      limiters[place] = limiter.new(model.name, model.limits, model.breaker or usual, sys.monotonic, outages,
        endpoint_share.of(place))
    elseif not seen[place] then
      limiters[place]:configure(model.limits, model.breaker or usual, outage)
    end
    seen[place] = true
  end
end

-- Those that answer in a model's place, in order.
local function add_others(models, model)
  local others = {}
  for _, name in ipairs(model.fallback or {}) do
    others[#others + 1] = name ~= model.name and models[name] or nil
  end
  model.others = #others > 0 and others or nil
  -- COMPAT: journals have replies of the model that it names
  local hedge = type(model.hedge) == "table" and model.hedge
  model.hedge = hedge and models[hedge.with]
end

---@param engine table
---@param team table
---@param limiters table<string, Limiter>|nil of all runs of the project; those that are missing are added
---@return table models
function M.new(engine, team, limiters)
  local organization = engine.project.config.organization
  local environment = engine.project.config.environments[engine.epic.data.environment] or {}
  local self = setmetatable({ engine = engine, team = team, models = {}, refused = {},
    names = model_defaults.names(organization) }, Models)
  for name, model in pairs(organization.models) do
    self.models[name] = M.profile(model, organization.keys, environment)
  end
  local all = tables.keys(self.models)
  limiters = limiters or {}
  limit_all(self.models, all, engine.limits.outage, limiters)
  for _, name in ipairs(all) do
    self.models[name].limiter = limiters[place_of(self.models[name])]
    add_others(self.models, self.models[name])
  end
  return self
end

---The breakers of a model and of those that answer in its place.
---@param name string
---@return Breaker[]
function Models:breakers(name)
  local model = self.models[name]
  local breakers = { model and model.limiter.breaker }
  for _, other in ipairs(model and model.others or {}) do
    breakers[#breakers + 1] = other.limiter.breaker
  end
  return breakers
end

local function account_of(model)
  return (model.base_url or "") .. " key " .. (model.key or "")
end

---A turn failed by what no repetition heals: neither its model is asked again before a person has retried a
---card, nor, when it is the account's fault, another one at its address. Where others answer in its place,
---and where it has answered before, it stays.
---@param model table of the turn
---@param err Error
function Models:refuse(model, err)
  local scope = not model.others and err.permanent
  if scope == "account" then
    self.refused[account_of(model)] = true
  elseif scope and model.limiter.breaker.replies == 0 then
    self.refused[place_of(model)] = true
  end
end

---Is a model not asked any more?
---@param model table
---@return boolean
function Models:is_refused(model)
  return self.refused[account_of(model)] or self.refused[place_of(model)] or false
end

---A person has retried a card: what is not asked may be asked now.
function Models:hurry()
  self.refused = {}
  for _, model in pairs(self.models) do
    model.limiter.breaker:hurry()
  end
end

-- A node that does not look at the past is not told it.
local function looks_back(entry)
  if entry.looks_back == nil then
    local names = entry.script:parameters("choose")
    entry.looks_back = not names or #names > 3
  end
  return entry.looks_back
end

---The model for a turn of this seat on this card.
---@param seat {seat: string, role: string}
---@param card table
---@param generation table|nil that serves the turn
---@param turn {number: integer?, past: table?}|nil  past: as it was told when the turn began
---@return {model: table, past: table?}|nil choice  past: that the node was told
---@return Error|nil
function Models:choose(seat, card, generation, turn)
  local project, epic = self.engine.project, self.engine.epic
  local plan = { params = epic.data.params or {}, environment = epic.data.environment }
  local default = model_defaults.name(project.config, plan, self.team.seats[seat.seat], seat.role)
  local past
  if looks_back(self.engine:node("models", generation)) then
    past = turn and turn.past or self.engine:past(card, seat.role, turn and turn.number)
  end
  local name, err = self.engine:ask_of(generation, "models", "choose", seat.role, card,
    { default = default, names = self.names }, past)
  if err then
    return nil, err
  end
  local model = self.models[name]
  if not model then
    return nil, errors.new("ERR_CONFIG", "there is no model for the role " .. seat.role,
      "add one to models in config/organization.json and name it in process_rules.default_llm")
  end
  return { model = model, past = past }
end

return M
