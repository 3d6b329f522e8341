-- outbox.lua: notices on their way. What a target has to hear of follows from the journal, and what it was
-- sent is recorded there: after a crash the rest is sent by the next process that owns the project, at least
-- once, in order, with the same id. No run waits for any of it.

local async = require("orket.async")
local approvals = require("orket.governance.approvals.approvals")
local errors = require("orket.errors")
local notifications = require("orket.notify.notifications")
local senders = require("orket.notify.senders")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local targets = require("orket.notify.targets")

local M = {}

local RUN = "notices" -- their streams: one for each day, as its turn
local DAY = 86400
local GIVES_UP = DAY -- seconds after its event
local FIRST_PAUSE, LAST_PAUSE = 1, 900 -- seconds between two attempts, doubling
local PAGE = 200 -- events that are looked at together
local KINDS = { ["run.ended"] = true, ["branch.unpushed"] = true }
local PARKED = statuses.PARKED

local Outbox = {}
Outbox.__index = Outbox

---@class Delivery what goes to one target
---@field target NotifyTarget
---@field position integer the last event that it needs to hear nothing of any more
---@field wake function|nil of its task, while nothing is left to do
---@field pauses boolean|nil it waits for the next attempt

-- ---- the journal ----

local function record(self, kind, body)
  local tx = self.store:stream({ run = RUN, turn = os.time() // DAY, actor = "system",
    role = "system" }):begin()
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
local function pending(self, delivery)
  while true do
    local rows = self.store:read("noticeable", { since = delivery.position, limit = PAGE })
    local notice = first_wanted(delivery.target, notifications.of(self.store, self.dir, rows))
    if notice or #rows == 0 then
      return notice
    end
    delivery.position = rows[#rows].seq
  end
end

-- ---- one notice ----

local CERTAIN = { ERR_USAGE = true, ERR_CONFIG = true, ERR_DENIED = true, ERR_NOT_FOUND = true }
local LATER = { [408] = true, [425] = true, [429] = true }

-- No further attempt makes it better.
local function is_hopeless(err, notice)
  local refused = err.status and err.status >= 300 and err.status < 500 and not LATER[err.status]
  return CERTAIN[err.code] or refused or approvals.seconds_since(notice.at) > GIVES_UP
end

-- Who waits for the end of what is being sent looks again.
local function tell(self)
  if self.idle then
    self.idle(true)
  end
end

local function pause(self, delivery, attempt, err)
  local seconds = math.min(LAST_PAUSE, math.max(FIRST_PAUSE * 2 ^ (attempt - 1), err.retry_after or 0))
  delivery.pauses = true
  tell(self)
  local ok = async.sleep(seconds)
  delivery.pauses = nil
  return ok
end

local function give_up(self, target, notice, attempts, err)
  self.note(("%s did not take the notification %s: %s"):format(target.name, notice.id, err.message))
  return record(self, "notice.failed", { target = target.name, event = notice.seq, id = notice.id,
    attempts = attempts, code = err.code, message = err.message })
end

-- Until it is taken or given up. nil: the process ends.
local function deliver(self, delivery, notice)
  local target, attempt = delivery.target, 0
  while true do
    attempt = attempt + 1
    local ok, err = senders.send(target, notice)
    if ok then
      return record(self, "notice.sent", { target = target.name, event = notice.seq, id = notice.id,
        attempts = attempt })
    elseif async.canceled() then
      return nil
    elseif is_hopeless(err, notice) then
      return give_up(self, target, notice, attempt, err)
    elseif not pause(self, delivery, attempt, err) then
      return nil
    end
  end
end

-- ---- one target ----

local function rest(self, delivery)
  return async.suspend(function(wake)
    delivery.wake = wake
    tell(self)
  end)
end

local function work(self, delivery)
  while true do
    local notice = pending(self, delivery)
    local ok, err
    if notice then
      ok, err = deliver(self, delivery, notice)
    else
      ok = rest(self, delivery)
    end
    if not ok then
      return nil, err
    end
    delivery.position = notice and notice.seq or delivery.position
  end
end

-- One that is new hears of what comes from now on.
local function position_of(self, name, known)
  local position = known[name]
  if position then
    return position
  end
  position = self.store:read("counts", {})[1].events
  local ok, err = record(self, "notice.began", { target = name, event = position })
  return ok and position, err
end

local function known_positions(store)
  local known = {}
  for _, row in ipairs(store:read("noticed", {})) do
    known[row.target] = row.event
  end
  return known
end

local function begin(self, organization, name, known)
  local target, err = targets.open(organization, name)
  local position
  if target then
    position, err = position_of(self, name, known)
  end
  if not position then
    self.note("no notifications go to " .. name .. ": " .. errors.line(err))
    return
  end
  local delivery = { target = target, position = position }
  self.deliveries[#self.deliveries + 1] = delivery
  delivery.task = async.spawn_watched(function(_, failure)
    delivery.done = true
    tell(self)
    if failure then
      self.note("notifications to " .. name .. " stopped: " .. errors.line(failure))
    end
  end, work, self, delivery)
end

-- ---- all of them ----

local function wake_all(self)
  for _, delivery in ipairs(self.deliveries) do
    local wake = delivery.wake
    delivery.wake = nil
    if wake then
      wake(true)
    end
  end
end

-- The events of the query `noticeable`.
local function concerns(event)
  return KINDS[event.kind] or event.kind == "card.moved" and PARKED[event.body.to]
end

---Begins to send what the configuration's targets have to hear of. nil: there are none. In a task.
---@param project table opened as owner
---@param note fun(text: string)
---@return table|nil outbox
function M.open(project, note)
  local organization = project.config.organization
  local names = targets.names(organization)
  if #names == 0 then
    return nil
  end
  local self = setmetatable({ store = project.store, dir = project.dir, note = note,
    deliveries = {} }, Outbox)
  local known = known_positions(self.store)
  for _, name in ipairs(names) do
    begin(self, organization, name, known)
  end
  self.unsubscribe = self.store:subscribe(function(event)
    if concerns(event) then
      async.spawn(wake_all, self)
    end
  end)
  return self
end

local function is_busy(self)
  for _, delivery in ipairs(self.deliveries) do
    if not (delivery.done or delivery.wake or delivery.pauses) then
      return true
    end
  end
  return false
end

---Waits some seconds at most for what is being sent, and ends; the rest is sent by the next owner. In a task.
---@param seconds number
function Outbox:close(seconds)
  self.unsubscribe()
  wake_all(self)
  async.within(seconds, function()
    while is_busy(self) do
      local ok = async.suspend(function(wake)
        self.idle = wake
      end)
      if not ok then
        return
      end
      async.sleep(0)
    end
  end)
  for _, delivery in ipairs(self.deliveries) do
    if not delivery.done then
      async.cancel(delivery.task)
    end
  end
end

return M
