-- admission.lua: whether a request is looked at at all: does it name this server as its host (a page of
-- another site whose name was turned to this address does not), does it come from no other site, has it the
-- key. What a wrong key costs its sender is time, and beyond 64 at once a 429; who has the right one never
-- waits.

local async = require("orket.async")
local errors = require("orket.errors")
local wrong_attempts = require("orket.people.wrong_attempts")

local M = {}

local HELD_MOST = 64 -- answers to wrong keys that wait at once
local FORGIVEN = 30 -- seconds after which a wrong key does not count any more

local SERVER = "server" -- a wrong key names no account: all of them count together

local Admission = {}
Admission.__index = Admission

---@param names string[] by which browsers and clients may reach the server, without ports
---@return table admission
function M.new(names)
  local self = setmetatable({ names = {}, held = 0, wrong = wrong_attempts.new(FORGIVEN) }, Admission)
  for _, name in ipairs(names) do
    self.names[name:lower()] = true
  end
  return self
end

-- "[::1]:80" -> "[::1]"
local function without_port(host)
  return host:match("^(%[[%x:.]+%])") or host:match("^[^:]*")
end

local function host_of(request)
  return (request.headers.host or ""):lower()
end

local function check_origin(headers, host)
  local origin = headers.origin
  local site = headers["sec-fetch-site"]
  if origin and origin:lower():match("^https?://(.*)$") ~= host
    or site and site ~= "same-origin" and site ~= "none" then
    return errors.new("ERR_DENIED", "the request comes from a page of another site",
      "open the page of this server itself", 403)
  end
end

---Does it concern this server?
---@param request HttpRequest
---@return Error|nil
function Admission:check_host(request)
  if not self.names[without_port(host_of(request))] then
    return errors.new("ERR_DENIED", "this server does not go by the name in Host",
      "orket serve --name NAME lets it be reached by a further name", 403)
  end
end

---Does it concern this server, and come from no page of another one?
---@param request HttpRequest
---@return Error|nil
function Admission:check_site(request)
  return self:check_host(request) or check_origin(request.headers, host_of(request))
end

local function refused()
  return errors.new("ERR_DENIED", "a key is needed",
    "send it: Authorization: Bearer KEY; POST /v1/login gives a token, orket key add makes a key", 401)
end

-- A wrong credential is answered late.
local function refused_late(self)
  if self.held >= HELD_MOST then
    return errors.new("ERR_DENIED", "too many wrong keys are being answered", "try again later", 429)
  end
  self.held = self.held + 1
  self.wrong:add(SERVER)
  async.sleep(self.wrong:delay(SERVER))
  self.held = self.held - 1
  return refused()
end

---Who asks? A wrong credential is answered late. In a task.
---@param request HttpRequest
---@param people Directory
---@return Principal|nil
---@return Error|nil
function Admission:admit(request, people)
  if request.credential then
    return people:principal(request.credential)
  elseif request.credential == nil then
    return nil, refused()
  end
  return nil, refused_late(self)
end

return M
