-- lines.lua: lines over a unix socket: how commands reach the process that owns the project.

local async = require("orket.async")
local handles = require("orket.async.handles")
local uv = require("luv")

local M = {}

local function read_lines(pipe, max, on_line)
  local pending = ""
  pipe:read_start(function(err, bytes)
    if err or not bytes or #pending + #bytes > max then
      handles.close(pipe)
      return on_line(nil)
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

local function serve_client(server, max, answer)
  local client = handles.opened(uv.new_pipe(false))
  server:accept(client)
  read_lines(client, max, function(line)
    if line then
      async.spawn(function()
        local text = answer(line)
        if handles.is_open(client) then
          client:write(text .. "\n")
        end
      end)
    end
  end)
end

---Answers each line of each client with one line. The socket is for its owner alone (0600).
---@param path string
---@param max integer bytes of a line
---@param answer fun(line: string): string
---@return {close: fun()}|nil server
---@return Error|nil err
function M.listen(path, max, answer)
  uv.fs_unlink(path)
  local server = handles.opened(uv.new_pipe(false))
  local ok, message = server:bind(path)
  if ok then
    uv.fs_chmod(path, 384) -- 0600
    ok, message = server:listen(64, function()
      serve_client(server, max, answer)
    end)
  end
  if not ok then
    handles.close(server)
    return nil, { code = "ERR_IO", class = "system", message = "cannot listen on " .. path .. ": " .. message }
  end
  server:unref()
  return {
    close = function()
      handles.close(server)
      uv.fs_unlink(path)
    end,
  }
end

---Sends one line and waits for one. nil, ERR_NOT_FOUND when nobody listens.
---@param path string
---@param line string
---@param max integer
---@return string|nil answer
---@return Error|nil err
function M.ask(path, line, max)
  local pipe = handles.opened(uv.new_pipe(false))
  return async.suspend(function(wake)
    pipe:connect(path, function(err)
      if err then
        handles.close(pipe)
        return wake(nil, { code = "ERR_NOT_FOUND", class = "input", message = "nobody owns the project" })
      end
      read_lines(pipe, max, function(answer)
        handles.close(pipe)
        wake(answer, not answer and { code = "ERR_IO", class = "system", message = "the owner hung up" } or nil)
      end)
      pipe:write(line .. "\n")
    end)
  end)
end

return M
