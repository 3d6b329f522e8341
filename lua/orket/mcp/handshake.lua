-- handshake.lua: which protocol both sides speak. The current one has no handshake, the ones before begin
-- with one; whoever does not know the first question of the current one speaks an older one.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")
local tables = require("orket.util.tables")
local sys = require("orket.core.sys")
local strings = require("orket.util.strings")

local M = {}

M.CURRENT = "2026-07-28"
M.BEFORE = { "2025-11-25", "2025-06-18", "2025-03-26" } -- those with a handshake, the newest first

local PROBE = 2 -- seconds for one of whom nobody knows which of them it speaks
-- errors of the current protocol alone
local KNOWN_CODES = { [-32020] = true, [-32021] = true, [-32022] = true }

---Who we are, as servers are told.
---@return {name: string, version: string}
function M.client()
  return { name = "orket", version = sys.version() }
end

local function versions_of(value)
  local found = {}
  for _, version in ipairs(type(value) == "table" and value or {}) do
    found[#found + 1] = type(version) == "string" and strings.cut(version, 40) or nil
  end
  return found
end

local function no_common(self, theirs)
  local named = strings.cut(#theirs > 0 and table.concat(theirs, ", ") or "?", 200)
  local ours = M.CURRENT .. ", " .. table.concat(M.BEFORE, ", ")
  return nil, errors.new("ERR_PROTOCOL",
    "the server " .. self.server.name .. " speaks the protocol " .. named .. ", and we " .. ours,
    "look for another version of the server")
end

local function offers_of(capabilities)
  local tools = type(capabilities) == "table" and capabilities.tools
  return type(tools) == "table" and tools or nil
end

-- "current", "before", or nil: nobody knows. An error is that of a server that speaks neither.
local function era_of(self, theirs)
  if tables.has(theirs, M.CURRENT) then
    return "current"
  end
  for _, version in ipairs(theirs) do
    if tables.has(M.BEFORE, version) then
      return "before"
    end
  end
  return no_common(self, theirs)
end

-- What came of the first question of the current protocol. Who does not know it speaks an older one.
local function probed(self, hello, err)
  local problem = err and err.rpc
  if hello then
    self.offers = offers_of(hello.capabilities)
    return era_of(self, versions_of(hello.supportedVersions))
  elseif problem and KNOWN_CODES[problem.code] then
    return era_of(self, versions_of(type(problem.data) == "table" and problem.data.supported))
  elseif err.status == 401 or err.status == 403 or err.code == "ERR_CANCELED" or err.code == "ERR_JAIL"
    or err.code == "ERR_NET" then
    return nil, err
  end
  return "before"
end

local function discover(self)
  self.version = M.CURRENT
  local hello, err = self:ask("server/discover", {})
  self.version = nil
  return hello, err
end

-- {era = "current"|"before"|nil, is_slow}, err: without an era there is an error; is_slow: nobody answered in
-- time.
local function probe(self)
  local hello, err = async.within(math.min(PROBE, self.server.deadline / 3), discover, self)
  local era, why = probed(self, hello, err)
  return { era = era, is_slow = err and err.code == "ERR_TIMEOUT" }, why
end

local function shake_hands(self)
  local hello, err = self.rpc:request("initialize", {
    protocolVersion = M.BEFORE[1], capabilities = cjson.decode("{}"), clientInfo = M.client(),
  })
  if not hello then
    return nil, err
  elseif not tables.has(M.BEFORE, hello.protocolVersion) then
    return no_common(self, { tostring(hello.protocolVersion) })
  end
  self.version, self.offers = hello.protocolVersion, offers_of(hello.capabilities)
  self.wire.version, self.wire.resumes = self.version, true
  self.rpc:notify("notifications/initialized")
  if self.wire.listen and self.offers and self.offers.listChanged == true then
    self.wire:listen()
  end
  return true
end

local function speak_current(self)
  self.version, self.rpc.answers, self.rpc.tells = M.CURRENT, false, not self.server.url
  return true
end

---Agrees with the server on a protocol: its `version`, and which tools it `offers`. One that answered nothing
---in time may only be slow: then it is asked both ways.
---@param self McpSession
---@return true|nil ok
---@return Error|nil
function M.agree(self)
  local found, err = { era = "before" }, nil
  if self.known ~= "before" then
    found, err = probe(self)
  end
  if found.era == "current" then
    return speak_current(self)
  elseif not found.era then
    return nil, err
  end
  local ok
  ok, err = shake_hands(self)
  if ok or not (found.is_slow or self.known == "before") or not err.told then
    return ok, err
  end
  local hello, why = discover(self)
  found.era, why = probed(self, hello, why)
  if found.era == "current" then
    return speak_current(self)
  end
  return nil, why or err
end

return M
