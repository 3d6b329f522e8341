-- standard_lines.lua: lines over standard input and output, for a program that another one started to speak
-- with it. Neither side's slowness stops the loop.

local async = require("orket.async")
local handles = require("orket.async.handles")
local line_splitter = require("orket.util.line_splitter")
local uv = require("luv")

local M = {}

local UNSENT = 8 << 20 -- bytes that the other side may leave lying

local function pipe_of(fd)
  if uv.guess_handle(fd) ~= "pipe" then
    return nil
  end
  local pipe = handles.opened(uv.new_pipe(false))
  return pipe:open(fd) and pipe or nil
end

local Output = {}
Output.__index = Output

---Writes a line.
---@param line string
---@return boolean false: the other side is gone, or takes nothing
function Output:write(line)
  if not self.pipe then
    return io.stdout:write(line, "\n") ~= nil and io.stdout:flush() ~= nil
  end
  if not handles.is_open(self.pipe) or self.pipe:get_write_queue_size() > UNSENT then
    return false
  end
  return self.pipe:write(line .. "\n") ~= nil
end

---Waits until what was written has left, a second at most. In a task.
function Output:close()
  if self.pipe and handles.is_open(self.pipe) then
    async.within(1, async.suspend, function(wake)
      self.pipe:shutdown(wake)
    end)
    handles.close(self.pipe)
  end
end

---@return table output with write and close
function M.output()
  return setmetatable({ pipe = pipe_of(1) }, Output)
end

-- Bytes of a line that has not ended are bounded: a longer one ends the input.
local function bounded(max, heard, ended)
  local line = 0
  local feed = line_splitter.splitter(function(text)
    line = 0
    heard(text)
  end)
  return function(bytes)
    line = line + #bytes
    if bytes:find("\n", 1, true) then
      line = #bytes:match("[^\n]*$")
    end
    if line > max then
      return ended()
    end
    feed(bytes)
  end
end

---Calls heard(line) in a callback for each line of standard input. In a task; returns at its end, or when a
---line is longer than max bytes.
---@param max integer
---@param heard fun(line: string)
---@param begun fun(stop: fun()) is given what ends it
---@return true|nil ok nil: standard input is no pipe
function M.read(max, heard, begun)
  local pipe = pipe_of(0)
  if not pipe then
    return nil
  end
  async.suspend(function(wake)
    local function ended()
      handles.close(pipe)
      wake(true)
    end
    local feed = bounded(max, heard, ended)
    pipe:read_start(function(err, bytes)
      if err or not bytes then
        return ended()
      end
      feed(bytes)
    end)
    begun(ended)
    return ended
  end)
  return true
end

return M
