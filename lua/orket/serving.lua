-- serving.lua: which generation of scripts serves. It is recorded before it does. One that makes more possible
-- than its predecessor waits, while that one serves, until a person accepts it; what waits is told by the
-- journal. One that can do no more, and the first one of a project, serve without asking.

local async = require("orket.async")
local canaries = require("orket.canary")
local errors = require("orket.errors")
local later = require("orket.later")
local growth = later("orket.growth")
local notice = require("orket.growth.notice")
local recorded = later("orket.growth.recorded")
local scripts = require("orket.scripts")
local sys = require("orket.core.sys")

local M = {}

local ROWS = 200 -- of a delta that are recorded

-- ---- events ----

local function files_of(tx, generation)
  local files = {}
  for path, entry in pairs(generation.files) do
    files[path] = tx:blob(entry.text)
  end
  return files
end

local function add_loaded(tx, project, generation)
  tx:event("scripts.loaded", nil, {
    generation = generation.id, files = files_of(tx, generation), engine = sys.version(), fork = project.fork,
  })
end

local function add_waiting(tx, waiting)
  local shown = table.move(waiting.delta, 1, math.min(#waiting.delta, ROWS), 1, {})
  tx:event("scripts.waiting", nil, {
    generation = waiting.generation.id, against = waiting.against, files = files_of(tx, waiting.generation),
    delta = shown, more = #waiting.delta > ROWS and #waiting.delta - ROWS or nil,
  })
end

local function add_accepted(tx, waiting, auto)
  tx:event("scripts.accepted", nil, { generation = waiting.generation.id, against = waiting.against, auto = auto })
end

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

-- ---- what may serve ----

local function is_auto(project)
  return project:process().growth == "auto"
end

local function delta(project, before, after)
  return growth.rows(before, after, project:process(), recorded.calls(project.store))
end

-- Those that served last cannot be built any more: then nothing can be compared, and nobody but a person goes on.
local function fail_closed(project, against)
  local why = "the scripts that served last (" .. against .. ") cannot be built any more, so nothing can be compared"
  project.waiting = { generation = project.generation, against = against, delta = { { was = "unknown", now = "unknown", why = why } } }
  return nil, errors.new("ERR_DENIED", why, notice.command(project.generation.id, project.dir))
end

-- The generations that served last: of a trial that did not end both, after it was rolled back the old one.
local function served_last(store, loaded)
  local trial = store:read("canaries", { limit = 1 })[1]
  if not trial or trial.generation ~= loaded or trial.status == "promoted" then
    return { loaded }
  end
  return trial.status == "rolled_back" and { trial.stable } or { trial.stable, loaded }
end

---At a start: the generation of the files serves, unless it makes more possible than the last one that served.
---@param project table scripts loaded, database open
---@return boolean|nil ok
---@return Error|nil
function M.settle(project)
  local row = project.store:read("serving", {})[1]
  if not row or row.generation == project.generation.id then
    return true
  end
  local first
  for _, id in ipairs(served_last(project.store, row.generation)) do
    local before = scripts.recorded(project.store, id, project:rules())
    if not before then
      return fail_closed(project, id)
    end
    local rows = delta(project, before, project.generation)
    if #rows == 0 then
      return true
    end
    first = first or { generation = project.generation, against = id, delta = rows, auto = is_auto(project), before = before }
  end
  project.waiting = first
  project.generation = first.auto and project.generation or first.before
  return true
end

local function record(project, generation)
  local waiting = project.waiting
  if project.recorded == generation.id then
    return true
  end
  local tx = project.board:begin()
  if waiting and waiting.auto then
    add_waiting(tx, waiting)
    add_accepted(tx, waiting, true)
    project.waiting = nil
  end
  add_loaded(tx, project, generation)
  if project.waiting then
    add_waiting(tx, project.waiting)
  end
  project.recorded = generation.id -- before the wait: another change may come meanwhile
  local ok, err = commit(tx)
  if not ok then
    project.recorded = nil
  end
  return ok, err
end

---Writes what serves, and what waits, into the journal: once per change.
---@param project table
---@return boolean|nil ok
---@return Error|nil
function M.record(project)
  return record(project, project.generation)
end

-- ---- files that change ----

-- Recorded, then it serves; perhaps a few turns first, beside those that serve (canary.lua).
local function serve(project, generation, tell)
  local waited = project.waiting
  project.waiting = waited and waited.auto and waited or nil
  local ok, err = record(project, generation)
  if ok then
    canaries.serve(project, generation, tell)
  else
    project.waiting = waited
  end
  return ok, err
end

local function wait(project, waiting)
  local tx = project.board:begin()
  add_waiting(tx, waiting)
  project.waiting = waiting
  return commit(tx)
end

-- The files are those that serve again: nothing waits any more, nothing is tried.
local function withdraw(project, tell)
  if not (project.waiting or project.canary) then
    return true
  end
  project.recorded = nil
  return serve(project, project.generation, tell)
end

-- What it makes possible beyond those that serve. Those that are on trial have been accepted, or need not be.
local function beyond(project, generation)
  local rows = delta(project, project.generation, generation)
  if #rows > 0 and project.canary and #delta(project, project.canary.generation, generation) == 0 then
    return {}
  end
  return rows
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
  local rows = beyond(project, generation)
  local waiting = { generation = generation, against = project.generation.id, delta = rows, auto = is_auto(project) }
  if #rows == 0 then
    return serve(project, generation, tell)
  elseif waiting.auto then
    project.waiting = waiting
    return serve(project, generation, tell)
  end
  tell(notice.sentence(generation.id, rows, project.dir))
  return wait(project, waiting)
end

-- A file that does not serve is told, and of a policy it is recorded.
local function tell_problems(project, problems, tell)
  local failed = {}
  for _, problem in ipairs(problems) do
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
      where = problem.path .. (problem.err.message:match(":(%d+):") and ":" .. problem.err.message:match(":(%d+):") or ""),
    })
  end
  commit(tx)
end

local function reload(project, tell)
  local generation, problems = project:build()
  tell_problems(project, problems, tell)
  local ok, err = change(project, generation, tell)
  if not ok then
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
    reload(project, tell)
  until project.changes == seen
  project.changes = nil
end

-- ---- accepting ----

---Without a run the files are looked at now.
---@param project table opened as owner
---@return boolean|nil ok
---@return Error|Error[]|nil
function M.look(project)
  if project.generation then
    return true
  end
  local _, problems = project:load_scripts()
  if #problems > 0 then
    return nil, problems
  end
  project:open_board("system")
  local ok, err = M.settle(project)
  return ok or project.waiting ~= nil, err
end

local function waiting_for(project, id)
  if project.fork then
    return nil, errors.new("ERR_STALE", "a fork runs, with scripts of its own", "accept when it has ended")
  end
  local ok, err = M.look(project)
  if not ok then
    return nil, err
  elseif not project.waiting then
    return nil, errors.new("ERR_NOT_FOUND", "no scripts wait to be accepted", "orket policy status tells what serves")
  end
  local waiting = project.waiting
  if type(id) ~= "string" or #id < 4 or waiting.generation.id:sub(1, #id) ~= id then
    return nil, errors.new("ERR_STALE", "it is " .. waiting.generation.id .. " that waits, not " .. tostring(id),
      "orket policy delta shows what it makes possible")
  end
  return waiting
end

---A person accepts what waits: it serves from now on.
---@param project table
---@param request {generation: string, who: string}
---@return table|nil answer
---@return Error|Error[]|nil
function M.accept(project, request)
  local runs = project.generation ~= nil
  local waiting, err = waiting_for(project, request.generation)
  if not waiting then
    return nil, err
  end
  local actor = "human:" .. (request.who or "unknown")
  local tx = project.store:stream({ run = "board", turn = 0, actor = actor, role = "human" }):begin()
  add_waiting(tx, waiting) -- again: what the person saw is what is accepted, whatever was written meanwhile
  add_accepted(tx, waiting)
  add_loaded(tx, project, waiting.generation)
  local ok
  ok, err = commit(tx)
  if not ok then
    return nil, err
  end
  project.recorded, project.waiting = waiting.generation.id, nil
  if runs then
    canaries.serve(project, waiting.generation, function() end)
  end
  return {
    generation = waiting.generation.id, against = waiting.against, delta = #waiting.delta,
    message = waiting.generation.id .. " is accepted and serves the turns that begin from now on",
  }
end

return M
