-- listener.lua: what a run does about events that are committed while it is under way: of its own turns, of
-- the engine, of people. They move its board, end the turn of a card that a person moved, and park what can
-- never start.

local async = require("orket.async")
local errors = require("orket.errors")
local interrupted = require("orket.scheduler.interrupted")
local tree_files = require("orket.workspace.tree_files")

local M = {}

-- ---- cards that can never start ----

local function park(run, card, id)
  return run:move(card, "blocked", { reason = "dependency", why = id .. " was canceled" })
end

local function park_orphans(run, id)
  for _, card in ipairs(run.board:orphans(id)) do
    run:start(card, park, id)
  end
end

---Parks what was canceled while no run was under way.
---@param run table
function M.catch_up(run)
  for id, card in pairs(run.board.cards) do
    for _, orphan in ipairs(card.status == "canceled" and run.board:orphans(id) or {}) do
      park(run, orphan, id)
    end
  end
end

-- ---- events ----

local function read_card(run, id)
  local row = run.store:read("card", { id = id })[1]
  row.fixture, row.budget = run.store:read("card_state", { id = id })[1].fixture, row.data.budget
  return row
end

local function created(run, id)
  local card = read_card(run, id)
  card.score = card.priority
  run.board:add(card)
  run.board:consider(card)
  run:pump()
end

-- A card was moved by another one than its turn: that is over.
local function interrupt(run, id)
  if run.open_turns[id] ~= interrupted.PARKED then
    run.open_turns[id] = nil
  end
  local task = run.live[id] and run.tasks[id]
  if task then
    async.cancel(task,
      { code = "ERR_STALE", class = "system", message = "a person moved the card", within = true })
  end
end

local function moved(run, card, event)
  card.revision = event.body.rev + 1
  run.board:moved(card.id, event.body.to)
  if run.waking and event.body.from == "blocked" and event.actor:find("^human:") then
    run.models:hurry()
    run.board:release()
  end
  if event.run ~= run.id then
    interrupt(run, card.id)
  end
  if run.waking and event.body.to ~= "blocked" then
    run.waking:forget(card.id)
  end
  if event.body.to == "canceled" then
    park_orphans(run, card.id)
  end
  run:pump()
end

-- A note that a turn leaves is nothing to the board.
local function changed(run, card, body)
  card.revision = math.max(card.revision, body.rev + 1)
  if next(body.set) == "note" and next(body.set, "note") == nil then
    return
  end
  run.board:changed(card, read_card(run, card.id))
  for _, id in ipairs(card.depends_on) do
    if run.board.cards[id] and run.board.cards[id].status == "canceled" then
      park_orphans(run, id)
    end
  end
  run:pump()
end

-- A comment from outside of the run: the turn of the card reads it with its next request
-- (turn/context/window.lua).
local function commented(run, event)
  local turn = run.live[event.card]
  if turn and event.run ~= run.id then
    turn:pin(nil)
  end
end

-- The epic itself: when a person gave it up, the run is over.
local function epic_moved(run, body)
  run.epic.status, run.epic.revision = body.to, body.rev + 1
  if body.to == "canceled" then
    local err = errors.new("ERR_CANCELED", "the epic was canceled", "orket run --again builds it anew")
    err.class = "input" -- a person's decision: what is under way comes to its end
    run:broke(run.epic, err)
  end
end

---A committed event, of this run or not.
---@param run table
---@param event StoreEvent
function M.on_event(run, event)
  local card = run.board.cards[event.card]
  if event.kind == "card.moved" and event.card == run.epic.id then
    epic_moved(run, event.body)
  elseif event.kind == "card.trusted" and event.card == run.epic.id and event.body.path then
    tree_files.trust(run.project, run.epic.id, event.body.path)
  elseif event.kind == "card.moved" and card then
    moved(run, card, event)
  elseif event.kind == "card.changed" and card then
    changed(run, card, event.body)
  elseif event.kind == "comment.added" and card then
    commented(run, event)
  elseif event.kind == "approval.asked" and run.lapsing then
    run.lapsing:await(event.card)
  elseif event.kind == "model.paused" and run.waking and event.run == run.id then
    run.waking:paused(event.card, event.body)
  elseif event.kind == "card.created" and event.body.epic == run.epic.id and not run.only then
    created(run, event.card)
  end
end

return M
