-- person_routes.lua: what waits for a person, and a person's acts. Each act of governance/acts.lua is a route
-- of its own, but those that only a terminal beside the run has; what is asked with a content that a person
-- has to read first is answered with the hash of that content.

local acts = require("orket.governance.acts")
local approvers = require("orket.people.approvers")
local authority = require("orket.people.authority")
local api_schemas = require("orket.service.api.api_schemas")
local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local inbox = require("orket.reports.inbox")
local errors = require("orket.errors")
local tables = require("orket.util.tables")

local M = { tag = "people" }

local ref, list, object = api_schemas.ref, api_schemas.list, api_schemas.object

-- ---- what waits ----

local function items_of(service)
  return inbox.list(service.store, service.dir, service.project.lock ~= nil)
end

-- Why the caller may not answer an approval, whatever their role may: "people.approvals".
local function objection(service, item, who)
  local row = service.store:read("approvals", { id = item.id })[1]
  local _, err = approvers.check(service.project, who, row)
  return err and { why = err.message, fix = err.fix }
end

local function waiting(service, request)
  local items = items_of(service)
  for _, item in ipairs(items) do
    item.objection = item.kind == "approval" and objection(service, item, request.who) or nil
  end
  return { items = setmetatable(items, cjson.array_mt) }
end

local function whole(service, row)
  row.operation = content.whole(service.store, row.operation)
  return row
end

local function asked(service, request)
  local rows = service.store:read("approvals", { status = request.query.all ~= true and "pending" or nil,
    card = request.query.card })
  for _, row in ipairs(rows) do
    whole(service, row)
  end
  return { items = setmetatable(rows, cjson.array_mt) }
end

local function approval(service, request)
  local row = service.store:read("approvals", { id = request.params.id })[1]
  if not row then
    return nil, errors.new("ERR_NOT_FOUND", "there is no approval '" .. request.params.id .. "'",
      "GET /v1/approvals lists them", 404)
  end
  return whole(service, row)
end

-- An answer is to the content that the person saw.
local function answer_with(act)
  return function(service, request)
    local row, err = approval(service, request)
    if row and row.hash ~= request.body.hash then
      err = errors.new("ERR_STALE", "what is asked is not what was read: its hash is another one",
        "read GET /v1/approvals/{id} again, and answer with its hash", 409)
    end
    if err then
      return nil, err
    end
    return service:act({ act = act, card = row.id, why = request.body.why }, request.who)
  end
end

-- What a person reads before they answer, and its hash.
local function content_shown(service, request)
  local row, err = approval(service, request)
  local items = row and items_of(service) or {}
  for _, item in ipairs(items) do
    if item.kind == "approval" and item.id == row.id then
      return { lines = table.move(item.lines, 1, #item.lines, 2, { item.title }), body = { hash = row.hash } }
    end
  end
  return nil, err or errors.new("ERR_TRANSITION", "this question does not wait any more",
    "GET /v1/approvals lists those that do", 409)
end

local READ = { fields = { "hash" }, read = content_shown }

local ANSWER = {
  type = "object", required = { "hash" }, additionalProperties = false, properties = {
    hash = { type = "string", description = "of the content that was read: GET /v1/approvals/{id}" },
    why = { type = "string" },
  },
}
local REASONED = { type = "object", required = { "hash", "why" }, additionalProperties = false,
  properties = ANSWER.properties }

M.routes = {
  {
    pooled = true,
    name = "inbox", method = "GET", path = "/v1/inbox", permission = "read", handle = waiting, tool = "free",
    summary = "what waits for a person: first what expires, with the whole content; objection: why the "
      .. "caller may not answer",
    answer = object({ items = list(ref("InboxItem")) }),
  },
  {
    name = "approvals", method = "GET", path = "/v1/approvals", permission = "read", handle = asked,
    tool = "free", past = true,
    summary = "what agents ask for and only a person can allow",
    query = { all = { type = "boolean", description = "what was answered too" }, card = { type = "string" } },
    answer = object({ items = list(ref("Approval")) }),
  },
  {
    name = "approval", method = "GET", path = "/v1/approvals/{id}", permission = "read", handle = approval,
    tool = "free",
    summary = "one question with the whole of what is asked; {id} has its slashes as %2F",
    errors = { "ERR_NOT_FOUND" }, answer = ref("Approval"),
  },
  {
    name = "approve", method = "POST", path = "/v1/approvals/{id}/approve", permission = "act", body = ANSWER,
    tool = "asked", shown = READ,
    summary = "says yes to exactly this content, once", handle = answer_with("approve"), answer = ref("Done"),
    errors = { "ERR_NOT_FOUND", "ERR_STALE", "ERR_TRANSITION" },
  },
  {
    name = "deny", method = "POST", path = "/v1/approvals/{id}/deny", permission = "act", body = REASONED,
    tool = "asked", shown = READ,
    summary = "says no; the agent reads why", handle = answer_with("deny"), answer = ref("Done"),
    errors = { "ERR_NOT_FOUND", "ERR_STALE", "ERR_TRANSITION" },
  },
}

-- ---- acts ----

local ELSEWHERE = { -- above, with the hash of what was read; in routes of their nouns
  approve = true, deny = true, ["card.create"] = true, ["card.change"] = true, ["card.remove"] = true,
  ["scripts.propose"] = true, ["scripts.accept"] = true, ["scripts.reject"] = true,
}
local TYPES = { text = "string", integer = "integer", number = "number", boolean = "boolean", list = "array",
  object = "object" }

local function body_of(act)
  local properties, required = {}, {}
  for _, field in ipairs(tables.keys(act.fields)) do
    local kind, mark = act.fields[field]:match("^(%l+)(%??)$")
    properties[field] = { type = TYPES[kind] }
    required[#required + 1] = mark == "" and field or nil
  end
  return { type = "object", properties = properties, additionalProperties = false,
    required = #required > 0 and required or nil }
end

local function perform(name)
  return function(service, request)
    local fields = tables.all_given(request.body)
    fields.act = name
    return service:act(fields, request.who, request.principal)
  end
end

-- What waits on the card that an act is about; the act is about no later question.
local function card_shown(service, request)
  local lines, event = {}, nil
  for _, item in ipairs(items_of(service)) do
    if item.card == request.body.card then
      lines[#lines + 1], event = item.title, event or item.event
      table.move(item.lines, 1, #item.lines, #lines + 1, lines)
    end
  end
  return { lines = lines, body = { event = event } }
end

local WAITING = { fields = { "event" }, read = card_shown }

for _, name in ipairs(tables.keys(acts.all())) do
  local act = acts.all()[name]
  if not act.run and not act.beside and not ELSEWHERE[name] then
    table.insert(M.routes, {
      name = "act_" .. name:gsub("%.", "_"), act = name, method = "POST", path = "/v1/acts/" .. name,
      permission = authority.wanted(act, {}),
      summary = act.summary, body = body_of(act), answer = ref("Done"), errors = act.errors,
      handle = perform(name), tool = act.plain and "asked" or nil,
      shown = act.fields.event and WAITING or nil,
    })
  end
end

return M
