-- run_routes.lua: runs: which there are, where one stands, what was said in it, its events as they happen; to
-- begin one, to go on with it, to halt it.

local api_schemas = require("orket.service.api.api_schemas")
local card_routes = require("orket.service.routes.card_routes")
local cjson = require("cjson")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local live_events = require("orket.service.live_events")
local once = require("orket.service.api.once")
local run_record = require("orket.history.run_record")
local run_wait = require("orket.service.api.run_wait")
local transcript_page = require("orket.service.transcript_page")

local M = { tag = "runs" }

local ref, object = api_schemas.ref, api_schemas.object

local RUNS, EVENTS, EVENTS_MOST = 50, 200, 1000 -- of a page

-- ---- which runs ----

-- Of what was, the journal alone decides; whether a run is under way now, the process knows.
local function rows_of(service, id)
  return service.at and service.store:read("runs", { id = id }) or service.runs:rows(service.store, id)
end

---A run's row.
---@param service Service
---@param id string
---@return table|nil
---@return Error|nil
function M.find(service, id)
  local row = rows_of(service, id)[1]
  if row then
    return row
  end
  return nil, errors.new("ERR_NOT_FOUND", "there is no run '" .. id .. "'", "GET /v1/runs lists them", 404)
end

local function run_of(service, request)
  return M.find(service, request.params.id)
end

-- The newest first; a run that began meanwhile moves none to another page.
local function runs(service, request)
  local query, rows = request.query, rows_of(service)
  local items, most, known = setmetatable({}, cjson.array_mt), query.limit or RUNS, not query.before
  for i = #rows, 1, -1 do
    if known and #items == most then
      return { items = items, next = items[most].id }
    elseif known then
      items[#items + 1] = rows[i]
    end
    known = known or rows[i].id == query.before
  end
  if not known then
    return nil, errors.new("ERR_NOT_FOUND", "there is no run '" .. query.before .. "'",
      "`before` is the last run that is known")
  end
  return { items = items }
end

local function run(service, request)
  if request.query.wait then
    run_wait.wait(service, request)
  end
  local row, err = run_of(service, request)
  if row then
    local add = request.query.figures and run_record.add_figures or run_record.complete
    add(service.store, row)
  end
  return row, err
end

local function session(service, request)
  local row, err = run_of(service, request)
  err = err or event_ref.dropped(service.store, row.id)
  if err then
    return nil, err
  end
  local page = transcript_page.of(service.store, service.store:read("turns", { run = row.id }), request.query)
  page.session = row
  return page
end

-- ---- events ----

local function kinds_of(query)
  local kinds
  for kind in (query.kinds or ""):gmatch("[^,]+") do
    kinds = kinds or {}
    kinds[#kinds + 1] = kind
  end
  return kinds
end

local function filter_of(request)
  return { run = request.params.id, card = request.query.card, kinds = kinds_of(request.query),
    hidden = request.principal:hidden_kinds(), deltas = request.query.deltas ~= false }
end

-- An event that is not there yet: who names it knows another journal, and would wait for it in silence.
local function check_known(service, seq)
  if seq <= service.events.last then
    return nil
  end
  local newest = service.store:read("counts", {})[1].events
  if seq > newest then
    local err = errors.new("ERR_STALE", ("there is no event %d: the newest one is %d"):format(seq, newest),
      "the journal is another one, perhaps of a backup: begin anew, without `after` and Last-Event-ID", 409)
    err.more = { newest = newest }
    return err
  end
end

local function events(service, request)
  local after = request.query.after or 0
  local err = check_known(service, after)
  if err then
    return nil, err
  end
  local items, last = service.events:page(filter_of(request), after, request.query.limit or EVENTS)
  return { items = setmetatable(items, cjson.array_mt), next = last }
end

local function run_events(service, request)
  local row, err = run_of(service, request)
  if not row then
    return nil, err
  end
  return events(service, request)
end

-- Where a client goes on: behind the last event that it has, as browsers say it, or as it is asked for.
local function last_of(request, otherwise)
  local id = request.headers["last-event-id"]
  return id and #id < 16 and id:find("^%d+$") and math.tointeger(tonumber(id)) or request.query.after
    or otherwise
end

local function follow(service, request, response, headers, last)
  local err = check_known(service, last)
  if err then
    return nil, err
  end
  response:start(200, headers)
  service.events:follow(filter_of(request), last, response, live_events.STREAM)
  return 200
end

local function stream_all(service, request, response, headers)
  return follow(service, request, response, headers, last_of(request, service.events.last))
end

local function stream_run(service, request, response, headers)
  local row, err = run_of(service, request)
  if not row then
    return nil, err
  end
  return follow(service, request, response, headers, last_of(request, 0))
end

local function is_websocket(headers)
  return (headers.upgrade or ""):lower() == "websocket" and headers["sec-websocket-version"] == "13"
    and (headers.connection or ""):lower():find("upgrade", 1, true)
end

-- What a browser speaks, which offers its credential as another protocol (bind/http/keyring.c).
local PROTOCOL = "orket"

-- The connection is a WebSocket from here on: the form in which its client gets events.
local function upgraded(request, response)
  local headers = request.headers
  if not is_websocket(headers) then
    return nil, errors.new("ERR_USAGE", "this path is for WebSockets (RFC 6455, version 13)",
      "GET /v1/events with Accept: text/event-stream has the same", 426)
  end
  local protocol = headers["sec-websocket-protocol"] == PROTOCOL and PROTOCOL or nil
  local ok, err = errors.check(response:upgrade(headers["sec-websocket-key"] or "",
    { ["X-Request-Id"] = request.id, ["Sec-WebSocket-Protocol"] = protocol }))
  return ok and (protocol and live_events.PAGE or live_events.SOCKET), err
end

local function socket(service, request, response)
  local filter, first = filter_of(request), service.events.last
  if request.query.run then
    local row, err = M.find(service, request.query.run)
    if not row then
      return nil, err
    end
    filter.run, first = row.id, 0
  end
  local last = last_of(request, first)
  local err, form = check_known(service, last), nil
  if not err then
    form, err = upgraded(request, response)
  end
  if not form then
    return nil, err
  end
  local _ <close> = service.presence:sit(response, request.who)
  service.events:follow(filter, last, response, form)
  return 101
end

local QUERY = {
  after = { type = "integer", minimum = 0, description = "only events behind this one" },
  limit = { type = "integer", minimum = 1, maximum = EVENTS_MOST, description = "200; not of a stream" },
  card = { type = "string", description = "only of this card" },
  kinds = { type = "string", maxLength = 256,
    description = "beginnings of kinds, with commas between: card.,turn.ended" },
  deltas = { type = "boolean", description = "of a stream: also what models say at this moment (true)" },
}

local SOCKET_QUERY = { run = { type = "string", description = "only of this run" } }
for name, schema in pairs(QUERY) do
  SOCKET_QUERY[name] = name ~= "limit" and schema or nil
end

-- ---- what is done ----

local function start(service, request)
  local ok, err = service.runs:check_card(request.body.card)
  if not ok then
    return nil, err
  end
  return once.perform(service, request, function()
    return service:start({ card = request.body.card, by = request.who, again = request.body.again })
  end)
end

local ENDED = { done = true, canceled = true }

local function resume(service, request)
  local row, err = run_of(service, request)
  if row and ENDED[row.status] then
    err = errors.new("ERR_TRANSITION",
      row.id .. " is " .. row.status .. ", nothing of it is left to do",
      'POST /v1/runs {"card": "' .. row.card .. '", "again": true} builds the epic anew', 409)
  end
  if err then
    return nil, err
  end
  return once.perform(service, request, function()
    return service:start({ card = row.card, by = request.who, run = row })
  end)
end

local function halt(service, request)
  local row, err = run_of(service, request)
  if not row then
    return nil, err
  end
  return service:act({ act = "halt", run = row.id }, request.who)
end

local RUN_QUERY = {
  wait = { type = "integer", minimum = 1, maximum = run_wait.MOST, description =
    "seconds that the answer may wait until the run ended, or something of it waits for a person" },
  figures = { type = "boolean", description = "only its figures: without checkpoints and tree" },
}
local LAST = { "ERR_NOT_FOUND", "ERR_OWNED", "ERR_TRANSITION" }

M.routes = {
  {
    name = "runs", method = "GET", path = "/v1/runs", permission = "read", aliases = { "/api/sessions" },
    tool = "free",
    past = true, pooled = true, summary = "runs, the newest first", handle = runs,
    errors = { "ERR_NOT_FOUND" },
    answer = api_schemas.page(ref("Run"), "string"),
    query = { limit = { type = "integer", minimum = 1, maximum = 200, description = "50" },
      before = { type = "string", description = "the last run that is known" } },
  },
  {
    name = "run", method = "GET", path = "/v1/runs/{id}", permission = "read", errors = { "ERR_NOT_FOUND" },
    tool = "free", query = RUN_QUERY,
    past = true, summary = "where a run stands: its cards by status, its checkpoints, what it cost",
    handle = run,
    answer = object({ id = { type = "string" }, status = { type = "string" }, cards = { type = "object" },
      refusals = { type = "integer" }, trace = { type = "string" } },
      { checkpoints = { type = "array" }, tree = { type = "string" } }),
  },
  {
    name = "session", method = "GET", path = "/v1/sessions/{id}", permission = "read", past = true,
    tool = "free",
    aliases = { "/api/sessions/{id}", "/v1/runs/{id}/transcript" }, errors = { "ERR_NOT_FOUND" },
    summary = "a run with what was said and done in its turns", query = transcript_page.query(),
    answer = transcript_page.ANSWER, handle = session,
  },
  {
    name = "run_events", method = "GET", path = "/v1/runs/{id}/events", permission = "read",
    tool = "free", query = QUERY,
    summary = "the events of a run; with Accept: text/event-stream also as they are committed",
    errors = { "ERR_NOT_FOUND", "ERR_STALE" }, answer = api_schemas.page(ref("Event"), "integer"),
    handle = run_events,
    stream = stream_run,
  },
  {
    name = "events", method = "GET", path = "/v1/events", permission = "read", query = QUERY,
    summary = "all events; with Accept: text/event-stream as they are committed from now on",
    errors = { "ERR_STALE" }, answer = api_schemas.page(ref("Event"), "integer"), handle = events,
    stream = stream_all,
  },
  {
    name = "event_socket", method = "GET", path = "/ws/events", permission = "read", query = SOCKET_QUERY,
    summary = "the same over a WebSocket: {id, event, data}; {look: CARD} says where a client looks",
    status = 101, answer = { type = "object" }, errors = { "ERR_USAGE", "ERR_LIBRARY", "ERR_STALE" },
    stream = socket,
  },
  {
    name = "start_run", method = "POST", path = "/v1/runs", permission = "run", status = 202, errors = LAST,
    tool = "free",
    summary = "begins a run of a card, or goes on with it; Idempotency-Key: once",
    answer = card_routes.STARTED, handle = start, body = {
      type = "object", required = { "card" }, additionalProperties = false,
      properties = { card = { type = "string", minLength = 1 },
        again = { type = "boolean", description = "a finished epic is built anew" } },
    },
    headers = { ["Idempotency-Key"] = once.HEADER }, example = { card = "hello" },
  },
  {
    name = "resume_run", method = "POST", path = "/v1/runs/{id}/resume", permission = "run", status = 202,
    tool = "free",
    summary = "goes on with a run that did not end; Idempotency-Key: once", answer = card_routes.STARTED,
    headers = { ["Idempotency-Key"] = once.HEADER }, errors = LAST, handle = resume,
  },
  {
    name = "halt_run", method = "POST", path = "/v1/runs/{id}/halt", permission = "run", handle = halt,
    tool = "free",
    summary = "drains the run that is under way: open turns go on with the next", answer = ref("Done"),
    errors = { "ERR_NOT_FOUND" },
  },
}

return M
