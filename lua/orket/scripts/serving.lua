-- serving.lua: which generation of scripts serves. It is recorded before it does. One that makes more
-- possible than its predecessor waits, while that one serves, until a person accepts it; what waits is told
-- by the journal. One that can do no more, and the first one of a project, serve without asking. Its parts:
-- scripts/serving/events.lua, what is recorded; scripts/serving/change.lua, files that change;
-- scripts/serving/acceptance.lua, what a person says; scripts/serving/narrowing.lua, policies that serve
-- while the rest waits.

local async = require("orket.async")
local errors = require("orket.errors")
local events = require("orket.scripts.serving.events")
local permission_delta = require("orket.scripts.permission_delta")
local narrowing = require("orket.scripts.serving.narrowing")
local notice = require("orket.scripts.permission_delta.notice")
local scripts = require("orket.scripts.scripts")

local M = {}

---True when the organization accepts everything.
---@param project table
---@return boolean
function M.is_auto(project)
  return project:process().growth == "auto"
end

---What a generation makes possible that another one does not.
---@param project table
---@param before table generation
---@param after table generation
---@return table[] rows
function M.delta(project, before, after)
  return permission_delta.rows(before, after, project.config)
end

---What becomes of a generation that makes more possible: it waits, against what serves meanwhile, which are
---the scripts that serve already and those of its policies that only forbid more.
---@param project table
---@param before table generation that serves
---@param after table generation
---@param rows table[] what it makes possible beyond `before`
---@return Waiting
function M.held_back(project, before, after, rows)
  local auto = M.is_auto(project)
  local mixed, narrows
  if not auto then
    mixed, narrows = narrowing.of(project, before, after, M.delta)
  end
  local left = mixed and M.delta(project, mixed, after) or {}
  return {
    generation = after, against = mixed and mixed.id or before.id, delta = #left > 0 and left or rows,
    auto = auto, before = mixed or before, narrows = narrows,
  }
end

-- Those that served last cannot be built any more: then nothing can be compared, and nobody but a person goes
-- on.
local function fail_closed(project, against)
  local why = "the scripts that served last (" .. against
    .. ") cannot be built any more, so nothing can be compared"
  project.waiting = { generation = project.generation, against = against,
    delta = { { was = "unknown", now = "unknown", why = why } } }
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

---At a start: the generation of the files serves, unless it makes more possible than the last one that
---served.
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
    local rows = M.delta(project, before, project.generation)
    if #rows == 0 then
      return true
    end
    first = first or { before = before, rows = rows }
  end
  local waiting = M.held_back(project, first.before, project.generation, first.rows)
  project.waiting = waiting
  project.generation = waiting.auto and project.generation or waiting.before
  return true
end

---Writes what is to serve, and what waits, into the journal: once per change.
---@param project table
---@param generation table|nil default: the project's
---@return boolean|nil ok
---@return Error|nil
function M.record(project, generation)
  generation = generation or project.generation
  local waiting = project.waiting
  if project.recorded == generation.id then
    return true
  end
  local tx = project.board:begin()
  if waiting and waiting.auto then
    events.waiting(tx, waiting)
    events.accepted(tx, waiting, true)
    project.waiting = nil
  end
  events.loaded(tx, project, generation)
  if project.waiting then
    events.waiting(tx, project.waiting)
  end
  project.recorded = generation.id -- before the wait: another change may come meanwhile
  local ok, err = errors.check(async.await(tx.commit, tx))
  if not ok then
    project.recorded = nil
  end
  return ok, err
end

return M
