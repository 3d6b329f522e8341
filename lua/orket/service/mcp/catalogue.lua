-- catalogue.lua: the registry of routes as what an MCP client lists: tools, resources, prompts. Nothing is
-- said here that the routes do not say; a route that says nothing of `tool` is none of them.

local answer_page = require("orket.service.mcp.answer_page")
local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local schema = require("orket.core.schema")
local tables = require("orket.util.tables")

local M = {}

M.SCHEME = "orket://" -- before the path of a route: the address of a resource

local EMPTY_OBJECT = cjson.decode("{}")

-- ---- schemas ----

local COMPONENT = "#/components/schemas/"

-- With the components themselves in place of references to them: a tool's schema stands alone.
local function whole(source)
  if type(source) ~= "table" then
    return source
  end
  local name = source["$ref"]
  if name then
    return whole(api_schemas.all()[name:sub(#COMPONENT + 1)])
  end
  local copy = setmetatable({}, getmetatable(source))
  for key, value in pairs(source) do
    copy[key] = whole(value)
  end
  return copy
end

local function params_of(route)
  local names = {}
  for name in route.path:gmatch("{([%w_]+)}") do
    names[#names + 1] = name
  end
  return names
end

local function add(properties, name, source, route)
  assert(properties[name] == nil, route.name .. " takes " .. name .. " twice")
  properties[name] = source
end

-- What a model gives: path, query and body as one object, without what only a person's reading can give.
local function input_of(route)
  local properties, required = {}, {}
  local body, bound = route.body or {}, route.shown and route.shown.fields or {}
  for _, name in ipairs(params_of(route)) do
    add(properties, name, { type = "string" }, route)
    required[#required + 1] = name
  end
  for name, source in pairs(route.query or {}) do
    add(properties, name, source, route)
    required[#required + 1] = tables.has(route.needs or {}, name) and name or nil
  end
  if route.method == "GET" then
    add(properties, "cursor", answer_page.CURSOR, route)
  end
  for name, source in pairs(body.properties or {}) do
    if not tables.has(bound, name) then
      add(properties, name, source, route)
    end
  end
  for _, name in ipairs(body.required or {}) do
    required[#required + 1] = not tables.has(bound, name) and name or nil
  end
  return { type = "object", additionalProperties = false, required = #required > 0 and required or nil,
    properties = next(properties) and properties or EMPTY_OBJECT }
end

-- ---- which there are ----

local function is_json(route)
  return route.handle and not route.produces
end

local function tool_of(route)
  local looks = route.method == "GET"
  local source = input_of(route)
  return { route = route, checker = assert(schema.compile(source)), listed = {
    name = route.name, inputSchema = source, outputSchema = whole(route.answer),
    description = route.tool == "asked" and "Asks the person, and does it after their yes: " .. route.summary
      or route.summary,
    annotations = { readOnlyHint = looks, openWorldHint = false, idempotentHint = looks,
      destructiveHint = route.tool == "asked" },
  } }
end

---@class McpTool
---@field route Route
---@field checker orket.schema of its arguments
---@field listed table as tools/list has it

---All tools by name.
---@param routes Route[]
---@return table<string, McpTool>
function M.tools(routes)
  local tools = {}
  for _, route in ipairs(routes) do
    if route.tool and is_json(route) then
      tools[route.name] = tool_of(route)
    end
  end
  return tools
end

---True when the answer of a route is a resource.
---@param route Route|nil
---@return boolean
function M.is_resource(route)
  return route ~= nil and route.method == "GET" and route.tool == "free" and is_json(route) ~= nil
end

-- Resources with a parameter are templates.
local function resources_of(routes, wanted)
  local list = setmetatable({}, cjson.array_mt)
  for _, route in ipairs(routes) do
    local has_params = route.path:find("{", 1, true) ~= nil
    if M.is_resource(route) and has_params == (wanted == "uriTemplate") then
      list[#list + 1] = { [wanted] = M.SCHEME .. route.path, name = route.name, mimeType = "application/json",
        description = route.summary }
    end
  end
  return list
end

---@param routes Route[]
---@return table[] as resources/list has them
function M.resources(routes)
  return resources_of(routes, "uri")
end

---@param routes Route[]
---@return table[] as resources/templates/list has them
function M.templates(routes)
  return resources_of(routes, "uriTemplate")
end

---What has to be said to read it: parameters of its path, then what stands behind "?".
---@param route Route
---@return string[] names
function M.required(route)
  local names = params_of(route)
  return table.move(route.needs or {}, 1, #(route.needs or {}), #names + 1, names)
end

---Prompts: what a person puts before a model by its name.
---@param routes Route[]
---@return table[] as prompts/list has them
function M.prompts(routes)
  local list = setmetatable({}, cjson.array_mt)
  for _, route in ipairs(routes) do
    if M.is_resource(route) then
      local arguments = setmetatable({}, cjson.array_mt)
      for i, name in ipairs(M.required(route)) do
        arguments[i] = { name = name, required = true }
      end
      list[#list + 1] = { name = route.name, description = route.summary, arguments = arguments }
    end
  end
  return list
end

local function escaped(text)
  return (text:gsub("[^%w%-_.~@]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

---The address of a resource.
---@param route Route
---@param arguments table<string, string> what is required
---@return string
function M.address(route, arguments)
  local query = {}
  for i, name in ipairs(route.needs or {}) do
    query[i] = name .. "=" .. escaped(arguments[name])
  end
  local path = route.path:gsub("{([%w_]+)}", function(name)
    return escaped(arguments[name])
  end)
  return M.SCHEME .. path .. (#query > 0 and "?" .. table.concat(query, "&") or "")
end

return M
