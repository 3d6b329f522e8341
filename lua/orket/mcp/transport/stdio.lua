-- stdio.lua: a server that is a program: it runs in the jail, without network, in a directory of its own, and
-- speaks in lines. All it says in an exchange is bounded, whatever it is made of, and so is how long it waits
-- for the next.

local async = require("orket.async")
local errors = require("orket.errors")
local line_splitter = require("orket.util.line_splitter")
local server_places = require("orket.mcp.server_places")
local proc = require("orket.core.proc")
local strings = require("orket.util.strings")

local M = {}

local GRACE = 0.5 -- seconds to end by itself after its input did
local IDLE = 60 -- seconds that it may wait for a next exchange
local BUSY = 10 -- deadlines of CPU time, from its start to its end
local SAID = 300 -- bytes of its last words

local Wire = {}
Wire.__index = Wire

local function last_words(stderr)
  local said = strings.of_bytes(stderr:sub(-SAID)):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  return said ~= "" and ": " .. said or ""
end

local function ending_of(result)
  if result.limit then
    return result.limit .. " limit"
  end
  return result.signal and "signal " .. result.signal or "exit " .. result.exit
end

local function ended(self, result, message, code, fix)
  local name, err = self.server.name
  if not result then
    err = errors.new(code, "the server " .. name .. ": " .. message, fix)
  elseif result.limit == "output" then
    err = errors.new("ERR_LIMIT",
      "the server " .. name .. " said more than " .. self.server.output .. " bytes")
  else
    err = errors.new("ERR_PROC",
      "the server " .. name .. " ended (" .. ending_of(result) .. ")" .. last_words(result.stderr))
  end
  err.idle = result and result.limit == "time" or nil
  self.over = err
  self.fail(nil, err)
  if self.on_end then
    self.on_end(true)
  end
end

---@param text string one message
---@return true
function Wire:send(text)
  if not self.over then
    self.program.write(text .. "\n")
  end
  return true
end

---An answer is not waited for any more; it is heard in vain.
function Wire.forget() end

---An exchange begins: its bounds are counted anew.
function Wire:renew()
  if not self.over then
    self.program.renew()
  end
end

---Its last words as long as it lives, to be told with what went wrong.
---@return string
function Wire:complaints()
  return self.over and "" or last_words(self.program.complaints())
end

local function wait_for_end(self)
  while not self.over do
    if not async.suspend(function(wake)
      self.on_end = wake
    end) then
      return
    end
  end
end

---It is told that nobody listens any more, and is gone when this returns, or soon when the task is canceled.
function Wire:close()
  if not self.over then
    self.program.end_input()
    pcall(async.within, GRACE, wait_for_end, self)
  end
  if not self.over then
    self.program.cancel()
    wait_for_end(self)
  end
end

-- ---- the program ----

local function request(project, server)
  local where, err = server_places.of(project, server)
  return where and {
    argv = server.command, cwd_root = where.root, env = server.env or {}, show = where.show,
    wall = server.deadline + 2 * GRACE + IDLE, cpu = BUSY * server.deadline, mem = server.memory,
    procs = server.processes,
    output = server.output,
  }, err
end

---Starts the server's program.
---@param project table
---@param server McpServer
---@param on {hear: fun(text: string), fail: fun(id: integer|nil, err: Error)}  called from the loop
---@return table|nil wire  send, forget, renew, complaints, close
---@return Error|nil
function M.open(project, server, on)
  local order, err = request(project, server)
  if not order then
    return nil, err
  end
  local self = setmetatable({ server = server, fail = on.fail }, Wire)
  self.program = proc.talk(order, line_splitter.splitter(on.hear), function(...)
    ended(self, ...)
  end)
  order.cwd_root:close()
  if not self.program then
    return nil, self.over
  end
  return self
end

return M
