-- sim_outcomes.lua: how turns ended, by both sides: what a role's route made of the proposal, and what the
-- evaluator node answered to a failure.

local answers = require("orket.turn.answers")
local autonomy = require("orket.governance.autonomy")
local casts = require("orket.history.sim.cast")
local cjson = require("cjson")
local errors = require("orket.errors")
local moves = require("orket.effects.moves")
local prefix = require("orket.history.fork.prefix")

local M = {}

-- ---- what a role's route sees ----

-- What the calls of the turn came to.
local function effects_of(judge, turn, upto)
  local effects = setmetatable({}, cjson.array_mt)
  for _, part in ipairs(prefix.parts(judge.store, turn.run.id, turn.number, upto)) do
    local come = judge.store:read("effects", part)[1].effects
    table.move(come, 1, #come, #effects + 1, effects)
  end
  return effects
end

-- The last words of the model, its proposal, and the effects of the turn.
local function seen_by(judge, turn, upto)
  local message = turn.convo and cjson.decode(judge.store:message(turn.convo)) or {}
  local content, output = message.content ~= cjson.null and message.content or nil,
    turn.output and cjson.decode(turn.output)
  return { content = content, output = output, proposal = turn.proposal }, effects_of(judge, turn, upto)
end

local function proposal_of(actor, turn, card, reply, effects)
  local role = actor.generation.roles[turn.role]
  if not role or not role.about.route then
    return role and reply.proposal or { fails = "there is no role " .. turn.role }
  end
  local answer, err = errors.check(role.script:call("route", { card, reply, effects }))
  if not err and answer ~= cjson.null then
    answer, err = answers.proposal(answer, turn.role)
  end
  if err then
    return { fails = errors.line(err) }
  end
  return answer ~= cjson.null and answer or reply.proposal or {}
end

local MOVE, LEFT = { "status", "reason", "why", "seat" }, { "note", "memory", "fails" }

local function differ_in(a, b, fields)
  for _, field in ipairs(fields) do
    if a[field] ~= b[field] then
      return true
    end
  end
  return false
end

local function shown(card, proposal, role)
  local copy = {}
  for key, value in pairs(proposal) do
    copy[key] = value
  end
  if copy.status then
    local verdict = moves.judge(card, copy.status, role, copy.reason)
    copy.refused = not verdict.ok and verdict.rule or nil
  end
  return copy
end

-- Where the engine may bring a card whose turn proposed a status: finished work may lack a verdict, or not
-- merge.
local MAY_BECOME = {
  done = { done = true, ready_for_testing = true, in_progress = true, blocked = true },
  in_progress = { in_progress = true, blocked = true },
  ready_for_testing = { ready_for_testing = true, blocked = true },
}

local function is_exact(proposal, to)
  return proposal.status == to or (MAY_BECOME[proposal.status] or {})[to] == true
end

-- What a careful role asks a person about when its turn proposes this; only then is known where a card is to
-- go. One that asks about everything asked about the call.
local function asked_by(side, turn)
  local mode = autonomy.of(side.config.organization.process_rules, turn.role)
  local question = autonomy.objection_to_operation({ role = turn.role, review = turn.review,
    autonomy = mode },
    { op = "card.move", status = (turn.proposal or {}).status })
  return question and question.rule, mode == "ask_all"
end

-- A person would have been asked before the card ended, or would not.
local function questions(judge, turn, event)
  if not turn.pair.differs.autonomy then
    return
  end
  local before, all = asked_by(turn.pair.old, turn)
  local after, all_now = asked_by(turn.pair.new, turn)
  if before ~= after and not (all or all_now) then
    local status = turn.proposal.status
    judge:differs(event, {
      kind = "transition", role = turn.role, seat = turn.seat, exact = true,
      before = { status = status, asks = before }, after = { status = status, asks = after },
    })
  end
end

---A turn ended with a proposal. `moved` is its move, with the card as it was before.
---@param judge table
---@param turn SimTurn
---@param event table turn.ended
function M.ended(judge, turn, event)
  judge:count("transitions")
  local moved = turn.moved
  if not moved or event.body.outcome ~= "done" then
    return
  end
  questions(judge, turn, moved.event)
  if not turn.pair.roles[turn.role] then
    return
  end
  local cast = casts.of(judge, turn.run, turn.pair)
  local reply, effects = seen_by(judge, turn, event.seq)
  local before = proposal_of(cast.old, turn, moved.card, reply, effects)
  local after = proposal_of(cast.new, turn, moved.card, reply, effects)
  local move = differ_in(before, after, MOVE)
  local exact = is_exact(before, moved.event.body.to)
  if not (move or differ_in(before, after, LEFT)) then
    return
  elseif not exact then
    judge:caveat(moved.event, "transition", "the same scripts propose "
      .. tostring(before.status or before.fails) .. " today")
  end
  judge:differs(moved.event, {
    kind = move and "transition" or "route", role = turn.role, seat = turn.seat, exact = exact,
    before = shown(moved.card, before, turn.role), after = shown(moved.card, after, turn.role),
  })
end

-- ---- what the evaluator answers ----

local function action_of(actor, turn, body)
  local message = body.why:sub(#body.code + 3):gsub("\n  fix: .*$", "")
  local action, reason = actor.engine:failed({ card = turn.card },
    { code = body.code, class = body.class, message = message })
  return { action = action, reason = action == "park" and reason or nil }
end

---A turn failed.
---@param judge table
---@param turn SimTurn
---@param event table turn.failed
function M.failed(judge, turn, event)
  if not turn.pair.differs.evaluator then
    return
  end
  local cast = casts.of(judge, turn.run, turn.pair)
  local before, after = action_of(cast.old, turn, event.body), action_of(cast.new, turn, event.body)
  if before.action ~= after.action or before.reason ~= after.reason then
    judge:differs(event, { kind = "transition", role = turn.role, seat = turn.seat, exact = true,
      before = before, after = after })
  end
end

return M
