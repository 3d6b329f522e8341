-- reasons.lua: why something happened: an event followed back through its turn, link by link, to the prompt
-- that began it. Everything is read from the journal; a chain with a link missing says which.
--
--   prompt -> reply -> parse -> rule -> approval? -> effect        what a call did
--   prompt -> reply -> [parse -> rule] -> route -> effect          how a turn ended
--   prompt -> [reply -> [parse -> rule]] -> rule -> effect         what a cap or a limit ended
--   ... -> engine -> effect                                        what a card was parked for
--   claim -> effect | person -> effect | engine -> effect          what no model had a part in
--   hand-in -> verdict -> engine -> effect                         what a verification came to

local cjson = require("cjson")
local prefix = require("orket.history.fork.prefix")
local reports = require("orket.reports.reports")
local test_report = require("orket.verification.test_report")

local M = {}

-- What a turn does while it ends, after its calls: proposed by a call or by the role's route.
local ENDING = { ["card.moved"] = true, ["card.changed"] = true, ["memory.noted"] = true,
  ["memory.refused"] = true, ["tree.merged"] = true,
  ["tree.conflict"] = true }
-- What happens for a call, while it runs.
local IN_CALL = { ["call.allowed"] = true, ["call.refused"] = true, ["call.result"] = true,
  ["operation.refused"] = true, ["operation.intended"] = true, ["operation.done"] = true,
  ["file.written"] = true,
  ["file.deleted"] = true, ["comment.added"] = true, ["card.created"] = true, ["card.credits"] = true,
  ["card.nominated"] = true, ["refinement.proposed"] = true, ["approval.asked"] = true,
  ["approval.answered"] = true,
  ["approval.settled"] = true, ["command.ran"] = true, ["egress.request"] = true,
  ["operation.uncertain"] = true,
  ["operation.answered"] = true }
-- The words of the conversation, and the turn's own frame.
local FRAME = { ["turn.started"] = true, ["turn.prompted"] = true, ["turn.nudged"] = true,
  ["step.reply"] = true,
  ["window.compacted"] = true, ["window.summarised"] = true, ["memory.ranked"] = true,
  ["step.failed"] = true, ["turn.failed"] = true, ["turn.ended"] = true, ["turn.abandoned"] = true }

-- What ended a turn that wanted to go on.
local LIMIT = { ["turn.looped"] = true, ["window.full"] = true, ["budget.reached"] = true }

-- A person's, in the stream of the turn that asked.
local ANSWERS = { ["approval.answered"] = true, ["operation.answered"] = true }

local OPERATION_OF = { ["file.written"] = "fs.write", ["file.deleted"] = "fs.delete",
  ["comment.added"] = "card.comment",
  ["card.created"] = "card.create", ["card.credits"] = "card.credits", ["card.nominated"] = "card.nominate",
  ["refinement.proposed"] = "card.refine", ["command.ran"] = "proc.run" }

local function last(events, upto, kind, fits)
  for i = upto, 1, -1 do
    if events[i].kind == kind and (not fits or fits(events[i])) then
      return events[i], i
    end
  end
end

local function link(name, event, fields)
  fields.link, fields.event = name, event.seq
  return fields
end

-- ---- the links ----

local function prompt(events, at)
  local started, prompted = last(events, at, "turn.started"), last(events, at, "turn.prompted")
  return started and prompted and link("prompt", prompted, {
    hash = prompted.body.convo, role = started.body.role, seat = started.body.seat,
    generation = started.body.generation, engine = started.body.engine, arm = started.body.arm,
  })
end

local function reply(events, at)
  local said = last(events, at, "step.reply")
  return said and link("reply", said, {
    hash = said.body.convo, model = said.body.model, usage = said.body.usage, step = said.step,
  }), said
end

local function parse(store, said, call)
  local asked = said and reports.asked_for(store:message(said.body.convo), call)
  return asked and link("parse", said, {
    call = call, tool = asked.name, arguments = asked.arguments, dialect = said.body.dialect or "native",
  })
end

local function is_of(call)
  return function(event)
    return event.body.call == call
  end
end

local function rule(events, at, call)
  local allowed = last(events, at, "call.allowed", is_of(call))
  if allowed then
    return link("rule", allowed, { decision = "allow", rule = "gate.allow",
      operation = allowed.body.operation })
  end
  local refused = last(events, at, "call.refused", is_of(call)) or last(events, at, "approval.asked",
    is_of(call))
  return refused and link("rule", refused, {
    decision = refused.body.decision or refused.kind == "approval.asked" and "ask" or "deny",
    rule = refused.body.rule, why = refused.body.why, where = refused.body.where,
  })
end

-- What was asked about the call last, who answered, and what that came to.
local function approval(events, at, call)
  local asked, from = last(events, at, "approval.asked", is_of(call))
  local answered, settled
  for i = from or at, asked and #events or 0 do
    answered = answered or events[i].kind == "approval.answered" and events[i] or nil
    settled = settled or events[i].kind == "approval.settled" and events[i] or nil
  end
  return asked and link("approval", answered or asked, {
    answer = answered and answered.body.answer or "pending", by = answered and answered.actor,
    rule = asked.body.rule, asked = asked.seq, outcome = settled and settled.body.outcome,
  })
end

-- How many effects of the same kind the call has had, this one included.
local function ordinal(events, at)
  local place = 0
  for i = at, 1, -1 do
    if events[i].kind == "call.allowed" then
      break
    end
    place = place + (events[i].kind == events[at].kind and 1 or 0)
  end
  return place
end

-- The permit of an effect: its place among the effects of its kind is that among the call's operations.
local function permit(events, at)
  local kind, place, result = OPERATION_OF[events[at].kind], ordinal(events, at), nil
  for i = at, #events do
    result = result or events[i].kind == "call.result" and events[i].body
  end
  for _, done in ipairs(kind and result and result.operations or {}) do
    place = place - (done.op == kind and done.hash and 1 or 0)
    if place == 0 then
      return done.hash
    end
  end
end

local function effect(event, hash)
  local body = event.body
  return link("effect", event, {
    kind = event.kind, card = event.card, actor = event.actor, permit = hash, path = body.path,
    blob = body.blob, from = body.from, to = body.to, why = body.why,
    tests = event.kind == "verify.done" and body.counts and test_report.summary(body.counts) or nil,
  })
end

-- ---- the chains ----

-- The question that was answered.
local function question(events, at, n)
  for i = at, 1, -1 do
    if events[i].n == n then
      return events[i]
    end
  end
end

-- The call that an event belongs to: the one it names, or its question does, or the one that was allowed
-- last.
local function call_of(events, at)
  local body = events[at].body
  local asked = body.ask and question(events, at, tonumber(body.ask:match("%d+$")))
  local allowed = last(events, at, "call.allowed")
  return body.call or asked and asked.body.call or allowed and allowed.body.call
end

-- The call whose proposal the turn ended with, if a tool proposed one.
local function proposer(events, at)
  local result = last(events, at, "call.result", function(event)
    return event.body.proposal ~= nil
  end)
  return result and result.body.call
end

-- A chain grows by what is found; what is not there is named.
local function need(chain, name, found)
  local into = found and chain.links or chain.missing
  into[#into + 1] = found or name
  return chain
end

local function said_so(chain, events, at)
  need(chain, "prompt", prompt(events, at))
  local first, said = reply(events, at)
  need(chain, "reply", first)
  return said
end

local function of_call(chain, store, events, at, call)
  local said = said_so(chain, events, at)
  need(chain, "parse", parse(store, said, call))
  need(chain, "rule", rule(events, at, call))
  chain.links[#chain.links + 1] = approval(events, at, call)
  if events[at].kind == "operation.refused" then
    local body = events[at].body
    need(chain, "rule", link("rule", events[at], { decision = body.decision or "deny", rule = body.rule,
      where = body.where }))
  end
end

local function of_ending(chain, store, events, at)
  local call = proposer(events, at)
  if call then
    of_call(chain, store, events, at, call)
  else
    said_so(chain, events, at)
  end
  local started = last(events, at, "turn.started")
  need(chain, "route", started and link("route", started, {
    role = started.body.role, generation = started.body.generation,
  }))
end

-- A turn gets the labels of what it is shown: by its prompt, or by a call.
local function of_labels(chain, store, events, at)
  local from = events[at].body.from
  if from == "prompt" then
    return need(chain, "prompt", prompt(events, at))
  end
  of_call(chain, store, events, at, from)
end

-- What a cap, or a limit of the turn, put an end to: a request, or what a call was writing.
local function of_limit(chain, store, events, at)
  local allowed, from = last(events, at, "call.allowed")
  if allowed and not last(events, at, "call.result",
    function(event) return event.seq > events[from].seq end) then
    of_call(chain, store, events, at, allowed.body.call)
  else
    chain.links[1] = prompt(events, at)
    chain.links[#chain.links + 1] = (reply(events, at))
  end
  local body = events[at].body
  need(chain, "rule", body.rule and link("rule", events[at],
    { decision = "deny", rule = body.rule, why = body.why, where = body.where }))
end

-- What the engine parked the card for: the question right before, or what ended the turn in its last step.
local function parked_for(events, at)
  local event = events[at]
  if event.kind ~= "card.moved" or event.body.role ~= "system" then
    return nil
  end
  local before = at > 1 and events[at - 1].kind
  if before == "approval.asked" or before == "operation.uncertain" then
    return at - 1
  end
  for i = at - 1, 1, -1 do
    if LIMIT[events[i].kind] then
      return i
    elseif events[i].kind == "step.reply" then
      return nil
    end
  end
end

local function person(event)
  local name = (event.actor or ""):match("^human:(.*)")
  return name and link("person", event, { by = name, why = event.body.why or event.body.text })
end

local function is_claim(event)
  return event.kind == "card.moved" and event.body.to == "in_progress" and event.step == 0
end

local function in_turn(chain, store, events, at)
  local event, cause = events[at], parked_for(events, at)
  if cause then
    in_turn(chain, store, events, cause)
    need(chain, "engine", link("engine", event, { why = event.body.why }))
  elseif is_claim(event) then
    need(chain, "claim", link("claim", event, { why = "a seat of the team took a ready card" }))
  elseif FRAME[event.kind] then
    chain.links[1] = prompt(events, at)
    chain.links[#chain.links + 1] = (reply(events, at - 1))
  elseif ENDING[event.kind] then
    of_ending(chain, store, events, at)
  elseif IN_CALL[event.kind] then
    of_call(chain, store, events, at, call_of(events, at))
    chain.links[#chain.links + 1] = event.kind == "operation.answered" and person(event) or nil
  elseif LIMIT[event.kind] then
    of_limit(chain, store, events, at)
  elseif event.kind == "turn.labelled" then
    of_labels(chain, store, events, at)
  else
    need(chain, "engine", link("engine", event, { why = event.body.why }))
  end
end

local LOOK_BACK = 500 -- newest events of a kind that are looked through

local function newest_before(store, event, kind, fits)
  local found
  for _, one in ipairs(store:read("last_events", { card = event.card, kind = kind, limit = LOOK_BACK })) do
    if one.seq < event.seq and fits(one) and (not found or one.seq > found.seq) then
      found = one
    end
  end
  return found
end

-- A verdict follows from the work that was handed in, and the engine moves the card by it.
local function verified(chain, store, event)
  local verdict = event.kind == "verify.done" and event or newest_before(store, event, "verify.done",
    function()
    return true
  end)
  local handed = verdict and newest_before(store, verdict, "card.moved", function(one)
    return one.body.to == "ready_for_testing"
  end)
  if handed then
    chain.links[1] = link("hand-in", handed, { from = handed.body.from, to = handed.body.to,
      why = handed.body.why, by = handed.actor })
  end
  if verdict and verdict ~= event then
    local counts = verdict.body.counts
    chain.links[#chain.links + 1] = link("verdict", verdict, { ok = verdict.body.ok,
      tests = counts and test_report.summary(counts) })
  end
end

local function is_by_verdict(event)
  return event.kind == "verify.done"
    or event.kind == "card.moved" and event.body.from == "ready_for_testing" and event.actor == "system"
end

local function outside(chain, store, event)
  if is_by_verdict(event) then
    verified(chain, store, event)
  end
  need(chain, "engine", person(event) or link("engine", event, { why = event.body.why or event.body.text }))
end

local function position(events, event)
  for i, one in ipairs(events) do
    if one.seq == event.seq then
      return i
    end
  end
end

---The causal chain of an event.
---@param store Store
---@param event table as the query `event` answers it
---@param events table[]|nil the turn's, when they are at hand
---@return {event: table, chain: table[], complete: boolean, missing: string[]}
function M.why(store, event, events)
  local is_turn = math.type(event.turn) == "integer" and event.turn > 0
    and (ANSWERS[event.kind] or not (event.actor or ""):find("^human:"))
  events = is_turn and (events or prefix.events(store, event.run, event.turn)) or {}
  local at, chain = position(events, event), { links = {}, missing = setmetatable({}, cjson.array_mt) }
  if at then
    in_turn(chain, store, events, at)
  else
    outside(chain, store, event)
  end
  need(chain, "effect", effect(event, at and permit(events, at)))
  return { event = event, chain = chain.links, complete = #chain.missing == 0, missing = chain.missing }
end

local EFFECTS = { ["file.written"] = true, ["file.deleted"] = true, ["comment.added"] = true,
  ["card.created"] = true,
  ["card.credits"] = true, ["card.nominated"] = true, ["refinement.proposed"] = true, ["card.moved"] = true,
  ["card.changed"] = true, ["memory.noted"] = true, ["memory.refused"] = true, ["tree.merged"] = true,
  ["operation.done"] = true, ["command.ran"] = true }

---The effects of a run whose chain has a link missing.
---@param store Store
---@param run string
---@return table[] incomplete as `why` answers them
---@return integer effects how many there are
function M.incomplete(store, run)
  local incomplete, count = {}, 0
  for _, turn in ipairs(store:read("turns", { run = run })) do
    local events = prefix.events(store, run, turn.turn)
    for _, event in ipairs(events) do
      if EFFECTS[event.kind] then
        event.run, event.turn, count = run, turn.turn, count + 1
        local reason = M.why(store, event, events)
        incomplete[#incomplete + 1] = not reason.complete and reason or nil
      end
    end
  end
  return incomplete, count
end

return M
