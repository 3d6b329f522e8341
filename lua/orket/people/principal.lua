-- principal.lua: who asks, and what for: the administrator's key, a signed-in user, a user's access key, or a
-- service's, which is no person.

local errors = require("orket.errors")
local instants = require("orket.util.instants")
local roles = require("orket.people.roles")
local tables = require("orket.util.tables")

local M = {}

---@class Principal
---@field kind "admin"|"user"|"key"|"service"
---@field name string in which it acts
---@field role string|nil
---@field permissions table<string, boolean>
---@field account string the key, or the user who is signed in
---@field owner string under which it is counted: the keys and the sessions of a user have one owner
---@field ends number|nil seconds since 1970
---@field session Session|nil
local Principal = {}
Principal.__index = Principal

local ALL = tables.set(roles.PERMISSIONS)
local AUDITED = { "user.", "key." } -- beginnings of kinds of events that only the audit shows

local ADMIN = setmetatable({ kind = "admin", name = "admin", role = "admin", permissions = ALL,
  account = "admin", owner = "admin" }, Principal)

---The holder of the administrator's key.
---@return Principal
function M.admin()
  return ADMIN
end

---An account of this machine, which has the project's files.
---@param name string
---@return Principal
function M.machine(name)
  return setmetatable({ kind = "admin", name = name, role = "admin", permissions = ALL,
    account = "machine:" .. name, owner = "machine:" .. name }, Principal)
end

---A user who is signed in.
---@param organization table
---@param user User
---@param session Session
---@param ends number
---@return Principal
function M.user(organization, user, session, ends)
  return setmetatable({ kind = "user", name = user.name, role = user.role, session = session, ends = ends,
    permissions = roles.permissions(organization, user.role), account = "user:" .. user.name,
    owner = "user:" .. user.name }, Principal)
end

-- What the user may, as far as the key may: what a role names singly belongs to "act".
local function within(permissions, scope)
  local both = {}
  for permission in pairs(permissions) do
    both[permission] = scope[ALL[permission] and permission or "act"]
  end
  return both
end

---The holder of an access key.
---@param organization table
---@param key AccessKey
---@param user User|nil nil: a service's
---@return Principal
function M.key(organization, key, user)
  local scope = tables.set(key.scope)
  local self = { kind = user and "key" or "service", name = user and user.name or "service:" .. key.name,
    role = user and user.role, permissions = scope, account = "key:" .. key.id,
    owner = user and "user:" .. user.name or "key:" .. key.id, ends = instants.seconds(key.expires_at) }
  if user then
    self.permissions = within(roles.permissions(organization, user.role), scope)
  end
  return setmetatable(self, Principal)
end

local function why_not(self)
  if self.kind == "service" then
    return "a service's key, which is no person,"
  elseif self.kind == "key" then
    return "this key of " .. self.name .. ", as " .. self.role .. ","
  end
  return self.name .. ", as " .. tostring(self.role) .. ","
end

---May it ask for this route?
---@param route Route
---@param organization table
---@return Error|nil
function Principal:check(route, organization)
  local name = route.act or route.name
  if roles.allow(self.permissions, route.permission, name) then
    return nil
  end
  return errors.new("ERR_DENIED", ("%s may not %s: it needs the permission %q"):format(why_not(self),
    name, route.permission), "roles that have it: " .. table.concat(roles.with(organization,
      route.permission, name), ", ")
    .. "; an administrator gives one (Settings, Users; or orket user role)", 403)
end

---The events that it may not see: beginnings of their kinds; nil: it may see all.
---@return string[]|nil
function Principal:hidden_kinds()
  return not roles.allow(self.permissions, "admin", "audit") and AUDITED or nil
end

---@return boolean false: a service's key
function Principal:is_person()
  return self.kind ~= "service"
end

return M
