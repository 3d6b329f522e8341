-- plain.lua: a run as plain lines, for logs and pipes.

local ending = require("orket.view.ending")
local local_time = require("orket.view.format.local_time")
local sentences = require("orket.view.sentences")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local View = {}
View.__index = View

---@return table view
function M.new()
  io.stdout:setvbuf("line")
  return setmetatable({}, View)
end

---@param project table
---@param run table the run that begins; a rock has several, one after the other
function View:attach(project, run)
  local first = not self.run
  self.run = run
  if not first then
    return
  end
  project.store:subscribe(function(event)
    local line = sentences.sentence(event, project.store)
    if line then
      print(local_time.stamp(event.at):sub(12) .. "  " .. line)
    end
  end)
end

---@param message string a remark of the engine
function View:note(message)
  print("orket: " .. text.clean(message))
end

---@param outcome table see ending.lines
function View:finish(outcome)
  for _, line in ipairs(ending.lines(self.run, outcome)) do
    wrap.print(line)
  end
end

return M
