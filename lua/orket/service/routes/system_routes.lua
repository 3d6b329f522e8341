-- system_routes.lua: the service itself: is it alive, which version is it, what does it offer.

local cjson = require("cjson")
local api_schemas = require("orket.service.api.api_schemas")
local calendar = require("orket.reports.figures.calendar")
local openapi = require("orket.service.api.openapi")
local errors = require("orket.errors")
local sys = require("orket.core.sys")

local M = { tag = "system" }

local object = api_schemas.object
local TEXT, WHOLE, NUMBER = { type = "string" }, { type = "integer" }, { type = "number" }

local function health(service)
  if not service.workspaces:ready() then
    return { status = "stopping", live = true, ready = false }
  end
  local takes_commits = not service.workspaces:waits_for_disk()
  return { status = takes_commits and "ok" or "disk", live = true, ready = takes_commits }
end

-- Each project has users of its own, some of them from another one; the administrator's key is good for all.
local function is_open(service, request)
  local kind, claims = request.principal.kind, request.claims
  return kind == "admin" or claims and service.people:principal({ kind = "token", claims = claims }) ~= nil
end

local function workspaces(service, request)
  local items, by_name = setmetatable({}, cjson.array_mt), service.workspaces.by_name
  for _, name in ipairs(service.workspaces.names) do
    if name == service.name or is_open(by_name[name], request) then
      items[#items + 1] = { name = name }
    end
  end
  return { items = items }
end

local function version(service)
  return { version = sys.version(), api = "v1",
    organization = service.project.config.organization.name }
end

local function heartbeat(service)
  return { status = "online", timestamp = sys.now(), active_tasks = #service.store:read("open_turns", {}) }
end

local function sprint(service)
  local now = calendar.of(os.time())
  now.cards = setmetatable({}, cjson.array_mt)
  for i, row in ipairs(service.store:read("sprint_cards", { sprint = now.current_sprint })) do
    now.cards[i] = row.id
  end
  return now
end

local function clear_logs()
  return nil, errors.new("ERR_DENIED",
    "nothing is cleared: the journal is the truth about what happened",
    "orket gc drops what no one goes back to, and leaves what the board follows from", 410)
end

-- As the original names them, twice.
local function machine(service)
  local use = service.host:use()
  use.timestamp, use.cpu, use.memory = sys.now(), use.cpu_percent, use.ram_percent
  return use
end

local encoded -- once: it is the same as long as the program runs

local function document_text(service)
  encoded = encoded or cjson.encode(openapi.document(service.routes))
  return encoded
end

M.routes = {
  {
    name = "health", method = "GET", path = "/health", permission = "open",
    summary = "whether the server is alive, and ready for work", handle = health, answer = {
      type = "object", required = { "status", "live", "ready" },
      properties = { status = { enum = { "ok", "disk", "stopping" } }, live = { type = "boolean" },
        ready = { type = "boolean" } },
    },
  },
  {
    name = "version", method = "GET", path = "/v1/version", permission = "read",
    summary = "the versions of the program and of the API", handle = version, answer = {
      type = "object", required = { "version", "api" },
      properties = { version = { type = "string" }, api = { const = "v1" },
        organization = { type = "string" } },
    },
  },
  {
    name = "workspaces", method = "GET", path = "/v1/workspaces", permission = "read",
    summary = "the projects that this server serves: /w/NAME/v1/… is one of them, /v1/… the first",
    handle = workspaces, answer = { type = "object", required = { "items" }, properties = { items = {
      type = "array", items = { type = "object", required = { "name" },
        properties = { name = { type = "string" } } },
    } } },
  },
  {
    name = "heartbeat", method = "GET", path = "/v1/system/heartbeat", permission = "read",
    summary = "that the server is there, and how many turns are open", handle = heartbeat,
    answer = object({ status = { const = "online" }, timestamp = TEXT, active_tasks = WHOLE }),
  },
  {
    name = "machine", method = "GET", path = "/v1/system/metrics", permission = "read", handle = machine,
    summary = "use of processors, memory, graphics memory (none without a card), at most 5 seconds old",
    answer = object({ timestamp = TEXT }, { cpu_percent = NUMBER, cpu = NUMBER, ram_percent = NUMBER,
      memory = NUMBER, vram_gb_used = NUMBER, vram_total_gb = NUMBER }),
  },
  {
    pooled = true,
    name = "calendar", method = "GET", path = "/v1/system/calendar", permission = "read", handle = sprint,
    summary = "the sprint of this week (thirteen to a quarter, UTC), and the cards that name it",
    answer = object({ current_sprint = TEXT, year = WHOLE, week = WHOLE, sprint_start = TEXT,
      sprint_end = TEXT, cards = api_schemas.list(TEXT) }),
  },
  {
    name = "clear_logs", method = "POST", path = "/v1/system/clear-logs", permission = "act",
    summary = "410: what happened is in the journal, and stays there", handle = clear_logs,
    answer = { type = "object" }, errors = { "ERR_DENIED" },
  },
  {
    name = "openapi", method = "GET", path = "/openapi.json", permission = "read",
    summary = "this API as an OpenAPI 3.1 document", text = document_text, handle = function(service)
      return openapi.document(service.routes)
    end, answer = { type = "object", required = { "openapi", "info", "paths" },
      properties = { openapi = { type = "string" }, info = { type = "object" },
        paths = { type = "object" } } },
  },
}

return M
