-- header_params.lua: arguments that a server wants to see as headers as well (`x-mcp-header` in a tool's
-- schema), so that who stands in between can route by them. Pure.

local base64 = require("orket.core.base64")

local M = {}

local MOST = 16 -- headers of one tool
local DEPTH = 16
local SAFE = 2 ^ 53 -- integers below it are the same everywhere
local TYPES = { string = true, integer = true, boolean = true }

-- Whether the annotation stands anywhere in what is no plain property.
local function is_elsewhere(value, depth)
  if type(value) ~= "table" or depth > 64 then
    return false
  elseif value["x-mcp-header"] ~= nil then
    return true
  end
  for _, item in pairs(value) do
    if is_elsewhere(item, depth + 1) then
      return true
    end
  end
  return false
end

local function fault_of(found, name, schema)
  if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") or #name > 64 then
    return "an x-mcp-header in its schema is no name of a header"
  elseif not TYPES[schema.type] then
    return "the x-mcp-header " .. name .. " is of no text, integer or boolean"
  elseif found.names[name:lower()] or #found >= MOST then
    return "the x-mcp-header " .. name .. " is there twice, or one of too many"
  end
end

local collect

-- What stands in a property: the annotation goes out of it, the gate does not know it.
local function of_property(found, path, schema)
  local name, plain = schema["x-mcp-header"], {}
  for key, value in pairs(schema) do
    plain[key] = value
  end
  plain["x-mcp-header"] = nil
  if name ~= nil then
    found.fault = found.fault or fault_of(found, name, schema)
    found.names[tostring(name):lower()] = true
    found[#found + 1] = { path = path, name = name }
  end
  return collect(found, path, setmetatable(plain, getmetatable(schema)))
end

function collect(found, path, schema)
  for key, value in pairs(schema) do
    if key ~= "properties" and is_elsewhere(value, 0) then
      found.fault = found.fault or "an x-mcp-header in its schema stands where none may"
    end
  end
  local properties = schema.properties
  if type(properties) ~= "table" or #path >= DEPTH then
    return schema
  end
  local plain = {}
  for key, property in pairs(properties) do
    local deeper = table.move(path, 1, #path, 1, {})
    deeper[#deeper + 1] = key
    plain[key] = type(property) == "table" and of_property(found, deeper, property) or property
  end
  schema.properties = setmetatable(plain, getmetatable(properties))
  return schema
end

---A tool's schema without such annotations, and what they said.
---@param schema any
---@return {schema: any, headers: {path: string[], name: string}[]?, fault: string?}
function M.read(schema)
  if type(schema) ~= "table" or not is_elsewhere(schema, 0) then
    return { schema = schema }
  end
  local found = { names = {} }
  local plain = {}
  for key, value in pairs(schema) do
    plain[key] = value
  end
  plain = collect(found, {}, setmetatable(plain, getmetatable(schema)))
  local headers = {}
  for i, header in ipairs(found) do
    headers[i] = header
  end
  table.sort(headers, function(a, b)
    return tostring(a.name) < tostring(b.name)
  end)
  return { schema = plain, headers = headers, fault = found.fault }
end

local function value_at(arguments, path)
  local value = arguments
  for _, key in ipairs(path) do
    if type(value) ~= "table" then
      return nil
    end
    value = value[key]
  end
  return value
end

local function text_of(value)
  if type(value) == "string" or type(value) == "boolean" then
    return tostring(value)
  elseif math.type(value) and math.abs(value) < SAFE and math.tointeger(value) then
    return tostring(math.tointeger(value))
  end
end

local function encoded(text)
  local is_plain = not text:find("[^\x20-\x7E]") and not text:find("^ ") and not text:find(" $")
    and not text:find("^=%?base64%?.*%?=$")
  return is_plain and text or "=?base64?" .. base64.encode(text) .. "?="
end

---The headers of a call.
---@param headers {path: string[], name: string}[]|nil
---@param arguments table
---@return table<string, string>
function M.values(headers, arguments)
  local values = {}
  for _, header in ipairs(headers or {}) do
    local text = text_of(value_at(arguments, header.path))
    values["Mcp-Param-" .. header.name] = text and encoded(text) or nil
  end
  return values
end

return M
