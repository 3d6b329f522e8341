-- report_routes.lua: what was refused, why something happened, what it cost and may cost, where a word is.

local api_schemas = require("orket.service.api.api_schemas")
local budget_tree = require("orket.governance.budget.budget_tree")
local cjson = require("cjson")
local command_answer = require("orket.programs.command_answer")
local config = require("orket.project.config")
local costs = require("orket.reports.costs")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local meters = require("orket.governance.budget.meter")
local alerts = require("orket.reports.alerts")
local paging = require("orket.service.api.paging")
local policy_history = require("orket.governance.policy.policy_history")
local reasons = require("orket.reports.reasons")
local reports = require("orket.reports.reports")
local run_set = require("orket.scheduler.run_set")
local text_search = require("orket.reports.text_search")
local waits = require("orket.scripts.serving.waits")

local M = { tag = "reports" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, WHOLE, NUMBER = { type = "string" }, { type = "integer" }, { type = "number" }
local LIMIT = { type = { "number", "null" } }

local DAY = { type = "string", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description = "YYYY-MM-DD, UTC" }

local SERVED = 50 -- of a page
local REPORTS, FOUND = 50, 50 -- of a page

local function refused(service, request)
  local query = request.query
  local most = query.limit or REPORTS
  local rows = reports.list(service.store, { card = query.card, run = query.run, rule = query.rule,
    before = query.before, limit = most + 1 })
  local more = #rows > most
  rows[most + 1] = nil
  return { items = setmetatable(rows, cjson.array_mt), next = more and rows[most].event or nil }
end

-- Each link with the place of its event, by which a run's timeline opens it.
local function with_places(store, reason)
  for _, link in ipairs(reason.chain) do
    local event = store:read("event", { seq = link.event })[1]
    link.run, link.turn, link.n = event.run, event.turn, event.n
  end
  return reason
end

local function is_hidden(request, event)
  for _, kind in ipairs(request.principal:hidden_kinds() or {}) do
    if event.kind:sub(1, #kind) == kind then
      return true
    end
  end
  return false
end

-- The event, if who asks may see it.
local function shown(request, event, err)
  if event and is_hidden(request, event) then
    return nil, errors.new("ERR_DENIED", "this event belongs to the audit", "an administrator can look")
  end
  return event, err
end

local function why(service, request)
  local event, err = shown(request, event_ref.meant(service.store, request.params.event))
  return event and with_places(service.store, reasons.why(service.store, event)), err
end

local function budgets_of(service)
  return service.project:process().budgets or {}
end

local function sums(service, request)
  return costs.sums(service.store, request.query, budgets_of(service).currency)
end

local function requests(service, request)
  local query = request.query
  local most = query.limit or REPORTS
  local rows = service.store:read("requests", { run = query.run, card = query.card, before = query.before,
    limit = most + 1 })
  local more = #rows > most
  rows[most + 1] = nil
  return { currency = budgets_of(service).currency, items = setmetatable(rows, cjson.array_mt),
    next = more and rows[most].seq or nil }
end

-- The budgets that hold, and those of the file, by which the next run goes: nil when it cannot be read.
local function budgets_now(service)
  local coming = config.budgets(service.dir)
  return run_set.of(service.project):budgets() or coming or budgets_of(service), coming
end

local function caps(service)
  local budgets, coming = budgets_now(service)
  local held = meters.held(run_set.of(service.project).budget)
  local rows = budget_tree.rows(service.store, budgets, held, coming)
  return { currency = budgets.currency, caps = budget_tree.plain(rows) }
end

local function grouped(service, request)
  local query = request.query
  local rows = service.store:read("rules_reported", { card = query.card, run = query.run })
  for _, row in ipairs(rows) do
    row.last = reports.list(service.store, { before = row.last + 1, card = query.card, run = query.run,
      rule = row.rule, limit = 1 })[1]
  end
  return { items = setmetatable(rows, cjson.array_mt) }
end

-- The call is judged once more by scripts that are built for it: not on the loop.
local function why_not(service, request)
  local event, err = shown(request, event_ref.event(service.store, request.params.event))
  if not event then
    return nil, err
  end
  return command_answer.ask(service.project, { "why-not", "-C", service.dir, "--json", tostring(event.seq) })
end

-- Each open card is looked at: not on the loop either.
local function crowded(service)
  return command_answer.ask(service.project, { "bottlenecks", "-C", service.dir, "--json" })
end

local function alerted(service)
  local budgets = budgets_now(service)
  return { items = setmetatable(alerts.list(service.store, { runs = service.runs:rows(service.store),
    caps = budget_tree.rows(service.store, budgets, {}), currency = budgets.currency,
    disk = run_set.of(service.project).disk, notify = service.outbox and service.outbox:failing(),
    waiting = waits.of(service.store, service.dir, service.project.lock ~= nil) }), cjson.array_mt) }
end

local function served(service, request)
  return paging.of(policy_history.list(service.store), "seq", request.query, SERVED)
end

local function search(service, request)
  return text_search.page(service.store, request.query, request.query.limit or FOUND)
end

M.routes = {
  {
    name = "reports", method = "GET", path = "/v1/reports", permission = "read", handle = refused,
    tool = "free",
    past = true, summary = "what agents attempted and were refused, the newest first", query = {
      card = TEXT, run = TEXT, rule = { type = "string", description = "* stands for anything" },
      limit = { type = "integer", minimum = 1, maximum = 500, description = "50" },
      before = { type = "integer", minimum = 1, description = "the last event that is known" },
    },
    answer = api_schemas.page(ref("Report"), "integer"),
  },
  {
    name = "why", method = "GET", path = "/v1/why/{event}", permission = "read", handle = why, tool = "free",
    summary = "what an event, RUN/TURN.N or a card's last move follows from, back to the prompt",
    errors = { "ERR_NOT_FOUND", "ERR_USAGE" },
    answer = object({ event = { type = "object" }, chain = list(object({ link = TEXT, event = WHOLE,
      run = TEXT, n = WHOLE })),
      complete = { type = "boolean" }, missing = list(TEXT) }),
  },
  {
    pooled = true,
    name = "costs", method = "GET", path = "/v1/costs", permission = "read", handle = sums,
    tool = "free",
    past = true, summary = "what requests to models cost; what has no `money` had no price; `left_out`: "
      .. "requests that no sum of money has", query = {
      by = { enum = costs.BY, description = "model" }, run = TEXT, from = DAY, to = DAY },
    answer = object({ by = TEXT, rows = list(object({ name = TEXT, calls = WHOLE, failed = WHOLE,
      tokens_in = WHOLE, tokens_out = WHOLE, cached = WHOLE, priced = WHOLE, unpriced = WHOLE },
      { money = WHOLE })),
      total = { type = "object" }, left_out = list(object({ model = TEXT, calls = WHOLE })) },
      { currency = TEXT }),
  },
  {
    name = "requests", method = "GET", path = "/v1/requests", permission = "read", handle = requests,
    pooled = true,
    summary = "requests to models, the newest first: tokens, cost at that time's price, milliseconds",
    query = { card = TEXT, run = TEXT,
      limit = { type = "integer", minimum = 1, maximum = 500, description = "50" },
      before = { type = "integer", minimum = 1, description = "the last event that is known" } },
    answer = object({ items = list(object({ seq = WHOLE, run = TEXT, turn = WHOLE, step = WHOLE,
      attempt = WHOLE, at = TEXT }, { card = TEXT, role = TEXT, model = TEXT, tokens_in = WHOLE,
      tokens_out = WHOLE, money = WHOLE, ms = WHOLE, code = TEXT })) }, { currency = TEXT, next = WHOLE }),
  },
  {
    pooled = true,
    name = "budgets", method = "GET", path = "/v1/budgets", permission = "read",
    past = true, handle = caps, tool = "free",
    summary = "every cap: used, reserved by requests under way, limit; next: of the next run, if another",
    answer = object({ caps = list(object({ cap = TEXT, scope = TEXT, kind = TEXT, used = NUMBER,
      reserved = NUMBER, limit = LIMIT, percent = WHOLE, warned = { type = "boolean" } },
      { next = LIMIT, name = TEXT, where = TEXT })) }, { currency = TEXT }),
  },
  {
    pooled = true,
    name = "refusals", method = "GET", path = "/v1/refusals", permission = "read",
    past = true, handle = grouped,
    tool = "free", summary = "refusals by rule, the most frequent first, each with its newest report",
    by_journal = true, query = { card = TEXT, run = TEXT },
    answer = object({ items = list(object({ rule = TEXT, decision = TEXT, reports = WHOLE, cards = WHOLE,
      last = ref("Report") })) }),
  },
  {
    name = "why_not", method = "GET", path = "/v1/why-not/{event}", permission = "read", handle = why_not,
    tool = "free", summary = "every check that stands against a refused call, with what decides and the fix",
    errors = { "ERR_NOT_FOUND", "ERR_USAGE" },
    answer = object({ event = { type = "object" }, call = { type = "object" }, checks = list(object(
      { rule = TEXT, decision = TEXT }, { why = TEXT, fix = TEXT, where = TEXT })) }),
  },
  {
    name = "bottlenecks", method = "GET", path = "/v1/bottlenecks", permission = "read", handle = crowded,
    tool = "free", summary = "where work piles up, by the thresholds of the organization",
    answer = object({ level = { enum = { "healthy", "normal", "building", "chronic", "critical" } },
      counts = { type = "object" }, thresholds = { type = "object" }, found = list(object({ rule = TEXT,
      why = TEXT, value = NUMBER, limit = NUMBER }, { card = TEXT, seat = TEXT })) }),
  },
  {
    pooled = true,
    name = "policy_history", method = "GET", path = "/v1/policies/history", permission = "read",
    summary = "which scripts served, waited and were accepted, by whom, and what changed, the newest first",
    by_journal = true, handle = served,
    query = paging.query(SERVED, "before", "event"),
    answer = object({ items = list(object({ seq = WHOLE, kind = TEXT, generation = TEXT, actor = TEXT,
      at = TEXT }, { against = TEXT, changed = list(object({ path = TEXT, policy = { type = "boolean" } },
        { was = TEXT, now = TEXT })) })) }, { next = WHOLE }),
  },
  {
    pooled = true,
    name = "alerts", method = "GET", path = "/v1/alerts", permission = "read", handle = alerted,
    summary = "what a person should know besides the cards: stopped runs, outages, caps, what waits",
    answer = object({ items = list(object({ kind = { enum = { "disk", "stopped", "outage", "notify", "canary",
      "cap", "examples", "scripts" } }, text = TEXT, what = TEXT },
      { subject = TEXT, since = TEXT, why = TEXT })) }),
  },
  {
    name = "search", method = "GET", path = "/v1/search", permission = "read", handle = search, tool = "free",
    summary = "cards, comments, remembered texts, files and transcripts in which these letters stand",
    needs = { "q" }, query = {
      q = { type = "string", minLength = 2, maxLength = 200 },
      kind = { enum = text_search.KINDS, description = "only of this kind" },
      after = { type = "string", pattern = "^[a-z]+:-?[0-9]{1,18}:", description = "`next`" },
      limit = { type = "integer", minimum = 1, maximum = 200, description = "50" },
    },
    answer = object({ items = list(object({ kind = { enum = text_search.KINDS }, id = TEXT, text = TEXT,
      link = TEXT }, { card = TEXT, name = TEXT, path = TEXT, line = WHOLE, run = TEXT, turn = WHOLE,
      n = WHOLE, event = WHOLE, said = TEXT })) }, { next = TEXT }),
  },
}

return M
