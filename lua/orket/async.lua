-- async.lua: tasks on the one loop. Only this file and its parts in async/ know luv.
--
-- A task is a coroutine with an id, a generation, and a cancel. It sleeps in `await` and is resumed
-- by exactly one callback; a late or second callback finds another generation and does nothing.

local errors = require("orket.errors")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

local Task = {}
Task.__index = Task

local tasks = setmetatable({}, { __mode = "k" }) -- coroutine -> task
local WAIT = {} -- tag of our own yields
local broken = false -- a task died of a bug and nobody waited for it

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

-- What was raised, as an error: one of the world's that nobody expects, no memory, or a bug.
local function raised(task, what)
  if type(what) == "table" and what.code then
    return what
  end
  local line = tostring(what):match("^[^\n]*")
  if line:find("not enough memory", 1, true) or line:find("out of memory", 1, true) then
    return errors.new("ERR_MEMORY", line)
  end
  return { code = "ERR_BUG", class = "bug", message = debug.traceback(task.thread, tostring(what)) }
end

-- An error in a task that somebody waits for is that one's to handle; otherwise it ends the program.
local function broke(task, what)
  local err = raised(task, what)
  if not task.waiters then
    io.stderr:write("orket: ", err.code == "ERR_BUG" and err.message or errors.line(err), "\n")
    broken = true
  end
  finish(task, nil, err)
end

-- A callback raised before it woke anybody: somebody may wait for it, and would for ever.
local function callback_broke(message)
  local line = message:match("^[^\n]*")
  local memory = line:find("memory", 1, true) and errors.new("ERR_MEMORY", line)
  io.stderr:write("orket: ", memory and errors.line(memory) or message, "\n")
  broken = true
end

local function step(task, ...)
  local ok, tag = coroutine.resume(task.thread, ...)
  if not ok then
    broke(task, tag)
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

-- The function that resumes a task from its wait number `generation`, once.
local function waker(task, generation)
  return function(...)
    if task.generation ~= generation then
      return
    end
    task.generation = generation + 1
    task.stop = nil
    if task.yielded then
      step(task, ...)
    else
      task.early = table.pack(...)
    end
  end
end

-- Begins a wait of the running task: the task and the function that ends the wait, or nil when canceled.
local function begin()
  local task = M.current()
  task.generation = task.generation + 1
  if task.canceled then
    return task
  end
  task.yielded = false
  task.wake = waker(task, task.generation)
  return task, task.wake
end

-- Waits for `wake`, unless it was called already; `stop` ends what was begun.
local function pause(task, stop)
  local early = task.early
  if early then
    task.early = nil
    return table.unpack(early, 1, early.n)
  end
  task.stop, task.yielded = stop, true
  return coroutine.yield(WAIT)
end

---Suspends the running task: start(wake) is called with the function that resumes it. Returns what
---wake is given, or nil, {code="ERR_CANCELED"} when the task is canceled meanwhile.
---@param start fun(wake: function): function|nil  may return a function that stops what it began
---@return any ...
function M.suspend(start)
  local task, wake = begin()
  if not wake then
    return nil, task.canceled
  end
  return pause(task, start(wake))
end

---Calls fn(..., callback) of a C module and waits for the callback; answers its values.
---@param fn function
---@param ... any one to three arguments
---@return any ...
function M.await(fn, ...)
  local task, wake = begin()
  if not wake then
    return nil, task.canceled
  end
  local count, first, second, third = select("#", ...), ...
  local stop
  if count == 1 then
    stop = fn(first, wake)
  elseif count == 2 then
    stop = fn(first, second, wake)
  else
    stop = fn(first, second, third, wake)
  end
  return pause(task, type(stop) == "function" and stop or nil)
end

---True when this is what the running task is about to wait for.
---@param wake function
---@return boolean
function M.waits_with(wake)
  return M.current().wake == wake
end

---Sleeps for a number of seconds.
---@param seconds number
---@return true|nil ok
---@return Error|nil err  canceled
function M.sleep(seconds)
  local timer = handles.opened(uv.new_timer())
  local ok, err = M.suspend(function(wake)
    timer:start(math.ceil(seconds * 1000), 0, function()
      wake(true)
    end)
  end)
  timer:stop()
  handles.close(timer)
  return ok, err
end

---Waits until the task ends; answers what its function returned.
---@param task table
---@return any ...
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

---Cancels a task: its wait, and every later one, answers nil, err; with err.within only those inside `within`.
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

local function bug(what)
  return raised(M.current(), what)
end

---Runs fn(...) in the running task and answers what it returns. After a number of seconds its waits
---answer nil, ERR_TIMEOUT; a bug in it is nil, ERR_BUG.
---@param seconds number
---@param fn function
---@return any ...
function M.within(seconds, fn, ...)
  local task = M.current()
  local timer, outer = handles.opened(uv.new_timer()), task.deadline
  local function expire()
    M.cancel(task, {
      code = "ERR_TIMEOUT", class = "limit", message = "the deadline of " .. seconds .. " s passed", within = true,
    })
  end
  timer:start(math.ceil(seconds * 1000), 0, expire)
  task.deadline = { timer = timer, expire = expire }
  local result = table.pack(xpcall(fn, bug, ...))
  task.deadline = outer
  handles.close(timer)
  if task.canceled and task.canceled.within then
    task.canceled = nil
  end
  if not result[1] then
    return nil, result[2]
  end
  return table.unpack(result, 2, result.n)
end

---Runs fn(...) in the running task while the deadline of `within` stands still.
---@param fn function
---@return any ...
function M.unhurried(fn, ...)
  local deadline = M.current().deadline
  if not deadline then
    return fn(...)
  end
  local left = deadline.timer:get_due_in()
  deadline.timer:stop()
  local result = table.pack(fn(...))
  deadline.timer:start(left, 0, deadline.expire)
  return table.unpack(result, 1, result.n)
end

---Calls handler(name) in a new task at each of these signals. Answers a function that stops it.
---@param names string[] "sigint", "sigterm"
---@param handler fun(name: string)
---@return fun() stop
function M.on_signals(names, handler)
  local watchers = {}
  for i, name in ipairs(names) do
    watchers[i] = handles.opened(uv.new_signal())
    watchers[i]:start(name, function()
      M.spawn(handler, name)
    end)
    watchers[i]:unref()
  end
  return function()
    for _, watcher in ipairs(watchers) do
      handles.close(watcher)
    end
  end
end

---Calls handler(file) in a new task when something in the directory changes. Answers a stop function,
---or nil when the directory cannot be watched. The watch alone does not keep the program running, unless
---somebody is to wait for it (`alone`).
---@param path string
---@param handler fun(file: string)
---@param alone boolean|nil
---@return fun()|nil stop
function M.watch(path, handler, alone)
  local watcher = handles.opened(uv.new_fs_event())
  local ok = watcher:start(path, {}, function(_, file)
    M.spawn(handler, file)
  end)
  if not ok then
    handles.close(watcher)
    return nil
  end
  if not alone then
    watcher:unref()
  end
  return function()
    handles.close(watcher)
  end
end

---Runs fn(...) as the first task and the loop until it ends. Answers fn's first result.
---@param fn function
---@return integer exit code
function M.main(fn, ...)
  rawset(_G, "_ON_ERROR", callback_broke) -- core/bind/bind.c calls it
  local task = M.spawn(fn, ...)
  while not task.done and not broken and uv.run("once") do
  end
  local code = task.done and task.result[1]
  if not task.done and not broken then
    io.stderr:write("orket: the program waits for something that cannot happen\n")
  end
  handles.close_all()
  uv.run("nowait")
  return math.type(code) == "integer" and not broken and code or 1
end

return M
