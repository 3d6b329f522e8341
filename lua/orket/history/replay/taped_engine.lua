-- taped_engine.lua: what the world answered a recorded run, taken from its journal: replies, verdicts,
-- interruptions. Everything else of the engine is as it is.

local compare = require("orket.history.replay.stage.compare")
local disk = require("orket.workspace.disk")
local errors = require("orket.errors")
local stages = require("orket.history.replay.stage")
local record = require("orket.history.replay.record")
local tape = require("orket.turn.tape")
local verify = require("orket.verification.verify")

local M = {}

-- The turn's journal goes no further: the turn sleeps for ever.
local function nothing_more(stage)
  repeat
    stage:park("model")
  until false
end

local function recorded_reply(stage, event)
  local body = record.body(event)
  local text = stage.store:message(body.convo)
  if not text then
    stage:diverge(event, "its message " .. body.convo .. " is missing")
    return nothing_more(stage)
  end
  return tape.reply(text, body)
end

-- What comes from the model next. The moment is that of the recorded event.
local function next_of(stage, line)
  stage:park("model")
  return not line.cut and line[line.tip + 1] or nil
end

local function budget_error(body)
  return { code = "ERR_LIMIT", class = "limit", message = body.why, fix = body.fix, budget = body }
end

local function next_warning(turn, line)
  local event = line[line.tip + 1]
  if event and event.kind == "budget.warned" then
    turn:record("budget.warned", record.body(event))
    return true
  end
end

-- True when the event was one before the reply: it is derived, and the next one is awaited.
local function is_before_reply(turn, event, line, model)
  if next_warning(turn, line) then
    return true
  elseif event and event.kind == "step.failed" then
    turn:attempted(record.body(event), model)
    return true
  end
end

-- The request was refused since it did not fit, and then it was made to; or another process went on with the
-- turn, and looked again at what it asks.
local function too_long(line)
  local event = line[line.tip + 1]
  if event and (event.kind == "memory.ranked" or event.kind:find("^window%.")) then
    return { code = "ERR_CONTEXT", class = "limit", message = "", told = record.body(event).told }
  end
end

local function complete(stage, turn)
  local line = stage.lines[turn.number]
  while true do
    local event = next_of(stage, line)
    local broken = line.cut or compare.broken_off(event)
    if broken then
      return nil, broken
    elseif too_long(line) then
      return nil, too_long(line)
    elseif event and event.kind == "step.reply" then
      return recorded_reply(stage, event)
    elseif event and event.kind == "budget.reached" then
      return nil, budget_error(record.body(event))
    elseif event and event.kind == "model.paused" then
      return nil, { code = "ERR_NET", class = "model", message = "", paused = record.body(event) }
    elseif not is_before_reply(turn, event, line) then
      stage:diverge(event, "the replay asks the model here")
      return nothing_more(stage)
    elseif too_long(line) then
      return nil, too_long(line)
    end
  end
end

-- What the summariser said. When it failed, what was done without it says why.
local function summarise(stage, turn, model)
  local line = stage.lines[turn.number]
  while true do
    local event = line[line.tip + 1]
    if not (event and event.kind == "window.compacted") then
      event = next_of(stage, line)
    end
    local broken = line.cut or compare.broken_off(event)
    if broken then
      return nil, broken
    elseif event and event.kind == "window.summarised" then
      local body = record.body(event)
      return { content = body.text, usage = body.usage, finish = body.finish, took = body.took,
        attempt = body.attempt,
        by = body.model, instead = body.instead }
    elseif event and event.kind == "window.compacted" then
      local code, message = (record.body(event).why or ""):match("^(ERR_[%u_]+): (.*)$")
      return nil, { code = code or "ERR_BUG", class = "model", message = message or "" }
    elseif not is_before_reply(turn, event, line, model) then
      stage:diverge(event, "the replay asks the summariser here")
      return nothing_more(stage)
    end
  end
end

-- The next event that is no warning; those are derived.
local function after_warnings(turn, line)
  repeat
    local more = next_warning(turn, line)
  until not more
  return line[line.tip + 1]
end

-- Whether there was room for a file is said by the journal, whatever is capped today.
local function room(stage, turn)
  local event = after_warnings(turn, stage.lines[turn.number])
  local body = event and event.kind == "budget.reached" and record.body(event)
  if body and body.rule == "budget.disk" then
    return nil, budget_error(body)
  end
  return true
end

local function conversation_of(messages)
  local convo
  for _, text in ipairs(messages) do
    convo = stages.say(convo, text)
  end
  return convo
end

local function labels_of_prompt(event)
  local body = event and event.kind == "turn.labelled" and record.body(event)
  return body and body.from == "prompt" and body.labels or nil
end

local function are_equal(a, b)
  return table.concat(a or {}, " ") == table.concat(b or {}, " ")
end

-- What is near was told before the prompt was made.
local function take_ranks(turn, line)
  local due = line[line.tip + 1]
  if due and due.kind == "memory.ranked" then
    turn:ranks(record.body(due))
  end
end

-- The words that the turn goes on with: the next event has them, else they stayed what they were.
local function words_of(turn, due)
  if due and due.kind == "turn.prompted" then
    return record.body(due).convo
  elseif due and due.kind == "window.compacted" then
    return record.body(due).pins
  end
  return turn.pins
end

-- The view is read after the claim, and other streams may have been faster: it is the recorded prompt at one
-- of the moments between the claim and the first reply, or the first one is different.
local function prompt(stage, asked, turn)
  local line, first = stage.lines[turn.number], nil
  take_ranks(turn, line)
  local convo = words_of(turn, line[line.tip + 1])
  local marks = labels_of_prompt(line[line.tip + 2])
  while true do
    local answer, err = asked()
    if not answer or not convo or conversation_of(answer.messages) == convo
      and are_equal(answer.marks, marks) then
      return answer, err
    end
    first = first or answer
    if not stage:park("prompt") then
      return first
    end
  end
end

local function recorded_verdict(stage, tree)
  local event = stage.due
  local body = record.body(event)
  if event.kind == "verify.done" then
    return { ok = body.ok, tree = tree:hash(), log = body.log, fixture = body.fixture, counts = body.counts,
      control = body.control, blob = body.report, installed = body.installed,
      ran = body.ran }
  end
  local code, message = (body.why or ""):match("^the verification could not run: (ERR_[%u_]+): (.*)$")
  if not code then
    stage:diverge(event, "the replay verifies the card here")
  end
  return nil, { code = code or "ERR_BUG", class = "system", message = message or "" }
end

-- What a program changed, on the scratch as well.
local function changed_by(turn, ran)
  local contents = {}
  for _, change in ipairs(ran.changes or {}) do
    local bytes, err = errors.check(turn.engine.store:blob(change.blob))
    local ok = bytes
    if ok then
      ok, err = disk.put(turn.tree.root, change.path, bytes)
    end
    if not ok then
      return nil, err
    end
    contents[change.path] = bytes
  end
  return contents
end

-- The requests of the command that is next are the events behind it.
local function requests_of(line)
  local requests, i = {}, line.tip + 2
  while line[i] and line[i].kind == "egress.request" do
    requests[#requests + 1] = record.body(line[i])
    i = i + 1
  end
  return requests[1] and requests or nil
end

local function command(stage, turn)
  local line = stage.lines[turn.number]
  local event = after_warnings(turn, line) -- of what the program wrote
  if event and event.kind == "command.ran" then
    local ran = record.body(event)
    ran.requests = requests_of(line)
    local contents, err = changed_by(turn, ran)
    return contents and ran, contents or err
  end
  local broken = compare.broken_off(event)
  if not broken then
    if event and event.kind ~= "turn.abandoned" then
      stage:diverge(event, "the replay runs a program here")
    end
    return nothing_more(stage)
  end
  return nil, broken
end

-- A question about where it reaches is on the record before the command, when there was no yes to it.
local function is_granted(stage, turn, grant)
  local line = stage.lines[turn.number]
  for i = line.tip + 1, #line do
    if line[i].kind == "approval.asked" then
      return record.body(line[i]).operation.grant ~= grant
    elseif line[i].kind == "command.ran" or line[i].kind == "operation.refused" then
      return true
    end
  end
  return true
end

local function beyond(stage, turn)
  local line = stage.lines[turn.number]
  local event = line[line.tip + 1]
  if event and event.kind == "operation.done" then
    local body = record.body(event)
    return body.result, body.error
  elseif event and event.kind == "operation.uncertain" then
    return nil, { code = "ERR_UNCERTAIN", class = "system", message = "it is unknown whether it happened" }
  end
  local broken = compare.broken_off(event)
  if not broken then
    if event then -- else the run was stopped in the middle of it
      stage:diverge(event, "the replay performs an operation beyond the tree here")
    end
    return nothing_more(stage)
  end
  return nil, broken
end

-- What the journal has next of this kind; the turn may have derived something before it that is not yet
-- compared.
local function coming(stage, turn, kind)
  local line = stage.lines[turn.number]
  for i = line.tip + 1, #line do
    if line[i].kind == kind then
      return record.body(line[i])
    end
  end
  stage:diverge(line[line.tip + 1] or line[line.tip], "the replay comes to an " .. kind .. " here")
end

local function witness(stage, turn, generations)
  local said = coming(stage, turn, "approval.settled") or { now = "" }
  local generation, why
  if said.generation then
    generation, why = generations:of(said.generation)
    if not generation then
      stage:diverge(nil, why)
    end
  end
  return { now = said.now, generation = generation, found = said.found or {} }
end

-- The next event of the turn, when it is a refusal by this rule.
local function refused_next(stage, turn, kind, rule)
  local line = stage.lines[turn.number]
  local event = line[line.tip + 1]
  local body = event and event.kind == kind and record.body(event)
  return body and body.rule == rule and body or nil
end

-- When a call came tells no replay.
local function over_rate(stage, turn)
  local refusal = refused_next(stage, turn, "call.refused", "gate.rate")
  return refusal and {
    decision = refusal.decision, rule = refusal.rule, why = refusal.why, fix = refusal.fix,
    where = refusal.where,
  }
end

-- What stood against a plan was said by the project and the board of that moment: the record tells. What a
-- person answered before is recorded between.
local function objection(stage, turn)
  local line = stage.lines[turn.number]
  for i = line.tip + 1, #line do
    local event, body = line[i], record.body(line[i])
    if event.kind == "operation.refused" and (body.rule:find("^plan%.") or body.rule:find("^board%.")) then
      return { decision = body.decision, rule = body.rule, why = body.why, fix = body.fix }
    elseif event.kind ~= "approval.settled" then
      return nil
    end
  end
end

-- Whether the fixture was still the verdict's is told by what became of the card.
local function is_fixture(stage, turn)
  local moved = coming(stage, turn, "card.moved")
  return moved == nil or moved.why ~= verify.STALE
end

local OUTCOME = { ["call.refused"] = true, ["call.result"] = true }

-- As it was recorded: its texts change, and older journals have none.
local function help(stage, turn, call)
  local line = stage.lines[turn.number]
  for i = line.tip + 1, #line do
    local body = OUTCOME[line[i].kind] and record.body(line[i])
    if body and body.call == call then
      return body.help
    end
  end
end

-- How many there were depends on who was faster: the record tells when they were too many.
local function issues(stage, turn)
  local refusal = refused_next(stage, turn, "operation.refused", "gate.limit.issues")
  return refusal and math.tointeger(tonumber(refusal.why:match("^the epic has (%d+) issues"))) or 0
end

-- What a turn was recorded with when it began.
local function began(stage, turn)
  for _, event in ipairs(stage.lines[turn] or {}) do
    if event.kind == "turn.started" then
      return record.body(event)
    end
  end
  return {}
end

---Puts the journal's answers in front of an engine's own.
---@param engine table
---@param stage table
---@param generations table  of the replay
---@return table engine
function M.tape(engine, stage, generations)
  local really = engine.prompt
  engine.prompt = function(self, turn)
    return prompt(stage, function()
      return really(self, turn)
    end, turn)
  end
  engine.complete = function(_, turn)
    return complete(stage, turn)
  end
  engine.summarise = function(_, turn, model)
    return summarise(stage, turn, model)
  end
  engine.is_changed = function(_, turn)
    local event = stage.lines[turn.number][stage.lines[turn.number].tip + 1]
    return event ~= nil and (event.kind == "memory.ranked" or event.kind == "window.compacted"
      and record.body(event).refreshed == true)
  end
  engine.past = function(_, _, _, turn)
    return began(stage, turn).past or {}
  end
  engine.nudges = function(_, turn)
    return began(stage, turn).nudges
  end
  engine.conventions = function(_, turn)
    return began(stage, turn).conventions
  end
  engine.skills = function(_, turn)
    return began(stage, turn).skills
  end
  engine.command = function(_, turn)
    return command(stage, turn)
  end
  engine.is_granted = function(_, turn, grant)
    return is_granted(stage, turn, grant)
  end
  engine.beyond = function(_, turn)
    return beyond(stage, turn)
  end
  engine.expiry = function(_, turn)
    return (coming(stage, turn, "approval.asked") or {}).expires_at or ""
  end
  engine.witness = function(_, turn)
    return witness(stage, turn, generations)
  end
  engine.help = function(_, turn, call)
    return help(stage, turn, call)
  end
  engine.over_rate = function(_, turn)
    return over_rate(stage, turn)
  end
  engine.issues = function(_, turn)
    return issues(stage, turn)
  end
  engine.objection = function(_, turn)
    return objection(stage, turn)
  end
  engine.room = function(_, turn)
    return room(stage, turn)
  end
  engine.configuration = function()
    return stage.configuration
  end
  engine.user = function()
    return stage.user
  end
  engine.beside = function()
    return stage.beside
  end
  engine.verify = function(_, _, tree)
    return recorded_verdict(stage, tree)
  end
  engine.is_fixture = function(_, turn)
    return is_fixture(stage, turn)
  end
  return engine
end

return M
