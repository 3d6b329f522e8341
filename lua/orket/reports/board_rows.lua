-- board_rows.lua: all cards as the board shows them: with what was refused, what is asked, which model is
-- waited for, and where the epics of forks come from.

local approvals = require("orket.governance.approvals.approvals")
local approval_format = require("orket.governance.approvals.approval_format")
local cjson = require("cjson")
local outages = require("orket.reports.outages")
local reports = require("orket.reports.reports")

local M = {}

-- Says of the epics of forks where they come from.
local function name_sources(store, cards)
  local from = {}
  for _, run in ipairs(store:read("forks", {})) do
    from[run.card] = run.of .. "@" .. run.at
  end
  for _, card in ipairs(cards) do
    card.forked_from = from[card.id]
  end
end

local function add_reports(store, cards)
  local counts = reports.counts(store)
  for _, card in ipairs(cards) do
    card.reports = counts[card.id]
  end
end

---What waits for a yes or no, by card, as far as --json goes: people read it below the cards.
---@param store Store
---@return table<string, {id: string, rule: string?, asks: string, expires_at: string}>
function M.questions(store)
  local asked = {}
  for _, row in ipairs(approvals.pending(store)) do
    asked[row.card] = { id = row.id, rule = row.rule, asks = approval_format.line(row),
      expires_at = row.expires_at }
  end
  return asked
end

---The models that are waited for, by card.
---@param store Store
---@return table<string, {model: string, since: string?, until: string?, message: string?}>
function M.outages(store)
  local paused = {}
  for _, one in ipairs(outages.list(store)) do
    for _, id in ipairs(one.cards) do
      paused[id] = { model = one.model, since = one.since, ["until"] = one["until"], message = one.message }
    end
  end
  return paused
end

local function add_waits(store, cards)
  local asked, paused = M.questions(store), M.outages(store)
  for _, card in ipairs(cards) do
    card.approval, card.outage = asked[card.id], paused[card.id]
  end
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
  name_sources(store, cards)
  add_reports(store, cards)
  add_waits(store, cards)
  return cards
end

return M
