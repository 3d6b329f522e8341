-- forwarded.lua: who asks, where a reverse proxy stands before the server. What X-Forwarded-For and
-- X-Forwarded-Host say counts only when it comes from a proxy that the command named: any client can write
-- them. Pure.

local M = {}

local Forwarded = {}
Forwarded.__index = Forwarded

---Is it an address, as the kernel writes one?
---@param text string
---@return boolean
function M.is_address(text)
  local a, b, c, d = text:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if a then
    return math.max(tonumber(a), tonumber(b), tonumber(c), tonumber(d)) < 256
  end
  return #text <= 45 and text:find("^[%x:]+:[%x:]*[%d.]*$") ~= nil
end

---@param proxies string[] numeric addresses
---@return table forwarded
function M.new(proxies)
  local self = setmetatable({ proxies = {}, any = #proxies > 0 }, Forwarded)
  for _, address in ipairs(proxies) do
    self.proxies[address:lower()] = true
  end
  return self
end

-- Some proxies write the port as well: 192.0.2.1:4711, [2001:db8::1]:4711.
local function without_port(text)
  return text:match("^%[([%x:.]+)%]") or text:match("^(%d+%.%d+%.%d+%.%d+):%d+$") or text
end

-- The last one that no proxy of ours has written down for itself; what is before it anyone can have written.
local function first_stranger(self, list)
  local addresses = {}
  for address in list:gmatch("[^,%s]+") do
    addresses[#addresses + 1] = without_port(address:lower())
  end
  for i = #addresses, 1, -1 do
    if not self.proxies[addresses[i]] then
      return M.is_address(addresses[i]) and addresses[i] or nil
    end
  end
end

---The address of the client of a request.
---@param peer string at the other end of the connection
---@param headers table<string, string>
---@return string
function Forwarded:client(peer, headers)
  local list = self.proxies[peer] and headers["x-forwarded-for"]
  return list and first_stranger(self, list) or peer
end

---The name by which the client reached the proxy, else Host.
---@param peer string
---@param headers table<string, string>
---@return string|nil
function Forwarded:host(peer, headers)
  return self.proxies[peer] and headers["x-forwarded-host"] or headers.host
end

return M
