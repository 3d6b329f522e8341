-- config_record.lua: the configuration as people wrote it, beside the one that the last run followed from.
-- Another one is recorded before anything is done with it.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local config_delta = require("orket.scripts.permission_delta.config_delta")
local settings = require("orket.project.settings")

local M = {}

local UNREADABLE = { { config = "config", was = "unknown", now = "unknown",
  why = "what the last run followed from is not there any more" } }

-- As the last run's epic would be given it now.
local function now_of(project, before)
  local team, environment = before.team or {}, before.environment or {}
  local params = team.planning and { planning = team.planning } or nil -- it was the run of a plan
  return settings.of(project.config,
    { data = { team = team.id, environment = environment.id, params = params } })
end

---What changed since the last run, and what that makes possible; nil: nothing did, or none has run.
---@param project table database open
---@return {was: string, now: string, delta: table[], text: string}|nil
function M.changed(project)
  local row = project.store:read("house", {})[1]
  local text = row and project.store:blob(row.config)
  local before = text and cjson.decode(text)
  if not row then
    return nil
  elseif type(before) ~= "table" then
    return { was = row.config, now = row.config, delta = UNREADABLE, text = text or "" }
  end
  local now = now_of(project, before)
  local said = cjson.encode(now)
  local id = hash.of(said)
  return id ~= row.config and {
    was = row.config, now = id, delta = setmetatable(config_delta.rows(before, now), cjson.array_mt),
    text = said,
  } or nil
end

---Records another configuration than the last run's.
---@param project table opened as owner, its board open
---@return table|nil changed  see changed
---@return Error|nil
function M.record(project)
  local changed = M.changed(project)
  if not changed then
    return nil
  end
  local tx = project.board:begin()
  tx:event("config.changed", nil, { was = changed.was, now = tx:blob(changed.text), delta = changed.delta })
  local ok, err = errors.check(async.await(tx.commit, tx))
  return ok and changed, err
end

return M
