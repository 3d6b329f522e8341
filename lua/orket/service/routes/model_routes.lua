-- model_routes.lua: the models of the project, whether cards wait for one, and whether one can do what a run
-- asks of it.

local api_schemas = require("orket.service.api.api_schemas")
local errors = require("orket.errors")
local model_list = require("orket.llm.check.model_list")
local models = require("orket.llm.models")
local outages = require("orket.reports.outages")
local preflight = require("orket.llm.check.preflight")
local suggest = require("orket.util.suggest")
local tables = require("orket.util.tables")

local M = { tag = "models" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE, NUMBER, FLAG = { type = "string" }, { type = "integer" }, { type = "number" },
  { type = "boolean" }

local SECONDS = 60 -- of one request of a check

local function all(service)
  local rows, waited = model_list.rows(service.project.config), {}
  for _, one in ipairs(outages.list(service.store)) do
    waited[one.model] = one
  end
  for _, row in ipairs(rows) do
    row.outage = waited[row.name]
  end
  return { models = rows }
end

local function unknown(name, organization)
  local near = suggest.find(name, tables.keys(organization.models))
  return errors.new("ERR_NOT_FOUND", "there is no model " .. name
    .. (near and ", did you mean " .. near .. "?" or ""), "GET /v1/models lists them")
end

local function check(service, request)
  local name, organization = request.params.name, service.project.config.organization
  local model = organization.models[name]
  if not model then
    return nil, unknown(name, organization)
  end
  local rows, ok = preflight.run(models.profile(model, organization.keys), request.body.timeout or SECONDS)
  return { model = name, ok = ok, checks = rows }
end

M.routes = {
  {
    pooled = true,
    name = "models", method = "GET", path = "/v1/models", permission = "read", handle = all, tool = "free",
    summary = "the models: where they are, price, whether the key is there, seats, what waits for one",
    answer = object({ models = list(object({ name = TEXT, provider = TEXT, endpoint = TEXT, model = TEXT,
      calls = TEXT, seats = list(TEXT) }, { context = WHOLE, price = { type = "object" }, key = FLAG,
      outage = object({ model = TEXT, cards = list(TEXT) }) })) }),
  },
  {
    name = "check_model", method = "POST", path = "/v1/models/{name}/check", permission = "act",
    summary = "four small requests, billed as any: does it answer, stream, call tools, keep to a schema",
    body = { type = "object", additionalProperties = false, properties = { timeout = { type = "number",
      exclusiveMinimum = 0, maximum = 600, description = "seconds of one request, 60" } } },
    handle = check, errors = { "ERR_NOT_FOUND" },
    answer = object({ model = TEXT, ok = FLAG, checks = list(object(
      { check = TEXT, outcome = TEXT, ms = NUMBER }, { message = TEXT, cure = TEXT })) }),
  },
}

return M
