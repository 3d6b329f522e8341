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

-- The newest verdict that counts its tests; older ones do not.
local function verdict_of(store, card)
  local event = store:read("last_events", { card = card.id, kind = "verify.done", limit = 1 })[1]
  local body = event and event.body
  return body and body.counts and { ok = body.ok, counts = body.counts, tree = body.tree,
    control = body.control, seq = event.seq } or nil
end

---Adds it to a card's row: comments, events, reports, outside (what has labels), uncertain, approval as it is
---stored, outage, verdict, last_reply.
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
  card.verdict = verdict_of(store, card)
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
