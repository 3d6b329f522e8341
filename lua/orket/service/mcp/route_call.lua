-- route_call.lua: a route that is performed for an MCP client: its arguments are checked as those of a
-- request are, and its answer is made readable for a model. Text of cards and agents is data: nothing in it
-- is hidden from the person who sits beside the model.

local answer_page = require("orket.service.mcp.answer_page")
local cjson = require("cjson")
local errors = require("orket.errors")
local handling = require("orket.service.api.handling")
local inputs = require("orket.service.api.inputs")
local strings = require("orket.util.strings")
local unseen = require("orket.util.unseen")

local M = {}

local PAGE = 64 * 1024 -- bytes of an answer to a tool, as JSON: clients put no more before their model
local RESOURCE = 512 * 1024 -- bytes of a resource
local MOST = 1 << 20 -- bytes of what could not be made as short

-- ---- what is given ----

local function unfit(name, faults)
  local lines = {}
  for i, fault in ipairs(faults) do
    lines[i] = fault.path .. " " .. fault.text
  end
  return errors.new("ERR_SCHEMA", name .. " does not take this: " .. table.concat(lines, "; "),
    "tools/list has its inputSchema")
end

local function split(route, arguments)
  local request = { params = {}, query = {}, body = {}, headers = {} }
  for name, value in pairs(arguments) do
    if route.path:find("{" .. name .. "}", 1, true) then
      request.params[name] = value
    elseif (route.query or {})[name] then
      request.query[name] = value
    elseif name == "cursor" and route.method == "GET" then
      request.cursor = value
    else
      request.body[name] = value
    end
  end
  return request
end

---The request that a call of a tool is.
---@param tool McpTool
---@param arguments any
---@return ApiRequest|nil
---@return Error|nil ERR_SCHEMA
function M.request(tool, arguments)
  local fits, faults, code = tool.checker:check(arguments)
  if fits then
    return split(tool.route, arguments)
  elseif code ~= "ERR_SCHEMA" then
    return nil, errors.new(code, "the arguments could not be checked")
  end
  return nil, unfit(tool.listed.name, faults)
end

---The route and the request that the address of a resource means.
---@param service Service
---@param address string
---@param scheme string
---@return Route|nil
---@return ApiRequest|Error
function M.resource(service, address, scheme)
  local path, query = address:sub(#scheme + 1):match("^([^?#]*)%??([^#]*)$")
  local methods, params
  if path and address:sub(1, #scheme) == scheme then
    methods, params = service.find_route(path)
  end
  local route = methods and methods.GET
  if not route then
    return nil, errors.new("ERR_NOT_FOUND", "there is no such resource",
      "resources/list and resources/templates/list have them")
  end
  local values, err = inputs.query(route, query)
  if not values then
    return nil, err
  end
  return route, { params = params, query = values, body = {}, headers = {}, is_resource = true }
end

-- ---- what is answered ----

local function spelled(character)
  local code = utf8.codepoint(character)
  return code ~= 13 and unseen.is(code) and ("⟨U+%04X⟩"):format(code) or nil
end

-- A value in whose texts nothing is hidden from a person.
local function visible(value)
  if type(value) == "string" then
    return value:find("[^\32-\126\n\t]") and strings.of_bytes(value):gsub(utf8.charpattern, spelled) or value
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do
    copy[visible(key)] = visible(item)
  end
  return copy
end

---Why who asks may not ask for a route.
---@param service Service
---@param route Route
---@param request ApiRequest
---@return Error|nil
function M.refusal(service, route, request)
  return request.principal:check(route, service.people:organization())
end

local function readable(value, route, request)
  value = answer_page.of(value, request.cursor, request.is_resource and RESOURCE or PAGE, route.name)
  value = visible(value)
  local text, message, code = cjson.try_encode(value)
  if not text then
    return nil, errors.new(code, "the answer cannot be written: " .. tostring(message))
  elseif #text > MOST then
    return nil, errors.new("ERR_TOO_LARGE", ("the answer has %d bytes, %d is the most"):format(#text, MOST),
      "ask for less: a limit, a card")
  end
  return { value = value, text = text }
end

---Performs it, if who asks may ask for it. In a task.
---@param service Service
---@param route Route
---@param request ApiRequest with its principal
---@return {value: table, text: string}|nil answer value: without characters that a person does not see; text:
---  the same as JSON
---@return Error|Error[]|nil
function M.perform(service, route, request)
  local err = M.refusal(service, route, request)
  local value, ok
  if not err then
    ok, err = inputs.check_query(route, request.query)
  end
  if ok then
    ok, err = inputs.check_body(route, request.body)
  end
  if ok then
    value, err = handling.perform(service, route, request)
  end
  if value == nil then
    return nil, err
  end
  return readable(value, route, request)
end

return M
