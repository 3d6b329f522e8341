-- script_routes.lua: the scripts and policies of a project: what serves, and changed ones as they are
-- proposed, tried, accepted by a person, and written by the owner.

local api_schemas = require("orket.service.api.api_schemas")
local canary = require("orket.scripts.canary")
local cjson = require("cjson")
local command_answer = require("orket.programs.command_answer")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local once = require("orket.service.api.once")
local proposals = require("orket.scripts.proposals")
local scripts = require("orket.scripts.scripts")
local statuses = require("orket.governance.policy.status")
local tables = require("orket.util.tables")

local M = { tag = "scripts" }

local list, object = api_schemas.list, api_schemas.object
local TEXT, WHOLE = { type = "string" }, { type = "integer" }

-- ---- what there is ----

local function row_of(path, text)
  return { path = path, origin = text == embed.read(path) and "shipped" or "project" }
end

local function all(service)
  local texts, problems = scripts.texts(service.project.root)
  if problems[1] then
    return nil, problems[1].err
  end
  local items = setmetatable({}, cjson.array_mt)
  for i, path in ipairs(tables.keys(texts)) do
    items[i] = row_of(path, texts[path])
  end
  return { items = items }
end

local function script(service, request)
  local path = request.params.path
  local text = scripts.texts(service.project.root)[path]
  if not text then
    return nil, errors.new("ERR_NOT_FOUND", "there is no script '" .. path .. "'",
      "GET /v1/scripts lists them")
  end
  local row = row_of(path, text)
  row.text = text
  return row
end

local function status(service)
  local found, err = statuses.of(service.store, service.dir)
  if found then
    found.canary = canary.status(service.store)
  end
  return found, err
end

-- ---- what the commands say ----

local function command(...)
  local words = { ... }
  return function(service)
    local argv = table.move(words, 1, #words, 1, {})
    table.move({ "--json", "-C", service.dir }, 1, 3, #argv + 1, argv)
    return command_answer.ask(service.project, argv)
  end
end

local function diff(service, request)
  return command("policy", "diff", request.query.from, request.query.from and request.query.to)(service)
end

local function test(service)
  return command("policy", "test", service.dir .. "/" .. scripts.POLICIES)(service)
end

-- ---- proposals ----

local function in_body(err)
  for _, row in ipairs(err and err.errors or {}) do
    row.path = "/body" .. row.path
  end
  return err
end

local function propose(service, request)
  return once.perform(service, request, function()
    local answer, err = service:act({ act = "scripts.propose", files = request.body.files,
      removed = request.body.removed, why = request.body.why }, request.who)
    return answer, in_body(err)
  end)
end

local function id_of(request)
  return math.tointeger(tonumber(request.params.id:match("^%d+$"))) or 0
end

local function proposal(service, request)
  return proposals.find(service.store, id_of(request))
end

local function accept(service, request)
  return service:act({ act = "scripts.accept", id = id_of(request), generation = request.body.generation },
    request.who)
end

local function reject(service, request)
  return service:act({ act = "scripts.reject", id = id_of(request), why = request.body.why }, request.who)
end

local PROPOSED = { id = WHOLE, by = TEXT, at = TEXT, status = { enum = { "open", "accepted", "rejected" } },
  generation = TEXT }
local GENERATION = { type = "string", pattern = "^[0-9a-f]{4,64}$", description = "the beginning of its id" }
local PROPOSAL = "/v1/scripts/proposals/{id}"
local ANSWERS = { "ERR_NOT_FOUND", "ERR_TRANSITION" }

local PROPOSES = {
  type = "object", minProperties = 1, additionalProperties = false, properties = {
    files = { type = "object", minProperties = 1, maxProperties = 50, additionalProperties = TEXT,
      description = "texts by path: roles/NAME.lua, nodes/NAME.lua, tools/NAME.lua, nodes/policy/NAME.lua, "
        .. "nodes/policy/fixtures/NAME.json" },
    removed = { type = "array", minItems = 1, maxItems = 50, items = TEXT,
      description = "paths of the project's own files that go" },
    why = { type = "string", maxLength = 10000 },
  },
}

local function with(fields, more)
  local merged = {}
  for _, part in ipairs({ fields, more }) do
    for name, schema in pairs(part) do
      merged[name] = schema
    end
  end
  return merged
end

M.routes = {
  {
    name = "scripts", method = "GET", path = "/v1/scripts", permission = "read", handle = all,
    summary = "roles, nodes, policies and tools by path, shipped or the project's own",
    answer = object({ items = list(object({ path = TEXT, origin = { enum = { "shipped", "project" } } })) }),
  },
  {
    name = "script", method = "GET", path = "/v1/scripts/{path}", permission = "read", handle = script,
    summary = "the text of one of them; {path} has its slashes as %2F", errors = { "ERR_NOT_FOUND" },
    answer = object({ path = TEXT, origin = TEXT, text = TEXT }),
  },
  {
    name = "policies", method = "GET", path = "/v1/policies", permission = "read", handle = status,
    summary = "which policies serve and since when, which files do not and why, what waits",
    answer = object({ policies = list(object({ path = TEXT })) }),
  },
  {
    name = "policy_delta", method = "GET", path = "/v1/policies/delta", permission = "read",
    summary = "what the scripts as they are now make possible that those that serve do not", handle =
      command("policy", "delta"), answer = object({ generation = TEXT, delta = { type = "array" } }),
  },
  {
    name = "policy_diff", method = "GET", path = "/v1/policies/diff", permission = "read", handle = diff,
    summary = "what changed between two generations; as orket policy diff", errors = { "ERR_NOT_FOUND" },
    query = { from = GENERATION, to = GENERATION }, answer = object({ from = TEXT, to = TEXT }),
  },
  {
    name = "policy_test", method = "POST", path = "/v1/policies/test", permission = "act", handle = test,
    summary = "runs the fixtures of the policies; as orket policy test", errors = { "ERR_NOT_FOUND" },
    answer = object({ ok = { type = "boolean" }, passed = WHOLE, failed = WHOLE,
      fixtures = { type = "array" } }),
  },
  {
    name = "proposals", method = "GET", path = "/v1/scripts/proposals", permission = "read",
    summary = "scripts that were proposed, oldest first", handle = function(service)
      return { items = proposals.list(service.store) }
    end, answer = object({ items = list(object(with(PROPOSED, { files = list(TEXT) }), { why = TEXT })) }),
  },
  {
    name = "propose_scripts", method = "POST", path = "/v1/scripts/proposals", permission = "act",
    summary = "proposes scripts: they are simulated on recorded runs, their fixtures run, none is written;"
      .. " Idempotency-Key: once", status = 201, headers = { ["Idempotency-Key"] = once.HEADER },
    handle = propose, body = PROPOSES,
    example = { why = "a person looks at each call", files = { ["nodes/policy/careful.lua"] =
      'return { decide = function() return { decision = "ask", rule = "careful", why = "look" } end }' } },
    answer = object({ id = WHOLE, generation = TEXT, message = TEXT }),
    errors = { "ERR_SCHEMA", "ERR_EXISTS", "ERR_SCRIPT_SYNTAX", "ERR_SCRIPT_CONTRACT" },
  },
  {
    name = "proposal", method = "GET", path = PROPOSAL, permission = "read", handle = proposal,
    summary = "one of them: texts and diffs, what it makes possible, what simulation and fixtures found",
    errors = { "ERR_NOT_FOUND" }, answer = object(with(PROPOSED, { files = list(object({ path = TEXT,
      diff = TEXT }, { text = TEXT, removed = { const = true } })), delta = { type = "array" } }), {
      why = TEXT, answered_by = TEXT, simulation = { type = "object" }, fixtures = { type = "object" } }),
  },
  {
    name = "accept_proposal", method = "POST", path = PROPOSAL .. "/accept", permission = "admin",
    summary = "a person accepts exactly what was read: the owner writes the files, and they serve",
    body = { type = "object", required = { "generation" }, additionalProperties = false,
      properties = { generation = { type = "string", description = "of the proposal that was read" } } },
    answer = api_schemas.ref("Done"), handle = accept,
    errors = { "ERR_NOT_FOUND", "ERR_TRANSITION", "ERR_STALE", "ERR_DENIED" },
  },
  {
    name = "reject_proposal", method = "POST", path = PROPOSAL .. "/reject", permission = "act",
    summary = "says no to it", body = { type = "object", additionalProperties = false,
      properties = { why = TEXT } },
    answer = api_schemas.ref("Done"), errors = ANSWERS, handle = reject,
  },
}

return M
