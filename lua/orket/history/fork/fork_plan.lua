-- fork_plan.lua: what a fork has to make of its own. Finished cards stay where they are: the fork's cards
-- depend on the source's. Cards that were open at the moment get ids of their own, and the turns that were
-- under way go on.

local cjson = require("cjson")
local prefix = require("orket.history.fork.prefix")
local statuses = require("orket.util.statuses")

local M = {}

local SETTLED = statuses.SETTLED
local BYTES = 256 * 1024 -- of cards in one event; their dependencies may come on top
local COLUMNS = { "name", "priority", "max_retries", "data" } -- said only when they have changed since

local function exists(store, id)
  return store:read("card_state", { id = id })[1] ~= nil
end

local function is_free(store, epic, cards, suffix)
  if exists(store, epic .. suffix) then
    return false
  end
  for _, card in ipairs(cards) do
    if exists(store, card.id .. suffix) then
      return false
    end
  end
  return true
end

local function free_suffix(store, epic, cards)
  local number = 1
  while not is_free(store, epic, cards, "-f" .. number) do
    number = number + 1
  end
  return "-f" .. number
end

-- The cards of the epic that were open then, in their order.
local function open_cards(past, epic)
  local cards = {}
  for _, row in ipairs(past:read("backlog", { epic = epic })) do
    if not SETTLED[row.status] then
      cards[#cards + 1] = past:read("card", { id = row.id })[1]
    end
  end
  return cards
end

local function array(list)
  return setmetatable(list, cjson.array_mt)
end

-- Dependencies among the fork's cards are its own; what was finished is the source's.
local function depends_on(card, ids)
  local needs = array({})
  for i, id in ipairs(card.depends_on) do
    needs[i] = ids[id] or id
  end
  return needs
end

-- What has changed since then of what the fork would take over from the source as it is.
local function add_changed(body, card, now)
  for _, column in ipairs(COLUMNS) do
    if cjson.encode(card[column]) ~= cjson.encode(now[column]) then
      body[column] = card[column]
    end
  end
  return body
end

-- card.forked: the epic as it was, said against the epic as it is.
local function body_of(plan, card, now)
  return add_changed({
    of = card.id, at = plan.at, rev = now.revision, revision = card.revision, status = card.status,
    wait_reason = card.wait_reason, return_to = card.return_to, seat = card.seat, assignee = card.assignee,
    retry_count = card.retry_count, note = card.note, data_labels = card.labels,
    note_labels = card.note_labels,
  }, card, now)
end

-- An item of cards.forked: the same, without what goes without saying of a card that nobody has begun.
local function item_of(card, now)
  return add_changed({
    of = card.id, rev = now.revision, revision = card.revision ~= now.revision and card.revision or nil,
    status = card.status ~= "ready" and card.status or nil,
    wait_reason = card.wait_reason, return_to = card.return_to, seat = card.seat, assignee = card.assignee,
    retry_count = card.retry_count ~= 0 and card.retry_count or nil, note = card.note,
    data_labels = card.labels, note_labels = card.note_labels,
  }, card, now)
end

-- The newest verdict then, if that tree was judged once more since: only the later verdict is still there.
local function lost_verdict(past, store, card)
  local was = past:read("verdict", { card = card })[1]
  local is = was and store:read("verdict", { card = card, tree = was.tree })[1]
  return was and is.at ~= was.at and { tree = was.tree, ok = was.ok == 1, log = was.log, at = was.at,
    labels = was.labels } or nil
end

local function conflicts_of(past, card)
  local conflicts = past:read_doc("view", { card = card }):value().conflict
  local found = past:read("labels", { card = card })[1]
  local marks = found and found.labels.conflict or {}
  for _, one in ipairs(conflicts) do
    one.labels = marks ~= cjson.null and marks[one.path] or nil
  end
  return conflicts
end

-- A card whose turn waits for a yes or no is where the turn was: there it asks once more, for this card.
local function asks_again(past, card)
  if #past:read("approvals", { card = card.id, status = "pending" }) > 0 then
    card.status, card.return_to, card.wait_reason = card.return_to, nil, nil
  end
end

local function add_issue(plan, past, store, card)
  local now = store:read("card", { id = card.id })[1]
  asks_again(past, card)
  local body = item_of(card, now)
  if cjson.encode(card.depends_on) ~= cjson.encode(now.depends_on) then
    body.depends_on = depends_on(card, plan.ids)
  end
  local conflicts = conflicts_of(past, card.id)
  body.conflicts = #conflicts > 0 and conflicts or nil
  body.verdict = lost_verdict(past, store, card.id)
  plan.cards[#plan.cards + 1] = { id = plan.ids[card.id], body = body, card = card }
end

-- The bodies of cards.forked: one, or as many as the limit of a body asks for. Of several, each card names
-- what it needs: another one may have the card.
local function pieces_of(plan)
  local pieces, bytes = {}, BYTES
  for _, card in ipairs(plan.cards) do
    local size = #cjson.encode(card.body)
    if bytes + size > BYTES then
      pieces[#pieces + 1] = { at = plan.at, suffix = plan.suffix, cards = array({}) }
      bytes = 0
    end
    bytes = bytes + size
    table.insert(pieces[#pieces].cards, card.body)
  end
  for _, card in ipairs(#pieces > 1 and plan.cards or {}) do
    card.body.depends_on = depends_on(card.card, plan.ids)
  end
  return pieces
end

-- A turn that had not come to its end: its card is where the turn left it, and it has moved it no further
-- than claiming it. Answers its last event's number as well.
local function is_under_way(turn, card, events)
  for _, event in ipairs(events) do
    if event.kind == "card.moved" and event.body.from ~= "ready" then
      return false
    end
  end
  local review = turn.role == "integrity_guard"
  return card.status == (review and "code_review" or "in_progress")
end

local function add_turns(plan, past, by_id)
  for _, turn in ipairs(past:read("open_turns", { run = plan.of })) do
    local card = by_id[turn.card]
    local events = prefix.events(past, plan.of, turn.turn)
    if card and #events > 0 and is_under_way(turn, card, events) then
      plan.turns[#plan.turns + 1] = {
        card = turn.card, body = {
          turn = #plan.turns + 1, of = { run = plan.of, turn = turn.turn }, at = plan.at, seat = turn.seat,
          role = turn.role, generation = turn.generation, engine = turn.engine, model = turn.model,
          arm = turn.arm,
        },
      }
    end
  end
end

---@class ForkPlan
---@field of string        the run it goes on from
---@field at integer       the moment
---@field hash string     of that run at the moment
---@field epic string      id of the fork's epic
---@field run string       id of the fork's run
---@field suffix string
---@field ids table<string, string> of the cards that were open: source's id -> fork's id
---@field body table       card.forked of the epic
---@field cards table[]    {id, body = what is said of it, card = as it was}
---@field pieces table[]   the bodies of cards.forked
---@field turns table[]    {card = source's id, body}

---@param past Store the moment
---@param store Store now
---@param of string run
---@param at integer
---@return ForkPlan
function M.make(past, store, of, at)
  local source = past:read("card", { id = past:read("run", { id = of })[1].card })[1]
  local cards = open_cards(past, source.id)
  local suffix = free_suffix(store, source.id, cards)
  local plan = {
    of = of, at = at, hash = assert(past:head(of)), source = source, suffix = suffix, epic = source.id
      .. suffix, run = source.id .. suffix .. ".1",
    ids = {}, cards = {}, turns = {},
  }
  plan.body = body_of(plan, source, store:read("card", { id = source.id })[1])
  local by_id = {}
  for _, card in ipairs(cards) do
    plan.ids[card.id], by_id[card.id] = card.id .. suffix, card
  end
  for _, card in ipairs(cards) do
    add_issue(plan, past, store, card)
  end
  plan.pieces = pieces_of(plan)
  add_turns(plan, past, by_id)
  return plan
end

return M
