-- delivery.lua: the notices of one target, one after the other until each is taken or given up. What the
-- target took is recorded in the journal, so that the next owner of the project goes on where this one ended:
-- each notice is sent at least once, in order, with the same id.

local async = require("orket.async")
local errors = require("orket.errors")
local instants = require("orket.util.instants")
local notifications = require("orket.notify.notifications")
local senders = require("orket.notify.senders")
local sys = require("orket.core.sys")
local tables = require("orket.util.tables")

local M = {}

local RUN = "notices" -- their streams: one for each day, as its turn
local DAY = 86400
local GIVES_UP = DAY -- seconds after its event
local FIRST_PAUSE, LAST_PAUSE = 1, 900 -- seconds between two attempts, doubling
local PAGE = 200 -- events that are looked at together

---@class Delivery what goes to one target
---@field outbox table whose store, directory and note it uses
---@field target NotifyTarget
---@field position integer the last event that the target needs to hear nothing of any more
---@field task table
---@field wake function|nil of its task, while nothing is left to do
---@field pauses boolean|nil it waits for the next attempt
---@field done boolean|nil its task is over
---@field stopped boolean|nil nothing more is sent
local Delivery = {}
Delivery.__index = Delivery

-- ---- the journal ----

local function record(store, kind, body)
  local tx = store:stream({ run = RUN, turn = os.time() // DAY, actor = "system", role = "system" }):begin()
  tx:event(kind, nil, body)
  return errors.check(async.await(tx.commit, tx))
end

local function first_wanted(target, list)
  for _, notice in ipairs(list) do
    if tables.has(target.events, notice.event) then
      return notice
    end
  end
end

-- What is to be sent next; nil: nothing is. Where nothing of a page is wanted, the next one is looked at.
local function pending(self)
  local outbox, breathe = self.outbox, async.breather()
  while true do
    breathe()
    local rows = outbox.store:read("noticeable", { since = self.position, limit = PAGE })
    local notice = first_wanted(self.target, notifications.of(outbox.store, outbox.dir, rows))
    if notice or #rows == 0 then
      return notice
    end
    self.position = rows[#rows].seq
  end
end

-- ---- one notice ----

local CERTAIN = { ERR_USAGE = true, ERR_CONFIG = true, ERR_DENIED = true, ERR_NOT_FOUND = true }
local LATER = { [408] = true, [425] = true, [429] = true }

-- No further attempt makes it better.
local function is_hopeless(err, notice)
  local refused = err.status and err.status >= 300 and err.status < 500 and not LATER[err.status]
  return CERTAIN[err.code] or refused or instants.since(notice.at) > GIVES_UP
end

local function pause(self, attempt, err)
  local seconds = math.min(LAST_PAUSE, math.max(FIRST_PAUSE * 2 ^ (attempt - 1), err.retry_after or 0))
  self.pauses = true
  self.outbox:settled()
  local ok = async.sleep(seconds)
  self.pauses = nil
  return ok
end

-- Said once, until the target takes something again.
local function note_failing(self, err)
  if not self.failing then
    self.outbox.note(("%s takes no notifications, and is tried again: %s"):format(self.target.name,
      errors.line(err)))
  end
  self.failing = self.failing or { target = self.target.name, since = sys.now(), why = errors.line(err) }
end

local function give_up(self, notice, attempts, err)
  local name = self.target.name
  self.outbox.note(("%s did not take the notification %s: %s"):format(name, notice.id, errors.line(err)))
  return record(self.outbox.store, "notice.failed", { target = name, event = notice.seq, id = notice.id,
    attempts = attempts, code = err.code, message = err.message })
end

-- Until it is taken or given up. nil: it is stopped.
local function deliver(self, notice)
  local attempt = 0
  while true do
    attempt = attempt + 1
    local ok, err = senders.send(self.target, notice)
    if ok then
      self.failing = nil
      return record(self.outbox.store, "notice.sent", { target = self.target.name, event = notice.seq,
        id = notice.id, attempts = attempt })
    elseif async.canceled() then
      return nil
    elseif is_hopeless(err, notice) then
      return give_up(self, notice, attempt, err)
    end
    note_failing(self, err)
    if not pause(self, attempt, err) then
      return nil
    end
  end
end

-- ---- all of them ----

local function rest(self)
  return async.suspend(function(wake)
    self.wake = wake
    self.outbox:settled()
  end)
end

local function work(self)
  while true do
    local notice = pending(self)
    local ok, err
    if notice then
      ok, err = deliver(self, notice)
    else
      ok = rest(self)
    end
    if not ok then
      return nil, err
    end
    self.position = notice and notice.seq or self.position
  end
end

-- A target that is new hears of what comes from now on.
local function position_of(store, name, known)
  if known then
    return known
  end
  local position = store:read("counts", {})[1].events
  local ok, err = record(store, "notice.began", { target = name, event = position })
  return ok and position, err
end

---Begins to send a target what it has to hear of. In a task.
---@param outbox table
---@param target NotifyTarget
---@param known integer|nil the last event that it was sent or needs not hear of, as the journal has it
---@return Delivery|nil
---@return Error|nil
function M.begin(outbox, target, known)
  local position, err = position_of(outbox.store, target.name, known)
  if not position then
    return nil, err
  end
  local self = setmetatable({ outbox = outbox, target = target, position = position }, Delivery)
  self.task = async.spawn_watched(function(_, failure)
    self.done = true
    outbox:settled()
    if failure and not self.stopped then
      outbox.note("notifications to " .. target.name .. " stopped: " .. errors.line(failure))
    end
  end, work, self)
  return self
end

---There may be something to send.
function Delivery:look()
  local wake = self.wake
  self.wake = nil
  if wake then
    wake(true)
  end
end

---Something is being sent now.
---@return boolean
function Delivery:is_busy()
  return not (self.done or self.wake or self.pauses)
end

---Sends nothing more; what was under way is sent again by the next one of the same target.
function Delivery:stop()
  self.stopped = true
  if not self.done then
    async.cancel(self.task)
  end
end

return M
