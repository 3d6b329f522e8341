-- moment.lua: the REPL in the past: the store of a moment, and steps from one to another. Nothing here can
-- write: the store of a moment has no writer.

local changes = require("orket.dev.repl.changes")
local errors = require("orket.errors")
local event_ref = require("orket.history.event_ref")
local sentences = require("orket.view.sentences")
local project = require("orket.project.project")
local scripts = require("orket.scripts.scripts")
local store = require("orket.core.store")

local M = {}

local TURNS = { ["turn.started"] = true, ["turn.ended"] = true, ["turn.abandoned"] = true,
  ["turn.forked"] = true }

-- ---- where ----

-- The commit numbers of the run, in order, and which of them begin or end a turn.
local function steps_of(board, run)
  local steps, turns, since = {}, {}, 0
  repeat
    local events = board:read("events", { run = run, since = since, limit = 5000 })
    for _, event in ipairs(events) do
      steps[#steps + 1], since = math.tointeger(event.seq), event.seq
      turns[#turns + 1] = TURNS[event.kind] and #steps or nil
    end
  until #events == 0
  return steps, turns
end

local function go_to(repl, at)
  local past, err = errors.check(store.past(project.database(repl.dir), at))
  if not past then
    return nil, err
  end
  repl.store:close()
  repl.store, repl.moment.at = past, at
  return true
end

---@param repl table with the store of now
---@param run string
---@param event string|nil
---@return table|nil moment {run, at, now = the store of now, steps, turns}
---@return Error|nil
function M.open(repl, run, event)
  local now = repl.store
  local steps, turns = steps_of(now, run)
  local at, err = event_ref.find(now, run, event or tostring(steps[#steps] or 0))
  if not at then
    return nil, err
  end
  repl.moment = { run = run, now = now, steps = steps, turns = turns, built = {} }
  repl.store, err = errors.check(store.past(project.database(repl.dir), at))
  repl.moment.at = at
  return repl.store and repl.moment, err
end

local function event_at(repl)
  return repl.store:read("last_events", { limit = 1 })[1]
end

---Where the REPL is, as a line.
---@param repl table
---@return string
function M.line(repl)
  local event = event_at(repl)
  return string.format("%s@%d  %s  %s/%s/%d  %s", repl.moment.run, repl.moment.at, event.at, event.run,
    tostring(event.turn), event.n, sentences.sentence(event) or event.kind .. " " .. (event.card or ""))
end

-- The index of the run's last event that is not after the moment.
local function index_of(moment)
  local low, high = 0, #moment.steps
  while low < high do
    local middle = (low + high + 1) // 2
    if moment.steps[middle] <= moment.at then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

local function next_turn(moment, direction)
  local index, found = index_of(moment), nil
  for _, at in ipairs(moment.turns) do
    if direction < 0 and at < index or direction > 0 and at > index and not found then
      found = at
    end
  end
  return found or direction > 0 and #moment.steps or 1
end

local function target(repl, request)
  local moment = repl.moment
  if request.event then
    return event_ref.find(moment.now, moment.run, request.event)
  elseif request.turn then
    return moment.steps[next_turn(moment, request.turn)]
  end
  local by = math.tointeger(request.events or 0)
  if not by then
    return nil, errors.new("ERR_USAGE", "a step is a whole number of events, or \"turn\"")
  end
  return moment.steps[math.max(1, math.min(#moment.steps, index_of(moment) + by))]
end

---Goes elsewhere, and says where that is: {event}, {events = n} or {turn = 1|-1}; with none of them it stays.
---@param repl table
---@param request table
---@return string|nil line
---@return Error|nil
function M.go(repl, request)
  if not repl.moment then
    return nil, errors.new("ERR_USAGE", "this is now", "orket repl --run RUN [--at EVENT] looks at the past")
  end
  local at, err = target(repl, request)
  local ok = at ~= nil
  if ok and at ~= repl.moment.at then
    ok, err = go_to(repl, at)
  end
  return ok and M.line(repl), err
end

-- ---- scripts ----

-- The generation that served the card's newest turn in the run, else the run.
local function recorded_id(repl, card)
  local id
  for _, turn in ipairs(repl.store:read("turns", { run = repl.moment.run, card = card })) do
    id = turn.generation or id
  end
  local run = repl.store:read("run", { id = repl.moment.run })[1]
  return id or run and run.generation
end

---The scripts of dry runs: now the files', at a moment those that were recorded.
---@param repl table
---@param card string|nil
---@return table|nil generation
---@return Error|nil
function M.generation(repl, card)
  if not repl.moment then
    return repl.generation
  end
  local id, built = recorded_id(repl, card), repl.moment.built
  built[id or ""] = built[id or ""] or id and scripts.recorded(repl.moment.now, id, repl:rules())
  if not built[id or ""] then
    return nil, errors.new("ERR_NOT_FOUND", "no scripts are recorded for this moment",
      "go on to a turn: next(\"turn\")")
  end
  return built[id or ""]
end

-- ---- two moments ----

local function other(repl, event)
  local at, err = event_ref.find(repl.moment.now, repl.moment.run, event)
  if not at then
    return nil, err
  end
  return errors.check(store.past(project.database(repl.dir), at))
end

---What changed from one moment to another: fields of cards, then files as unified diffs.
---@param repl table
---@param a string event
---@param b string|nil event; nil: where the REPL is
---@return string|nil text
---@return Error|nil
function M.diff(repl, a, b)
  if not repl.moment then
    return nil, errors.new("ERR_USAGE", "this is now",
      "orket repl --run RUN [--at EVENT] compares two moments")
  end
  local before <close>, err = other(repl, a)
  local after <close>, why = other(repl, b or tostring(repl.moment.at))
  if not before or not after then
    return nil, err or why
  end
  return changes.between(before, after)
end

return M
