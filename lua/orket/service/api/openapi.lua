-- openapi.lua: the registry of routes as an OpenAPI 3.1 document. Nothing is said here that the routes do not
-- say.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local inputs = require("orket.service.api.inputs")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local PROBLEM = { ["application/problem+json"] = { schema = { ["$ref"] = "#/components/schemas/Problem" } } }

local WHAT = { -- what every route may answer besides its own
  ["400"] = "The request cannot be read.", ["401"] = "No key, or a wrong one.",
  ["403"] = "The Host or the Origin is not this server.", ["404"] = "What the path names does not exist.",
  ["409"] = "It was refused as things stand.", ["422"] = "A value does not fit; errors say where.",
  ["500"] = "A bug of the server.", ["503"] = "The machine failed.",
}

local function parameters(route)
  local list = setmetatable({}, cjson.array_mt)
  for name in route.path:gmatch("{([%w_]+)}") do
    list[#list + 1] = { name = name, ["in"] = "path", required = true, schema = { type = "string" } }
  end
  for _, name in ipairs(tables.keys(route.query or {})) do
    local source = route.query[name]
    list[#list + 1] = { name = name, ["in"] = "query", schema = source, description = source.description,
      required = tables.has(route.needs or {}, name) or nil }
  end
  return list
end

local function content(route)
  local kinds = { [route.produces or "application/json"] = {
    schema = route.produces and { type = "string" } or route.answer } }
  if route.stream and not route.produces then
    kinds["text/event-stream"] = { schema = { type = "string" } }
  end
  return kinds
end

local function responses(route)
  local all = { [tostring(route.status or 200)] = { description = route.summary, content = content(route) } }
  for status, what in pairs(WHAT) do
    if not (route.permission == "open" and status == "401") then
      all[status] = { description = what, content = PROBLEM }
    end
  end
  return all
end

local function operation(route, name)
  local open = route.permission == "open"
  return {
    operationId = name, summary = route.summary, parameters = parameters(route), responses = responses(route),
    tags = { route.tag }, ["x-permission"] = route.permission,
    security = open and setmetatable({}, cjson.array_mt) or { { bearer = setmetatable({}, cjson.array_mt) } },
    requestBody = route.body and { required = route.body.required ~= nil,
      content = { ["application/json"] = { schema = route.body } } } or nil,
  }
end

-- One operation has one id: an alias has its place as well.
local function add(paths, route, path, name)
  paths[path] = paths[path] or {}
  paths[path][route.method:lower()] = operation(route, name)
end

---@param list Route[]
---@return table document
function M.document(list)
  local paths = {}
  for _, route in ipairs(list) do
    inputs.query_schema(route)
    add(paths, route, route.path, route.name)
    for i, alias in ipairs(route.aliases or {}) do
      add(paths, route, alias, route.name .. "_" .. i + 1)
    end
  end
  return {
    openapi = "3.1.0", paths = paths,
    info = { title = "Orket", version = sys.version(),
      license = { name = "Apache-2.0", identifier = "Apache-2.0" },
      description = "One project of Orket, served by the process that owns it." },
    servers = { { url = "/" } },
    components = {
      schemas = api_schemas.all(),
      securitySchemes = { bearer = { type = "http", scheme = "bearer" } },
    },
  }
end

return M
