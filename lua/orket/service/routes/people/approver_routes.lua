-- approver_routes.lua: who may answer what agents ask, as the organization says it (people/approvers.lua).

local api_schemas = require("orket.service.api.api_schemas")
local approvers = require("orket.people.approvers")
local cjson = require("cjson")
local roles = require("orket.people.roles")

local M = { tag = "people" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, FLAG = { type = "string" }, { type = "boolean" }

local function array(items)
  return setmetatable(items, cjson.array_mt)
end

local function who_may_answer(service)
  local organization = service.project.config.organization
  return { rules = array(approvers.rules(organization)),
    delegations = array(approvers.delegations(organization)),
    otherwise = array(roles.with(organization, "act", "approve")), roles = array(roles.names(organization)) }
end

M.routes = {
  {
    name = "approvers", method = "GET", path = "/v1/approvers", permission = "read", handle = who_may_answer,
    summary = "who may answer what agents ask: by rule and epic, every entry that fits has to be met",
    answer = object({
      rules = list(object({ rule = TEXT, epic = TEXT, approvers = { type = "integer" }, requester = FLAG },
        { roles = list(TEXT), users = list(TEXT) })),
      delegations = list(object({ from = TEXT, to = TEXT, ["until"] = TEXT, is_over = FLAG })),
      roles = list(TEXT), otherwise = list(TEXT),
    }),
  },
}

return M
