-- work.lua: what a run does with one card: verifies it, or gives it a turn and settles how that ended.

local async = require("orket.async")
local arms = require("orket.scripts.arms")
local canary = require("orket.scripts.canary")
local errors = require("orket.errors")
local merge_preview = require("orket.workspace.merge.merge_preview")
local interrupted = require("orket.scheduler.interrupted")
local labels = require("orket.governance.labels")
local at_most_once = require("orket.effects.at_most_once")
local merging = require("orket.workspace.merge.merging")
local outcome = require("orket.turn.outcome")
local seats = require("orket.scheduler.seats")
local statuses = require("orket.util.statuses")
local turns = require("orket.turn.turn")
local verify = require("orket.verification.verify")

local M = {}

-- ---- verification ----

-- What a program printed carries the labels of all that it could read; what is installed is from outside.
local function judged(tx, card, verdict, tree)
  local marks = labels.union(tree:all_labels(), verdict.installed and { labels.DEFAULT })
  tx:event("verify.done", card.id, verify.record(tx, verdict, marks))
end

-- No agent can fix it: a person has to, then the verification is tried again. Where no program can be
-- isolated the other cards may need none.
local function unverifiable(run, card, err)
  if errors.is_environment(err) and err.code ~= "ERR_JAIL" then
    return nil, err
  end
  return run:move(card, "blocked", { reason = "system", why = "the verification could not run: "
    .. errors.line(err) })
end

-- A card whose test or merge failed: back to its worker, or to a person when that was too often.
local function sent_back(card, why)
  local retries = (card.retry_count or 0) + 1
  if outcome.is_exhausted(card, retries) then
    why = why .. " " .. retries .. " times"
    return "blocked", { reason = "review", return_to = "in_progress", why = why }
  end
  return "in_progress", { why = why, retry_count = retries }
end

-- With a merge queue the test is of what the merge would make of the epic's tree: that comes into the card's.
local function follow_epic(run, tree)
  if not run.engine:rules().merge_queue then
    return { changes = {}, conflicts = {} }
  end
  local followed, err = merge_preview.behind(tree)
  local ok = followed
  if followed and #followed.conflicts == 0 then
    ok, err = merge_preview.lay(tree, followed)
  end
  return ok and followed, err
end

-- The verdict on the card's tree, with what came into it for that; with conflicts there is no verdict.
local function test_tree(run, card, tree)
  local test, err = follow_epic(run, tree)
  if test and #test.conflicts == 0 then
    test.verdict, err = run.engine:verify(card, tree)
    test = test.verdict and test
  end
  return test, err
end

local function settle_test(run, card, tree, test)
  local verdict = test.verdict
  local to, options = "code_review", { why = "verification passed" }
  if not verdict then
    to, options = sent_back(card, "merge conflict")
  elseif not verdict.ok then
    to, options = sent_back(card, "verification failed")
  end
  return run:move(card, to, options, function(tx)
    if verdict then
      judged(tx, card, verdict, tree) -- first: a replay finds it there
      merge_preview.record(tree, test, tx)
    else
      assert(merging.hand_back(tree, test, tx))
    end
  end)
end

-- What was merged while the test ran is tested as well: from the card's own files, as if it began then.
local function test_card_once(run, card, laid)
  local tree <close>, err = run.engine:tree(card, nil, function(path) return laid[path] ~= nil end)
  if not tree then
    return nil, err
  end
  local test, why = test_tree(run, card, tree)
  if card.status ~= "ready_for_testing" then
    return true -- a person moved it meanwhile
  elseif not test then
    return unverifiable(run, card, why)
  elseif test.state and merge_preview.has_moved(tree, test) then
    for _, change in ipairs(test.changes) do
      laid[change.path] = true
    end
    return test_card_once(run, card, laid)
  end
  return settle_test(run, card, tree, test)
end

---ready_for_testing: run the fixture; pass goes to review, fail goes back with the log.
local function test_card(run, card)
  if not card.fixture then
    return run:move(card, "code_review", { why = "no verification" })
  end
  return test_card_once(run, card, {})
end

-- ---- turns ----

-- The arm that the turn was begun with, else the card's; nil where prompts are not compared.
local function arm_of(run, card, seat, open)
  if open then
    return open.events[1].body.arm and arms.recorded(open.events)
  end
  return run.engine:rules().arms and arms.of(run.engine, card.id, seat.role)
end

local function new_turn(run, card)
  local open, err = interrupted.take(run, card)
  if err then
    return nil, err
  end
  local number = open and open.turn or run.last_turn + 1
  local generation = open and open.generation
  if not open then
    generation, err = run.project:governed(canary.generation(run.project, run.id, number))
  end
  if not generation then
    return nil, err
  end
  local seat
  seat, err = seats.choose(run.engine, run.team, card, generation)
  if not seat then
    return nil, err
  end
  local choice
  local past = open and open.events[1].body.past
  choice, err = run.models:choose(seat, card, generation, { number = number, past = past })
  if not choice then
    return nil, err
  elseif not open and run.models:is_refused(choice.model) then
    run.board:hold(card)
    return nil
  end
  local arm = arm_of(run, card, seat, open)
  if arm then
    generation, err = arms.generation(run.engine, generation, arm, seat.role)
  end
  if not generation then
    return nil, err
  end
  run.last_turn = math.max(run.last_turn, number)
  return turns.new(run.engine, {
    card = card, seat = seat.seat, role = seat.role, review = seat.review, model = choice.model,
    models = run.models, number = number, generation = generation, arm = arm, past = choice.past,
    tape = open and open.events, paid = open and open.paid,
  })
end

-- An operation was intended and it is unknown whether it happened: the card waits for a person, the turn
-- stays open.
local function park_uncertain(run, turn)
  local ok, err = at_most_once.park(turn.tx, turn.card, turn.outcome.intent, { step = turn.step })
  if ok then
    ok, err = turn:save(true)
  end
  run.open_turns[turn.card.id] = interrupted.PARKED
  return ok, err
end

---A failed turn: back to ready, or parked with the reason. One that the environment broke off stays open,
---without an event that says so: the next run goes on with it. One whose card a person moved is over.
local function settle_failure(run, turn, err)
  turn:leave()
  if errors.is_environment(err) then
    turn.tx:abandon()
    return nil, err
  end
  turn:discard()
  if turn:came_to("uncertain") and statuses.OPEN[turn.card.status] then
    return park_uncertain(run, turn)
  elseif err.code == "ERR_CASSETTE" then -- no reply will come, whatever is tried: the turn stays open
    return nil, err
  elseif err.code == "ERR_STALE" then
    return turn:settle("abandoned", turn.card.status, { why = err.message })
  end
  local card = turn.card
  local action, reason = run.engine:failed(turn, err)
  local why = errors.line(err)
  local retries = (card.retry_count or 0) + 1
  turn:record("turn.failed", { code = err.code, class = err.class, why = why, permanent = err.permanent })
  if action ~= "retry" then
    run.models:refuse(turn.model, err)
    return turn:settle("failed", "blocked", { reason = reason, why = why })
  end
  local back = card.status == "in_progress" and "ready" or card.status
  return turn:settle("failed", back, { why = why, retry_count = retries })
end

local function take_turn(run, card, turn)
  run.live[card.id] = turn
  local ok, err = async.within(run.limits.seconds, turns.run, turn)
  run.live[card.id] = nil
  if turn.servers then
    turn.servers:close()
  end
  if not ok then
    return settle_failure(run, turn, err)
  end
  run.open_turns[card.id] = turn:stays_open() and interrupted.PARKED or nil
  return true
end

local function work_card(run, card)
  local turn, err = new_turn(run, card)
  if errors.is_environment(err) then
    return nil, err
  elseif not turn and not err then
    return true -- it stays where it is: its model is not asked
  elseif not turn then
    return run:move(card, "blocked", { reason = "resource", why = errors.line(err) })
  end
  canary.begin(run.project, turn)
  local ok
  ok, err = take_turn(run, card, turn)
  canary.look(run.project, turn)
  return ok, err
end

-- Work that a person does: the card waits for it, and is tested and reviewed as an agent's is.
local function wait_for_person(run, card)
  local name = seats.person(run.team, card)
  return run:move(card, "blocked", { reason = "input", return_to = "ready_for_testing",
    assignee = "human:" .. name, why = name .. " does this card: orket put " .. card.id
      .. " FILE..., then orket answer " .. card.id .. ' "what was done" hands it in' })
end

---What a card waits for next: its verification, a person, or a turn. Returns when the card has moved, or
---cannot.
---@param run table
---@param card table
---@return any|nil ok
---@return Error|nil
function M.go_on(run, card)
  if card.status == "ready_for_testing" then
    return test_card(run, card)
  elseif seats.person(run.team, card) then
    return wait_for_person(run, card)
  end
  return work_card(run, card)
end

return M
