-- run_comparison.lua: two runs side by side: where they stand, what they cost, which files they have, and the
-- first decision in which they differ. Of a fork and its source, or of two forks, only what came after the
-- point up to which they are the same is looked at.

local async = require("orket.async")
local cjson = require("cjson")
local disk = require("orket.workspace.disk")
local file_diff = require("orket.view.format.file_diff")
local hash = require("orket.core.hash")
local run_record = require("orket.history.run_record")
local tables = require("orket.util.tables")
local timeline = require("orket.history.timeline")
local turn_record = require("orket.history.turn_record")

local M = {}

local PAGE = 200 -- events that are read at once
local DIFFED = 50 -- files whose changes are shown line by line

-- ---- decisions ----

-- What of an event is a decision: its fields that say the same in both runs when the same was decided.
local DECISIONS = {
  ["turn.started"] = { "seat", "role", "model" }, ["turn.ended"] = { "outcome" },
  ["turn.failed"] = { "code" }, ["call.allowed"] = { "tool" }, ["call.refused"] = { "tool", "rule" },
  ["operation.refused"] = { "tool", "rule" }, ["approval.asked"] = { "tool", "rule" },
  ["approval.answered"] = { "answer" }, ["operation.answered"] = { "answer" },
  ["file.written"] = { "path", "blob" }, ["file.deleted"] = { "path" }, ["comment.added"] = { "text" },
  ["card.moved"] = { "from", "to", "reason" }, ["verify.done"] = { "ok" }, ["command.ran"] = { "exit" },
}

local function reply_of(store, event)
  local parts = { turn_record.reply_head(store, event.body).text or "" }
  for _, call in ipairs(turn_record.calls(store, event.body)) do
    parts[#parts + 1] = call.tool .. " " .. call.arguments
  end
  return parts
end

-- A decision as a text, or nil when the event is none.
local function decision(store, event)
  local fields, parts = DECISIONS[event.kind], nil
  if event.kind == "step.reply" then
    parts = reply_of(store, event)
  elseif fields then
    parts = {}
    for i, field in ipairs(fields) do
      parts[i] = tostring(event.body[field])
    end
  end
  return parts and hash.parts({ event.kind, table.unpack(parts) })
end

-- ---- the sequences of a run ----

local function add(decided, card, event, what)
  decided[card] = decided[card] or {}
  table.insert(decided[card], { seq = event.seq, what = what })
end

-- What the card of a fork is called in its source.
local function source_of(store, known, card)
  if card and known[card] == nil then
    local rows = store:read("lineage", { card = card })
    known[card] = rows[#rows] and rows[#rows].source or card
  end
  return known[card]
end

local collect

local function collect_own(store, run, since, upto, decided)
  local known = {}
  repeat
    local events = store:read("events", { run = run.id, since = since, limit = PAGE })
    for _, event in ipairs(events) do
      local what = event.seq <= upto and event.card and decision(store, event)
      if what then
        add(decided, source_of(store, known, event.card), event, what)
      end
      since = event.seq
    end
    local goes_on = #events == PAGE and since < upto
  until not goes_on or not async.give_way()
end

-- What was decided in a run after a commit, by card, in order; a fork's begins with its source's.
function collect(store, rows, run, since, upto, decided)
  local source = run.of and run.at > since and rows[run.of]
  if source then
    collect(store, rows, source, since, math.min(run.at, upto), decided)
  end
  collect_own(store, run, since, upto, decided)
  return decided
end

-- ---- the first difference ----

-- The commit up to which both are the same by construction.
local function shared(one, other)
  if one.of == other.id then
    return one.at
  elseif other.of == one.id then
    return other.at
  end
  return one.of and one.of == other.of and math.min(one.at, other.at) or 0
end

local function first_of(mine, theirs)
  for i = 1, math.max(#mine, #theirs) do
    local a, b = mine[i], theirs[i]
    if not (a and b and a.what == b.what) then
      return a, b
    end
  end
end

local function union(a, b)
  local all = {}
  for _, map in ipairs({ a, b }) do
    for key in pairs(map) do
      all[key] = true
    end
  end
  return all
end

local function event_of(store, found)
  local event = found and store:read("event", { seq = found.seq })[1]
  return event and timeline.brief(store, event)
end

local function first_difference(store, mine, theirs)
  local best
  for card in pairs(union(mine, theirs)) do
    local a, b = first_of(mine[card] or {}, theirs[card] or {})
    local at = a or b
    if at and (not best or at.seq < best.at.seq) then
      best = { card = card, at = at, one = a, other = b }
    end
  end
  return best and { card = best.card, one = event_of(store, best.one), other = event_of(store, best.other) }
end

-- ---- files ----

-- Those of its epic when it noted its last event.
local function files_of(store, run)
  local files, last = {}, store:read("timeline_span", { run = run.id })[1].last
  for _, row in ipairs(store:read("tree_files", { tree = run.card, seq = last })) do
    files[row.path] = row.blob
  end
  return files
end

local function change(store, path, before, after, with_lines)
  local old, err = disk.bytes(store, before)
  local new
  if old then
    new, err = disk.bytes(store, after)
  end
  if not new then
    return nil, err
  end
  local one = file_diff.file(path, before and old, after and new)
  return { path = path, status = one.status, binary = one.binary, added = one.added, removed = one.removed,
    diff = with_lines and file_diff.text(one, false) or nil }
end

-- How the second one's differ from the first one's.
local function changed_files(store, before, after)
  local rows = setmetatable({}, cjson.array_mt)
  for _, path in ipairs(tables.keys(union(before, after))) do
    if before[path] ~= after[path] then
      local row, err = change(store, path, before[path], after[path], #rows < DIFFED)
      if not row then
        return nil, err
      end
      rows[#rows + 1] = row
    end
  end
  return rows
end

-- ---- both ----

local function side_of(store, run)
  return { run = run, cards = run_record.cards(store, run) }
end

local function by_id(store)
  local rows = {}
  for _, row in ipairs(store:read("runs", {})) do
    rows[row.id] = row
  end
  return rows
end

---Two runs side by side. In a task.
---@param store Store
---@param one table a row of the query runs
---@param other table
---@return {one: {run: table, cards: table}, other: {run: table, cards: table}, common: integer,
---  files: table[], difference: {card: string, one: table?, other: table?}|nil}|nil  common: the commit up to
---  which both are the same by construction, 0: none; files: how the other one's differ; difference: the
---  first decision of a card that is not the same, as timeline.brief answers events
---@return Error|nil
function M.of(store, one, other)
  local rows, since = by_id(store), shared(one, other)
  local files, err = changed_files(store, files_of(store, one), files_of(store, other))
  if not files then
    return nil, err
  end
  local mine = collect(store, rows, one, since, math.maxinteger, {})
  local theirs = collect(store, rows, other, since, math.maxinteger, {})
  return { one = side_of(store, one), other = side_of(store, other), common = since, files = files,
    difference = first_difference(store, mine, theirs) }
end

return M
