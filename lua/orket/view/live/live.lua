-- live.lua: a run as a board that is redrawn in place. What it looks like is in frame.lua; here is what
-- happens, when a frame is drawn, and the terminal.
--
-- The cursor is hidden within one write only, so that no end of the program can leave it hidden. Sentences
-- are printed above the picture, whole, and become the terminal's own scrollback. Of the picture only rows
-- that changed are written; in a changed window it is drawn anew, because the terminal has wrapped the old
-- one in its own way.

local async = require("orket.async")
local controls = require("orket.view.live.controls")
local ending = require("orket.view.ending")
local frame = require("orket.view.live.frame")
local local_time = require("orket.view.format.local_time")
local notice = require("orket.scripts.permission_delta.notice")
local outage_fold = require("orket.view.outage_fold")
local outages = require("orket.reports.outages")
local reply_draft = require("orket.view.live.reply_draft")
local sentences = require("orket.view.sentences")
local shown_runs = require("orket.view.shown_runs")
local approval_format = require("orket.governance.approvals.approval_format")
local budget_format = require("orket.governance.budget.budget_format")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local View = {}
View.__index = View

local FRAME_SECONDS = 0.1 -- no more than ten frames a second, however many events
local CLOCK_SECONDS = 1
local ID_COLUMNS = 14 -- of a line of the log
local TIME_COLUMNS = 10 -- the time before that
local WORDS = 400 -- bytes of a model's last words that are kept
local NOTHING = { beside = 0, calls = 0 } -- beside the words of a reply

---@param args {replay: string?}|nil
---@return table view
function M.new(args)
  local self = setmetatable({
    has_keys = not (args and args.replay), -- no owner hears those of a replay
    shown = shown_runs.new(), fold = outage_fold.new(),
    log = {}, doing = {}, asked = {}, questions = {}, streams = {}, outages = {},
    tokens = 0, before = 0, began = sys.monotonic(), drawn = {},
  }, View)
  self.on_delta = function(turn, words, progress)
    self:hear(turn.card.id, words, progress)
  end
  return self
end

-- ---- what happens ----

local function tick(self)
  async.spawn(function()
    while not self.finished do
      async.sleep(CLOCK_SECONDS)
      self:soon()
    end
  end)
end

local function question(row)
  return "needs approval: " .. approval_format.line(row)
end

---@param project table
---@param run table a run that begins; a rock has several
function View:attach(project, run)
  local first, totals = not self.run, ending.totals(run)
  self.run = run
  self.shown:add(run)
  if totals then -- of the sessions before this one
    self.before, self.tokens = self.before + (totals.seconds or 0),
      self.tokens + totals.tokens_in + totals.tokens_out
  end
  if first then
    project.store:subscribe(function(event)
      self:see(event)
    end)
    self.stop = async.on_signals({ "sigwinch" }, function()
      self:soon()
    end)
    self.notice = notice.of(project.store, project.dir)
    for _, row in ipairs(project.store:read("approvals", { status = "pending" })) do
      self.asked[row.card], self.questions[row.card] = row.id, question(row) -- by a run before this one
    end
    self.controls = self.has_keys and controls.start(self, project, self.shown)
    tick(self)
  end
  self:draw()
end

-- A card's agent does something else from now on.
local function stream_of(self, card, doing, is_asked)
  local now = sys.monotonic()
  self.streams[card] = { doing = doing, since = now, heard = now, is_asked = is_asked }
  return self.streams[card]
end

---A model's reply as it comes.
---@param card string
---@param words string
---@param progress LlmProgress|nil
function View:hear(card, words, progress)
  local stream = self.streams[card] or stream_of(self, card, "replies", true)
  stream.heard = sys.monotonic()
  stream.first, stream.draft = stream.first or stream.heard, stream.draft or reply_draft.new()
  stream.draft:add(words, progress or NOTHING)
  self:soon()
end

local UNHEARD = { kind = "note",
  text = "the model is asked: its reply stands here when it is whole; "
    .. "only the terminal of orket run shows it as it comes" }

---What comes of the reply to a card's agent, for orket.view.dialogue; nil when none is awaited.
---@param card string
---@return table|nil entry
function View:coming(card)
  local stream = self.streams[card]
  if stream and stream.draft then
    return stream.draft:entry()
  end
  return stream and stream.is_asked and not self.on_delta and UNHEARD or nil
end

local ACTIVITY = {
  ["call.allowed"] = function(body) return body.tool end,
  ["call.result"] = function() return "thinks" end,
  ["call.refused"] = function() return "thinks" end,
  ["turn.started"] = function(body) return body.seat .. " begins" end,
  ["approval.asked"] = function() return nil end,
  ["model.paused"] = function() return nil end,
  ["budget.reached"] = function() return nil end,
  ["budget.lifted"] = function() return "goes on" end,
  ["turn.ended"] = function() return nil end,
  ["turn.abandoned"] = function() return nil end,
}

-- After these the model is asked: until it answers no byte is news.
local ASKS = { ["call.result"] = true, ["call.refused"] = true, ["turn.started"] = true }

local WAITS = { ["scripts.waiting"] = true, ["scripts.accepted"] = true, ["scripts.loaded"] = true }
local PAUSES = { ["model.paused"] = true, ["budget.lifted"] = true, ["step.reply"] = true }

-- What was said until here is a reply by now, or none.
local ENDS_WORDS = { ["step.reply"] = true, ["step.failed"] = true, ["model.paused"] = true,
  ["turn.ended"] = true }

local function question_of(event)
  return event.kind == "approval.asked" and string.format("%s/%s/%d", event.run, event.turn, event.n) or nil
end

-- What a card's agent does from this event on.
local function act(self, event)
  local activity = ACTIVITY[event.kind]
  if not activity or not event.card then
    return
  end
  local doing = activity(event.body)
  self.doing[event.card] = doing
  self.streams[event.card] = doing and stream_of(self, event.card, doing, ASKS[event.kind]) or nil
end

---What an agent did before this view began, without a line of the log.
---@param event table of an open turn, after those before it
---@param seconds number since it happened
function View:recall(event, seconds)
  act(self, event)
  if ACTIVITY[event.kind] and self.streams[event.card] then
    self.streams[event.card].since = sys.monotonic() - math.max(0, seconds)
  end
end

---@param event table a committed event
function View:see(event)
  if WAITS[event.kind] then
    self.notice = notice.of(self.run.store, self.run.project.dir)
  end
  self.paused = self.paused or PAUSES[event.kind] and (self.outages[1] ~= nil or event.kind == "model.paused")
  act(self, event)
  if event.card and event.kind:find("^approval%.") then
    self.asked[event.card] = question_of(event)
    self.questions[event.card] = event.kind == "approval.asked" and question(event.body) or nil
  elseif event.kind == "card.moved" and event.body.from == "blocked" then
    self.asked[event.card], self.questions[event.card] = nil, nil
  elseif event.kind == "card.moved" and not self.asked[event.card] then
    self.questions[event.card] = event.body.why
  end
  if event.kind == "step.reply" then
    local usage = event.body.usage or {}
    self.tokens = self.tokens + (usage.prompt or 0) + (usage.completion or 0)
  end
  local stream = event.card and ENDS_WORDS[event.kind] and self.streams[event.card]
  if stream then
    stream_of(self, event.card, stream.doing, stream.is_asked)
  end
  if event.kind == "budget.warned" or event.kind == "budget.reached" then
    self.capped = string.format("%s: %d %%", event.body.cap,
      budget_format.percent(event.body.used, event.body.limit))
  end
  for _, what in ipairs(self.fold:lines(event, sentences.what(event, self.run.store))) do
    local card = text.clean(event.card or "")
    self:say(local_time.of(event.at):sub(12) .. "  " .. text.fit(card, math.max(ID_COLUMNS, text.width(card)))
      .. "  " .. what)
  end
  self:soon()
end

---@param line string clean text for the log
function View:say(line)
  table.insert(self.log, line)
  self:soon()
end

---@param message string a remark of the engine
function View:note(message)
  self:say("          " .. text.clean(message))
end

-- One frame for all that happens within a tenth of a second.
function View:soon()
  if self.pending or self.finished or not self.run then
    return
  end
  self.pending = true
  async.spawn(function()
    async.sleep(FRAME_SECONDS)
    self.pending = false
    if not self.finished then
      self:draw()
    end
  end)
end

-- ---- the terminal ----

---@return table[] cards of the runs, in the order of the board
function View:cards()
  return self.shown:cards()
end

---The card whose agent has been at it for the longest time.
---@return string|nil id
function View:busiest()
  local id
  for card, stream in pairs(self.streams) do
    id = (not id or stream.since < self.streams[id].since) and card or id
  end
  return id
end

-- What is unreachable now, read when something of it has changed.
local function outage_of(self)
  if self.paused then
    self.outages, self.paused = {}, false
    for _, run in ipairs(self.shown.list) do
      local list = outages.list(run.store, run.epic.id)
      table.move(list, 1, #list, #self.outages + 1, self.outages)
    end
  end
  return self.outages[1] and outages.line(self.outages[1])
end

-- A stream as a frame shows it: points in time are durations.
local function stream_at(self, one, now)
  local draft = one.draft
  local stream = { doing = one.doing, seconds = now - one.since, silent = 0, replying = 0, words = "",
    calls = 0 }
  if one.is_asked and self.on_delta then
    stream.silent = now - one.heard
  elseif one.is_asked then
    stream.doing = "waits for the model"
  end
  if draft then
    local call = draft:last_call() or {}
    stream.words, stream.thoughts = draft:last_words("content", WORDS), draft:last_words("thoughts", WORDS)
    stream.bytes, stream.replying = draft:bytes(), now - one.first
    stream.calls, stream.tool, stream.path = draft.count, call.tool, call.path
  end
  return stream
end

local function streams_at(self, now)
  local streams = {}
  for card, one in pairs(self.streams) do
    streams[card] = stream_at(self, one, now)
  end
  return streams
end

-- The run's status says what it would be if it ended now; until then it runs.
function View:scene()
  return {
    id = self.shown:name(), status = self.status or self.shown:are_stopping() and "stopping" or "running",
    seconds = sys.monotonic() - self.began, before = self.before, tokens = self.tokens, cards = self:cards(),
    capped = self.capped, doing = self.doing, asked = self.asked, questions = self.questions,
    streams = streams_at(self, sys.monotonic()),
    notice = outage_of(self) or self.notice, stopped = (self.run.project.debugger or {}).stopped,
    keys = self.controls and self.controls:keys_line(), selected = self.controls and self.controls.selected,
  }
end

-- Rows that the picture takes in a window of so many columns, in which the terminal has wrapped it.
local function height(lines, columns)
  local rows = 0
  for _, line in ipairs(lines) do
    local width = text.width((line:gsub("\27%[[%d;]*m", "")))
    rows = rows + math.max(1, (width + columns - 1) // columns)
  end
  return rows
end

-- A sentence in rows of the window; all but the first are indented.
local function wrapped(line, columns)
  local rows = wrap.pieces(line, columns - 2, columns - 2 - TIME_COLUMNS)
  return " " .. table.concat(rows, "\n" .. (" "):rep(1 + TIME_COLUMNS))
end

-- The picture anew, below the sentences that came meanwhile.
local function redrawn(self, lines, columns)
  local rows = height(self.drawn, columns)
  local out = { rows > 0 and "\27[" .. rows .. "A\r\27[J" or "\r\27[J" }
  for _, line in ipairs(self.log) do
    out[#out + 1] = wrapped(line, columns) .. "\n"
  end
  out[#out + 1] = "\27[?7l" .. table.concat(lines, "\n") .. "\n\27[?7h"
  return table.concat(out)
end

-- Only the rows that changed; nil when none did.
local function changed(self, lines)
  local out, up = {}, #lines
  for i, line in ipairs(lines) do
    if line ~= self.drawn[i] then
      local down = i - 1 - (#lines - up)
      out[#out + 1] = (down > 0 and "\27[" .. down .. "B" or "") .. "\r" .. line .. "\27[K"
      up = #lines - (i - 1)
    end
  end
  if #out == 0 then
    return nil
  end
  return "\27[?7l\27[" .. #lines .. "A" .. table.concat(out) .. "\r\27[" .. up .. "B\27[?7h"
end

---Draws a frame over the last one.
function View:draw()
  if self.finished then
    return
  end
  local columns, rows = sys.window(1)
  local lines = self.controls and self.controls:lines(columns, rows)
    or frame.lines(self:scene(), columns, rows)
  local same = columns == self.columns and rows == self.rows and #lines == #self.drawn and #self.log == 0
  local out
  if same then
    out = changed(self, lines)
  else
    out = redrawn(self, lines, columns)
  end
  self.columns, self.rows, self.drawn, self.log = columns, rows, lines, {}
  if out then
    io.stdout:write("\27[?25l", out, "\27[?25h")
    io.stdout:flush()
  end
end

---The picture below whatever another program has written.
function View:redraw()
  self.drawn, self.columns = {}, nil
  self:soon()
end

---The terminal as it was found, and no more frames.
function View:leave()
  self.finished = true
  if self.controls then
    self.controls:close()
    self.controls = nil
  end
end

---@param outcome table see ending.lines
function View:finish(outcome)
  if self.controls then
    self.controls:close()
    self.controls = nil
  end
  self.status, self.doing, self.streams = outcome.status or "failed", {}, {}
  if self.run then
    self:draw()
    print("")
  elseif #self.log > 0 then
    print(table.concat(self.log, "\n"))
  end
  self.finished = true
  if self.stop then
    self.stop()
  end
  for _, line in ipairs(ending.lines(self.run, outcome)) do
    wrap.print(" " .. line)
  end
end

return M
