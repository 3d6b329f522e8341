-- notifications.lua: which events people outside hear of, and in which words: where to look, never what is
-- there. A notice has no content of cards, no text of agents and no secret: it goes to servers of others.

local inbox = require("orket.reports.inbox")
local proc = require("orket.core.proc")

local M = {}

M.EVENTS = { "waits", "cap", "done", "failed" } -- what a target may want

---@class Notice
---@field id string PROJECT-SEQ: the same when it comes again
---@field seq integer of the event
---@field event "waits"|"cap"|"done"|"failed"|"test"
---@field project string
---@field at string UTC
---@field text string one sentence
---@field card string|nil
---@field run string|nil
---@field path string|nil of the page that has it: "/w/shop/inbox/approval/ep.1%2F2%2F5"

---@class Noticed an event as the query `noticeable` has it
---@field seq integer
---@field kind string
---@field run string
---@field card string|nil
---@field at string
---@field body table

local SENTENCES = {
  approval = "%s waits for your yes or no", question = "%s has a question for you",
  unknown = "%s: what became of an interrupted operation has to be looked up", cap = "%s reached a cap",
  parked = "%s is parked and needs you", push = "%s is not pushed",
}

---The project's name, as its people call its directory.
---@param dir string
---@return string
function M.project(dir)
  return proc.real(dir):match("([^/]*)$")
end

local function escaped(text)
  return (text:gsub("[^%w%-_.~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function notice(project, row, fields)
  fields.id, fields.seq = project .. "-" .. row.seq, row.seq
  fields.project, fields.at, fields.card = project, row.at, fields.card or row.card
  fields.path = "/w/" .. escaped(project) .. fields.path
  return fields
end

local function of_item(project, row, item)
  return notice(project, row, {
    event = item.kind == "cap" and "cap" or "waits", card = item.card,
    text = SENTENCES[item.kind]:format(item.card or item.id),
    path = "/inbox/" .. item.kind .. "/" .. escaped(item.id),
  })
end

local ENDS = { done = "%s is done", failed = "%s failed" }

local function of_end(project, row)
  local sentence = ENDS[row.body.status]
  return sentence and notice(project, row, { event = row.body.status, run = row.run,
    text = sentence:format("the run " .. row.run), path = "/runs/" .. escaped(row.run) })
end

-- What waits of a card now; its kinds that are pushes are of an event of their own.
local function waiting(items, row)
  for _, item in ipairs(items) do
    local is_push = item.kind == "push"
    if item.card == row.card and SENTENCES[item.kind] and is_push == (row.kind == "branch.unpushed") then
      return item
    end
  end
end

-- A card that stopped, a push that failed: somewhere in the inbox. Of the rest of the rows nothing waits.
local function may_wait(row)
  return row.kind ~= "run.ended"
end

local function last_of_each(items, rows)
  local last = {}
  for _, row in ipairs(rows) do
    local item = may_wait(row) and waiting(items, row)
    if item then
      last[item] = row.seq
    end
  end
  return last
end

local function any_may_wait(rows)
  for _, row in ipairs(rows) do
    if may_wait(row) then
      return true
    end
  end
  return false
end

---The notices of these events, oldest first. What does not wait any more is none, and what stopped twice is
---one, of the last time.
---@param store Store
---@param dir string
---@param rows Noticed[]
---@return Notice[]
function M.of(store, dir, rows)
  local project, items = M.project(dir), any_may_wait(rows) and inbox.list(store, dir) or {}
  local list, last = {}, last_of_each(items, rows)
  for _, row in ipairs(rows) do
    local item = may_wait(row) and waiting(items, row)
    if row.kind == "run.ended" then
      list[#list + 1] = of_end(project, row) or nil
    elseif item and last[item] == row.seq then
      list[#list + 1] = of_item(project, row, item)
    end
  end
  return list
end

---One that only says that it arrives.
---@param dir string
---@param at string
---@return Notice
function M.test(dir, at)
  local project = M.project(dir)
  return notice(project, { seq = 0, at = at }, { event = "test", text = "a test: notifications arrive",
    path = "/board" })
end

return M
