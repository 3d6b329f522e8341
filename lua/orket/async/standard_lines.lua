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
