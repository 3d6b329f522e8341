-- otlp.lua: spans as the JSON of OTLP/HTTP 1.x (opentelemetry-proto, ExportTraceServiceRequest). Pure.

local cjson = require("cjson")
local strings = require("orket.util.strings")
local tables = require("orket.util.tables")

local M = {}

M.INTERNAL, M.CLIENT = 1, 3 -- kinds of spans

local TEXT = 512 -- bytes of an attribute; `content` has a bound of its own
local ERROR = 2

---@class Span
---@field trace string
---@field id string
---@field parent string|nil
---@field name string
---@field kind integer
---@field from integer nanoseconds since 1970
---@field to integer
---@field attributes table<string, string|number|boolean|string[]>
---@field content table<string, string>|nil attributes of any length: what was said
---@field events {name: string, at: integer, attributes: table}[]|nil
---@field lost integer|nil events that are not among them
---@field error string|nil what failed; nil: nothing did

local value_of

function value_of(value, most)
  local kind = math.type(value) or type(value)
  if kind == "integer" then
    return { intValue = tostring(value) }
  elseif kind == "float" then
    return { doubleValue = value }
  elseif kind == "boolean" then
    return { boolValue = value }
  elseif kind == "table" then
    local values = {}
    for i, item in ipairs(value) do
      values[i] = value_of(item, most)
    end
    return { arrayValue = { values = setmetatable(values, cjson.array_mt) } }
  end
  return { stringValue = most and strings.shortened(value, most) or value }
end

local function add(list, attributes, most)
  for _, key in ipairs(tables.keys(attributes or {})) do
    list[#list + 1] = { key = key, value = value_of(attributes[key], most) }
  end
  return list
end

local function attributes_of(attributes, content)
  return setmetatable(add(add({}, attributes, TEXT), content), cjson.array_mt)
end

local function events_of(events)
  local list = {}
  for i, event in ipairs(events or {}) do
    list[i] = { name = event.name, timeUnixNano = tostring(event.at),
      attributes = attributes_of(event.attributes) }
  end
  return setmetatable(list, cjson.array_mt)
end

---@param span Span
---@return string json
function M.span(span)
  return cjson.encode({
    traceId = span.trace, spanId = span.id, parentSpanId = span.parent,
    name = strings.shortened(span.name, TEXT), kind = span.kind,
    startTimeUnixNano = tostring(math.min(span.from, span.to)),
    endTimeUnixNano = tostring(span.to), attributes = attributes_of(span.attributes, span.content),
    events = events_of(span.events), droppedEventsCount = span.lost,
    status = span.error and { code = ERROR, message = strings.shortened(span.error, TEXT) } or {},
  })
end

---What is sent.
---@param resource table<string, string> attributes of who sends them
---@param version string of the program
---@param spans string[] as M.span writes them
---@return string json
function M.request(resource, version, spans)
  local head = cjson.encode({ attributes = attributes_of(resource) })
  local scope = cjson.encode({ name = "orket", version = version })
  return ('{"resourceSpans":[{"resource":%s,"scopeSpans":[{"scope":%s,"spans":[%s]}]}]}')
    :format(head, scope, table.concat(spans, ","))
end

return M
