-- window.lua: a conversation that grows until it no longer fits into the window of its model is made shorter
-- before it is sent (turn/context/compact.lua). What it begins with is written anew then, of the card as it
-- is by now: the rules, the card's state, what a person answered and the requirements stand in every request.
-- What was done is an event, so that a turn that goes on after an interruption, a fork and a replay send the
-- same bytes. Without a window (`context` of a model's profile) nothing of this is loaded, until a server
-- says that a request was too long.

local cjson = require("cjson")
local compact = require("orket.turn.context.compact")
local media = require("orket.llm.media")
local result_paging = require("orket.turn.context.result_paging")
local summaries = require("orket.turn.context.summary")
local usage = require("orket.llm.usage")

local M = {}

local AT = 85            -- percent of what is left for a request: more is made shorter
local HALF = 0.5         -- of the room beside the pins is left after that
local WHOLE = 2          -- newest steps whose results are shortened last
local RESERVE = 4096     -- tokens of a reply, where the profile says no max_tokens
local FIRST = 0.4        -- tokens of a byte as long as no reply told
local LEAST = 0.15       -- surely no fewer
-- what was counted once varies; what is new may be denser than what was counted
local MARGIN, DENSE = 1.15, 0.4
local TRIES = 4          -- refusals of one request

-- ---- how much it is, and how much fits ----

local function has_block(past)
  return past ~= nil and (past.steps or 0) > 0
end

local function bytes_of(turn)
  return usage.asked(turn:request())
end

-- Tokens of a byte of this conversation, guessed high.
local function rate_of(turn)
  local known = turn.counted
  local factor = turn.window and turn.window.factor or 1
  return (known and known.tokens / known.bytes * MARGIN or FIRST) * factor
end

local function need_of(turn, bytes)
  local known, rate = turn.counted, rate_of(turn)
  if known and bytes > known.bytes and not (turn.window and turn.window.factor) then
    return math.ceil(known.tokens + (bytes - known.bytes) * math.max(rate, DENSE))
  end
  return math.ceil(bytes * rate)
end

---How many tokens a request may have.
---@param turn Turn
---@return integer|nil
local function limit_of(turn)
  local context = turn.window and turn.window.limit or turn.model.context
  if not context then
    return nil
  end
  local reserve = turn.model.max_tokens or math.min(RESERVE, context // 4)
  return context - math.min(reserve, context // 2)
end

-- A server has said that a request was too long: its own numbers count, or else our guess was too low.
local function learn(turn, told)
  local own, bytes = turn.window or {}, bytes_of(turn)
  turn:leave_out(own)
  if told.limit then
    own.limit = math.min(told.limit, own.limit or turn.model.context or told.limit)
  end
  if told.asked then
    turn:count_tokens(bytes, told.asked)
  end
  local limit, need = limit_of(turn), need_of(turn, bytes)
  if limit and need <= limit then
    own.factor = (own.factor or 1) * 1.2 * limit / need
  end
end

-- ---- it does not fit ----

local function cure(turn)
  return "shorten the card, or raise `context` of models." .. turn.model.name
    .. " or name a model with a larger one, then orket retry " .. turn.card.id
end

local FULL = "the card, its rules and the newest step need about %d tokens, and %d fit into a request to %s"

-- Not even the pins and the newest step fit, or nobody says how much would.
local function give_up(turn, need, limit, told)
  local name = turn.model.name
  local why, fix
  if limit then
    why, fix = FULL:format(need, limit, name), cure(turn)
  else
    why = "a request did not fit: " .. (told and told.said or "the server does not say how much would")
    fix = "set `context` of models." .. name .. ", then orket retry " .. turn.card.id
  end
  turn:record("window.full", { rule = "window.full", why = why, fix = fix, need = need, limit = limit,
    told = told })
  turn:come_to({ kind = "parked", status = "blocked", reason = "resource", why = "ERR_CONTEXT: " .. why })
  return false
end

-- ---- what is left out ----

-- Results of a step become lines; answers how many bytes that saves.
local function shorten(turn, plan, step)
  local saved = 0
  for _, call in ipairs(step.calls) do
    local at = step.results[call.id]
    local line, handle = nil, nil
    if at then
      line, handle = compact.line_of(plan.messages[at], function()
        plan.names = plan.names or compact.names(turn.messages)
        return result_paging.hold(turn, plan.names[at], plan.rests)
      end)
    end
    plan.handles[at or 0] = handle
    if line then
      saved = saved + media.weight(plan.messages[at]) - #line
      plan.messages[at], plan.folded = line, plan.folded + 1
    end
  end
  step.bytes = step.bytes - saved
  return saved
end

-- What is there now: sizes in bytes.
local function plan_of(turn, limit)
  local plan = {
    messages = table.move(turn.messages, 1, #turn.messages, 1, {}),
    steps = compact.steps(turn.messages, turn.head),
    handles = {}, rests = {}, folded = 0, dropped = 0,
  }
  local past, rate = turn.window, rate_of(turn)
  local before = has_block(past) and #cjson.encode(compact.block(past)) or 0
  local all = bytes_of(turn)
  local base = all - before
  for _, step in ipairs(plan.steps) do
    base = base - step.bytes
  end
  local most = math.floor(limit * (turn.model.compact_at or AT) / 100 / rate)
  plan.room = math.max(0, most - base)
  plan.size, plan.most, plan.target = all, math.floor(limit / rate), math.floor(base + plan.room * HALF)
  plan.before = before
  return plan
end

-- Bytes of the block, of its summary, and of its list.
local function parts_of(plan)
  return math.max(256, math.min(4000, plan.room // 8)), math.max(256, math.min(4000, plan.room // 8))
end

local function shorten_older(turn, plan)
  for i = 1, #plan.steps - WHOLE do
    if plan.size <= plan.target then
      return
    end
    plan.size = plan.size - shorten(turn, plan, plan.steps[i])
  end
end

local function drop_older(plan)
  if plan.size <= plan.target then
    return
  end
  local summary, lines = parts_of(plan)
  plan.size = plan.size + math.max(0, 400 + summary + lines - plan.before)
  while plan.dropped < #plan.steps - 1 and plan.size > plan.target do
    plan.dropped = plan.dropped + 1
    plan.size = plan.size - plan.steps[plan.dropped].bytes
  end
end

local function shorten_newest(turn, plan)
  for i = math.max(plan.dropped, #plan.steps - WHOLE) + 1, #plan.steps do
    if plan.size <= plan.most then
      return
    end
    plan.size = plan.size - shorten(turn, plan, plan.steps[i])
  end
end

-- What is known of the steps that are left out, these and those before.
local function past_of(turn, plan)
  local own = turn.window or {}
  local lines = table.move(own.lines or {}, 1, #(own.lines or {}), 1, {})
  for i = 1, plan.dropped do
    compact.add_lines(plan.steps[i], plan.messages, plan.handles, lines)
  end
  local _, room = parts_of(plan)
  local kept, before = compact.newest(lines, room)
  return {
    steps = (own.steps or 0) + plan.dropped, lines = kept, before = (own.before or 0) + before,
    summary = own.summary, marks = own.marks,
    limit = own.limit, factor = own.factor,
  }
end

-- ---- the conversation from here on ----

-- The first messages as they are written now. What may be written stays what it was when the turn began.
local function pins_of(turn)
  local prompt, err = turn.engine:prompt(turn)
  turn:rank(nil) -- the next ones may be about other words
  return prompt, err
end

local function say_all(turn, messages)
  turn:clear()
  for _, text in ipairs(messages) do
    turn:say(text)
  end
end

local function last_name(messages)
  return compact.names(messages)[#messages]
end

-- Puts it in the place of the one before; false when it is the same.
local function replace(turn, pins, past, tail, body)
  local head = has_block(past) and compact.headed(pins, compact.block(past)) or pins
  local messages = table.move(tail, 1, #tail, #head + 1, table.move(head, 1, #head, 1, {}))
  if last_name(messages) == turn.convo then
    return false
  end
  say_all(turn, messages)
  turn:leave_out(past)
  turn:prompted(last_name(pins), #head)
  body.convo, body.head, body.pins = turn.convo, turn.head, turn.pins
  body.steps, body.before, body.summary = past and past.steps, past and past.before, past and past.summary
  body.marks = past and past.marks
  body.lines = past and past.lines and setmetatable(past.lines, cjson.array_mt)
  turn:record("window.compacted", body)
  return true
end

-- What is left out in short, in the words of the summariser; on disk before anything is made of it.
local function sum_up(turn, plan, past, told)
  if plan.dropped == 0 or turn.model.summarise == false then
    return true
  end
  local span = { first = plan.steps[1].first, last = plan.steps[plan.dropped].last }
  local summary, err = summaries.of(turn, span, (parts_of(plan)), told)
  if not summary then
    return nil, err
  end
  plan.why = summary.why
  if summary.text then
    past.summary, past.marks = summary.text, turn.marks or past.marks
  end
  return turn:save(true)
end

local function shorter(turn, limit, told)
  local need = need_of(turn, bytes_of(turn))
  local plan = plan_of(turn, limit)
  shorten_older(turn, plan)
  drop_older(plan)
  shorten_newest(turn, plan)
  local past = past_of(turn, plan)
  local ok, failed = sum_up(turn, plan, past, told)
  if not ok then
    return nil, failed
  end
  local revision = turn.card.revision
  local prompt, err = pins_of(turn)
  if not prompt then
    return nil, err
  end
  turn:pin(revision)
  local first = plan.steps[plan.dropped + 1]
  local tail = table.move(plan.messages, first and first.first or #plan.messages + 1, #plan.messages, 1, {})
  local changed = replace(turn, prompt.messages, past, tail, {
    need = need, limit = limit, folded = plan.folded, rests = next(plan.rests) and plan.rests or nil,
    told = told, why = plan.why,
  })
  turn:label(prompt.marks, "prompt")
  local bytes = bytes_of(turn)
  if bytes * LEAST > limit or told and not changed then
    return give_up(turn, need_of(turn, bytes), limit, told)
  end
  return turn:save(true)
end

-- Somebody has changed the card since its words were written.
local function refresh(turn)
  local revision = turn.card.revision
  local prompt, err = pins_of(turn)
  if not prompt then
    return nil, err
  end
  turn:pin(revision)
  local tail = table.move(turn.messages, turn.head + 1, #turn.messages, 1, {})
  replace(turn, prompt.messages, turn.window, tail, { refreshed = true })
  turn:label(prompt.marks, "prompt")
  return true
end

-- ---- what is asked for ----

local function again(turn, body)
  if body.told then
    learn(turn, body.told)
  end
  local own = turn.window or {}
  turn:take_up(body.convo, body.pins, math.tointeger(body.head))
  turn:rank(nil)
  result_paging.again(turn, body.rests)
  turn:leave_out({
    steps = math.tointeger(body.steps or nil), before = math.tointeger(body.before or nil),
    lines = body.lines,
    summary = body.summary, marks = body.marks, limit = own.limit, factor = own.factor,
  })
end

---What the journal says was done here next. A summary of which nothing was made yet is left to `fit`.
---@param turn Turn
---@return boolean any
function M.take(turn)
  local summed = turn.tape:peek(1) and turn.tape:take("window.summarised")
  local ranked = turn.tape:take("memory.ranked") -- for the words of the card as they were written anew
  for _, paid in ipairs({ summed or ranked, summed and ranked }) do
    turn:spend(paid)
  end
  if ranked then
    turn:rank(ranked)
  end
  local body = turn.tape:take("window.compacted")
  if body then
    again(turn, body)
  end
  return (body or ranked or summed) ~= nil
end

-- A summary in the journal that was made since a server had refused the request.
local function told_before(turn)
  local event = turn.tape:peek()
  return event and event.kind == "window.summarised" and event.body.told or nil
end

---Makes the next request fit.
---@param turn Turn
---@param refused Error|nil  ERR_CONTEXT: its server has said that it does not
---@return boolean|nil ok  false: the turn is parked
---@return Error|nil
function M.fit(turn, refused)
  local told = refused and refused.told or told_before(turn)
  if told then
    turn:refused_as_too_long()
    told.said = told.said or refused and refused.message
    learn(turn, told)
  end
  local limit = limit_of(turn)
  if told and (not limit or turn.too_long > TRIES) then
    return give_up(turn, need_of(turn, bytes_of(turn)), limit, told)
  elseif not limit then
    return true
  elseif told or need_of(turn, bytes_of(turn)) * 100 > limit * (turn.model.compact_at or AT) then
    return shorter(turn, limit, told)
  elseif turn.engine:is_changed(turn) then
    return refresh(turn)
  end
  return true
end

return M
