-- run_card.lua: what `orket run NAME` means: which card, which run, and what is pushed of it when it
-- is done.

local cards = require("orket.project.cards")
local errors = require("orket.errors")
local fork = require("orket.history.fork")
local push_policy = require("orket.repository.push_policy")
local scheduler = require("orket.scheduler.scheduler")
local reader = require("orket.project.reader")
local rock_run = require("orket.scheduler.jobs.rock_run")
local run_set = require("orket.scheduler.run_set")
local statuses = require("orket.util.statuses")
local tree = require("orket.workspace.tree")

local M = {}

local FINAL = statuses.FINAL

local function card(project, id)
  return project.store:read("card", { id = id })[1]
end

local function find(project, name)
  return reader.card(project.store, cards.newest(project.store, name))
end

---The run to go on with: the last one of an epic that is not final, else the first.
local function run_id(project, epic)
  local runs = project.store:read("runs", { card = epic.id })
  return #runs > 0 and runs[#runs].id or epic.id .. ".1"
end

local function ended_before(status)
  return { status = "done", counts = {}, already = status }
end

-- A finished epic of which something is open: issues that the files got since.
local function against_open(project, epic)
  for _, issue in ipairs(project.store:read("backlog", { epic = epic.id })) do
    if not FINAL[issue.status] then
      local name = epic.id:gsub("%-b%d+$", "")
      return errors.new("ERR_TRANSITION",
        ("%s is %s, and %s was added since: nothing takes it up"):format(epic.id, epic.status, issue.id),
        "put it into another epic, or build all of it anew: orket run --again " .. name)
    end
  end
end

-- An epic that is done, also one that was before: what was not pushed then is pushed now.
local function push(project, epic, ended, options)
  if ended and options.pushes and card(project, epic.id).status == "done" then
    ended.pushes = push_policy.settle(project, epic.id)
  end
  return ended
end

local function run_epic(project, epic, options)
  local late = FINAL[epic.status] and against_open(project, epic)
  if late then
    return nil, late
  elseif FINAL[epic.status] then
    return push(project, epic, ended_before(epic.status), options)
  end
  local id = options.run or run_id(project, epic)
  local held <close>, err = run_set.of(project):hold(epic.id, id)
  local ok = held
  if held then
    ok, err = fork.serve(project, id)
  end
  if not ok then
    return nil, err
  end
  project = project:as_configured()
  held.run, err = scheduler.open(project, epic, {
    run = id, on_delta = options.on_delta, on_begun = options.on_begun, cassette = options.cassette,
    only = options.only, rock = options.rock, by = options.by, served = options.served,
    shared = run_set.of(project),
  })
  if not held.run then
    return nil, err
  end
  options.on_run(held.run)
  local ended
  ended, err = held.run:run()
  tree.release(project, epic.id)
  return push(project, epic, ended, options), err
end

---@class RunEnd what a run came to
---@field status "done"|"parked"|"failed"|"drained"|nil  nil: it failed before its end was recorded
---@field counts table<string, integer> cards by status
---@field already string|nil the final status that its card had before
---@field pushes Pushed[]|nil what the configuration's rules had pushed, or failed to

---Goes on with a run. One that was of a single card is of the whole epic when that card is final.
---@param project table opened as owner, scripts loaded and recorded, cards created
---@param run {id: string, card: string, only: string?, rock: string?}
---@param options table see M.run
---@return RunEnd|nil
---@return Error|nil
function M.resume(project, run, options)
  local only = run.only and card(project, run.only)
  options.run, options.only = run.id, only and not FINAL[only.status] and only.id or nil
  options.rock = run.rock
  return run_epic(project, card(project, run.card), options)
end

---Runs an epic, a rock, or one card of an epic with what it depends on.
---@param project table opened as owner, scripts loaded and recorded, cards created
---@param name string card id
---@param options {on_run: fun(run), on_begun: fun(run)?, on_delta: function?, cassette: table?,
---  pushes: boolean?, is_stopping: fun(): boolean, served: integer?}  on_begun: its beginning is in the
---  journal; pushes: what is done leaves the machine where a rule of the configuration says so
---@return RunEnd|nil
---@return Error|nil
function M.run(project, name, options)
  local found, err = find(project, name)
  if not found then
    return nil, err
  elseif found.type == "rock" then
    options.rock = found.id
    return rock_run.run(project, found, options.is_stopping, function(epic)
      return run_epic(project, epic, options)
    end)
  elseif found.type == "issue" then
    options.only = found.id
    if FINAL[found.status] then
      return ended_before(found.status)
    end
    return run_epic(project, card(project, found.epic), options)
  end
  return run_epic(project, found, options)
end

return M
