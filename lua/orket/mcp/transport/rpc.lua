-- rpc.lua: questions and answers with ids, JSON-RPC 2.0, over a wire that carries texts: many may be open at
-- once. What the other side says is heard from callbacks, where nothing waits and nothing is raised, whatever
-- it is.

local async = require("orket.async")
local cjson = require("cjson")
local errors = require("orket.errors")

local M = {}

local MESSAGE_MAX = 1000 -- bytes of an error of theirs
local ANSWERS = 100 -- to questions of theirs, for each of ours: each may cost a request

---@class McpRpc
---@field name string        of the server, for errors
---@field answers boolean     the server's own questions are answered
---@field tells boolean       it is told when nobody waits any more
---@field noise integer       texts that were no message
---@field on_notice fun(method: string)|nil
local Rpc = {}
Rpc.__index = Rpc

---@param name string
---@return McpRpc
function M.new(name)
  return setmetatable({ name = name, last = 0, open = {}, answers = true, tells = true, noise = 0,
    answered = 0 }, Rpc)
end

---@param wire table  send(text, about), forget(id)
function Rpc:speak_over(wire)
  self.wire = wire
end

local function send(self, message, about)
  message.jsonrpc = "2.0"
  return self.wire:send(cjson.encode(message), about or {})
end

-- ---- what is heard ----

local function is_id(id)
  return type(id) == "string" or type(id) == "number"
end

-- A question of theirs. Nothing of ours is theirs to ask for: a ping is answered, all else is declined.
local function answer(self, message)
  self.answered = self.answered + 1
  if not self.answers or not is_id(message.id) or self.answered > ANSWERS then
    return
  elseif message.method == "ping" then
    send(self, { id = message.id, result = cjson.decode("{}") })
  else
    send(self, { id = message.id, error = { code = -32601, message = "not offered" } })
  end
end

local function take(self, message)
  if type(message) ~= "table" then
    self.noise = self.noise + 1
  elseif type(message.method) == "string" then
    if message.id ~= nil and message.id ~= cjson.null then
      answer(self, message)
    elseif self.on_notice then
      self.on_notice(message.method)
    end
  elseif math.type(message.id) and self.open[message.id]
    and (message.result ~= nil or message.error ~= nil) then
    self.open[message.id](message)
  end
end

---A text came: one message, or several (2025-03-26). What is no JSON is a program's chatter.
---@param text string
function Rpc:hear(text)
  local said = text:find("%S") and cjson.decode(text)
  if type(said) == "table" and said[1] ~= nil then
    for _, message in ipairs(said) do
      take(self, message)
    end
  elseif text:find("%S") then
    take(self, said)
  end
end

---A request will have no answer; without an id none will.
---@param id integer|nil
---@param err Error
function Rpc:fail(id, err)
  local function fail(wake)
    wake(nil, err)
  end
  if id then
    return self.open[id] and fail(self.open[id])
  end
  self.over = err
  local all = self.open
  self.open = {}
  for _, wake in pairs(all) do
    fail(wake)
  end
end

---True while somebody waits for the answer to this request.
---@param id integer
---@return boolean
function Rpc:awaits(id)
  return self.open[id] ~= nil
end

-- ---- what is asked ----

local function failure_of(self, problem)
  local said = type(problem) == "table" and problem.message
  said = type(said) == "string" and said or "no reason"
  local err = errors.new("ERR_PROC", "the server " .. self.name .. " refused it: "
    .. said:sub(1, utf8.offset(said, 0, math.min(#said, MESSAGE_MAX) + 1) - 1))
  err.told = true -- by the server: it did not happen
  err.rpc = type(problem) == "table" and problem or {}
  return err
end

-- Nobody waits any more: the server is told so, unless it is too early for that.
local function give_up(self, id, method)
  self.wire:forget(id)
  if method ~= "initialize" and method ~= "server/discover" and self.tells and not self.over then
    send(self, { method = "notifications/cancelled",
      params = { requestId = id, reason = "the caller no longer waits for it" } })
  end
end

---Asks, and waits for the answer.
---@param method string
---@param params table
---@param headers table<string, string>|nil  where the wire has such
---@return table|nil result
---@return Error|nil  .told: by the server itself; .rpc: its error
function Rpc:request(method, params, headers)
  if self.over then
    return nil, self.over
  end
  self.last, self.answered = self.last + 1, 0
  local id, heard = self.last, false
  local found, err = async.suspend(function(wake)
    self.open[id] = function(...)
      self.open[id], heard = nil, true
      wake(...)
    end
    send(self, { id = id, method = method, params = params }, { id = id, method = method, headers = headers })
  end)
  self.open[id] = nil
  if not found then
    if not heard then
      give_up(self, id, method)
    end
    return nil, err
  elseif found.error ~= nil and found.error ~= cjson.null then
    return nil, failure_of(self, found.error)
  elseif type(found.result) ~= "table" then
    return nil, errors.new("ERR_PROTOCOL",
      "the server " .. self.name .. " answered " .. method .. " with no object",
      "look at the server: it breaks the protocol")
  end
  return found.result
end

---Tells, and waits until it was taken: over HTTP a later question could be faster.
---@param method string
function Rpc:notify(method)
  send(self, { method = method }, { waits = true })
end

return M
