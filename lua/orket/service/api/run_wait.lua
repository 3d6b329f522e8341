-- run_wait.lua: an answer that waits for a run: until it ended, or something of it waits for a person.

local async = require("orket.async")

local M = {}

M.MOST = 300 -- seconds

local REPORTED = { ["run.ended"] = true, ["card.moved"] = true, ["turn.ended"] = true,
  ["approval.asked"] = true }

local function said(event)
  local to = event.kind == "card.moved" and ": " .. event.body.to or ""
  return event.kind .. " " .. (event.card or event.run) .. to
end

local function needs_no_waiting(event)
  return event.kind == "run.ended" or event.kind == "approval.asked"
    or event.kind == "card.moved" and event.body.to == "waiting_for_developer"
end

local function hear(request, event, wake)
  if event.run == request.params.id then
    if request.progress and REPORTED[event.kind] then
      request.progress(said(event))
    end
    if needs_no_waiting(event) then
      wake(true)
    end
  end
end

local function is_under_way(service, id)
  local row = service.runs:rows(nil, id)[1]
  return row ~= nil and service.runs:goes_on(row)
end

---Waits request.query.wait seconds at most. In a task.
---@param service Service
---@param request ApiRequest
function M.wait(service, request)
  local unsubscribe
  async.within(request.query.wait, async.suspend, function(wake)
    unsubscribe = service.events:subscribe(function(event)
      hear(request, event, wake)
    end)
    if not is_under_way(service, request.params.id) then
      wake(true)
    end
  end)
  if unsubscribe then -- else the task was canceled before
    unsubscribe()
  end
end

return M
