-- change.lua: files of scripts that change while a process owns the project: they serve, or wait.

local async = require("orket.async")
local canary = require("orket.scripts.canary")
local errors = require("orket.errors")
local events = require("orket.scripts.serving.events")
local notice = require("orket.scripts.permission_delta.notice")
local scripts = require("orket.scripts.scripts")
local serving = require("orket.scripts.serving")

local M = {}

local SETTLE = 0.1 -- seconds; many editors empty a file before they write it

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

-- Recorded, then it serves; perhaps a few turns first, beside those that serve (canary.lua).
local function serve(project, generation, tell)
  local waited = project.waiting
  project.waiting = waited and waited.auto and waited or nil
  project.recorded = not waited and project.recorded or nil -- that nothing waits any more is recorded, too
  local ok, err = serving.record(project, generation)
  if ok then
    canary.serve(project, generation, tell)
  else
    project.waiting = waited
  end
  return ok, err
end

local function wait(project, waiting)
  local tx = project.board:begin()
  events.waiting(tx, waiting)
  project.waiting = waiting
  return commit(tx)
end

-- The rest waits; policies that only forbid more are recorded in the same commit, and serve.
local function narrow(project, waiting, tell)
  local waited = project.waiting
  project.waiting = waiting
  local ok, err = serving.record(project, waiting.before)
  if ok then
    tell(notice.narrowed(waiting.narrows))
    canary.serve(project, waiting.before, tell)
  else
    project.waiting = waited
  end
  return ok, err
end

-- The files are those that serve again: nothing waits any more, nothing is tried.
local function withdraw(project, tell)
  if not (project.waiting or project.canary) then
    return true
  end
  project.recorded = nil
  return serve(project, project.generation, tell)
end

-- What it makes possible beyond those that serve, or are on trial: those have been accepted, or need not be.
local function beyond(project, generation)
  local rows = serving.delta(project, project.generation, generation)
  local trial = #rows > 0 and project.canary and project.canary.generation
  if trial then
    return serving.delta(project, trial, generation), trial
  end
  return rows, project.generation
end

local function is_known(project, generation)
  return project.recorded == generation.id and not project.waiting
    or project.waiting and project.waiting.generation.id == generation.id
end

local function change(project, generation, tell)
  if generation.id == project.generation.id then
    return withdraw(project, tell)
  elseif is_known(project, generation) then
    return true
  end
  local rows, before = beyond(project, generation)
  if #rows == 0 then
    return serve(project, generation, tell)
  end
  local waiting = serving.held_back(project, before, generation, rows)
  if waiting.auto then
    project.waiting = waiting
    return serve(project, generation, tell)
  end
  tell(notice.sentence(generation.id, waiting.delta, project.dir))
  if waiting.before.id ~= project.generation.id and waiting.before.id ~= project.recorded then
    return narrow(project, waiting, tell)
  end
  return wait(project, waiting)
end

-- The problems that the last look did not find in the same text.
local function new_ones(project, problems)
  local known, found, new = project.refused_files or {}, {}, {}
  for _, problem in ipairs(problems) do
    found[problem.path] = problem.text or errors.line(problem.err)
    new[#new + 1] = known[problem.path] ~= found[problem.path] and problem or nil
  end
  project.refused_files = found
  return new
end

-- A file that does not serve is reported once, and of a policy it is recorded.
local function tell_problems(project, problems, tell)
  local failed = {}
  for _, problem in ipairs(new_ones(project, problems)) do
    tell(problem.path .. " is refused, the previous one serves: " .. errors.line(problem.err))
    failed[#failed + 1] = scripts.is_policy(problem.path) and problem or nil
  end
  if #failed == 0 then
    return
  end
  local tx = project.board:begin()
  for _, problem in ipairs(failed) do
    tx:event("policy.failed", nil, {
      path = problem.path, code = problem.err.code, message = problem.err.message,
      where = problem.path .. (problem.err.message:match(":(%d+):") and ":"
        .. problem.err.message:match(":(%d+):") or ""),
    })
  end
  commit(tx)
end

-- What the files make now; one that is broken is looked at a second time. nil: canceled.
local function build(project)
  local generation, problems = project:build()
  if #problems == 0 then
    return generation, problems
  elseif async.sleep(SETTLE) then
    return project:build()
  end
end

---Takes the files as they are now: when it returns they serve, or wait, whatever else looked meanwhile.
---@param project table
---@param tell fun(text: string)
function M.settle(project, tell)
  local held <close> = project:alone("serving")
  local generation, problems
  if held then
    generation, problems = build(project)
  end
  if not generation then -- canceled
    return
  end
  tell_problems(project, problems, tell)
  local ok, err = change(project, generation, tell)
  if not ok and not async.canceled() then
    tell("changed scripts do not serve, they could not be recorded: " .. errors.line(err))
  end
end

---Files changed: the next generation serves the turns that start from then on, or waits. One change after the
---other: what comes meanwhile is looked at afterwards.
---@param project table
---@param tell fun(text: string)
function M.reload(project, tell)
  project.changes = (project.changes or 0) + 1
  if project.changes > 1 then
    return
  end
  repeat
    local seen = project.changes
    M.settle(project, tell)
  until project.changes == seen
  project.changes = nil
end

return M
