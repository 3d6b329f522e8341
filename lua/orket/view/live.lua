-- live.lua: a run as a board that is redrawn in place: progress, cards with what their agents do, the
-- words of the model as they come, the last sentences of the log.

local async = require("orket.async")
local plain = require("orket.view.plain")
local style = require("orket.view.style")
local sys = require("orket.core.sys")

local M = {}

local View = {}
View.__index = View

local LOG_LINES = 8
local FRAME_SECONDS = 0.1 -- no more than ten frames a second, however many events

function M.new()
  local self = setmetatable({ log = {}, doing = {}, words = {}, tokens = 0, began = sys.monotonic(), height = 0 }, View)
  self.on_delta = function(turn, text)
    self:hear(turn, text)
  end
  return self
end

-- ---- what happens ----

function View:attach(project, run)
  self.run = run
  project.store:subscribe(function(event)
    self:see(event)
  end)
  self:draw()
end

function View:hear(turn, text)
  local id = turn.card.id
  self.words[id] = ((self.words[id] or "") .. text):sub(-400)
  self:soon()
end

local ACTIVITY = {
  ["call.allowed"] = function(body) return body.tool end,
  ["call.result"] = function() return "thinks" end,
  ["turn.started"] = function(body) return body.seat .. " begins" end,
  ["turn.ended"] = function() return nil end,
}

function View:see(event)
  local activity = ACTIVITY[event.kind]
  if activity then
    self.doing[event.card] = activity(event.body)
  elseif event.kind == "step.reply" then
    local usage = event.body.usage or {}
    self.tokens = self.tokens + (usage.prompt or 0) + (usage.completion or 0)
    self.words[event.card] = nil
  end
  local line = plain.sentence(event)
  if line then
    table.insert(self.log, event.at:sub(12, 19) .. "  " .. line)
    if #self.log > LOG_LINES then
      table.remove(self.log, 1)
    end
  end
  self:soon()
end

function View:note(text)
  table.insert(self.log, "          " .. text)
  self:soon()
end

-- One frame for all that happens within a tenth of a second.
function View:soon()
  if self.pending or self.finished then
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

-- ---- how it looks ----

local function cut(text, width)
  text = text:gsub("[%c]", " ")
  if (utf8.len(text) or #text) <= width then
    return text
  end
  return text:sub(1, (utf8.offset(text, width) or width) - 1) .. "…"
end

local function bar(done, all, width)
  local full = all == 0 and width or done * width // all
  return style.paint(("█"):rep(full), "32") .. style.paint(("░"):rep(width - full), "90")
end

local function clock(seconds)
  seconds = seconds // 1
  return string.format("%02d:%02d", seconds // 60, seconds % 60)
end

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

-- A board longer than the screen shows what moves: live cards first, then as many others as fit.
local function visible(cards, room, doing)
  if #cards <= room then
    return cards, 0
  end
  local shown = {}
  for _, wanted in ipairs({ true, false }) do
    for _, card in ipairs(cards) do
      if (doing[card.id] ~= nil) == wanted and #shown < room then
        shown[#shown + 1] = card
      end
    end
  end
  return shown, #cards - #shown
end

function View:card_line(card, columns)
  local words = self.words[card.id]
  local doing = self.doing[card.id] or ""
  if words then
    doing = doing .. "  " .. style.paint(words:gsub("%s+", " "):sub(-40), "90")
  end
  local name = cut(card.name or "", 30)
  name = name .. (" "):rep(30 - utf8.len(name))
  local text = string.format("%-12s %s %s", cut(card.id, 12), name, style.status(card.status))
  return " " .. style.mark(card.status) .. " " .. text .. "  " .. cut(doing, math.max(10, columns - 66))
end

function View:frame()
  local columns, rows = sys.window(1)
  local status, counts = self.run.board:status()
  local cards = sorted_cards(self.run)
  local done = (counts.done or 0) + (counts.canceled or 0) + (counts.archived or 0)
  local lines = {
    string.format(" %s  %s   %s   %d tokens", style.paint(self.run.id, "1"), status, clock(sys.monotonic() - self.began),
      self.tokens),
    " " .. bar(done, #cards, math.min(40, columns - 20)) .. string.format("  %d of %d done", done, #cards),
    "",
  }
  local shown, hidden = visible(cards, math.max(3, rows - LOG_LINES - 7), self.doing)
  for _, card in ipairs(shown) do
    lines[#lines + 1] = self:card_line(card, columns)
  end
  if hidden > 0 then
    lines[#lines + 1] = "   and " .. hidden .. " more"
  end
  lines[#lines + 1] = ""
  for _, line in ipairs(self.log) do
    lines[#lines + 1] = " " .. cut(line, columns - 2)
  end
  return lines
end

function View:draw()
  local lines = self:frame()
  local out = { self.height > 0 and ("\27[" .. self.height .. "A") or "", "\27[?25l" }
  for _, line in ipairs(lines) do
    out[#out + 1] = line .. "\27[K\n"
  end
  out[#out + 1] = "\27[J\27[?25h"
  self.height = #lines
  io.stdout:write(table.concat(out))
  io.stdout:flush()
end

function View:finish(status, counts, already)
  if self.run then
    self:draw()
  end
  self.finished = true
  print(already and "already done" or ("\n " .. (status or "failed") .. ": " .. plain.summary(counts)))
end

return M
