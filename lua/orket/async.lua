-- async.lua: tasks on the one loop. The only file that knows callbacks and luv.
--
-- A task is a coroutine with an id, a generation, and a cancel. It sleeps in `await` and is resumed
-- by exactly one callback; a late or second callback finds another generation and does nothing.

local uv = require("luv")

local M = {}

local Task = {}
Task.__index = Task

local tasks = setmetatable({}, { __mode = "k" }) -- coroutine -> task
local WAIT = {} -- tag of our own yields

---The running task; raises outside one.
---@return table
function M.current()
  return tasks[coroutine.running()] or error("not inside a task", 2)
end

local function finish(task, ...)
  task.done = true
  task.result = table.pack(...)
  for _, wake in ipairs(task.waiters or {}) do
    wake()
  end
end

local function step(task, ...)
  local ok, tag = coroutine.resume(task.thread, ...)
  if not ok then
    finish(task, nil, { code = "ERR_BUG", class = "bug", message = debug.traceback(task.thread, tostring(tag)) })
  elseif coroutine.status(task.thread) ~= "dead" and tag ~= WAIT then
    error("a task yielded to nobody")
  end
end

---Starts fn(...) as a task at once; runs until its first wait.
---@param fn function
---@return table task
function M.spawn(fn, ...)
  local task = setmetatable({ generation = 0, done = false }, Task)
  task.thread = coroutine.create(function(...)
    finish(task, fn(...))
  end)
  tasks[task.thread] = task
  step(task, ...)
  return task
end

---Suspends the running task: start(wake) is called with the function that resumes it. Returns what
---wake is given, or nil, {code="ERR_CANCELED"} when the task is canceled meanwhile.
---@param start fun(wake: function): function|nil  may return a function that stops what it began
function M.suspend(start)
  local task = M.current()
  task.generation = task.generation + 1
  local generation, early, yielded = task.generation, nil, false
  local function wake(...)
    if task.generation ~= generation then
      return
    end
    task.generation = generation + 1
    task.stop = nil
    if yielded then
      step(task, ...)
    else
      early = table.pack(...)
    end
  end
  if task.canceled then
    return nil, task.canceled
  end
  task.wake = wake
  task.stop = start(wake)
  if early then
    return table.unpack(early, 1, early.n)
  end
  yielded = true
  return coroutine.yield(WAIT)
end

---Calls fn(..., callback) of a C module and waits for the callback; answers its values.
---@param fn function
function M.await(fn, ...)
  local args = table.pack(...)
  return M.suspend(function(wake)
    args[args.n + 1] = wake
    local stop = fn(table.unpack(args, 1, args.n + 1))
    return type(stop) == "function" and stop or nil
  end)
end

---Sleeps for a number of seconds.
---@param seconds number
function M.sleep(seconds)
  local timer = uv.new_timer()
  local ok, err = M.suspend(function(wake)
    timer:start(math.ceil(seconds * 1000), 0, function()
      wake(true)
    end)
  end)
  timer:stop()
  timer:close()
  return ok, err
end

---Waits until the task ends; answers what its function returned.
---@param task table
function M.join(task)
  if not task.done then
    local ok, err = M.suspend(function(wake)
      task.waiters = task.waiters or {}
      table.insert(task.waiters, function()
        wake(true)
      end)
    end)
    if not ok then
      return nil, err
    end
  end
  return table.unpack(task.result, 1, task.result.n)
end

---Cancels a task: its wait, and every later one, answers nil, err.
---@param task table
---@param err table|nil
function M.cancel(task, err)
  if task.done or task.canceled then
    return
  end
  task.canceled = err or { code = "ERR_CANCELED", class = "system", message = "canceled" }
  local stop, wake = task.stop, task.wake
  if stop then
    stop()
  end
  if wake then
    wake(nil, task.canceled)
  end
end

---Runs fn(...) as the first task and the loop until it ends. Answers fn's first result.
---@param fn function
---@return integer exit code
function M.main(fn, ...)
  local task = M.spawn(fn, ...)
  while not task.done and uv.run("once") do
  end
  if not task.done then
    error("the program waits for something that cannot happen")
  end
  local code, err = table.unpack(task.result, 1, task.result.n)
  if err then
    io.stderr:write("orket: ", err.message, "\n")
    return 1
  end
  return code
end

return M
