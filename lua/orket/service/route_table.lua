-- route_table.lua: the registry of the service: each noun lists its routes in a table of its own, and this
-- file finds the one that a request means. Validation, openapi.json and docs/api.md follow from the same
-- tables.

local approver_routes = require("orket.service.routes.people.approver_routes")
local authoring_routes = require("orket.service.routes.edit.authoring_routes")
local card_routes = require("orket.service.routes.card_routes")
local command_routes = require("orket.service.routes.records.command_routes")
local file_routes = require("orket.service.routes.records.file_routes")
local mcp_routes = require("orket.service.routes.mcp_routes")
local memory_routes = require("orket.service.routes.records.memory_routes")
local metrics_routes = require("orket.service.routes.metrics_routes")
local model_routes = require("orket.service.routes.model_routes")
local person_routes = require("orket.service.routes.person_routes")
local planning_routes = require("orket.service.routes.planning_routes")
local project_routes = require("orket.service.routes.project_routes")
local report_routes = require("orket.service.routes.report_routes")
local rerun_routes = require("orket.service.routes.rerun_routes")
local run_report_routes = require("orket.service.routes.records.run_report_routes")
local run_routes = require("orket.service.routes.run_routes")
local script_routes = require("orket.service.routes.edit.script_routes")
local settings_routes = require("orket.service.routes.edit.settings_routes")
local system_routes = require("orket.service.routes.system_routes")
local timeline_routes = require("orket.service.routes.timeline_routes")
local trial_routes = require("orket.service.routes.edit.trial_routes")
local user_routes = require("orket.service.routes.user_routes")
local verdict_routes = require("orket.service.routes.people.verdict_routes")

local M = {}

local NOUNS = { -- in the order of docs/api.md
  system_routes,
  metrics_routes,
  card_routes,
  run_routes,
  timeline_routes,
  rerun_routes,
  person_routes,
  verdict_routes,
  approver_routes,
  report_routes,
  trial_routes,
  run_report_routes,
  file_routes,
  command_routes,
  model_routes,
  memory_routes,
  planning_routes,
  project_routes,
  script_routes,
  settings_routes,
  authoring_routes,
  mcp_routes,
  user_routes,
}

---@class Route
---@field name string its operation in openapi.json
---@field act string|nil the act that it performs, by whose name a role may have it
---@field method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@field path string "/v1/cards/{id}"
---@field aliases string[]|nil further paths of the same
---@field tag string its noun
---@field summary string what it answers or does
---@field permission "open"|"self"|"read"|"run"|"act"|"admin" open: without a key; self: about the one who
---  asks; read: looks; run: begins and ends runs; act: decides, in a person's name; admin: users, keys,
---  policies
---@field query table<string, table>|nil JSON Schemas of what may stand behind "?"
---@field needs string[]|nil those of them that have to
---@field body table|nil JSON Schema of what is sent
---@field example any what may be sent
---@field headers table<string, table>|nil JSON Schemas of headers that it looks at, by name
---@field version (fun(value: any): string)|nil its ETag, when that is not the hash of what it answers
---@field status integer|nil of a success, 200
---@field answer table|nil JSON Schema of a success
---@field produces string|nil its media type, when it is not JSON; "*/*": that of the file
---@field errors string[]|nil codes of its failures, besides those of every route
---@field past boolean|nil it takes `at`: its answer is then as of that event; it only reads service.store
---@field text (fun(service: table, request: ApiRequest): string|nil, Error|nil)|nil answers as handle
---  does, and instead of it over HTTP: JSON text that was made beside the loop
---@field by_journal boolean|nil its answer follows from the journal alone
---@field tool "free"|"asked"|nil it is a tool of the MCP server: called at once, or after a person confirmed
---@field shown table|nil of an asked one: what the person has to read first (mcp/confirmation.lua)
---@field query_schema table|nil of what may stand behind "?", made when it is first needed (api/inputs.lua)
---@field pooled boolean|nil it reads much: its long queries run on the pool
---@field handle fun(service: table, request: ApiRequest): any, Error|Error[]|nil
---@field stream (fun(service: table, request: ApiRequest, response: HttpResponse,
---  headers: table<string, string>): integer|nil, Error|nil)|nil answers instead of handle where
---  events are asked for (Accept: text/event-stream); the status, or an error when it has not begun

---@class ApiRequest
---@field id string of the request, as X-Request-Id has it
---@field who string the person or program whose key was sent
---@field method string
---@field path string as it was sent
---@field principal Principal|nil the same with what it may; nil: an open route
---@field claims table|nil of the token that was sent
---@field passwords table<string, HttpSecret> those of the body, which has stars in their place
---@field address string|nil of the client, for open routes
---@field secret HttpSecret|nil set by a handler: it stands in the answer in the place of its mark
---@field params table<string, string> of the path
---@field query table<string, any>
---@field body any
---@field headers table<string, string>
---@field progress fun(text: string)|nil tells an MCP client how far it is
---@field cursor string|nil of an MCP client: where the answer goes on
---@field is_resource boolean|nil of an MCP client: read, and not called

local PERMISSIONS = { open = true, self = true, read = true, run = true, act = true, admin = true }

local ALL, ROOT = {}, { named = {} }

-- A node of the tree of paths: `named` by segment, `any` for a parameter, which is called `name`.
local function child(node, segment)
  local name = segment:match("^{([%w_]+)}$")
  if not name then
    node.named[segment] = node.named[segment] or { named = {} }
    return node.named[segment]
  end
  node.any = node.any or { named = {}, name = name }
  assert(node.any.name == name, segment)
  return node.any
end

local function node_of(path)
  local node = ROOT
  for segment in path:gmatch("[^/]+") do
    node = child(node, segment)
  end
  node.methods = node.methods or {}
  return node
end

local function add(route, path)
  local node = node_of(path)
  assert(not node.methods[route.method], path)
  node.methods[route.method] = route
end

local AT = { type = "integer", minimum = 1, description = "as it was after this event" }

-- Of a route that can look back; its table may be another route's too.
local function query_with_point(route)
  local query = { at = AT }
  for name, schema in pairs(route.query or {}) do
    query[name] = schema
  end
  return query
end

for _, noun in ipairs(NOUNS) do
  for _, route in ipairs(noun.routes) do
    assert(PERMISSIONS[route.permission], route.name) -- no door without a lock
    ALL[#ALL + 1], route.tag = route, noun.tag
    route.query = route.past and query_with_point(route) or route.query
    add(route, route.path)
    for _, alias in ipairs(route.aliases or {}) do
      add(route, alias)
    end
  end
end

---All routes, in the order of their nouns.
---@return Route[]
function M.all()
  return ALL
end

---Does a route begin as this path does? What does not is a view of the page, or nothing.
---@param path string
---@return boolean
function M.begins(path)
  return ROOT.named[path:match("^/([^/]*)")] ~= nil
end

local function decoded(segment)
  if segment:find("%%%X") or segment:find("%%%x%X") or segment:find("%%%x?$") then
    return nil
  end
  local text = segment:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end)
  local fine = text ~= "." and text ~= ".." and utf8.len(text) and not text:find("[%c\127]")
  return fine and text or nil
end

---The routes of a path by method, and the values of its parameters; nil: there is no such path.
---@param path string as it was sent
---@return table<string, Route>|nil
---@return table<string, string>|nil
function M.find(path)
  local node, params = ROOT, {}
  if path:find("//", 1, true) or path:find("./$") then
    return nil
  end
  for segment in path:gmatch("[^/]+") do
    local text = decoded(segment)
    local found = text and (node.named[text] or node.any)
    if not found then
      return nil
    elseif found.name then
      params[found.name] = text
    end
    node = found
  end
  return node.methods, params
end

return M
