-- http.lua: a server that is reached over streamable HTTP: each message is a POST, its answer one JSON text or a stream
-- of events, a session is a header. The core's transport carries it: no redirect is followed, the key stays at its origin.

local async = require("orket.async")
local core = require("orket.core.llm")
local errors = require("orket.errors")
local lines = require("orket.mcp.lines")

local M = {}

local CONNECT = 10 -- seconds

local Wire = {}
Wire.__index = Wire

-- ---- the answer to a request ----

-- Messages of an event stream: what its events carry as data.
local function events_into(queue)
  local data = {}
  return lines.splitter(function(line)
    line = line:gsub("\r$", "")
    if line == "" and #data > 0 then
      queue:add(table.concat(data, "\n"))
      data = {}
    elseif line:sub(1, 5) == "data:" then
      data[#data + 1] = line:sub(6):gsub("^ ", "", 1)
    end
  end)
end

-- Takes the pieces of a body; a JSON text is one message, when it is whole. A stream that goes on when the next request
-- is made has nothing more to say.
local function reader(self, number)
  local whole, feed = {}, nil
  local function take(bytes, type, session)
    self.session = self.session or session ~= "" and session or nil
    if type ~= "text/event-stream" then
      whole[#whole + 1] = bytes
      return false
    end
    feed = feed or events_into(self.queue)
    feed(bytes)
    if not self.queue:is_empty() then
      self.queue:wake()
    end
    return self.closed or self.asked ~= number
  end
  return take, function()
    if #whole > 0 then
      self.queue:add(table.concat(whole))
    end
  end
end

-- A refusal by the server itself says that nothing happened; anything else may have.
local function failure(self, message, code, info)
  local status = (info or {}).status or 0
  local err = errors.new(code, "the server " .. self.server.name .. ": " .. message, (info or {}).fix)
  err.lost = status == 404 and self.session ~= nil
  err.told = status >= 300 and status < 500
  return err
end

-- ---- requests ----

local function post(self, text)
  return {
    url = self.server.url, body = text, key = self.key, private = self.server.private, fresh = true, -- nothing is sent twice
    headers = { ["MCP-Protocol-Version"] = self.version, ["Mcp-Session-Id"] = self.session },
    deadlines = { connect = math.min(CONNECT, self.server.deadline), first_byte = self.server.deadline, idle = self.server.deadline,
      total = self.server.deadline },
    caps = { body = self.server.output },
  }
end

-- The stream goes on beside: what it asks for is answered in requests of their own.
local function ask(self, text)
  local number = self.asked + 1
  self.over, self.asked = nil, number
  local take, finish = reader(self, number)
  self.cancel = core.post(post(self, text), take, function(result, message, code, info)
    if self.asked ~= number then
      return
    end
    finish()
    self.cancel = nil
    self.over = result and errors.new("ERR_PROTOCOL", "the server " .. self.server.name .. " ended its answer without one")
      or failure(self, message, code, info)
    self.queue:wake()
  end)
  return true
end

---@param text string one message
---@param asks boolean whether an answer to it is waited for
---@return true|nil ok
---@return Error|nil
function Wire:send(text, asks)
  if asks then
    return ask(self, text)
  end
  local result, message, code, info = async.await(core.post, post(self, text), nil)
  if result or type(message) == "table" then
    return result and true, message
  end
  return nil, failure(self, message, code, info)
end

Wire.receive = lines.receive

---Nothing of it is waited for any more.
function Wire:close()
  self.closed = true
  if self.cancel then
    self.cancel()
  end
end

Wire.__close = Wire.close

---A way to the server; nothing is sent yet.
---@param project table
---@param server McpServer
---@return table|nil wire  send, receive, close
---@return Error|nil
function M.open(project, server)
  local self = setmetatable({ server = server, queue = lines.queue(), asked = 0 }, Wire)
  if server.key then
    local source = (project.config.organization.keys or {})[server.key] or { env = server.key }
    self.key = "mcp." .. server.name
    local ok, err = errors.check(core.key(self.key, {
      env = source.env, file = source.file, header = source.header, origin = source.origin or server.url,
    }))
    if not ok then
      return nil, err
    end
  end
  return self
end

return M
