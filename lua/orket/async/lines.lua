-- lines.lua: lines over a unix socket: how commands reach the process that owns the project.

local async = require("orket.async")
local errors = require("orket.errors")
local handles = require("orket.async.handles")
local sys = require("orket.core.sys")
local uv = require("luv")

local M = {}

local CLIENTS = 64 -- of one server at once; one more, and the one that was there longest goes
local REQUESTS = 16 -- of one client at once
local UNREAD = 16 -- longest lines that a client may leave lying

-- bytes that a socket's address surely holds; the loop would cut a longer one without a word
local ADDRESS = 100

-- The address of a socket and a function that gives it back: a long path is reached through its directory's
-- descriptor. nil and the name of an errno when it cannot be opened.
local function address_of(path)
  if #path <= ADDRESS then
    return path, function() end
  end
  local dir, name = path:match("^(.*)/([^/]+)$")
  local fd, _, errno = uv.fs_open(dir, "r", 0)
  if not fd then
    return nil, errno
  end
  return string.format("/proc/self/fd/%d/%s", fd, name), function()
    uv.fs_close(fd)
  end
end

local function read_lines(pipe, max, on_line)
  local pending = ""
  pipe:read_start(function(err, bytes)
    if err or not bytes or #pending + #bytes > max then
      handles.close(pipe)
      return on_line(nil, err)
    end
    pending = pending .. bytes
    local newline = pending:find("\n", 1, true)
    while newline do
      local line = pending:sub(1, newline - 1)
      pending = pending:sub(newline + 1)
      on_line(line)
      newline = pending:find("\n", 1, true)
    end
  end)
end

local function forget(clients, client)
  for i = #clients, 1, -1 do
    if clients[i] == client then
      table.remove(clients, i)
    end
  end
  for _, gone in ipairs(client.closing) do
    async.spawn(gone)
  end
  client.closing = {}
end

local function drop(clients, client)
  handles.close(client.pipe)
  forget(clients, client)
end

local function answer_client(clients, client, max, answer, line)
  client.busy = client.busy + 1
  async.spawn(function()
    local text = answer(line, client)
    client.busy = client.busy - 1
    if handles.is_open(client.pipe) then
      client.pipe:write(text .. "\n")
    end
  end)
  if client.busy > REQUESTS or handles.is_open(client.pipe)
    and client.pipe:get_write_queue_size() > UNREAD * max then
    drop(clients, client)
  end
end

local function new_client()
  local client = { pipe = handles.opened(uv.new_pipe(false)), busy = 0, closing = {} }
  function client.on_close(fn)
    table.insert(client.closing, fn)
  end
  return client
end

local function serve_client(server, clients, max, answer)
  local client = new_client()
  server:accept(client.pipe)
  if sys.peer(client.pipe:fileno()) ~= "trusted" then
    return handles.close(client.pipe)
  end
  client.user = sys.peer_user(client.pipe:fileno())
  clients[#clients + 1] = client
  if #clients > CLIENTS then
    drop(clients, clients[1])
  end
  read_lines(client.pipe, max, function(line)
    if not line then
      forget(clients, client)
    elseif handles.is_open(client.pipe) then
      answer_client(clients, client, max, answer, line)
    end
  end)
end

---@class LineClient
---@field user string|nil  who is at the other end, as the kernel says
---@field is_remote boolean|nil it came over the network: the user is none of this machine
---@field on_close fun(fn: function) fn runs as a task when the client is gone

---Answers each line of each client with one line. The socket is for its owner alone (0600, and the peer is
---asked).
---@param path string
---@param max integer bytes of a line
---@param answer fun(line: string, client: LineClient): string
---@return {close: fun()}|nil server
---@return Error|nil err
function M.listen(path, max, answer)
  uv.fs_unlink(path)
  local address, release = address_of(path)
  if not address then
    return nil, errors.of_loop("cannot listen on " .. path .. ": its directory cannot be opened", release)
  end
  local server, clients = handles.opened(uv.new_pipe(false)), {}
  local ok, message, errno = server:bind(address)
  if ok then
    uv.fs_chmod(path, 384) -- 0600
    ok, message, errno = server:listen(64, function()
      serve_client(server, clients, max, answer)
    end)
  end
  if not ok then
    handles.close(server)
    release()
    return nil, errors.of_loop("cannot listen on " .. path .. ": " .. message, errno)
  end
  server:unref()
  return {
    close = function()
      handles.close(server)
      release()
      uv.fs_unlink(path)
    end,
  }
end

local function no_owner()
  return errors.new("ERR_NOT_FOUND", "no process owns the project")
end

-- Why no owner can be reached: there is none, or this process cannot open another file.
local function unreachable(path, errno)
  local err = errors.of_loop("cannot connect to " .. path .. ": " .. tostring(errno), errno)
  return err.code ~= "ERR_IO" and err or no_owner()
end

-- Of a socket that is closed while it holds unread bytes the other end hears ECONNRESET, and EPIPE when it
-- writes later: nothing was done of what was asked last.
local function hung_up(errno)
  if errno == "ECONNRESET" or errno == "EPIPE" then
    return no_owner()
  end
  return { code = "ERR_IO", class = "environment", message = "the owner hung up" }
end

local Connection = {}
Connection.__index = Connection

---Sends one line and waits for one; one at a time.
---@param line string
---@return string|nil answer
---@return Error|nil err ERR_NOT_FOUND: the other side ended before it read the line; ERR_IO: after it perhaps
function Connection:ask(line)
  return async.suspend(function(wake)
    self.wake = wake
    if not handles.is_open(self.pipe) then
      return self.hear(nil, "EPIPE")
    end
    self.pipe:write(line .. "\n", function(errno)
      if errno then
        self.hear(nil, errno)
      end
    end)
  end)
end

---Ends the wait for an answer: it is nil, ERR_IO.
function Connection:give_up()
  self.hear(nil)
end

---Waits until the other side hangs up.
function Connection:await_end()
  async.suspend(function(wake)
    self.wake = wake
    if not handles.is_open(self.pipe) then
      self.hear(nil)
    end
  end)
end

function Connection:close()
  handles.close(self.pipe)
end
Connection.__close = Connection.close

local function connected(pipe, max)
  local self = setmetatable({ pipe = pipe }, Connection)
  function self.hear(answer, errno)
    local wake = self.wake
    self.wake = nil
    if not answer then
      self:close()
    end
    if wake then
      wake(answer, not answer and hung_up(errno) or nil)
    end
  end
  read_lines(pipe, max, self.hear)
  return self
end

local function stranger(path)
  return {
    code = "ERR_DENIED", class = "refusal",
    message = path .. " is served by another user, or from a jail or a container",
    fix = "the project's .orket belongs to the user who runs it, and to no other",
  }
end

-- A peer that is about to end is none: its process is seen before its socket is closed.
local function greeted(path, pipe, max)
  local peer = sys.peer(pipe:fileno())
  if peer == "trusted" then
    return connected(pipe, max)
  end
  handles.close(pipe)
  return nil, peer == "gone" and no_owner() or stranger(path)
end

---A connection to whoever listens. nil, ERR_NOT_FOUND when nobody does.
---@param path string
---@param max integer bytes of a line
---@return {ask: function, await_end: function, close: function}|nil
---@return Error|nil err
function M.connect(path, max)
  local address, release = address_of(path)
  if not address then
    return nil, unreachable(path, release)
  end
  local pipe = handles.opened(uv.new_pipe(false))
  return async.suspend(function(wake)
    pipe:connect(address, function(err)
      release()
      if not err then
        return wake(greeted(path, pipe, max))
      end
      handles.close(pipe)
      wake(nil, unreachable(path, err))
    end)
  end)
end

return M
