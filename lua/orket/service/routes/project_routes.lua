-- project_routes.lua: the files of the project that a person edits, and what would be sent to models for its
-- cards.

local api_schemas = require("orket.service.api.api_schemas")
local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local preview = require("orket.dev.preview")
local project_files = require("orket.project.files.project_files")
local reader = require("orket.project.reader")

local M = { tag = "project" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object
local TEXT, WHOLE, FLAG = { type = "string" }, { type = "integer" }, { type = "boolean" }

local PROMPTS = 50 -- of an epic or a rock, at most

-- ---- files ----

local function explorer(service, request)
  local path = request.query.path or "."
  local items, err = project_files.list(service.project, path)
  return items and { path = path, items = setmetatable(items, cjson.array_mt) }, err
end

local function read(service, request)
  return project_files.read(service.project, request.query.path)
end

local function save(service, request)
  local body = request.body
  local answer, err = service:act({ act = "save", path = body.path, text = body.content,
    revision = body.revision }, request.who)
  if answer then
    answer.ok = true
  end
  return answer, err
end

-- ---- prompts ----

-- A view of the project that the preview may write to.
local function view_of(service)
  return setmetatable({}, { __index = service.project })
end

-- The issues that are below a card, itself among them, in the board's order.
local function issues_of(store, card)
  if card.type == "issue" or card.type == "plan" then
    return { card.id }
  end
  local ids = {}
  for _, child in ipairs(store:read("children", { parent = card.id })) do
    local row = store:read("card", { id = child.id })[1]
    local below = issues_of(store, row)
    table.move(below, 1, #below, #ids + 1, ids)
  end
  return ids
end

local function one(service, id, role)
  return preview.of(view_of(service), id, { role = role })
end

local function card_prompt(service, request)
  local shown, err = one(service, request.params.id, request.query.role)
  return shown, not shown and err or nil
end

-- "config/epics/shop.json" or "shop" -> "shop"
local function card_named(query)
  return query.issue_id or query.path and query.path:match("([^/]+)%.json$") or query.path
end

local function prompts_of(service, ids)
  local prompts = setmetatable({}, cjson.array_mt)
  for i = 1, math.min(#ids, PROMPTS) do
    local shown, err = one(service, ids[i])
    if not shown then
      return nil, err
    end
    prompts[i] = shown
    async.give_way() -- each takes some milliseconds
  end
  return prompts
end

local function asset(service, request)
  local id = card_named(request.query)
  if not id then
    return nil, errors.new("ERR_USAGE", "/query: path or issue_id is missing", "name a card", 422)
  end
  local card, err = reader.card(service.store, id)
  local ids = card and issues_of(service.store, card)
  local prompts
  if ids then
    prompts, err = prompts_of(service, ids)
  end
  return prompts and { card = card.id, type = card.type, prompts = prompts, total = #ids }, err
end

-- ---- the original's way to begin a run ----

local function run_active(service, request)
  local id = card_named(request.body)
  if not id then
    return nil, errors.new("ERR_USAGE", "neither path nor issue_id is given", "name a card: issue_id")
  end
  local ok, err = service.runs:check_card(id)
  local started
  if ok then
    started, err = service:start({ card = id, by = request.who })
  end
  return started and { session_id = started.run, run = started.run, card = id, events = started.events }, err
end

local PATH = { type = "string", minLength = 1, maxLength = 1000 }

M.routes = {
  {
    name = "explorer", method = "GET", path = "/v1/system/explorer", permission = "read", handle = explorer,
    summary = "what is in a directory of configuration, scripts or verifications; directories first",
    query = { path = { type = "string", description = "of the project; ." } },
    errors = { "ERR_DENIED", "ERR_NOT_FOUND", "ERR_NOT_DIR" },
    answer = object({ path = TEXT, items = list(object(
      { name = TEXT, path = TEXT, is_dir = FLAG, ext = TEXT }, { size = WHOLE })) }),
  },
  {
    name = "read_file", method = "GET", path = "/v1/system/read", permission = "read", handle = read,
    summary = "one of these files, with the revision that a save of it names", query = { path = PATH },
    needs = { "path" },
    errors = { "ERR_DENIED", "ERR_NOT_FOUND", "ERR_NOT_FILE", "ERR_TOO_LARGE", "ERR_UTF8" },
    answer = object({ path = TEXT, content = TEXT, revision = TEXT }),
  },
  {
    name = "save_file", method = "POST", path = "/v1/system/save", permission = "admin", handle = save,
    summary = "writes such a file, if it holds, and is at `revision`, or new without one",
    body = { type = "object", required = { "path", "content" }, additionalProperties = false, properties = {
      path = PATH, content = TEXT, revision = TEXT } },
    errors = { "ERR_DENIED", "ERR_STALE", "ERR_CONFIG", "ERR_TOO_LARGE" },
    answer = object({ ok = FLAG, path = TEXT, revision = TEXT, message = TEXT }),
  },
  {
    name = "card_prompt", method = "GET", path = "/v1/cards/{id}/prompt", permission = "read",
    summary = "what the next turn of an issue would send first, by the scripts that serve",
    handle = card_prompt,
    query = { role = { type = "string", description = "as this role" } },
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_CONFIG" }, answer = ref("Preview"),
  },
  {
    name = "preview_asset", method = "GET", path = "/v1/system/preview-asset", permission = "read",
    summary = "the same of an issue, or of each issue of an epic or a rock, in the board's order: 50 at most",
    query = { path = { type = "string", description = "of a card's file, or its id" }, issue_id = TEXT },
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_CONFIG" }, handle = asset,
    answer = object({ card = TEXT, type = TEXT, prompts = list(ref("Preview")), total = WHOLE }),
  },
  {
    name = "run_active", method = "POST", path = "/v1/system/run-active", permission = "run", status = 202,
    summary = "begins a run of the card that a path or issue_id names; 404 for an unknown one",
    body = { type = "object", additionalProperties = false, properties = { path = PATH, issue_id = PATH,
      type = TEXT, build_id = TEXT } },
    errors = { "ERR_USAGE", "ERR_NOT_FOUND", "ERR_OWNED", "ERR_TRANSITION" }, handle = run_active,
    answer = object({ session_id = TEXT, run = TEXT, card = TEXT, events = TEXT }),
  },
}

return M
