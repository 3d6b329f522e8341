-- engine.lua: what a turn and the orchestrator need of a running project: nodes, views, trees,
-- transitions, and the answer to a failed turn.

local answers = require("orket.turn.answers")
local approval = require("orket.turn.approval")
local cjson = require("cjson")
local errors = require("orket.errors")
local later = require("orket.later")
local idesign = later("orket.idesign")
local labels = require("orket.labels")
local llm = require("orket.llm")
local meters = require("orket.budget.meter")
local moves = require("orket.moves")
local nodes = require("orket.nodes")
local policy = require("orket.policy")
local rates = require("orket.rates")
local settings = require("orket.settings")
local sys = require("orket.core.sys")
local tools = require("orket.tools")
local trees = require("orket.tree")
local verify = require("orket.verify")

local M = {}

local Engine = {}
Engine.__index = Engine

local NOTES = 50 -- newest notes that the memory node chooses from
local DEFAULTS = { steps = 50, seconds = 1800, concurrency = 4, window = 256 }
-- What the loop node may say at most.
local MOST = { steps = 10000, seconds = 604800, concurrency = 10000, window = 100000, tokens = 1e12 }
local WHOLE = { steps = true, concurrency = true, window = true, tokens = true }
local REASONS = { resource = true, dependency = true, review = true, input = true, system = true }

---@param project table opened as owner, with scripts loaded
---@param epic table the epic's card row
---@param run string
---@return table engine
function M.new(project, epic, run)
  local self = setmetatable({
    project = project, store = project.store, epic = epic, run = run,
  }, Engine)
  self.limits = self:settings()
  local process = project.config.organization.process_rules or {}
  self.follows_labels = process.labels ~= "off"
  self.rates = rates.of(process)
  return self
end

---What of a card's view carries labels; nil when nothing does.
---@param card string
---@return table|nil
function Engine:labels_of(card)
  local row = self.store:read("labels", { card = card })[1]
  return row and row.labels
end

---The decision node of this kind that the organization chose (by default the shipped one).
---@param kind string planner, router, evaluator, prompts, models, loop, memory or policy
---@param generation table? a turn asks the nodes of its own generation
---@return table script entry
function Engine:node(kind, generation)
  local process = self.project.config.organization.process_rules or {}
  return (generation or self.project.generation).nodes[process[kind .. "_node"] or kind]
end

---The iDesign rules of this run; nil when they are off.
---@return IDesign|nil
function Engine:idesign()
  local organization = self.project.config.organization
  if self.designed ~= organization then
    self.designed = organization
    self.design = idesign.of(organization, self.epic.data)
  end
  return self.design
end

---Asks a node of the serving generation; a node that fails or breaks its contract answers nil, Error.
---@param kind string
---@param fn string
---@param ... any its arguments
---@return any|nil answer
---@return Error|nil
function Engine:ask(kind, fn, ...)
  return nodes.ask(self:node(kind), fn, ...)
end

-- A setting as a node may give it: a number within its bounds, or nothing.
local function bounded(key, value)
  local most = MOST[key]
  if type(value) ~= "number" or not most or not (value >= 1 and value <= most) then
    return nil
  end
  return WHOLE[key] and math.tointeger(value // 1) or value
end

---Asks a node of a turn's own generation.
---@param generation table|nil default: the serving one
---@param kind string
---@param fn string
---@param ... any its arguments
---@return any|nil answer
---@return Error|nil
function Engine:ask_of(generation, kind, fn, ...)
  return nodes.ask(self:node(kind, generation), fn, ...)
end

---Concurrency, steps, seconds: defaults, then the loop node, then the organization's limits. What the
---node says outside the bounds is not heard.
---@param node table entry of the loop node
---@param process table process_rules
---@return table<string, number>
function M.limits(node, process)
  local limits = {}
  local answer = nodes.ask(node, "settings", process.limits or cjson.null)
  for key, value in pairs(DEFAULTS) do
    limits[key] = type(answer) == "table" and bounded(key, answer[key]) or value
  end
  limits.tokens = type(answer) == "table" and bounded("tokens", answer.tokens) or nil
  for key, value in pairs(process.limits or {}) do
    limits[key] = value
  end
  return limits
end

---The bounds of this run.
---@return table<string, number>
function Engine:settings()
  return M.limits(self:node("loop"), self:rules())
end

---Who begins the run, or goes on with it. A machine's users may be known to a server: with a cassette nobody is asked.
---@return string|nil
function Engine:user()
  return not (self.cassette and self.cassette.offline) and sys.user() or nil
end

---The process rules of the organization.
---@return table
function Engine:rules()
  return self.project.config.organization.process_rules or {}
end

---Until when an answer counts to a question that is put now.
---@return string UTC, RFC 3339
function Engine:expiry()
  return approval.expiry(self:rules())
end

---What an approval is held against, now: the time, the scripts that serve when they are not the turn's, and the
---files that somebody else had changed when the turn's tree was opened: their hashes, "" where there was none.
---@param turn Turn
---@param paths string[]
---@return {now: string, generation: table?, found: table<string, string>}
function Engine:witness(turn, paths)
  local present, found = self.project.generation, {}
  for _, path in ipairs(paths) do
    local there = (turn.tree.found or {})[path]
    if there ~= nil then
      found[path] = there or ""
    end
  end
  return { now = sys.now(), generation = present.id ~= turn.generation.id and present or nil, found = found }
end

---What this run follows from besides its cards and scripts: recorded when it begins or goes on.
---@return string|nil text
function Engine:configuration()
  return cjson.encode(settings.of(self.project.config, self.epic))
end

---The policies of a turn: objection(call, operation, permit) -> refusal | nil.
---@param turn Turn
---@return fun(call: GateCall, operation: table?, permit: GatePermit?): table|nil
function Engine:policy(turn)
  local entries = policy.of(turn.generation, self:node("policy", turn.generation))
  return function(call, operation, permit)
    return policy.objection(entries, call, turn.generation.tools[call:tool()], turn, operation, permit)
  end
end

---Whether a call that the gate has nothing against is over a rate of the house; it takes its share.
---@param turn Turn
---@param tool string
---@return GateVerdict|nil refusal
function Engine:over_rate(turn, tool)
  return self.rates and self.rates:take(rates.now(), tool, turn.role, turn.model.name)
end

---How many issues the turn's epic has, with those that were made and are not committed yet.
---@param turn Turn
---@return integer
function Engine:issues(turn)
  local row = self.store:read("epic_size", { epic = turn.card.epic })[1]
  self.issue_count = math.max(row and row.issues or 0, self.issue_count or 0)
  return self.issue_count
end

---Everything a prompt needs. The memory node chooses among the notes of the epic, when there are any.
---@param turn Turn
---@return Doc|nil
---@return Error|nil
---@return string[]|nil labels of what it holds
function Engine:view(turn)
  local found = self:labels_of(turn.card.id)
  local asked = {
    card = turn.card.id, role = turn.role, seat = turn.seat, review = turn.review and 1 or 0,
    labels = found and cjson.encode(found),
  }
  local view, err = errors.check(self.store:read_doc("view", asked))
  local notes = view and self.store:read("memory", { epic = self.epic.id, limit = NOTES })
  if not view or #notes == 0 then
    return view, err, labels.of_view(found)
  end
  local chosen
  chosen, err = errors.check(self:node("memory", turn.generation).script:call("select", { view, notes }))
  if not chosen then
    return nil, err
  end
  chosen = type(chosen) == "table" and chosen or {}
  if found then
    found.memory = labels.of_notes(chosen, notes)
    asked.labels = cjson.encode(found)
  end
  asked.memory = cjson.encode(setmetatable(chosen, cjson.array_mt))
  view, err = errors.check(self.store:read_doc("view", asked))
  return view, err, labels.of_view(found)
end

---The first messages of a turn: the role's prompt of the card's view, as the prompts node puts it.
---@param turn Turn
---@return string[]|nil messages as JSON
---@return Error|nil
---@return string[]|nil labels of what they were made of
function Engine:prompt(turn)
  local view, err, marks = self:view(turn)
  if not view then
    return nil, err
  end
  local prompt
  prompt, err = errors.check(turn.generation.roles[turn.role].script:call("prompt", { view }))
  if not prompt then
    return nil, err
  end
  local messages
  messages, err = nodes.ask(self:node("prompts", turn.generation), "build", view, prompt)
  if err then
    return nil, err
  end
  messages, err = answers.messages(messages)
  return messages, err, marks
end

---The model's reply to a turn's conversation.
---@param turn Turn
---@return table|nil reply as llm.complete answers it
---@return Error|nil
function Engine:complete(turn)
  local through = self.cassette and self.cassette:through(turn)
  return llm.complete({
    through = self.meter and self.meter:through(turn, through) or through,
    model = turn.model, messages = turn.messages, tools = tools.offer(turn.generation, turn.role),
    on_delta = self:delta_listener(turn), on_attempt = function(attempt)
      turn:attempted(attempt)
    end,
  })
end

---True when the bytes that this card's turns write are counted.
---@param card table
---@return boolean
function Engine:counts_disk(card)
  return meters.counts_disk(self.project.config, self.epic, card)
end

---Room for bytes that are about to be written, where they are capped.
---@param turn Turn
---@param bytes integer
---@return true|nil ok
---@return Error|nil err  with the cap that is reached
function Engine:room(turn, bytes)
  if self.meter then
    return self.meter:write(turn, bytes)
  end
  return true
end

---They were not written.
---@param turn Turn
---@param bytes integer
function Engine:give_back(turn, bytes)
  if self.meter then
    self.meter:write(turn, -bytes)
  end
end

---Runs a card's verification.
---@param card table
---@param tree table its own, opened
---@return {ok: boolean, tree: string, log: string}|nil verdict
---@return Error|nil err  no fault of the card
function Engine:verify(card, tree)
  return verify.run(self.project, card.fixture, tree)
end

---The card's own directory.
---@param card table
---@param look boolean|nil  an interrupted call may have changed it: what was there is noted
---@return table|nil tree
---@return Error|nil
function Engine:tree(card, look)
  return trees.open(self.project, self.store, card, look)
end

---Performs an operation that reaches beyond the tree.
---@param turn Turn
---@param operation table
---@param act fun(turn: Turn, operation: table): any?, Error?
---@return any|nil result
---@return Error|nil
function Engine:beyond(turn, operation, act)
  return act(turn, operation)
end

---Runs a program that an agent asked for.
---@param _turn Turn
---@param run fun(): table|nil, table<string, string>|Error
---@return table|nil ran
---@return table<string, string>|Error contents of the files that changed
function Engine.command(_, _turn, run)
  return run()
end

---Somebody who listens to the model's words, or nil: then the deltas are not even decoded.
---@param turn Turn
---@return fun(text: string)|nil
function Engine:delta_listener(turn)
  local listen = self.on_delta
  return listen and function(text)
    listen(turn, text)
  end
end

---True when a card was sent back more often than it may be: then a person has to look.
---@param card table
---@param times integer
---@return boolean
function M.is_exhausted(card, times)
  return times > (card.max_retries or 3)
end

-- Work is sent back; after max_retries reworks the card waits for a person instead, whose answer is for the
-- worker.
local function send_back(turn, role, proposal)
  local card = turn.card
  local times = (card.retry_count or 0) + 1
  if M.is_exhausted(card, times) then
    return moves.add(turn.tx, card, "blocked", {
      role = "system", reason = "review", return_to = "in_progress",
      why = "sent back again: " .. (proposal.why or "no reason given"),
    })
  end
  return moves.add(turn.tx, card, proposal.status, {
    role = role, why = proposal.why, seat = proposal.seat, retry_count = times,
  })
end

---Done needs a passing verdict for exactly this tree, and a merge without conflicts.
local function finish(self, turn, proposal)
  local card = turn.card
  local tree = turn.tree:hash()
  if card.fixture and not verify.has_passed(self.store, card.id, tree) then
    return moves.add(turn.tx, card, "ready_for_testing", { role = "system", why = "no passing verdict for this tree" })
  end
  local merged, err = turn.tree:merge(turn.tx)
  if not merged then
    return nil, err
  elseif merged.conflicts then
    local why = "merge conflict in " .. table.concat(merged.conflicts, ", ")
    return send_back(turn, "system", { status = "in_progress", why = why })
  end
  return moves.add(turn.tx, card, "done", { role = turn.role, why = proposal.why, tree = tree })
end

---The turn's one transition, as proposed.
---@param turn Turn
---@param proposal {status: string, reason: string?, why: string?, seat: string?}
---@return boolean|nil ok
---@return Error|nil
function Engine:transition(turn, proposal)
  if proposal.status == "done" and turn.card.type == "issue" then
    return finish(self, turn, proposal)
  elseif turn.review and (proposal.status == "in_progress" or proposal.status == "ready_for_testing") then
    return send_back(turn, turn.role, proposal)
  end
  return moves.add(turn.tx, turn.card, proposal.status, {
    role = turn.role, reason = proposal.reason, why = proposal.why, seat = proposal.seat,
  })
end

---A turn failed: what becomes of its card. The evaluator node decides, the law limits.
---@param turn table
---@param err Error
---@return "retry"|"park" action
function Engine:failed(turn, err)
  local count = (turn.card.retry_count or 0) + 1
  local answer = self:ask_of(turn.generation, "evaluator", "decide", turn.card, {
    class = err.class, code = err.code, message = err.message, count = count,
  })
  local action = type(answer) == "table" and answer.action or "park"
  if err.class == "bug" or err.class == "input" or count > (turn.card.max_retries or 3) then
    action = "park"
  end
  local reason = type(answer) == "table" and answer.reason
  return action, REASONS[reason] and reason or "system"
end

return M
