-- metrics_routes.lua: figures for Prometheus (text format 0.0.4): what the journal says, which survives a
-- restart; what this process counts; how its machine is. docs/observability.md lists them.

local exposition = require("orket.service.figures.exposition")
local journal_figures = require("orket.service.figures.journal_figures")
local limiter = require("orket.llm.request.limiter")
local loop_meter = require("orket.async.loop_meter")
local run_set = require("orket.scheduler.run_set")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = { tag = "system" }

local MILLION = 1000000

-- ---- what the journal says ----

local function is_done(row)
  return row.a == "issue" and row.b == "done"
end

local function is_violation(row)
  return (row.a or ""):sub(1, 4) == "fsm."
end

local function write_cards(page, figures)
  page:family("orket_cards", "gauge", "Cards by status.", figures:samples("=cards", "status"))
  page:family("orket_card_moves_total", "counter", "Changes of status.",
    figures:samples("moves", "type", "to"))
  page:single("orket_cards_done_total", "counter", "Issues that were done.", figures:value("moves", is_done))
  page:histogram("orket_card_seconds", "From the first turn of an issue until it was done.",
    { figures:histogram("card_seconds", journal_figures.CARD) })
  page:single("orket_approvals_pending", "gauge", "Questions that wait for a person.",
    figures:value("=approvals"))
end

local function write_runs(page, figures)
  page:single("orket_events_total", "counter", "Events in the journal.", figures:value("events"))
  page:single("orket_runs_total", "counter", "Runs that began.", figures:value("runs"))
  page:single("orket_turns_total", "counter", "Turns that began.", figures:value("turns"))
  page:family("orket_turn_ends_total", "counter", "Turns that ended.",
    figures:samples("turn_ends", "outcome"))
  page:histogram("orket_turn_seconds", "How long turns took.",
    { figures:histogram("turn_seconds", journal_figures.TURN) })
end

local function write_rules(page, figures)
  page:family("orket_tool_calls_total", "counter", "Calls of tools by what came of them.",
    figures:samples("tools", "tool", "result"))
  page:single("orket_gate_allowed_total", "counter", "Calls that the gate allowed.", figures:value("allowed"))
  page:family("orket_refusals_total", "counter", "Refusals and questions by rule.",
    figures:samples("rules", "rule", "decision"))
  page:single("orket_state_machine_violations_total", "counter",
    "Changes of status that the state machine refused.", figures:value("rules", is_violation))
end

local REQUESTS = {
  { "requests", "orket_model_requests_total", "Requests to models." },
  { "failures", "orket_model_failures_total", "Requests to models that failed." },
  { "tokens_in", "orket_model_tokens_in_total", "Tokens sent to models." },
  { "tokens_out", "orket_model_tokens_out_total", "Tokens that models sent." },
  { "tokens_cached", "orket_model_tokens_cached_total", "Tokens sent that a model had in its cache." },
}

local function write_models(page, figures)
  for _, family in ipairs(REQUESTS) do
    page:family(family[2], "counter", family[3], figures:samples(family[1], "model"))
  end
  local money = figures:samples("money", "model")
  for _, sample in ipairs(money) do
    sample.value = sample.value / MILLION
  end
  page:family("orket_model_cost_total", "counter",
    "What requests to models cost, in the organization's currency.", money)
  page:histogram("orket_model_reply_seconds", "How long models took to reply.",
    { figures:histogram("reply_seconds", journal_figures.REPLY) })
end

-- ---- what this process counts ----

local function write_lines(page)
  local busy, waiting = {}, {}
  local depths = limiter.depths()
  for i, name in ipairs(tables.keys(depths)) do
    busy[i] = { labels = { "model", name }, value = depths[name].busy }
    waiting[i] = { labels = { "model", name }, value = depths[name].waiting }
  end
  page:family("orket_model_requests_open", "gauge", "Requests to models that are under way.", busy)
  page:family("orket_model_requests_waiting", "gauge", "Requests that wait for their model's limits.",
    waiting)
end

local function write_spans(page, exporter)
  local samples = {}
  for i, result in ipairs({ "sent", "dropped", "rejected" }) do
    samples[i] = { labels = { "result", result }, value = exporter[result] }
  end
  page:family("orket_spans_total", "counter", "Spans for the collector of the environment.", samples)
end

local function write_process(page, service)
  local commits, loop = service.store:latency(), service.instruments.loop
  page:single("orket_runs_under_way", "gauge", "Runs that are under way.",
    #run_set.of(service.project).list)
  page:single("orket_event_streams", "gauge", "Clients that follow events.", service.events.count)
  page:histogram("orket_commit_seconds", "From the submission of a transaction until it was durable.",
    { { bounds = commits.bounds, upto = commits.upto, sum = commits.seconds } })
  page:single("orket_commits_waiting", "gauge", "Transactions that wait to be durable.", commits.waiting)
  page:histogram("orket_loop_busy_seconds", "How long the loop was busy between two waits.",
    { { bounds = loop_meter.BOUNDS, upto = loop.upto, sum = loop.sum } })
  page:single("orket_loop_stalls_total", "counter", "Times that the loop was busy for over 10 ms.",
    loop.stalls)
  page:single("orket_log_lines_dropped_total", "counter", "Lines of the log that found no room.",
    service.instruments.log.dropped)
  write_lines(page)
  if service.traces then
    write_spans(page, service.traces.exporter)
  end
  service.metrics:write(page)
end

-- ---- how its machine is ----

local HOST = {
  { "process", "cpu", "process_cpu_seconds_total", "counter", "Processor time of this process." },
  { "process", "rss", "process_resident_memory_bytes", "gauge", "Memory of this process." },
  { "process", "files", "process_open_fds", "gauge", "Files that this process has open." },
  { "process", "began", "process_start_time_seconds", "gauge", "When this process began, since 1970." },
  { "host", "cpus", "orket_host_cpus", "gauge", "Processors." },
  { "host", "cpu_busy", "orket_host_cpu_busy_seconds_total", "counter", "Processor time that was used." },
  { "host", "cpu_idle", "orket_host_cpu_idle_seconds_total", "counter", "Processor time that was left." },
  { "host", "load", "orket_host_load1", "gauge", "Processes that ran or waited to, over one minute." },
  { "host", "memory", "orket_host_memory_bytes", "gauge", "Memory of the machine." },
  { "host", "memory_available", "orket_host_memory_available_bytes", "gauge", "Memory that is left." },
  { "disk", "size", "orket_disk_size_bytes", "gauge", "Size of the disk that has the journal." },
  { "disk", "free", "orket_disk_free_bytes", "gauge", "What is left on it." },
}

local GPU = {
  { "busy", "orket_gpu_busy_ratio", "Part of the time that a graphics processor works." },
  { "memory", "orket_gpu_memory_bytes", "Memory of a graphics processor." },
  { "memory_used", "orket_gpu_memory_used_bytes", "Memory of a graphics processor in use." },
}

local function write_host(page, sample)
  page:single("process_max_fds", "gauge", "Files that this process may have open.", sys.descriptors())
  for _, row in ipairs(sample and HOST or {}) do
    page:single(row[3], row[4], row[5], (sample[row[1]] or {})[row[2]])
  end
  for _, row in ipairs(sample and GPU or {}) do
    local samples = {}
    for i, gpu in ipairs(sample.gpus) do
      samples[i] = { labels = { "gpu", gpu.name }, value = gpu[row[1]] }
    end
    page:family(row[2], "gauge", row[3], samples)
  end
end

local function metrics(service)
  local page, figures = exposition.new(), service.figures
  local ok, err = figures:refresh()
  if not ok then
    return nil, err
  end
  page:family("orket_build_info", "gauge", "The version of the program.",
    { { labels = { "version", sys.version() }, value = 1 } })
  write_cards(page, figures)
  write_runs(page, figures)
  write_rules(page, figures)
  write_models(page, figures)
  write_process(page, service)
  write_host(page, service.host:sample())
  return page:text()
end

M.routes = {
  {
    name = "metrics", method = "GET", path = "/metrics", permission = "read", handle = metrics,
    produces = exposition.TYPE, summary = "figures for Prometheus",
  },
}

return M
