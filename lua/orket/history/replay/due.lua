-- due.lua: an event that is due in a replay: which unit of work derives it.

local course = require("orket.history.replay.course")
local cut_off = require("orket.history.replay.cut_off")
local record = require("orket.history.replay.record")
local work = require("orket.scheduler.work")

local M = {}

local BEGINS = { ["run.started"] = true, ["run.resumed"] = true }

local function card_of(replay, event)
  local card = replay.run and replay.run.board.cards[event.card]
  if not card then
    replay.stage:diverge(event, "the run has no card " .. tostring(event.card))
  end
  return card
end

local function is_fork(replay)
  for _, event in ipairs(replay.record.streams[0]) do
    if event.kind == "run.forked" then
      return true
    end
  end
  return false
end

local function engine_event(replay, event)
  if BEGINS[event.kind] then
    if course.configure(replay, event) and course.serve(replay, event, record.body(event).generation) then
      course.begin(replay, event)
    end
  elseif not replay.run and is_fork(replay) then
    event.derived = true -- somebody made it from another run, with changes of their own
  elseif event.kind == "operation.settled" then
    event.derived = true -- of an interruption; nothing is interrupted here
  elseif not replay.run then
    replay.stage:diverge(event, "the run has not begun")
  elseif not replay.strict then
    return -- taken as it is
  elseif event.kind == "run.ended" then
    course.conclude(replay, event)
  else
    local card = card_of(replay, event)
    if card then
      course.act_on(replay, card)
    end
  end
end

local function begin_turn(replay, event)
  local card = event.kind == "turn.started" and card_of(replay, event)
  if card and course.serve(replay, event, record.body(event).generation) then
    replay.run.last_turn = event.turn - 1
    replay.units[event.turn] = course.play(replay, card, work.go_on)
  end
end

-- A person has said what became of an operation, or the configuration is another one.
local function resume_turn(replay, event)
  for _, turn in ipairs(replay.stage.facade:read("open_turns", { run = replay.id, card = event.card })) do
    if turn.turn == event.turn then
      return course.go_on_with(replay, event, turn)
    end
  end
  replay.stage:diverge(event, "the turn is not open")
end

local function turn_event(replay, event)
  local unit = replay.units[event.turn]
  if cut_off.is_given_up(event) then
    cut_off.give_up(replay.stage, event)
    replay.units[event.turn], replay.run.live[event.card] = nil, nil
  elseif event.kind == "operation.answered" then
    replay.units[event.turn] = cut_off.answer(replay.stage, event, replay.facade)
  elseif event.kind == "approval.answered" then
    replay.units[event.turn] = cut_off.say(replay.stage, event)
  elseif event.kind == "budget.lifted" then
    replay.units[event.turn] = cut_off.lift(replay.stage, event)
  elseif unit and unit.parked then
    replay.stage:wake(unit)
  elseif unit and unit.taped then
    resume_turn(replay, event)
  elseif event.n == 1 then
    begin_turn(replay, event)
  end
end

---Runs on what derives this event.
---@param replay table
---@param event Recorded
function M.take(replay, event)
  if replay.card and event.card ~= replay.card and not BEGINS[event.kind] then
    event.derived = true -- nobody asked about it
  elseif event.turn ~= 0 then
    turn_event(replay, event)
  else
    engine_event(replay, event)
    event.derived = event.derived or not replay.strict
  end
end

return M
