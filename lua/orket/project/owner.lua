-- owner.lua: one process owns a project. Others reach it through a unix socket in .orket/ (same user,
-- mode 0600): one JSON request per line, one JSON answer per line. Without an owner, the asking process
-- becomes it for the length of its request.

local acts = require("orket.governance.acts")
local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local lines = require("orket.async.lines")
local lock = require("orket.core.lock")
local projects = require("orket.project.project")

local M = {}

local LINE_MAX = 1024 * 1024
local FIRST_PAUSE, LAST_PAUSE = 0.005, 1 -- seconds: three of them in all
local LOOK = 1 -- seconds between two looks at an owner that does not answer
local STOPPED_MAX = 3 -- seconds that a stopped owner is waited for
local SILENT_MAX = 300 -- seconds that one is waited for that runs

local function socket_path(dir)
  return dir .. "/.orket/owner.sock"
end

local function answer(perform, line, client)
  local request, message = cjson.decode(line)
  if type(request) ~= "table" then
    return { error = errors.new("ERR_JSON", "not a request: " .. tostring(message)) }
  end
  request.who = client.user or request.who -- whatever it says of itself
  local result, err = perform(request, client)
  return { result = result or nil, error = err }
end

-- A request may break what answers it, never the owner.
local function safely(...)
  local ok, reply = xpcall(answer, debug.traceback, ...)
  if ok then
    return reply
  end
  return { error = type(reply) == "table" and reply or errors.new("ERR_BUG", reply) }
end

-- A line that is longer than a line may be would end the connection.
local function line_of(reply)
  local text = cjson.encode(reply)
  return #text < LINE_MAX and text
    or cjson.encode({ error = errors.new("ERR_TOO_LARGE", "the answer has " .. #text .. " bytes, " .. LINE_MAX
      .. " is the most", "ask for less") })
end

-- Waits until what people asked for is done and answered: the store is closed behind it.
local function wait_for(asked)
  while asked.count > 0 do
    async.suspend(function(wake)
      asked.none = wake
    end)
    async.sleep(0)
  end
end

-- What only the run itself answers writes nothing, and may wait for as long as the run lasts: it is not
-- counted.
local function counted(asked, project, request, client)
  local act = acts.all()[request.act]
  if act and act.run then
    return acts.perform(project, request, client)
  end
  if asked.closed then
    return nil, errors.new("ERR_OWNED", "the run has just ended", "ask again")
  end
  asked.count = asked.count + 1
  local _ <close> = setmetatable({}, { __close = function()
    asked.count = asked.count - 1
    if asked.count == 0 and asked.none then
      asked.none()
    end
  end })
  return acts.perform(project, request, client)
end

---Answers requests until closed. Called in a task, as its close() is.
---@param project table opened as owner
---@return table|nil server with close()
---@return Error|nil
function M.serve(project)
  local asked = { count = 0 }
  local server, err = lines.listen(socket_path(project.dir), LINE_MAX, function(line, client)
    return line_of(safely(function(request)
      return counted(asked, project, request, client)
    end, line, client))
  end)
  return server and { close = function()
    server.close()
    wait_for(asked)
    asked.closed = true
  end }, err
end

local function as_owner(dir, request)
  local project <close>, err = projects.open(dir, { own = true })
  if not project then
    return nil, err
  end
  return acts.perform(project, request)
end

-- Why an owner that has not answered for so many seconds is not waited for any longer; nil: it is.
local function silence(dir, seconds, limit)
  local holder = lock.holder(dir .. "/.orket")
  local stopped = holder and holder.state == "stopped"
  if seconds < (stopped and STOPPED_MAX or limit) then
    return nil
  end
  local who = holder and string.format("process %d (%s, %s)", holder.pid, holder.name, holder.state)
    or "a process that cannot be seen from here"
  local fix = "end the owner; the next command goes on where it was"
  if holder then
    fix = string.format(stopped and "let it go on (kill -CONT %d) or end it (kill -9 %d)"
      or "wait, or end it (kill %d, kill -9 %d)",
      holder.pid, holder.pid)
  end
  local err = errors.new("ERR_OWNED",
    string.format("%s owns the project and has not answered for %d s; it may still do what it was asked",
    who, seconds), fix)
  err.silent = true
  return err
end

-- One question; an owner that is stopped, or does not answer for `limit` seconds, is given up.
local function question(dir, connection, text, limit)
  local given_up
  local watch = async.spawn(function()
    local seconds = 0
    while not given_up and async.sleep(LOOK) do
      seconds = seconds + LOOK
      given_up = silence(dir, seconds, limit)
    end
    if given_up then
      connection:give_up()
    end
  end)
  local line, err = connection:ask(text)
  async.cancel(watch)
  return line, given_up or err
end

---A connection to the owner; there has to be one. A question may wait for long, but not for a stopped owner.
---@param dir string
---@return {ask: fun(self, request: table): table?, Error?; close: fun(self)}|nil
---@return Error|nil
function M.connect(dir)
  local connection, err = lines.connect(socket_path(dir), LINE_MAX)
  if not connection then
    return nil, err
  end
  local function close()
    connection:close()
  end
  return setmetatable({
    ask = function(_, request)
      local line, failure = question(dir, connection, cjson.encode(request), math.huge)
      local reply = line and cjson.decode(line)
      return reply and reply.result, reply and reply.error or failure
    end,
    close = close,
  }, { __close = close })
end

---Waits until no process owns the project. The owner serves a socket, which ends with it, killed or
---not.
---@param dir string
function M.await_end(dir)
  while lock.held(dir .. "/.orket") do
    local connection = lines.connect(socket_path(dir), LINE_MAX)
    if connection then
      connection:await_end()
    else -- it begins, ends, or is a command without a socket
      async.sleep(LOOK)
    end
  end
end

-- The line with which the process that listens answers.
local function line_of_owner(dir, request)
  local connection <close>, err = lines.connect(socket_path(dir), LINE_MAX)
  if not connection then
    return nil, err
  end
  return question(dir, connection, cjson.encode(request), SILENT_MAX)
end

-- One try: by the process that listens, else as the owner.
local function ask_once(dir, request)
  local line, err = line_of_owner(dir, request)
  if not line and err.code == "ERR_NOT_FOUND" then
    return as_owner(dir, request)
  elseif not line then
    return nil, err
  end
  local reply = cjson.decode(line)
  if type(reply) ~= "table" or not reply.result == not reply.error then
    return nil, errors.new("ERR_PROTOCOL", "the process that listens on " .. socket_path(dir)
      .. " does not own the project")
  end
  return reply.result, reply.error
end

---Asks the owner, or becomes it. One that does not listen is another command, or a run that begins or ends:
---it is waited for.
---@param dir string
---@param request table see acts.perform
---@return table|nil result
---@return Error|Error[]|nil
function M.ask(dir, request)
  local pause = FIRST_PAUSE
  local result, err = ask_once(dir, request)
  while not result and err.code == "ERR_OWNED" and not err.silent and pause < LAST_PAUSE do
    async.sleep(pause * (0.5 + math.random()))
    pause = pause * 1.5
    result, err = ask_once(dir, request)
  end
  return result, err
end

return M
