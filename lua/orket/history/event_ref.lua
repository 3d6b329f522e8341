-- event_ref.lua: RUN@EVENT: a moment of a run. EVENT is a commit number, seq, as `orket log --json` shows it,
-- or TURN.N, the N-th event of a turn.

local errors = require("orket.errors")

local M = {}

local FIX = "orket log --run RUN shows its events, each with its number; "
  .. "EVENT is one of them, or TURN.N for the N-th event of a turn"

---The two halves of RUN@EVENT.
---@param text string
---@return string|nil run
---@return string|nil event
function M.split(text)
  return text:match("^(.+)@([^@]+)$")
end

local function event_of_turn(store, run, turn, n)
  local event = n > 0 and store:read("stream", { run = run, turn = turn, after = n - 1, limit = 1 })[1]
  if not event then
    return nil, errors.new("ERR_NOT_FOUND", string.format("the turn %s of %s has no event %d", turn, run, n),
      FIX)
  end
  return event.seq
end

local function find(store, run, event)
  local turn, n = event:match("^(%d+)%.(%d+)$")
  if turn then
    return event_of_turn(store, run, math.tointeger(tonumber(turn)), math.tointeger(tonumber(n)))
  end
  local seq = event:find("^%d+$") and math.tointeger(tonumber(event))
  if not seq then
    return nil, errors.new("ERR_USAGE", "'" .. event .. "' is no event", FIX)
  end
  return seq
end

---Why nobody can go back to a run, when `orket gc` has dropped it.
---@param store Store
---@param run string
---@return Error|nil
function M.dropped(store, run)
  local row = store:read("run", { id = run })[1]
  local at = row and row.body.dropped
  return at and errors.new("ERR_NOT_FOUND",
    "run " .. run .. " was dropped on " .. at:sub(1, 10) .. " by orket gc: what was said in it is gone",
    "orket gc --keep with a longer age keeps more; a backup of .orket/ may still have it") or nil
end

-- What the board says goes on for a run; another run's events are moments of that one.
local function foreign(store, run, seq)
  local event = store:read("events", { since = seq - 1, limit = 1 })[1]
  if event and event.seq == seq and event.run ~= run and event.run ~= "board" then
    return errors.new("ERR_USAGE", string.format("event %d is of the run %s, not of %s", seq, event.run, run),
      FIX)
  end
end

local MAKING = {
  ["scripts.loaded"] = true, ["run.forked"] = true, ["card.forked"] = true, ["cards.forked"] = true,
  ["turn.forked"] = true, ["card.changed"] = true,
}

-- The first moment of a run; a fork is made by several events, and is there with the last of them.
local function first_of(store, run)
  local events, first = store:read("stream", { run = run, turn = 0 }), nil
  for _, event in ipairs(events) do
    if first and not (MAKING[events[1].kind] and MAKING[event.kind]) then
      break
    end
    first = event.seq
  end
  return first
end

---One event, by its number or by RUN/TURN.N (also RUN/TURN/N, as the ids of questions are).
---@param store Store
---@param text string
---@return table|nil event
---@return Error|nil
function M.event(store, text)
  local run, turn, n = text:match("^(.+)/(%d+)[./](%d+)$")
  local seq = text:find("^%d+$") and math.tointeger(tonumber(text))
  if not run and not seq then
    return nil, errors.new("ERR_USAGE", "'" .. text .. "' is no event",
      "orket log shows them, each with its number")
  end
  local err
  if run then
    seq, err = event_of_turn(store, run, math.tointeger(tonumber(turn)), math.tointeger(tonumber(n)))
  end
  local event = seq and store:read("event", { seq = seq })[1]
  return event, err or not event and errors.new("ERR_NOT_FOUND", "there is no event " .. text,
    "orket log shows them, each with its number") or nil
end

---The event that is meant: by its number, by RUN/TURN.N, or by a card, whose last move it is. A number is an
---event's, whatever cards are called.
---@param store Store
---@param text string
---@return table|nil event
---@return Error|nil  also when its run was dropped
function M.meant(store, text)
  local is_card = not text:find("^%d+$") and store:read("card_state", { id = text })[1]
  local moved = is_card and store:read("last_events", { card = text, kind = "card.moved", limit = 1 })[1]
  local event, err = M.event(store, moved and tostring(math.tointeger(moved.seq)) or text)
  err = err or event.run ~= "board" and M.dropped(store, event.run) or nil
  return not err and event or nil, err
end

---The commit number of a moment: of an event of the run or of the board, not before the run began.
---@param store Store
---@param run string
---@param event string
---@return integer|nil seq
---@return Error|nil
function M.find(store, run, event)
  local first = first_of(store, run)
  if not first then
    return nil, errors.new("ERR_NOT_FOUND", "there is no run '" .. run .. "'", "orket history lists them")
  end
  local dropped = M.dropped(store, run)
  if dropped then
    return nil, dropped
  end
  local seq, err = find(store, run, event)
  if not seq then
    return nil, err
  end
  local last = store:read("counts", {})[1].events
  if seq < first or seq > last then
    return nil, errors.new("ERR_NOT_FOUND", string.format(
      "event %d is no moment of %s: it began with %d, and the last event of the project is %d", seq, run,
      first, last),
      FIX)
  end
  err = foreign(store, run, seq)
  return not err and seq or nil, err
end

return M
