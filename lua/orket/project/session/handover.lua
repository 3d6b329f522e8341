-- handover.lua: a run of a command while another process owns the project: that one does the work, and this
-- one shows it as its own (scheduler/jobs/follower.lua is the other end). The first ^C stops the runs, the
-- second one leaves them to the owner.

local async = require("orket.async")
local errors = require("orket.errors")
local owner = require("orket.project.owner")
local reader = require("orket.project.reader")
local remote = require("orket.view.live.remote")
local run_events = require("orket.view.run_events")
local sys = require("orket.core.sys")

local M = {}

local PAGE = 500
local SIGNALS = { "sigint", "sigterm" }

-- ---- what is shown ----

local function show_event(self, event)
  for _, run in ipairs(self.runs) do
    run.is_over = run.is_over or event.kind == "run.ended" and event.run == run.id
  end
  if run_events.concern(self.runs, self.card, event) then
    self.hear(event)
  end
end

-- Events up to this one, as the journal has them by now.
local function show_events(self, seq)
  while self.seq and self.seq < seq do
    local events = self.store:read("events", { since = self.seq, limit = PAGE })
    if #events == 0 then
      return
    end
    self.seq = events[#events].seq
    for _, run in ipairs(self.runs) do
      remote.refresh(run, self.store)
    end
    for _, event in ipairs(events) do
      show_event(self, event)
    end
  end
end

-- A view sees what comes from the beginning of its first run on.
local function beginning_of(store, run)
  local seq = 0
  for _, kind in ipairs({ "run.started", "run.resumed" }) do
    local event = store:read("last_events", { run = run, kind = kind, limit = 1 })[1]
    seq = math.max(seq, event and event.seq or 0)
  end
  return seq - 1
end

local function attach(self, row)
  local run = remote.run(self.project, row.id, row.epic)
  table.insert(self.runs, run)
  remote.refresh(run, self.store)
  self.view:attach(self.project, run)
  self.seq = self.seq or beginning_of(self.store, run.id)
end

local function show_words(self, words)
  for _, one in ipairs(self.view.on_delta and words or {}) do
    self.view.on_delta({ card = { id = one.card } }, one.text, one.progress)
  end
end

local function show(self, news)
  for _, row in ipairs(news.runs) do
    attach(self, row)
  end
  if news.note and not self.noted then
    self.noted = true
    self.view:note(news.note)
  end
  show_events(self, news.seq)
  show_words(self, news.words)
end

-- ---- signals ----

local function halt(self)
  for _, run in ipairs(self.runs) do
    if not run.is_over then
      local answer = owner.ask(self.dir, { act = "halt", run = run.id, who = sys.user() })
      self.view:note(answer and answer.message or run.id .. " has ended")
    end
  end
end

local function leave(self)
  if self.view.leave then
    self.view:leave()
  end
  io.stderr:write("orket: left to the process that owns the project; orket board -w shows it\n")
  os.exit(130, false)
end

local function on_signals(self)
  local signals = 0
  return async.on_signals(SIGNALS, function()
    signals = signals + 1
    if signals > 1 or #self.runs == 0 then
      leave(self)
    end
    halt(self)
    self.view:note("again leaves it to the process that owns the project")
  end)
end

-- ---- from beginning to end ----

local function gone(self)
  local run = self.runs[#self.runs]
  return errors.new("ERR_CANCELED", "the process that owned the project is gone, and did not end "
    .. (run and run.id or "what was asked for"), run and "orket resume " .. run.id
      .. " goes on where its journal ends" or "ask again")
end

-- The end of what was begun; nil, Error when the owner is gone, or was stopped (SIGSTOP).
local function follow(self)
  local news, err
  repeat
    news, err = self.connection:ask({ act = "run.follow" })
    if news then
      show(self, news)
    end
  until not news or news.over
  if news then
    return news
  end
  return nil, err and err.silent and err or gone(self)
end

local function finish(self, news)
  local ended = news.ended or {}
  local status = news.error and "failed" or ended.status
  self.view:finish({ status = status, counts = ended.counts, already = ended.already, error = news.error,
    card = news.card or self.card, dir = self.dir, runs = self.runs, pushes = ended.pushes })
  return { status = status, error = news.error, card = not news.failure and news.card or nil,
    failure = news.failure }
end

local function begin(self, wanted)
  local begun, err = self.connection:ask({ act = "run.begin", card = wanted.card, again = wanted.again,
    first = wanted.first, who = sys.user() })
  if not begun then
    return nil, err
  end
  local stop = on_signals(self)
  local news
  news, err = follow(self)
  stop()
  if not news then
    return { status = "failed", error = err, failure = err }
  end
  return finish(self, news)
end

---Hands what is wanted to the owner and shows it until its end. In a task.
---@param dir string
---@param wanted {card: string?, first: Request?, again: boolean?}
---@param make_view fun(): table
---@return {status: string?, error: Error|nil, card: string?, failure: Error?}|nil ended  failure: of what
---  came first
---@return Error|nil ERR_NOT_FOUND: no owner listens; ERR_OWNED with `stops`: it ends
function M.run(dir, wanted, make_view)
  local connection <close>, err = owner.connect(dir)
  local store <close> = connection and reader.open(dir)
  if not store then
    return nil, err or errors.new("ERR_NOT_FOUND", "the owner has no board yet")
  end
  local self = { dir = dir, connection = connection, store = store, runs = {}, view = make_view(),
    card = wanted.card, hear = function() end }
  self.project = run_events.project({ dir = dir, store = store }, function(hear)
    self.hear = hear
  end)
  return begin(self, wanted)
end

return M
