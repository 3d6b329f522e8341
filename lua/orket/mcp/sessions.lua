-- sessions.lua: the servers that a turn talks to: each is started at its first call and kept until the turn
-- ends, so that it remembers what it was sent in it, and nothing of one card reaches another. One that died
-- is started again, not for ever.

local errors = require("orket.errors")
local pins = require("orket.mcp.pins")
local server_session = require("orket.mcp.server_session")

local M = {}

local STARTS = 4 -- of one server in a turn, besides those after it was left alone for too long

---@class McpHeld
---@field project table
local Held = {}
Held.__index = Held

---@param project table
---@param store Store|nil
---@param look (fun(server: string, tools: McpTool[]): true?, Error?)|nil  sees the trusted tools of a server
---  whenever they are read
---@return McpHeld
function M.new(project, store, look)
  return setmetatable({ project = project, store = store, look = look, sessions = {}, starts = {},
    failures = {} }, Held)
end

---What a server says now of its trusted tools, by its names for them.
---@param session McpSession
---@return table|nil tools  see Session:definitions
---@return Error|nil
function Held:definitions(session)
  local name = session.server.name
  return session:definitions(self.store and pins.of(self.store, name) or {}, function(tools)
    if self.look then
      return self.look(name, tools)
    end
    return true
  end)
end

local function may_start(self, server, before)
  local count = (self.starts[server.name] or 0) + ((before and before.idle) and 0 or 1)
  self.starts[server.name] = count
  if count <= STARTS then
    return true
  end
  before = before or self.failures[server.name]
  local last = before and "; the last time: " .. before.message or ""
  return nil, errors.new("ERR_PROC", "the server " .. server.name .. " failed " .. STARTS
    .. " times: it is not begun with again in this turn" .. last, "work without it, or ask a person")
end

---The session with a server, begun when there is none.
---@param server McpServer
---@return McpSession|nil
---@return Error|nil
function Held:session(server)
  local session = self.sessions[server.name]
  local over = session and session:over()
  if session and not over then
    session:renew()
    return session
  end
  local ok, err = may_start(self, server, over)
  if ok then
    self:drop(server)
    session, err = server_session.open(self.project, server,
      self.store and pins.version(self.store, server.name))
  end
  if not ok or not session then
    self.failures[server.name] = ok and err or self.failures[server.name]
    return nil, err
  end
  self.sessions[server.name] = session
  return session
end

---The error of a server that came to no end in its time, with what it wrote to its standard error.
---@param server McpServer
---@param session McpSession|nil
---@param err Error
---@return Error
function M.late(server, session, err)
  local said = err.said or session and session:complaints() or ""
  return errors.new("ERR_TIMEOUT",
    "the server " .. server.name .. " did not come to an end within " .. server.deadline .. " s" .. said,
    "look at the server, or raise mcp." .. server.name .. ".deadline")
end

---Ends the session with a server: the next call begins another one.
---@param server McpServer
function Held:drop(server)
  local session = self.sessions[server.name]
  self.sessions[server.name] = nil
  if session then
    session:close()
  end
end

---The turn is over: nothing of the servers is left.
function Held:close()
  for name, session in pairs(self.sessions) do
    self.sessions[name] = nil
    session:close()
  end
end

Held.__close = Held.close

return M
