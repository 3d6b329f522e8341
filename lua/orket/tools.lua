-- tools.lua: one tool call, from the model's words to the result that goes back to it.
--
--   judge    the gate resolves and judges the call            -> call | refusal
--   perform  the tool's box runs; each operation it yields is judged again and performed with a permit
--
-- Operations on files are performed by the permit itself. Operations on cards are taken from the
-- permit as a record and become events of the turn's next transaction.

local approval = require("orket.turn.approval")
local autonomy = require("orket.turn.autonomy")
local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local labels = require("orket.labels")
local operations = require("orket.operations")

local M = {}

local OPERATIONS_MAX = 1000 -- of one call
local RESULT_MAX = 64 * 1024 -- bytes of a result that go back to the model
local ATTEMPT_MAX = 300 -- bytes of a text of a refused operation that its report keeps
local SKETCH_MAX = 4096 -- bytes of such an operation

-- What of a tool is the same for every call is kept beside it.
local function is_shipped(tool)
  if tool.shipped == nil then
    tool.shipped = tool.text == embed.read(tool.path)
  end
  return tool.shipped
end

---Of two refusals the one that counts: what denies before what asks, else the first.
---@param first table|nil
---@param second table|nil
---@return table|nil
function M.stricter(first, second)
  if not first or second and first.decision == "ask" and second.decision == "deny" then
    return second
  end
  return first
end

-- One that the journal has begun already took its share then.
local function over_rate(turn, request)
  return not turn.tape:has_more() and turn.engine:over_rate(turn, request.name) or nil
end

-- A call that nothing denies, with who asks a person about it; or the denial, whoever it comes from. One that is only
-- looked at once more takes no share of the rates.
local function judge(turn, request, again)
  local allowed, refusal, asked = turn.generation.gate:call({
    role = turn.role,
    card = turn.card,
    tool = request.name,
    arguments = request.arguments,
    root = turn.tree.root,
    scope = turn:scope(),
    calls = turn.tool_calls - 1,
  })
  local call = allowed or asked
  if not call then
    return nil, refusal
  end
  refusal = M.stricter(refusal, not again and over_rate(turn, request) or nil)
  if not refusal or refusal.decision == "ask" then
    refusal = M.stricter(refusal, turn.policy(call))
  end
  if refusal and refusal.decision ~= "ask" then
    call:close()
    return nil, refusal
  end
  return call, refusal or turn.autonomy and autonomy.objection(turn, turn.generation.tools[request.name].about, request.name)
end

---What gate, policies and autonomy say to a call, whatever a person has answered.
---@param turn {generation: table, role: string, card: table, tree: {root: userdata?}, policy: function, autonomy: string?}
---@param request {name: string, arguments: string|table}
---@return table|nil refusal
function M.weigh(turn, request)
  local call, refusal = judge(turn, request, true)
  if call then
    call:close()
  end
  return refusal or nil
end

local function denial(turn, request)
  local call, refusal = judge(turn, request, true)
  if not call then
    return refusal
  end
  call:close()
end

-- A person's answer about a call: what a yes covers of its operations, or a refusal, or neither.
local function answered(turn, request, call, refusal)
  local view = call:view():value()
  local yes, no, err = approval.settle(turn, {
    refusal = refusal, judged = call:hash(), paths = view.paths, call = request.id, tool = request.name,
    operation = { tool = request.name, arguments = view.arguments }, deny = function(other)
      return denial(other, request)
    end,
  })
  if not yes then
    return nil, no, err
  end
  call:accept(call:hash())
  return approval.covering(refusal, view.paths)
end

---The answer to one call of a reply: of the gate and the policies, and of a person where one of them asks.
---@param turn table
---@param request {id: string, name: string, arguments: string}
---@return table|nil call
---@return table|nil refusal {decision, rule, why, fix, where?}; without either the turn waits for a person
---@return Error|nil err
---@return table|nil yes  what a person's yes covers
function M.judge(turn, request)
  local call, refusal = judge(turn, request)
  if not call then
    approval.overrule(turn, refusal, function(asked)
      return asked.call == request.id
    end)
    return nil, refusal
  elseif not refusal and not approval.is_about(turn, call) then
    return call
  end
  local yes, no, err = answered(turn, request, call, refusal)
  if yes then
    return call, nil, nil, yes
  end
  call:close()
  return nil, no, err
end

---True when one of the operations that the tool declares changes something beside the journal.
---@param turn table
---@param name string of the tool
---@return boolean
function M.touches_world(turn, name)
  local tool = turn.generation.tools[name]
  if tool.touches == nil then
    tool.touches = false
    for _, operation in ipairs(tool.about.operations) do
      tool.touches = tool.touches or operations.touches_world(operation)
    end
  end
  return tool.touches
end

-- The operation as a report keeps it: without the bytes it carries, and with nothing of one that carries a secret.
local function sketch(operation, rule)
  if rule == "gate.secret" then
    return { op = tostring(operation.op):sub(1, ATTEMPT_MAX) }
  end
  local short = {}
  for key, value in pairs(type(operation) == "table" and operation or {}) do
    short[key] = (type(value) ~= "string" or #value <= ATTEMPT_MAX) and value or #value .. " bytes"
  end
  local size = #cjson.encode(short)
  return size <= SKETCH_MAX and short or { op = tostring(operation.op):sub(1, ATTEMPT_MAX), bytes = size }
end

local function report(turn, call, operation, done, refusal)
  turn:record("operation.refused", {
    call = done.call, tool = call:tool(), operation = sketch(operation, refusal.rule), decision = refusal.decision, rule = refusal.rule,
    why = refusal.why or refusal.message, fix = refusal.fix, where = refusal.where,
  })
end

-- What the gate cannot see by itself.
local function facts_of(turn, operation)
  return operation.op == "card.create" and { issues = turn.engine:issues(turn) } or nil
end

-- What the iDesign rules of the house have against a text that is to be written, by whatever tool.
local function design_of(turn, permit, done)
  local rules = permit:kind() == "fs.write" and turn.engine:idesign()
  if not rules then
    return nil
  end
  local refusal
  refusal, done.warnings = rules:objection(permit:path(), permit:content())
  return refusal
end

-- A permit that nothing denies, with who asks a person about it; or the denial. What a tool asks for that is not the
-- binary's own is shown to the policies as well.
local function judge_operation(turn, call, operation, done)
  local permit, refusal, asked = turn.generation.gate:operation(call, operation, facts_of(turn, operation))
  permit = permit or asked
  refusal = M.stricter(refusal, permit and design_of(turn, permit, done))
  if permit and not is_shipped(turn.generation.tools[call:tool()]) then
    refusal = M.stricter(refusal, turn.policy(call, operation, permit))
  end
  if refusal and refusal.decision ~= "ask" then
    return nil, refusal
  end
  return permit, refusal or turn.autonomy and autonomy.objection_to_operation(turn, operation)
end

-- What denies an operation by other scripts.
local function denial_of_operation(turn, request, operation)
  local call, refusal = judge(turn, request, true)
  if not call then
    return refusal
  end
  local closing <close> = call
  refusal = turn.generation.gate:judge(call, operation)
  if refusal.decision ~= "deny" and not is_shipped(turn.generation.tools[request.name]) then
    refusal = turn.policy(call, operation)
  end
  return refusal and refusal.decision == "deny" and refusal or nil
end

---What gate, policies and autonomy say to an operation of a call, whatever a person has answered. Nothing is opened.
---@param turn table as weigh takes it
---@param request {name: string, arguments: string|table}
---@param operation table
---@return table|nil refusal
function M.weigh_operation(turn, request, operation)
  local call, refusal = judge(turn, request, true)
  if not call then
    return refusal
  end
  local closing <close> = call
  refusal = turn.generation.gate:judge(call, operation)
  refusal = refusal.decision ~= "allow" and refusal or nil
  if not is_shipped(turn.generation.tools[request.name]) then
    refusal = M.stricter(refusal, turn.policy(call, operation))
  end
  return refusal or turn.autonomy and autonomy.objection_to_operation(turn, operation) or nil
end

-- A person's answer about an operation: yes, a refusal, or neither.
local function answered_operation(turn, permit, refusal, operation, done)
  return approval.settle(turn, {
    refusal = refusal, judged = permit:hash(), paths = { permit:path() }, call = done.call, tool = done.request.name,
    operation = operation, deny = function(other)
      return denial_of_operation(other, done.request, operation)
    end,
  })
end

-- A permit that works, or the refusal. Neither: a person has to answer first, or the answer could not be recorded.
local function permit_for(turn, call, operation, done)
  local permit, refusal = judge_operation(turn, call, operation, done)
  if not permit then
    approval.overrule(turn, refusal, function(asked)
      return asked.operation.op == operation.op and asked.operation.path == operation.path
    end)
    return nil, refusal
  elseif not refusal and not approval.is_about(turn, permit) then
    return permit
  end
  local yes, no, err = refusal and approval.covers(done.yes, refusal, operation.op, permit:path()), nil, nil
  if not yes then
    yes, no, err = answered_operation(turn, permit, refusal, operation, done)
  end
  if yes then
    permit:accept(permit:hash())
    return permit
  end
  done.unsettled = err or not no and errors.new("ERR_DENIED", "a person has to answer first") or nil
  return nil, no
end

local function answer_operation(turn, call, operation, done)
  done.warnings = nil
  local permit, refusal = permit_for(turn, call, operation, done)
  if done.unsettled then
    return nil
  elseif not permit then
    report(turn, call, operation, done, refusal)
    done[#done + 1] = { op = tostring(operation.op), refused = refusal.rule, why = refusal.why, where = refusal.where }
    return { error = { code = "ERR_DENIED", rule = refusal.rule, message = refusal.why, fix = refusal.fix } }
  end
  turn:label(labels.of_operation(turn.tree, operation.op), done.call)
  local result, err, open, told = operations.perform(turn, permit, call, operation, done.call)
  if open then
    done.unsettled = err
    return nil
  end
  if told then
    done.told = done.told or {}
    table.insert(done.told, told)
  end
  if not result then
    if err.class == "refusal" and err.rule then -- the state machine's
      report(turn, call, operation, done, err)
    end
    done[#done + 1] = { op = operation.op, failed = err.code }
    return { error = { code = err.code, message = err.message, fix = err.fix } }
  end
  result.warnings = done.warnings or result.warnings -- of what was written, or of what a program wrote
  done[#done + 1] = { op = operation.op, hash = permit:hash(), warnings = result.warnings }
  return { result = result }
end

local function run_box(turn, call, tool, done)
  local session, err = errors.check(tool.script:open("run", { call:arguments() }))
  if not session then
    return nil, err
  end
  local closing <close> = session
  local kind, value = errors.check(session:resume(cjson.null))
  while kind == "yield" do
    if #done >= OPERATIONS_MAX then
      return nil, errors.new("ERR_LIMIT", "the tool asked for more than " .. OPERATIONS_MAX .. " operations")
    end
    local answer = answer_operation(turn, call, value, done)
    if done.unsettled then
      return nil, done.unsettled -- the box is given up; the turn will run it again
    end
    kind, value = errors.check(session:resume(answer))
  end
  return kind and { value = value }, value
end

local function marks_of(tool)
  if tool.marks == nil then
    tool.marks = labels.of_tool(tool.about) or false
  end
  return tool.marks
end

-- A tool of the outside marks what it says: at once, or when it has asked there (operations.lua) and said it.
local function mark(turn, tool, request, is_over)
  local marks = marks_of(tool)
  if marks and (is_over or not labels.asks_outside(tool.about)) then
    turn:label(marks, request.id)
  end
end

local function bounded(text)
  if #text <= RESULT_MAX then
    return text
  end
  return cjson.encode({ ok = false, error = {
    code = "ERR_TOO_LARGE",
    message = "the result has " .. #text .. " bytes, " .. RESULT_MAX .. " is the limit",
    fix = "ask for less: a smaller range, a narrower search",
  } })
end

---Runs an allowed call. Never fails: a tool's failure is a result the model can read. Only when nobody knows
---whether one of its operations happened, there is no result yet.
---@param turn table
---@param call table the gate's answer
---@param request {id: string, name: string, arguments: string}
---@param yes table|nil what a person's yes to the call covers
---@return {ok: boolean, text: string, operations: table[], unsettled: Error?}
function M.perform(turn, call, request, yes)
  local closing <close> = call
  local done = { call = request.id, request = request, yes = yes }
  local tool = turn.generation.tools[request.name]
  turn.met = nil
  mark(turn, tool, request)
  local outcome, err = run_box(turn, call, tool, done)
  mark(turn, tool, request, true)
  local told = done.told -- what a person said of operations that were interrupted
  done.call, done.told, done.request, done.yes, done.warnings = nil, nil, nil, nil, nil
  if done.unsettled then
    return { unsettled = done.unsettled }
  elseif not outcome then
    return { ok = false, text = bounded(M.failure_text(err, told, turn.met)), operations = done }
  end
  local failure = type(outcome.value) == "table" and outcome.value.error
  if type(failure) == "table" then -- the tool hands a failed operation on
    return { ok = false, text = bounded(M.failure_text(failure, told, turn.met)), operations = done }
  end
  return { ok = true, text = bounded(cjson.encode({ ok = true, result = outcome.value, told = told, labels = turn.met })), operations = done }
end

---What the model reads when a call was refused or failed.
---@param failure {code: string?, rule: string?, message: string?, why: string?, fix: string?}
---@param told table[]|nil what a person said
---@param marks string[]|nil labels of what it may have been made of
---@return string
function M.failure_text(failure, told, marks)
  return cjson.encode({ ok = false, told = told, labels = marks, error = {
    code = failure.code or "ERR_DENIED",
    rule = failure.rule,
    message = failure.message or failure.why,
    fix = failure.fix,
  } })
end

---The `tools` member of a request: the role's tools with their schemas, encoded once per generation.
---@param generation table
---@param role string
---@return string JSON text
function M.offer(generation, role)
  generation.offers = generation.offers or {}
  local offer = generation.offers[role]
  if not offer then
    local list = setmetatable({}, cjson.array_mt)
    for _, name in ipairs(generation.roles[role].about.tools) do
      local about = generation.tools[name].about
      list[#list + 1] = {
        type = "function",
        ["function"] = { name = name, description = about.description, parameters = about.schema },
      }
    end
    offer = cjson.encode(list)
    generation.offers[role] = offer
  end
  return offer
end

return M
