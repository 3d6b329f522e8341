-- turn_record.lua: what was said and done in a turn, in order, as its events and messages have it: prompt,
-- replies, calls, results, refusals, failures.

local cjson = require("cjson")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local sentences = require("orket.view.sentences")
local reader = require("orket.project.reader")
local strings = require("orket.util.strings")

local M = {}

local HEAD = 400 -- bytes of a reply that is quoted

-- ---- messages ----

-- The text of a message's content, which may be missing.
local function content_of(message)
  local content = message.content
  if content == nil or content == cjson.null then
    return nil
  end
  return type(content) == "string" and content or cjson.encode(content)
end

local GONE = { content = "(the journal does not have this message)" }
local GONE_THOUGHTS = "(the journal does not have these thoughts)"

local function decoded(bytes)
  local ok, message = pcall(cjson.decode, bytes)
  return ok and type(message) == "table" and message or GONE
end

local function message_of(store, hash)
  return decoded(store:message(hash))
end

-- What the provider marked as thoughts; others stand in the text. COMPAT: older journals have them in the
-- event.
local function thoughts_of(store, recorded, message)
  if recorded then
    return type(recorded) == "string" and recorded or store:blob(recorded.blob) or GONE_THOUGHTS
  end
  local thoughts = {}
  for _, part in ipairs(message.apart and message.apart.said or {}) do
    thoughts[#thoughts + 1] = part.reasoning ~= "" and part.reasoning or nil
  end
  return #thoughts > 0 and table.concat(thoughts, "\n") or nil
end

local function calls_of(message)
  local calls = setmetatable({}, cjson.array_mt)
  for i, call in ipairs(message.tool_calls or {}) do
    calls[i] = { call = call.id, tool = call["function"].name, arguments = call["function"].arguments }
  end
  return calls
end

-- ---- entries ----

local ENTRY = {}

ENTRY["turn.started"] = function(_, body)
  return { kind = "turn", seat = body.seat, role = body.role, model = body.model, review = body.review }
end

ENTRY["turn.prompted"] = function(store, body)
  local messages = setmetatable({}, cjson.array_mt)
  for i, text in ipairs(store:conversation(body.convo) or { "" }) do
    local message = decoded(text)
    messages[i] = { role = message.role or "unknown", text = content_of(message) or "" }
  end
  return { kind = "prompt", messages = messages }
end

ENTRY["turn.nudged"] = function(store, body)
  return { kind = "nudge", text = content_of(message_of(store, body.convo)) }
end

ENTRY["step.reply"] = function(store, body)
  local message, usage = message_of(store, body.convo), body.usage or {}
  return { kind = "reply", model = body.model, finish = body.finish, tokens_in = usage.prompt,
    tokens_out = usage.completion,
    thoughts = thoughts_of(store, body.thoughts, message), text = content_of(message),
    calls = calls_of(message) }
end

ENTRY["call.result"] = function(store, body)
  return { kind = "result", call = body.call, tool = body.tool, ok = body.ok,
    text = content_of(message_of(store, body.convo)) }
end

ENTRY["call.refused"] = function(_, body)
  return { kind = "refusal", call = body.call, tool = body.tool, rule = body.rule, why = body.why,
    fix = body.fix, help = body.help }
end

ENTRY["step.failed"] = function(_, body, event)
  return { kind = "failure", text = sentences.what(event), code = body.code }
end

ENTRY["turn.failed"] = ENTRY["step.failed"]

ENTRY["turn.ended"] = function(_, body)
  return { kind = "end", outcome = body.outcome, why = body.why, steps = body.steps,
    tokens_in = body.tokens_in,
    tokens_out = body.tokens_out }
end

local NOTED = { "approval%.", "operation%.uncertain", "operation%.answered", "tree%.conflict", "window%.",
  "budget%.", "model%.paused",
  "turn%.looped", "card%.moved", "comment%.added" }

local function note(event)
  for _, kind in ipairs(NOTED) do
    local text = event.kind:find("^" .. kind) and sentences.what(event)
    if text then
      return { kind = "note", text = text }
    end
  end
end

local function entry_of(store, row, event)
  local make = ENTRY[event.kind]
  local entry
  if make then
    entry = make(store, event.body, event)
  else
    entry = note(event)
  end
  if entry then
    entry.run, entry.turn, entry.card, entry.step = row.run, row.turn, row.card, event.step
    entry.event, entry.at = event.seq, event.at
  end
  return entry
end

---What was said and done in a turn after its nth event.
---@param store Store
---@param row {run: string, turn: integer, card: string}
---@param after integer|nil
---@return table[] entries
---@return integer n of the last event
function M.entries(store, row, after)
  local entries, n = {}, after or 0
  for _, event in ipairs(store:read("stream", { run = row.run, turn = row.turn, after = n })) do
    event.run, event.turn = row.run, row.turn -- the stream's rows leave out what they have in common
    entries[#entries + 1] = entry_of(store, row, event)
    n = event.n
  end
  return entries, n
end

---The calls of a recorded reply: {call, tool, arguments}.
---@param store Store
---@param body table of step.reply
---@return table[]
function M.calls(store, body)
  return calls_of(message_of(store, body.convo))
end

---The head of a recorded reply, and the tools it called.
---@param store Store
---@param body table of step.reply
---@return {text: string|nil, tools: string[]}
function M.reply_head(store, body)
  local message, tools = message_of(store, body.convo), setmetatable({}, cjson.array_mt)
  for n, call in ipairs(calls_of(message)) do
    tools[n] = call.tool
  end
  local text = content_of(message)
  return { text = text and strings.cut(text, HEAD), tools = tools }
end

---The head of what a card's newest turn replied last, and the tools it called.
---@param store Store
---@param card string
---@return {run: string, turn: integer, text: string|nil, tools: string[]}|nil
function M.last_reply(store, card)
  local rows = store:read("turns", { card = card })
  local row = rows[#rows]
  if not row or event_ref.dropped(store, row.run) then
    return nil
  end
  local events = store:read("stream", { run = row.run, turn = row.turn })
  for i = #events, 1, -1 do
    if events[i].kind == "step.reply" then
      local reply = M.reply_head(store, events[i].body)
      reply.run, reply.turn = row.run, row.turn
      return reply
    end
  end
end

-- ---- which turns ----

local function one_turn(store, dir, run, turn)
  local found, err = reader.run(store, dir, run)
  if not found then
    return nil, err
  end
  for _, row in ipairs(store:read("turns", { run = run })) do
    if row.turn == turn then
      return { row }
    end
  end
  return nil, errors.new("ERR_NOT_FOUND", string.format("the run %s has no turn %d", run, turn),
    "orket history " .. run .. " lists its turns")
end

local function turns_of_card(store, card, all)
  local rows, kept = store:read("turns", { card = card.id }), {}
  for _, row in ipairs(rows) do
    kept[#kept + 1] = (all or row.run == rows[#rows].run) and row or nil
  end
  return kept
end

---The turns of a card (of the run that worked on it last, or all), or one turn, RUN/TURN.
---@param store Store
---@param dir string
---@param id string
---@param all boolean|nil
---@return table[]|nil rows as of the query turns
---@return Error|nil
function M.turns(store, dir, id, all)
  local run, turn = id:match("^(.+)/(%d+)$")
  local card, err = reader.card(store, id)
  local rows
  if card then
    rows = turns_of_card(store, card, all)
  elseif run then
    rows, err = one_turn(store, dir, run, math.tointeger(tonumber(turn)))
  end
  if rows then
    err = rows[1] and event_ref.dropped(store, rows[1].run)
  end
  return not err and rows or nil, err
end

return M
