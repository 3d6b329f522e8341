-- metrics_routes.lua: figures for Prometheus (text format 0.0.4): what the journal says, which survives a
-- restart, and what this process counts.

local run_set = require("orket.scheduler.run_set")

local M = { tag = "system" }

local function family(lines, name, kind, help, samples)
  lines[#lines + 1] = "# HELP " .. name .. " " .. help
  lines[#lines + 1] = "# TYPE " .. name .. " " .. kind
  for _, sample in ipairs(samples) do
    lines[#lines + 1] = name .. sample
  end
end

local function quoted(text)
  return '"' .. text:gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }) .. '"'
end

-- Samples of rows: their labels, and the value of a field.
local function samples(rows, labels, field)
  local list = {}
  for i, row in ipairs(rows) do
    local parts = {}
    for j, label in ipairs(labels) do
      parts[j] = (label == "name" and "model" or label) .. "=" .. quoted(tostring(row[label]))
    end
    list[i] = ("{%s} %s"):format(table.concat(parts, ","), row[field])
  end
  return list
end

local function add_board(lines, store)
  local counts = store:read("counts", {})[1]
  family(lines, "orket_cards", "gauge", "Cards by status.", samples(store:read("statuses", {}), { "status" },
    "cards"))
  family(lines, "orket_events_total", "counter", "Events in the journal.", { " " .. counts.events })
  family(lines, "orket_runs_total", "counter", "Runs that began.", { " " .. counts.runs })
  family(lines, "orket_turns_total", "counter", "Turns that began.", { " " .. counts.turns })
  family(lines, "orket_approvals_pending", "gauge", "Questions that wait for a person.",
    { " " .. #store:read("approvals", { status = "pending" }) })
  family(lines, "orket_refusals_total", "counter", "Refusals and questions by rule.",
    samples(store:read("rules", {}), { "rule", "decision" }, "reports"))
end

local COSTS = {
  { "orket_model_requests_total", "calls", "Requests to models." },
  { "orket_model_failures_total", "failed", "Requests to models that failed." },
  { "orket_model_tokens_in_total", "tokens_in", "Tokens sent to models." },
  { "orket_model_tokens_out_total", "tokens_out", "Tokens that models sent." },
}

local function add_costs(lines, store)
  local rows = store:read("costs", { by = "model" })
  for _, cost in ipairs(COSTS) do
    family(lines, cost[1], "counter", cost[3], samples(rows, { "name" }, cost[2]))
  end
end

local function metrics(service)
  local lines = {}
  add_board(lines, service.store)
  add_costs(lines, service.store)
  family(lines, "orket_runs_under_way", "gauge", "Runs that are under way.",
    { " " .. #run_set.of(service.project).list })
  family(lines, "orket_event_streams", "gauge", "Clients that follow events.",
    { " " .. service.events.count })
  local requests = service.metrics:lines()
  table.move(requests, 1, #requests, #lines + 1, lines)
  return table.concat(lines, "\n") .. "\n"
end

M.routes = {
  {
    name = "metrics", method = "GET", path = "/metrics", permission = "read", handle = metrics,
    produces = "text/plain; version=0.0.4; charset=utf-8", summary = "figures for Prometheus",
  },
}

return M
