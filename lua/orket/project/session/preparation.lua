-- preparation.lua: from a project's files to what can be run: its scripts serve, its cards are on the board,
-- and both are recorded. Once when a process begins to own the project, and again before each further run.

local async = require("orket.async")
local cards = require("orket.project.cards")
local change = require("orket.scripts.serving.change")
local config = require("orket.project.config")
local config_record = require("orket.scripts.serving.config_record")
local plan_files = require("orket.planning.plan_files")
local run_set = require("orket.scheduler.run_set")
local serving = require("orket.scripts.serving")

local M = {}

-- Cards and scripts in one commit; when a card is refused, neither.
local function record(project, again)
  local creating = async.spawn(cards.create, project, again)
  if not creating.done then
    local ok, err = serving.record(project)
    if not ok then
      return nil, err
    end
  end
  return async.join(creating)
end

-- Files of plans that were taken, also by an owner that was killed then.
local function settle_plans(project)
  local ok, err = plan_files.settle(project)
  return not ok and err or nil
end

---Makes an opened project ready to be run: its scripts serve, its cards are on the board, both are recorded.
---@param project table opened as owner
---@param again string|nil a card whose finished epic is built anew
---@return any|nil ok
---@return Error|Error[]|nil
function M.prepare(project, again)
  local generation, problems = project:load_scripts()
  local ok, err = project:ready()
  if not ok then
    return nil, err
  end
  if not generation or #problems > 0 then
    return nil, problems
  end
  project:open_board("system")
  err = settle_plans(project)
  if not err then
    ok, err = serving.settle(project)
  end
  if ok then
    project.reconfigured, err = config_record.record(project)
  end
  if err then
    return nil, err
  end
  return record(project, again)
end


-- ---- again ----

local function reconfigure(project, breathe)
  local now, err = config.load(project.dir, breathe)
  local ok = now
  if now then
    ok, err = project:conceal(now.organization, #run_set.of(project).list > 0)
  end
  if not ok then
    return nil, err
  end
  project.config = now
  if project.on_configured then
    project.on_configured()
  end
  local generation
  generation, err = project:governed(project.generation)
  project.generation = generation or project.generation
  return generation ~= nil, err
end

local function take_files(project, again, note)
  local breathe = async.breather()
  local ok, err = reconfigure(project, breathe)
  if not ok then
    return nil, err
  end
  change.reload(project, note)
  err = settle_plans(project) or select(2, config_record.record(project))
  if err then
    return nil, err
  end
  breathe()
  ok, err = cards.create(project, again)
  breathe() -- all heard of the new cards
  return ok, err
end

---Takes cards and configuration as the files are now, for a run that begins beside others. Those go on with
---what they began with; changed scripts serve all, or wait to be accepted. In a task.
---@param project table prepared
---@param again string|nil a card whose finished epic is built anew
---@param note fun(text: string)
---@return any|nil ok
---@return Error|Error[]|nil
function M.refresh(project, again, note)
  local held <close>, err = project:alone("files")
  if not held then
    return nil, err
  end
  return take_files(project, again, note)
end

return M
