-- trial_routes.lua: what an edit of a script or a setting would make of a call that was refused, as
-- `orket why-not --try` says it. Nothing is written, and no run sees the edit.

local api_schemas = require("orket.service.api.api_schemas")
local command_answer = require("orket.programs.command_answer")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local scratches = require("orket.workspace.scratch")

local M = { tag = "reports" }

local object = api_schemas.object
local TEXT = { type = "string" }

-- What is judged: the process rules, and scripts of the project. No part begins with a dot.
local PLACES = [[^(config/organization\.json|(roles|nodes|tools)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\.lua)$]]

local function judged_with(service, event, body)
  local scratch <close>, err = scratches.open()
  local ok
  if scratch then
    ok, err = errors.check(scratch.root:write(body.path, body.text))
  end
  if not ok then
    return nil, err
  end
  return command_answer.ask(service.project, { "why-not", "--json", "-C", service.dir, "--try",
    scratch.root:path(), tostring(event.seq) })
end

local function try(service, request)
  local event, err = event_ref.event(service.store, request.params.event)
  local answer
  if event then
    answer, err = judged_with(service, event, request.body)
  end
  return answer and answer.try, err
end

local VERDICT = object({ decision = { enum = { "allow", "ask", "deny" } }, rule = TEXT },
  { why = TEXT, fix = TEXT })

M.routes = {
  {
    name = "try_edit", method = "POST", path = "/v1/why-not/{event}", permission = "act", handle = try,
    summary = "what one edited file would make of a refused call: before and after; nothing is written",
    body = { type = "object", required = { "path", "text" }, additionalProperties = false, properties = {
      path = { type = "string", pattern = PLACES, maxLength = 200 },
      text = { type = "string", description = "the whole file, as edited" } } },
    example = { path = "nodes/policy/careful.lua",
      text = 'return { decide = function() return { decision = "ask", rule = "x", why = "look" } end }' },
    answer = object({ before = VERDICT, after = VERDICT }),
    errors = { "ERR_NOT_FOUND", "ERR_USAGE", "ERR_CONFIG", "ERR_SCRIPT_SYNTAX" },
  },
}

return M
