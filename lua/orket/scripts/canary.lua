-- canary.lua: a new generation of scripts serves some turns beside the old one before it serves all, and goes
-- by itself when it does worse: process_rules.canary. A turn runs with one of the two from its start to its
-- end. Where a trial stands follows from the journal: canary.started, .promoted, .rolled_back, and the turns
-- between.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local TURNS, EVERY, REFUSALS, FAILURES = 20, 2, 1, 0 -- where the organization says nothing
local SPREAD = 0.6180339887498949 -- multiples of it, without their whole part, are spread most evenly

---@class Canary a trial under way
---@field seq integer of canary.started
---@field generation table the new one
---@field stable string id of the old one
---@field turns integer that the new one serves
---@field every integer of so many turns one is the new one's
---@field refusals number that a turn of the new one may have more than one of the old one
---@field failures number failed turns it may have more, in a turn
---@field busy table<string, true> its turns that this process has begun

local function rules(project)
  return project.config.organization.process_rules.canary
end

-- ---- what the journal says ----

-- Sums of both sides since the trial began; of the old one before it, when it has served none since.
local function figures(store, trial)
  local sums = { new = { turns = 0, refusals = 0, failures = 0 },
    old = { turns = 0, refusals = 0, failures = 0 } }
  for _, since in ipairs({ trial.seq, 0 }) do
    for _, row in ipairs(store:read("served", { since = since, generation = trial.new,
      stable = trial.stable })) do
      local side = row.generation == trial.new and "new" or "old"
      if since > 0 or side == "old" and sums.old.turns == 0 then
        sums[side] = { turns = row.turns, refusals = row.refusals, failures = row.failures }
      end
    end
  end
  return sums
end

local function latest(store)
  return store:read("canaries", { limit = 1 })[1]
end

-- The generation that served last, whatever lies on the disk.
local function served(store)
  local last = latest(store)
  if last and last.status == "trying" then
    return last.stable
  end
  local turn = store:read("newest_turn", { since = last and last.ended or 0 })[1]
  if turn then
    return turn.generation
  end
  return last and (last.status == "promoted" and last.generation or last.stable)
end

local function was_rolled_back(store, id)
  for _, row in ipairs(store:read("canaries", { limit = 1000 })) do
    if row.generation == id then
      return row.status == "rolled_back"
    end
  end
  return false
end

---@class CanaryStatus
---@field generation string
---@field stable string
---@field status string
---@field turns integer
---@field every integer
---@field refusals number
---@field failures number
---@field why string?
---@field figures {new: table, old: table}

---Where the last trial stands; nil when there was none.
---@param store Store
---@return CanaryStatus|nil
function M.status(store)
  local last = latest(store)
  if not last then
    return nil
  end
  local body, result = last.body, last.result or {}
  return {
    generation = last.generation, stable = last.stable, status = last.status, turns = body.turns,
    every = body.every, refusals = body.refusals, failures = body.failures, why = result.why,
    figures = result.figures or figures(store, { seq = last.seq, new = last.generation,
      stable = last.stable }),
  }
end

---The same as a line for people; nil when nothing has to be told.
---@param store Store
---@return string|nil
function M.line(store)
  local status = M.status(store)
  if status and status.status == "trying" then
    local new = status.figures.new
    return string.format(
      "canary: the scripts %s have served %d of %d turns beside %s, %d refused calls, %d turns failed",
      status.generation, new.turns, status.turns, status.stable, new.refusals, new.failures)
  elseif status and status.status == "rolled_back" then
    return string.format("canary: the scripts %s were rolled back, %s serves: %s", status.generation,
      status.stable, status.why or "")
  end
end

-- ---- a trial begins and ends ----

local function record(project, kind, body, done)
  local tx = project.board:begin()
  tx:event(kind, nil, body)
  if done then
    return tx:commit(done)
  end
  return errors.check(async.await(tx.commit, tx))
end

local function trial_of(generation, stable, body, seq)
  return {
    seq = seq, generation = generation, new = generation.id, stable = stable, turns = body.turns,
    every = body.every, refusals = body.refusals, failures = body.failures, busy = {},
  }
end

-- Both are recorded; from now on the old one serves, and the new one its share.
local function start(project, generation, stable)
  local wanted = rules(project)
  local body = {
    generation = generation.id, stable = stable.id,
    turns = wanted.turns or TURNS, every = wanted.every or EVERY,
    refusals = wanted.refusals or REFUSALS, failures = wanted.failures or FAILURES,
  }
  local seq, err = record(project, "canary.started", body)
  if not seq then
    return nil, err
  end
  project.generation, project.canary = stable, trial_of(generation, stable.id, body,
    latest(project.store).seq)
  return true
end

-- It holds for the next turn, whose beginning becomes durable after it.
local function finish(project, kind, trial, body)
  local stable = project.generation
  project.canary, project.generation = nil, kind == "canary.promoted" and trial.generation or stable
  body.generation, body.stable = trial.new, trial.stable
  record(project, kind, body, function(ok)
    if not ok then
      project.canary, project.generation = trial, stable -- the next turn that ends tries again
    end
  end)
end

-- What the new one did worse than its bound allows; nothing that its other turns bring can undo it.
local function excess(trial, sums)
  for _, what in ipairs({ "failures", "refusals" }) do
    local old = sums.old.turns > 0 and sums.old[what] / sums.old.turns or 0
    local most = (old + trial[what]) * trial.turns
    if sums.new[what] > most then
      return string.format("%d %s in %d turns; %.4g in %d are its bound, the old ones had %d in %d",
        sums.new[what], what,
        sums.new.turns, most, trial.turns, sums.old[what], sums.old.turns)
    end
  end
end

-- ---- what the engine asks ----

---A new generation is to serve: at once, or first beside the old one.
---@param project table
---@param generation table recorded
---@param note fun(text: string)
function M.serve(project, generation, note)
  local trial = project.canary
  if not rules(project) or project.overrides then
    project.generation, project.canary = generation, nil
  elseif trial and generation.id == project.generation.id then
    finish(project, "canary.rolled_back", trial, { why = "the files are again what they were",
      figures = figures(project.store, trial) })
  elseif generation.id == project.generation.id or trial and generation.id == trial.new then
    return
  elseif was_rolled_back(project.store, generation.id) then
    note("the scripts " .. generation.id .. " were rolled back by the canary and do not serve: change them")
  else
    local ok, err = start(project, generation, project.generation)
    if not ok then
      note("changed scripts do not serve, their trial could not be recorded: " .. errors.line(err))
    end
  end
end

---A process begins: a trial goes on, or begins when the files have changed since somebody served.
---@param project table opened as owner, its generation is that of the files, and recorded
---@param note fun(text: string)
function M.open(project, note)
  local id = rules(project) and not project.overrides and served(project.store)
  if not id or id == project.generation.id then
    return
  end
  local stable, generation, last = project:generation_of(id), project.generation, latest(project.store)
  if not stable then
    note("the scripts " .. id
      .. " that served last cannot be built any more: those of the files serve without a trial")
  elseif last and last.status == "trying" and last.generation == generation.id then
    project.generation, project.canary = stable, trial_of(generation, id, last.body, last.seq)
  else
    project.generation = stable
    M.serve(project, generation, note)
  end
end

-- One of every so many turns, not always at the same place among them: work and reviews alternate, and a
-- trial that had all the reviews would know nothing of the work. It follows from the names alone.
local function is_tried(every, run, number)
  local block, place = (number - 1) // every, (number - 1) % every
  for i = 1, #run do
    block = block + run:byte(i)
  end
  return place == math.floor(block * SPREAD % 1 * every)
end

---The scripts of the next turn.
---@param project table
---@param run string
---@param number integer of the turn
---@return table generation
function M.generation(project, run, number)
  local trial = project.canary
  if not trial or not is_tried(trial.every, run, number) then
    return project.generation
  end
  local busy = 0
  for _ in pairs(trial.busy) do
    busy = busy + 1
  end
  if figures(project.store, trial).new.turns + busy >= trial.turns then
    return project.generation
  end
  return trial.generation
end

---A turn begins, or goes on.
---@param project table
---@param turn {run: string, number: integer, generation: {id: string}}
function M.begin(project, turn)
  local trial = project.canary
  if trial and turn.generation.id == trial.new then
    trial.busy[turn.run .. "/" .. turn.number] = true
  end
end

---A turn is over: the trial may be.
---@param project table
---@param turn {run: string, number: integer}
function M.look(project, turn)
  local trial = project.canary
  if not trial then
    return
  end
  trial.busy[turn.run .. "/" .. turn.number] = nil
  local sums = figures(project.store, trial)
  local why = excess(trial, sums)
  if why then
    finish(project, "canary.rolled_back", trial, { why = why, figures = sums })
  elseif sums.new.turns >= trial.turns then
    finish(project, "canary.promoted", trial, { figures = sums })
  end
end

return M
