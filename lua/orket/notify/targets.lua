-- targets.lua: to whom notices go, as the configuration names them.

local errors = require("orket.errors")
local llm = require("orket.core.llm")
local notifications = require("orket.notify.notifications")
local tables = require("orket.util.tables")

local M = {}

---@class NotifyTarget
---@field name string
---@field kind "webhook"|"ntfy"|"mail"|"desktop"
---@field url string|nil of a desktop: none
---@field events string[] of notifications.EVENTS
---@field page string|nil address of the page of the service, for links
---@field private boolean|nil
---@field key string|nil the core's name of its key: it signs, is sent as a bearer, or is a password
---@field user string|nil who logs in with the key (mail)
---@field from string|nil
---@field to string[]|nil

local FIELDS = { "kind", "url", "page", "private", "from", "to" }

-- The core knows the key from here on.
local function define_key(organization, target, name)
  local source = (organization.keys or {})[name] or { env = name }
  target.key, target.user = "notify." .. target.name, source.user
  return errors.check(llm.key(target.key, { env = source.env, file = source.file, header = source.header,
    user = source.user, origin = source.origin or target.url }))
end

---@param organization table
---@param name string
---@return NotifyTarget|nil
---@return Error|nil its key is not there
function M.open(organization, name)
  local entry = organization.notify[name]
  local target = tables.pick(entry, FIELDS)
  target.name, target.events = name, entry.events or notifications.EVENTS
  if not entry.key then
    return target
  end
  local ok, err = define_key(organization, target, entry.key)
  return ok and target, err
end

---What a target follows from: two that are the same need not be opened again.
---@param organization table
---@param name string
---@return table
function M.given(organization, name)
  local entry = organization.notify[name]
  return { entry = entry, source = (organization.keys or {})[entry.key] }
end

---@param organization table
---@return string[] sorted
function M.names(organization)
  return tables.keys(organization.notify or {})
end

return M
