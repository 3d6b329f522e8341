-- open_streams.lua: answers that last: each ends with the right to it, when the credential ends, its user has
-- another role or may not ask for it any more. One owner has a share of them, so that others have theirs.

local async = require("orket.async")
local errors = require("orket.errors")

local M = {}

local OWN = 200 -- of one owner at once; the administrator's key has no bound

---@class OpenStreams
---@field exchanges table<Exchange, true>
---@field counts table<string, integer> by owner
local OpenStreams = {}
OpenStreams.__index = OpenStreams

---@class OpenStream
---@field all OpenStreams
---@field exchange Exchange
---@field owner string
---@field timer table|nil the task that ends it with its credential
local OpenStream = {}
OpenStream.__index = OpenStream

---@return OpenStreams
function M.new()
  return setmetatable({ exchanges = {}, counts = {} }, OpenStreams)
end

---May who asked still see what is answered? What a stream shows may depend on the role: with another one it
---begins anew.
---@param exchange Exchange of a principal
---@return boolean
---@return Principal|nil
function M.is_allowed(exchange)
  local people = exchange.service.people
  local who = people:principal(exchange.raw.credential, true)
  return who ~= nil and who.role == exchange.principal.role
    and who:check(exchange.route, people:organization()) == nil, who
end

-- At the moment at which the credential ends, if nothing else happens before.
local function end_in_time(exchange)
  local ok, who = true, exchange.principal
  while ok and who.ends do
    if not async.sleep(math.max(1, who.ends - os.time())) then
      return
    end
    ok, who = M.is_allowed(exchange)
  end
  if not ok then
    exchange:cut()
  end
end

---One that is open until it is closed.
---@param exchange Exchange of a principal
---@return OpenStream|nil
---@return Error|nil 429
function OpenStreams:begin(exchange)
  local who = exchange.principal
  local owner = exchange.service.name .. "/" .. who.owner
  local count = self.counts[owner] or 0
  if count >= OWN and who.kind ~= "admin" then
    return nil, errors.new("ERR_LIMIT", count .. " streams of yours are open, which is the most",
      "close one", 429)
  end
  self.exchanges[exchange], self.counts[owner] = true, count + 1
  return setmetatable({ all = self, exchange = exchange, owner = owner,
    timer = who.ends and async.spawn(end_in_time, exchange) or nil }, OpenStream)
end

function OpenStream:__close()
  local all, count = self.all, self.all.counts[self.owner] - 1
  all.exchanges[self.exchange], all.counts[self.owner] = nil, count > 0 and count or nil
  if self.timer then
    async.cancel(self.timer)
  end
end

---Ends those to which the right is gone: users, keys or roles have changed.
function OpenStreams:check()
  local all = {}
  for exchange in pairs(self.exchanges) do
    all[#all + 1] = exchange
  end
  for _, exchange in ipairs(all) do
    if not M.is_allowed(exchange) then
      exchange:cut()
    end
  end
end

return M
