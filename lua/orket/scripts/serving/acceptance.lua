-- acceptance.lua: a person accepts the scripts that wait.

local async = require("orket.async")
local canary = require("orket.scripts.canary")
local errors = require("orket.errors")
local person = require("orket.governance.person")
local events = require("orket.scripts.serving.events")
local serving = require("orket.scripts.serving")

local M = {}

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
  local ok, err = serving.settle(project)
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
    return nil, errors.new("ERR_NOT_FOUND", "no scripts wait to be accepted",
      "orket policy status shows what serves")
  end
  local waiting = project.waiting
  if waiting.generation.id ~= id then -- the whole of it: the beginning of a hash is soon found again
    return nil, errors.new("ERR_STALE", "it is " .. waiting.generation.id .. " that waits, not "
      .. tostring(id),
      "orket policy delta shows what it makes possible")
  end
  return waiting
end

-- What the person saw is what is accepted, whatever was written meanwhile: it is recorded once more.
local function record(project, waiting, who)
  local tx = person.begin(project, who)
  events.waiting(tx, waiting)
  events.accepted(tx, waiting)
  events.loaded(tx, project, waiting.generation)
  local ok, err = errors.check(async.await(tx.commit, tx))
  if ok then
    project.recorded, project.waiting = waiting.generation.id, nil
  end
  return ok, err
end

---A person accepts what waits: it serves from now on.
---@param project table
---@param request {generation: string, who: string}
---@return table|nil answer
---@return Error|Error[]|nil
local function accept(project, request)
  local held <close>, canceled = project:alone("serving")
  if not held then
    return nil, canceled
  end
  local runs = project.generation ~= nil
  local waiting, err = waiting_for(project, request.generation)
  local ok
  if waiting then
    ok, err = record(project, waiting, request.who)
  end
  if not ok then
    return nil, err
  elseif runs then
    canary.serve(project, waiting.generation, function() end)
  end
  return {
    generation = waiting.generation.id, against = waiting.against, delta = #waiting.delta,
    message = waiting.generation.id .. " is accepted and serves the turns that begin from now on",
  }
end

M.acts = {
  accept = {
    summary = "accepts the scripts that wait, as the person saw them: `generation` is the whole id",
    fields = { generation = "text" },
    errors = { "ERR_NOT_FOUND", "ERR_SCRIPT_SYNTAX", "ERR_SCRIPT_CONTRACT" },
    permission = "admin", perform = accept,
  },
}

return M
