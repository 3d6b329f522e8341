-- subscriptions.lua: the resources of which an MCP client wants to hear that they changed. It hears once of
-- all that happens in a quarter of a second, and reads again what it wants.

local async = require("orket.async")

local M = {}

local MOST = 100 -- of a session
local MOMENT = 0.25 -- seconds

local Subscriptions = {}
Subscriptions.__index = Subscriptions

local function flush(self)
  async.sleep(MOMENT)
  local dirty = self.dirty
  self.dirty, self.flushing = {}, false
  for address in pairs(self.over and {} or dirty) do
    self.outlet:send({ method = "notifications/resources/updated", params = { uri = address } })
  end
end

-- Of a resource with an id: a card or a run. Another one may follow from any event.
local function concerns(id, event)
  return not id or id == event.card or id == event.run
end

local function hear(self, event)
  for address, about in pairs(self.of) do
    if concerns(about.id, event) then
      self.dirty[address] = true
    end
  end
  if next(self.dirty) and not self.flushing then
    self.flushing = true
    async.spawn(flush, self)
  end
end

---@param service Service
---@param outlet McpOutlet
---@return table subscriptions
function M.new(service, outlet)
  local self = setmetatable({ of = {}, count = 0, dirty = {}, outlet = outlet }, Subscriptions)
  self.unsubscribe = service.events:subscribe(function(event)
    hear(self, event)
  end)
  return self
end

---@param address string of a resource
---@param id string|nil the card or the run that it is of
---@return boolean false: there are too many
function Subscriptions:add(address, id)
  if not self.of[address] then
    if self.count >= MOST then
      return false
    end
    self.count = self.count + 1
  end
  self.of[address] = { id = id }
  return true
end

---@param address string
function Subscriptions:remove(address)
  if self.of[address] then
    self.of[address], self.count = nil, self.count - 1
  end
end

function Subscriptions:close()
  self.over = true
  self.unsubscribe()
end

return M
