-- rock_run.lua: the epics of a rock: each begins when those that it depends on are done; those that are free
-- of each other are under way together, as many as cards may be at work: each of them has one at least.

local async = require("orket.async")
local errors = require("orket.errors")
local limits = require("orket.scheduler.limits")
local moves = require("orket.effects.moves")
local run_set = require("orket.scheduler.run_set")
local statuses = require("orket.util.statuses")

local M = {}

local SETTLED = statuses.SETTLED
local FINAL = statuses.FINAL
local RANK = { done = 1, parked = 2, drained = 3, failed = 4 } -- a rock came to the worst of its epics

local function card(store, id)
  return store:read("card", { id = id })[1]
end

local function epics_of(store, rock)
  return store:read("children", { parent = rock })
end

-- Nothing that it depends on is still open.
local function is_free(store, epic)
  for _, id in ipairs(epic.depends_on) do
    local other = card(store, id)
    if other and not SETTLED[other.status] then
      return false
    end
  end
  return true
end

-- ---- what its epics came to ----

local function worse(a, b)
  return (RANK[a] or 0) >= (RANK[b] or 0) and a or b
end

local function add(counts, more)
  for status, count in pairs(more or {}) do
    counts[status] = (counts[status] or 0) + count
  end
end

local function note(self, ended, err)
  self.err = self.err or err
  self.status = worse(self.status, err and "failed" or ended.status)
  if ended then
    add(self.counts, ended.counts)
    table.move(ended.pushes or {}, 1, #(ended.pushes or {}), #self.pushes + 1, self.pushes)
  end
end

-- ---- which begin ----

local begin_free

local function begin(self, epic)
  self.begun[epic.id], self.running = true, self.running + 1
  async.spawn_watched(function(ended, err)
    note(self, ended, err)
    self.running = self.running - 1
    begin_free(self)
    if self.running == 0 and self.over then
      self.over(true)
    end
  end, self.run_epic, epic)
end

-- The loop node's own bound is known as soon as a run has begun.
local function most_of(project)
  local configured = (project:process().limits or {}).concurrency or limits.DEFAULTS.concurrency
  return math.max(configured, run_set.of(project).slots.most)
end

-- An error that is no epic's own would meet the next one as well.
function begin_free(self)
  local most = most_of(self.project)
  for _, row in ipairs(epics_of(self.store, self.rock.id)) do
    local may_begin = self.running < most
      and not (self.begun[row.id] or self.err or self.is_stopping())
    local epic = may_begin and card(self.store, row.id)
    if epic and is_free(self.store, epic) then
      begin(self, epic)
    end
  end
end

-- ---- its end ----

local function is_over(store, rock)
  for _, row in ipairs(epics_of(store, rock)) do
    if not FINAL[row.status] then
      return false
    end
  end
  return true
end

-- Moves the rock, as it is now, along its way up to `to`.
local function advance(project, id, to)
  local rock, tx, options = card(project.store, id), project.board:begin(), { role = "system" }
  if rock.status == "ready" then
    moves.add(tx, rock, "in_progress", options)
  end
  if rock.status == "in_progress" and to == "done" then
    moves.add(tx, rock, "done", options)
  end
  return errors.check(async.await(tx.commit, tx))
end

-- With all of them over so is the rock, also when they were run one by one. It is parked when an epic waits
-- for one that was given up.
local function conclude(self, project)
  local rock = card(self.store, self.rock.id)
  local ended = { status = "done", counts = self.counts, pushes = self.pushes }
  if self.err or not is_over(self.store, self.rock.id) then
    ended.status = worse(self.status, "parked")
    return ended, self.err
  elseif FINAL[rock.status] then
    ended.counts, ended.already = {}, rock.status
    return ended
  end
  local ok, err = advance(project, rock.id, "done")
  ended.status = ok and "done" or nil
  return ended, err
end

local function under_way(project, rock)
  for _, row in ipairs(epics_of(project.store, rock)) do
    local held = run_set.of(project):of_epic(row.id)
    if held then
      return run_set.taken(held)
    end
  end
end

---Runs the epics of a rock until nothing of it can go on without a person.
---@param project table opened as owner
---@param rock table card row
---@param is_stopping fun(): boolean  true: no further epic begins
---@param run_epic fun(epic: table): RunEnd?, Error?
---@return RunEnd|nil
---@return Error|nil ERR_OWNED: one of them is under way
function M.run(project, rock, is_stopping, run_epic)
  local err = under_way(project, rock.id)
  if err then
    return nil, err
  end
  local self = { project = project, store = project.store, rock = rock, run_epic = run_epic,
    is_stopping = is_stopping, begun = {}, running = 0, status = "done", counts = {}, pushes = {} }
  begin_free(self)
  if self.running > 0 and rock.status == "ready" then
    local ok, failure = advance(project, rock.id, "in_progress")
    self.err = self.err or not ok and failure or nil
  end
  if self.running > 0 then
    async.suspend(function(wake)
      self.over = wake
    end)
  end
  return conclude(self, project)
end

---True when running the rock again would do something: no epic of it is under way, and one that never began
---now may, or all are over.
---@param project table opened as owner
---@param rock string card id
---@return boolean
function M.goes_on(project, rock)
  if under_way(project, rock) then
    return false
  end
  for _, row in ipairs(epics_of(project.store, rock)) do
    if row.status == "ready" and is_free(project.store, card(project.store, row.id)) then
      return true
    end
  end
  return is_over(project.store, rock)
end

return M
