-- authoring_routes.lua: cards as people write them: what their files say, and issues, epics and rocks
-- created, changed and removed against a revision.

local api_schemas = require("orket.service.api.api_schemas")
local authoring = require("orket.project.authoring")
local entity_tags = require("orket.service.api.entity_tags")
local once = require("orket.service.api.once")
local errors = require("orket.errors")

local M = { tag = "authoring" }

local object = api_schemas.object

local TEXT, WHOLE, FLAG = { type = "string" }, { type = "integer" }, { type = "boolean" }
local TEXTS = { type = "array", items = TEXT }

-- What most cards say; docs/cards.md has the rest, and the loader refuses what is not there.
local FIELDS = {
  name = TEXT, description = TEXT, requirements = { type = { "string", "array" }, items = TEXT },
  priority = { type = { "number", "string" }, description = "low (1), medium (2), high (3), or a number" },
  labels = TEXTS, references = TEXTS, params = { type = "object" }, outside = TEXTS,
  seat = { type = "string", description = "of an issue: who does the work" },
  depends_on = { type = "array", items = TEXT, description = "of an issue: what has to be done first" },
  max_retries = WHOLE, verification = { type = "object" }, budget = { type = "object" },
  team = { type = "string", description = "of an epic" },
  environment = { type = "string", description = "of an epic" },
  architecture_governance = { type = "object" }, handshake_enabled = FLAG,
}

local function with(more)
  local all = {}
  for name, schema in pairs(FIELDS) do
    all[name] = schema
  end
  for name, schema in pairs(more) do
    all[name] = schema
  end
  return all
end

local CREATED = {
  type = "object", required = { "id" }, properties = with({
    id = { type = "string", pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", maxLength = 64 },
    type = { enum = { "issue", "epic", "rock", "story", "bug", "task" }, description = "issue" },
    parent_id = { type = "string", description = "of an issue: its epic" },
    issues = { type = "array", items = { type = "object" }, description = "of an epic" },
    epics = { type = "array", items = { type = "object" }, description = "of a rock" },
  }),
}
local REPLACED = { type = "object", properties = FIELDS, minProperties = 1 }

local function nullable(schema)
  local copy = {}
  for key, value in pairs(schema) do
    copy[key] = value
  end
  local types = type(schema.type) == "table" and schema.type or { schema.type }
  copy.type = table.move(types, 1, #types, 1, {})
  copy.type[#types + 1] = "null"
  return copy
end

local CHANGED = { type = "object", properties = {}, minProperties = 1 }
for name, schema in pairs(FIELDS) do
  CHANGED.properties[name] = nullable(schema)
end

local WRITTEN = object({ card = TEXT, revision = WHOLE, status = TEXT, file = TEXT, message = TEXT })

-- ---- against which revision ----

local REVISION = { type = "integer", minimum = 0, description = "the one that was read; or If-Match" }
local IF_MATCH = { type = "string", description = 'the revision that was read, in quotes: "7"' }

local function revision_of(request)
  local match = request.headers["if-match"]
  local sent = request.query.revision
  if match then
    local named = entity_tags.named(match) or ""
    sent = named:find("^%d+$") and math.tointeger(tonumber(named))
  end
  if sent then
    return sent
  end
  return nil, errors.new("ERR_USAGE", "a change says which revision it is of",
    'GET /v1/cards/{id}/definition has it; send If-Match: "7", or ?revision=7', 428)
end

-- ---- what is answered ----

-- The fields of a card are those of the body.
local function in_body(err)
  for _, row in ipairs(err and err.errors or {}) do
    row.path = row.path:gsub("^/", "/body/"):gsub("^$", "/body")
  end
  return err
end

local function act(service, request, wanted)
  local answer, err = service:act(wanted, request.who)
  return answer, in_body(err)
end

local function create(service, request)
  return once.perform(service, request, function()
    return act(service, request, { act = "card.create", card = request.body })
  end)
end

local function change(whole)
  return function(service, request)
    local revision, err = revision_of(request)
    if not revision then
      return nil, err
    end
    return act(service, request, { act = "card.change", card = request.params.id, revision = revision,
      set = request.body, whole = whole })
  end
end

local function remove(service, request)
  local revision, err = revision_of(request)
  if not revision then
    return nil, err
  end
  return act(service, request, { act = "card.remove", card = request.params.id, revision = revision,
    why = request.query.why })
end

local function definition(service, request)
  return authoring.definition(service.project, request.params.id)
end

local function version(value)
  return ('"%d"'):format(value.revision)
end

local PATH = "/v1/cards/{id}"
local CODES = { "ERR_NOT_FOUND", "ERR_CONFIG", "ERR_STALE", "ERR_TRANSITION" }

M.routes = {
  {
    name = "card_definition", method = "GET", path = PATH .. "/definition", permission = "read",
    summary = "what is written of a card, in which file, and the revision that a change is of; its ETag is"
      .. " the revision", handle = definition, version = version, errors = { "ERR_NOT_FOUND", "ERR_CONFIG" },
    answer = object({ card = TEXT, file = TEXT, at = TEXT, revision = WHOLE,
      definition = { type = "object" } }),
  },
  {
    name = "create_card", method = "POST", path = "/v1/cards", permission = "act", status = 201,
    summary = "creates an issue of an epic, an epic with its issues, or a rock, in a file of its own;"
      .. " Idempotency-Key: once", headers = { ["Idempotency-Key"] = once.HEADER }, body = CREATED,
    example = { id = "greet-4", parent_id = "greeting", name = "Write the manual page", seat = "coder",
      requirements = { "greet.1 says what greet.sh does" }, depends_on = { "greet-2" } },
    answer = WRITTEN, errors = { "ERR_CONFIG", "ERR_EXISTS" }, handle = create,
  },
  {
    name = "replace_card", method = "PUT", path = PATH, permission = "act", body = REPLACED,
    summary = "writes all fields of a card anew; what it is and belongs to stays",
    headers = { ["If-Match"] = IF_MATCH }, query = { revision = REVISION },
    example = { name = "Write the manual page", seat = "coder", priority = "high" },
    answer = WRITTEN, errors = CODES, handle = change(true),
  },
  {
    name = "change_card", method = "PATCH", path = PATH, permission = "act", body = CHANGED,
    summary = "changes fields of a card, each as a whole; null removes one",
    headers = { ["If-Match"] = IF_MATCH }, query = { revision = REVISION }, example = { priority = "high" },
    answer = WRITTEN, errors = CODES, handle = change(nil),
  },
  {
    name = "remove_card", method = "DELETE", path = PATH, permission = "act",
    summary = "takes a card out of the files; an open one is canceled, a finished one archived",
    headers = { ["If-Match"] = IF_MATCH }, query = { revision = REVISION, why = TEXT },
    answer = WRITTEN, errors = CODES, handle = remove,
  },
}

return M
