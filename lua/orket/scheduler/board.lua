-- board.lua: what may start now. Pure bookkeeping over the cards of one epic: no store, no clock.
--
-- A card waits until all its dependencies are settled; then it is a candidate. Reviews come first,
-- then interrupted and returned work, then ready cards by score (priority + impact) and age.

local statuses = require("orket.util.statuses")

local M = {}

local Board = {}
Board.__index = Board

local SETTLED = statuses.SETTLED
local FINAL = statuses.FINAL

-- what files and people change
local FIELDS = { "name", "seat", "priority", "retry_count", "max_retries", "fixture", "budget" }

local STAGE = { code_review = 1, ready_for_testing = 1, in_progress = 2, ready = 3 }

-- The best candidate is the last of the list, so that taking it moves nothing.
local function worse(a, b)
  local stage_a, stage_b = STAGE[a.status], STAGE[b.status]
  if stage_a ~= stage_b then
    return stage_a > stage_b
  elseif a.score ~= b.score then
    return a.score < b.score
  end
  if a.ordinal ~= b.ordinal then
    return a.ordinal > b.ordinal
  end
  return a.id > b.id
end

local function place(list, card)
  local low, high = 1, #list + 1
  while low < high do
    local middle = (low + high) // 2
    if worse(list[middle], card) then
      low = middle + 1
    else
      high = middle
    end
  end
  table.insert(list, low, card)
end

---@param cards {id: string, status: string, ordinal: integer, depends_on: string[], score: number}[]
---@return table board
function M.new(cards)
  local self = setmetatable({
    cards = {}, dependants = {}, candidates = {}, busy = {}, held = {}, running = 0, version = 0,
  }, Board)
  for _, card in ipairs(cards) do
    self:add(card)
  end
  for _, card in ipairs(cards) do
    if self:may_start(card) then
      card.queued = true
      table.insert(self.candidates, card)
    end
  end
  table.sort(self.candidates, worse)
  return self
end

---Cards as a plan takes them: of what is none of them, as what a fork's cards depend on and was finished
---before, nothing is said.
---@param cards table[] with depends_on
---@return {id: string, priority: number, depends_on: string[]}[]
function M.within(cards)
  local known, list = {}, {}
  for _, card in ipairs(cards) do
    known[card.id] = true
  end
  for i, card in ipairs(cards) do
    local needs = {}
    for _, id in ipairs(card.depends_on) do
      needs[#needs + 1] = known[id] and id or nil
    end
    list[i] = { id = card.id, priority = card.priority, depends_on = needs }
  end
  return list
end

---Of these cards one and all it depends on, also indirectly, in their order.
---@param cards table[]
---@param id string
---@return table[]
function M.needed(cards, id)
  local by_id, wanted, open = {}, { [id] = true }, { id }
  for _, card in ipairs(cards) do
    by_id[card.id] = card
  end
  while #open > 0 do
    local card = by_id[table.remove(open)]
    for _, needs in ipairs(card and card.depends_on or {}) do
      if not wanted[needs] then
        wanted[needs] = true
        open[#open + 1] = needs
      end
    end
  end
  local list = {}
  for _, card in ipairs(cards) do
    list[#list + 1] = wanted[card.id] and card or nil
  end
  return list
end

local function depend(self, card, needs)
  card.depends_on = needs
  for _, id in ipairs(needs or {}) do
    self.dependants[id] = self.dependants[id] or {}
    table.insert(self.dependants[id], card.id)
  end
end

---Adds a card; dependencies may be added later.
---@param card table
function Board:add(card)
  self.cards[card.id] = card
  depend(self, card, card.depends_on)
end

---Nothing that it depends on is still open.
---@param card table
---@return boolean
function Board:is_free(card)
  for _, id in ipairs(card.depends_on or {}) do
    local other = self.cards[id]
    if other and not SETTLED[other.status] then
      return false
    end
  end
  return true
end

local function take(list, card)
  for i = #list, 1, -1 do
    if list[i] == card then
      return table.remove(list, i)
    end
  end
end

---It can go on, and no task works on it.
---@param card table
---@return boolean
function Board:may_start(card)
  return STAGE[card.status] ~= nil and not self.busy[card.id] and not self.held[card.id]
    and self:is_free(card)
end

---Keeps a card from starting until `release`: its model is not asked.
---@param card table
function Board:hold(card)
  self.held[card.id] = true
end

---All cards that are held may start again.
function Board:release()
  local held = self.held
  self.held = {}
  for id in pairs(held) do
    self:consider(self.cards[id])
  end
end

---Makes the card a candidate when it may start.
---@param card table
function Board:consider(card)
  if not card.queued and self:may_start(card) then
    card.queued = true
    place(self.candidates, card)
    self.version = self.version + 1
  end
end

---The best candidates, best first.
---@param most integer
---@return table[] cards
function Board:best(most)
  local list, best = self.candidates, {}
  for i = #list, math.max(1, #list - most + 1), -1 do
    best[#best + 1] = list[i]
  end
  return best
end

local function unqueue(self, card)
  if card.queued then
    card.queued = nil
    take(self.candidates, card)
  end
end

---Takes a card out of the candidates: a task works on it.
---@param card table
function Board:start(card)
  unqueue(self, card)
  self.busy[card.id] = true
  self.running = self.running + 1
end

---No task works on it any more.
---@param card table
function Board:stop(card)
  self.busy[card.id] = nil
  self.running = self.running - 1
  self:consider(card)
end

---A committed status change; cards that it sets free become candidates.
---@param id string
---@param status string
function Board:moved(id, status)
  local card = self.cards[id]
  if not card then
    return
  end
  unqueue(self, card)
  card.status = status
  self:consider(card)
  if SETTLED[status] then
    local dependants = self.dependants[id] or {}
    for i = #dependants, 1, -1 do -- the best at last: each comes to the end of the candidates
      self:consider(self.cards[dependants[i]])
    end
  end
end

local function redepend(self, card, needs)
  for _, id in ipairs(card.depends_on or {}) do
    take(self.dependants[id], card.id)
  end
  depend(self, card, needs)
end

---A card's fields were changed: who works on it, when, how often, and what proves it.
---@param card table of this board
---@param now table the same card as it is in the store
function Board:changed(card, now)
  unqueue(self, card)
  card.score = card.score + now.priority - card.priority
  for _, key in ipairs(FIELDS) do
    card[key] = now[key]
  end
  redepend(self, card, now.depends_on)
  self:consider(card)
end

---Cards that can never start: a dependency was canceled.
---@param id string the canceled card
---@return table[] cards
function Board:orphans(id)
  local orphans = {}
  for _, dependant in ipairs(self.dependants[id] or {}) do
    local card = self.cards[dependant]
    if card.status == "ready" and not self.busy[dependant] then
      orphans[#orphans + 1] = card
    end
  end
  return orphans
end

---The statuses of cards as they are in the store; nothing starts any more.
---@param rows {id: string, status: string}[]
---@return table board
function Board:refresh(rows)
  for _, row in ipairs(rows) do
    local card = self.cards[row.id]
    if card then
      card.status = row.status
    end
  end
  return self
end

---What the cards say about the run: done, parked (a person has to act) or stuck.
---@return "done"|"parked"|"failed" status
---@return table<string, integer> counts by status
function Board:status()
  local counts, open, parked = {}, 0, 0
  for _, card in pairs(self.cards) do
    counts[card.status] = (counts[card.status] or 0) + 1
    if not FINAL[card.status] then
      open = open + 1
    end
    if card.status == "blocked" or card.status == "waiting_for_developer" then
      parked = parked + 1
    end
  end
  if open == 0 then
    return "done", counts
  end
  return parked > 0 and "parked" or "failed", counts
end

return M
