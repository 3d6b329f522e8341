-- tools.lua: one tool call, from the model's words to the result that goes back to it.
--
--   judge    the gate resolves and judges the call            -> call | refusal
--   perform  the tool's box runs; each operation it yields is judged again and performed with a permit
--
-- Operations on files are performed by the permit itself. Operations on cards are taken from the
-- permit as a record and become events of the turn's next transaction.

local cjson = require("cjson")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local operations = require("orket.operations")

local M = {}

local OPERATIONS_MAX = 1000 -- of one call
local RESULT_MAX = 64 * 1024 -- bytes of a result that go back to the model
local ATTEMPT_MAX = 300 -- bytes of a text of a refused operation that its report keeps
local SKETCH_MAX = 4096 -- bytes of such an operation

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

---The gate's answer to one call of a reply.
---@param turn table
---@param request {id: string, name: string, arguments: string}
---@return table|nil call
---@return table|nil refusal {decision, rule, why, fix, where?}
function M.judge(turn, request)
  local allowed, refusal, asked = turn.generation.gate:call({
    role = turn.role,
    card = turn.card,
    tool = request.name,
    arguments = request.arguments,
    root = turn.tree.root,
  })
  local call = allowed or asked
  if not call then
    return nil, refusal
  end
  refusal = M.stricter(refusal, turn.policy(call))
  if refusal then
    call:close()
    return nil, refusal
  end
  return call
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

-- The operation as a report keeps it: without the bytes it carries.
local function sketch(operation)
  local short = {}
  for key, value in pairs(type(operation) == "table" and operation or {}) do
    short[key] = (type(value) ~= "string" or #value <= ATTEMPT_MAX) and value or #value .. " bytes"
  end
  local size = #cjson.encode(short)
  return size <= SKETCH_MAX and short or { op = tostring(operation.op):sub(1, ATTEMPT_MAX), bytes = size }
end

local function report(turn, call, operation, done, refusal)
  turn:record("operation.refused", {
    call = done.call, tool = call:tool(), operation = sketch(operation), decision = refusal.decision, rule = refusal.rule,
    why = refusal.why or refusal.message, fix = refusal.fix, where = refusal.where,
  })
end

-- The gate's answer to one operation; what a tool asks for that is not the binary's own is shown to the
-- policies as well.
local function judge_operation(turn, call, operation)
  local permit, refusal, asked = turn.generation.gate:operation(call, operation)
  if (permit or asked) and not is_shipped(turn.generation.tools[call:tool()]) then
    refusal = M.stricter(refusal, turn.policy(call, operation, permit or asked))
  end
  if refusal then
    return nil, refusal
  end
  return permit
end

local function answer_operation(turn, call, operation, done)
  local permit, refusal = judge_operation(turn, call, operation)
  if not permit and refusal.decision == "ask" then
    turn:ask(refusal, { call = done.call, tool = call:tool(), operation = operation })
  end
  if not permit then
    report(turn, call, operation, done, refusal)
    done[#done + 1] = { op = tostring(operation.op), refused = refusal.rule, why = refusal.why, where = refusal.where }
    return { error = { code = "ERR_DENIED", rule = refusal.rule, message = refusal.why, fix = refusal.fix } }
  end
  local result, err, open, told = operations.perform(turn, permit, operation.op, done.call)
  if open then
    done.unsettled = err
    return nil
  end
  done.told[#done.told + 1] = told
  if not result then
    if err.class == "refusal" and err.rule then -- the state machine's
      report(turn, call, operation, done, err)
    end
    done[#done + 1] = { op = operation.op, failed = err.code }
    return { error = { code = err.code, message = err.message, fix = err.fix } }
  end
  done[#done + 1] = { op = operation.op, hash = permit:hash() }
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
---@param request {id: string, name: string}
---@return {ok: boolean, text: string, operations: table[], unsettled: Error?}
function M.perform(turn, call, request)
  local closing <close> = call
  local done = { call = request.id, told = {} }
  local outcome, err = run_box(turn, call, turn.generation.tools[request.name], done)
  local told = #done.told > 0 and done.told or nil -- what a person said of operations that were interrupted
  done.call, done.told = nil, nil
  if done.unsettled then
    return { unsettled = done.unsettled }
  elseif not outcome then
    return { ok = false, text = bounded(M.failure_text(err, told)), operations = done }
  end
  local failure = type(outcome.value) == "table" and outcome.value.error
  if type(failure) == "table" then -- the tool hands a failed operation on
    return { ok = false, text = bounded(M.failure_text(failure, told)), operations = done }
  end
  return { ok = true, text = bounded(cjson.encode({ ok = true, result = outcome.value, told = told })), operations = done }
end

---What the model reads when a call was refused or failed.
---@param failure {code: string?, rule: string?, message: string?, why: string?, fix: string?}
---@param told table[]|nil what a person said
---@return string
function M.failure_text(failure, told)
  return cjson.encode({ ok = false, told = told, error = {
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
