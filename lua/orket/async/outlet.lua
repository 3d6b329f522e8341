-- outlet.lua: text to a file descriptor that never makes the loop wait: what it does not take at once waits
-- here, up to a bound; what comes behind that is refused.

local async = require("orket.async")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

local Outlet = {}
Outlet.__index = Outlet

-- A pipe or a terminal takes what it can; a file is written to on a thread of the pool.
local function stream_of(fd)
  local kind = uv.guess_handle(fd)
  local stream
  if kind == "pipe" then
    stream = handles.opened(uv.new_pipe(false))
    stream:open(fd)
  elseif kind == "tty" then
    stream = handles.opened(uv.new_tty(fd, false))
  end
  return stream
end

---@param fd integer
---@param most integer bytes that may wait
---@return {write: fun(self, text: string): boolean, close: fun(self, seconds: number)} outlet
function M.open(fd, most)
  return setmetatable({ fd = fd, most = most, stream = stream_of(fd), waiting = {}, bytes = 0 }, Outlet)
end

local send

-- A reader that is gone stays away; a disk may have room again.
local function sent(self, err)
  self.busy, self.broken, self.failed = false, self.broken or self.stream and err, err
  if self.waiting[1] then
    send(self)
  elseif self.idle then
    self.idle(true)
  end
end

function send(self)
  local text = table.concat(self.waiting)
  self.waiting, self.bytes, self.busy = {}, 0, true
  local function done(err)
    sent(self, err)
  end
  if self.stream then
    self.stream:write(text, done)
  else
    uv.fs_write(self.fd, text, -1, done)
  end
end

---Writes a text. False: there is no room, no reader any more, or the text before could not be written.
---@param text string
---@return boolean
function Outlet:write(text)
  local failed = self.failed
  self.failed = nil
  if failed or self.broken or self.bytes + #text > self.most then
    return false
  end
  self.waiting[#self.waiting + 1], self.bytes = text, self.bytes + #text
  if not self.busy then
    send(self)
  end
  return true
end

---Waits for what was written, some seconds at most, and ends. In a task.
---@param seconds number
function Outlet:close(seconds)
  if self.busy then
    async.within(seconds, function()
      async.suspend(function(wake)
        self.idle = wake
      end)
    end)
  end
  self.broken = true
  if self.stream then
    handles.close(self.stream)
  end
end

return M
