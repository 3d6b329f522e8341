-- card_record.lua: everything that is on a card: its comments and events, what was refused, what it asks,
-- waits for and said last.

local approvals = require("orket.governance.approvals.approvals")
local cjson = require("cjson")
local content = require("orket.governance.approvals.content")
local labels = require("orket.governance.labels")
local outages = require("orket.reports.outages")
local reports = require("orket.reports.reports")
local turn_record = require("orket.history.turn_record")

local M = {}

local function list(rows)
  return setmetatable(rows, cjson.array_mt)
end

---Adds it to a card's row: comments, events, reports, outside (what has labels), uncertain, approval as it is
---stored, outage, last_reply.
---@param store Store
---@param card table a row of the query card
function M.complete(store, card)
  card.comments = list(store:read("comments", { card = card.id }))
  card.events = list(store:read("card_events", { card = card.id }))
  card.reports = list(reports.list(store, { card = card.id }))
  card.outside = list(labels.parts(store, card.id))
  card.uncertain = store:read("uncertain", { card = card.id })[1]
  card.approval = approvals.pending(store, card.id)[1]
  card.outage = outages.of(store, card.id)
  card.last_reply = turn_record.last_reply(store, card.id)
end

---The same as plain data: with the whole of what is asked.
---@param store Store
---@param card table
---@return table card
function M.plain(store, card)
  M.complete(store, card)
  if card.approval then
    card.approval.operation = content.whole(store, card.approval.operation)
  end
  return card
end

return M
