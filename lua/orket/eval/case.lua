-- case.lua: one case of a suite with one arm: run in a copy of its own by the engine, as `orket run` would.
-- What it came to is said by the copy's journal, and by nothing else: a run that was cut off goes on, one
-- that ended is not run again.

local errors = require("orket.errors")
local instants = require("orket.util.instants")
local projects = require("orket.project.project")
local run_card = require("orket.scheduler.jobs.run_card")
local preparation = require("orket.project.session.preparation")
local statuses = require("orket.util.statuses")

local M = {}

local FINAL = statuses.FINAL
local OPEN = { running = true, interrupted = true, drained = true, failed = true }

---@class EvalResult
---@field success boolean
---@field status string of the card
---@field reason string|nil why it waits
---@field why string|nil
---@field steps integer
---@field requests integer
---@field tokens_in integer
---@field tokens_out integer
---@field money integer
---@field seconds number|nil nil when it was interrupted: nobody worked meanwhile

-- ---- what the journal says ----

local function elapsed(board, run)
  if not run.ended_at then
    return nil
  end
  for _, event in ipairs(board:read("stream", { run = run.id, turn = 0 })) do
    if event.kind == "run.resumed" then
      return nil
    end
  end
  return instants.seconds(run.ended_at) - instants.seconds(run.started_at)
end

-- It waits for room under a cap of the organization, which holds for all runs together: that is no failure of
-- the case.
local function waits_for_all(board, run)
  for _, row in ipairs(board:read("capped", { run = run })) do
    if row.waits:find("^organization/") then
      return row.waits
    end
  end
end

local function why_of(board, card)
  local move = board:read("last_events", { card = card.id, kind = "card.moved", limit = 1 })[1]
  return move and move.body.why or nil
end

local function steps_of(board)
  local steps = 0
  for _, turn in ipairs(board:read("turns", {})) do
    steps = steps + turn.steps
  end
  return steps
end

---What a copy's runs cost so far, ended or not.
---@param board Store
---@return {requests: integer, tokens_in: integer, tokens_out: integer, money: integer}
function M.spent(board)
  local spent = { requests = 0, tokens_in = 0, tokens_out = 0, money = 0 }
  for _, row in ipairs(board:read("costs", { by = "run" })) do
    spent.requests, spent.tokens_in = spent.requests + row.calls, spent.tokens_in + row.tokens_in
    spent.tokens_out, spent.money = spent.tokens_out + row.tokens_out, spent.money + row.money
  end
  return spent
end

-- The run that the case came to; nil while it has not ended. One that was cut off behind its card's end goes
-- no further.
local function ended(board, card)
  local row = board:read("runs", {})[1]
  local run = row and board:read("run", { id = row.id })[1]
  return run and card and (FINAL[card.status] or run.ended_at and not OPEN[run.noted]) and run or nil
end

local function result_of(board, case)
  local card = board:read("card", { id = case })[1]
  local run = ended(board, card)
  if not run or waits_for_all(board, run.id) then
    return nil
  end
  local result, success = M.spent(board), card.status == "done"
  result.success, result.status, result.reason = success, card.status, card.wait_reason
  result.why = not success and why_of(board, card) or nil
  result.steps, result.seconds = steps_of(board), elapsed(board, run)
  return result
end

---@class CaseEnd
---@field result EvalResult|nil
---@field spent {requests: integer, tokens_in: integer, tokens_out: integer, money: integer}

---What a copy has come to.
---@param dir string
---@param case string
---@return CaseEnd|nil ended without a result: it has not ended; nil: it has not begun
---@return Error|nil
function M.look(dir, case)
  local board <close>, err = projects.open_board(dir)
  if not board then
    return nil, err.code ~= "ERR_NOT_FOUND" and err or nil
  end
  return { result = result_of(board, case), spent = M.spent(board) }
end

-- ---- running ----

local function play(project, case, began)
  local ok, err = preparation.prepare(project)
  if not ok then
    return nil, err
  end
  return run_card.run(project, case, { on_run = began, is_stopping = function()
    return false
  end })
end

---Runs a case until it has ended, or goes on with it.
---@param dir string a copy
---@param case string
---@param began fun(run: table) told of the run, which may be drained
---@return CaseEnd|nil ended without a result: it was stopped, or waits for a cap of the organization
---@return Error|Error[]|nil err  something is wrong here, and not with the case
function M.run(dir, case, began)
  local project <close>, err = projects.open(dir, { own = true, beside = true })
  if not project then
    return nil, err
  end
  local done
  done, err = play(project, case, began)
  local status = done and done.status
  if not status or status == "failed" then
    return nil, err or errors.new("ERR_BUG", "the run of " .. case .. " failed")
  end
  return { result = result_of(project.store, case), spent = M.spent(project.store) }
end

return M
