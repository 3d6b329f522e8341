-- run_report_routes.lua: reports on one run: what its roles did, its issues, its state as a snapshot.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local paging = require("orket.service.api.paging")
local run_figures = require("orket.reports.figures.run_figures")
local run_record = require("orket.history.run_record")
local run_routes = require("orket.service.routes.run_routes")

local M = { tag = "runs" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, WHOLE = { type = "string" }, { type = "integer" }

local ROWS = 200 -- of a page

local function figures(service, request)
  local run, err = run_routes.find(service, request.params.id)
  return run and { run = run.id, status = run.status,
    roles = setmetatable(run_figures.of(service.store, run.id), cjson.array_mt) }, err
end

local function issues_of(service, run)
  return setmetatable(service.store:read("backlog", { epic = run.card }), cjson.array_mt)
end

local function backlog(service, request)
  local run, err = run_routes.find(service, request.params.id)
  if not run then
    return nil, err
  end
  local page = paging.of(issues_of(service, run), "ordinal", request.query, ROWS)
  page.run, page.card = run.id, run.card
  return page
end

-- What a run of an epic follows from, as far as it is not the journal: its configuration and scripts.
local function config_of(service, run)
  local epic = service.store:read("card", { id = run.card })[1] or { data = {} }
  return { epic = run.card, team = epic.data.team, environment = epic.data.environment, build = epic.build,
    generation = run.generation }
end

local function turns(service, request)
  local run, err = run_routes.find(service, request.params.id)
  if not run then
    return nil, err
  end
  local page = paging.of(service.store:read("turns", { run = run.id }), "turn", request.query, ROWS)
  page.run = run.id
  return page
end

local function snapshot(service, request)
  local run, err = run_routes.find(service, request.params.id)
  if not run then
    return nil, err
  end
  local at = service.store:read("counts", {})[1].events
  run_record.complete(service.store, run)
  return { session = run, at = at, config = config_of(service, run), cards = issues_of(service, run),
    tree = run.tree, checkpoints = run.checkpoints }
end

local NOT_FOUND = { "ERR_NOT_FOUND" }

M.routes = {
  {
    pooled = true,
    name = "run_metrics", method = "GET", path = "/v1/runs/{id}/metrics", permission = "read", past = true,
    summary = "what each role of a run did: turns, tokens, lines written, refusals, its last call",
    by_journal = true, errors = NOT_FOUND, handle = figures,
    answer = object({ run = TEXT, status = TEXT, roles = list(object({ role = TEXT, turns = WHOLE,
      steps = WHOLE, tokens_in = WHOLE, tokens_out = WHOLE, calls = WHOLE, refusals = WHOLE,
      files_written = WHOLE, lines_written = WHOLE },
      { money = WHOLE, last_action = TEXT, detail = TEXT, last_at = TEXT })) }),
  },
  {
    pooled = true,
    name = "run_backlog", method = "GET", path = "/v1/runs/{id}/backlog", permission = "read", past = true,
    summary = "the issues of a run's epic, in the board's order, with what they depend on",
    by_journal = true, errors = NOT_FOUND, handle = backlog,
    query = paging.query(ROWS, "after", "ordinal"),
    answer = object({ run = TEXT, card = TEXT, items = list(object({ id = TEXT, name = TEXT, status = TEXT,
      revision = WHOLE, depends_on = list(TEXT) })) }, { next = WHOLE }),
  },
  {
    pooled = true,
    name = "run_turns", method = "GET", path = "/v1/runs/{id}/turns", permission = "read",
    past = true, handle = turns,
    summary = "the turns of a run: card, seat, role, model, outcome, steps, tokens, seconds",
    by_journal = true, errors = NOT_FOUND,
    query = paging.query(ROWS, "after", "turn"),
    answer = object({ run = TEXT, items = list(object({ run = TEXT, turn = WHOLE, card = TEXT, role = TEXT,
      steps = WHOLE, tokens_in = WHOLE, tokens_out = WHOLE, started_at = TEXT }, { seat = TEXT, model = TEXT,
      outcome = TEXT, ended_at = TEXT, seconds = WHOLE })) }, { next = WHOLE }),
  },
  {
    pooled = true,
    name = "session_snapshot", method = "GET", path = "/v1/sessions/{id}/snapshot", permission = "read",
    summary = "a run as it stands after the event `at`: configuration, cards, checkpoints, hash of its tree",
    errors = NOT_FOUND, handle = snapshot,
    answer = object({ session = ref("Run"), at = WHOLE, config = object({ epic = TEXT }), tree = TEXT,
      cards = list(object({ id = TEXT, status = TEXT })), checkpoints = { type = "array" } }),
  },
}

return M
