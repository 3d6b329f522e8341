-- openapi.lua: the registry of routes as an OpenAPI 3.1 document. Nothing is said here that the routes do not
-- say.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local errors = require("orket.errors")
local inputs = require("orket.service.api.inputs")
local problem = require("orket.service.api.problem")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")
local tags = require("orket.service.api.tags")

local M = {}

local PROBLEM = { ["application/problem+json"] = { schema = { ["$ref"] = "#/components/schemas/Problem" } } }

local WHAT = { -- what every route may answer besides its own
  ["400"] = "The request cannot be read.", ["401"] = "No key, or a wrong one.",
  ["403"] = "The Host or the Origin is not this server, or who asks may not do this.",
  ["404"] = "What the path names does not exist.", ["409"] = "It was refused as things stand.",
  ["422"] = "A value does not fit; errors say where.", ["429"] = "Too many requests.",
  ["500"] = "A bug of the server.", ["503"] = "The machine failed.",
}

local OF_BODY = { -- what a route that takes one may answer
  ["413"] = "The body is too large, or too deep.", ["415"] = "The body is not JSON.",
}

local NONE = setmetatable({}, cjson.array_mt)

local function parameters(route)
  local list = setmetatable({}, cjson.array_mt)
  for name in route.path:gmatch("{([%w_]+)}") do
    list[#list + 1] = { name = name, ["in"] = "path", required = true, schema = { type = "string" } }
  end
  for place, schemas in pairs({ query = route.query or {}, header = route.headers or {} }) do
    for _, name in ipairs(tables.keys(schemas)) do
      local source = schemas[name]
      list[#list + 1] = { name = name, ["in"] = place, schema = source, description = source.description,
        required = tables.has(route.needs or {}, name) or nil }
    end
  end
  table.sort(list, function(a, b)
    return a["in"] .. a.name > b["in"] .. b.name -- query, path, header
  end)
  return list
end

-- ---- what is answered ----

-- What is sent by a route of its own, without JSON, is bytes.
local function schema_of(route)
  if not route.produces then
    return route.answer
  end
  return { type = "string", format = route.stream and "binary" or nil }
end

local function content(route)
  local kinds = { [route.produces or "application/json"] = { schema = schema_of(route) } }
  if route.stream and not route.produces then
    kinds["text/event-stream"] = { schema = { type = "string" } }
  end
  return kinds
end

-- The codes of a route's own errors, by the status that they are answered with.
local function codes_of(route)
  local codes = {}
  for _, code in ipairs(route.errors or {}) do
    local status = tostring(problem.status(errors.new(code, "")))
    codes[status] = codes[status] and codes[status] .. ", " .. code or code
  end
  return codes
end

local function failures(route)
  local all = {}
  for status, what in pairs(WHAT) do
    all[status] = what
  end
  for status, what in pairs(route.body and OF_BODY or {}) do
    all[status] = what
  end
  if route.permission == "open" then
    all["401"], all["429"] = nil, nil
  elseif (route.headers or {})["If-Match"] then
    all["428"] = "No revision was sent."
  end
  return all
end

local function responses(route)
  local all, codes = {}, codes_of(route)
  for status, what in pairs(failures(route)) do
    local code = codes[status]
    all[status] = { description = code and what .. " (" .. code .. ")" or what, content = PROBLEM }
  end
  if route.method == "GET" and all["304"] == nil and not route.stream then
    all["304"] = { description = "It is what If-None-Match names." }
  end
  all[tostring(route.status or 200)] = { description = route.summary, content = content(route) }
  return all
end

-- ---- what is asked ----

local function request_of(route)
  local kinds = { ["application/json"] = { schema = route.body, example = route.example } }
  if route.method == "PATCH" then
    kinds["application/merge-patch+json"] = { schema = route.body }
  end
  return { required = route.body.required ~= nil, content = kinds }
end

local function operation(route, name)
  local open = route.permission == "open"
  return {
    operationId = name, summary = route.summary, parameters = parameters(route), responses = responses(route),
    tags = { route.tag }, ["x-permission"] = route.permission,
    security = open and NONE or { { bearer = NONE }, { key = NONE } },
    requestBody = route.body and request_of(route) or nil,
  }
end

-- One operation has one id: an alias has its place as well.
local function add(paths, route, path, name)
  paths[path] = paths[path] or {}
  paths[path][route.method:lower()] = operation(route, name)
end

local function tag_rows(list)
  local used, rows = {}, {}
  for _, route in ipairs(list) do
    used[route.tag] = true
  end
  for _, tag in ipairs(tags.ALL) do
    rows[#rows + 1] = used[tag.name] and { name = tag.name, description = tag.about } or nil
  end
  return rows
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
    openapi = "3.1.0", paths = paths, tags = tag_rows(list),
    info = { title = "Orket", version = sys.version(),
      license = { name = "Apache-2.0", identifier = "Apache-2.0" },
      description = "One project of Orket, served by the process that owns it." },
    servers = { { url = "/" } },
    components = {
      schemas = api_schemas.all(),
      securitySchemes = {
        bearer = { type = "http", scheme = "bearer", description = "a key, or the token of a login" },
        key = { type = "apiKey", ["in"] = "header", name = "X-API-Key", description = "a key" },
      },
    },
  }
end

return M
