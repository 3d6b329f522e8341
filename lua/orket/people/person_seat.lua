-- person_seat.lua: a card whose seat is a person's is that person's work, who alone hands it in, when it is a
-- user of the project.

local errors = require("orket.errors")
local reader = require("orket.project.reader")
local roster = require("orket.people.roster")
local tables = require("orket.util.tables")

local M = {}

local BEFORE = tables.set({ "ready", "in_progress", "blocked", "waiting_for_developer" })
local HANDED_IN = tables.set({ "ready_for_testing", "code_review", "done" })

-- As the team's file says now, else as the card waits for it.
local function worker_of(project, card)
  local epic = card.epic and reader.card(project.store, card.epic)
  local team = epic and project.config.teams[epic.data.team]
  local seat = team and team.seats[card.seat or ""]
  return seat and seat.person or (card.assignee or ""):match("^human:(.*)$")
end

local function waits_for_work(card)
  return card.status == "blocked" and card.wait_reason == "input" and card.return_to == "ready_for_testing"
end

local function hands_in(card, request)
  if request.act == "move" then
    return BEFORE[card.status] and HANDED_IN[request.status]
  end
  return waits_for_work(card) and (request.act == "answer" or request.act == "retry")
end

---Why this person may not do that: it would hand in the work of another one.
---@param project table
---@param card table
---@param request Request
---@return Error|nil
function M.objection(project, card, request)
  local name = hands_in(card, request) and worker_of(project, card)
  if not name or name == request.who or not roster.user(project.store, name) then
    return nil
  end
  return errors.new("ERR_DENIED", card.id .. " is the work of " .. name .. ", who hands it in",
    "give the seat to another person in the team's file")
end

return M
