-- snapshots.lua: the project as it was after a commit, for routes that take `at`. A store of the past costs a
-- projection of all that was before it: it is made in pieces, so that a run beside it is not held up; a few
-- stay open until they are not looked at any more, and one that lies shortly before what is asked for goes on
-- to it.

local async = require("orket.async")
local errors = require("orket.errors")
local projects = require("orket.project.project")
local stores = require("orket.core.store")

local M = {}

local MOST = 4 -- that are open; who wants another one waits
local PIECE = 400 -- events projected at once: about 4 ms
local IDLE = 30 -- seconds after which one that was not used is closed

local Snapshots = {}
Snapshots.__index = Snapshots

---@class Snapshot
---@field at integer the commit after which it was so
---@field store Store|nil once it is made
---@field owner table
---@field users integer requests that read it
---@field used boolean since the last look for idle ones
local Snapshot = {}
Snapshot.__index = Snapshot

-- ---- making one ----

local function close(snapshot)
  if snapshot.store then
    snapshot.store:close()
    snapshot.store = nil
  end
end

local function step(self, snapshot, at)
  local ok, err
  if snapshot.store then
    ok, err = errors.check(snapshot.store:forward(at))
  else
    ok, err = errors.check(stores.past(self.path, at))
    snapshot.store = ok
  end
  snapshot.from = at
  return ok, err
end

local function make(self, snapshot)
  while snapshot.from < snapshot.at do
    local ok, err = step(self, snapshot, math.min(snapshot.from + PIECE, snapshot.at))
    ok, err = ok and async.give_way(), err or async.canceled()
    if not ok then
      close(snapshot)
      self.known[snapshot] = nil
      return nil, err
    end
  end
  return true
end

-- ---- which are open ----

-- One that nothing reads, and that is at the wanted commit within a piece.
local function near(self, at)
  local best
  for one in pairs(self.known) do
    local is_near = one.users == 0 and one.at < at and at - one.at <= PIECE
    best = is_near and (not best or one.at > best.at) and one or best
  end
  return best
end

local function find(self, at)
  for one in pairs(self.known) do
    if one.at == at then
      return one
    end
  end
end

-- Closes the one that was not asked for the longest, when there are too many. False: all of them are read.
local function make_room(self)
  local count, oldest = 0, nil
  for one in pairs(self.known) do
    count = count + 1
    oldest = one.users == 0 and (not oldest or one.number < oldest.number) and one or oldest
  end
  if count >= MOST and oldest then
    self.known[oldest] = nil
    close(oldest)
  end
  return count < MOST or oldest ~= nil
end

local function release(snapshot)
  local owner, waiting = snapshot.owner, snapshot.owner.waiting
  snapshot.users = snapshot.users - 1
  if snapshot.users == 0 then
    owner.waiting = {}
    for _, wake in ipairs(waiting) do
      wake(true)
    end
  end
end

local function await_release(self)
  return async.suspend(function(wake)
    table.insert(self.waiting, wake)
  end)
end

local function sweep(self)
  while next(self.known) and async.sleep(IDLE) do
    for one in pairs(self.known) do
      if one.users == 0 and not one.used then
        self.known[one] = nil
        close(one)
      end
      one.used = false
    end
  end
  self.sweeping = nil
end

local function begin(self, at)
  local snapshot = near(self, at)
  if not snapshot and not make_room(self) then
    return nil
  elseif not snapshot then
    snapshot = setmetatable({ owner = self, from = 0, users = 0 }, Snapshot)
    self.known[snapshot] = true
  end
  snapshot.at, snapshot.number = at, self.number
  snapshot.users = snapshot.users + 1 -- what makes it
  snapshot.task = async.spawn(function()
    local ok, err = make(self, snapshot)
    release(snapshot)
    return ok, err
  end)
  return snapshot
end

-- The one of a commit, begun when there is none; one reader more.
local function take(self, at)
  local snapshot = find(self, at) or begin(self, at)
  while not snapshot do
    local ok, err = await_release(self)
    if not ok then
      return nil, err
    end
    snapshot = find(self, at) or begin(self, at)
  end
  self.number = self.number + 1
  snapshot.users, snapshot.used, snapshot.number = snapshot.users + 1, true, self.number
  return snapshot
end

---@param project table
---@return table
function M.new(project)
  return setmetatable({ path = projects.database(project.dir), store = project.store, known = {},
    waiting = {}, number = 0 }, Snapshots)
end

Snapshot.__close = release

local function check(self, at)
  local last = self.store:read("counts", {})[1].events
  if at > last then
    return errors.new("ERR_NOT_FOUND", "there is no event " .. at .. ", the last one is " .. last,
      "name an earlier event, or none for what is now", 404)
  end
end

---The project after a commit, to be closed by its reader. In a task.
---@param at integer
---@return Snapshot|nil
---@return Error|nil
function Snapshots:open(at)
  local err = check(self, at)
  if err then
    return nil, err
  end
  local snapshot, ok
  snapshot, err = take(self, at)
  if not snapshot then
    return nil, err
  end
  self.sweeping = self.sweeping or async.spawn(sweep, self)
  ok, err = async.join(snapshot.task)
  if not ok then
    release(snapshot)
    return nil, err
  end
  return snapshot
end

function Snapshots:close()
  if self.sweeping then
    async.cancel(self.sweeping)
  end
  for one in pairs(self.known) do
    async.cancel(one.task)
    close(one)
  end
  self.known = {}
end

return M
