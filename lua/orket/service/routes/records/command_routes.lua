-- command_routes.lua: the programs that agents ran, each in a jail of its own that ended with it: what came
-- out, how they ended, what they changed.

local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local errors = require("orket.errors")

local M = { tag = "files" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE = { type = "string" }, { type = "integer" }

local COMMANDS = 50 -- of a page

-- A row of the query commands, as it is answered; with its output or without.
local function plain(row, whole)
  local body = row.body
  return { event = row.seq, run = row.run, turn = row.turn, step = row.step, card = row.card, role = row.role,
    at = row.at, argv = body.argv, exit = body.exit, signal = body.signal, limit = body.limit, ms = body.ms,
    changed = #(body.changes or {}), put_back = body.put_back, error = body.error,
    stdout = whole and (body.stdout or "") or nil, stderr = whole and (body.stderr or "") or nil,
    changes = whole and body.changes or nil, refused = whole and body.refused or nil }
end

local function commands(service, request)
  local query, items = request.query, setmetatable({}, cjson.array_mt)
  local most = query.limit or COMMANDS
  local rows = service.store:read("commands", { card = query.card, run = query.run, before = query.before,
    limit = most + 1 })
  for i = 1, math.min(#rows, most) do
    items[i] = plain(rows[i])
  end
  return { items = items, next = rows[most + 1] and rows[most].seq or nil }
end

local function find(service, request)
  local event = math.tointeger(tonumber(request.params.event))
  local row = event and service.store:read("commands", { seq = event, limit = 1 })[1]
  return row, not row and errors.new("ERR_NOT_FOUND", "no program has the event " .. request.params.event,
    "GET /v1/commands lists them") or nil
end

local function command(service, request)
  local row, err = find(service, request)
  return row and plain(row, true), err
end

local function logs(service, request)
  local row, err = find(service, request)
  return row and { logs = (row.body.stdout or "") .. (row.body.stderr or "") }, err
end

local function stop(service, request)
  local row, err = find(service, request)
  return nil, err or errors.new("ERR_TRANSITION",
    "the jail of " .. table.concat(row.body.argv, " ") .. " ended with its program",
    "POST /v1/runs/" .. row.run .. "/halt stops what is under way", 409)
end

local NOT_FOUND = { "ERR_NOT_FOUND" }
local ROW = { event = WHOLE, run = TEXT, turn = WHOLE, step = WHOLE, card = TEXT, at = TEXT,
  argv = list(TEXT), changed = WHOLE }
local MAY = { role = TEXT, exit = WHOLE, signal = WHOLE, ms = WHOLE, limit = TEXT, put_back = WHOLE,
  error = { type = "object" } }

local function with(fields)
  local all = { stdout = TEXT, stderr = TEXT }
  for name, schema in pairs(fields) do
    all[name] = schema
  end
  return all
end

M.routes = {
  {
    pooled = true,
    name = "commands", method = "GET", path = "/v1/commands", permission = "read",
    past = true, handle = commands,
    aliases = { "/v1/sandboxes" }, summary = "programs that agents ran, the newest first", by_journal = true,
    query = { card = TEXT, run = TEXT,
      limit = { type = "integer", minimum = 1, maximum = 500, description = "50" },
      before = { type = "integer", minimum = 1, description = "the last event that is known" } },
    answer = api_schemas.page(object(ROW, MAY), "integer"),
  },
  {
    name = "command", method = "GET", path = "/v1/commands/{event}", permission = "read",
    past = true, handle = command,
    aliases = { "/v1/sandboxes/{event}" }, summary = "one of them, with what it printed and changed",
    by_journal = true, errors = NOT_FOUND, answer = object(with(ROW), MAY),
  },
  {
    name = "sandbox_logs", method = "GET", path = "/v1/sandboxes/{event}/logs", permission = "read",
    summary = "what it printed", handle = logs, by_journal = true, errors = NOT_FOUND,
    answer = object({ logs = TEXT }),
  },
  {
    name = "sandbox_stop", method = "POST", path = "/v1/sandboxes/{event}/stop", permission = "act",
    summary = "409: a jail ends with its program; a run under way is halted instead", handle = stop,
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION" }, answer = { type = "object" },
  },
}

return M
