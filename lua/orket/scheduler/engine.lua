-- engine.lua: what a turn and the orchestrator need of a running project: what its organization says, and
-- what the world answers, which a replay takes from the journal instead (history/replay/taped_engine.lua).

local turn_approval = require("orket.governance.approvals.turn_approval")
local errors = require("orket.errors")
local cjson = require("cjson")
local attachments = require("orket.turn.context.attachments")
local idesign = require("orket.governance.idesign")
local symbols = require("orket.code.symbols")
local limits = require("orket.scheduler.limits")
local conventions = require("orket.turn.context.conventions")
local skills = require("orket.turn.context.skills")
local meter = require("orket.governance.budget.meter")
local nodes = require("orket.scripts.nodes")
local objection = require("orket.planning.objection")
local outcome = require("orket.turn.outcome")
local output = require("orket.turn.output")
local model_past = require("orket.llm.model_past")
local pause = require("orket.llm.pause")
local turn_plan = require("orket.turn.turn_plan")
local policy = require("orket.governance.policy")
local prompt = require("orket.turn.context.prompt")
local rates = require("orket.governance.rates")
local run_set = require("orket.scheduler.run_set")
local settings = require("orket.project.settings")
local sys = require("orket.core.sys")
local talk = require("orket.turn.talk")
local trees = require("orket.workspace.tree")
local verify = require("orket.verification.verify")

local M = {}

local Engine = {}
Engine.__index = Engine

local REASONS = { resource = true, dependency = true, review = true, input = true, system = true }

---@param project table opened as owner, with scripts loaded
---@param epic table the epic's card row
---@param run string
---@return table engine
function M.new(project, epic, run)
  local self = setmetatable({
    project = project, store = project.store, epic = epic, run = run,
  }, Engine)
  local process = self:rules()
  self.limits = limits.of(self:node("loop"), process)
  self.follows_labels = process.labels ~= "off"
  return self
end

-- ---- what the organization says ----

---The process rules of the organization.
---@return table
function Engine:rules()
  return self.project.config.organization.process_rules or {}
end

---The decision node of this kind that the organization chose (by default the shipped one).
---@param kind string planner, router, evaluator, prompts, models, loop, memory or policy
---@param generation table? a turn asks the nodes of its own generation
---@return table script entry
function Engine:node(kind, generation)
  return (generation or self.project.generation).nodes[self:rules()[kind .. "_node"] or kind]
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

---A turn failed by no fault of the environment: what becomes of its card. The evaluator node decides, the
---core limits.
---@param turn table
---@param err Error
---@return "retry"|"park" action
function Engine:failed(turn, err)
  if err.permanent then
    return "park", "system"
  end
  local count = (turn.card.retry_count or 0) + 1
  local answer, failed = self:ask_of(turn.generation, "evaluator", "decide", turn.card, {
    class = err.class, code = err.code, message = err.message, count = count,
  })
  errors.pass(failed)
  local action = type(answer) == "table" and answer.action or "park"
  if err.class == "bug" or err.class == "input" or outcome.is_exhausted(turn.card, count) then
    action = "park"
  end
  local reason = type(answer) == "table" and answer.reason
  return action, REASONS[reason] and reason or "system"
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

---What source files define and use, as far as it was looked at in this session.
---@return Symbols
function Engine:symbols()
  self.known_symbols = self.known_symbols or symbols.new()
  return self.known_symbols
end

---What this run follows from besides its cards and scripts: recorded when it begins or goes on.
---@return string|nil text
function Engine:configuration()
  return cjson.encode(settings.of(self.project.config, self.epic))
end

-- ---- what a turn works with ----

---The card's own directory.
---@param card table
---@param look boolean|nil  an interrupted call may have changed it: what was there is noted
---@param is_known (fun(path: string): boolean)|nil of a file that the interrupted call left
---@return table|nil tree
---@return Error|nil
function Engine:tree(card, look, is_known)
  return trees.open(self.project, self.store, card, look, is_known)
end

---What of a card's view carries labels; nil when nothing does.
---@param card string
---@return table|nil
function Engine:labels_of(card)
  local row = self.store:read("labels", { card = card })[1]
  return row and row.labels
end

-- The first messages of a turn.
Engine.view, Engine.prompt = prompt.view, prompt.prompt

---What a model's text is passed on to, or nil: then the deltas are not even decoded.
---@param turn Turn
---@return fun(text: string, progress: LlmProgress)|nil  see core.llm
function Engine:delta_listener(turn)
  local listen = self.on_delta
  return listen and function(text, progress)
    listen(turn, text, progress)
  end
end

---True when the bytes that this card's turns write are counted.
---@param card table
---@return boolean
function Engine:counts_disk(card)
  return meter.counts_disk(self.project.config, self.epic, card)
end

---They were not written.
---@param turn Turn
---@param bytes integer
function Engine:give_back(turn, bytes)
  if self.meter then
    self.meter:write(turn, -bytes)
  end
end

-- ---- what the world answers ----

-- A failed attempt of one of its requests.
local function note_attempt(attempt, request)
  request.turn:attempted(attempt, request.model)
end

---What a card has come to, as a models node gets it when a turn begins.
---@param card table
---@param role string
---@param _turn integer|nil the turn's number
---@return Past
function Engine:past(card, role, _turn)
  return model_past.of(self, card, role)
end

---How often in a row a model that calls no tool may be nudged in a turn that begins.
---@param _turn integer its number
---@return integer|nil  nil: the turn was recorded before there was a limit
function Engine:nudges(_turn)
  return self.limits.nudges
end

---The file that says how the epic's repository wants to be worked on, for a turn that begins.
---@param _turn integer|nil its number
---@return Conventions|nil
function Engine:conventions(_turn)
  if self.has_no_conventions then -- an epic's first files do not change
    return nil
  end
  local found = conventions.of(self.store, self.epic.id)
  self.has_no_conventions = not found
  return found
end

---The skills of the epic's repository, for a turn that begins.
---@param _turn integer|nil its number
---@return Skill[]|nil
function Engine:skills(_turn)
  if self.first_skills == nil then -- likewise
    self.first_skills = skills.of(self.store, self.epic.id) or false
  end
  return self.first_skills or nil
end

---The reply to a turn's conversation, of its model or of one that answers in its place.
---@param turn Turn
---@return table|nil reply as Client.complete answers it
---@return Error|nil err  `paused` when it is to wait
function Engine:complete(turn)
  local request = turn:request()
  request.json = turn.generation.roles[turn.role].about.output and output.of(turn).text
  request.model, request.turn, request.media = turn.model, turn, attachments.reader(turn)
  request.on_attempt, request.on_delta = note_attempt, self:delta_listener(turn)
  local reply, err = self.client.complete(request)
  local paused = err and pause.of(err, turn.model.name, turn.card.id)
  if paused and pause.is_its_own(turn, paused) then
    return nil, err
  elseif paused and not paused.since and turn.pauses >= self.limits.pauses then
    return nil, pause.enough(err, turn.model.name, turn.pauses)
  elseif paused then
    err.paused = paused
  end
  return reply, err
end

---What the summariser says.
---@param turn Turn
---@param model table
---@param messages string[]
---@return table|nil reply as Client.complete answers it
---@return Error|nil
function Engine:summarise(turn, model, messages)
  return self.client.complete({ model = model, turn = turn, messages = messages, on_attempt = note_attempt })
end

---Whether the turn's card was changed since its first messages were written.
---@param turn Turn
---@return boolean
function Engine.is_changed(_, turn)
  return turn.pinned ~= turn.card.revision
end

---Runs a card's verification.
---@param card table
---@param tree table its own, opened
---@return Verdict|nil verdict
---@return Error|nil err  no fault of the card
function Engine:verify(card, tree)
  local verdict, err = verify.run(self.project, card, tree)
  local ok, failure = tree:restore()
  return ok and verdict or nil, err or failure
end

---Whether the fixture of a turn's card is still the one that a verdict is of.
---@param turn Turn
---@param hash string|nil as the verdict recorded it
---@return boolean|nil
---@return Error|nil
function Engine:is_fixture(turn, hash)
  return verify.is_current(self.project, turn.card.fixture, hash)
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

---Whether a person said yes before to where a command reaches, in the turn's epic.
---@param turn Turn
---@param grant string
---@return boolean
function Engine:is_granted(turn, grant)
  return #self.store:read("granted", { epic = turn.card.epic, grant = grant }) > 0
end

---What a refused or failed call is answered beside its reason (effects/call_help.lua).
---@param _turn Turn
---@param _call string id
---@param make fun(): table|nil
---@return table|nil help
function Engine.help(_, _turn, _call, make)
  return make()
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

---Whether a call that the gate has nothing against is over a rate of the organization; it takes its share.
---@param turn Turn
---@param tool string
---@return GateVerdict|nil refusal
function Engine:over_rate(turn, tool)
  return self.rates and self.rates:take(rates.now(), tool, turn.role, turn.model.name)
end

---What stands against the plan or the change that a turn proposes, as the project and its board are now.
---@param turn Turn
---@param operation table plan.make, board.create or board.change
---@return GateVerdict|nil refusal
function Engine:objection(turn, operation)
  if turn.card.type ~= "plan" then
    return { decision = "deny", rule = "plan.card", why = operation.op .. " is for plans and conversations",
      fix = "do the card's own work" }
  elseif operation.op == "plan.make" then
    return objection.of(self.project, self.store, operation, turn_plan.about(turn))
  end
  return talk.objection(turn, operation)
end

---How many issues the turn's epic has, with those that were made and are not committed yet.
---@param turn Turn
---@return integer
function Engine:issues(turn)
  local row = self.store:read("epic_size", { epic = turn.card.epic })[1]
  self.issue_count = math.max(row and row.issues or 0, self.issue_count or 0)
  return self.issue_count
end

---How many cards the agents of the turn's run have made, before it was interrupted as well; `more` are being
---made now.
---@param turn Turn
---@param more integer|nil
---@return integer
function Engine:cards_made(turn, more)
  self.made = (self.made or self.store:read("cards_made", { run = turn.run })[1].made) + (more or 0)
  return self.made
end

---Until when an answer counts to a question that is put now.
---@return string UTC, RFC 3339
function Engine:expiry()
  return turn_approval.expiry(self:rules())
end

---What an approval is held against, now: the time, the scripts that serve when they are not the turn's, and
---the files that had changed outside of the run when the turn's tree was opened: their hashes, "" where there
---was none.
---@param turn Turn
---@param paths string[]
---@return {now: string, generation: table?, found: table<string, string>}
function Engine:witness(turn, paths)
  local present, found = assert(self.project:governed(self.project.generation)), {}
  for _, path in ipairs(paths) do
    local there = (turn.tree.found or {})[path]
    if there ~= nil then
      found[path] = there or ""
    end
  end
  return { now = sys.now(), generation = present.id ~= turn.generation.id and present or nil, found = found }
end

---The other runs that are under way when this one begins or goes on; nil: it is alone.
---@return string[]|nil ids
function Engine:beside()
  local ids = {}
  for _, other in ipairs(run_set.of(self.project).list) do
    ids[#ids + 1] = other.id ~= self.run and other.id or nil
  end
  return #ids > 0 and ids or nil
end

---The user that begins the run, or goes on with it. A machine's users may be known to a server: with a
---cassette none is looked up.
---@return string|nil
function Engine:user()
  return not (self.cassette and self.cassette.offline) and (self.started_by or sys.user()) or nil
end

return M
