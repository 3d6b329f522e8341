-- board_rows.lua: all cards as the board shows them: with what was refused, what is asked, which model is
-- waited for, and where the epics of forks come from.

local approvals = require("orket.governance.approvals.approvals")
local approval_format = require("orket.governance.approvals.approval_format")
local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local outages = require("orket.reports.outages")
local reports = require("orket.reports.reports")

local M = {}

-- Says of the epics of forks where they come from.
local function add_sources(store, card_of)
  for _, run in ipairs(store:read("forks", {})) do
    local card = card_of(run.card)
    if card then
      card.forked_from = run.of .. "@" .. run.at
    end
  end
end

local function add_reports(store, cards)
  local counts = reports.counts(store)
  for _, card in ipairs(cards) do
    card.reports = counts[card.id]
  end
end

-- What waits for a yes or no, as far as --json goes: people read it below the cards.
local function add_questions(store, card_of)
  for _, row in ipairs(approvals.pending(store)) do
    local card = card_of(row.card)
    if card then
      card.approval = { id = row.id, rule = row.rule, asks = approval_format.line(row),
        expires_at = row.expires_at }
    end
  end
end

-- The same of models that are waited for.
local function add_outages(store, card_of)
  for _, one in ipairs(outages.list(store)) do
    for _, id in ipairs(one.cards) do
      local card = card_of(id)
      if card then
        card.outage = { model = one.model, since = one.since, ["until"] = one["until"], message = one.message }
      end
    end
  end
end

-- What only some cards have; card_of: the card of an id, or nil.
local function add_extras(store, card_of)
  add_sources(store, card_of)
  add_questions(store, card_of)
  add_outages(store, card_of)
end

local function unarchived(cards)
  local some = {}
  for _, card in ipairs(cards) do
    if card.status ~= "archived" then
      some[#some + 1] = card
    end
  end
  return some
end

---@param store Store
---@param all boolean|nil archived cards too
---@param ids string[]|nil only these cards
---@return table[] cards in the board's order
function M.list(store, all, ids)
  local cards = store:read("board", { cards = ids and cjson.encode(ids) })
  cards = all and cards or unarchived(cards)
  add_reports(store, cards)
  local by_id = {}
  for _, card in ipairs(cards) do
    by_id[card.id] = card
  end
  add_extras(store, function(id)
    return by_id[id]
  end)
  return cards
end

---The same as JSON, made on a thread of the pool: a large board does not hold the loop up. In a task.
---@param store Store of the present
---@param all boolean|nil
---@param ids string[]|nil
---@return string|nil json
---@return Error|nil
function M.text(store, all, ids)
  local extras = {}
  add_extras(store, function(id)
    extras[id] = extras[id] or {}
    return extras[id]
  end)
  return errors.check(async.await(store.read_aside, store, "board_page",
    { all = all or false, cards = ids and cjson.encode(ids), extras = next(extras) and cjson.encode(extras) or "{}" }))
end

return M
