-- roles.lua: what the roles of people may do. Every route of the service and every act asks for one
-- permission; a role has some of them, or single routes and acts by their names.

local tables = require("orket.util.tables")

local M = {}

---What a role can be given; "self", which each signed-in user has, is about the user's own.
M.PERMISSIONS = { "read", "run", "act", "admin" }

---What a service's key may have: it is no person.
M.SERVICE = { read = true, run = true }

local BUILT_IN = {
  viewer = { "read" },
  developer = { "read", "run", "act" },
  admin = { "read", "run", "act", "admin" },
}

---All roles with their permissions; the organization's own stand beside those that are built in, which stay
---as they are.
---@param organization table
---@return table<string, string[]>
function M.all(organization)
  local roles = {}
  for name, permissions in pairs((organization.people or {}).roles or {}) do
    roles[name] = permissions
  end
  for name, permissions in pairs(BUILT_IN) do
    roles[name] = permissions
  end
  return roles
end

---All roles, sorted.
---@param organization table
---@return string[]
function M.names(organization)
  return tables.keys(M.all(organization))
end

---What the organization's own roles name that does not exist: no permission, no route and no act.
---@param organization table
---@param known table<string, true> names of routes and acts
---@return {role: string, at: integer, word: string}[] at: its place in the role's list
function M.unknown(organization, known)
  local list, permissions = {}, tables.set(M.PERMISSIONS)
  local own = (organization.people or {}).roles or {}
  for _, role in ipairs(tables.keys(own)) do
    for i, word in ipairs(own[role]) do
      if not (permissions[word] or known[word]) then
        list[#list + 1] = { role = role, at = i, word = word }
      end
    end
  end
  return list
end

---The permissions of a role; one that does not exist has none.
---@param organization table
---@param role string
---@return table<string, boolean> set
function M.permissions(organization, role)
  return tables.set(M.all(organization)[role] or {})
end

---Do these permissions allow it?
---@param permissions table<string, boolean>
---@param permission string what is asked for
---@param name string of the route or the act
---@return boolean
function M.allow(permissions, permission, name)
  return permission == "self" or permissions[permission] == true or permissions[name] == true
end

---The roles that have it, sorted.
---@param organization table
---@param permission string
---@param name string
---@return string[]
function M.with(organization, permission, name)
  local names = {}
  for role, permissions in pairs(M.all(organization)) do
    if M.allow(tables.set(permissions), permission, name) then
      names[#names + 1] = role
    end
  end
  table.sort(names)
  return names
end

return M
