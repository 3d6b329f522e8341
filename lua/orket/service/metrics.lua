-- metrics.lua: what the service counts about its own requests, as text for Prometheus (0.0.4). What can be
-- derived from the journal is derived there (service/routes/metrics_routes.lua): it survives a restart.

local tables = require("orket.util.tables")

local M = {}

local BOUNDS = { 0.001, 0.005, 0.025, 0.1, 0.5, 2.5 } -- seconds

local Metrics = {}
Metrics.__index = Metrics

---@return table metrics
function M.new()
  return setmetatable({ counts = {}, times = {} }, Metrics)
end

local function time_of(self, name)
  local time = self.times[name]
  if not time then
    time = { sum = 0, count = 0, buckets = {} }
    for i = 1, #BOUNDS do
      time.buckets[i] = 0
    end
    self.times[name] = time
  end
  return time
end

---Counts an answered request.
---@param exchange {route: Route?, method: string, status: integer?}
---@param seconds number
function Metrics:request(exchange, seconds)
  local name = exchange.route and exchange.route.name or "none"
  local label = ('route="%s",status="%s"'):format(name, exchange.status or "gone")
  self.counts[label] = (self.counts[label] or 0) + 1
  local time = time_of(self, name)
  time.sum, time.count = time.sum + seconds, time.count + 1
  for i = #BOUNDS, 1, -1 do
    if seconds > BOUNDS[i] then
      break
    end
    time.buckets[i] = time.buckets[i] + 1
  end
end

local function add_times(lines, name, time)
  for i, bound in ipairs(BOUNDS) do
    lines[#lines + 1] = ('orket_http_request_seconds_bucket{route="%s",le="%s"} %d'):format(name, bound,
      time.buckets[i])
  end
  lines[#lines + 1] = ('orket_http_request_seconds_bucket{route="%s",le="+Inf"} %d'):format(name, time.count)
  lines[#lines + 1] = ('orket_http_request_seconds_sum{route="%s"} %.6f'):format(name, time.sum)
  lines[#lines + 1] = ('orket_http_request_seconds_count{route="%s"} %d'):format(name, time.count)
end

---Lines about the requests so far.
---@return string[]
function Metrics:lines()
  local lines = { "# HELP orket_http_requests_total Requests answered since the server began.",
    "# TYPE orket_http_requests_total counter" }
  for _, label in ipairs(tables.keys(self.counts)) do
    lines[#lines + 1] = ("orket_http_requests_total{%s} %d"):format(label, self.counts[label])
  end
  lines[#lines + 1] = "# HELP orket_http_request_seconds How long requests took until they were answered."
  lines[#lines + 1] = "# TYPE orket_http_request_seconds histogram"
  for _, name in ipairs(tables.keys(self.times)) do
    add_times(lines, name, self.times[name])
  end
  return lines
end

return M
