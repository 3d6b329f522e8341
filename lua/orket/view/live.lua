-- live.lua: a run as a board that is redrawn in place. What it looks like is in frame.lua; here is what
-- happens, when a frame is drawn, and the terminal.
--
-- The cursor is hidden within one write only, so that no end of the program can leave it hidden. A
-- changed window begins a new picture, because the terminal has wrapped the old one in its own way.

local async = require("orket.async")
local ending = require("orket.view.ending")
local frame = require("orket.view.frame")
local notice = require("orket.growth.notice")
local outages = require("orket.outages")
local plain = require("orket.view.plain")
local shown = require("orket.budget.shown")
local sys = require("orket.core.sys")
local text = require("orket.view.text")

local M = {}

local View = {}
View.__index = View

local LOG_LINES = 8
local FRAME_SECONDS = 0.1 -- no more than ten frames a second, however many events
local CLOCK_SECONDS = 1
local ID_COLUMNS = 14 -- of a line of the log
local WORDS = 400 -- bytes of a model's last words that are kept

---@return table view
function M.new()
  local self = setmetatable({
    log = {}, doing = {}, asked = {}, words = {}, outages = {}, tokens = 0, began = sys.monotonic(), height = 0,
  }, View)
  self.on_delta = function(turn, words)
    self:hear(turn.card.id, words)
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

---@param project table
---@param run table the run that begins; a rock has several, one after the other
function View:attach(project, run)
  local first = not self.run
  self.run = run
  if first then
    project.store:subscribe(function(event)
      self:see(event)
    end)
    self.stop = async.on_signals({ "sigwinch" }, function()
      self:soon()
    end)
    self.notice = notice.of(project.store, project.dir)
    for _, row in ipairs(project.store:read("approvals", { status = "pending" })) do
      self.asked[row.card] = row.id -- by a run before this one
    end
    tick(self)
  end
  self:draw()
end

---The model's words as they come; only the last ones are kept, from a whole character on.
function View:hear(card, words)
  local all = (self.words[card] or "") .. words
  if #all > WORDS then
    all = all:sub(-WORDS):gsub("^[\128-\191]+", "")
  end
  self.words[card] = all
  self:soon()
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

local WAITS = { ["scripts.waiting"] = true, ["scripts.accepted"] = true, ["scripts.loaded"] = true }
local PAUSES = { ["model.paused"] = true, ["budget.lifted"] = true, ["step.reply"] = true }

-- What was said until here is a reply by now, or none.
local ENDS_WORDS = { ["step.reply"] = true, ["step.failed"] = true, ["model.paused"] = true, ["turn.ended"] = true }

local function question_of(event)
  return event.kind == "approval.asked" and string.format("%s/%s/%d", event.run, event.turn, event.n) or nil
end

---@param event table a committed event
function View:see(event)
  if WAITS[event.kind] then
    self.notice = notice.of(self.run.store, self.run.project.dir)
  end
  self.paused = self.paused or PAUSES[event.kind] and (self.outages[1] ~= nil or event.kind == "model.paused")
  local activity = ACTIVITY[event.kind]
  if activity and event.card then
    self.doing[event.card] = activity(event.body)
  end
  if event.card and event.kind:find("^approval%.") then
    self.asked[event.card] = question_of(event)
  elseif event.kind == "card.moved" and event.body.from == "blocked" then
    self.asked[event.card] = nil
  end
  if event.kind == "step.reply" then
    local usage = event.body.usage or {}
    self.tokens = self.tokens + (usage.prompt or 0) + (usage.completion or 0)
  end
  if ENDS_WORDS[event.kind] and event.card then
    self.words[event.card] = nil
  end
  if event.kind == "budget.warned" or event.kind == "budget.reached" then
    self.capped = string.format("%s: %d %%", event.body.cap, shown.percent(event.body.used, event.body.limit))
  end
  local what = plain.what(event, self.run.store)
  if what then
    self:say(event.at:sub(12, 19) .. "  " .. text.fit(event.card or "", ID_COLUMNS) .. "  " .. what)
  end
end

---@param line string clean text for the log
function View:say(line)
  table.insert(self.log, line)
  if #self.log > LOG_LINES then
    table.remove(self.log, 1)
  end
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

local function sorted_cards(run)
  local cards = {}
  for _, card in pairs(run.board.cards) do
    cards[#cards + 1] = card
  end
  table.sort(cards, function(a, b)
    return a.ordinal < b.ordinal
  end)
  return cards
end

-- What is unreachable now, read when something of it has changed.
local function outage_of(self)
  if self.paused then
    self.outages, self.paused = outages.list(self.run.store, self.run.epic.id), false
  end
  return self.outages[1] and outages.line(self.outages[1])
end

-- The run's status says what it would be if it ended now; until then it runs.
function View:scene()
  return {
    id = self.run.id, status = self.status or self.run.draining and "stopping" or "running",
    seconds = sys.monotonic() - self.began, tokens = self.tokens, cards = sorted_cards(self.run),
    capped = self.capped, doing = self.doing, asked = self.asked, words = self.words, log = self.log,
    notice = outage_of(self) or self.notice,
  }
end

local function begin_frame(self, columns, rows)
  local same = columns == self.columns and rows == self.rows
  self.columns, self.rows = columns, rows
  if self.height == 0 then
    return ""
  end
  return same and "\27[" .. self.height .. "A" or "\27[H\27[2J"
end

---Draws a frame over the last one.
function View:draw()
  local columns, rows = sys.window(1)
  local out = { "\27[?25l\27[?7l", begin_frame(self, columns, rows) }
  local lines = frame.lines(self:scene(), columns, rows)
  for _, line in ipairs(lines) do
    out[#out + 1] = "\r" .. line .. "\27[K\n"
  end
  out[#out + 1] = "\27[J\27[?7h\27[?25h"
  self.height = #lines
  io.stdout:write(table.concat(out))
  io.stdout:flush()
end

---@param outcome table see ending.lines
function View:finish(outcome)
  self.status, self.doing, self.words = outcome.status or "failed", {}, {}
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
    print(" " .. line)
  end
end

return M
