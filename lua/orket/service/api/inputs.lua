-- inputs.lua: what a request says, checked by the schemas of its route: the values behind "?", and the body.
-- What is wrong is answered with its place, 422.

local cjson = require("cjson")
local errors = require("orket.errors")
local schema = require("orket.core.schema")

local M = {}

local compiled = setmetatable({}, { __mode = "k" }) -- by the schema's table

local function checker(source)
  compiled[source] = compiled[source] or assert(schema.compile(source))
  return compiled[source]
end

local function unfit(place, faults)
  local rows = {}
  for i, fault in ipairs(faults) do
    rows[i] = { path = place .. fault.path, message = fault.text }
  end
  local err = errors.new("ERR_SCHEMA", rows[1].path .. ": " .. rows[1].message,
    "docs/api.md and /openapi.json say what this route takes", 422)
  err.errors = rows
  return nil, err
end

local function checked(source, value, place)
  local fits, faults, code = checker(source):check(value)
  if fits then
    return value
  elseif code ~= "ERR_SCHEMA" then
    return nil, errors.new(code, place .. " could not be checked")
  end
  return unfit(place, faults)
end

-- ---- behind "?" ----

local function plain(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- A text as the schema's type wants it; what is no such value stays a text, and fails the check.
local function typed(text, wanted)
  if wanted == "integer" and text:find("^%-?%d+$") then
    return math.tointeger(tonumber(text)) or text
  elseif wanted == "boolean" and (text == "true" or text == "false") then
    return text == "true"
  end
  return text
end

local function pairs_of(text, properties)
  local values = {}
  for part in text:gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=?(.*)$")
    name, value = plain(name), plain(value)
    if not utf8.len(name) or not utf8.len(value) then
      return nil, errors.new("ERR_UTF8", "the query is not valid UTF-8", nil, 400)
    elseif values[name] ~= nil then
      return unfit("/query", { { path = "/" .. name, text = "is there twice" } })
    end
    values[name] = typed(value, (properties[name] or {}).type)
  end
  return values
end

local NONE = {} -- properties of a route without any

---The schema of what may stand behind "?" of a route.
---@param route Route
---@return table
function M.query_schema(route)
  local source = route.query_schema or { type = "object", properties = route.query or NONE,
    required = route.needs, additionalProperties = false }
  route.query_schema = source
  return source
end

---@param route Route
---@param text string as it was sent
---@return table<string, any>|nil
---@return Error|nil
function M.query(route, text)
  if text == "" and not route.needs then
    return {}
  end
  local values, err = pairs_of(text, route.query or NONE)
  if not values then
    return nil, err
  end
  return M.check_query(route, values)
end

---The same of values that are no text any more.
---@param route Route
---@param values table<string, any>
---@return table<string, any>|nil
---@return Error|nil
function M.check_query(route, values)
  return checked(M.query_schema(route), values, "/query")
end

-- ---- the body ----

local JSON = { ["application/json"] = true, ["application/merge-patch+json"] = true }

local EMPTY = { type = "object", maxProperties = 0 } -- of a route that takes none

local function decoded(request)
  local kind = (request.headers["content-type"] or ""):lower():match("^%s*([^;%s]*)")
  if not JSON[kind] then
    return nil, errors.new("ERR_USAGE", "the body has to be application/json",
      "send Content-Type: application/json", 415)
  end
  local value, message, code = cjson.decode(request.body)
  if value == nil then
    return nil, errors.new(code or "ERR_JSON", "the body: " .. tostring(message))
  end
  return value
end

---@param route Route
---@param request HttpRequest
---@return table|nil body an empty one where none was sent
---@return Error|nil
function M.body(route, request)
  local value, err = {}, nil
  if request.body ~= "" then
    value, err = decoded(request)
  end
  if err then
    return nil, err
  end
  return M.check_body(route, value)
end

---The same of a value that is no text any more.
---@param route Route
---@param value any
---@return table|nil
---@return Error|nil
function M.check_body(route, value)
  return checked(route.body or EMPTY, value, "/body")
end

return M
