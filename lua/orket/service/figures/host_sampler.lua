-- host_sampler.lua: how the machine is, for /metrics. It is asked on a thread of the pool when a request
-- comes, which gets the last answer: a driver that takes its time holds no request up.

local async = require("orket.async")
local cjson = require("cjson")
local sys = require("orket.core.sys")

local M = {}

local FRESH = 5 -- seconds that an answer holds
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

return M
