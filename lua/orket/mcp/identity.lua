-- identity.lua: which server one is: its program with what that is started with and can reach, or its address
-- with the key that it is sent. A person trusts the tools of exactly that one. Pure.

local cjson = require("cjson")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")

local M = {}

-- as they are configured
local FIELDS = { "command", "url", "private", "key", "directory", "show", "harmless" }

-- The fields of an identity, by what people call them.
local CALLED = {
  command = "command", url = "url", private = "private", key = "key", directory = "directory", show = "show",
  env = "env", values = "env", source = "keys", harmless = "harmless",
}

---@class McpIdentity
---@field command string[]?
---@field url string?
---@field private boolean?   its name may lead to a private address
---@field key string?        its name
---@field source table?      where that key comes from, and where it may go
---@field directory string?
---@field show string[]?
---@field harmless string[]?  what a person says of its tools
---@field env string[]?      the names
---@field values string?     hash of the names and values

---Nothing that is secret is in it: it is recorded.
---@param organization table
---@param server table one of organization.mcp
---@return McpIdentity
function M.of(organization, server)
  local identity = {}
  for _, field in ipairs(FIELDS) do
    identity[field] = server[field]
  end
  identity.source = server.key and (organization.keys or {})[server.key] or nil
  if server.env and next(server.env) ~= nil then
    identity.env, identity.values = tables.keys(server.env), hash.of(cjson.encode(server.env))
  end
  return identity
end

---All servers of an organization; nil when it names none.
---@param organization table
---@return table<string, McpIdentity>|nil
function M.all(organization)
  local all = {}
  for name, server in pairs(organization.mcp or {}) do
    all[name] = M.of(organization, server)
  end
  return next(all) ~= nil and all or nil
end

---The fields in which two differ, sorted; none: it is the same server.
---@param a McpIdentity
---@param b McpIdentity
---@return string[]
function M.differences(a, b)
  local differ = {}
  for field, name in pairs(CALLED) do
    if not tables.same(a[field], b[field]) then
      differ[name] = true
    end
  end
  return tables.keys(differ)
end

return M
