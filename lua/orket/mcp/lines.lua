-- lines.lua: bytes as they come, in lines: what a line costs follows from its length, however it is cut.

local async = require("orket.async")

local M = {}

local PIECES = 512 -- of a line that has not ended, then they become one

---@param on_line fun(line: string) without its end
---@return fun(bytes: string) feed
function M.splitter(on_line)
  local pieces = {}
  local function keep(bytes)
    pieces[#pieces + 1] = bytes
    if #pieces >= PIECES then
      pieces = { table.concat(pieces) }
    end
  end
  return function(bytes)
    local from = 1
    for to in bytes:gmatch("()\n") do
      keep(bytes:sub(from, to - 1))
      local line = table.concat(pieces)
      pieces, from = {}, to + 1
      on_line(line)
    end
    if from <= #bytes then
      keep(bytes:sub(from))
    end
  end
end

---What waits to be read: texts in their order, and whoever waits for the next one.
---@class McpQueue
local Queue = {}
Queue.__index = Queue

---@return McpQueue
function M.queue()
  return setmetatable({ texts = {}, at = 1, count = 0 }, Queue)
end

---@param text string
function Queue:add(text)
  self.count = self.count + 1
  self.texts[self.count] = text
end

---@return string|nil
function Queue:take()
  local text = self.texts[self.at]
  if text then
    self.texts[self.at], self.at = nil, self.at + 1
  end
  return text
end

---@return boolean
function Queue:is_empty()
  return self.texts[self.at] == nil
end

---Resumes whoever waits: something was added, or nothing more will be.
function Queue:wake()
  local waiting = self.waiting
  self.waiting = nil
  if waiting then
    waiting(true)
  end
end

---The next text of a wire {queue, over}: a method of both kinds.
---@param self table
---@return string|nil text
---@return Error|nil  it is over, or nobody waits any more
function M.receive(self)
  while true do
    local text = self.queue:take()
    if text or self.over then
      return text, not text and self.over or nil
    end
    local ok, err = async.suspend(function(resume)
      self.queue.waiting = resume
    end)
    if not ok then
      return nil, err
    end
  end
end

return M
