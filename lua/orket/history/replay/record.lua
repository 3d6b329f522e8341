-- record.lua: a recorded run as its journal has it: every event hashed again, the run's own by stream.

local cjson = require("cjson")
local errors = require("orket.errors")
local hash = require("orket.core.hash")
local tables = require("orket.util.tables")
local event_ref = require("orket.history.event_ref")

local M = {}

local PAGE = 1000 -- events read at once
local NO_HASH = ("\0"):rep(32)

---@class Recorded an event of the journal; body is its text
---@field seq integer
---@field run string
---@field turn integer|string
---@field step integer
---@field n integer
---@field kind string
---@field card string|nil
---@field actor string
---@field role string|nil
---@field at string
---@field body string
---@field hash string

---Does an event's hash follow from its bytes and the one before it in its stream (raw, nil for the first)?
---Its time is hashed, but in events that were recorded before it was (core/io/keys/proof.h).
---@param before string|nil
---@param event Recorded
---@return boolean
function M.is_linked(before, event)
  local parts = {
    before or NO_HASH, event.run, tostring(event.turn), tostring(event.step), tostring(event.n), event.kind,
    event.card or "", event.actor, event.role or "", event.body, event.at,
  }
  if hash.parts(parts) == event.hash then
    return true
  end
  parts[#parts] = nil
  return hash.parts(parts) == event.hash
end

---Where an event is: RUN/TURN.N.
---@param event Recorded
---@return string
function M.place(event)
  return string.format("%s/%s.%d", event.run, event.turn, event.n)
end

---The first thing in which replay and record differ.
---@param event Recorded|nil the recorded one
---@param what string
---@param detail string|nil a diff
---@return Error
function M.divergence(event, what, detail)
  local where = ""
  if event then
    where = string.format("%s (%s%s, commit %d): ", M.place(event), event.kind,
      event.card and " of " .. event.card or "", event.seq)
  end
  local err = errors.new("ERR_REPLAY", where .. what, "orket check reports whether the journal is whole; "
    .. "a script or a setting that has changed since shows here as well")
  err.detail = detail ~= "" and detail or nil
  err.event = event and { run = event.run, turn = event.turn, n = event.n, seq = event.seq, kind = event.kind,
    card = event.card }
  return err
end

-- Its link to the event before it in its stream; nil when it holds. Of a run that was dropped (orket gc) some
-- events have only their number and their hash left.
local function fault_of(store, heads, event)
  local key = event.run .. "\0" .. tostring(event.turn)
  local head = heads[key] or { n = 0, dropped = event_ref.dropped(store, event.run) ~= nil }
  local broken
  if event.n ~= head.n + 1 then
    broken = "an event before it is missing: the one before is number " .. head.n
  elseif not M.is_linked(head.hash, event) and not (head.dropped and event.kind == "dropped") then
    broken = "its hash does not follow from its bytes and the event before"
  end
  heads[key] = { n = event.n, hash = hash.raw(event.hash) or "", dropped = head.dropped }
  return broken
end

-- Every event in the order of commits, until act answers something.
local function each(store, act)
  local since = 0
  while true do
    local rows, message, code = store:read("journal", { since = since, limit = PAGE })
    if not rows then
      return errors.check(rows, message, code)
    end
    for _, event in ipairs(rows) do
      local stop, err = act(event)
      if stop or err then
        return stop, err
      end
      since = event.seq
    end
    if #rows < PAGE then
      return true
    end
  end
end

---Reads the whole journal up to the run's last event. The first event whose hash does not follow is an error.
---@param store Store
---@param run string
---@return {run: string, events: Recorded[], streams: table<any, Recorded[]>, first: integer}|nil record
---  events: from the run's first to its last one, of everybody; streams: of the run, by turn
---@return Error|nil
function M.read(store, run)
  local dropped = event_ref.dropped(store, run)
  if dropped then
    return nil, dropped
  end
  local record, heads, last = { run = run, events = {}, streams = {} }, {}, 0
  local ok, err = each(store, function(event)
    local fault = fault_of(store, heads, event)
    if fault then
      return nil, M.divergence(event, fault)
    elseif event.run == run then
      record.first, last = record.first or event.seq, #record.events + 1
      record.streams[event.turn] = record.streams[event.turn] or {}
      table.insert(record.streams[event.turn], event)
    end
    if record.first then
      record.events[#record.events + 1] = event
    end
  end)
  if not ok then
    return nil, err
  elseif not record.first then
    return nil, errors.new("ERR_NOT_FOUND", "there is no run '" .. run .. "'", "orket history lists the runs")
  end
  for i = #record.events, last + 1, -1 do
    record.events[i] = nil
  end
  return record
end

---The hash of a run over the heads of its streams.
---@param streams table<any, Recorded[]>
---@param upto integer|nil as it was after this commit
---@return string hex
function M.hash(streams, upto)
  local lasts, so_far = {}, NO_HASH
  for turn, events in pairs(streams) do
    for _, event in ipairs(events) do
      lasts[turn] = (not upto or event.seq <= upto) and event or lasts[turn]
    end
  end
  for _, turn in ipairs(tables.keys(lasts)) do
    so_far = hash.raw(hash.parts({ so_far, tostring(turn), hash.raw(lasts[turn].hash) or "" }))
  end
  return (so_far:gsub(".", function(c)
    return string.format("%02x", c:byte())
  end))
end

---@param event Recorded
---@return table
function M.body(event)
  return cjson.decode(event.body)
end

return M
