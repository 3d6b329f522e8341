-- planning_view.lua: a run of a plan as a few lines: who is at it, and what was refused. The proposal is
-- shown when it is there.

local local_time = require("orket.view.format.local_time")
local outage_fold = require("orket.view.outage_fold")
local sentences = require("orket.view.sentences")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local View = {}
View.__index = View

local TOLD = {
  ["turn.started"] = true, ["call.allowed"] = true, ["call.refused"] = true, ["step.failed"] = true,
  ["model.paused"] = true, ["budget.reached"] = true,
  ["budget.warned"] = true, ["turn.failed"] = true, ["turn.labelled"] = true, ["turn.nudged"] = true,
  ["step.reply"] = true,
}

local function refused(event)
  return event.kind == "operation.refused" and ("refused (" .. (event.body.rule or "") .. "):\n    "
    .. text.block((event.body.why or ""):gsub("\n", "\n    ")))
end

---@param args {json: boolean?}
---@return table view
function M.new(args)
  io.stdout:setvbuf("line")
  return setmetatable({ quiet = args.json, fold = outage_fold.new() }, View)
end

---@param project table
---@param run table
function View:attach(project, run)
  self.run = run
  if self.quiet then
    return
  end
  project.store:subscribe(function(event)
    local line = TOLD[event.kind] and sentences.what(event) or refused(event)
    for _, one in ipairs(line and self.fold:lines(event, line) or {}) do
      wrap.print(local_time.clock(event.at) .. "  " .. one)
    end
  end)
end

---@param message string a remark of the engine
function View:note(message)
  if not self.quiet then
    print("orket: " .. text.clean(message))
  end
end

function View.finish() end

return M
