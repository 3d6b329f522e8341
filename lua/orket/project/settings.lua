-- settings.lua: what of the configuration a run follows from, as one value. It is recorded with the run (a
-- blob, the same one as long as nothing changes), so that a replay does not depend on what the files say now.
-- Where a model is, and the name of the key that goes there, is in it; headers are not, and cards are not:
-- the board has them.

local cjson = require("cjson")
local diff = require("orket.util.diff")
local errors = require("orket.errors")
local identity = require("orket.mcp.identity")
local tables = require("orket.util.tables")
local seats = require("orket.scheduler.seats")

local M = {}

local OF_MODEL = {
  "model", "shape", "context", "compact_at", "summarise", "temperature", "top_p", "top_k", "min_p",
  "presence_penalty", "frequency_penalty", "stop", "seed",
  "max_tokens", "price", "fallback", "hedge", "base_url", "private", "key", "inputs",
}
local OF_ENVIRONMENT = { "id", "model", "temperature", "seed" }

---@class Settings
---@field architecture table
---@field process_rules table
---@field models table
---@field team table
---@field environment table
---@field mcp table?
---@field people {roles: table?, approvals: table[]?, delegations: table[]?}?
---@field remotes table<string, {url: string, push: string}>?  those that are pushed to by themselves

local function pushed_to(organization)
  local remotes
  for name, remote in pairs(organization.remotes or {}) do
    if remote.push then
      remotes = remotes or {}
      remotes[name] = { url = remote.url, push = remote.push }
    end
  end
  return remotes
end

---What the run of an epic follows from.
---@param config table
---@param epic {data: {team: string, environment: string}}
---@return Settings
function M.of(config, epic)
  local models = {}
  for name, model in pairs(config.organization.models) do
    models[name] = tables.pick(model, OF_MODEL)
    models[name].key_origin = ((config.organization.keys or {})[model.key] or {}).origin
  end
  return {
    architecture = { idesign = (config.organization.architecture or {}).idesign },
    process_rules = config.organization.process_rules, models = models, team = seats.team(config, epic),
    environment = tables.pick(config.environments[epic.data.environment] or { id = epic.data.environment },
      OF_ENVIRONMENT),
    mcp = config.organization.mcp and identity.all(config.organization),
    remotes = pushed_to(config.organization), people = config.organization.people,
  }
end

local function is_map_of_tables(value)
  for _, item in pairs(type(value) == "table" and value or { false }) do
    if type(item) ~= "table" then
      return false
    end
  end
  return type(value) == "table"
end

local function has_roles(all)
  for _, seat in pairs(all) do
    if type(seat.roles) ~= "table" then
      return false
    end
  end
  return true
end

local function is_settings(value)
  return is_map_of_tables(value) and value.process_rules and is_map_of_tables(value.models)
    and value.environment
    and value.team and is_map_of_tables(value.team.seats) and has_roles(value.team.seats)
    and type(value.team.id) == "string" and type(value.environment.id) == "string"
end

---A configuration that says what was recorded.
---@param text string a recorded value
---@return table|nil config {organization, models, teams, environments}
---@return Error|nil
function M.config(text)
  local value = cjson.decode(text)
  if not is_settings(value) then
    return nil, errors.new("ERR_REPLAY", "the recorded configuration is none", "orket check")
  end
  for name, model in pairs(value.models) do
    model.name = name
  end
  return {
    organization = {
      process_rules = value.process_rules, models = value.models, keys = {},
      architecture = value.architecture, remotes = value.remotes,
    },
    models = value.models,
    teams = { [value.team.id] = value.team }, environments = { [value.environment.id] = value.environment },
  }
end

---What a process that works follows from stays as it is when its files are read again; what is new is added.
---@param loaded table
---@param before table
---@return table loaded
function M.keep(loaded, before)
  for _, part in ipairs({ "organization", "models", "keys", "rules", "limits" }) do
    loaded[part] = before[part]
  end
  for _, part in ipairs({ "teams", "environments" }) do
    for name, value in pairs(before[part]) do
      loaded[part][name] = value
    end
  end
  return loaded
end

local function path_of(line)
  return line:match("^(.-) = ") or line:match("^(.-):$") or line
end

---The fields in which two values differ, by path, and how.
---@param a table
---@param b table
---@return string[] paths
---@return string diff
function M.changes(a, b)
  local of_a, of_b, paths = {}, {}, {}
  for _, line in ipairs(diff.lines(a)) do
    of_a[line] = path_of(line)
  end
  for _, line in ipairs(diff.lines(b)) do
    of_b[line] = path_of(line)
    paths[of_b[line]] = not of_a[line] or nil
  end
  for line, path in pairs(of_a) do
    paths[path] = paths[path] or not of_b[line] or nil
  end
  return tables.keys(paths), diff.values(a, b)
end

return M
