-- sides.lua: the two sides of a comparison: the scripts and the settings that were recorded, and the same
-- with the changed ones over them. Made once for each generation and configuration, with what the two differ
-- in (history/sim/delta.lua).

local delta = require("orket.history.sim.delta")
local errors = require("orket.errors")
local gate_options = require("orket.governance.gate_options")
local tables = require("orket.util.tables")
local scripts = require("orket.scripts.scripts")
local settings = require("orket.project.settings")
local with = require("orket.history.sim.with")

local M = {}

local Sides = {}
Sides.__index = Sides

---@class SimSide
---@field generation table
---@field config table {organization, models, teams, environments}

---@class SimPair: SimDelta
---@field old SimSide
---@field new SimSide
---@field changed string[] paths and settings in which they differ

local same = tables.same

local function rules_of(config)
  return gate_options.of(config.organization.process_rules)
end

-- Models by their names, which is all that routes are about.
local function named(models)
  local all = {}
  for name in pairs(models) do
    all[name] = { name = name }
  end
  return all
end

-- The same with other process rules and models; no keys, which nobody needs here.
local function with_process(config, process, models)
  local copy = {}
  for key, value in pairs(config) do
    copy[key] = value
  end
  copy.organization = {}
  for key, value in pairs(config.organization) do
    copy.organization[key] = value
  end
  copy.organization.process_rules, copy.organization.keys = process or config.organization.process_rules, {}
  copy.organization.models = named(models or config.organization.models)
  copy.models = copy.organization.models
  return copy
end

-- ---- both ----

local function refused(problem)
  local path = problem.path == "gate" and "config/organization.json" or problem.path
  return nil, errors.new(problem.err.code, path .. " would not serve: " .. problem.err.message,
    errors.fix_of(problem.err) or "correct " .. path .. "; nothing was judged")
end

local function texts_of(store, id)
  local row = store:read("generation", { id = id })[1]
  local texts = {}
  for path, blob in pairs(row and row.files or {}) do
    texts[path] = store:blob(blob)
  end
  return next(texts) and texts
end

local function pair(old, new, changed)
  local both = delta.of(old, new)
  both.old, both.new, both.changed = old, new, changed
  return both
end

-- What was recorded cannot be made again: nothing of it can be judged.
local function lost(err)
  err.lost = true
  return nil, err
end

---Both sides of a set of texts.
---@param texts table<string, string>
---@param config table as the texts served with
---@return SimPair|nil
---@return Error|nil err  a changed script would not serve; lost: it is the recorded ones that do not build
---  any more
function Sides:both(texts, config)
  local over, changed = with.over(texts, self.overlay)
  config = with_process(config)
  local new_config = with_process(config, self.overlay.process, self.overlay.models)
  local old, problems = scripts.build(texts, rules_of(config), self.last)
  if not old or #problems > 0 then
    return lost(select(2, refused(problems[1])))
  end
  local new
  new, problems = scripts.build(over, rules_of(new_config), old)
  if not new or #problems > 0 then
    return refused(problems[1])
  end
  self.last = old -- the next one keeps what is the same
  if self.overlay.process and not same(config.organization.process_rules, self.overlay.process) then
    changed[#changed + 1] = "config/organization.json"
  end
  local both = pair({ generation = old, config = config }, { generation = new, config = new_config }, changed)
  table.insert(self.pairs, both)
  return both
end

---A recorded configuration; the project's own when there is none.
---@param blob string|nil
---@return table|nil config
---@return Error|nil
function Sides:configuration(blob)
  if not blob then
    return self.now
  end
  local known = self.configs[blob]
  if not known then
    local text, err = errors.check(self.store:blob(blob))
    if text then
      known, err = settings.config(text)
    end
    if not known then
      return nil, err
    end
    self.configs[blob] = known
  end
  return known
end

---Both sides of a recorded generation.
---@param generation string its id
---@param blob string|nil the recorded configuration
---@return SimPair|nil
---@return Error|nil err  lost: what was recorded cannot be made again, nothing of it can be judged
function Sides:of(generation, blob)
  local known = self.known[generation] or {}
  self.known[generation] = known
  if known[blob or ""] then
    return known[blob or ""]
  end
  local config, err = self:configuration(blob)
  local texts = config and texts_of(self.store, generation)
  if not texts then
    return lost(err or errors.new("ERR_NOT_FOUND", "the scripts of the generation " .. generation
      .. " are not there any more"))
  end
  local both, why = self:both(texts, config)
  known[blob or ""] = both
  return both, why
end

---Both sides of the project's present scripts and settings.
---@param project table
---@return SimPair|nil
---@return Error|nil
function Sides:present(project)
  if not self.here then
    local texts, problems = scripts.texts(project.root)
    if #problems > 0 then
      return refused(problems[1])
    end
    local both, err = self:both(texts, self.now)
    if not both then
      return nil, err
    end
    self.here = both
  end
  return self.here
end

---Everything in which any of the pairs differed.
---@return string[]
function Sides:changed()
  local all = {}
  for _, both in ipairs(self.pairs) do
    for _, path in ipairs(both.changed) do
      all[path] = true
    end
  end
  return tables.keys(all)
end

---What is changed and not judged, each with why.
---@return string[]
function Sides:not_simulated()
  local all, lines = {}, {}
  for _, path in ipairs(self.overlay.ignored) do
    all[path] = "no recorded decision is made by it alone"
  end
  for _, both in ipairs(self.pairs) do
    for what, why in pairs(both.beyond) do
      all[what] = why
    end
  end
  for i, what in ipairs(tables.keys(all)) do
    lines[i] = what .. ": " .. all[what]
  end
  return lines
end

---@param project table opened
---@param overlay Overlay
---@return table sides
function M.new(project, overlay)
  return setmetatable({ store = project.store, now = project.config, overlay = overlay, known = {},
    pairs = {}, configs = {} }, Sides)
end

return M
