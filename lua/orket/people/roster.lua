-- roster.lua: the users and access keys of a project, as the journal has them: kept until an event of theirs
-- is committed.

local tables = require("orket.util.tables")

local M = {}

---@class User
---@field name string
---@field seq integer of the event that made it
---@field role string
---@field secret string|nil the id of the password
---@field disabled boolean
---@field created_at string
---@field created_by string
---@field signed_in_at string|nil

---@class AccessKey
---@field id string
---@field name string
---@field user string|nil whose it is; nil: a service's
---@field scope string[] permissions
---@field created_at string
---@field created_by string
---@field expires_at string UTC, RFC 3339
---@field revoked_at string|nil

---@class Roster
---@field users table<string, User> by name
---@field keys table<string, AccessKey> by id

---Reads them.
---@param store Store
---@return Roster
function M.read(store)
  local users, keys = {}, {}
  for _, row in ipairs(store:read("people", {})) do
    row.disabled = row.disabled ~= 0
    users[row.name] = row
  end
  for _, row in ipairs(store:read("access_keys", {})) do
    keys[row.id] = row
  end
  return { users = users, keys = keys }
end

---The user of this name.
---@param store Store
---@param name string
---@return User|nil
function M.user(store, name)
  return M.read(store).users[name]
end

---True when somebody may sign in: from then on names are those of users.
---@param roster Roster
---@return boolean
function M.has_users(roster)
  return next(roster.users) ~= nil
end

---In order: users by name, keys as they were made.
---@param roster Roster
---@return User[]
function M.sorted_users(roster)
  local list = {}
  for i, name in ipairs(tables.keys(roster.users)) do
    list[i] = roster.users[name]
  end
  return list
end

return M
