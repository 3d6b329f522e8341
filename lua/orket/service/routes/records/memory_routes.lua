-- memory_routes.lua: what later turns are reminded of: the rows that fit a text, one row with where it came
-- from. To add and to forget are acts.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local meaning = require("orket.memory.meaning")
local origin = require("orket.memory.origin")
local problem = require("orket.service.api.problem")
local searches = require("orket.memory.search")

local M = { tag = "memory" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE, NUMBER = { type = "string" }, { type = "integer" }, { type = "number" }

local ROWS = 100

-- Those that fit a text. What the embedder is asked is recorded in the person's name.
local function fitting(service, request, place, most)
  return meaning.rows(service.store, service.dir, place, request.query.q, most, function(recall)
    return service:act(recall, request.who, request.principal)
  end)
end

local function all(service, request)
  local query, err = request.query, nil
  local rows
  if query.q then
    rows, err = fitting(service, request, query, query.limit or ROWS)
  else
    rows = searches.newest(service.store, query, query.limit or ROWS)
  end
  return { items = setmetatable(rows, cjson.array_mt), words_alone = err and problem.of(err).detail or nil }
end

local function one(service, request)
  local row, err = origin.of(service.store, request.params.id)
  if row and request.query.q then
    origin.place(row, (fitting(service, request, {}, origin.PLACES)))
  end
  return row, err
end

local MUST = { id = WHOLE, seq = WHOLE, scope = TEXT, text = TEXT, at = TEXT, actor = TEXT, run = TEXT,
  status = { enum = { "kept", "forgotten", "expired" } } }
local MAY = { epic = TEXT, reader = TEXT, card = TEXT, role = TEXT, rule = TEXT, expires_at = TEXT,
  labels = list(TEXT), rank = WHOLE, words = WHOLE, near = NUMBER }
local QUERY = { type = "string", minLength = 1, maxLength = 2000, description = "a text" }

M.routes = {
  {
    pooled = true,
    name = "memory", method = "GET", path = "/v1/memory", permission = "read", handle = all, tool = "free",
    summary = "what is remembered: the newest, or what fits `q`, the best first",
    query = { q = QUERY, epic = TEXT, role = TEXT, card = TEXT,
      all = { type = "boolean", description = "forgotten and expired rows too" },
      limit = { type = "integer", minimum = 1, maximum = 1000, description = "100" } },
    answer = object({ items = list(object(MUST, MAY)) }, { words_alone = { type = "string",
      description = "why the embedder was not asked" } }),
  },
  {
    name = "memory_row", method = "GET", path = "/v1/memory/{id}", permission = "read", handle = one,
    summary = "one row: where it came from, who forgot it, its place for the text `q`", query = { q = QUERY },
    errors = { "ERR_NOT_FOUND" }, answer = object(MUST, { forgot = { type = "object" }, forgotten = WHOLE,
      rank = WHOLE, words = WHOLE, near = NUMBER, labels = list(TEXT), card = TEXT, role = TEXT }),
  },
}

return M
