-- timeline_routes.lua: a run as it went, event by event, and two runs side by side.

local api_schemas = require("orket.service.api.api_schemas")
local event_ref = require("orket.history.event_ref")
local run_comparison = require("orket.history.run_comparison")
local run_routes = require("orket.service.routes.run_routes")
local timeline = require("orket.history.timeline")

local M = { tag = "runs" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE = { type = "string" }, { type = "integer" }

local EVENTS, EVENTS_MOST = 200, 500 -- of a page

-- A run that is still all there.
local function run_of(service, id)
  local row, err = run_routes.find(service, id)
  err = err or event_ref.dropped(service.store, row.id)
  return not err and row or nil, err
end

local function outline(service, request)
  local row, err = run_of(service, request.params.id)
  return row and timeline.outline(service.store, row), err
end

local function events(service, request)
  local row, err = run_of(service, request.params.id)
  return row and timeline.events(service.store, row, request.query, request.query.limit or EVENTS), err
end

local function compare(service, request)
  local one, err = run_of(service, request.params.id)
  local other
  if one then
    other, err = run_of(service, request.params.other)
  end
  if not other then
    return nil, err
  end
  return run_comparison.of(service.store, one, other)
end

local SPAN = { from = WHOLE, to = WHOLE }

local OUTLINE = object({
  run = TEXT, events = WHOLE, gaps = list(object(SPAN)),
  density = list(object({ at = WHOLE, events = WHOLE, seq = WHOLE })),
  cards = list(object({ card = TEXT, seqs = list(WHOLE), from = WHOLE, to = WHOLE })),
  turns = list(object({ turn = WHOLE, rows = WHOLE, events = WHOLE, seq = WHOLE, from = WHOLE, to = WHOLE },
    { card = TEXT, seat = TEXT, role = TEXT, model = TEXT, outcome = TEXT, steps = WHOLE })),
}, { first = WHOLE, last = WHOLE, from = WHOLE, to = WHOLE })

local BRIEF = object({ seq = WHOLE, run = TEXT, n = WHOLE, step = WHOLE, kind = TEXT, at = TEXT,
  brief = { type = "object" } }, { card = TEXT, actor = TEXT })

local SIDE = object({ run = { type = "object" }, cards = { type = "object" } })

M.routes = {
  {
    name = "timeline", method = "GET", path = "/v1/runs/{id}/timeline", permission = "read", handle = outline,
    pooled = true,
    summary = "how a run went, in milliseconds since 1970: its turns and how much is in each, when it was "
      .. "idle, how dense its events are",
    errors = { "ERR_NOT_FOUND" }, answer = OUTLINE,
  },
  {
    name = "timeline_events", method = "GET", path = "/v1/runs/{id}/timeline/events", permission = "read",
    summary = "its events with what is shown of each: of a turn, of a card outside of turns, of all of it",
    query = {
      turn = { type = "integer", minimum = 0, description = "of this turn; `after` is an event's n" },
      card = { type = "string", description = "of this card, outside of turns" },
      after = { type = "integer", minimum = 0, description = "behind this event, oldest first" },
      before = { type = "integer", minimum = 1, description = "before this event, newest first" },
      limit = { type = "integer", minimum = 1, maximum = EVENTS_MOST, description = "200" },
    },
    errors = { "ERR_NOT_FOUND" }, answer = api_schemas.page(BRIEF, "integer"), handle = events,
  },
  {
    name = "compare_runs", method = "GET", path = "/v1/runs/{id}/compare/{other}", permission = "read",
    summary = "two runs side by side: status, cost, files, and the first decision in which they differ",
    errors = { "ERR_NOT_FOUND" }, handle = compare,
    answer = object({ one = SIDE, other = SIDE, files = list(object({ path = TEXT, status = TEXT })) },
      { common = WHOLE, difference = { type = "object" } }),
  },
}

return M
