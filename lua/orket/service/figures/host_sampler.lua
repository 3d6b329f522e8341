-- host_sampler.lua: how the machine is, for /metrics. It is asked on a thread of the pool when a request
-- comes, which gets the last answer: a driver that takes its time holds no request up.

local async = require("orket.async")
local cjson = require("cjson")
local sys = require("orket.core.sys")

local M = {}

local FRESH = 5 -- seconds that an answer holds
local GIGABYTE = 1 << 30
local FIRST = 1 -- second that the first one is waited for

local Sampler = {}
Sampler.__index = Sampler

---@param dir string on the disk in question
---@return {sample: fun(self): table|nil} sampler
function M.new(dir)
  return setmetatable({ dir = dir }, Sampler)
end

local function ask(self)
  local text = async.await(sys.sample, self.dir)
  self.last, self.at, self.asking = text and cjson.decode(text) or self.last, sys.monotonic(), nil
end

---The last answer (sys.sample); nil: there is none yet. In a task.
---@return table|nil
function Sampler:sample()
  if not self.asking and (not self.at or sys.monotonic() - self.at > FRESH) then
    self.asking = async.spawn(ask, self)
  end
  if not self.last and self.asking then
    async.within(FIRST, async.join, self.asking)
  end
  return self.last
end

-- How busy all processors were since the last question; of the first one since the machine began.
local function busy(self, host)
  local before = self.before or { cpu_busy = 0, cpu_idle = 0 }
  local worked, idled = (host.cpu_busy or 0) - before.cpu_busy, (host.cpu_idle or 0) - before.cpu_idle
  if worked + idled > 0 then
    self.before = { cpu_busy = host.cpu_busy, cpu_idle = host.cpu_idle }
    self.percent = 100 * worked / (worked + idled)
  end
  return self.percent
end

local function graphics(gpus, field)
  local bytes
  for _, gpu in ipairs(gpus or {}) do
    bytes = (bytes or 0) + (gpu[field] or 0)
  end
  return bytes and bytes / GIGABYTE
end

---How much of the machine is used; what it does not say is left out. In a task.
---@return {cpu_percent: number?, ram_percent: number?, vram_gb_used: number?, vram_total_gb: number?}
function Sampler:use()
  local now = self:sample() or {}
  local host = now.host or {}
  local used = host.memory and host.memory - (host.memory_available or 0)
  return {
    cpu_percent = busy(self, host), ram_percent = used and 100 * used / host.memory,
    vram_gb_used = graphics(now.gpus, "memory_used"), vram_total_gb = graphics(now.gpus, "memory"),
  }
end

return M
