-- scheduler.lua: runs an epic: starts a card the moment it may go on and a slot is free
-- (scheduler/slots.lua), and stops when nothing can go on without a person. There are no ticks: committed
-- events move the board, and each movement asks once what may start. Its parts: scheduler/work.lua, what is
-- done with one card; scheduler/stopping.lua, how it stops; scheduler/listener.lua, events that are
-- committed while it runs; scheduler/interrupted.lua, the turns that an earlier process left open.

local async = require("orket.async")
local board = require("orket.scheduler.board")
local engines = require("orket.scheduler.engine")
local client = require("orket.llm.client")
local errors = require("orket.errors")
local interrupted = require("orket.scheduler.interrupted")
local expiry = require("orket.scheduler.expiry")
local unblock = require("orket.governance.budget.unblock")
local meters = require("orket.governance.budget.meter")
local models = require("orket.llm.models")
local moves = require("orket.effects.moves")
local listener = require("orket.scheduler.listener")
local pause = require("orket.llm.pause")
local score = require("orket.core.score")
local seats = require("orket.scheduler.seats")
local statuses = require("orket.util.statuses")
local stopping = require("orket.scheduler.stopping")
local sys = require("orket.core.sys")
local tree = require("orket.workspace.tree")
local timers = require("orket.scheduler.timers")
local work = require("orket.scheduler.work")

local M = {}

local Run = {}
Run.__index = Run

-- ---- events of the engine itself ----

local function system_tx(self)
  return self.stream:begin()
end

local function commit(tx)
  return errors.check(async.await(tx.commit, tx))
end

---A transition by the engine, with what belongs to it.
---@param card table
---@param to string status
---@param options {reason: string?, why: string?, retry_count: integer?}
---@param also fun(tx: StoreTx)|nil adds events to the same transaction
---@return any|nil ok
---@return Error|nil
function Run:move(card, to, options, also)
  local tx = system_tx(self)
  options.role = "system"
  if also then
    also(tx)
  end
  local ok, err = moves.add(tx, card, to, options)
  if not ok then
    return nil, err
  end
  return commit(tx)
end

---The engine itself could not go on with a card: reported, and the run ends. What the other cards would meet
---as well stops them at once: the next run goes on with them.
---@param card table
---@param err Error
function Run:broke(card, err)
  if not self.broken then
    self.broken = errors.new(err.code, card.id .. ": " .. (err.message or err.code), err.fix)
    self.broken.class, self.broken.detail = err.class, err.detail
    if errors.is_environment(err) or err.code == "ERR_CASSETTE" then
      self:drain()
    end
  end
end

-- ---- scheduling ----

-- The planner sees more candidates than may start now, and never more than the window.
local function candidates(self, free)
  local window = {}
  for i, card in ipairs(self.board:best(math.min(self.limits.window, 16 + 4 * free))) do
    window[i] = { id = card.id, status = card.status, score = card.score, seat = card.seat }
  end
  return window
end

-- The planner's answer serves until a new candidate appears.
local function next_card(self)
  if self.planned ~= self.board.version then
    local free = self.slots:free()
    local order, err = self.engine:ask("planner", "plan", candidates(self, free), { free = free })
    if errors.is_environment(err) then
      return self:broke(self.epic, err)
    end
    self.plan, self.plan_at, self.planned = type(order) == "table" and order or {}, 0, self.board.version
  end
  while self.plan_at < #self.plan do
    self.plan_at = self.plan_at + 1
    local card = self.board.cards[self.plan[self.plan_at]]
    if card and card.queued then
      return card
    end
  end
end

---What the task of a card came to: a failure ends the run, unless the card was moved meanwhile, or the run
---stops.
---@param card table
---@param ok any|nil
---@param err Error|nil
function Run:card_ended(card, ok, err)
  if not ok and err and err.code ~= "ERR_CANCELED" and err.code ~= "ERR_STALE" then
    self:broke(card, err)
  end
end

---Does something with a card in a task of its own; then asks what may start.
---@param card table
---@param act fun(run: table, card: table, ...): any?, Error?
function Run:start(card, act, ...)
  self.board:start(card)
  self.slots:take()
  local task = async.spawn_watched(function(ok, err)
    self:card_ended(card, ok, err)
    self.tasks[card.id] = nil
    self.slots:give_back()
    self.board:stop(card)
    self:pump()
    self.slots:serve()
  end, act, self, card, ...)
  if not task.done then
    self.tasks[card.id] = task
  end
end

---Starts what may start. Called after every movement.
function Run:pump()
  if self.board.candidates[1] and not (self.draining or self.broken) then
    self.slots:ask(self)
  end
  self:check_end()
end

---A slot is free, and it is this run's: starts the best card.
---@return boolean started
function Run:start_next()
  if self.draining or self.broken then
    return false
  end
  local card = next_card(self) or not self.broken and #self.board.candidates > 0 and self:replan()
  if card then
    self:start(card, work.go_on)
  else
    self:check_end()
  end
  return card and true or false
end

---The window is used up: asks once more; nil when the planner holds the rest back.
function Run:replan()
  self.planned = nil
  return next_card(self)
end

-- Something is being done or waits for a slot, a pause will be over soon, or a person reads what a card asks
-- (view/live/controls.lua).
local function is_under_way(self)
  local waits = self.in_line or self.reviewed or self.waking and self.waking.count > 0
  return self.board.running > 0 or waits and not (self.draining or self.broken)
end

function Run:check_end()
  if not is_under_way(self) and self.ended then
    self.ended()
  end
end

-- ---- begin and end ----

local function scored(store, epic)
  local cards = store:read("backlog", { epic = epic })
  local is_fork = #store:read("lineage", { card = epic }) > 0
  local planned, err = errors.check(score.plan(is_fork and board.within(cards) or cards))
  if not planned then
    return nil, err
  end
  for _, card in ipairs(cards) do
    card.epic, card.score = epic, card.priority + planned.impact[card.id]
  end
  return cards
end

-- The highest number of a turn: one whose beginning could not be committed left a gap below.
local function last_turn(store, run)
  local last = 0
  for _, row in ipairs(store:read("turns", { run = run })) do
    last = math.max(last, math.tointeger(tonumber(row.turn)))
  end
  return last
end

---A run as its cards are now: without the turns that were interrupted, and nothing is written.
---@param project table scripts loaded
---@param epic table card row
---@param options {run: string, by: string?, shared: RunSet?, on_delta: function?, on_begun: fun(run: table)?,
---  cassette: table?, only: string?, rock: string?, served: integer?}  shared: what it has in common with the
---  other runs; nil: it will start no card. on_begun: its beginning is in the journal. only: this card and
---  what it depends on. rock: the one that is run. served: it is a server's, and the next one takes it up by
---  itself (jobs/resumption.lua): how often in a row that happened before a turn came to its end
---@return table|nil run
---@return Error|nil
function M.new(project, epic, options)
  local self = setmetatable({
    project = project, store = project.store, epic = epic, id = options.run, tasks = {}, live = {},
  }, Run)
  self.engine = engines.new(project, epic, self.id)
  self.engine.on_delta, self.engine.cassette = options.on_delta, options.cassette
  self.engine.started_by = options.by
  self.limits = self.engine.limits
  self.team = seats.team(project.config, epic)
  self.shared, self.on_begun = options.shared, options.on_begun
  self.slots = self.shared and self.shared.slots
  self.models = models.new(self.engine, self.team, self.shared and self.shared.limiters)
  self.stream = self.store:stream({ run = self.id, turn = 0, actor = "system", role = "system" })
  self.engine.stream = self.stream
  local cards, err = scored(self.store, epic.id)
  if not cards then
    return nil, err
  end
  self.last_turn, self.open_turns = last_turn(self.store, self.id), {}
  self.only, self.rock, self.served = options.only, options.rock, options.served
  self.board = board.new(self.only and board.needed(cards, self.only) or cards)
  return self
end

local FILES = 64 -- that a run has open, or opens for a moment, whatever the number of its cards

-- Each card at work waits on a socket of its own. A run that surely cannot work is refused before it begins.
local function check_descriptors(self)
  local cards = 0
  for _, card in pairs(self.board.cards) do
    cards = cards + (statuses.FINAL[card.status] and 0 or 1)
  end
  local needed, limit = FILES + math.min(self.limits.concurrency, cards), sys.descriptors()
  if limit < needed then
    return nil, errors.new("ERR_DESCRIPTORS",
      string.format("this run needs %d open files at once, and this process may have %d", needed, limit))
  end
  return true
end

local function budget(self)
  return meters.open(self.project, self.epic, {
    id = self.id, user = self.engine:user(), limits = self.limits, cards = self.board.cards,
  }, self.shared.budget)
end

-- Its requests pass the budgets as they are configured now.
local function equip(self)
  self.engine.meter = budget(self)
  self.engine.client = client.new(self.engine.meter, self.engine.cassette)
end

-- Cards that waited for a cap which has room again go on.
local function lift(project, epic, options)
  if #project.store:read("capped", { run = options.run }) == 0 then
    return true
  end
  local self, err = M.new(project, epic, options)
  if not self then
    return nil, err
  end
  local meter = budget(self)
  return unblock.all(self.store, self.id, function(waits, id)
    local till = pause.ending(waits)
    if till then
      return till < sys.now()
    end
    return not meter or meter:has_room(waits, self.board.cards[id] or {})
  end)
end

-- What is one for all runs is as the newest one is configured. What was not capped when another one began is
-- counted from now on.
local function share(self)
  self.slots.most = self.limits.concurrency
  self.engine.rates = self.shared:rates_of(self.engine:rules())
  equip(self)
  for _, other in ipairs(self.shared:all()) do
    if self.engine.meter and not other.engine.meter then
      equip(other)
    end
  end
end

---A run that begins, or goes on with the turns that were interrupted.
---@param project table opened as owner, scripts loaded
---@param epic table card row
---@param options table as for new, with `shared`
---@return table|nil run
---@return Error|nil
function M.open(project, epic, options)
  local open, self
  local ok, err = lift(project, epic, options)
  if ok then
    open, err = interrupted.find({ project = project, store = project.store, id = options.run })
  end
  if not open then
    return nil, err
  end
  self, err = M.new(project, epic, options) -- now: what was found may have parked its card
  if self then
    ok, err = check_descriptors(self)
  end
  if not (self and ok) then
    return nil, err
  end
  self.open_turns = open
  share(self)
  self.engine.recalls = not self.engine.cassette and self.engine:rules().memory ~= nil
  return self
end

---Records that it begins, or goes on.
---@return any|nil ok
---@return Error|nil
function Run:announce()
  local tx = system_tx(self)
  local kind = self.store:read("run", { id = self.id })[1] and "run.resumed" or "run.started"
  local configuration = self.engine:configuration()
  tx:event(kind, self.epic.id, {
    generation = self.project.generation.id, engine = sys.version(), only = self.only,
    rock = self.rock, by = self.engine:user(), beside = self.engine:beside(),
    served = self.served,
    config = configuration and tx:blob(configuration),
  })
  if self.epic.status == "ready" then
    local ok, err = moves.add(tx, self.epic, "in_progress", { role = "system" })
    if not ok then
      return nil, err
    end
  end
  return commit(tx)
end

-- A run of some cards leaves the epic, and the run's number, to the next one.
local function is_whole(self)
  for _, row in ipairs(self.only and self.store:read("statuses", { epic = self.epic.id }) or {}) do
    if not statuses.FINAL[row.status] then
      return false
    end
  end
  return true
end

---Records how it ended.
---@return RunEnd
---@return Error|nil
function Run:conclude()
  if self.draining or self.broken then -- tasks were canceled while their commits were under way
    self.board:refresh(self.store:read("backlog", { epic = self.epic.id }))
  end
  local status, counts = self.board:status()
  if self.broken then
    status = "failed"
  elseif self.draining and status ~= "done" then -- the last cards may have come to their end all the same
    status = "drained"
  end
  local tx, whole = system_tx(self), is_whole(self)
  tx:event("run.ended", self.epic.id, {
    status = (whole or status ~= "done") and status or "partial", counts = counts,
    why = self.broken and self.broken.message,
    with_server = status == "drained" and self.with_server or nil,
  })
  if whole and status == "done" and self.epic.status == "in_progress" then
    moves.add(tx, self.epic, "done", { role = "system" })
  end
  local ok, err = commit(tx)
  return { status = ok and status or nil, counts = counts }, err or self.broken
end

-- Questions that get no answer in time and pauses that end, while the run is under way.
local function watch_time(self)
  local lapsing, waking = expiry.watch(self), timers.watch(self)
  return setmetatable({}, { __close = function()
    lapsing:close()
    waking:close()
  end })
end

---Runs until nothing can go on without a person.
---@return RunEnd|nil
---@return Error|nil
function Run:run()
  local begun, why = tree.begin(self.project, self.store, self.epic.id)
  if not begun then
    return nil, why
  end
  local announcing = async.spawn(self.announce, self) -- the first claims are in the same commit
  if announcing.done then
    local _, failure = async.join(announcing)
    return nil, failure
  end
  local unsubscribe = self.store:subscribe(function(event)
    listener.on_event(self, event)
  end, { "card.", "approval.", "model." })
  local closing <close> = watch_time(self)
  listener.catch_up(self)
  self:pump()
  local ok, err = async.join(announcing)
  if not ok then
    self:drain()
  elseif self.on_begun then
    self:on_begun()
  end
  if is_under_way(self) then
    async.suspend(function(wake)
      self.ended = wake
    end)
  end
  if self.grace then
    async.cancel(self.grace)
  end
  if self.draining then
    commit(system_tx(self)) -- canceled tasks left commits behind: the board gets them first
  end
  unsubscribe()
  self.is_over = true
  if ok and not (self.draining or self.broken) then
    ok, err = tree.catch_up(self.project, self.store, self.epic.id)
  end
  if not ok then
    return nil, err
  end
  return self:conclude()
end

Run.drain = stopping.drain

return M
