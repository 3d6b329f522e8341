-- refused_call.lua: a call that was refused, as it can be judged once more: by whom, on the card as it was,
-- what the turn had been in touch with, and how many calls it had made before. All from the journal.

local errors = require("orket.errors")
local prefix = require("orket.history.fork.prefix")
local projects = require("orket.project.project")
local reports = require("orket.reports.reports")
local store = require("orket.core.store")

local M = {}

local JUDGED = { ["call.allowed"] = true, ["call.refused"] = true }

local function last(events, upto, kind)
  for i = #events, 1, -1 do
    if events[i].kind == kind and events[i].seq <= upto then
      return events[i].body
    end
  end
end

local function configuration_of(board, event)
  local events = board:read("stream", { run = event.run, turn = 0 })
  local began = last(events, event.seq, "run.resumed") or last(events, event.seq, "run.started")
  return began and began.config
end

-- The card, and what its agents may write.
local function card_at(project, event)
  local moment, err = errors.check(store.past(projects.database(project.dir), event.seq - 1))
  if not moment then
    return nil, err
  end
  local card, row = moment:read("card", { id = event.card })[1],
    moment:read("card_scope", { id = event.card })[1]
  moment:close()
  return { card = card, scope = row and row.scope or nil }
end

-- The arguments as the model wrote them.
local function arguments_of(board, events, event)
  local reply = last(events, event.seq, "step.reply")
  local asked = reply and reports.asked_for(board:message(reply.convo), event.body.call)
  return asked and asked.arguments
end

local function labels_of(events, upto)
  local labels = {}
  for _, event in ipairs(events) do
    for _, name in ipairs(event.kind == "turn.labelled" and event.seq < upto and event.body.labels or {}) do
      labels[name] = true
    end
  end
  return labels
end

local function calls_before(events, event)
  local calls = 0
  for _, one in ipairs(events) do
    calls = calls + (JUDGED[one.kind] and one.seq < event.seq and one.body.call ~= event.body.call and 1 or 0)
  end
  return calls
end

---@param project table opened for reading
---@param event table call.refused, operation.refused or approval.asked
---@return SimCall|nil
---@return Error|nil
function M.of(project, event)
  local events = prefix.events(project.store, event.run, event.turn)
  local started = last(events, event.seq, "turn.started")
  local at, err = card_at(project, event)
  if not (at and at.card and started) then
    return nil, err or errors.new("ERR_NOT_FOUND", "the turn of this event has no beginning")
  end
  return {
    role = started.role, seat = started.seat, card = at.card, tool = event.body.tool,
    run = event.run, turn = event.turn, arguments = arguments_of(project.store, events, event),
    generation = started.generation, scope = at.scope,
    config = configuration_of(project.store, event), labels = labels_of(events, event.seq),
    calls = calls_before(events, event),
    operation = event.kind == "operation.refused" and event.body.operation or nil,
  }
end

return M
