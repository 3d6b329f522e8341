-- server_session.lua: a conversation with a server, whatever carries it: which protocol both speak, which
-- tools it has, and calls of them. Of the current protocol every request says what it is in; the ones before
-- begin with a handshake.

local async = require("orket.async")
local cjson = require("cjson")
local definition = require("orket.mcp.definition")
local errors = require("orket.errors")
local handshake = require("orket.mcp.handshake")
local header_params = require("orket.mcp.transport.header_params")
local rpcs = require("orket.mcp.transport.rpc")
local sys = require("orket.core.sys")

local http = require("orket.mcp.transport.http")
local stdio = require("orket.mcp.transport.stdio")

local M = {}

local PAGES, TOOLS = 100, 1000 -- of one tools/list
local CURSOR_MAX = 4096
local LISTINGS = 3 -- the list changes while it is read: then it is read again, this often
-- seconds for which a list holds, unless the server says how long; and then at most
local FRESH, FRESH_MOST = 60, 300

---@class McpSession
---@field server McpServer
---@field version string  of the protocol
---@field stale boolean   it has said that its tools changed, or was never asked for them
local Session = {}
Session.__index = Session

local function broken(self, what)
  return nil, errors.new("ERR_PROTOCOL", "the server " .. self.server.name .. " " .. what,
    "look at the server: it breaks the protocol")
end

-- ---- requests ----

local function is_current(self)
  return self.version == handshake.CURRENT
end

local function meta()
  return {
    ["io.modelcontextprotocol/protocolVersion"] = handshake.CURRENT,
    ["io.modelcontextprotocol/clientInfo"] = handshake.client(),
    ["io.modelcontextprotocol/clientCapabilities"] = cjson.decode("{}"),
  }
end

---Asks in the protocol that was agreed on.
---@param method string
---@param params table
---@param headers table<string, string>|nil
---@return table|nil result
---@return Error|nil
function Session:ask(method, params, headers)
  if not is_current(self) then
    return self.rpc:request(method, next(params) ~= nil and params or cjson.decode("{}"))
  end
  headers = headers or {}
  params._meta = meta()
  headers["MCP-Protocol-Version"], headers["Mcp-Method"], headers["Mcp-Name"] = handshake.CURRENT, method,
    params.name
  local result, err = self.rpc:request(method, params, headers)
  if not result then
    return nil, err
  elseif result.resultType == "input_required" then
    err = errors.new("ERR_PROC", "the server " .. self.server.name
      .. " wants to be told more before it answers: that is not offered")
    err.told = true
    return nil, err
  elseif result.resultType ~= nil and result.resultType ~= "complete" then
    return broken(self, "answered with a result of an unknown type")
  end
  return result
end

-- ---- beginning ----

local function connect(self)
  local rpc = rpcs.new(self.server.name)
  rpc.on_notice = function(method)
    self.stale = self.stale or method == "notifications/tools/list_changed"
  end
  local wire, err = (self.server.url and http or stdio).open(self.project, self.server, {
    hear = function(text) rpc:hear(text) end, fail = function(id, why) rpc:fail(id, why) end,
    awaits = function(id) return rpc:awaits(id) end,
  })
  if not wire then
    return nil, err
  end
  rpc:speak_over(wire)
  self.rpc, self.wire = rpc, wire
  return true
end

-- A program of an older protocol may end at a question that it does not know: it is started once more, and
-- asked as before.
local function begin(self)
  local ok, err = connect(self)
  if ok then
    ok, err = handshake.agree(self)
  end
  if not ok and self.rpc and self.rpc.over and self.known ~= "before" and self.server.command then
    self.wire:close()
    self.known = "before"
    return begin(self)
  end
  return ok, err
end

---Begins the conversation.
---@param project table
---@param server McpServer
---@param version string|nil  the protocol that it was known to speak
---@return McpSession|nil
---@return Error|nil
function M.open(project, server, version)
  local known = version == handshake.CURRENT and "current" or "before"
  local self = setmetatable({
    project = project, server = server, known = version and known, stale = true, listed = 0,
  }, Session)
  local ok, err = begin(self)
  if ok then
    return self
  end
  err.said = self:complaints()
  self:close()
  return nil, err
end

---An exchange begins: its bounds are counted anew.
function Session:renew()
  self.wire:renew()
end

---@return Error|nil why it has ended
function Session:over()
  return self.rpc.over
end

---What may explain that it did not answer.
---@return string
function Session:complaints()
  local noise = self.rpc and self.rpc.noise > 0
    and "; " .. self.rpc.noise .. " of the lines it wrote are no messages" or ""
  return noise .. (self.wire and self.wire:complaints() or "")
end

function Session:close()
  if self.wire then
    self.wire:close()
  end
end

-- ---- tools ----

local function pages(self)
  local tools, cursor, seen = {}, nil, {}
  for _ = 1, PAGES do
    local page, err = self:ask("tools/list", { cursor = cursor })
    if not page then
      return nil, err
    elseif type(page.tools) ~= "table" then
      return broken(self, "has no list of tools")
    end
    table.move(page.tools, 1, math.min(#page.tools, TOOLS + 1), #tools + 1, tools)
    self.ttl = math.type(page.ttlMs) and page.ttlMs >= 0 and math.min(page.ttlMs / 1000, FRESH_MOST) or nil
    cursor = page.nextCursor
    if #tools > TOOLS then
      return nil, errors.new("ERR_LIMIT",
        "the server " .. self.server.name .. " has more than " .. TOOLS .. " tools")
    elseif cursor == nil or cursor == cjson.null then
      return tools
    elseif type(cursor) ~= "string" or #cursor > CURSOR_MAX or seen[cursor] then
      return broken(self, seen[cursor] and "has a list of tools that goes round in a circle"
        or "has a list of tools that does not go on")
    end
    seen[cursor] = true
  end
  return nil, errors.new("ERR_LIMIT",
    "the list of tools of " .. self.server.name .. " has more than " .. PAGES .. " pages")
end

---What it offers, as it says it.
---@return any[]|nil tools
---@return Error|nil
function Session:tools()
  if not self.offers then
    self.stale = false
    return {}
  end
  for _ = 1, LISTINGS do
    self.stale = false
    local tools, err = pages(self)
    if not tools or not self.stale then
      self.listed, self.stale = sys.monotonic(), tools == nil
      return tools, err
    end
  end
  return broken(self, "changes its tools without end")
end

---True when nobody knows any more whether its tools are those that it listed.
---@return boolean
function Session:is_stale()
  return self.stale or sys.monotonic() - self.listed > (self.ttl or FRESH)
end

local function rest()
  async.sleep(0)
end

---Its trusted tools by its names, read again when they may have become others; `look` sees them all.
---@param trusted table<string, {pin: string}>
---@param look fun(tools: McpTool[]): true?, Error?
---@return table<string, {name: string, pin: string, fault: string?, output: table?, headers: table?}>|nil
---@return Error|nil
function Session:definitions(trusted, look)
  if not self:is_stale() then
    return self.by_name
  end
  local said, err = self:tools()
  if not said then
    return nil, err
  end
  local tools, by_name = definition.known(self.server.name, said, trusted, rest), {}
  local ok, why = look(tools)
  for _, tool in ipairs(tools) do
    by_name[tool.name] = { name = tool.name, pin = tool.pin, fault = tool.fault, output = tool.output,
      headers = tool.headers }
  end
  self.by_name = by_name
  return ok and by_name, why
end

---Calls a tool. From here on nobody knows what it did, unless it answers.
---@param tool table see definitions
---@param arguments table
---@return table|nil result as it says it
---@return Error|nil  .told: it said so itself
function Session:call(tool, arguments)
  local headers = is_current(self) and self.server.url and header_params.values(tool.headers, arguments)
    or nil
  local sent = next(arguments) == nil and cjson.decode("{}") or arguments
  return self:ask("tools/call", { name = tool.name, arguments = sent }, headers)
end

return M
