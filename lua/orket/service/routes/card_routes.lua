-- card_routes.lua: the board, and one card: everything on it, what was said in its turns, what it changed,
-- and the order to work on it.

local api_schemas = require("orket.service.api.api_schemas")
local board_rows = require("orket.reports.board_rows")
local card_record = require("orket.reports.card_record")
local card_moves = require("orket.governance.card_moves")
local card_state = require("orket.service.api.card_state")
local cjson = require("cjson")
local once = require("orket.service.api.once")
local pooled_store = require("orket.service.api.pooled_store")
local reader = require("orket.project.reader")
local transcript_page = require("orket.service.transcript_page")
local tree_diff = require("orket.reports.tree_diff")
local turn_record = require("orket.history.turn_record")

local M = { tag = "cards" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, FLAG = { type = "string" }, { type = "boolean" }

-- Of "a,b": the ids.
local function ids_of(words)
  local ids = {}
  for id in words:gmatch("[^,]+") do
    ids[#ids + 1] = id
  end
  return ids
end

local function board(service, request)
  local query = request.query
  local rows = board_rows.list(service.store, query.all, query.cards and ids_of(query.cards))
  return { cards = setmetatable(rows, cjson.array_mt) }
end

-- The same as text: thousands of cards would hold the loop up.
local function board_text(service, request)
  local store, query = service.store, request.query
  local rows = pooled_store.text(store, "board_shown", {
    all = query.all or false, cards = query.cards and cjson.encode(ids_of(query.cards)),
    approvals = cjson.encode(board_rows.questions(store)), outages = cjson.encode(board_rows.outages(store)),
  })
  return '{"cards":' .. rows .. "}"
end

local function card(service, request)
  local row, err = reader.card(service.store, request.params.id)
  return row and card_record.plain(service.store, row), err
end

local function transcript(service, request)
  local rows, err = turn_record.turns(service.store, service.dir, request.params.id, request.query.all)
  return rows and transcript_page.of(service.store, rows, request.query), err
end

local function shown(state, files, err)
  return files and tree_diff.rows(state, files), err
end

-- Against what the card started from, or against what it was after the event `since`.
local function diff(service, request)
  local id, since = request.params.id, request.query.since
  return card_state.with(service, id, function(state)
    if not since then
      return shown(state, tree_diff.files(state))
    end
    return card_state.with(service, state.card.id .. "@" .. since, function(before)
      return shown(state, tree_diff.between(before, state))
    end)
  end)
end

local function moves(service, request)
  local row, err = reader.card(service.store, request.params.id)
  return row and { card = row.id, status = row.status, revision = row.revision,
    moves = card_moves.of(service.store, row) }, err
end

local function execute(service, request)
  local ok, err = service.runs:check_card(request.params.id)
  if not ok then
    return nil, err
  end
  return once.perform(service, request, function()
    return service:start({ card = request.params.id, by = request.who, again = request.body.again })
  end)
end

M.STARTED = object({ run = { type = "string" }, card = { type = "string" }, events = { type = "string" } })

M.routes = {
  {
    name = "board", method = "GET", path = "/v1/board", permission = "read", by_journal = true,
    tool = "free",
    past = true, aliases = { "/api/board", "/v1/system/board" },
    summary = "all cards in the board's order, with what waits for a person",
    query = { all = { type = "boolean", description = "archived cards too" },
      cards = { type = "string", minLength = 1, description = "only these, with commas between" } },
    answer = object({ cards = list(ref("CardRow")) }), handle = board, text = board_text,
  },
  {
    name = "card", method = "GET", path = "/v1/cards/{id}", permission = "read", by_journal = true,
    tool = "free",
    past = true, aliases = { "/api/cards/{id}" },
    summary = "a card with its comments, events, refusals and what it asks",
    errors = { "ERR_NOT_FOUND" }, handle = card,
    answer = object({ id = { type = "string" }, status = { type = "string" }, revision = { type = "integer" },
      comments = list(ref("Comment")), events = list(ref("Event")), reports = list(ref("Report")),
      data = { type = "object" } }),
  },
  {
    name = "card_transcript", method = "GET", path = "/v1/cards/{id}/transcript", permission = "read",
    tool = "free",
    past = true, summary = "what was said and done in the turns of the run that worked on it last", query =
      transcript_page.query({ all = { type = "boolean", description = "the turns of all runs" } }),
    errors = { "ERR_NOT_FOUND" }, answer = transcript_page.ANSWER, handle = transcript,
  },
  {
    name = "card_diff", method = "GET", path = "/v1/cards/{id}/diff", permission = "read", past = true,
    tool = "free",
    summary = "what an issue or an epic changed, as unified diffs; {id} may be CARD@EVENT", handle = diff,
    query = { since = { type = "integer", minimum = 1, description = "against the card after this event" } },
    errors = { "ERR_NOT_FOUND", "ERR_USAGE" },
    answer = object({ card = { type = "string" }, files = list(ref("File")) }, { at = { type = "integer" } }),
  },
  {
    name = "card_moves", method = "GET", path = "/v1/cards/{id}/moves", permission = "read",
    summary = "every status, and whether a person may move the card there: the rule, why not, what to do",
    by_journal = true, errors = { "ERR_NOT_FOUND" }, handle = moves,
    answer = object({ card = TEXT, status = TEXT, revision = { type = "integer" },
      moves = list(object({ status = TEXT, allowed = FLAG, needs_reason = FLAG, rule = TEXT, why = TEXT },
        { fix = TEXT, reasons = list(TEXT) })) }),
  },
  {
    name = "execute", method = "POST", path = "/v1/cards/{id}/execute", permission = "run", status = 202,
    aliases = { "/api/cards/{id}/execute" },
    summary = "begins a run of a rock, an epic or an issue, or goes on with it; Idempotency-Key: once",
    body = { type = "object", additionalProperties = false, properties = {
      again = { type = "boolean", description = "a finished epic is built anew" },
    } },
    headers = { ["Idempotency-Key"] = once.HEADER }, example = { again = false },
    errors = { "ERR_NOT_FOUND", "ERR_OWNED", "ERR_TRANSITION" }, answer = M.STARTED, handle = execute,
  },
}

return M
