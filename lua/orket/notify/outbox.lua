-- outbox.lua: the notices of a project on their way to all targets of its configuration. A changed
-- config/organization.json serves at once; one that is broken changes nothing. No run waits for any of it.

local async = require("orket.async")
local concealed = require("orket.governance.concealed")
local config = require("orket.project.config")
local deliveries = require("orket.notify.delivery")
local errors = require("orket.errors")
local problem_list = require("orket.project.config.problem_list")
local statuses = require("orket.util.statuses")
local tables = require("orket.util.tables")
local targets = require("orket.notify.targets")
local watch = require("orket.project.watch")

local M = {}

local FILE = "organization.json"
local SETTLE = 0.1 -- seconds; many editors empty a file before they write it
local KINDS = { ["run.ended"] = true, ["branch.unpushed"] = true }
local PARKED = statuses.PARKED

local Outbox = {}
Outbox.__index = Outbox

-- ---- the targets ----

---Those that take nothing at this moment.
---@return {target: string, since: string, why: string}[]
function Outbox:failing()
  local list = {}
  for _, name in ipairs(tables.keys(self.deliveries)) do
    list[#list + 1] = self.deliveries[name].failing
  end
  return list
end

local function known_positions(store)
  local known = {}
  for _, row in ipairs(store:read("noticed", {})) do
    known[row.target] = row.event
  end
  return known
end

-- One that does not begin leaves what went to the target of its name before.
local function begin(self, organization, name, known)
  local target, err = targets.open(organization, name)
  local before, begun = self.deliveries[name], nil
  if target and before then
    before:stop()
  end
  if target then
    begun, err = deliveries.begin(self, target, before and before.position or known[name])
  end
  if begun and self.is_closed then
    begun:stop()
  elseif begun then
    self.deliveries[name] = begun
    self.given[name] = targets.given(organization, name)
  else
    self.note("no notifications go to " .. name .. (before and " as it is configured now" or "") .. ": "
      .. errors.line(err))
  end
end

local function apply(self, organization)
  local known, wanted = known_positions(self.store), tables.set(targets.names(organization))
  for _, name in ipairs(tables.keys(self.deliveries)) do
    if not wanted[name] then
      self.deliveries[name]:stop()
      self.deliveries[name] = nil
    end
  end
  for _, name in ipairs(targets.names(organization)) do
    local is_same = self.deliveries[name]
      and tables.same(self.given[name], targets.given(organization, name))
    if not is_same then
      begin(self, organization, name, known)
    end
  end
end

-- ---- a changed configuration ----

-- The first thing that is wrong with it.
local function failure_of(problems)
  local first = problems[1]
  if not first then
    return errors.line(problems)
  end
  return ("%s:%d: %s\n  fix: %s"):format(first.file, first.line, problem_list.full_line(first), first.fix)
end

local function load(self)
  local loaded, problems = config.load(self.dir, async.breather())
  if not loaded then
    async.sleep(SETTLE)
    loaded, problems = config.load(self.dir, async.breather())
  end
  return loaded, problems
end

-- A key that is new is hidden from programs before it is used.
local function conceal(self, organization)
  local conceals, err = concealed.hold(self.dir, organization)
  if conceals and self.conceals then
    self.conceals:release()
  end
  self.conceals = conceals or self.conceals
  return conceals, err
end

local function reload(self)
  local loaded, err = load(self)
  local ok = loaded
  if loaded and not self.is_closed then
    ok, err = conceal(self, loaded.organization)
  end
  if self.is_closed then
    return
  elseif ok then
    apply(self, loaded.organization)
  else
    self.note("notifications go where they went before, config/ has an error: " .. failure_of(err))
  end
end

-- One change after the other: what comes meanwhile is looked at afterwards.
local function on_change(self)
  self.changes = (self.changes or 0) + 1
  if self.changes > 1 then
    return
  end
  repeat
    local seen = self.changes
    reload(self)
  until self.changes == seen
  self.changes = nil
end

-- ---- all of them ----

local function look_all(self)
  for _, delivery in pairs(self.deliveries) do
    delivery:look()
  end
end

-- The events of the query `noticeable`.
local function concerns(event)
  return KINDS[event.kind] or event.kind == "card.moved" and PARKED[event.body.to]
end

---Begins to send what the configuration's targets have to hear of, now and when it changes. In a task.
---@param project table opened as owner
---@param note fun(text: string)
---@return table outbox
function M.open(project, note)
  local self = setmetatable({ store = project.store, dir = project.dir, note = note, deliveries = {},
    given = {} }, Outbox)
  apply(self, project.config.organization)
  self.unsubscribe = self.store:subscribe(function(event)
    if concerns(event) then
      async.spawn(look_all, self)
    end
  end)
  self.watched = watch.open(self.dir, watch.CONFIGURATION, function(name)
    if not name or name == FILE then
      on_change(self)
    end
  end)
  return self
end

---A delivery has nothing to send now: close() looks again whether one has.
function Outbox:settled()
  if self.idle then
    self.idle(true)
  end
end

local function is_busy(self)
  for _, delivery in pairs(self.deliveries) do
    if delivery:is_busy() then
      return true
    end
  end
  return false
end

---Waits some seconds at most for what is being sent, and ends; the rest is sent by the next owner. In a task.
---@param seconds number
function Outbox:close(seconds)
  self.is_closed = true
  self.watched:close()
  self.unsubscribe()
  look_all(self)
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
  for _, delivery in pairs(self.deliveries) do
    delivery:stop()
  end
  if self.conceals then
    self.conceals:release()
  end
end

return M
