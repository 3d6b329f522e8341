-- plain.lua: a run as plain lines, for logs and pipes.

local async = require("orket.async")
local ending = require("orket.view.ending")
local local_time = require("orket.view.format.local_time")
local outage_fold = require("orket.view.outage_fold")
local sentences = require("orket.view.sentences")
local shown_runs = require("orket.view.shown_runs")
local sys = require("orket.core.sys")
local text = require("orket.view.format.text")
local wrap = require("orket.view.format.wrap")

local M = {}

local View = {}
View.__index = View

local STATUS_SECONDS = 60
---@return table view
function M.new()
  io.stdout:setvbuf("line")
  return setmetatable({ fold = outage_fold.new(), shown = shown_runs.new() }, View)
end

-- "hello.1 is running, 5:00: 1 done, 2 in_progress", once a minute: a log shows that it goes on.
local function tick(self)
  local began = sys.monotonic()
  while true do
    async.sleep(STATUS_SECONDS)
    if self.finished then
      return
    end
    local counts, seconds = {}, (sys.monotonic() - began) // 1
    for _, card in ipairs(self.shown:cards()) do
      counts[card.status] = (counts[card.status] or 0) + 1
    end
    print(string.format("%s  %s %s running, %d:%02d: %s", local_time.clock(os.date("!%Y-%m-%dT%H:%M:%SZ")),
      text.line(self.shown:name()), #self.shown.list == 1 and "is" or "are", seconds // 60, seconds % 60,
      ending.summary(counts)))
  end
end

---@param project table
---@param run table a run that begins; a rock has several
function View:attach(project, run)
  local first = not self.run
  self.run = run
  self.shown:add(run)
  if not first then
    return
  end
  async.spawn(tick, self)
  project.store:subscribe(function(event)
    for _, what in ipairs(self.fold:lines(event, sentences.what(event, project.store))) do
      wrap.print(local_time.clock(event.at) .. "  " .. sentences.headed(event, what))
    end
  end)
end

---@param message string a remark of the engine
function View:note(message)
  print("orket: " .. text.clean(message))
end

---@param outcome table see ending.lines
function View:finish(outcome)
  self.finished = true
  for _, line in ipairs(ending.lines(self.run, outcome)) do
    wrap.print(line)
  end
end

return M
