-- tracing.lua: traces of runs for OpenTelemetry, where the environment names a collector: the standard
-- variables, and nothing else. A run neither waits for them nor fails with them.

local errors = require("orket.errors")
local exporter = require("orket.telemetry.exporter")
local llm = require("orket.core.llm")
local otlp = require("orket.telemetry.otlp")
local span_builder = require("orket.telemetry.span_builder")
local span_content = require("orket.telemetry.span_content")
local sys = require("orket.core.sys")

local M = {}

local KEY = "otlp" -- the headers of the environment, whose values stay in the core
local HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"

local Tracing = {}
Tracing.__index = Tracing

local function env(name)
  local text = sys.env(name)
  return text ~= "" and text or nil
end

-- Where traces go; nil: nowhere.
local function url_of()
  local base = env("OTEL_EXPORTER_OTLP_ENDPOINT")
  if (env("OTEL_SDK_DISABLED") or ""):lower() == "true" then
    return nil
  end
  return env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or base and base:gsub("/+$", "") .. "/v1/traces"
end

local function key()
  if not env(HEADERS) then
    return nil
  end
  local ok, err = errors.check(llm.key(KEY, { env = HEADERS, list = true }))
  return ok and KEY, err
end

local function started_at(store)
  return function(run)
    local row = store:read("run", { id = run })[1]
    return row and row.started_at
  end
end

local function builder_of(self, project)
  local content = (env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT") or ""):lower() == "true"
  return span_builder.new({ models = project.config.organization.models,
    started_at = started_at(project.store),
    content = content and span_content.new(project.store) or nil, emit = function(span)
      self.exporter:add(otlp.span(span))
    end })
end

local function target(project, url, secret)
  local resource = { ["service.name"] = env("OTEL_SERVICE_NAME") or "orket",
    ["service.version"] = sys.version(),
    ["telemetry.sdk.name"] = "orket", ["telemetry.sdk.language"] = "lua",
    ["orket.organization"] = project.config.organization.name }
  return { url = url, key = secret, request = function(spans)
    return otlp.request(resource, sys.version(), spans)
  end }
end

---Begins to trace the runs of a project. nil: the environment names no collector, or nothing can be sent to
---it, which is noted.
---@param project table opened as owner
---@param note fun(text: string)
---@return table|nil tracing {exporter}
function M.open(project, note)
  local url = url_of()
  if not url then
    return nil
  end
  local secret, err = key()
  if err then
    note("no traces are sent: " .. errors.line(err))
    return nil
  end
  local self = setmetatable({ exporter = exporter.new(target(project, url, secret)), note = note }, Tracing)
  local builder = builder_of(self, project)
  self.unsubscribe = project.store:subscribe(function(event)
    if not pcall(builder.hear, builder, event) then
      self.exporter.dropped = self.exporter.dropped + 1
    end
  end)
  return self
end

---Sends what waits, some seconds at most, and notes what was not delivered. In a task.
---@param seconds number
function Tracing:close(seconds)
  self.unsubscribe()
  self.exporter:close(seconds)
  local lost = self.exporter.dropped + self.exporter.rejected
  if lost > 0 then
    self.note(("%d spans were not delivered%s"):format(lost,
      self.exporter.failure and ": " .. self.exporter.failure or ""))
  end
end

return M
