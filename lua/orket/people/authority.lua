-- authority.lua: whether a user, a service's key or an account of this machine may perform an act. It is
-- checked where acts are performed, so it holds for the service, for commands and for clients of the owner's
-- socket. A name that no user has is that of an account of this machine, which has the project's files; over
-- the network there is no such account, and the name is that of a user who is one no more.

local errors = require("orket.errors")
local principals = require("orket.people.principal")
local roles = require("orket.people.roles")
local roster = require("orket.people.roster")

local M = {}

local ADMIN = principals.admin().name

local function is_service(who)
  return who:sub(1, 8) == "service:"
end

-- nil: all of them.
local function permissions_of(organization, users, who, is_remote)
  if is_service(who) then
    return roles.SERVICE
  end
  local user = users[who]
  if user and not user.disabled then
    return roles.permissions(organization, user.role)
  end
  return (user or is_remote and who ~= ADMIN) and {} or nil
end

---The permission that a request of an act takes.
---@param act Act
---@param request table
---@return string
function M.wanted(act, request)
  if type(act.permission) == "function" then
    return act.permission(request)
  end
  return act.permission or "act"
end

---@param project table opened as owner
---@param request Request
---@param act Act
---@param client LineClient|nil
---@return Error|nil
function M.check(project, request, act, client)
  local organization, who = project.config.organization, request.who or "unknown"
  local permissions = permissions_of(organization, roster.read(project.store).users, who,
    client and client.is_remote)
  local wanted = M.wanted(act, request)
  if permissions and not roles.allow(permissions, wanted, request.act) then
    return errors.new("ERR_DENIED", ("%s may not %s: it needs the permission %q"):format(who, request.act,
      wanted), "roles that have it: " .. table.concat(roles.with(organization, wanted, request.act), ", ")
      .. "; an administrator gives one (Settings, Users; or orket user role)")
  end
end

return M
