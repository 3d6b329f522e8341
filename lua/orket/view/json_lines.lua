-- json_lines.lua: a run as one JSON line per committed event, and a last line with its outcome.

local cjson = require("cjson")
local ending = require("orket.view.ending")
local parked = require("orket.reports.parked")
local text = require("orket.view.format.text")

local M = {}

local View = {}
View.__index = View

---@return table view
function M.new()
  io.stdout:setvbuf("line")
  return setmetatable({}, View)
end

---@param project table
---@param run table a run that begins; a rock has several
function View:attach(project, run)
  local first = not self.run
  self.run = run
  if first then
    project.store:subscribe(function(event)
      io.write(text.json(event), "\n")
    end)
  end
end

---@param remark string of the engine
function View:note(remark)
  io.write(text.json({ kind = "note", text = remark }), "\n")
end

---@param outcome table see ending.lines
function View:finish(outcome)
  local pushes = #(outcome.pushes or {}) > 0 and outcome.pushes or nil
  local waiting = {}
  for _, run in ipairs(outcome.runs or {}) do
    local list = parked.list(run.store, run.epic.id, outcome.dir)
    table.move(list, 1, #list, #waiting + 1, waiting)
  end
  io.write(text.json({
    kind = "result", status = outcome.status or "failed", counts = outcome.counts or {},
    already = outcome.already ~= nil, parked = setmetatable(waiting, cjson.array_mt), error = outcome.error,
    run = ending.totals(self.run), runs = ending.all_totals(outcome.runs), pushes = pushes,
  }), "\n")
end

return M
