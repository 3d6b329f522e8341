-- sim_cards.lua: the cards as the engine knew them at each moment of a journal, followed by their own events
-- alone: a moment of the whole board costs a projection of everything that happened, and a verdict needs a
-- card.

local boards = require("orket.scheduler.board")
local cjson = require("cjson")
local score = require("orket.core.score")

local M = {}

local Cards = {}
Cards.__index = Cards

local CHANGES = { -- of card.changed: the field as it is called there, and here
  name = "name", priority = "priority", seat = "seat", assignee = "assignee", parent_id = "parent",
  epic = "epic",
  build_id = "build", retry_count = "retry_count", max_retries = "max_retries", depends_on = "depends_on",
}

local function some(value)
  if value == cjson.null then
    return nil
  end
  return value
end

local function fixture_of(verification)
  return type(verification) == "table" and some(verification.fixture_path) or nil
end

local function copy(card)
  local new = {}
  for key, value in pairs(card) do
    new[key] = value
  end
  return new
end

-- What a card's agents may write (params.scope); nil: everything. No field of the card that the engine works
-- with.
local function scope_of(params)
  return type(params) == "table" and some(params.scope) or nil
end

-- ---- events ----

local on = {}

on["card.created"] = function(self, event, body)
  self.last = math.max(self.last + 1, some(body.ordinal) or 0)
  local epic = some(body.epic) or (body.type == "issue" and some(body.parent_id)) or nil
  self.all[event.card] = {
    id = event.card, type = body.type, name = body.name, status = some(body.status) or "ready",
    priority = some(body.priority) or 2.0,
    wait_reason = some(body.wait_reason), return_to = some(body.return_to), seat = some(body.seat),
    assignee = some(body.assignee),
    build = some(body.build_id), ordinal = some(body.ordinal) or self.last, revision = 1,
    retry_count = some(body.retry_count) or 0,
    max_retries = some(body.max_retries) or 3, fixture = fixture_of(body.verification),
    depends_on = some(body.depends_on) or {}, epic = epic,
  }
  self.scopes[event.card] = scope_of(body.params)
end

on["card.changed"] = function(self, event, body)
  local card = self.all[event.card]
  for key, value in pairs(body.set) do
    if CHANGES[key] then
      card[CHANGES[key]] = some(value)
    elseif key == "verification" then
      card.fixture = fixture_of(value)
    elseif key == "params" then
      self.scopes[event.card] = scope_of(value)
    end
  end
  card.revision = card.revision + 1
end

on["card.moved"] = function(self, event, body)
  local card = self.all[event.card]
  card.status, card.wait_reason, card.return_to = body.to, some(body.reason), some(body.return_to)
  card.assignee, card.seat = some(body.assignee) or card.assignee, some(body.seat) or card.seat
  card.retry_count = some(body.retry_count) or card.retry_count
  card.revision = card.revision + 1
end

-- Who had a hand in the source by then had one in the fork.
local function inherit(self, source, id, upto)
  local turns = {}
  for _, turn in ipairs(self.turns[source] or {}) do
    turns[#turns + 1] = turn.seq <= upto and turn or nil
  end
  self.turns[id] = turns
end

local function fork(self, source, id, item, epic)
  local card = copy(source)
  self.last = self.last + 1
  card.id, card.ordinal, card.epic, card.status = id, self.last, epic, some(item.status) or "ready"
  card.wait_reason, card.return_to = some(item.wait_reason), some(item.return_to)
  card.seat, card.assignee = some(item.seat), some(item.assignee)
  card.retry_count = some(item.retry_count) or 0
  card.name, card.priority = some(item.name) or source.name, some(item.priority) or source.priority
  card.max_retries = some(item.max_retries) or source.max_retries
  card.revision = some(item.revision) or item.rev
  self.scopes[id] = self.scopes[source.id]
  if type(item.data) == "table" then
    card.fixture, self.scopes[id] = fixture_of(item.data.verification), scope_of(item.data.params)
  end
  self.all[id] = card
  return card
end

on["card.forked"] = function(self, event, body)
  local source = self.all[body.of]
  if source then
    fork(self, source, event.card, body, nil).assignee = some(body.assignee)
    inherit(self, body.of, event.card, body.at)
  end
end

-- What a card of a fork needs and is forked as well has the fork's id.
local function within(needs, suffix, own)
  local list = {}
  for i, id in ipairs(needs) do
    list[i] = own[id .. suffix] and id .. suffix or id
  end
  return list
end

on["cards.forked"] = function(self, event, body)
  local own = {}
  for _, item in ipairs(body.cards) do
    if self.all[item.of] then
      own[item.of .. body.suffix] = fork(self, self.all[item.of], item.of .. body.suffix, item, event.card)
      inherit(self, item.of, item.of .. body.suffix, body.at)
    end
  end
  for _, item in ipairs(body.cards) do
    local card = own[item.of .. body.suffix]
    if card then
      card.depends_on = some(item.depends_on) or within(self.all[item.of].depends_on, body.suffix, own)
    end
  end
end

---An event of cards.
---@param event table of one of KINDS
function Cards:hear(event)
  if self.all[event.card] or event.kind == "card.created" or event.kind:find("forked", 1, true) then
    on[event.kind](self, event, event.body)
  end
end

---The kinds of events that are about cards.
M.KINDS = {}
for kind in pairs(on) do
  M.KINDS[kind] = true
end

---A turn of a card begins: who has a hand in it.
---@param event table turn.started or turn.forked
function Cards:act(event)
  self.turns[event.card] = self.turns[event.card] or {}
  table.insert(self.turns[event.card], { seq = event.seq, seat = event.body.seat, role = event.body.role })
end

---Its turns so far, in the order in which they came.
---@param id string
---@return {seat: string, role: string}[]
function Cards:turns_of(id)
  return self.turns[id] or {}
end

---@param id string
---@return table|nil
function Cards:of(id)
  return self.all[id]
end

---What its agents may write.
---@param id string
---@return string[]|nil patterns
function Cards:scope(id)
  return self.scopes[id]
end

-- ---- what a run's board makes of them ----

---The cards of an epic as a run that begins now reads them: copies, which keep what nobody tells them.
---@param epic string
---@return table<string, table>
function Cards:board(epic)
  local cards, board = {}, {}
  for _, card in pairs(self.all) do
    if card.epic == epic and card.type == "issue" then
      cards[#cards + 1] = copy(card)
    end
  end
  table.sort(cards, function(a, b)
    return a.ordinal < b.ordinal
  end)
  local plan = score.plan(boards.within(cards))
  for _, card in ipairs(cards) do
    card.score = card.priority + (plan and plan.impact[card.id] or 0)
    board[card.id] = card
  end
  return board
end

-- of a card that was changed
local TOLD = { "name", "seat", "priority", "retry_count", "max_retries", "fixture", "depends_on" }

---A run's board hears what Cards has just heard.
---@param board table<string, table>
---@param event table
---@param epic string of the run
function Cards:tell(board, event, epic)
  local mine, card = board[event.card], self.all[event.card]
  if event.kind == "card.created" and card.epic == epic and not mine then
    board[event.card] = copy(card)
    board[event.card].score = card.priority
  elseif mine and event.kind == "card.moved" then
    mine.status, mine.revision, mine.wait_reason, mine.return_to = card.status, card.revision,
      card.wait_reason, card.return_to
    mine.retry_count = card.retry_count
  elseif mine and event.kind == "card.changed" then
    mine.score = mine.score and mine.score + card.priority - mine.priority
    for _, key in ipairs(TOLD) do
      mine[key] = card[key]
    end
    mine.revision = card.revision
  end
end

---@return table cards
function M.new()
  return setmetatable({ all = {}, scopes = {}, turns = {}, last = 0 }, Cards)
end

return M
