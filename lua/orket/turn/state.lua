-- state.lua: a running turn: all that is known of it from its first step to its outcome. Every field is
-- declared and initialised here, and only the methods of this file write one (tests/floors.lua holds that);
-- other files call a method that says what happened. What a turn writes into the journal is in
-- turn/journal.lua, the other half of the class.

local autonomy = require("orket.governance.autonomy")
local cjson = require("cjson")
local hash = require("orket.core.hash")
local labels = require("orket.governance.labels")
local sys = require("orket.core.sys")
local tape = require("orket.turn.tape")
local usage = require("orket.llm.usage")

---@alias OutcomeKind
---| "asked"      a person has to answer `question` first; the turn stays open
---| "capped"     `cap` is reached, or a pause is not over; the turn stays open
---| "parked"     the card is parked with `status`, `reason` and `why`, and the turn ends
---| "uncertain"  no event says whether the operation of `intent` happened

---@class Outcome why the turn's work is over before its model has made a proposal
---@field kind OutcomeKind
---@field question table|nil body of approval.asked
---@field cap table|nil body of budget.reached or model.paused
---@field status string|nil
---@field reason string|nil
---@field why string|nil
---@field intent table|nil body of operation.intended

-- An outcome takes the place of a weaker one: a turn that stays open does not end as well.
local RANK = { parked = 1, capped = 2, asked = 3, uncertain = 4 }

---@class Spent what a turn has cost, see llm/usage.lua
---@field tokens_in integer
---@field tokens_out integer
---@field calls integer
---@field money integer millionths of the currency
---@field took integer ms

---@class Proposal the transition that the turn proposes
---@field status string
---@field reason string|nil
---@field why string|nil
---@field seat string|nil

---@class Turn
--- identity: what the turn began with
---@field engine table
---@field run string
---@field number integer in its run
---@field card table {id, type, status, revision, …}, the board's own
---@field seat string
---@field role string
---@field review boolean
---@field model table
---@field models Models|nil
---@field generation table the scripts that serve it
---@field arm Arm|nil where prompts are compared
---@field past Past|nil that the models node was told
---@field limits table
---@field autonomy "ask_all"|"ask_risky"|nil
---@field policy fun(call: GateCall, operation: table?, permit: GatePermit?): GateVerdict?
---@field tree table|nil the card's directory, while it is open
---@field servers table|nil open MCP sessions
--- journal: what is written down next
---@field stream StoreStream
---@field tape table answers of the journal, when it was interrupted
---@field tx StoreTx what was recorded since the last save
---@field fresh table<string, string>|nil bytes of blobs in it, by name
---@field unsaved boolean a billed reply is in it
---@field paid_for any|nil mark in it, after the last billed reply
---@field broken Error|nil why a save failed that nobody waited for
--- conversation
---@field step integer|nil
---@field messages string[] as JSON
---@field convo string|nil name of the last message
---@field conventions Conventions|nil how its repository wants to be worked on
---@field attached Attached[]|nil files that the call under way shows
---@field skills Skill[]|nil that its repository has
---@field head integer|nil how many messages the conversation begins with
---@field pins string|nil name of the last message of the prompt
---@field pinned integer|nil revision of the card of which the prompt was made
---@field window table|nil what was left out, and what is known of the model's window
---@field counted {bytes: integer, tokens: integer}|nil of a request, as a server counted
---@field too_long integer refusals of the next request, which did not fit
---@field ranked table|nil body of memory.ranked, until the words are written that it is for
---@field scoped string[]|false|nil paths that the card may write; false: all, nil: not read yet
---@field rests (string|{message: string})[] results that may be read on, by handle
---@field reply table|nil the last one
---@field talks boolean|nil it is a conversation with a person; nil: not read yet
--- progress
---@field seen table<string, true> hashes of results
---@field effects {tool: string, ok: boolean}[] calls that were performed
---@field proposal Proposal|nil
---@field judged_from string|nil status of the card from which the proposal was found legal
---@field planned string|nil status in which a performed operation ends a plan
---@field progress boolean this step brought something new
---@field looked integer calls of this step that only look at what others change
---@field stalled integer steps in a row that came to nothing new
---@field waited integer steps in a row that only looked
---@field silent integer replies in a row without a call
---@field nudges_most integer|nil of them; nil: the turn began before there was a limit
---@field tool_calls integer
---@field refusals integer
---@field created integer cards
---@field comments integer
---@field outcome Outcome|nil nil: the work goes on
--- the call that is performed
---@field again boolean an interrupted turn may have performed it already
---@field mark any|nil mark in `tx` before it
---@field met string[]|nil labels of what it has read
--- budget
---@field spent Spent
---@field paid Spent by the run that it was forked from
---@field counts_disk boolean
---@field caps table|nil above its requests, and in `disk` above its files
---@field since number|nil monotonic seconds: when its time was counted last
---@field pauses integer that its model asked for in a row
---@field outages integer met in a row
---@field outage string|nil when the last of them began
--- labels
---@field labels table<string, true> that it bears
---@field marks string[]|nil the same as a sorted list
local Turn = {}
Turn.__index = Turn

---@class TurnJob
---@field card table
---@field seat string
---@field role string
---@field review boolean
---@field number integer of the turn, in its run
---@field model table
---@field models Models|nil who chooses others for it
---@field generation table the scripts that serve it
---@field arm Arm|nil where prompts are compared
---@field past Past|nil that the models node was told
---@field tape table[]|nil the events of an interrupted turn
---@field paid Spent|nil by the run that it was forked from

---A turn that has done nothing yet.
---@param engine table
---@param job TurnJob
---@param began {nudges: integer|nil, conventions: Conventions|nil, skills: Skill[]|nil}  what holds for it
---  from its beginning on
---@return Turn
function Turn.new(engine, job, began)
  local self = setmetatable({
    engine = engine, run = engine.run, number = job.number, card = job.card, seat = job.seat, role = job.role,
    review = job.review, model = job.model, models = job.models, generation = job.generation, arm = job.arm,
    past = job.past, limits = engine.limits, autonomy = autonomy.of(engine:rules(), job.role),
    tape = tape.new(job.tape), unsaved = false, messages = {}, too_long = 0, rests = {},
    seen = {}, effects = {}, progress = false, looked = 0, stalled = 0, waited = 0, silent = 0,
    nudges_most = began.nudges, conventions = began.conventions, skills = began.skills, tool_calls = 0,
    refusals = 0, created = 0, comments = 0, again = false,
    spent = usage.nothing(), paid = job.paid or usage.nothing(), counts_disk = engine:counts_disk(job.card),
    pauses = 0, outages = 0, labels = {},
  }, Turn)
  self.stream = engine.store:stream({
    run = engine.run, turn = job.number, actor = "agent:" .. job.seat, role = job.role,
  })
  self.tx = self.stream:begin()
  self.policy = engine:policy(self)
  return self
end

-- ---- identity ----

---The turn goes on with another engine of its run, and the board's card there.
---@param engine table
---@param card table
function Turn:move_to(engine, card)
  self.engine, self.card = engine, card
end

---@param tree table opened
function Turn:work_in(tree)
  self.tree = tree
end

---The same turn as other scripts would judge it.
---@param generation table
---@return Turn
function Turn:under(generation)
  local other = setmetatable({ generation = generation }, { __index = self })
  other.policy = self.engine:policy(other)
  return other
end

---The MCP sessions of the turn.
---@param make fun(): table
---@return table
function Turn:sessions(make)
  self.servers = self.servers or make()
  return self.servers
end

-- ---- journal ----

---Begins the next transaction.
---@return StoreTx tx the one before
function Turn:next_tx()
  local tx = self.tx
  self.tx, self.fresh, self.paid_for = self.stream:begin(), nil, nil
  return tx
end

---A billed reply was recorded: it is on disk before the next one is asked for.
function Turn:billed()
  self.unsaved, self.paid_for = true, self.tx:mark()
end

---Everything that was recorded is on disk, or failed.
function Turn:saved()
  self.unsaved = false
end

---A commit failed that nobody waited for. The first one says why; those after it are stale.
---@param err Error
function Turn:breaks(err)
  self.broken = self.broken or err
end

---A blob of the open transaction, which the store cannot read yet.
---@param blob string its name
---@param bytes string as they were proposed: what was judged has this name
function Turn:remember(blob, bytes)
  self.fresh = self.fresh or {}
  self.fresh[blob] = bytes
end

---@param blob string
---@return string|nil bytes  nil: the store has them
function Turn:uncommitted(blob)
  local bytes = self.fresh and self.fresh[blob]
  return bytes and hash.of(bytes) == blob and bytes or nil
end

-- ---- conversation ----

---@param text string a message as JSON
---@param convo string the conversation up to it
function Turn:append(text, convo)
  self.messages[#self.messages + 1], self.convo = text, convo
end

---The conversation begins anew.
function Turn:clear()
  self.messages, self.convo = {}, nil
end

---The conversation of the journal.
---@param convo string
---@param pins string
---@param head integer|nil default: all of it
function Turn:take_up(convo, pins, head)
  self.messages, self.convo, self.pins = self.engine.store:conversation(convo), convo, pins
  self.head = head or #self.messages
end

---What the conversation begins with was said just now.
---@param pins string
---@param head integer
function Turn:prompted(pins, head)
  self.pins, self.head = pins, head
end

---@param revision integer|nil of the card of which the prompt was made; nil: it has changed since
function Turn:pin(revision)
  self.pinned = revision
end

---@param past table|nil what was left out of the conversation
function Turn:leave_out(past)
  self.window = past
end

---How many tokens a server counted in a request.
---@param bytes integer
---@param tokens integer
function Turn:count_tokens(bytes, tokens)
  self.counted = { bytes = bytes, tokens = tokens }
end

---A server said that the next request does not fit.
function Turn:refused_as_too_long()
  self.too_long = self.too_long + 1
end

---The request was answered.
function Turn:was_answered()
  self.too_long = 0
end

---How near what is remembered is to the words that are written next.
---@param body table|nil of memory.ranked; nil: they were written
function Turn:rank(body)
  self.ranked = body
end

---@param scope string[]|nil paths that the card may write; nil: all
function Turn:limit_scope(scope)
  self.scoped = scope or false
end

---The paths that the card says it may write, as its file has them; nil: all. They are part of the view that a
---turn begins with; one that goes on reads them once, by its first call.
---@return string[]|nil
function Turn:scope()
  if self.scoped == nil then
    local row = self.engine.store:read("card_scope", { id = self.card.id })[1]
    self:limit_scope(row and row.scope)
  end
  return self.scoped or nil
end

---@param rest string|{message: string} a blob, or a message
---@return string handle under which it may be read
function Turn:hold(rest)
  self.rests[#self.rests + 1] = rest
  return "r" .. #self.rests
end

---Is it a turn of a conversation with a person?
---@return boolean
function Turn:is_talk()
  if self.talks == nil then
    local params = self.engine.store:read("card", { id = self.card.id })[1].data.params
    self.talks = (params.planning or {}).talk ~= nil
  end
  return self.talks
end

---@param reply table
function Turn:replied(reply)
  self.reply = reply
end

-- ---- progress ----

---@param number integer
function Turn:begin_step(number)
  self.step, self.progress, self.looked = number, false, 0
end

---Something came into being; the same once more is no progress.
---@param what string
function Turn:made(what)
  local key = hash.of(what)
  self.progress = self.progress or not self.seen[key]
  self.seen[key] = true
end

---A call of this step brought something new, as the journal has it.
function Turn:progressed()
  self.progress = true
end

---@param proposal Proposal
---@param from string|nil status of the card from which the state machine has found it legal; nil: it was not
---  asked
function Turn:propose(proposal, from)
  self.proposal, self.judged_from = proposal, from
end

---True when the state machine has found the proposal legal for the card as it is. How a plan ends depends on
---more.
---@param proposal Proposal
---@return boolean
function Turn:is_judged(proposal)
  return proposal == self.proposal and self.judged_from == self.card.status and self.card.type ~= "plan"
end

---An operation was performed that ends a plan.
---@param status string
function Turn:plan_ends(status)
  self.planned = status
end

function Turn:count_call()
  self.tool_calls = self.tool_calls + 1
end

function Turn:count_refusal()
  self.refusals = self.refusals + 1
end

---@return integer cards that the turn has made
function Turn:count_card()
  self.created = self.created + 1
  return self.created
end

---@return integer comments that the turn has made
function Turn:count_comment()
  self.comments = self.comments + 1
  return self.comments
end

---A call has its result.
---@param tool string
---@param ok boolean
---@param looks_out boolean and only looked at what others can change
function Turn:count_effect(tool, ok, looks_out)
  self.effects[#self.effects + 1] = { tool = tool, ok = ok }
  self.looked = self.looked + (looks_out and 1 or 0)
end

---Steps in a row that came to nothing new; those that only wait for others, and replies without a call, are
---counted apart.
---@param calls integer of the step
function Turn:count_stalled(calls)
  if self.progress then
    self.stalled, self.waited = 0, 0
  elseif calls > 0 and self.looked == calls then
    self.waited = self.waited + 1
  elseif calls > 0 or not self.nudges_most then
    self.stalled = self.stalled + 1
  end
end

---Replies in a row without a call. COMPAT: a turn that began without the limit also counts calls that could
---not be read.
---@param reply {calls: table[], problem: string?}
function Turn:count_silent(reply)
  local is_silent = #reply.calls == 0
  if self.nudges_most then
    self.silent = is_silent and self.silent + 1 or 0
  elseif self.progress then
    self.silent = 0
  elseif is_silent or reply.problem then
    self.silent = self.silent + 1
  end
end

---A call begins to be performed.
---@param is_again boolean  an interrupted turn may have performed it already
function Turn:open_call(is_again)
  self.again, self.mark, self.met, self.attached = is_again, self.tx:mark(), nil, nil
end

---The call under way shows a file to the model.
---@param file Attached
function Turn:attach(file)
  self.attached = self.attached or setmetatable({}, cjson.array_mt)
  table.insert(self.attached, file)
end

---It waited for a person and was not interrupted: nothing of it has happened.
function Turn:is_fresh_call()
  self.again = false
end

function Turn:close_call()
  self.again, self.mark = false, nil
end

-- ---- outcome ----

---The work of the turn is over.
---@param outcome Outcome
function Turn:come_to(outcome)
  if not self.outcome or RANK[outcome.kind] >= RANK[self.outcome.kind] then
    self.outcome = outcome
  end
end

---@param kind OutcomeKind
---@return boolean
function Turn:came_to(kind)
  return self.outcome ~= nil and self.outcome.kind == kind
end

---A person has to answer first. What the call did before is made again with it: nothing of that is committed
---now.
---@param question table
function Turn:ask(question)
  if self.mark then
    self.tx:rollback(self.mark)
  end
  self:come_to({ kind = "asked", question = question })
end

---The question is not put: a person who looks on gave another order.
function Turn:withdraw()
  if self:came_to("asked") then
    self.outcome = nil
  end
end

---The cap that was reached, or the pause.
---@return table|nil body of budget.reached or model.paused
function Turn:cap()
  return self:came_to("capped") and self.outcome.cap or nil
end

---Nothing goes on without a person: the engine parks the card when the turn ends.
---@param why string
---@return string status
function Turn:park(why)
  local status = self.card.status == "in_progress" and "waiting_for_developer" or "blocked"
  self:come_to({ kind = "parked", status = status, reason = "input", why = why })
  return status
end

---True when the turn waits for an answer or for room: it goes on later.
---@return boolean
function Turn:stays_open()
  return self:came_to("asked") or self:came_to("capped")
end

-- ---- budget ----

---@param body {usage: table?, money: integer?, took: integer?, calls: integer?} see usage.add
function Turn:spend(body)
  usage.add(self.spent, body)
end

---The caps above the turn; its time counts from here on.
---@param caps table
function Turn:budget(caps)
  self.caps, self.since = caps, sys.monotonic()
end

---@return integer ms that the turn took since it was asked last, or since it began
function Turn:took()
  local now = sys.monotonic()
  local ms = math.max(0, math.ceil((now - self.since) * 1000))
  self.since = now
  return ms
end

---Time that is none of the turn's: it waited for others.
---@param seconds number
function Turn:skip_time(seconds)
  self.since = self.since and self.since + seconds
end

---Its model is not to be asked for a while. The pauses of one outage count as one.
---@param body table of model.paused
function Turn:count_pause(body)
  if not body.since then
    self.pauses = self.pauses + 1
  elseif body.since ~= self.outage then
    self.outages, self.outage = self.outages + 1, body.since
  end
end

---A reply came: pauses are counted in a row.
function Turn:reset_pauses()
  self.pauses, self.outages, self.outage = 0, 0, nil
end

-- ---- labels ----

---Labels that the journal knows already.
---@param marks string[]
function Turn:bear(marks)
  self.marks = marks
  for _, name in ipairs(marks) do
    self.labels[name] = true
  end
end

---What the call that is performed has read.
---@param list string[]
function Turn:meet(list)
  self.met = labels.union(self.met, list)
end

return Turn
