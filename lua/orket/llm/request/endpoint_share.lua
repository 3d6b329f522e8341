-- endpoint_share.lua: projects of one server may ask the same model at the same address. Together they keep
-- to the strictest bound on requests at once that one of them has which asks there now, and take turns.

local M = {}

---@class EndpointShare
---@field busy integer requests under way
---@field members table<Limiter, integer> one for each project: when a request of it began last; 0: none did
---@field turns integer requests that began
local Share = {}
Share.__index = Share

local all = setmetatable({}, { __mode = "v" }) -- by address and model

---@param place string address and model
---@return EndpointShare
function M.of(place)
  if not all[place] then
    local members = setmetatable({}, { __mode = "k" })
    all[place] = setmetatable({ busy = 0, turns = 0, members = members }, Share)
  end
  return all[place]
end

---@param limiter Limiter {concurrent, busy, line, go_on}
function Share:join(limiter)
  self.members[limiter] = 0
end

local function is_asking(limiter)
  return limiter.busy > 0 or limiter.line[1] ~= nil
end

---May a request of this limiter begin, as far as the others are concerned?
---@param limiter Limiter
---@return boolean
function Share:has_room(limiter)
  local most = limiter.concurrent
  for member in pairs(self.members) do
    most = is_asking(member) and math.min(most, member.concurrent) or most
  end
  return self.busy < most
end

---@param limiter Limiter whose request begins
function Share:take(limiter)
  self.busy, self.turns = self.busy + 1, self.turns + 1
  self.members[limiter] = self.turns
end

-- Of those with a line that was not served just now, the one whose last request is the longest ago.
local function next_of(self, served)
  local found, turn
  for member, last in pairs(self.members) do
    if member.line[1] and not served[member] and (not found or last < turn) then
      found, turn = member, last
    end
  end
  return found
end

---A request is over.
function Share:leave()
  self.busy = self.busy - 1
  self:serve()
end

---There is room, or the bound is another one: those that wait go on.
function Share:serve()
  local served = {}
  local member = next_of(self, served)
  while member do
    served[member] = true
    member:go_on()
    member = next_of(self, served)
  end
end

return M
