-- run_acts.lua: what a person asks of a run that is under way.

local async = require("orket.async")
local errors = require("orket.errors")
local follower = require("orket.scheduler.jobs.follower")
local meters = require("orket.governance.budget.meter")
local person = require("orket.governance.person")
local run_set = require("orket.scheduler.run_set")

local M = {}

-- What becomes of replies that are under way when a run is halted.
local function of_replies(waits, again)
  if waits == 0 then
    return ""
  end
  return again and "; replies under way are given up"
    or "; replies under way are waited for: halt again gives them up"
end

-- The runs that are meant: the one of the request, else all.
local function meant(project, request)
  local set = run_set.of(project)
  if not request.run then
    return set:all()
  end
  return { set:find(request.run) }
end

local function not_under_way(project, request)
  local ids = {}
  for i, run in ipairs(run_set.of(project):all()) do
    ids[i] = run.id
  end
  return errors.new("ERR_NOT_FOUND", request.run and "the run " .. request.run .. " is not under way"
    or "no run is under way", #ids > 0 and "under way: " .. table.concat(ids, ", ") or "none has begun")
end

local function halt_one(run)
  local again = run.draining
  return run.id .. " stops; open turns go on with the next run" .. of_replies(run:drain(again), again)
end

-- A server's runs go on with the next one, unless a person halted them: that is on disk before it is
-- answered.
local function record_halt(project, runs, who)
  local tx = person.begin(project, who)
  for _, run in ipairs(runs) do
    if run.served then
      tx:event("run.halted", run.epic.id, { run = run.id })
    end
  end
  if tx:mark() == 0 then
    tx:abandon()
    return true
  end
  return errors.check(async.await(tx.commit, tx))
end

local function halt(project, request)
  local runs, said = meant(project, request), {}
  if #runs == 0 then
    return nil, not_under_way(project, request)
  end
  for i, run in ipairs(runs) do
    said[i] = halt_one(run)
  end
  local ok, err = record_halt(project, runs, request.who)
  if not ok then
    return nil, err
  end
  return { run = #runs == 1 and runs[1].id or nil, message = table.concat(said, "\n") }
end

-- What requests under way may still cost, and the budgets that hold for them.
local function budget(project)
  local set = run_set.of(project)
  return { caps = meters.held(set.budget), budgets = set:budgets() }
end

-- ---- runs of commands beside the owner ----

local function begin(project, request, client)
  local first = request.first
  if type(first) == "table" then
    first.who = request.who
  elseif first ~= nil or not request.card then
    return nil, errors.new("ERR_USAGE", "card, or first, an act", "name the card that is to be run")
  end
  local wanted = { card = request.card, by = request.who, again = request.again, first = first }
  local job, err = project.jobs:begin(wanted, { follow = function(job)
    client.follower = follower.new(job, project.store, client)
  end })
  return job and { begun = true }, err
end

local function follow(_, _, client)
  if not client.follower then
    return nil, errors.new("ERR_NOT_FOUND", "this connection began no run", "run.begin begins one")
  end
  return client.follower:next()
end

M.acts = {
  ["run.begin"] = {
    summary = "begins a run of `card`, or of the card that the act `first` answers; it is followed",
    fields = { card = "text?", again = "boolean?", first = "any?" },
    errors = { "ERR_OWNED", "ERR_TRANSITION" }, run = true, permission = "run", perform = begin,
  },
  ["run.follow"] = {
    summary = "waits for what is new of the run that this connection began",
    fields = {},
    errors = { "ERR_NOT_FOUND" }, run = true, permission = "run", perform = follow,
  },
  halt = {
    summary = "drains a run, or all of them: nothing new starts, open turns go on with the next run",
    fields = { run = "text?" },
    errors = { "ERR_NOT_FOUND" }, run = true, permission = "run", perform = halt,
  },
  budget = {
    summary = "reports what requests under way may still cost, by cap, and the budgets that hold for them",
    fields = {},
    errors = {}, run = true, permission = "read", perform = budget,
  },
}

return M
