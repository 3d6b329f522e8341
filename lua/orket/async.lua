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

local running -- the task whose code runs now; nil in a callback of the loop
local WAIT = {} -- tag of our own yields
local PIECE = 0.004 -- seconds that a task keeps the loop where it can be divided
local broken = false -- a task died of a bug and nobody waited for it
local measured -- is called with the label of a task and the seconds of each step, while that is wanted

---The running task; raises outside one.
---@return table
function M.current()
  return running or error("not inside a task", 2)
end

---What the running task and those that it starts from now on are at, for a report of what took too long.
---@param about table fields of a line of the log: {cause = "request", ...}
function M.label(about)
  M.current().label = about
end

---Calls fn(label, seconds) after each step of a task; nil ends it.
---@param fn fun(label: table|nil, seconds: number)|nil
function M.measure(fn)
  measured = fn
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
  return errors.of_raised(what) or errors.new("ERR_BUG", debug.traceback(task.thread, tostring(what)))
end

-- An error in a task that another one waits for is that one's to handle; otherwise it ends the program.
local function broke(task, what)
  local err = raised(task, what)
  coroutine.close(task.thread) -- what it had open is closed
  if task.ended then
    task.done = true
    return task.ended(nil, err)
  elseif not task.waiters then
    io.stderr:write("orket: ", err.code == "ERR_BUG" and err.message or errors.line(err), "\n")
    broken = true
  end
  finish(task, nil, err)
end

-- A callback raised before it woke anybody: somebody may wait for it, and would for ever. Without memory
-- every further one raises as well, and is not reported: a report into a file of a watched directory would be
-- the next event.
local function callback_broke(message)
  local code, what = message:match("^(ERR_[%u_]+): ([^\n]*)")
  local err = code and errors.new(code, what, message:match("\n  fix: (.*)")) or errors.of_raised(message)
  if err and err.code == "ERR_MEMORY" and broken then
    return
  end
  io.stderr:write("orket: ", err and errors.line(err) or message, "\n")
  broken = true
end

local function step(task, ...)
  local outer = running -- a task may start or wake another one
  local began = measured and uv.hrtime()
  running = task
  local ok, tag = coroutine.resume(task.thread, ...)
  running = outer
  if began and measured then
    measured(task.label, (uv.hrtime() - began) / 1e9)
  end
  if not ok then
    broke(task, tag)
  elseif coroutine.status(task.thread) ~= "dead" and tag ~= WAIT then
    error("a task yielded outside of async.suspend")
  end
end

---Starts fn(...) as a task at once; runs until its first wait.
---@param fn function
---@return table task
function M.spawn(fn, ...)
  local task = setmetatable({ generation = 0, done = false, label = running and running.label }, Task)
  task.thread = coroutine.create(function(...)
    finish(task, fn(...))
  end)
  step(task, ...)
  return task
end

---Starts fn(...) as a task at once, and calls ended once with what it returned, or with nil, Error when it
---raised.
---@param ended fun(ok: any, err: Error|nil)
---@param fn function
---@return table task
function M.spawn_watched(ended, fn, ...)
  local task = setmetatable({ generation = 0, done = false, ended = ended,
    label = running and running.label }, Task)
  task.thread = coroutine.create(function(...)
    local ok, err = fn(...)
    task.done, task.ended = true, nil
    ended(ok, err)
  end)
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

---Lets others go on between two pieces of work: the loop looks once at what came meanwhile, without waiting.
---@return true|nil ok
---@return Error|nil err  canceled
function M.give_way()
  local before, after = handles.opened(uv.new_idle()), handles.opened(uv.new_check())
  local ok, err = M.suspend(function(wake)
    before:start(function() -- the loop's next turn begins; while this is open, it does not wait
      after:start(function()
        wake(true)
      end)
    end)
  end)
  handles.close(before)
  handles.close(after)
  return ok, err
end

---A function that a task calls between two pieces of work: it lets others go on when the task has kept the
---loop for some milliseconds.
---@return fun()
function M.breather()
  local since = uv.hrtime()
  return function()
    if (uv.hrtime() - since) / 1e9 > PIECE then
      M.give_way()
      since = uv.hrtime()
    end
  end
end

---Waits for fn(...) in a task of its own: once begun it comes to its end, though this one is canceled.
---@param fn fun(...): any, Error|nil
---@return any ok
---@return Error|nil err  also what fn raised; canceled
function M.uncanceled(fn, ...)
  local given = table.pack(...)
  return M.suspend(function(wake)
    M.spawn_watched(wake, fn, table.unpack(given, 1, given.n))
  end)
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

---Cancels a task: its wait, and every later one, answers nil, err; with err.within only those inside
---`within`.
---@param task table
---@param err table|nil
---@param gently boolean|nil  what it is shielded for comes to its end first
---@return boolean|nil put_off
function M.cancel(task, err, gently)
  if task.done or task.canceled then
    return
  end
  err = err or errors.new("ERR_CANCELED", "canceled")
  if gently and task.shield then
    task.put_off = task.put_off or err
    return true
  end
  task.canceled = err
  local stop, wake = task.stop, task.wake
  if stop then
    stop()
  end
  if wake then
    wake(nil, task.canceled)
  end
end

---Why the running task is canceled; nil as long as it is not. One that is canceled has nothing more to
---record: what it asked for did not come.
---@return Error|nil
function M.canceled()
  return running and (running.canceled or running.put_off)
end

---@class Shield
---@field stop fun()|nil  ends what is waited for, which then answers as it would by itself (M.hurry)
local Shield = {}

-- The end of a shield: what was put off counts now.
function Shield:__close()
  local task = self.task
  task.shield = self.outer
  if not self.outer and task.put_off and not task.canceled then
    task.canceled, task.put_off = task.put_off, nil
  end
end

---Until it is closed, a gentle cancellation of the running task is put off. For waits whose outcome is
---billed, or cannot be looked up: a request to a model, an operation that happens at most once.
---@param stop fun()|nil
---@return Shield
function M.shield(stop)
  local task = M.current()
  local outer = task.shield
  task.shield = setmetatable({ task = task, outer = outer, stop = stop or outer and outer.stop }, Shield)
  return task.shield
end

---Ends the wait for which a task puts its cancellation off.
---@param task table
function M.hurry(task)
  local shield, err = task.shield, task.put_off
  if not shield or not err then
    return
  elseif shield.stop then
    shield.stop()
  else
    M.cancel(task, err)
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
      code = "ERR_TIMEOUT", class = "limit", message = "the deadline of " .. seconds .. " s passed",
      within = true,
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

---The deadline of a task's `within` stands still, or goes on.
---@param task table
---@param still boolean
function M.freeze(task, still)
  local deadline = task.deadline
  if deadline and still and not deadline.left then
    deadline.left = deadline.timer:get_due_in()
    deadline.timer:stop()
  elseif deadline and not still and deadline.left then
    deadline.timer:start(deadline.left, 0, deadline.expire)
    deadline.left = nil
  end
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
