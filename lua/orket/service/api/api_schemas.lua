-- api_schemas.lua: the shapes that more than one answer of the service has, as JSON Schemas: components of
-- openapi.json. An answer may have more fields than a schema lists; those that it lists are a promise.

local M = {}

local TEXT, WHOLE, NUMBER, FLAG = { type = "string" }, { type = "integer" }, { type = "number" },
  { type = "boolean" }

local function object(required, more)
  local properties, names = {}, {}
  for name, schema in pairs(required) do
    properties[name] = schema
    names[#names + 1] = name
  end
  table.sort(names)
  for name, schema in pairs(more or {}) do
    properties[name] = schema
  end
  return { type = "object", required = names[1] and names, properties = properties }
end

---A reference to one of the components.
---@param name string
---@return table schema
function M.ref(name)
  return { ["$ref"] = "#/components/schemas/" .. name }
end

---A list of these.
---@param schema table
---@return table schema
function M.list(schema)
  return { type = "array", items = schema }
end

---A page of a list: `next` is what `after` (of what came since) or `before` takes for the one behind it.
---@param schema table of an item
---@param next "integer"|"string" the type of `next`
---@return table schema
function M.page(schema, next)
  return object({ items = M.list(schema) }, { next = { type = next } })
end

---An object with these properties, all of which are there, and those of `more`, which may be.
M.object = object

local STATUS = { enum = { "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing",
  "code_review", "done", "canceled", "archived" } }

local ALL = {
  Problem = object({ type = TEXT, title = TEXT, status = WHOLE, detail = TEXT, code = TEXT, instance = TEXT },
    { fix = TEXT, errors = M.list(object({ message = TEXT }, { path = TEXT })) }),
  CardRow = object({ id = TEXT, type = { enum = { "rock", "epic", "issue", "plan" } }, name = TEXT,
    status = STATUS, priority = NUMBER, revision = WHOLE, tokens_in = WHOLE, tokens_out = WHOLE,
    updated_at = TEXT },
    { seat = TEXT, assignee = TEXT, parent = TEXT, epic = TEXT, build = TEXT, wait_reason = TEXT,
      reports = WHOLE, approval = object({ id = TEXT, rule = TEXT, asks = TEXT, expires_at = TEXT }),
      outage = { type = "object" }, forked_from = TEXT }),
  Comment = object({ author = TEXT, text = TEXT, at = TEXT }),
  Event = object({ seq = WHOLE, run = TEXT, step = WHOLE, n = WHOLE, kind = TEXT, actor = TEXT, at = TEXT,
    body = { type = "object" } }, { card = TEXT, role = TEXT }),
  Report = object({ event = WHOLE, rule = TEXT, decision = TEXT, violation_type = TEXT, timestamp = TEXT,
    attempted_action = { type = "object" } }, { card_id = TEXT, session_id = TEXT, detail = TEXT,
    remedy_suggestion = TEXT, where = TEXT }),
  Approval = object({ id = TEXT, card = TEXT, run = TEXT, status = TEXT, operation = { type = "object" },
    hash = TEXT, asked_at = TEXT, expires_at = TEXT }, { rule = TEXT, why = TEXT, where = TEXT, tool = TEXT,
    answered_by = TEXT, answer_why = TEXT, answered_at = TEXT, labels = M.list(TEXT) }),
  Run = object({ id = TEXT, card = TEXT, status = TEXT, started_at = TEXT, turns = WHOLE, steps = WHOLE,
    tokens_in = WHOLE, tokens_out = WHOLE, money = NUMBER }, { ended_at = TEXT, seconds = WHOLE, of = TEXT,
    at = WHOLE, only = TEXT, rock = TEXT, stopping = FLAG }),
  Entry = object({ kind = { enum = { "turn", "prompt", "nudge", "reply", "result", "refusal", "failure",
    "note", "end" } }, event = WHOLE, at = TEXT, step = WHOLE },
    { text = TEXT, tool = TEXT, ok = FLAG, rule = TEXT }),
  InboxItem = object({ kind = { enum = { "approval", "unknown", "question", "cap", "parked", "scripts",
    "proposal", "push" } },
    id = TEXT, title = TEXT, lines = M.list(TEXT), commands = M.list(TEXT) }, { card = TEXT, event = WHOLE,
    remote = TEXT, expires_at = TEXT, plan = TEXT, cap = TEXT, rule = TEXT, hash = TEXT,
    asks = TEXT, role = TEXT, generation = TEXT, objection = object({ why = TEXT }, { fix = TEXT }),
    operation = { type = "object" } }),
  Preview = object({ card = TEXT, seat = TEXT, role = TEXT, review = FLAG, generation = TEXT, model = TEXT,
    messages = M.list({ type = "object" }), tools = M.list({ type = "object" }), bytes = WHOLE,
    tokens = WHOLE }, { note = TEXT }),
  File = object({ path = TEXT, status = TEXT, binary = FLAG, added = WHOLE, removed = WHOLE, diff = TEXT }),
  Done = object({}, { message = TEXT }),
}

---@return table<string, table> schemas by name
function M.all()
  return ALL
end

return M
