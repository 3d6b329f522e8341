-- system_routes.lua: the service itself: is it alive, which version is it, what does it offer.

local cjson = require("cjson")
local openapi = require("orket.service.api.openapi")
local sys = require("orket.core.sys")

local M = { tag = "system" }

local function health(service)
  local ready = service.workspaces:ready()
  return { status = ready and "ok" or "stopping", live = true, ready = ready }
end

local function workspaces(service)
  local items = setmetatable({}, cjson.array_mt)
  for i, name in ipairs(service.workspaces.names) do
    items[i] = { name = name }
  end
  return { items = items }
end

local function version(service)
  return { version = sys.version(), api = "v1",
    organization = service.project.config.organization.name }
end

M.routes = {
  {
    name = "health", method = "GET", path = "/health", permission = "open",
    summary = "whether the server is alive, and ready for work", handle = health, answer = {
      type = "object", required = { "status", "live", "ready" },
      properties = { status = { enum = { "ok", "stopping" } }, live = { type = "boolean" },
        ready = { type = "boolean" } },
    },
  },
  {
    name = "version", method = "GET", path = "/v1/version", permission = "read",
    summary = "the versions of the program and of the API", handle = version, answer = {
      type = "object", required = { "version", "api" },
      properties = { version = { type = "string" }, api = { const = "v1" },
        organization = { type = "string" } },
    },
  },
  {
    name = "workspaces", method = "GET", path = "/v1/workspaces", permission = "read",
    summary = "the projects that this server serves: /w/NAME/v1/… is one of them, /v1/… the first",
    handle = workspaces, answer = { type = "object", required = { "items" }, properties = { items = {
      type = "array", items = { type = "object", required = { "name" },
        properties = { name = { type = "string" } } },
    } } },
  },
  {
    name = "openapi", method = "GET", path = "/openapi.json", permission = "read",
    summary = "this API as an OpenAPI 3.1 document", handle = function(service)
      return openapi.document(service.routes)
    end, answer = { type = "object", required = { "openapi", "info", "paths" } },
  },
}

return M
