-- timeline.lua: a run as it went: its turns with how much is in each, when it was idle, how dense its events
-- are, and its events, a few at a time, with what a waterfall shows of each. Nothing is stored: all of it is
-- read from the journal.

local cjson = require("cjson")
local strings = require("orket.util.strings")
local turn_record = require("orket.history.turn_record")

local M = {}

local IDLE = 60000 -- milliseconds without an event of the run, after which it was idle
local SLOTS = 160 -- of the density

local function list(rows)
  return setmetatable(rows, cjson.array_mt)
end

-- ---- the outline ----

-- What people did on its cards counts up to its last event; as long as it runs, up to now.
local function bounds(store, run)
  local span = store:read("timeline_span", { run = run.id })[1]
  local last = run.status == "running" and math.maxinteger or span.last
  return span, { run = run.id, first = span.first, last = last }
end

-- The time between the first and the last event in which it was not idle.
local function active(span, gaps)
  local ms = span.to - span.from
  for _, gap in ipairs(gaps) do
    ms = ms - (gap.to - gap.from)
  end
  return ms
end

---How a run went, without its events. Times are milliseconds since 1970.
---@param store Store
---@param run table a row of the query runs
---@return {run: string, events: integer, first: integer, last: integer, from: integer, to: integer,
---  gaps: {from: integer, to: integer}[], density: {at: integer, events: integer, seq: integer}[],
---  cards: {card: string, seqs: integer[], from: integer, to: integer}[], turns: table[]} cards: events
---  outside of turns; turns: as of the query timeline_turns, `rows` are its events without the first and the
---  results
function M.outline(store, run)
  local span, within = bounds(store, run)
  local own = { run = run.id, first = span.first, last = span.last }
  own.idle = IDLE
  span.run, span.gaps = run.id, list(store:read("timeline_gaps", own))
  own.idle, own.unit = nil, math.max(1, active(span, span.gaps) // SLOTS)
  span.density = list(store:read("timeline_density", own))
  span.turns = list(store:read("timeline_turns", { run = run.id }))
  span.cards = list(store:read("timeline_cards", within))
  return span
end

-- ---- its events ----

local FIELDS = { "tool", "call", "path", "ok", "rule", "decision", "from", "to", "reason", "model", "seat",
  "outcome", "status", "code", "answer", "ask", "exit", "cap", "remote", "with" }
local TEXTS = { "why", "fix", "text", "message" } -- of which the beginning is enough
local TEXT_MOST = 200 -- bytes

local function short(value)
  return type(value) == "string" and strings.cut(value, TEXT_MOST) or nil
end

-- The argument that says most about a call.
local function subject(arguments)
  local ok, all = pcall(cjson.decode, arguments or "")
  if not ok or type(all) ~= "table" then
    return nil
  end
  return short(all.path or all.command or all.query or all.status or all.text)
end

-- What the calls of a reply are about, by call.
local function note_subjects(store, event, subjects)
  for _, call in ipairs(turn_record.calls(store, event.body)) do
    subjects[call.call] = subject(call.arguments)
  end
end

local function brief_of(event, subjects)
  local brief, body = {}, event.body
  for _, field in ipairs(FIELDS) do
    local value = body[field]
    brief[field] = type(value) ~= "table" and value ~= cjson.null and value or nil
  end
  for _, field in ipairs(TEXTS) do
    brief[field] = short(body[field])
  end
  brief.tokens = body.usage and (body.usage.prompt or 0) + (body.usage.completion or 0) or nil
  brief.program = type(body.argv) == "table" and short(table.concat(body.argv, " ")) or nil
  brief.about = body.call and subjects[body.call] or nil
  return brief
end

-- A stream's rows leave out run and turn.
local function with_place(event, brief, run, turn)
  return { seq = event.seq, run = event.run or run, turn = event.turn or turn, n = event.n, step = event.step,
    kind = event.kind, card = event.card, actor = event.actor, at = event.at, brief = brief }
end

---One event with what is shown of it in place of its body.
---@param store Store
---@param event table a row of the query event
---@return table
function M.brief(store, event)
  local brief = brief_of(event, {})
  if event.kind == "step.reply" then
    local head = turn_record.reply_head(store, event.body)
    brief.text, brief.about = short(head.text), table.concat(head.tools, ", ")
  end
  return with_place(event, brief)
end

-- Several of them; those of a turn are in order.
local function briefs(store, run, turn, events)
  local subjects, items = {}, list({})
  for i, event in ipairs(events) do
    if event.kind == "step.reply" then
      note_subjects(store, event, subjects)
    end
    items[i] = with_place(event, brief_of(event, subjects), run, turn)
  end
  return items
end

local function read(store, run, query, limit)
  if query.turn then
    return store:read("stream", { run = run.id, turn = query.turn, after = query.after, limit = limit })
  elseif query.card then
    local _, within = bounds(store, run)
    within.card, within.since, within.limit = query.card, query.after, limit
    return store:read("timeline_card", within)
  elseif query.after then
    return store:read("events", { run = run.id, since = query.after, limit = limit })
  end
  return store:read("last_events", { run = run.id, before = query.before, limit = limit })
end

---Some events of a run: of a turn behind its event number `after`; of a card outside of turns behind the
---commit `after`; else of all its streams behind the commit `after`, or before the commit `before` with the
---newest first.
---@param store Store
---@param run table a row of the query runs
---@param query {turn: integer?, card: string?, after: integer?, before: integer?}
---@param limit integer
---@return {items: table[], next: integer|nil} next: what `after`, or `before`, takes for the page behind
function M.events(store, run, query, limit)
  local events = read(store, run, query, limit)
  local last = #events == limit and events[limit] or {}
  return { items = briefs(store, run.id, query.turn, events), next = query.turn and last.n or last.seq }
end

return M
