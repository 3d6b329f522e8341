-- session.lua: a conversation in JSON-RPC 2.0 with a server, whatever carries it: who it is, which tools it has, and
-- calls of them. What it says besides is bounded by the wire, and means nothing.

local cjson = require("cjson")
local errors = require("orket.errors")
local list = require("orket.list")
local sys = require("orket.core.sys")

local M = {}

M.VERSIONS = { "2025-06-18", "2025-03-26" } -- the newest first

local PAGES, TOOLS = 100, 1000 -- of one tools/list
local CURSOR_MAX = 4096
local LISTINGS = 3 -- the list changes while it is read: then it is read again, this often
local MESSAGE_MAX = 1000 -- bytes of an error of theirs

---@class McpSession
local Session = {}
Session.__index = Session

local function broken(self, what)
  return nil, errors.new("ERR_PROTOCOL", "the server " .. self.server.name .. " " .. what, "look at the server: it breaks the protocol")
end

local function send(self, message)
  message.jsonrpc = "2.0"
  return self.wire:send(cjson.encode(message), message.id ~= nil and message.method ~= nil)
end

-- ---- what it says ----

-- A question of theirs. Nothing of ours is theirs to ask for: a ping is answered, all else is declined.
local function decline(self, message)
  if message.method == "ping" then
    return send(self, { id = message.id, result = cjson.decode("{}") })
  end
  return send(self, { id = message.id, error = { code = -32601, message = "not offered" } })
end

local function failure_of(self, problem)
  local said = type(problem) == "table" and problem.message
  said = type(said) == "string" and said or "no reason"
  local err = errors.new("ERR_PROC", "the server " .. self.server.name .. " refused it: " .. said:sub(1, utf8.offset(said, 0, math.min(#said, MESSAGE_MAX) + 1) - 1))
  err.told = true -- by the server: it did not happen
  return err
end

-- Whether this is the answer to the request with this id; what else it is, is dealt with.
local function take(self, message, id)
  if type(message) ~= "table" then
    return false
  elseif type(message.method) == "string" then
    if message.id ~= nil and message.id ~= cjson.null then
      decline(self, message)
    elseif message.method == "notifications/tools/list_changed" then
      self.stale = true
    end
    return false
  end
  return message.id == id and (message.result ~= nil or message.error ~= nil)
end

-- A line may hold several (2025-03-26). What is no JSON is a program's chatter.
local function answer_in(self, line, id)
  local said = cjson.decode(line)
  local found
  for _, message in ipairs(type(said) == "table" and said[1] ~= nil and said or { said }) do
    if take(self, message, id) then
      found = found or message
    end
  end
  return found
end

local function request(self, method, params)
  self.last = self.last + 1
  local id = self.last
  local ok, err = send(self, { id = id, method = method, params = params })
  self.open = method ~= "initialize" and id or nil
  local found
  while ok and not found do
    local line
    line, err = self.wire:receive()
    ok, found = line, line and answer_in(self, line, id)
  end
  if not found then
    return nil, err
  end
  self.open = nil
  if found.error ~= nil and found.error ~= cjson.null then
    return nil, failure_of(self, found.error)
  elseif type(found.result) ~= "table" then
    return broken(self, "answered " .. method .. " with no object")
  end
  return found.result
end

-- ---- what is asked ----

---Begins the conversation.
---@param wire table  send(text), receive() -> text | nil, Error
---@param server McpServer
---@return McpSession|nil
---@return Error|nil
function M.open(wire, server)
  local self = setmetatable({ wire = wire, server = server, last = 0 }, Session)
  local hello, err = request(self, "initialize", {
    protocolVersion = M.VERSIONS[1], capabilities = cjson.decode("{}"), clientInfo = { name = "orket", version = sys.version() },
  })
  if not hello then
    return nil, err
  elseif not list.has(M.VERSIONS, hello.protocolVersion) then
    return broken(self, "speaks the protocol " .. tostring(hello.protocolVersion):sub(1, 40) .. ", and we " .. table.concat(M.VERSIONS, " and "))
  end
  self.version = hello.protocolVersion
  self.offers = type(hello.capabilities) == "table" and type(hello.capabilities.tools) == "table"
  wire.version = self.version -- of its headers
  local ok
  ok, err = send(self, { method = "notifications/initialized" })
  return ok and self, err
end

local function pages(self)
  local tools, cursor = {}, nil
  for _ = 1, PAGES do
    local page, err = request(self, "tools/list", cursor and { cursor = cursor } or cjson.decode("{}"))
    if not page then
      return nil, err
    elseif type(page.tools) ~= "table" then
      return broken(self, "has no list of tools")
    end
    for _, tool in ipairs(page.tools) do
      tools[#tools + 1] = tool
    end
    cursor = page.nextCursor
    if #tools > TOOLS then
      return nil, errors.new("ERR_LIMIT", "the server " .. self.server.name .. " has more than " .. TOOLS .. " tools")
    elseif cursor == nil or cursor == cjson.null then
      return tools
    elseif type(cursor) ~= "string" or #cursor > CURSOR_MAX then
      return broken(self, "has a list of tools that does not go on")
    end
  end
  return nil, errors.new("ERR_LIMIT", "the list of tools of " .. self.server.name .. " has more than " .. PAGES .. " pages")
end

---What it offers, as it says it.
---@return any[]|nil tools
---@return Error|nil
function Session:tools()
  if not self.offers then
    return {}
  end
  for _ = 1, LISTINGS do
    self.stale = false
    local tools, err = pages(self)
    if not tools or not self.stale then
      return tools, err
    end
  end
  return broken(self, "changes its tools without end")
end

---Calls a tool. From here on nobody knows what it did, unless it answers.
---@param tool string
---@param arguments table
---@return table|nil result as it says it
---@return Error|nil  .told: it said so itself
function Session:call(tool, arguments)
  self.called = true
  return request(self, "tools/call", { name = tool, arguments = next(arguments) == nil and cjson.decode("{}") or arguments })
end

---Nobody waits any more for what was asked last.
function Session:give_up()
  if self.open then
    send(self, { method = "notifications/cancelled", params = { requestId = self.open, reason = "nobody waits for it" } })
  end
end

return M
