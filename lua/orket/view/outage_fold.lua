-- outage_fold.lua: which lines of a run a person reads while a model is unreachable: its beginning, whole;
-- then one at growing intervals and one for each change; its end. What attempts only repeat is left out:
-- `orket log` has it. Pure: times are those of the events.

local local_time = require("orket.view.format.local_time")
local pause = require("orket.llm.pause")

local M = {}

local GAP, GAP_MOST = 60, 3600 -- seconds until a line that is no news is shown again; doubling

---@class OutageFold
---@field models table<string, {cause: string, shown: string|nil, gap: integer, since: string|nil}> that
---  fail, by name
---@field cards table<string, {model: string, why: string, is_blocked: boolean?, moved: string?,
---  failed: string?}> that wait for one; moved, failed: lines that are held back until it is known what the
---  attempt came to
local Fold = {}
Fold.__index = Fold

---@return OutageFold
function M.new()
  return setmetatable({ models = {}, cards = {} }, Fold)
end

-- Messages that differ in their numbers name the same cause: "after 12 ms".
local function cause_of(body)
  return ((body.message or body.code):gsub("%x*%d%x*", "#"))
end

-- Whether a line that repeats the last one is shown.
local function is_due(state, at)
  if state.shown and local_time.between(state.shown, at) < state.gap then
    return false
  end
  state.gap = state.shown and math.min(2 * state.gap, GAP_MOST) or GAP
  state.shown = at
  return true
end

-- What fails for another reason than before is news.
local function is_news(self, event, since)
  local name, cause = event.body.model or "", cause_of(event.body)
  local state = self.models[name]
  if state and state.cause == cause and state.since == since then
    return false
  end
  self.models[name] = { cause = cause, shown = event.at, gap = GAP, since = since }
  return true
end

local HEAR = {}

HEAR["step.failed"] = function(self, event, what)
  local state, card = self.models[event.body.model or ""], self.cards[event.card]
  local since = state and state.since
  if card and since then
    card.failed = state.cause ~= cause_of(event.body) and what or nil
    return {}
  elseif not is_news(self, event, since) and (since or not is_due(state, event.at)) then
    return {}
  end
  return { what }
end

local function next_try(body, at)
  return local_time.span(math.max(0, local_time.between(at, body["until"])))
end

HEAR["model.paused"] = function(self, event, what)
  local body, before = event.body, self.cards[event.card] or {}
  if not body.since then
    return { what }
  end
  self.cards[event.card] = { model = body.model, why = body.why, is_blocked = before.is_blocked }
  local was = self.models[body.model]
  if is_news(self, event, body.since) then
    return { what }
  elseif is_due(was, event.at) then
    return { string.format("the model %s is still unreachable after %s, next try in %s", body.model,
      local_time.span(local_time.between(body.since, event.at)), next_try(body, event.at)) }
  end
  return {}
end

HEAR["budget.lifted"] = function(self, event, what)
  return self.cards[event.card] and {} or { what }
end

-- A card that waits is parked once, and taken up again when its model has answered it.
HEAR["card.moved"] = function(self, event, what)
  local body, card = event.body, self.cards[event.card]
  if card and body.why == card.why then
    local is_first = not card.is_blocked
    card.is_blocked = true
    return { is_first and string.format("%s -> %s [%s]: waits for the model %s", body.from, body.to,
      body.reason, card.model) or nil }
  elseif card and body.why == pause.OVER then
    card.moved = what
    return {}
  end
  self.cards[event.card] = nil
  return { what }
end

HEAR["step.reply"] = function(self, event, what)
  local model, card, lines = event.body.model or "", self.cards[event.card], {}
  local since = self.models[model] and self.models[model].since
  if since then
    lines[1] = string.format("the model %s answers again, after %s", model,
      local_time.span(local_time.between(since, event.at)))
  end
  self.models[model], self.cards[event.card] = nil, nil
  lines[#lines + 1] = card and card.moved
  lines[#lines + 1] = what
  return lines
end

-- The line of an attempt that failed in another way than the outage, once it is known that it is no part of
-- that.
function Fold:failure_before(event)
  local card = self.cards[event.card]
  local failed = card and event.kind ~= "model.paused" and event.kind ~= "step.failed" and card.failed
  if card and event.kind ~= "step.failed" then
    card.failed = nil
  end
  return failed or nil
end

---What of an event is shown.
---@param event table
---@param what string|nil its sentence
---@return string[] lines
function Fold:lines(event, what)
  local hear, failed = HEAR[event.kind], self:failure_before(event)
  if hear and (event.actor or ""):find("^human:") then
    self.models, self.cards[event.card], hear = {}, nil, nil -- who acts reads what comes of it
  end
  local lines = hear and hear(self, event, what) or { what }
  if failed then
    table.insert(lines, 1, failed)
  end
  return lines
end

return M
