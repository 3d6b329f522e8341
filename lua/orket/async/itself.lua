-- itself.lua: this program once more, beside the loop: a command that only looks and computes for long, such
-- as a replay. It has no environment of ours but where programs and temporary files are, and no input.

local async = require("orket.async")
local errors = require("orket.errors")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

local MOST = 16 << 20 -- bytes of an answer
local POLITE = 10 -- the priority of its process: what the owner does goes first
local KEPT = { "PATH", "HOME", "TMPDIR", "LANG" }

local function environment()
  local env = {}
  for _, name in ipairs(KEPT) do
    local value = uv.os_getenv(name)
    env[#env + 1] = value and name .. "=" .. value or nil
  end
  return env
end

local function close(child)
  for _, handle in ipairs(child.handles) do
    handles.close(handle)
  end
end

local function kill(child)
  if handles.is_open(child.process) then
    child.process:kill("sigkill")
  end
end

-- It is over when it has ended and both its outputs have.
local function settle(child)
  child.left = child.left - 1
  if child.left == 0 then
    close(child)
    child.wake(child)
  end
end

local function read(child, pipe, name)
  child[name] = ""
  pipe:read_start(function(err, bytes)
    if err or not bytes then
      pipe:read_stop()
      settle(child)
    elseif #child[name] + #bytes <= MOST then
      child[name] = child[name] .. bytes
    else
      child.too_large = true
      kill(child)
    end
  end)
end

local function start(child, argv)
  local out, err = handles.opened(uv.new_pipe()), handles.opened(uv.new_pipe())
  local process, pid, errno = uv.spawn("/proc/self/exe", { args = argv, stdio = { nil, out, err },
    env = environment() }, function(code, signal)
      child.code, child.signal = code, signal
      settle(child)
    end)
  child.handles = { out, err, process and handles.opened(process) }
  if not process then
    close(child)
    return nil, errors.of_loop(pid, errno) -- the message
  end
  child.process, child.left = process, 3
  uv.os_setpriority(pid, POLITE)
  read(child, out, "out")
  read(child, err, "err")
  return true
end

local function run(child, argv)
  return async.suspend(function(wake)
    child.wake = wake
    local ok, err = start(child, argv)
    if not ok then
      wake(nil, err)
    end
    return function()
      kill(child)
      child.wake = function() end
    end
  end)
end

---Runs a command of this program, and waits for its end. Ends with the task. In a task.
---@param argv string[] the command and its arguments
---@return {code: integer, out: string, err: string}|nil ended code: its exit code
---@return Error|nil
function M.run(argv)
  local child = {}
  local ended, err = run(child, argv)
  if not ended then
    return nil, err
  elseif child.too_large then
    return nil, errors.new("ERR_TOO_LARGE", "the answer of " .. argv[1] .. " has more than " .. MOST
      .. " bytes", "ask for less")
  elseif child.signal ~= 0 then
    return nil, errors.new("ERR_MEMORY", argv[1] .. " was ended by signal " .. child.signal,
      "look whether the machine has memory left, and ask again")
  end
  return { code = child.code, out = child.out, err = child.err }
end

return M
