-- verdict_routes.lua: several questions of one rule answered in one request. Each verdict is given as if it
-- came alone, in the order of the request, to the content that was read, and has a result of its own: one
-- that is refused stops none of the others.

local api_schemas = require("orket.service.api.api_schemas")
local errors = require("orket.errors")
local person_routes = require("orket.service.routes.person_routes")
local problem = require("orket.service.api.problem")

local M = { tag = "people" }

local list, object = api_schemas.list, api_schemas.object
local TEXT = { type = "string" }

local ONE = {} -- the routes of one verdict
for _, route in ipairs(person_routes.routes) do
  ONE[route.name] = route
end

local function of_rule(service, id, rule)
  local row = service.store:read("approvals", { id = id })[1]
  if row and row.rule ~= rule then
    return errors.new("ERR_USAGE", id .. " is asked by the rule " .. tostring(row.rule) .. ", not by "
      .. rule, "answer it by itself, or with those of its rule")
  end
end

-- The request that it would be alone.
local function alone(request, verdict)
  return setmetatable({ params = { id = verdict.id }, body = { hash = verdict.hash, why = verdict.why } },
    { __index = request })
end

local function give(service, request, verdict)
  local err = of_rule(service, verdict.id, request.body.rule)
  if not err and verdict.verdict == "deny" and not verdict.why then
    err = errors.new("ERR_USAGE", "a no says why: the agent reads it", "send why")
  end
  if err then
    return nil, err
  end
  return ONE[verdict.verdict].handle(service, alone(request, verdict))
end

local function result_of(verdict, answer, err)
  if answer then
    return { id = verdict.id, ok = true, status = answer.status, message = answer.message }
  end
  local said = problem.of(err)
  return { id = verdict.id, ok = false, code = said.code, detail = said.detail, fix = said.fix }
end

local function verdicts(service, request)
  local results = {}
  for i, verdict in ipairs(request.body.verdicts) do
    results[i] = result_of(verdict, give(service, request, verdict))
  end
  return { results = results }
end

local VERDICT = {
  type = "object", required = { "id", "hash", "verdict" }, additionalProperties = false, properties = {
    id = TEXT, hash = { type = "string", description = "of the content that was read" },
    verdict = { enum = { "approve", "deny" } }, why = TEXT,
  },
}

M.routes = {
  {
    name = "verdicts", act = "approve", method = "POST", path = "/v1/approvals/verdicts",
    permission = ONE.approve.permission,
    summary = "answers several questions of one rule, each as if alone, each with its own result", body = {
      type = "object", required = { "rule", "verdicts" }, additionalProperties = false, properties = {
        rule = { type = "string", description = "of all of them" },
        verdicts = { type = "array", minItems = 1, maxItems = 100, items = VERDICT },
      },
    },
    example = { rule = "gate.confirm", verdicts = {
      { id = "shop.1/4/2", hash = "9c1d6be0a4f7", verdict = "approve" } } },
    answer = object({ results = list(object({ id = TEXT, ok = { type = "boolean" } },
      { status = TEXT, message = TEXT, code = TEXT, detail = TEXT, fix = TEXT })) }), handle = verdicts,
  },
}

return M
