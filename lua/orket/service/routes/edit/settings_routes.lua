-- settings_routes.lua: what of the configuration a person may change from elsewhere: bounds and caps of
-- config/organization.json, which can neither reach another machine nor start a program. The file is written
-- through the act `save`, which checks it.

local api_schemas = require("orket.service.api.api_schemas")
local card_export = require("orket.project.card_export")
local cjson = require("cjson")
local entity_tags = require("orket.service.api.entity_tags")
local errors = require("orket.errors")
local project_files = require("orket.project.files.project_files")
local rewrite = require("orket.project.config.rewrite")
local tables = require("orket.util.tables")

local M = { tag = "settings" }

local object = api_schemas.object
local TEXT = { type = "string" }

local FILE, RULES = "config/organization.json", "/process_rules"
local PARTS = { "budgets", "limits", "thresholds" } -- of process_rules

-- ---- look ----

local function read(service)
  local file, err = project_files.read(service.project, FILE)
  local value = file and cjson.decode(file.content)
  if file and type(value) ~= "table" then
    return nil, errors.new("ERR_CONFIG", FILE .. " is not valid JSON", "orket validate says where")
  end
  return file and { revision = file.revision, text = file.content,
    settings = tables.pick(value.process_rules or {}, PARTS), has_rules = value.process_rules ~= nil }, err
end

local function settings(service)
  local found, err = read(service)
  return found and { revision = found.revision, settings = found.settings }, err
end

-- ---- change ----

-- As RFC 7396 merges: null removes a member.
local function merged(value, patch)
  if type(patch) ~= "table" or getmetatable(patch) == cjson.array_mt then
    return patch
  end
  local copy = {}
  if type(value) == "table" and getmetatable(value) ~= cjson.array_mt then
    copy = tables.all_given(value)
  end
  for key, one in pairs(patch) do
    copy[key] = one ~= cjson.null and merged(copy[key], one) or nil
  end
  return copy
end

local function with(found, set)
  local text = found.has_rules and found.text or rewrite.set(found.text, "", "process_rules", "{}")
  for _, part in ipairs(PARTS) do
    if set[part] == cjson.null then
      text = found.settings[part] ~= nil and rewrite.remove(text, RULES .. "/" .. part) or text
    elseif set[part] ~= nil then
      local value = merged(found.settings[part], set[part])
      text = rewrite.set(text, RULES, part, card_export.within(value, "    "))
    end
  end
  return text
end

local function revision_of(request)
  local match = request.headers["if-match"]
  local sent = match and entity_tags.named(match) or not match and request.query.revision
  if sent then
    return sent
  end
  return nil, errors.new("ERR_USAGE", "a change says which revision it is of",
    "GET /v1/settings has it; send it as If-Match, in quotes, or as ?revision=", 428)
end

local PLACE = FILE .. "#" .. RULES

-- What is wrong with the file, by the member of the body.
local function in_body(faults)
  if faults.code then
    return faults
  end
  local rows = {}
  for i, fault in ipairs(faults) do
    local path = (fault.file or "") .. "#" .. (fault.path or "")
    rows[i] = { path = path:sub(1, #PLACE) == PLACE and "/body" .. path:sub(#PLACE + 1) or path,
      message = fault.message }
  end
  local err = errors.new("ERR_CONFIG", rows[1].path .. ": " .. rows[1].message, faults[1].fix)
  err.errors = rows
  return err
end

local function change(service, request)
  local revision, err = revision_of(request)
  local found
  if revision then
    found, err = read(service)
  end
  if found and found.revision ~= revision then
    err = errors.new("ERR_STALE", "the settings are at another revision", "read them again", 409)
    err.more = { revision = found.revision, sent = revision }
  end
  if err then
    return nil, err
  end
  local answer
  answer, err = service:act({ act = "save", path = FILE, text = with(found, request.body),
    revision = revision }, request.who)
  if not answer then
    return nil, in_body(err)
  end
  local now = read(service)
  return { revision = now.revision, settings = now.settings, message = answer.message }
end

local function version(value)
  return '"' .. value.revision .. '"'
end

local PART = { type = { "object", "null" } }

M.routes = {
  {
    name = "settings", method = "GET", path = "/v1/settings", permission = "read", handle = settings,
    summary = "the caps and bounds that a person may change here; the ETag is their revision",
    version = version, answer = object({ revision = TEXT, settings = { type = "object" } }),
  },
  {
    name = "change_settings", method = "PATCH", path = "/v1/settings", permission = "admin", handle = change,
    summary = "changes some of them, as RFC 7396 merges; the next run goes by them",
    headers = { ["If-Match"] = { type = "string", description = "the revision that was read, in quotes" } },
    query = { revision = { type = "string", pattern = "^[0-9a-f]+$", description = "or If-Match" } },
    body = { type = "object", minProperties = 1, additionalProperties = false,
      properties = { budgets = PART, limits = PART, thresholds = PART } },
    example = { budgets = { organization = { tokens = 2000000 } } }, version = version,
    answer = object({ revision = TEXT, settings = { type = "object" }, message = TEXT }),
    errors = { "ERR_STALE", "ERR_CONFIG" },
  },
}

return M
