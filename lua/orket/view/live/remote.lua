-- remote.lua: the run of another process in this terminal: its events as they are committed, through the
-- views of `orket run`. What a model says before it is committed stays with the process that owns the run.

local errors = require("orket.errors")
local follow = require("orket.history.follow")
local instants = require("orket.util.instants")
local owner = require("orket.project.owner")
local parked = require("orket.reports.parked")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local run_events = require("orket.view.run_events")

local M = {}

local PAGE = 500
local BEFORE = 20 -- events that are shown of what was

local function newest_running(store, dir)
  local runs = reader.runs(store, dir)
  for i = #runs, 1, -1 do
    if runs[i].status == "running" then
      return runs[i]
    end
  end
  return nil, errors.new("ERR_NOT_FOUND", "no run is under way",
    "orket run EPIC starts one; orket board shows the cards")
end

---The run's cards as they are now; what a card depends on is read once.
---@param run table of M.run
---@param store Store
function M.refresh(run, store)
  local known = run.board.cards
  run.board.cards = {}
  for _, card in ipairs(store:read("board", {})) do
    if card.epic == run.epic.id and card.type == "issue" then
      card.depends_on = known[card.id] and known[card.id].depends_on
        or store:read("card", { id = card.id })[1].depends_on
      run.board.cards[card.id] = card
    end
  end
end

---A run of another process as views take it, without its cards.
---@param project table of run_events.project
---@param id string
---@param epic string
---@return table run
function M.run(project, id, epic)
  return { id = id, epic = { id = epic }, store = project.store, project = project, board = { cards = {} } }
end

local function has_ended(events, run)
  for _, event in ipairs(events) do
    if event.kind == "run.ended" and event.run == run.id then
      return event.body
    end
  end
end

-- A project whose events are given to `hear` of it.
local function project_of(store, dir)
  local project
  project = run_events.project({ dir = dir, store = store }, function(hear)
    project.hear = hear
  end)
  return project
end

local function last_events(store, run)
  local events, last = {}, store:read("last_events", { limit = BEFORE, run = run })
  for i = #last, 1, -1 do
    events[#events + 1] = last[i]
  end
  return events
end

-- What the agents have been at, also when that began long ago.
local function recall(store, run, view)
  for _, row in ipairs(store:read("turns", { run = run.id })) do
    local events = row.outcome and {} or store:read("stream", { run = run.id, turn = row.turn })
    for _, event in ipairs(events) do
      view:recall(event, instants.since(event.at))
    end
  end
end

-- Waits for the end of the process that works on the run; why that is not the run's.
local function gone(dir, run, option)
  owner.await_end(dir)
  return errors.new("ERR_CANCELED", "the process that worked on " .. run.id
    .. " is gone, and did not end the run",
    "orket resume" .. option .. " " .. run.id .. " goes on where its journal ends")
end

---Shows the newest run that is under way until it ends, until its process is gone, or until a signal.
---@param store Store
---@param dir string
---@param args {json: boolean?, C: string?}
---@return integer|nil exit code
---@return Error|nil
function M.show(store, dir, args)
  local row, err = newest_running(store, dir)
  if not row then
    return nil, err
  end
  local project, view = project_of(store, dir), require(cli_report.view(args)).new(args)
  local run = M.run(project, row.id, row.card)
  view.on_delta = nil -- no bytes are heard here, so that none are missed
  local ended, stop
  view.left = function() -- by its person, who lets the run go on
    stop()
  end
  local function show(events)
    M.refresh(run, store)
    for _, event in ipairs(events) do
      project.hear(event)
    end
    ended = has_ended(events, run)
    return not ended
  end
  M.refresh(run, store)
  view:attach(project, run)
  local before = last_events(store, run.id)
  show(before)
  if view.recall then
    recall(store, run, view)
  end
  view.began = view.began and view.began - instants.since(row.session_at or row.started_at)
  view.before = view.before and (row.seconds or 0) - (row.session_seconds or 0)
  view.tokens = view.tokens and (row.tokens_in or 0) + (row.tokens_out or 0)
  if not ended then
    local seq = #before > 0 and before[#before].seq or 0
    err = follow.changes(dir, function()
      local events = store:read("events", { since = seq, limit = PAGE, run = run.id })
      seq = #events > 0 and events[#events].seq or seq
      if #events > 0 and not show(events) then
        return nil
      end
      return #events > 0
    end, function()
      return gone(dir, run, parked.option(args.C))
    end, function(wake)
      stop = wake
    end)
    err = not ended and err or nil
  end
  if ended then
    view:finish({ status = ended.status, counts = ended.counts, card = row.card, dir = dir })
  end
  if view.leave then
    view:leave()
  end
  return not err and 0 or nil, err
end

return M
