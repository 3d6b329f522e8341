-- metrics.lua: what the service counts about its own requests. What follows from the journal is counted in
-- service/figures/journal_figures.lua; both become text in service/routes/metrics_routes.lua.

local tables = require("orket.util.tables")

local M = {}

local BOUNDS = { 0.001, 0.005, 0.025, 0.1, 0.5, 2.5 } -- seconds

local Metrics = {}
Metrics.__index = Metrics

---@return table metrics
function M.new()
  return setmetatable({ counts = {}, times = {} }, Metrics)
end

local function time_of(self, route)
  local time = self.times[route]
  if not time then
    time = { labels = { "route", route }, bounds = BOUNDS, upto = {}, sum = 0 }
    for i = 1, #BOUNDS + 1 do
      time.upto[i] = 0
    end
    self.times[route] = time
  end
  return time
end

local function count_of(self, route, status)
  local of_route = self.counts[route] or {}
  self.counts[route] = of_route
  of_route[status] = of_route[status] or { labels = { "route", route, "status", status }, value = 0 }
  return of_route[status]
end

---Counts an answered request.
---@param exchange {route: Route?, method: string, status: integer?}
---@param seconds number
function Metrics:request(exchange, seconds)
  local route, status = exchange.route and exchange.route.name or "none", tostring(exchange.status or "gone")
  local count, time = count_of(self, route, status), time_of(self, route)
  count.value, time.sum = count.value + 1, time.sum + seconds
  for i = #BOUNDS + 1, 1, -1 do
    if seconds > (BOUNDS[i] or math.huge) then
      break
    end
    time.upto[i] = time.upto[i] + 1
  end
end

---Counts what was answered without ever being a request: no HTTP, too large, too slow.
---@param status integer
function Metrics:refused(status)
  local count = count_of(self, "none", tostring(status))
  count.value = count.value + 1
end

local function sorted(map)
  local list = {}
  for i, key in ipairs(tables.keys(map)) do
    list[i] = map[key]
  end
  return list
end

---Writes the requests so far.
---@param page table exposition
function Metrics:write(page)
  local counts = {}
  for _, of_route in ipairs(sorted(self.counts)) do
    for _, count in ipairs(sorted(of_route)) do
      counts[#counts + 1] = count
    end
  end
  page:family("orket_http_requests_total", "counter", "Requests answered since the server began.", counts)
  page:histogram("orket_http_request_seconds", "How long requests took until they were answered.",
    sorted(self.times))
end

return M
