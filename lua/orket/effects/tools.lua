-- tools.lua: one tool call, from the model's words to the result that goes back to it.
--
--   effects/allow.lua   the gate resolves and judges the call   -> call | refusal
--   perform           the tool's box runs; each operation it yields is judged again and performed with a permit
--
-- Operations on files are performed by the permit itself. Operations on cards are taken from the
-- permit as a record and become events of the turn's next transaction.

local allow = require("orket.effects.allow")
local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local judge = require("orket.effects.judge")
local labels = require("orket.governance.labels")
local tables = require("orket.util.tables")
local lazy = require("orket.lazy")
local call_help = lazy("orket.effects.call_help")
local operations = require("orket.effects.operations")
local tool_report = lazy("orket.effects.tool_report")
local result_paging = require("orket.turn.context.result_paging")
local debug_hooks = require("orket.turn.debug_hooks")

local M = {}

local OPERATIONS_MAX = 1000 -- of one call

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

-- What became of an operation is no answer to the agent: the machine failed, or the turn is over.
local function no_answer(err)
  return async.canceled() or err and (err.ends_turn or errors.is_environment(err)) and err or nil
end

-- The answer to an operation that is refused, which is on the record.
local function refused(turn, call, operation, done, refusal)
  tool_report.add(turn, call, operation, done.call, refusal)
  done[#done + 1] = { op = tool_report.name(operation), refused = refusal.rule, why = refusal.why, where = refusal.where }
  return { error = { code = "ERR_DENIED", rule = refusal.rule, message = refusal.why, fix = refusal.fix } }
end

-- A tool that makes several writes asks about all of them before the first.
local function weigh_write(turn, call, operation, done)
  local refusal = judge.of_write(turn, call, operation)
  if refusal and refusal.decision ~= "ask" then
    return refused(turn, call, operation, done, refusal)
  end
  return { result = { asks = refusal and true } }
end

-- What the script gets, and the rule that stood against it.
local function settle_operation(turn, call, operation, done)
  done.warnings = nil
  local permit, refusal = allow.operation(turn, call, operation, done)
  if done.unsettled then
    return nil, turn:came_to("asked") and turn.outcome.question or nil
  elseif not permit then
    return refused(turn, call, operation, done, refusal), refusal
  end
  turn:label(labels.of_operation(turn.tree, operation.op), done.call)
  local result, err, open, told = operations.perform(turn, permit, call, operation, done.call)
  done.unsettled = open and err or no_answer(not result and err or nil)
  if done.unsettled then
    return nil
  end
  if told then
    done.told = done.told or {}
    table.insert(done.told, told)
  end
  if not result then
    local is_law = err.class == "refusal" and err.rule -- the state machine's
    if is_law then
      tool_report.add(turn, call, operation, done.call, err)
    end
    done[#done + 1] = { op = operation.op, failed = err.code }
    done.missing = err.code == "ERR_NOT_FOUND" and operation or nil
    return { error = { code = err.code, message = err.message, fix = err.fix } },
      is_law and err or err.code == "ERR_LIMIT" and turn:cap() or nil
  end
  result.warnings = done.warnings or result.warnings -- of what was written, or of what a program wrote
  done[#done + 1] = { op = operation.op, hash = permit:hash(), warnings = result.warnings }
  return { result = result }
end

local function is_question(operation)
  local of = operation.op == "may" and operation.operation
  return type(of) == "table" and of.op == "fs.write" and type(of.path) == "string" and type(of.content) == "string"
end

local function answer_operation(turn, call, operation, done)
  if is_question(operation) then
    return weigh_write(turn, call, operation.operation, done)
  end
  local answer, decision = settle_operation(turn, call, operation, done)
  local err = decision and debug_hooks.rule(turn, decision, done.request, operation)
  if err then
    turn:withdraw()
    done.unsettled = err
    return nil
  end
  return answer
end

local function run_box(turn, call, tool, done)
  local session, err = errors.check(tool.script:open("run", { call:arguments() }))
  if not session then
    return nil, err
  end
  local closing <close> = session
  local kind, value = errors.check(session:resume(cjson.null))
  local count = 0 -- questions as well
  while kind == "yield" do
    count = count + 1
    if count > OPERATIONS_MAX then
      return nil, errors.new("ERR_LIMIT", "the tool asked for more than " .. OPERATIONS_MAX .. " operations")
    end
    local answer = answer_operation(turn, call, value, done)
    if done.unsettled then
      return nil, done.unsettled -- the box is given up; the turn will run it again
    end
    kind, value = errors.check(session:resume(answer))
  end
  if not kind then
    return nil, value
  end
  return { value = value }
end

-- What of a tool is the same for every call is kept beside it.
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

local function answered(turn, ok, text, done)
  local bounded, whole = result_paging.bounded(turn, ok, text)
  return { ok = ok, text = bounded, whole = whole, operations = done }
end

-- The tool hands a failed operation on, or says itself that it failed.
local function failed(turn, call, request, failure, done, about)
  about.help = turn.engine:help(turn, request.id, function()
    return call_help.of_failure(turn, call, failure, about.missing)
  end)
  local result = answered(turn, false, M.failure_text(failure, about), done)
  result.help = about.help
  return result
end

---Runs an allowed call. Never fails: a tool's failure is a result the model can read. Only when nobody knows
---whether one of its operations happened, or the machine failed, there is no result yet.
---@param turn table
---@param call table the gate's answer
---@param request {id: string, name: string, arguments: string}
---@param yes table|nil what a person's yes to the call covers
---@return {ok: boolean, text: string, whole: string?, operations: table[], help: table?, unsettled: Error?}
function M.perform(turn, call, request, yes)
  local closing <close> = call
  local done = { call = request.id, request = request, yes = yes }
  local tool = turn.generation.tools[request.name]
  mark(turn, tool, request)
  local outcome, err = run_box(turn, call, tool, done)
  done.unsettled = done.unsettled or no_answer(err)
  if not done.unsettled then
    mark(turn, tool, request, true)
  end
  local told, missing = done.told, done.missing -- told: what a person said of operations that were interrupted
  done.call, done.told, done.missing, done.request, done.yes, done.warnings = nil, nil, nil, nil, nil, nil
  if done.unsettled then
    return { unsettled = done.unsettled }
  elseif not outcome then
    return answered(turn, false, M.failure_text(err, { told = told, labels = turn.met }), done)
  end
  local failure = type(outcome.value) == "table" and outcome.value.error
  if type(failure) == "table" then
    return failed(turn, call, request, failure, done, { told = told, labels = turn.met, missing = missing })
  end
  return answered(turn, true, cjson.encode({ ok = true, result = outcome.value, told = told, labels = turn.met }), done)
end

---What the model reads when a call was refused or failed.
---@param failure {code: string?, rule: string?, message: string?, why: string?, fix: string?}
---@param about {told: table[]?, labels: string[]?, help: table?}  what a person said of operations that were interrupted; labels
---of what it may have been made of; effects/call_help.lua
---@return string
function M.failure_text(failure, about)
  return cjson.encode({ ok = false, told = about.told, labels = about.labels, error = {
    code = failure.code or "ERR_DENIED",
    rule = failure.rule,
    message = failure.message or failure.why,
    fix = failure.fix,
    help = about.help,
  } })
end

-- Tools that say nothing of types are for all cards but plans, as the gate has it.
local function is_for(about, type)
  return about.types and tables.has(about.types, type) or not about.types and type ~= "plan"
end

-- A program can be run where the organization names commands.
local function is_offered(generation, about, type)
  local runs = tables.has(about.operations, "proc.run")
  return is_for(about, type) and (not runs or #((generation.rules or {}).commands or {}) > 0)
end

---The `tools` member of a request: the role's tools for cards of a type with their schemas, encoded once per generation.
---@param generation table
---@param role string
---@param type string|nil of the card; default: issue
---@return string JSON text
function M.offer(generation, role, type)
  type = type or "issue"
  generation.offers = generation.offers or {}
  local of_type = generation.offers[type] or {}
  generation.offers[type] = of_type
  local offer = of_type[role]
  if not offer then
    local list = setmetatable({}, cjson.array_mt)
    for _, name in ipairs(generation.roles[role].about.tools) do
      local about = generation.tools[name].about
      list[#list + 1] = is_offered(generation, about, type) and {
        type = "function",
        ["function"] = { name = name, description = about.description, parameters = about.schema },
      } or nil
    end
    offer = cjson.encode(list)
    of_type[role] = offer
  end
  return offer
end

return M
