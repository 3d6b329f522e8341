-- step.lua: one step of a turn: a reply of the model, and every call in it settled.
--
-- The tape is asked first: a reply, a refusal or a result that the journal has is taken as it is. The
-- first question without an answer goes live.

local async = require("orket.async")
local chain = require("orket.llm.chain")
local call_record = require("orket.effects.call_record")
local call_repairs = require("orket.turn.call_repairs")
local cjson = require("cjson")
local nudges = require("orket.turn.context.nudge")
local output = require("orket.turn.output")
local turn_plan = require("orket.turn.turn_plan")
local pipeline = require("orket.effects.pipeline")
local result_paging = require("orket.turn.context.result_paging")
local debug_hooks = require("orket.turn.debug_hooks")
local strings = require("orket.util.strings")
local talk = require("orket.turn.talk")
local tape = require("orket.turn.tape")
local usages = require("orket.llm.usage")
local window = require("orket.turn.context.window")

local M = {}

local THOUGHTS = 16384 -- bytes of them that a person reads later

-- ---- the reply ----

-- What a server counted tells how much fits (turn/context/window.lua); another model's count is no measure.
local function note_count(turn, body)
  if body.asked and body.model == turn.model.name then
    turn:count_tokens(body.asked, body.usage.prompt)
  end
end

-- The reply of the journal, to a conversation as it was made to fit.
local function recorded_reply(turn)
  local event = turn.tape:peek()
  while event and (event.kind:find("^window%.") or event.kind == "memory.ranked") and window.take(turn) do
    event = turn.tape:peek()
  end
  local recorded = turn.tape:take("step.reply")
  if recorded then
    turn:rank(nil) -- the words that were written by it were the same as before
    turn:spend(recorded)
    note_count(turn, recorded)
    return tape.reply(turn:resay(recorded.convo), recorded)
  end
end

-- Makes the request fit where its model's window is known, and asks.
local function live_reply(turn)
  local reply, err
  repeat
    local fits, cause = true, nil
    if err or turn.window or turn.model.context then
      fits, cause = window.fit(turn, err)
    end
    if not fits then
      return nil, cause
    end
    reply, err = turn.engine:complete(turn)
  until not err or err.code ~= "ERR_CONTEXT"
  turn:was_answered()
  return reply, err
end

-- For people; what the model gets back of its thoughts is in its message. COMPAT: a recorded reply may have
-- them as a text.
local function thoughts_of(turn, reply)
  if reply.thoughts or not reply.reasoning then
    return reply.thoughts
  end
  local text = strings.shortened(reply.reasoning, THOUGHTS)
  return { blob = turn.tx:blob(text), bytes = #text }
end

local function next_reply(turn)
  local recorded = recorded_reply(turn)
  if recorded then
    return recorded
  end
  turn.tree:rest()
  local reply, err = live_reply(turn)
  local awake, cause = turn.tree:wake()
  if err and err.budget and awake then
    turn:reached(err.budget)
    return nil, debug_hooks.rule(turn, err.budget)
  elseif err and err.paused and awake then
    turn:pause(err.paused)
    return nil
  elseif not reply then
    return nil, cause or err -- without either the turn has come to its outcome
  end
  local repairs = call_repairs.apply(reply, turn.generation, turn.role, turn.tree)
  if turn.generation.roles[turn.role].about.output then
    output.judge(turn, reply)
  end
  if not reply.is_recorded and (#reply.calls == 0 or reply.finish == "length") then
    reply.nudge = nudges.words(turn, reply)
  end
  local asked = not reply.usage.estimated and usages.asked(turn:request()) or nil
  local model = chain.of(turn.model, reply.by)
  local body = {
    asked = asked, convo = turn:say(reply.message), usage = reply.usage, finish = reply.finish,
    model = model.name, instead = reply.instead, money = usages.money(model.price, reply.usage),
    price = model.price, took = reply.took, attempt = reply.attempt, dialect = reply.dialect,
    repaired = reply.repaired, problem = reply.problem, output = reply.output,
    hedged = reply.hedged, repairs = repairs, nudge = reply.nudge, thoughts = thoughts_of(turn, reply),
  }
  turn:spend(body)
  note_count(turn, body)
  turn:record("step.reply", body)
  turn:billed()
  return reply, cause or async.canceled()
end

-- What was wrong with a reply that called no tool, or with its calls.
local function nudge(turn, reply)
  local recorded = turn.tape:take("turn.nudged")
  if recorded then
    turn:resay(recorded.convo)
  else
    local words = reply.nudge or reply.problem or nudges.unrecorded(turn)
    turn:record("turn.nudged", { convo = turn:say(cjson.encode({ role = "user", content = words })) })
  end
end

-- ---- its calls ----

-- What a turn may make of them is counted, across interruptions.
local function count_again(turn, operations)
  for _, done in ipairs(operations or {}) do
    if done.op == "card.create" and done.hash then
      turn:count_card()
    elseif done.op == "card.comment" and done.hash then
      turn:count_comment()
    end
  end
end

---Takes the answer of the journal when there is one: true, then the call is settled.
local function replay_call(turn, request)
  local result, kind = turn.tape:outcome()
  if not result then
    return false -- at most allowed, but no effect is recorded: judged and performed again below
  end
  local text = cjson.decode(turn:resay(result.convo)).content
  if result.proposal then
    turn:propose(result.proposal)
  end
  if result.progress == true then
    turn:progressed()
  end
  if kind == "call.refused" then
    turn:count_refusal()
  else
    result_paging.keep(turn, nil, result.rest)
    count_again(turn, result.operations)
    if turn.card.type == "plan" then
      turn_plan.recall(turn, result.operations)
    end
    call_record.count(turn, request, result.ok, text)
  end
  return true
end

local function settle_call(turn, request)
  if replay_call(turn, request) then
    return true
  end
  local settled = pipeline.call(turn, request)
  turn.tape:leave() -- what it still has was said about this call: another one must not find it
  return settled.kind ~= "error" or nil, settled.err
end

-- Whether the model hears what was wrong: not when the turn ends with this reply.
local function is_nudged(turn, reply)
  local is_wrong = #reply.calls == 0 or reply.problem or reply.nudge
  return is_wrong and turn.silent <= (turn.nudges_most or math.huge)
end

---One model request and everything it asked for.
---@param turn Turn
---@return boolean|nil go_on  false: there is a proposal, or the turn is parked
---@return Error|nil err
function M.take(turn)
  local reply, err = next_reply(turn)
  if err then
    return nil, err
  elseif turn.outcome then
    return false -- there was no room for the request, or its model pauses
  end
  turn:replied(reply)
  for _, request in ipairs(reply.calls) do
    local ok
    turn:count_call()
    ok, err = settle_call(turn, request)
    if not ok then
      return nil, err
    elseif turn.outcome then
      return false
    end
  end
  if reply.output then
    return false -- the turn ends with it
  elseif #reply.calls == 0 and turn.card.type == "plan" and talk.answered(turn, reply) then
    return false
  end
  turn:count_silent(reply)
  if is_nudged(turn, reply) then
    nudge(turn, reply)
  end
  turn:count_stalled(#reply.calls)
  return not turn.proposal
end

return M
