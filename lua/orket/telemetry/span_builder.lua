-- span_builder.lua: spans of what the journal says, as it is committed: run > turn > request to a model, call
-- of a tool, by the conventions of OpenTelemetry for generative AI. What they have in common with the journal
-- (run, turn, step, card, event) leads from one to the other.

local instants = require("orket.util.instants")
local otlp = require("orket.telemetry.otlp")
local trace_ids = require("orket.telemetry.trace_ids")

local M = {}

local EVENTS = 128 -- of a run's span
local MILLION = 1000000
local PROVIDERS = { openai = "openai", anthropic = "anthropic", gemini = "gcp.gemini" } -- by shape

local Builder = {}
Builder.__index = Builder

---@param options {models: table, started_at: (fun(run: string): string|nil), content: table|nil,
---  emit: fun(span: Span)} models: of the organization, by name; content: what was said, nil: is left out
---@return table builder
function M.new(options)
  return setmetatable({ models = options.models, started_at = options.started_at, content = options.content,
    emit = options.emit, runs = {}, turns = {} }, Builder)
end

-- ---- models ----

local function add_model(self, attributes, name)
  local model = self.models[name] or {}
  local host, port = (model.base_url or ""):match("^%a+://([^/:]+):?(%d*)")
  attributes["gen_ai.provider.name"] = PROVIDERS[model.shape or "openai"] or model.shape
  attributes["gen_ai.request.model"] = model.model or name
  attributes["orket.model"] = name
  attributes["server.address"], attributes["server.port"] = host, math.tointeger(tonumber(port))
  return attributes
end

local function cost(money)
  return money and money / MILLION or nil
end

-- ---- runs ----

local function begin_run(self, event)
  local began = event.kind == "run.resumed" and self.started_at(event.run) or event.at
  local trace = trace_ids.trace(event.run, began)
  self.runs[event.run] = { trace = trace, id = trace_ids.span(trace, "run", event.n), number = event.n,
    from = instants.nanoseconds(event.at), card = event.card, events = {}, lost = 0 }
end

-- A run that began before anybody looked has no span of its own, but its trace.
local function run_of(self, event)
  local run = self.runs[event.run]
  if not run then
    run = { trace = trace_ids.trace(event.run, self.started_at(event.run) or ""), number = 0,
      events = {}, lost = 0 }
    self.runs[event.run] = run
  end
  return run
end

local function note(self, event, attributes)
  local run = run_of(self, event)
  if #run.events >= EVENTS then
    run.lost = run.lost + 1
    return
  end
  attributes["orket.event"], attributes["orket.card"] = event.seq, event.card
  run.events[#run.events + 1] = { name = event.kind, at = instants.nanoseconds(event.at),
    attributes = attributes }
end

-- ---- turns ----

local function key_of(event)
  return event.run .. "/" .. event.turn
end

-- One that goes on from an earlier process begins here with the first that is seen of it.
local function turn_of(self, event)
  local key = key_of(event)
  local open = self.turns[key]
  if not open then
    local run, at = run_of(self, event), instants.nanoseconds(event.at)
    open = { run = run, id = trace_ids.span(run.trace, "turn", event.turn, run.number), from = at, last = at,
      run_id = event.run, number = event.turn, card = event.card, role = event.role, calls = {},
      seat = event.actor:match("^agent:(.*)$"),
      resumed = event.kind ~= "turn.started" or nil }
    self.turns[key] = open
  end
  return open
end

local function span(open, event, options)
  local attributes = options.attributes
  attributes["orket.run"], attributes["orket.turn"] = event.run, event.turn
  attributes["orket.card"] = open.card
  attributes["orket.step"], attributes["orket.event"] = event.step, event.seq
  return { trace = open.run.trace, id = trace_ids.span(open.run.trace, event.turn, event.n), parent = open.id,
    name = options.name, kind = options.kind or otlp.INTERNAL, from = options.from or open.last,
    to = instants.nanoseconds(event.at), attributes = attributes, content = options.content,
    error = options.error }
end

local function end_turn(self, event, key, open, outcome)
  local body = event.kind == "turn.ended" and event.body or {}
  local attributes = add_model(self, { ["gen_ai.operation.name"] = "invoke_agent",
    ["gen_ai.agent.name"] = open.seat, ["gen_ai.conversation.id"] = key,
    ["gen_ai.usage.input_tokens"] = body.tokens_in, ["gen_ai.usage.output_tokens"] = body.tokens_out,
    ["orket.run"] = event.run, ["orket.turn"] = open.number,
    ["orket.card"] = open.card, ["orket.role"] = open.role, ["orket.outcome"] = outcome,
    ["orket.refusals"] = body.refusals, ["orket.cost"] = cost(body.money), ["orket.event"] = open.event,
    ["orket.resumed"] = open.resumed }, open.model)
  self.turns[key] = nil
  self.emit({ trace = open.run.trace, id = open.id, parent = open.run.id, kind = otlp.INTERNAL,
    name = "invoke_agent " .. (open.seat or "?"), from = open.from, to = instants.nanoseconds(event.at),
    attributes = attributes, error = open.error or outcome == "failed" and (body.why or outcome) or nil })
end

-- ---- by kind of event ----

local on = {}

on["run.started"], on["run.forked"], on["run.resumed"] = begin_run, begin_run, begin_run

-- Turns that are open go on with the next session of the run.
local function end_open_turns(self, event)
  for key, open in pairs(self.turns) do
    if open.run_id == event.run then
      end_turn(self, event, key, open, "open")
    end
  end
end

on["run.ended"] = function(self, event)
  local run = run_of(self, event)
  end_open_turns(self, event)
  self.runs[event.run] = nil
  if not run.id then
    return
  end
  local status = event.body.status
  self.emit({ trace = run.trace, id = run.id, name = "invoke_workflow " .. (run.card or event.run),
    kind = otlp.INTERNAL, from = run.from, to = instants.nanoseconds(event.at), events = run.events,
    lost = run.lost > 0 and run.lost or nil, error = status == "failed" and (event.body.why or status) or nil,
    attributes = { ["gen_ai.operation.name"] = "invoke_workflow", ["gen_ai.workflow.name"] = run.card,
      ["orket.run"] = event.run, ["orket.card"] = run.card, ["orket.status"] = status,
      ["orket.event"] = event.seq } })
end

on["turn.started"] = function(self, event)
  local open = turn_of(self, event)
  open.seat, open.model, open.event = event.body.seat or open.seat, event.body.model, event.seq
end

on["turn.failed"] = function(self, event)
  turn_of(self, event).error = (event.body.code or "ERR_BUG") .. ": " .. (event.body.why or "")
end

on["turn.ended"] = function(self, event)
  end_turn(self, event, key_of(event), turn_of(self, event), event.body.outcome)
end

on["turn.abandoned"] = function(self, event)
  end_turn(self, event, key_of(event), turn_of(self, event), "abandoned")
end

local function reply(self, event, failure)
  local open, body = turn_of(self, event), event.body
  local usage, to = body.usage or {}, instants.nanoseconds(event.at)
  open.model, open.said = open.model or body.model, body.convo or open.said
  local attributes = add_model(self, { ["gen_ai.operation.name"] = "chat",
    ["gen_ai.conversation.id"] = key_of(event), ["gen_ai.usage.input_tokens"] = usage.prompt,
    ["gen_ai.usage.output_tokens"] = usage.completion,
    ["gen_ai.usage.cache_read.input_tokens"] = usage.cached,
    ["gen_ai.response.finish_reasons"] = body.finish and { body.finish } or nil,
    ["orket.cost"] = cost(body.money),
    ["orket.attempt"] = body.attempt, ["error.type"] = failure }, body.model or open.model)
  self.emit(span(open, event, { name = "chat " .. attributes["gen_ai.request.model"], kind = otlp.CLIENT,
    from = body.took and to - body.took * MILLION, attributes = attributes,
    error = failure and failure .. ": " .. (body.message or ""),
    content = self.content and not failure and self.content:reply(body.convo) or nil }))
end

on["step.reply"] = function(self, event)
  reply(self, event)
end

on["step.failed"] = function(self, event)
  reply(self, event, event.body.code or "ERR_NET")
  local open, wait = turn_of(self, event), event.body.wait
  open.pause = wait and math.tointeger(wait * 1000 // 1) * MILLION or 0
end

on["call.allowed"] = function(self, event)
  turn_of(self, event).calls[event.body.call] = instants.nanoseconds(event.at)
end

local function tool(event, attributes)
  attributes["gen_ai.operation.name"], attributes["gen_ai.tool.type"] = "execute_tool", "function"
  attributes["gen_ai.tool.name"], attributes["gen_ai.tool.call.id"] = event.body.tool, event.body.call
  return attributes
end

on["call.result"] = function(self, event)
  local open, body = turn_of(self, event), event.body
  local from = open.calls[body.call]
  open.calls[body.call] = nil
  self.emit(span(open, event, { name = "execute_tool " .. body.tool, from = from,
    attributes = tool(event, { ["error.type"] = not body.ok and "tool_error" or nil }),
    error = not body.ok and "the tool failed" or nil,
    content = self.content and self.content:result(open.said, body) or nil }))
end

on["call.refused"] = function(self, event)
  local open, body = turn_of(self, event), event.body
  self.emit(span(open, event, { name = "execute_tool " .. body.tool, from = instants.nanoseconds(event.at),
    attributes = tool(event, { ["error.type"] = body.rule, ["orket.rule"] = body.rule,
      ["orket.decision"] = body.decision }),
    error = body.decision ~= "ask" and body.why or nil }))
end

on["card.moved"] = function(self, event)
  note(self, event, { ["orket.from"] = event.body.from, ["orket.to"] = event.body.to,
    ["orket.reason"] = event.body.reason })
end

on["verify.done"] = function(self, event)
  note(self, event, { ["orket.ok"] = event.body.ok })
end

on["approval.asked"] = function(self, event)
  note(self, event, { ["orket.rule"] = event.body.rule })
end

on["budget.reached"], on["model.paused"] = on["approval.asked"], function(self, event)
  note(self, event, { ["orket.model"] = event.body.model, ["error.type"] = event.body.code })
end

---A committed event.
---@param event StoreEvent
function Builder:hear(event)
  local handle = event.run ~= "board" and on[event.kind]
  if handle then
    handle(self, event)
  end
  local open = self.turns[key_of(event)]
  if open then -- what comes next began now, or when a pause is over
    open.last, open.pause = instants.nanoseconds(event.at) + (open.pause or 0), nil
  end
end

return M
