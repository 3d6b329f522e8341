-- perform.lua: an allowed call is performed: its tool's box runs, and each operation that it yields goes
-- through effects/pipeline.lua by itself. The third step there.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local labels = require("orket.governance.labels")
local call_help = require("orket.effects.call_help")
local call_record = require("orket.effects.call_record")
local result_paging = require("orket.turn.context.result_paging")

local M = {}

local OPERATIONS_MAX = 1000 -- of one call

---@class CallRun an allowed call while its tool runs
---@field id string
---@field call GateCall
---@field request {id: string, name: string, arguments: string}
---@field yes table|nil what a person's yes to the call covers
---@field operations table[] what became of them, for call.result
---@field told table[]|nil what a person said of operations that were interrupted
---@field missing table|nil the operation whose file was not there

---What a call or an operation came to is no answer to the agent: the machine failed, or the turn is over.
---@param err Error|nil
---@return Error|nil
function M.stopped(err)
  local canceled = async.canceled()
  if canceled then
    return canceled
  end
  return err and (err.ends_turn or errors.is_environment(err)) and err or nil
end

-- What the box comes to: done with a value, failed; ask or error as an operation of it.
local function run_box(turn, run, tool, operate)
  local session, err = errors.check(tool.script:open("run", { run.call:arguments() }))
  if not session then
    return { kind = "failed", err = err }
  end
  local closing <close> = session
  local kind, value = errors.check(session:resume(cjson.null))
  local count = 0 -- questions as well
  while kind == "yield" do
    count = count + 1
    if count > OPERATIONS_MAX then
      local why = "the tool asked for more than " .. OPERATIONS_MAX .. " operations"
      return { kind = "failed", err = errors.new("ERR_LIMIT", why) }
    end
    local settled = operate(turn, run, value)
    if settled.kind ~= "done" then
      return settled -- the box is given up; the turn will run it again
    end
    kind, value = errors.check(session:resume(settled.answer))
  end
  if not kind then
    return { kind = "failed", err = value }
  end
  return { kind = "done", value = value }
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

local function answered(turn, run, ok, text)
  local bounded, whole = result_paging.bounded(turn, ok, text)
  return { kind = "done", ok = ok, text = bounded, whole = whole, operations = run.operations }
end

-- The tool hands a failed operation on, or says itself that it failed.
local function failed(turn, run, failure)
  local help = turn.engine:help(turn, run.id, function()
    return call_help.of_failure(turn, run.call, failure, run.missing)
  end)
  local about = { told = run.told, labels = turn.met, help = help }
  local result = answered(turn, run, false, call_record.failure_text(failure, about))
  result.help = help
  return result
end

local function result_of(turn, run, outcome)
  if outcome.kind == "failed" then
    local about = { told = run.told, labels = turn.met }
    return answered(turn, run, false, call_record.failure_text(outcome.err, about))
  end
  local failure = type(outcome.value) == "table" and outcome.value.error
  if type(failure) == "table" then
    return failed(turn, run, failure)
  end
  local said = { ok = true, result = outcome.value, told = run.told, labels = turn.met }
  return answered(turn, run, true, cjson.encode(said))
end

---Performs an allowed call. A tool's failure is a result that the model can read.
---@param turn Turn
---@param verdict Verdict
---@param request {id: string, name: string, arguments: string}
---@param operate fun(turn: Turn, run: CallRun, operation: table): table  pipeline.operation
---@return {kind: "done"|"ask"|"error", ok: boolean?, text: string?, whole: string?, operations: table[]?,
---  help: table?, err: Error?}
---  done: there is a result; ask: the turn waits for a person; error: the machine failed, or no event says
--- whether an  operation happened
function M.call(turn, verdict, request, operate)
  local call <close> = verdict.subject
  local run = { id = request.id, call = call, request = request, yes = verdict.yes, operations = {} }
  local tool = turn.generation.tools[request.name]
  mark(turn, tool, request)
  local outcome = run_box(turn, run, tool, operate)
  if outcome.kind == "ask" or outcome.kind == "error" then
    return outcome
  end
  local err = M.stopped(outcome.err)
  if err then
    return { kind = "error", err = err }
  end
  mark(turn, tool, request, true)
  return result_of(turn, run, outcome)
end

return M
