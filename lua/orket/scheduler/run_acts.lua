-- run_acts.lua: what a person asks of a run that is under way.

local errors = require("orket.errors")

local M = {}

-- What becomes of replies that are under way when a run is halted.
local function of_replies(waits, again)
  if waits == 0 then
    return ""
  end
  return again and "; replies under way are given up"
    or "; replies under way are waited for: halt again gives them up"
end

local function halt(project, request)
  local run = project.under_way
  if not run or request.run and request.run ~= run.id then
    return nil, errors.new("ERR_NOT_FOUND", "the run " .. (request.run or "") .. " is not under way",
      run and "it is " .. run.id .. " that runs" or "it has not begun")
  end
  local again = run.draining
  return { run = run.id, message = run.id .. " stops; open turns go on with the next run"
    .. of_replies(run:drain(again), again) }
end

-- What requests under way may still cost.
local function budget(project)
  local meter = project.under_way and project.under_way.engine.meter
  return { caps = meter and meter:held() or nil }
end

M.acts = {
  halt = {
    summary = "drains the run: nothing new starts, open turns go on with the next run",
    fields = { run = "text?" },
    errors = { "ERR_NOT_FOUND" }, run = true, perform = halt,
  },
  budget = {
    summary = "reports what requests under way may still cost, by cap",
    fields = {},
    errors = {}, run = true, perform = budget,
  },
}

return M
