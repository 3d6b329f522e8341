-- standard_lines.lua: lines from standard input, for a program that another one started to speak with it
-- (outlet.lua writes).

local async = require("orket.async")
local handles = require("orket.async.handles")
local line_splitter = require("orket.util.line_splitter")
local uv = require("luv")

local M = {}

local function pipe_of(fd)
  if uv.guess_handle(fd) ~= "pipe" then
    return nil
  end
  local pipe = handles.opened(uv.new_pipe(false))
  return pipe:open(fd) and pipe or nil
end

---Calls heard(line) in a callback for each line of standard input. In a task; returns at its end, or when a
---line is longer than max bytes.
---@param max integer
---@param heard fun(line: string)
---@param begun fun(stop: fun()) is given what ends it
---@return "end"|"long"|nil how it ended; nil: standard input is no pipe
function M.read(max, heard, begun)
  local pipe = pipe_of(0)
  if not pipe then
    return nil
  end
  return async.suspend(function(wake)
    local function ended(how)
      handles.close(pipe)
      wake(how)
    end
    local function stop()
      ended("end")
    end
    local feed = line_splitter.splitter(heard, max, function()
      ended("long")
    end)
    pipe:read_start(function(err, bytes)
      if err or not bytes then
        return stop()
      end
      feed(bytes)
    end)
    begun(stop)
    return stop
  end)
end

return M
