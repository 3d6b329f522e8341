-- stdio.lua: a server that is a program: it runs in the jail, without network, in a directory of its own, and speaks
-- in lines. All it says in a conversation is bounded, whatever it is made of.

local async = require("orket.async")
local errors = require("orket.errors")
local lines = require("orket.mcp.lines")
local proc = require("orket.core.proc")
local texts = require("orket.text")

local M = {}

local GRACE = 0.5 -- seconds to end by itself after its input did
local SAID = 300 -- bytes of its last words

local Wire = {}
Wire.__index = Wire

local function last_words(result)
  local said = texts.of_bytes(result.stderr:sub(-SAID)):gsub("%s+", " "):gsub("^ ", "")
  return said ~= "" and ": " .. said or ""
end

local function ended(self, result, message, code, fix)
  local name = self.server.name
  if not result then
    self.over = errors.new(code, "the server " .. name .. ": " .. message, fix)
  elseif result.limit == "output" then
    self.over = errors.new("ERR_LIMIT", "the server " .. name .. " said more than " .. self.server.output .. " bytes")
  else
    self.over = errors.new("ERR_PROC", "the server " .. name .. " ended ("
      .. (result.limit and result.limit .. " limit" or result.signal and "signal " .. result.signal or "exit " .. result.exit)
      .. ")" .. last_words(result))
  end
  self.queue:wake()
end

Wire.receive = lines.receive

---@param text string one message
---@return true|nil ok
---@return Error|nil it has ended
function Wire:send(text)
  if self.over then
    return nil, self.over
  end
  self.program.say(text .. "\n")
  return true
end

---It is told that nobody listens any more, and is gone when this returns.
function Wire:close()
  if not self.over then
    self.program.hush()
    pcall(async.within, GRACE, function()
      while self:receive() do end
    end)
  end
  if not self.over then
    self.program.cancel()
    while self:receive() do end
  end
end

Wire.__close = Wire.close

-- ---- the program ----

-- What no server has any business with, also where it is shown the project: the journal and the keys.
local function hidden(project, home)
  local hide = { home .. "/.orket" }
  for _, key in pairs(project.config.organization.keys or {}) do
    hide[#hide + 1] = key.file
  end
  return hide
end

local function shown(server, home)
  local show = {}
  for i, path in ipairs(server.show or {}) do
    show[i] = path:sub(1, 1) == "/" and path or home .. "/" .. path
  end
  return show
end

-- Its own directory lies where agents and their trees are not.
local function place(project, server)
  local path = server.directory or ".orket/mcp/" .. server.name
  local root, err = errors.check(project.root:beneath(path, { create = not server.directory }))
  if not root then
    err.fix = err.fix or "make the directory that mcp." .. server.name .. ".directory names"
  end
  return root, err
end

local function request(project, server)
  local home, err = errors.check(project.root:path())
  local root
  if home then
    root, err = place(project, server)
  end
  return root and {
    argv = server.command, cwd_root = root, env = server.env or {}, show = shown(server, home),
    hide = server.directory and hidden(project, home) or nil, wall = server.deadline + 2 * GRACE, cpu = server.deadline,
    mem = server.memory, procs = server.processes, output = server.output,
  }, err
end

---Starts the server's program.
---@param project table
---@param server McpServer
---@return table|nil wire  send, receive, close
---@return Error|nil
function M.open(project, server)
  local order, err = request(project, server)
  if not order then
    return nil, err
  end
  local self = setmetatable({ server = server, queue = lines.queue() }, Wire)
  local split = lines.splitter(function(line)
    self.queue:add(line)
  end)
  self.program = proc.talk(order, function(bytes)
    split(bytes)
    if not self.queue:is_empty() then
      self.queue:wake()
    end
  end, function(...)
    ended(self, ...)
  end)
  order.cwd_root:close()
  if not self.program then
    return nil, self.over
  end
  return self
end

return M
