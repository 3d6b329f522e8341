-- loop.lua: the bounds of a run. What the organization's limits say wins over this answer.

---@param limits table|nil the organization's process_rules.limits
---@return {concurrency: integer, window: integer, steps: integer, seconds: number}
local function settings(limits)
  limits = some(limits) or {}
  local concurrency = some(limits.concurrency) or 4
  return {
    concurrency = concurrency, -- turns at once
    window = math.max(64, concurrency * 4), -- candidates the planner sees
    steps = 50, -- model requests of one turn
    seconds = 1800, -- of one turn
  }
end

local function self_test()
  assert(settings().concurrency == 4)
  assert(settings({ concurrency = 100 }).window == 400)
end

return { node = "loop", settings = settings, self_test = self_test }
