-- roster.lua: the users and access keys of a project, folded from the events of the board about them. What
-- was folded before is kept, and goes on with the events since.

local tables = require("orket.util.tables")

local M = {}

---@class User
---@field name string
---@field seq integer of the event that made it: one of the same name that was made anew is another one
---@field role string
---@field secret string|nil the id of the password
---@field home string|nil the project of the same server where this one signs in, as a user of that name there
---@field disabled boolean
---@field created_at string
---@field created_by string
---@field signed_in_at string|nil

---@class AccessKey
---@field id string
---@field seq integer of the event that made it
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
---@field yeses table<string, string[]> by question: actors of yeses of which one is not enough
---@field last integer the newest event that is in it

local FOLD = {}

FOLD["user.created"] = function(roster, event, body)
  roster.users[body.name] = roster.users[body.name] or { name = body.name, seq = event.seq,
    role = body.role, secret = body.secret, home = body.home, disabled = false, created_at = event.at,
    created_by = event.actor }
end

FOLD["user.changed"] = function(roster, _, body)
  local user = roster.users[body.name] or {}
  for _, field in ipairs({ "role", "secret", "disabled" }) do
    if body.set[field] ~= nil then
      user[field] = body.set[field]
    end
  end
end

local function revoke(key, at)
  key.revoked_at = key.revoked_at or at
end

FOLD["user.removed"] = function(roster, event, body)
  roster.users[body.name] = nil
  for _, actors in pairs(roster.yeses) do
    tables.drop(actors, "human:" .. body.name) -- another one of that name did not give them
  end
  for _, key in pairs(roster.keys) do
    if key.user == body.name then
      revoke(key, event.at)
    end
  end
end

FOLD["user.signed_in"] = function(roster, event, body)
  if body.ok and roster.users[body.name] then
    roster.users[body.name].signed_in_at = event.at
  end
end

FOLD["key.created"] = function(roster, event, body)
  roster.keys[body.id] = roster.keys[body.id] or { id = body.id, seq = event.seq, name = body.name,
    user = body.user, scope = body.scope, created_at = event.at, created_by = event.actor,
    expires_at = body.expires_at }
end

FOLD["key.revoked"] = function(roster, event, body)
  if roster.keys[body.id] then
    revoke(roster.keys[body.id], event.at)
  end
end

FOLD["approval.given"] = function(roster, event, body)
  local list = roster.yeses[body.ask] or {}
  roster.yeses[body.ask] = list
  if not tables.has(list, event.actor) then
    list[#list + 1] = event.actor
  end
end

local known = setmetatable({}, { __mode = "k" }) -- by store

---As they are now. What is returned belongs to the roster, which alone changes it.
---@param store Store
---@return Roster
function M.read(store)
  local roster = known[store] or { users = {}, keys = {}, yeses = {}, last = 0 }
  for _, event in ipairs(store:read("people_events", { since = roster.last })) do
    FOLD[event.kind](roster, event, event.body)
    roster.last = event.seq
  end
  known[store] = roster
  return roster
end

---The user of this name.
---@param store Store
---@param name string
---@return User|nil
function M.user(store, name)
  return M.read(store).users[name]
end

---Users by name.
---@param roster Roster
---@return User[]
function M.sorted_users(roster)
  local list = {}
  for i, name in ipairs(tables.keys(roster.users)) do
    list[i] = roster.users[name]
  end
  return list
end

---Keys as they were made.
---@param roster Roster
---@return AccessKey[]
function M.sorted_keys(roster)
  local list = {}
  for i, id in ipairs(tables.keys(roster.keys)) do
    list[i] = roster.keys[id]
  end
  table.sort(list, function(a, b) return a.seq < b.seq end)
  return list
end

---What anybody may see of a user.
---@param user User
---@return table
function M.shown_user(user)
  return { name = user.name, role = user.role, home = user.home, disabled = user.disabled,
    has_password = user.secret ~= nil, created_at = user.created_at, created_by = user.created_by,
    signed_in_at = user.signed_in_at }
end

---What anybody may see of a key.
---@param key AccessKey
---@return table
function M.shown_key(key)
  return tables.pick(key, { "id", "name", "user", "scope", "created_at", "created_by", "expires_at",
    "revoked_at" })
end

return M
